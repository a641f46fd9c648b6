"""The archive whose weights HDF5 writes in place."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras.src.saving import saving_lib

from infer_convert.export import archive
from infer_convert.readers import read

WEIGHTS = "model.weights.h5"


def small() -> Any:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3), name="photo")
    x = keras.layers.Conv2D(6, 3, name="conv")(inputs)
    x = keras.layers.BatchNormalization(name="bn")(x)
    return keras.Model(inputs, keras.layers.Dense(4, name="end")(keras.layers.Flatten(name="flat")(x)), name="small")


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Path, Path]:
    """A model, our archive of it and Keras' own, whose weights were written to a file."""
    model, ours, theirs = small(), tmp_path / "ours.keras", tmp_path / "theirs.keras"
    assert archive.suits(model)
    archive.write_archive(model, ours)
    monkeypatch.setattr(saving_lib, "is_memory_sufficient", lambda model: False)
    model.save(theirs)
    return model, ours, theirs


def test_the_weights_are_the_bytes_that_keras_writes(both: tuple[Any, Path, Path]) -> None:
    _, ours, theirs = both
    with zipfile.ZipFile(ours) as one, zipfile.ZipFile(theirs) as other:
        assert one.testzip() is None  # every sum is right
        assert one.read(WEIGHTS) == other.read(WEIGHTS)
        assert one.read("config.json") == other.read("config.json")
        assert sorted(one.namelist()) == sorted(other.namelist())
        assert one.infolist()[0].compress_type == zipfile.ZIP_STORED


def test_keras_and_our_reader_open_it(both: tuple[Any, Path, Path]) -> None:
    model, ours, theirs = both
    again = keras.models.load_model(ours)
    for wanted, found in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(wanted, found)
    assert read(ours).layers == read(theirs).layers


def test_the_header_fills_the_room(both: tuple[Any, Path, Path]) -> None:
    _, ours, _ = both
    data = ours.read_bytes()
    assert data[:4] == b"PK\3\4"
    assert data[archive.ROOM :].startswith(b"\x89HDF")
    size = zipfile.ZipFile(ours).getinfo(WEIGHTS).file_size
    with h5py.File(io.BytesIO(data[archive.ROOM : archive.ROOM + size])) as file:
        assert file.userblock_size == 0


def test_files_beside_the_weights_are_left_to_keras() -> None:
    lookup = keras.layers.StringLookup(vocabulary=["a", "b"])
    inputs = keras.Input((1,), dtype="string")
    assert not archive.suits(keras.Model(inputs, lookup(inputs)))


def test_a_keras_without_these_parts_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(saving_lib, "_save_state")
    assert not archive.suits(small())


def test_another_superblock_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "latest.h5"
    with h5py.File(path, "w", userblock_size=archive.ROOM, libver="latest") as file:
        file["x"] = 1
    with path.open("r+b") as opened, pytest.raises(RuntimeError, match="version 0"):
        archive._moved(opened)
