"""What an original computes: its stored config built by tf_keras or Keras, with the file's own numbers.

Only configs made of known layers are built; nothing with a Lambda or an unknown class, and no stored code is run.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.dialects import DEFAULTS, NO_OPS
from benchmarks.functional import Probes
from benchmarks.probe import logits, outputs, random_inputs
from benchmarks.zoo.training import seed_of

SAFE = frozenset(
    {
        *DEFAULTS,
        *NO_OPS,
        "Sequential",
        "Functional",
        "Model",
        "InputLayer",
        "ReLU",
        "LeakyReLU",
        "ELU",
        "Softmax",
        "ThresholdedReLU",
        "Bidirectional",
        "TimeDistributed",
        "Add",
        "Multiply",
        "Subtract",
        "Average",
        "Maximum",
        "Minimum",
    }
)
PROBES = 3


def reference(config: Mapping[str, Any], path: Path, name: str) -> Probes | None:
    """Inputs, outputs and logits of the original, or None when neither library builds and fills it."""
    if not set(classes(config)) <= SAFE:
        return None
    for library in ("tf_keras", "keras"):
        try:
            model = _filled(library, config, path)
            inputs = [random_inputs(model, seed_of(name) + probe) for probe in range(PROBES)]
            return inputs, [outputs(model, item) for item in inputs], [logits(model, item) for item in inputs]
        except Exception:
            continue
    return None


def loads(config: Mapping[str, Any], path: Path, probes: Probes | None) -> bool:
    """The second baseline: ``keras.models.load_model`` on the full file opens it and, where the original's outputs are
    known, computes them. Files with unknown classes are not opened: loading must not run stored code."""
    if not set(classes(config)) <= SAFE:
        return False
    import keras

    from benchmarks.functional import compare

    try:
        model = keras.models.load_model(path, compile=False)
        return probes is None or compare(model, probes)[0]
    except Exception:
        return False


def classes(config: Any) -> Iterator[str]:
    """Every layer class that a config names."""
    if isinstance(config, Mapping):
        if (
            "class_name" in config
            and "config" in config
            and ("module" not in config or "layers" in str(config["module"]) or "models" in str(config["module"]))
        ):
            name = str(config["class_name"])
            if name[:1].isupper() and isinstance(config["config"], Mapping | list) and _is_layer(config):
                yield name
        for key, value in config.items():
            if not key.endswith(("initializer", "regularizer", "constraint")) and key not in ("optimizer", "dtype"):
                yield from classes(value)
    elif isinstance(config, list):
        for item in config:
            yield from classes(item)


def _is_layer(config: Mapping[str, Any]) -> bool:
    return not str(config["class_name"]).startswith("__") and str(config["class_name"]) != "DTypePolicy"


def _filled(library: str, config: Mapping[str, Any], path: Path) -> Any:
    data = copy.deepcopy(dict(config))
    if library == "tf_keras":
        import tf_keras

        model = tf_keras.models.model_from_json(json.dumps(data))
        _load_legacy(model, path)
        return model
    import keras

    model = keras.models.model_from_json(json.dumps(data))
    model.load_weights(path)
    return model


def _load_legacy(model: Any, path: Path) -> None:
    import h5py
    from tf_keras.src.saving.legacy import hdf5_format

    with h5py.File(path, "r") as file:
        group = file["model_weights"] if "layer_names" not in file.attrs and "model_weights" in file else file
        hdf5_format.load_weights_from_hdf5_group(group, model)
