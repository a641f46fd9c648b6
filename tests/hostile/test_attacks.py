"""Every row of the attack list: refused or read safely, within 5 s and 300 MB; nothing run, nothing else written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.files import ATTACKS, TRAP, Attack

ROOT = Path(__file__).parent.parent.parent
QUICK = tuple(attack for attack in ATTACKS if not attack.slow)
SECONDS, MEGABYTES = 5, 300


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Outcome by attack; ``peak`` in MB; ``files`` that lie in the folder afterwards, and the inputs' changes."""
    base = tmp_path_factory.mktemp("attacks")
    (base / "out").mkdir()
    files = []
    for attack in QUICK:
        folder = base / "in" / attack.name / "inner"
        folder.mkdir(parents=True)
        files.append(attack.make(folder))
        files[-1].chmod(0o444)
    before = [(path.stat().st_mtime_ns, path.stat().st_size) for path in files]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    batch = [sys.executable, "-m", "tests.hostile.batch", *map(str, files)]
    done = subprocess.run(batch, cwd=base / "out", env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    *lines, peaks = map(json.loads, done.stdout.splitlines())
    return {
        **{attack.name: line for attack, line in zip(QUICK, lines, strict=True)},
        "peak": max(peaks),
        "files": sorted(path.name for path in (base / "out").iterdir()),
        "untouched": before == [(path.stat().st_mtime_ns, path.stat().st_size) for path in files],
        "everywhere": sorted(path.name for path in base.iterdir()),
    }


@pytest.mark.parametrize("attack", QUICK, ids=lambda attack: attack.name)
def test_attack(attack: Attack, outcomes: dict[str, Any]) -> None:
    code, said, seconds = outcomes[attack.name]
    assert code in attack.codes, (code, said)
    assert seconds < SECONDS
    assert attack.says in said, said
    assert said.count("\n") == (code != 0) and said.strip("\n").isprintable(), said


def test_memory(outcomes: dict[str, Any]) -> None:
    assert outcomes["peak"] < MEGABYTES


def test_nothing_ran_and_nothing_else_was_written(outcomes: dict[str, Any]) -> None:
    assert TRAP not in outcomes["files"]
    assert all(name.startswith("out") for name in outcomes["files"])
    assert outcomes["everywhere"] == ["in", "out"]
    assert outcomes["untouched"]
