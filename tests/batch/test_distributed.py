"""On a real Dask scheduler with two workers, one of which is killed while it works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infer_convert import cli
from infer_convert.batch.run import Request, batch

from .files import mlp

ROOT = Path(__file__).parents[2]


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """(address, workers)."""
    pytest.importorskip("distributed")
    where = folder / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}

    def start(*words: str) -> subprocess.Popen[bytes]:
        with (folder / "dask.log").open("ab") as log:
            command = [sys.executable, "-m", "dask", *words, "--scheduler-file", str(where)]
            return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)

    running = [start("scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")]
    try:
        address = None
        while address is None:
            assert running[0].poll() is None, (folder / "dask.log").read_text()
            time.sleep(0.05)
            if where.exists() and where.read_text():
                address = json.loads(where.read_text())["address"]
        running += [start("worker", "--no-nanny", "--nthreads", "1", "--no-dashboard", "--name", name) for name in "ab"]
        yield address, running[1:]
    finally:
        for process in reversed(running):
            process.kill()
        for process in running:
            process.wait()


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    for number in range(12):
        mlp(tmp_path / "in" / f"{number:02}.h5", number + 1, number)
    records, written = tmp_path / "out" / ".batch" / "results", dict[str, int]()
    with cluster(tmp_path) as (address, workers):

        def stage(what: str, files: int) -> Callable[[str], None]:
            done = list[str]()

            def step(name: str) -> None:
                done.append(name)
                if what == "converting" and len(done) == 4:
                    workers[0].kill()
                    workers[0].wait()
                    written.update({path.name: path.stat().st_mtime_ns for path in records.glob("*.json")})

            return step

        request = Request((str(tmp_path / "in"),), tmp_path / "out", ("report",), scheduler=address)
        finished = batch(request, stage)
        assert Counter(entry.status for entry in finished.entries) == {"converted": 12}
        assert finished.converted_now == 12 and batch(request).converted_now == 0
    assert 4 <= len(written) < 12
    now = {path.name: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert len(now) == 12 and {name: now[name] for name in written} == written, "nothing is done twice"
    assert len(list((tmp_path / "out" / "results").iterdir())) == 12


def test_no_scheduler_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("infer_convert.batch.distributed.CONNECT_SECONDS", 0.5)
    mlp(tmp_path / "a.h5")
    code = cli.run(["batch", str(tmp_path / "a.h5"), "-o", str(tmp_path / "out"), "--scheduler", "tcp://127.0.0.1:9"])
    said = capsys.readouterr().err
    assert code == 2 and said.count("\n") == 1 and "no Dask scheduler answers there" in said
