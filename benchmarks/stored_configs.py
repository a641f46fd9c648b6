"""``python -m benchmarks.stored_configs CORPUS...``: full models through their stored config, against tf_keras.

One line per file in ``benchmarks/results/stored_configs.tsv``: whether it converts, bit for bit, and the largest
difference from what tf_keras computes (it loads the same file, Lambda-free ones only; kernels of Theano files rotated)
or, with ``--golden FOLDER`` and for the corpus' ``.truth.io.h5``, from outputs that the original library computed.
Weights-only files with such outputs count too, by the config beside them. Beside it whether
``keras.models.load_model`` loads the file.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from infer_convert.configs import plan_from_config
from infer_convert.errors import InferConvertError
from infer_convert.facts import WeightFile
from infer_convert.plan import Plan

RESULTS = Path(__file__).parent / "results" / "stored_configs.tsv"
TOLERANCE = 1e-4
SUFFIXES = (".h5", ".hdf5", ".hd5", ".keras")
COLUMNS = (
    "file",
    "generation",
    "version",
    "code",
    "converts",
    "bit_exact",
    "reference",
    "difference",
    "agrees",
    "confidence",
    "keras_loads",
    "note",
)


@dataclass
class Row:
    """One file's outcome; ``code`` marks Lambda, custom and subclassed layers."""

    file: str
    generation: str = ""
    version: str = ""
    code: bool = False
    converts: bool = False
    bit_exact: bool = False
    reference: str = ""
    difference: float | None = None
    agrees: bool | None = None
    confidence: float = 0.0
    keras_loads: bool | None = None
    note: str = ""


def full_models(roots: Sequence[Path]) -> Iterator[tuple[Path, WeightFile]]:
    """Every readable file below the roots that stores a config."""
    from infer_convert.readers import read

    for root in roots:
        paths = sorted(root.rglob("*")) if root.is_dir() else [root]
        for path in paths:
            if path.suffix not in SUFFIXES or ".truth." in path.name:
                continue
            try:
                facts = read(path)
            except InferConvertError:
                continue
            side = path.with_name(f"{path.name}.truth.json")
            if facts.model_config is None and side.is_file() and _told(path) is not None:
                facts = replace(facts, model_config=json.loads(side.read_text()))
            if facts.model_config is not None:
                yield path, facts


def _told(path: Path) -> tuple[list[Any], list[Any]] | None:
    """Inputs and predictions that the corpus keeps beside a file (``.truth.io.h5``)."""
    place = path.with_name(f"{path.name}.truth.io.h5")
    if not place.is_file():
        return None
    import h5py

    with h5py.File(place) as file:
        if "inputs" not in file or "predictions" not in file:
            return None
        return [each[()] for each in file["inputs"].values()], [each[()] for each in file["predictions"].values()]


