"""The inference in a process of its own: same answer, same errors, nothing left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infer_convert import kept
from infer_convert.aside import Aside
from infer_convert.errors import NoArchitecture
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.limits import DEFAULT
from infer_convert.pipeline import inspect
from infer_convert.sandbox import open_tensors

FILE = Path(__file__).parents[1] / "fixtures" / "nested.keras3.weights.h5"
PACKAGE = Path(__file__).parents[1]


def test_the_same_plans_as_here() -> None:
    facts = inspect(FILE)
    with Aside() as aside:
        aside.begin(FILE, facts, Hints(), DEFAULT, {})
        found = aside.result()
    assert found is not None
    with open_tensors(FILE, facts=facts) as store:
        assert found[0].plans == infer(facts, Hints(), store).plans


def test_errors_are_raised_here() -> None:
    facts = inspect(FILE)
    wrong = Hints(answers={(facts.layers[-1].name, "inbound"): ["nobody"]}, library=False)
    with Aside() as aside:
        aside.begin(FILE, facts, wrong, DEFAULT, {})
        with pytest.raises(NoArchitecture, match="nobody") as raised:
            aside.result()
    assert "in infer" in raised.value.__notes__[0]  # where it came from


def test_a_process_that_dies_gives_none() -> None:
    with Aside() as aside:
        aside._process.kill()
        aside.begin(FILE, inspect(FILE), Hints(), DEFAULT, {})
        assert aside.result() is None


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
def test_no_process_outlives_a_killed_command(tmp_path: Path) -> None:
    code = "import sys; from infer_convert.__main__ import main; main()"
    words = [sys.executable, "-c", code, str(FILE), "-o", str(tmp_path / "out"), "--to", "savedmodel"]
    command = subprocess.Popen(words, cwd=PACKAGE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children: list[int] = []
    until = time.monotonic() + 20
    while len(children) < 2 and command.poll() is None and time.monotonic() < until:
        children = _children(command.pid)
        time.sleep(0.01)
    assert len(children) >= 2
    command.send_signal(signal.SIGKILL)
    command.wait()
    until = time.monotonic() + 20
    while any(map(_runs, children)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(_runs, children))
    assert not (tmp_path / "out").exists()


def test_searches_come_back_only_in_the_right_form(tmp_path: Path) -> None:
    assert kept.load(tmp_path) == {}
    kept.save(tmp_path, {"key": [[1]]})
    assert kept.load(tmp_path) == {"key": [[1]]}
    for text in ("[]", "{", "\xff", "[" * 100_000):
        (tmp_path / kept.NAME).write_text(text, encoding="latin-1")
        assert kept.load(tmp_path) == {}


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
