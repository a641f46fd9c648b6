"""The Keras 3 archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keras.src.saving import saving_lib

from infer_convert.facts import WeightFile
from infer_convert.plan import Plan


def save_keras(model: Any, plan: Plan, facts: WeightFile, target: Path) -> None:
    """Write ``target`` (``model.keras``); ``keras.models.load_model`` reads it without our package."""
    with _through_the_disk():
        model.save(target)


@contextmanager
def _through_the_disk() -> Iterator[None]:
    """Keras 3.15.1 (``saving_lib._save_model_to_fileobj``) puts the weights together in memory while there is room, and
    in a file beside the target otherwise; the file takes as long and saves a copy of all weights."""
    name = "is_memory_sufficient"
    original = getattr(saving_lib, name, None)
    if original is None:
        yield
        return
    setattr(saving_lib, name, lambda model: False)
    try:
        yield
    finally:
        setattr(saving_lib, name, original)
