"""Whole commands against the usual way, alternately in one run: only ratios mean anything.

The usual way has the full file: ``import tensorflow; keras.models.load_model(full.h5, compile=False); export``. Ours
has the weights only: ``infer-convert weights.h5``. Weights are random with non-trivial statistics; the library of known
architectures is there, as a user would run it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

MODELS = ("MobileNetV2", "ResNet50", "VGG16", "EfficientNetB7")
COLUMNS = (
    "model", "what", "ratio_of_medians", "processor_ratio", "ours_peak_over_usual", "ours_bytes_over_weights",
    "usual_bytes_over_weights", "load_over_usual",
)  # fmt: skip
_USUAL = """
import sys, tensorflow, keras
keras.models.load_model(sys.argv[1], compile=False).export(sys.argv[2], verbose=False)
"""
_LOAD = """
import sys, time, tensorflow as tf
def load(place):
    started = time.perf_counter()
    tf.saved_model.load(place)
    return time.perf_counter() - started
both = [(load(sys.argv[1]), load(sys.argv[2])) for _ in range(4)][1:]
print(sorted(a for a, _ in both)[1] / sorted(b for _, b in both)[1])
"""
_MAKE = """
import sys, keras, numpy as np
model = getattr(keras.applications, sys.argv[1])(weights=None)
random = np.random.default_rng(0)
for variable in model.variables:
    shape = tuple(variable.shape)
    if "variance" in variable.name or "gamma" in variable.name:
        variable.assign(random.uniform(0.5, 1.5, shape).astype("float32"))
model.save(sys.argv[2])
model.save_weights(sys.argv[3])
"""


def run(times: int = 3, models: tuple[str, ...] = MODELS) -> Iterator[dict[str, str]]:
    """One row per model and request."""
    for name in models:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            full, weights = place / "full.h5", place / "model.weights.h5"
            _command(place, sys.executable, "-c", _MAKE, name, str(full), str(weights))
            for what in ("savedmodel", "savedmodel,keras,python"):
                yield _pair(name, what, place, full, weights, times)


class Cost(NamedTuple):
    """Of one command, its children included: wall seconds, processor seconds, peak memory."""

    wall: float
    processor: float
    peak: float


def _pair(name: str, what: str, place: Path, full: Path, weights: Path, times: int) -> dict[str, str]:
    ours: list[Cost] = []
    usual: list[Cost] = []
    for number in range(times):
        target = place / f"usual{number}"
        usual.append(_command(place, sys.executable, "-c", _USUAL, str(full), str(target)))
        mine = place / f"ours{number}"
        out = ("--to", what, "-o", str(mine), "--force")
        ours.append(_command(place, sys.executable, "-m", "infer_convert", str(weights), *out))
    size = weights.stat().st_size
    saved = place / "ours0" / "saved_model"
    _command(place, sys.executable, "-c", _LOAD, str(saved), str(place / "usual0"))
    return {
        "model": name,
        "what": what,
        "ratio_of_medians": f"{median(cost.wall for cost in ours) / median(cost.wall for cost in usual):.2f}",
        "processor_ratio": f"{median(cost.processor for cost in ours) / median(cost.processor for cost in usual):.2f}",
        "ours_peak_over_usual": f"{max(cost.peak for cost in ours) / max(cost.peak for cost in usual):.2f}",
        "ours_bytes_over_weights": f"{_bytes(saved) / size:.3f}",
        "usual_bytes_over_weights": f"{_bytes(place / 'usual0') / size:.3f}",
        "load_over_usual": f"{float((place / 'log.txt').read_text().split()[-1]):.2f}",
    }


def _command(place: Path, *words: str) -> Cost:
    """What one command costs; raises CalledProcessError."""
    started = time.perf_counter()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(Path(__file__).parents[1])}
    with (place / "log.txt").open("w") as log:
        process = subprocess.Popen(words, cwd=place, env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise subprocess.CalledProcessError(status, words, (place / "log.txt").read_text()[-2000:])
    return Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, float(usage.ru_maxrss))


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
