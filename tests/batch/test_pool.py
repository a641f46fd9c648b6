"""The pool: deaths, memory, time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from infer_convert.batch.memory import budget, estimate
from infer_convert.batch.pool import Lost, Pool

from .workers import Job, do

ROOT = Path(__file__).parents[2]


def spans(log: Path) -> dict[str, list[tuple[float, float]]]:
    """When each job ran; a run that was killed has no end."""
    started: dict[tuple[str, str], float] = {}
    found: dict[str, list[tuple[float, float]]] = {}
    for line in log.read_text().splitlines():
        name, pid, what, at = line.split()
        if what == "start":
            started[name, pid] = float(at)
        else:
            found.setdefault(name, []).append((started[name, pid], float(at)))
    return found


def overlap(left: tuple[float, float], right: tuple[float, float]) -> bool:
    return left[0] < right[1] and right[0] < left[1]


def run(pool: Pool, jobs: list[Job], seconds: float | None = None) -> dict[str, str | Lost]:
    try:
        return {job.name: value for job, value in pool.run(do, jobs, lambda job: job.cost, seconds)}
    finally:
        pool.close()


def test_a_dying_worker_takes_nothing_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = [Job(f"fine{i}", "fine", log, seconds=0.1) for i in range(4)]
    jobs += [Job("once", "dies-once", log, 3), Job("always", "dies", log, 2)]
    done = run(Pool(2, 100), jobs)
    assert {name for name, value in done.items() if value == name} == {"once", *(f"fine{i}" for i in range(4))}
    assert isinstance(done["always"], Lost) and "twice" in done["always"].reason
    lines = log.read_text().splitlines()
    starts = [line for line in lines if line.startswith("always ") and " start " in line]
    assert len(starts) == 2
    ends = [float(line.split()[3]) for line in lines if line.startswith("fine") and " end " in line]
    assert float(starts[1].split()[3]) > max(ends), "the second try runs when nothing else does"
    assert all(line.count(" start ") for line in starts)


def test_what_does_not_fit_runs_alone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = [Job("large", "fine", log, 80, 0.6), Job("huge", "fine", log, 500, 0.2)]
    jobs += [Job(f"small{i}", "fine", log, 15, 0.3) for i in range(3)] + [Job("middle", "fine", log, 40, 0.3)]
    done = run(Pool(2, 100), jobs)
    assert len(done) == 6 and not any(isinstance(value, Lost) for value in done.values())
    ran = {name: times[0] for name, times in spans(log).items()}
    for name in set(ran) - {"huge"}:
        assert not overlap(ran["huge"], ran[name]), "larger than the budget: with nothing beside it"
    assert not overlap(ran["large"], ran["middle"])
    assert any(overlap(ran["large"], ran[f"small{i}"]) for i in range(3)), "what fits does run beside it"


def test_a_task_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = run(Pool(1, 100), [Job("slow", "fine", log, 2, 30), Job("next", "fine", log)], seconds=1.5)
    assert isinstance(done["slow"], Lost) and "1.5 s" in done["slow"].reason
    assert done["next"] == "next"


def test_workers_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "from pathlib import Path\nfrom tests.batch.workers import Job, do\nfrom infer_convert.batch.pool import Pool\n"
        f"if __name__ == '__main__':\n    jobs = [Job('a', 'fine', Path({str(log)!r}), 1, 60)]\n"
        "    list(Pool(1, 9).run(do, jobs, lambda job: 1))\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code)
    parent = subprocess.Popen([sys.executable, str(script)], env=os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        while not (log.exists() and log.read_text().endswith("\n")):
            assert parent.poll() is None
            time.sleep(0.05)
    finally:
        parent.kill()
        parent.wait()
    worker = int(log.read_text().split()[1])
    for _ in range(100):
        if not alive(worker):
            return
        time.sleep(0.05)
    os.kill(worker, signal.SIGKILL)
    raise AssertionError("the worker lives on")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def test_estimates_grow_with_the_file() -> None:
    assert estimate(10**9, True) > 4 * 10**9 > estimate(10**9, False) > 0
    assert budget() > 0
