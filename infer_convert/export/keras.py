"""The Keras 3 archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keras.src.saving import saving_lib

from infer_convert.build.buffers import array_of
from infer_convert.facts import WeightFile
from infer_convert.plan import Plan


def save_keras(model: Any, plan: Plan, facts: WeightFile, target: Path) -> None:
    """Write ``target`` (``model.keras``); ``keras.models.load_model`` reads it without our package."""
    with (
        _replaced(saving_lib, "is_memory_sufficient", lambda model: False),
        _replaced(saving_lib.backend, "convert_to_numpy", array_of),
    ):
        model.save(target)


@contextmanager
def _replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    """Within it one function of Keras is ours, where Keras has it.

    Keras 3.15.1 (``saving_lib._save_model_to_fileobj``) puts the weights together in memory while there is room, and in
    a file beside the target otherwise; the file takes as long and saves a copy of all weights. It copies each of them
    before it is written (``backend/tensorflow/core.py``, ``convert_to_numpy``).
    """
    original = getattr(module, name, None)
    if original is None:
        yield
        return
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, original)
