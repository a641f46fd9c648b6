"""A mutated name or attribute may lower the confidence or end in one line; it never gives a variable the numbers of a
tensor of another shape."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infer_convert.errors import InferConvertError
from infer_convert.infer import infer
from infer_convert.pipeline import build
from infer_convert.readers import open_tensors, read
from tests.hostile import files

NAMES = st.sampled_from((
    "dense", "dense_1", "conv2d", "batch_normalization", "lstm_1", "embedding", "add_1", "flatten", "input_1", "x", "",
    "dense/dense", "kernel:0", "bias:0", "gamma:0", "recurrent_kernel:0", "dense/kernel:0", "dense_1/bias:0", "0",
    "\xe9",
))  # fmt: skip
VALUES = st.sampled_from(("theano", "tensorflow", "1.2.0", "2.2.4", "3.0.0", "", "x", 7, -1))
LISTS = ("layer_names", "weight_names")
Change = Callable[[h5py.File, st.DataObject], None]


def network(path: Path, stored: object = None) -> Path:
    """Dense layers of which no two tensors have one shape, so that a tensor at a wrong place shows."""
    files.legacy(path, stored=stored)  # type: ignore[arg-type]
    with h5py.File(path, "a") as file:
        for number, dataset in enumerate(datasets(file)):
            dataset[...] = np.arange(dataset.size, dtype="float32").reshape(dataset.shape) + 1000 * (number + 1)
    return path


def objects(file: h5py.File) -> list[Any]:
    found: list[Any] = [file]
    file.visititems(lambda _, item: found.append(item))
    return found


def datasets(file: h5py.File) -> list[h5py.Dataset]:
    return [item for item in objects(file) if isinstance(item, h5py.Dataset)]


def lists(file: h5py.File) -> st.SearchStrategy[tuple[Any, str]]:
    """An object and the name of its attribute that lists names."""
    return st.sampled_from([(item, name) for item in objects(file) for name in LISTS if name in item.attrs])


def shuffle(file: h5py.File, data: st.DataObject) -> None:
    item, name = data.draw(lists(file))
    item.attrs[name] = np.array(data.draw(st.permutations(list(item.attrs[name]))))


def rename_in_list(file: h5py.File, data: st.DataObject) -> None:
    item, name = data.draw(lists(file))
    listed = [part.decode() for part in item.attrs[name]]
    listed[data.draw(st.integers(0, len(listed) - 1))] = data.draw(NAMES)
    item.attrs[name] = np.array([part.encode() for part in listed])


def shorten(file: h5py.File, data: st.DataObject) -> None:
    item, name = data.draw(lists(file))
    item.attrs[name] = np.array(list(item.attrs[name])[1:] or [b"x"])


def drop(file: h5py.File, data: st.DataObject) -> None:
    item, name = data.draw(st.sampled_from([(item, name) for item in objects(file) for name in item.attrs]))
    del item.attrs[name]


def say_otherwise(file: h5py.File, data: st.DataObject) -> None:
    file.attrs[data.draw(st.sampled_from(("backend", "keras_version")))] = data.draw(VALUES)


def swap(file: h5py.File, data: st.DataObject) -> None:
    one, other = (data.draw(st.sampled_from(datasets(file))).name for _ in range(2))
    if one != other:
        file.move(one, "/aside")
        file.move(other, one)
        file.move("/aside", other)


def move(file: h5py.File, data: st.DataObject) -> None:
    item = data.draw(st.sampled_from([item for item in objects(file) if item.name != "/"]))
    target = f"{item.parent.name.rstrip('/')}/{data.draw(NAMES).strip('/') or 'y'}"
    if target not in file and not target.startswith(f"{item.name}/"):
        file.move(item.name, target)


CHANGES: tuple[Change, ...] = (shuffle, rename_in_list, shorten, drop, say_otherwise, swap, move)


@pytest.mark.parametrize("stored", [None, files.SOUND], ids=["weights", "full"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_variable_gets_a_tensor_of_another_shape(stored: object, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = network(Path(folder, "w.h5"), stored)
        with h5py.File(path, "a") as file:
            for change in data.draw(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=4)):
                if any(name in item.attrs for item in objects(file) for name in LISTS):
                    change(file, data)
            there = {item.name: np.asarray(item[()]) for item in datasets(file)}
        try:
            facts = read(path)
            with open_tensors(path) as store:
                found = infer(facts, None, store)
                built = build(found.best, facts, store)
        except InferConvertError as problem:
            assert problem.exit_code in (3, 4, 5, 6) and "\n" not in str(problem)
            return
        assert built.verification.bit_exact
        given = {float(array.ravel()[0]): array for array in there.values()}
        for variable in built.model.weights:
            value = np.asarray(variable.value)
            source = given[float(value.min())]
            assert value.shape in (source.shape, source.shape[::-1]), variable.path
            np.testing.assert_array_equal(np.sort(value, None), np.sort(source, None))
        used = {source for _, layer in found.best.walk() for use in layer.weights for source in use.sources}
        listed = {left.path for left in found.left_over} | {tensor.path for tensor in facts.optimizer}
        assert used | listed >= set(there), "neither used nor listed"
