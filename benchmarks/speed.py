"""Whole commands against the usual way, alternately in one run: only ratios mean anything.

The usual way has the full file: ``import tensorflow; keras.models.load_model(full.h5, compile=False); export``. Ours
has the weights only: ``infer-convert weights.h5``. Weights are random with non-trivial statistics; the library of known
architectures is there, as a user would run it. What one command wrote is on the disk before the next begins, so that
none waits for another's data. Memory is that of all processes together, looked at in a run of its own.
Rows that are cached for this code are not measured again.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import speed_parts
from benchmarks.costs import Cost, command
from benchmarks.paths import CACHE
from benchmarks.runner import source_digest

MODELS = ("MobileNetV2", "ResNet50", "VGG16", "EfficientNetB7")
SHARED = "(any)"
AGAIN = {"again, library": "library", "again, no library": "no library"}
WHAT = ("savedmodel", "savedmodel,keras,python", *AGAIN)
EVERYTHING = (*WHAT, "inspect", "6 GB", "import")
COLUMNS = (
    "model", "what", "ratio_of_medians", "processor_ratio", "ours_seconds", "usual_seconds", "ours_peak_over_usual",
    "ours_bytes_over_weights", "usual_bytes_over_weights", "load_over_usual", "stages",
)  # fmt: skip
"""``ratio_of_medians`` is of wall time against the usual way, or against the first run for ``again``; ``inspect``,
``6 GB`` (a SavedModel of a file of 6.4 GB, written for it and removed) and ``import`` have seconds alone, with the peak
in MB and the part of the bytes that is read under ``stages``."""
Row = dict[str, str]
_USUAL = """
import sys, tensorflow, keras
keras.models.load_model(sys.argv[1], compile=False).export(sys.argv[2], verbose=False)
"""
_LOAD = """
import sys, time, tensorflow as tf
started = time.perf_counter()
tf.saved_model.load(sys.argv[1])
print(time.perf_counter() - started)
"""
"""In a process of its own each time: what was loaded before would be swept through with what is loaded next."""
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


def run(
    times: int = 3, models: tuple[str, ...] = MODELS, fresh: bool = False, only: tuple[str, ...] = ()
) -> Iterator[Row]:
    """One row per model and request, then those of ``inspect`` and ``import``; ``only`` some of ``EVERYTHING``."""
    kept = CACHE / "rows" / source_digest() / "speed"
    for name in models:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            full, weights = place / "full.h5", place / "model.weights.h5"

            def made(place: Path = place, name: str = name, full: Path = full, weights: Path = weights) -> None:
                if not weights.exists():
                    command(place, sys.executable, "-c", _MAKE, name, str(full), str(weights))

            def measured(what: str, place: Path = place, full: Path = full, weights: Path = weights) -> Row:
                if what in AGAIN:
                    return _again(place, weights, AGAIN[what], times)
                return _pair(what, place, full, weights, times)

            for what in WHAT:
                if not only or what in only:
                    yield _cached(kept, fresh, name, what, made, measured)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        file = place / "large.weights.h5"
        large = partial(speed_parts.large_file, file)
        shared: dict[str, tuple[Callable[[], None], Callable[[str], Row]]] = {
            "inspect": (large, lambda what: _inspect(place, file, times)),
            "6 GB": (lambda: speed_parts.huge_file(file), lambda what: _huge(place, file)),
            "import": (lambda: None, lambda what: _import(place, times)),
        }
        for what, (prepare, measure) in shared.items():
            if not only or what in only:
                yield _cached(kept, fresh, SHARED, what, prepare, measure)
            file.unlink(missing_ok=True)


def _cached(
    kept: Path, fresh: bool, model: str, what: str, prepare: Callable[[], None], measure: Callable[[str], Row]
) -> Row:
    path = kept / f"{model}-{what.replace(',', '+').replace(' ', '_')}.json"
    if not fresh and path.exists():
        return dict(json.loads(path.read_text()))
    prepare()
    row = dict.fromkeys(COLUMNS, "") | {"model": model, "what": what} | measure(what)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(row))
    return row


def _pair(what: str, place: Path, full: Path, weights: Path, times: int) -> Row:
    ours: list[Cost] = []
    usual: list[Cost] = []
    saved, theirs = place / "ours" / "saved_model", place / "usual"
    for number in range(times + 1):  # the first pair is looked at for its memory, and warms the disk
        watched = number == 0
        for folder in (theirs, place / "ours"):  # both write anew, as whoever converts a file for the first time
            shutil.rmtree(folder, ignore_errors=True)
        os.sync()
        usual.append(command(place, sys.executable, "-c", _USUAL, str(full), str(theirs), watched=watched)[0])
        out = ("--to", what, "-o", str(place / "ours"), "--force")
        words = (sys.executable, "-m", "infer_convert", str(weights), *out)
        os.sync()
        ours.append(command(place, *words, watched=watched)[0])
    size = weights.stat().st_size
    os.sync()
    loaded = [[_load(place, folder) for folder in (saved, theirs)] for _ in range(max(3, times))]
    mine, other = (median(cost.wall for cost in costs[1:]) for costs in (ours, usual))
    work, their_work = (median(cost.processor for cost in costs[1:]) for costs in (ours, usual))
    return {
        "ratio_of_medians": f"{mine / other:.2f}",
        "processor_ratio": f"{work / their_work:.2f}",
        "ours_seconds": f"{mine:.2f}",
        "usual_seconds": f"{other:.2f}",
        "ours_peak_over_usual": f"{ours[0].peak / usual[0].peak:.2f}",
        "ours_bytes_over_weights": f"{_bytes(saved) / size:.3f}",
        "usual_bytes_over_weights": f"{_bytes(theirs) / size:.3f}",
        "load_over_usual": f"{median(a for a, _ in loaded) / median(b for _, b in loaded):.2f}",
        "stages": speed_parts.stages(place, weights, what),
    }


def _load(place: Path, folder: Path) -> float:
    """Seconds of ``tf.saved_model.load`` alone."""
    return float(command(place, sys.executable, "-c", _LOAD, str(folder))[1].split()[-1])


def _again(place: Path, weights: Path, library: str, times: int) -> Row:
    wall, processor = speed_parts.again(place, weights, library, times)
    return {"ratio_of_medians": f"{wall:.2f}", "processor_ratio": f"{processor:.2f}"}


def _inspect(place: Path, file: Path, times: int) -> Row:
    cost, part = speed_parts.inspected(place, file, times)
    return {"ours_seconds": f"{cost.wall:.2f}", "stages": f"peak={cost.peak / 1e6:.0f} MB;read={part:.4f}"}


def _huge(place: Path, file: Path) -> Row:
    cost = speed_parts.converted(place, file)
    peak = f"{cost.peak / file.stat().st_size:.2f}"
    return {"ours_seconds": f"{cost.wall:.2f}", "stages": f"peak={cost.peak / 1e6:.0f} MB;peak over file={peak}"}


def _import(place: Path, times: int) -> Row:
    return {"ours_seconds": f"{speed_parts.imported(place, times):.3f}"}


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
