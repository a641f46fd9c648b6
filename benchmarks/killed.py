"""The whole command killed (SIGKILL) at random times: is anything but nothing or everything ever there?

``python -m benchmarks killed`` converts one fixture again and again into the same place, half of the times over an
older output with ``--force``, and kills each run after a random share of the time that a whole one takes; the last
run may finish. The counts are in ``results/killed.tsv``.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.paths import HERE, RESULTS

SOURCE = HERE.parent / "fixtures" / "mlp.tf_keras.h5"
WHOLE = {"model.keras", "model.py", "report.html", "report.json", "saved_model"}


def run(times: int, say: Callable[[str], None]) -> Counter[str]:
    """Outcomes: ``nothing``, ``everything``, ``older or new output``; failures: ``partial``, ``litter``, ``input``.

    ``nothing`` over an older output means killed between the two renames: the next run puts the old one back.
    """
    rng, counts = random.Random(7), Counter[str]()
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base)
        source = folder / SOURCE.name
        source.write_bytes(SOURCE.read_bytes())
        start = time.monotonic()
        _start(folder).wait()
        whole = time.monotonic() - start
        say(f"a whole run takes {whole:.1f} s")
        for number in range(times):
            over = number % 2 == 0
            if not over:
                _remove(folder / "out")
            process = _start(folder)
            time.sleep(rng.uniform(0.2, 1.1) * whole)
            process.kill()
            process.wait()
            outcome = _outcome(folder, over)
            counts[outcome] += 1
            if source.read_bytes() != SOURCE.read_bytes():
                counts["input"] += 1
            if len(_litter(folder)) > 1:
                counts["litter"] += 1
            say(f"{number + 1} of {times}: {outcome}, left beside: {len(_litter(folder))}")
        _start(folder).wait()
        counts["litter"] += len(_litter(folder))
        counts["partial"] += _outcome(folder, False) != "everything"
    lines = ["outcome\truns", *(f"{name}\t{count}" for name, count in sorted(counts.items()))]
    (RESULTS / "killed.tsv").write_text("\n".join(lines) + "\n")
    return counts


def _start(folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "infer_convert", SOURCE.name, "-o", "out", "--force", "-q"]
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)


def _outcome(folder: Path, over: bool) -> str:
    out = folder / "out"
    if not out.exists():
        return "nothing"
    if {path.name for path in out.iterdir()} != WHOLE or not (out / "saved_model" / "saved_model.pb").exists():
        return "partial"
    return "older or new output" if over else "everything"


def _litter(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name not in (SOURCE.name, "out")]


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
