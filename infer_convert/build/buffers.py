"""Numbers between NumPy and TensorFlow without a second copy: fresh memory costs more than anything done with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[Any]

ALIGNMENT = 64
"""Bytes: what TensorFlow's kernels may assume of a buffer (``EIGEN_MAX_ALIGN_BYTES`` with AVX-512)."""

WORTHWHILE = 1 << 16
"""Bytes below which a copy costs nothing."""


def tensor_of(array: Array) -> Any:
    """The array for a variable to take. A large, aligned, contiguous one of floats or integers becomes a tensor in the
    same memory, which the caller must leave alone from then on; any other is returned as it is, to be copied."""
    suits = (
        array.nbytes >= WORTHWHILE
        and array.dtype.kind in "fiu"
        and array.dtype.isnative
        and array.flags.c_contiguous
        and array.flags.writeable
        and array.ctypes.data % ALIGNMENT == 0
    )
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__()) if suits else array


def zeros(shape: Sequence[int], dtype: str) -> Any:
    """A tensor of zeros whose memory is taken when somebody looks at them: a large one that is only there to be
    replaced costs nothing. The caller must leave it alone, as with ``tensor_of``."""
    kind = tf.as_dtype(dtype)
    if kind in _PLAIN and math.prod(shape) * kind.size >= WORTHWHILE:
        size = math.prod(shape) * kind.size
        memory = np.zeros(size + ALIGNMENT, np.uint8)  # untouched pages of the system
        start = -memory.ctypes.data % ALIGNMENT
        return tensor_of(memory[start : start + size].view(kind.as_numpy_dtype).reshape(shape))
    return tf.zeros(shape, kind)


def array_of(value: Any) -> Array:
    """The numbers of a variable, or of anything that NumPy takes: without a copy where the tensor lies in this
    machine's memory and NumPy knows its dtype. To be read only, and not kept beyond the variable's next assignment."""
    tensor = getattr(value, "value", value)  # of a Keras variable; tf.Variable.value is a method
    tensor = tensor() if callable(tensor) else tensor
    tensor = tensor.read_value() if isinstance(tensor, tf.Variable) else tensor
    if tf.is_tensor(tensor) and getattr(tensor.dtype, "is_numpy_compatible", False) and tensor.dtype in _PLAIN:
        return np.asarray(memoryview(tensor))
    return np.asarray(tensor)


_PLAIN = (tf.float16, tf.float32, tf.float64, tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8)
