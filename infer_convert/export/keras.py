"""The Keras 3 archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keras.src.saving import saving_lib

from infer_convert.build.buffers import array_of
from infer_convert.export import archive
from infer_convert.facts import WeightFile
from infer_convert.plan import Plan


def save_keras(model: Any, plan: Plan, facts: WeightFile, target: Path) -> None:
    """Write ``target`` (``model.keras``); ``keras.models.load_model`` reads it without our package."""
    with _uncopied():
        if archive.suits(model):
            archive.write_archive(model, target)
        else:
            model.save(target)


@contextmanager
def _uncopied() -> Iterator[None]:
    """Within it Keras 3.15.1 does not copy each variable before it is written (``backend/tensorflow/core.py``,
    ``convert_to_numpy``)."""
    original = saving_lib.backend.convert_to_numpy
    saving_lib.backend.convert_to_numpy = array_of
    try:
        yield
    finally:
        saving_lib.backend.convert_to_numpy = original
