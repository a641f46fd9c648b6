"""Checkpoints are seen where they stand, and what is wrong with them is seen too."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from infer_convert.export import reload
from infer_convert.export.bundle import stored_tensors
from infer_convert.export.compare import savedmodel_difference
from infer_convert.export.savedmodel import save_savedmodel
from infer_convert.export.subject import Subject
from tests.build.zoo import cnn
from tests.export.test_export import built

DTYPES = ("float32", "float16", "bfloat16", "float64", "int8", "int64", "bool", "complex64")


def checkpoint(folder: Path, count: int) -> Path:
    """One with tensors of every dtype, without numbers, without axes, and so many more that blocks follow blocks."""
    module = tf.Module()
    module.kinds = [tf.Variable(tf.cast([[1, 0, 3]], dtype)) for dtype in DTYPES]
    module.others = [tf.Variable(7.0), tf.Variable(tf.zeros((0, 3))), tf.Variable("a word")]
    module.many = [tf.Variable(np.full((number % 7, 3), number, "f4")) for number in range(count)]
    return Path(tf.train.Checkpoint(module=module).write(str(folder / "checkpoint")))


@pytest.mark.parametrize("count", [0, 3, 400])
def test_every_tensor_is_seen_as_the_reader_of_tensorflow_gives_it(count: int, tmp_path: Path) -> None:
    prefix = checkpoint(tmp_path, count)
    reader, found = tf.train.load_checkpoint(str(prefix)), stored_tensors(prefix)
    assert found is not None
    dtypes = reader.get_variable_to_dtype_map()
    assert set(found) == {key for key, dtype in dtypes.items() if dtype != tf.string}
    for key, tensor in found.items():
        wanted = reader.get_tensor(key)
        assert tensor.holds(wanted)
        assert not tensor.holds(wanted[None])
        assert not wanted.size or not tensor.holds(wanted + wanted.dtype.type(1))


@pytest.mark.parametrize("damage", ["cut", "compressed", "noise"])
def test_an_index_of_another_form_is_left_to_the_reader_of_tensorflow(damage: str, tmp_path: Path) -> None:
    prefix = checkpoint(tmp_path, 3)
    index = prefix.with_name(prefix.name + ".index")
    data = bytearray(index.read_bytes())
    if damage == "cut":
        del data[-60:-48]
    elif damage == "compressed":
        data[-48 - 5] = 1
    else:
        data[:40] = bytes(range(200, 240))
    index.write_bytes(data)
    assert stored_tensors(prefix) is None


def saved(folder: Path) -> tuple[Subject, Path]:
    model, plan, _, facts = built(cnn)
    subject = Subject(model, plan, facts)
    save_savedmodel(subject, folder / "saved_model")
    return subject, folder / "saved_model" / "variables" / "variables.data-00000-of-00001"


def test_a_saved_model_that_was_damaged_is_told(tmp_path: Path) -> None:
    subject, data = saved(tmp_path)
    folder = tmp_path / "saved_model"
    assert savedmodel_difference(subject, folder).largest == 0
    whole = data.read_bytes()
    kernel = np.asarray(next(weight for weight in subject.model.weights if weight.shape.rank == 4)).tobytes()
    for at in (0, len(kernel) // 2, len(kernel) - 1):
        changed = bytearray(whole)
        changed[whole.index(kernel) + at] ^= 1
        data.write_bytes(changed)
        found = savedmodel_difference(subject, folder)
        assert found.largest == math.inf and not found.agrees and "cannot be read back" in str(found.reason)
    for left in (len(whole) - 8, whole.index(kernel) + 8):
        data.write_bytes(whole[:left])
        assert not savedmodel_difference(subject, folder).agrees
    data.write_bytes(whole)
    index = data.with_name("variables.index")
    entries = index.read_bytes()
    index.write_bytes(entries[:50] + bytes([entries[50] ^ 1]) + entries[51:])
    assert not savedmodel_difference(subject, folder).agrees


def test_other_numbers_under_right_checksums_are_run_as_they_are(tmp_path: Path) -> None:
    before, _ = saved(tmp_path)
    for weight in before.model.weights:
        weight.assign(weight + 1)
    now = Subject(before.model, before.plan, before.facts)
    assert savedmodel_difference(now, tmp_path / "saved_model").largest > 0.01


@pytest.mark.parametrize("known", [True, False])
def test_equal_numbers_are_shared_and_not_read(known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject, _ = saved(tmp_path)
    model = subject.model
    if not known:
        monkeypatch.setattr(reload, "stored_tensors", lambda prefix: None)
    served = reload.reloaded(model, tmp_path / "saved_model")
    for variable, weight in zip(served.variables, model.weights, strict=True):
        np.testing.assert_array_equal(variable.numpy(), np.asarray(weight))
    assert reload._originals(model, tmp_path / "saved_model") is not None
