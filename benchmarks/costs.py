"""What one command costs, its children included."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

LOOKS_PER_SECOND = 10


class Cost(NamedTuple):
    """Of one command: wall seconds, processor seconds, and the largest memory (bytes) that all its processes held
    together, where it was looked at."""

    wall: float
    processor: float
    peak: int = 0


def command(place: Path, *words: str, watched: bool = False) -> tuple[Cost, str]:
    """Run one command in ``place``; its cost and what it printed. ``watched``: look at its memory, which takes time.
    Python may keep compiled modules, as pip leaves them of every installed wheel. Raises CalledProcessError."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(Path(__file__).parents[1])}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    log, peak = place / "log.txt", 0
    with log.open("w") as out:
        process = subprocess.Popen(words, cwd=place, env=environment, stdout=out, stderr=out)
        while watched and not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            peak = max(peak, sum(map(_held, _family(process.pid))))
            time.sleep(1 / LOOKS_PER_SECOND)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, words, log.read_text()[-2000:])
    cost = Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, peak)
    return cost, log.read_text()


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        try:
            for thread in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
        except OSError:
            continue
    return found


def _held(pid: int) -> int:
    """Bytes of memory of one process, those that it shares with others in proportion (Linux)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
