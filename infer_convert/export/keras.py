"""The Keras 3 archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

from keras.src.saving import saving_lib

from infer_convert.build.buffers import array_of
from infer_convert.export import archive
from infer_convert.facts import WeightFile
from infer_convert.plan import Plan


def save_keras(model: Any, plan: Plan, facts: WeightFile, target: Path) -> None:
    """Write ``target`` (``model.keras``); ``keras.models.load_model`` reads it without our package."""
    # Keras 3.15.1 copies each variable before it is written (``backend/tensorflow/core.py``)
    with patch.object(saving_lib.backend, "convert_to_numpy", array_of):
        if archive.suits(model):
            archive.write_archive(model, target)
        else:
            model.save(target)
