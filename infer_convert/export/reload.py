"""A written SavedModel as ``tf.saved_model.load`` gives it, without a second copy of the weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from infer_convert.build.buffers import Array, array_of
from infer_convert.build.verify import same_bits
from infer_convert.export.bundle import Stored, stored_tensors

_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_KEY = re.compile(r"(variables|trainable_variables)/(\d+)/\.ATTRIBUTES/VARIABLE_VALUE")


def reloaded(model: Any, folder: Path) -> Any:
    """The SavedModel in ``folder``, written from ``model``, ready to run.

    Where every stored number is a variable of the model, each is compared with it bit by bit where it stands in its
    file, and the loaded variable then shares the model's buffer (an assigned tensor is not copied, TensorFlow 2.21,
    ``core/kernels/resource_variable_ops.cc``). Otherwise, or where one differs, everything is read as usual. Raises
    OpError where TensorFlow cannot read what was written.
    """
    originals = _originals(model, folder)
    if originals is None:
        return tf.saved_model.load(str(folder))
    options = tf.saved_model.LoadOptions(experimental_skip_checkpoint=True)
    served = tf.saved_model.load(str(folder), options=options)
    for (name, number), original in originals.items():
        getattr(served, name)[number].assign(original.value.value(), read_value=False)
    return served


def _originals(model: Any, folder: Path) -> Mapping[tuple[str, int], Any] | None:
    """The model's variable behind each stored one; None unless all are there and equal."""
    prefix = folder / "variables" / "variables"
    reader = tf.train.load_checkpoint(str(prefix))
    _read(reader, _GRAPH)  # whoever loads the SavedModel needs it
    stored = stored_tensors(prefix)
    ours = {"variables": model.weights, "trainable_variables": model.trainable_variables}
    found: dict[tuple[str, int], Any] = {}
    for key in reader.get_variable_to_shape_map():
        if key == _GRAPH:
            continue
        match = _KEY.fullmatch(key)
        if match is None or int(match[2]) >= len(ours[match[1]]):
            return None
        original = ours[match[1]][int(match[2])]
        if not _same(reader, stored, key, array_of(original)):
            return None
        found[match[1], int(match[2])] = original
    return found if len({id(variable) for variable in found.values()}) == len(model.weights) else None


def _same(reader: Any, stored: Mapping[str, Stored] | None, key: str, array: Array) -> bool:
    if stored is None:
        return same_bits(_read(reader, key), array)
    return key in stored and stored[key].holds(array)


def _read(reader: Any, key: str) -> Any:
    try:
        return np.asarray(reader.get_tensor(key))
    except IndexError as error:  # the file is too short (``training/py_checkpoint_reader.py``)
        raise tf.errors.DataLossError(None, None, str(error)) from error
