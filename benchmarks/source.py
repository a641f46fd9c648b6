"""Recovered source against the model it was written for: does ``model.py`` rebuild ``model.keras``?

``python -m benchmarks source`` converts the zoo's files (names kept, without the library). For each that converts a
clean process, which imports nothing of ours, runs ``model.py``, loads the original file with its ``load_weights``, and
compares with ``model.keras``: every weight bit for bit, outputs on random inputs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.item import Item
from benchmarks.runner import Key, resumed
from benchmarks.sets import SETS

COLUMNS = ("case", "form", "split", "exit", "runs", "weights", "difference", "lines", "note")
"""``exit``: of the conversion; ``runs``: 1 when model.py ran to the end; ``weights``: 1 when all are equal bit for bit;
``difference``: the largest of the outputs; ``lines``: of model.py."""
FORMS = ("legacy", "keras3")
SECONDS = 300
"""Of one clean process."""
ENOUGH = 1e-6
"""Difference of outputs that rounding may make (issue 8)."""

SIZES = (12, 32, 64, 224)
"""Of axes that stay open, until the model takes one: a Reshape may want a multiple."""

CHECK = '''
import json, sys
import numpy as np
names = {"__name__": "recovered"}
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), names)
ours = names["build_model"]()
names["load_weights"](ours, sys.argv[2])
import keras
theirs = keras.models.load_model(sys.argv[3], compile=False)
same = len(ours.weights) == len(theirs.weights) and all(
    np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True) for a, b in zip(ours.weights, theirs.weights)
)
random = np.random.default_rng(0)
def sample(tensor, open_size):
    shape = [2, *(open_size if size is None else size for size in tensor.shape[1:])]
    wanted = np.dtype(tensor.dtype)
    return random.integers(0, 2, shape).astype(wanted) if wanted.kind in "iu" else random.random(shape).astype(wanted)
def outputs(model, arrays):
    found = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    return [np.asarray(one) for one in (found if isinstance(found, (list, tuple)) else [found])]
for open_size in SIZES:
    arrays = [sample(tensor, open_size) for tensor in theirs.inputs]
    try:
        wanted = outputs(theirs, arrays)
        break
    except Exception:
        if open_size == SIZES[-1]:
            raise
gaps = [float(np.max(np.abs(a - b), initial=0.0)) for a, b in zip(outputs(ours, arrays), wanted, strict=True)]
assert not any(name.startswith("infer_convert") for name in sys.modules)
print(json.dumps({"weights": same, "difference": max(gaps)}))
'''


def run(cases: Sequence[str] = (), every: int = 1, jobs: int = 1) -> list[dict[str, str]]:
    """The line of each Nth case of each form."""
    of_form = [[item for item in SETS["zoo"]("kept") if item.form == form] for form in FORMS]
    keys = [item.key for items in of_form for item in items[::every] if not cases or item.name in cases]
    return [line for line in resumed("source", _task, keys, jobs) if line]


def _task(key: Key) -> dict[str, str]:
    """In a worker; nothing for a case without a file."""
    return _line(next(item for item in SETS["zoo"]("kept") if item.key == key)) or {}


def right(row: dict[str, str]) -> bool:
    """Whether the source rebuilds the model."""
    return row["weights"] == "1" and float(row["difference"]) <= ENOUGH


def _line(item: Item) -> dict[str, str] | None:
    from infer_convert.errors import InferConvertError
    from infer_convert.hints import Hints
    from infer_convert.pipeline import Options, convert

    loaded = item.load()
    if loaded.path is None:
        return None
    line = dict.fromkeys(COLUMNS, "") | {"case": item.name, "form": item.form, "split": item.split, "runs": "0"}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        try:
            done = convert(Options(loaded.path, out, to=("keras", "python"), hints=Hints(library=False)))
        except InferConvertError as error:
            return line | {"exit": str(int(error.exit_code)), "runs": "", "note": " ".join(str(error).split())[:120]}
        line["exit"] = str(int(done.exit_code))
        source = out / "model.py"
        if not source.is_file():
            return line | {"runs": "", "note": (done.message or "")[:120]}
        line["lines"] = str(len(source.read_text(encoding="utf-8").splitlines()))
        return line | _checked(source, loaded.path, out / "model.keras")


def _checked(source: Path, weights: Path, model: Path) -> dict[str, str]:
    """What a process says that sees neither the working directory nor PYTHONPATH."""
    arguments = [sys.executable, "-I", "-c", f"SIZES = {SIZES}\n{CHECK}", str(source), str(weights), str(model)]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=SECONDS, cwd=source.parent)
    except subprocess.TimeoutExpired:
        return {"note": f"no end in {SECONDS} s"}
    if done.returncode:
        return {"note": (done.stderr.strip().splitlines() or ["no word"])[-1][:120]}
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return {"runs": "1", "weights": str(int(said["weights"])), "difference": f"{said['difference']:.3g}"}