def holds_code(config: Any) -> bool:
    """Lambda layers, or classes that no Keras has: nothing can be compared without the author's code."""
    from infer_convert.configs.arguments import ARGUMENTS
    from infer_convert.configs.keras2 import CLASSES
    from infer_convert.configs.removed import REMOVED

    known = {*ARGUMENTS, *CLASSES, *REMOVED, "InputLayer", "Sequential", "Model", "Functional", "Graph", "Merge",
             "CuDNNLSTM", "CuDNNGRU",
             "ThresholdedReLU", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"}  # fmt: skip
    layers = list(_layers(config))
    if not layers:
        return True
    return any(
        name not in known and ".ops." not in f"{module}." and name not in ("NotEqual", "GetItem", "Relu")
        for name, module in layers
    )


def _layers(config: Any) -> Iterator[tuple[str, str]]:
    if isinstance(config, dict):
        inner = config.get("config")
        listed = inner if isinstance(inner, list) else inner.get("layers", ()) if isinstance(inner, dict) else ()
        for each in listed:
            if isinstance(each, dict) and "class_name" in each:
                yield each["class_name"], str(each.get("module") or "")
                yield from _layers(each)
                wrapped = each.get("config", {}).get("layer") if isinstance(each.get("config"), dict) else None
                if isinstance(wrapped, dict):
                    yield str(wrapped.get("class_name")), str(wrapped.get("module") or "")


def sample_inputs(plan: Plan, seed: int = 0, batch: int = 3) -> list[Any]:
    """Random arrays for a plan's inputs: indices where an Embedding reads, words where a lookup does."""
    rng = np.random.default_rng(seed)
    arrays = []
    for ref in plan.inputs:
        item = plan.layer(ref.layer)
        first, *rest = item.config["batch_shape"]
        shape = [first or batch, *(12 if size is None else size for size in rest)]
        readers = [layer for layer in plan.layers if any(ref in call for call in layer.inbound)]
        if item.config.get("dtype") == "string":
            arrays.append(rng.choice(np.array(["a", "b", "the cat", "dog"]), size=shape))
        elif any(reader.class_name == "Embedding" for reader in readers):
            sizes = [reader.config["input_dim"] for reader in readers if reader.class_name == "Embedding"]
            arrays.append(rng.integers(0, min(sizes), size=shape).astype(item.config.get("dtype") or "float32"))
        elif any(reader.class_name == "StringLookup" for reader in readers):
            arrays.append(rng.choice(np.array(["a", "b", "c", "zz"]), size=shape))
        elif str(item.config.get("dtype")).startswith(("int", "uint")):
            arrays.append(rng.integers(0, 5, size=shape).astype(item.config["dtype"]))
        else:
            arrays.append(rng.normal(size=shape).astype(item.config.get("dtype") or "float32"))
    return arrays


def outputs_of(model: Any, arrays: list[Any], words: bool = False) -> list[Any]:
    """A model's outputs on arrays, as a flat list in the model's order."""
    import tensorflow as tf

    given = [tf.constant(array) for array in arrays]
    found = model(given[0] if len(given) == 1 else given, training=False)
    flat = list(found.values()) if isinstance(found, dict) else found if isinstance(found, list | tuple) else [found]
    return [np.asarray(tf.cast(each, tf.float32) if each.dtype == tf.bfloat16 else each) for each in flat]


def reference_model(path: Path, facts: WeightFile) -> tuple[str, Any]:
    """``(library, model)``: Keras itself for the files of Keras 3, tf_keras for older ones."""
    if (facts.keras_version or "").startswith("3"):
        import keras

        return "keras", keras.models.load_model(str(path), compile=False)
    return "tf_keras", tf_keras_model(path, facts)


def tf_keras_model(path: Path, facts: WeightFile) -> Any:
    """What tf_keras makes of the file; kernels of Theano files are turned round afterwards."""
    import tf_keras

    model = tf_keras.models.load_model(str(path), compile=False)
    if facts.backend == "theano":
        _rotate(model)
    return model


def _rotate(model: Any) -> None:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            _rotate(layer)
        elif type(layer).__name__ in ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose", "ConvLSTM2D"):
            weights = layer.get_weights()
            count = 2 if type(layer).__name__ == "ConvLSTM2D" else 1
            for number in range(count):
                axes = tuple(range(weights[number].ndim - 2))
                weights[number] = np.flip(weights[number], axes)
            layer.set_weights(weights)


def difference(ours: list[Any], theirs: list[Any]) -> float:
    """Largest absolute difference, relative to the reference where that is large; infinite for other shapes."""
    if len(ours) != len(theirs):
        return float("inf")
    worst = 0.0
    for left, right in zip(ours, theirs, strict=True):
        if left.shape != right.shape:
            return float("inf")
        if left.size:
            scale = max(1.0, float(np.nanmax(np.abs(right.astype("float64")))))
            gap = np.abs(left.astype("float64") - right.astype("float64"))
            worst = max(worst, float(np.max(gap)) / scale)
    return worst


def measure(path: Path, facts: WeightFile, golden: Path | None, keras_too: bool) -> Row:
    """One file."""
    from infer_convert.pipeline import build
    from infer_convert.readers import open_tensors

    row = Row("/".join(path.parts[-2:]), facts.generation, facts.keras_version or "", holds_code(facts.model_config))
    if keras_too:
        row.keras_loads = keras_loads(path)
    try:
        inference = plan_from_config(facts)
        row.confidence = inference.best.confidence
        with open_tensors(path) as store:
            built = build(inference.best, facts, store)
        row.converts, row.bit_exact = True, built.verification.bit_exact
        row.note = f"{len(inference.left_over)} left over" if inference.left_over else ""
        if built.verification.order_reproduced is False:
            row.note += " order differs"
    except InferConvertError as error:
        row.note = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        return row
    try:
        kept = _told(path) or _golden(path, golden)
        if kept is not None:
            row.reference = "original"
            row.difference = difference(outputs_of(built.model, kept[0]), kept[1])
            if row.difference > TOLERANCE:
                row.note += f" {row.difference:.1e} from the original"
                row.reference, theirs = reference_model(path, facts)
                arrays = sample_inputs(inference.best)
                row.difference = difference(outputs_of(built.model, arrays), outputs_of(theirs, arrays))
        elif not row.code:
            arrays = sample_inputs(inference.best)
            row.reference, theirs = reference_model(path, facts)
            row.difference = difference(outputs_of(built.model, arrays), outputs_of(theirs, arrays))
    except Exception as error:
        row.reference += " fails"
        row.note += f" reference: {type(error).__name__}: {' '.join(str(error).split())[:120]}"
    if row.difference is not None:
        row.agrees = row.difference <= TOLERANCE
    return row


def _golden(path: Path, folder: Path | None) -> tuple[list[Any], list[Any]] | None:
    if folder is None:
        return None
    place = folder / path.parent.name / (path.name.removesuffix(path.suffix) + ".npz")
    if not place.is_file():
        return None
    with np.load(place) as data:
        inputs = [data[key] for key in sorted(data) if key.startswith("x_")]
        return inputs, [data[key] for key in sorted(data) if key.startswith("y_")]


def keras_loads(path: Path) -> bool:
    """Whether Keras' own loader takes the file (safe mode, no custom objects)."""
    import keras

    try:
        keras.models.load_model(str(path), compile=False)
    except Exception:
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 when at least 97 % of the files without custom code agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("roots", nargs="+", type=Path)
    parser.add_argument("--golden", type=Path)
    parser.add_argument("--keras", action="store_true", help="also try keras.models.load_model")
    parser.add_argument("--only", default="", help="files whose path holds this")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    import warnings

    warnings.simplefilter("ignore")
    import keras

    rows = []
    for path, facts in full_models(options.roots):
        if options.only not in str(path):
            continue
        rows.append(measure(path, facts, options.golden, options.keras))
        keras.backend.clear_session()
        last = rows[-1]
        if not last.agrees:
            print("\t".join(_cells(last)), file=sys.stderr, flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(COLUMNS), *("\t".join(_cells(row)) for row in rows)]
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return summary(rows)


def _cells(row: Row) -> list[str]:
    shown = {
        **vars(row),
        "difference": "" if row.difference is None else f"{row.difference:.1e}",
        "confidence": f"{row.confidence:.2f}",
    }
    return ["" if shown[name] is None else str(shown[name]) for name in COLUMNS]


def summary(rows: Sequence[Row]) -> int:
    """Counts over the files without custom code."""
    plain = [row for row in rows if not row.code]
    compared = [row for row in plain if row.agrees is not None]
    good = sum(bool(row.agrees) for row in compared)
    print(
        json.dumps(
            {
                "files": len(rows), "without code": len(plain), "convert": sum(row.converts for row in plain),
                "bit exact": sum(row.bit_exact for row in plain), "compared": len(compared), "agree": good,
                "keras loads": sum(bool(row.keras_loads) for row in plain),
            }
        )
    )  # fmt: skip
    return (
        0 if plain and sum(row.converts for row in plain) >= 0.97 * len(plain) and good >= 0.97 * len(compared) else 1
    )


if __name__ == "__main__":
    raise SystemExit(main())
