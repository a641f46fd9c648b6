"""Numbers that change hands without a copy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from infer_convert.build.buffers import ALIGNMENT, array_of, tensor_of, zeros


def aligned(dtype: str, count: int = 1 << 16) -> np.ndarray:
    memory = np.zeros(count * np.dtype(dtype).itemsize + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + count * np.dtype(dtype).itemsize].view(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "int64"])
def test_a_variable_takes_the_arrays_own_memory_and_gives_it_back(dtype: str) -> None:
    array = aligned(dtype)
    array[:] = np.arange(array.size) % 100
    variable = tf.Variable(np.zeros(array.shape, dtype))
    variable.assign(tensor_of(array))
    there = array_of(variable)
    np.testing.assert_array_equal(there, np.arange(array.size) % 100)
    assert there.ctypes.data == array.ctypes.data


def test_training_works_on_a_variable_that_shares_its_memory() -> None:
    array = aligned("float32")
    variable = tf.Variable(np.zeros(array.shape, "float32"))
    variable.assign(tensor_of(array))
    variable.assign_add(tf.ones_like(variable))
    assert float(tf.reduce_sum(variable)) == array.size


@pytest.mark.parametrize(
    "array", [aligned("float32")[1:], aligned("float32")[::2], np.ones(4, "f4"), aligned("float32").astype(">f4")]
)
def test_an_array_that_does_not_suit_is_left_to_be_copied(array: np.ndarray) -> None:
    assert tensor_of(array) is array


@pytest.mark.parametrize("dtype", ["bfloat16", "bool", "complex64", "float32"])
def test_numbers_of_every_dtype_are_seen(dtype: str) -> None:
    value = tf.cast(tf.constant([0.0, 1.0]), dtype)
    np.testing.assert_array_equal(array_of(tf.Variable(value)), value.numpy())
    np.testing.assert_array_equal(array_of(value), value.numpy())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64", "bool"])
@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (300, 400)])
def test_zeros_are_zeros(dtype: str, shape: tuple[int, ...]) -> None:
    made = zeros(shape, dtype)
    assert (tuple(made.shape), made.dtype.name) == (shape, dtype)
    assert not np.count_nonzero(made.numpy())


def test_large_zeros_take_no_memory_until_somebody_looks() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    kept = tf.Variable(zeros((1 << 26,), "float32"))
    touched = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    assert touched < (1 << 28) // resource.getpagesize() // 10
    assert kept.shape == (1 << 26,)
