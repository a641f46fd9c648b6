"""Killed, out of room, forbidden or robbed of its input: no half result, no litter, the input untouched."""

from __future__ import annotations

import errno
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from infer_convert import cli, publish, sandbox
from infer_convert.errors import UnreadableFile, UsageError
from tests.hostile.files import legacy
from tests.readers import samples

ROOT = Path(__file__).parent.parent.parent
WRITES = """
import sys, time
from pathlib import Path
from infer_convert.publish import published
with published(Path("out"), force=True) as folder:
    for number in range(100):
        (folder / str(number)).write_text("x" * 1000)
        time.sleep(0.001)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_killed_at_random_times(tmp_path: Path) -> None:
    rng = random.Random(10)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("precious")
    littered = 0
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", WRITES], cwd=tmp_path, env=environment())
        time.sleep(rng.uniform(0.02, 0.3))
        process.kill()
        process.wait()
        there = names(tmp_path / "out")
        assert there == ["old"] or len(there) == 100, there
        littered += len(names(tmp_path)) > 1
        assert len(names(tmp_path)) <= 2, "the run before was not cleaned up"
    assert littered, "never killed while it wrote"
    subprocess.run([sys.executable, "-c", WRITES], cwd=tmp_path, env=environment(), check=True)
    assert names(tmp_path) == ["out"] and len(names(tmp_path / "out")) == 100


def test_killed_between_the_two_renames(tmp_path: Path) -> None:
    """The old output stands aside then; the next run, even one that fails, puts it back."""
    stale = tmp_path / ".out.abc.partial"
    (stale / "old").mkdir(parents=True)
    (stale / "old" / "precious").write_text("mine")
    with pytest.raises(ZeroDivisionError), publish.published(tmp_path / "out", force=True):
        1 / 0  # noqa: B018
    assert names(tmp_path) == ["out"] and names(tmp_path / "out") == ["precious"]


def test_a_run_beside_is_left_alone(tmp_path: Path) -> None:
    for name in (".other.abc.partial", ".out.abc.txt", "x.partial"):
        (tmp_path / name).mkdir()
    with publish.published(tmp_path / "out") as first:
        (first / "a").write_text("1")
        with pytest.raises(ZeroDivisionError), publish.published(tmp_path / "out"):
            1 / 0  # noqa: B018
        assert (first / "a").exists()
    assert names(tmp_path) == [".other.abc.partial", ".out.abc.txt", "out", "x.partial"]


def test_no_room(tmp_path: Path) -> None:
    """A disk that takes no more than 2 kB per file."""
    path = legacy(tmp_path / "w.h5", stored=None)
    sandbox.read(path)  # else what is compiled for the parsing process below is cut too, and stays (Python 3.11)
    code = "import sys; from infer_convert.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "w.h5", "--to", "report", "-q"],
        cwd=tmp_path,
        env=environment() | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert "cannot write" in done.stderr and names(tmp_path) == [path.name]


@pytest.mark.parametrize("words", ["tensorflow: RESOURCE_EXHAUSTED", "Can't synchronously write data"])
def test_no_room_in_the_words_of_a_library(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "_no_room", lambda folder: OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(UsageError, match="No space left"), publish.published(tmp_path / "out"):
        raise RuntimeError(words)
    assert names(tmp_path) == []


def test_a_bug_stays_a_bug(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="bug"), publish.published(tmp_path / "out"):
        raise RuntimeError("bug")
    assert names(tmp_path) == []


def test_a_target_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object, **__: object) -> str:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "mkdtemp", read_only)
    with pytest.raises(UsageError, match="Read-only"), publish.published(tmp_path / "out"):
        pass
    assert names(tmp_path) == []


def test_an_input_that_disappears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = samples.legacy(tmp_path / "w.h5")
    facts = sandbox.read(path)
    wanted = next(facts.all_tensors()).path
    path.rename(tmp_path / "gone")
    with pytest.raises(UnreadableFile), sandbox.open_tensors(path) as store:
        store.read(wanted)
    assert cli.run(["w.h5", "--to", "report"]) == 2
    (tmp_path / "gone").rename(path)
    with sandbox.open_tensors(path) as store:
        store.read(wanted)
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(UnreadableFile):
            store.read(wanted)
    assert names(tmp_path) == ["w.h5"]


def test_the_input_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = legacy(tmp_path / "w.h5", stored=None)
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert cli.run(["w.h5", "--to", "report", "-q"]) == 0
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
