"""The Keras 3 archive."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from keras.src.saving import saving_lib

from infer_convert.build.buffers import array_of
from infer_convert.export import archive
from infer_convert.export.subject import Subject


def save_keras(subject: Subject, target: Path) -> None:
    """Write ``target`` (``model.keras``); ``keras.models.load_model`` reads it without our package."""
    # Keras 3.15.1 copies each variable before it is written (``backend/tensorflow/core.py``)
    with patch.object(saving_lib.backend, "convert_to_numpy", array_of):
        if archive.suits(subject.model):
            archive.write_archive(subject.model, target)
        else:
            subject.model.save(target)
