"""How stored tensors become a Keras variable, by name.

A transform is written ``name`` or ``name:argument``. The first transform of a chain receives all sources; each
returns one array. Every name here is listed in the report beside the tensor it was applied to.

==================  ====================================================================================
``merge-gates``     concatenate the sources along the last axis (Keras 1 kept one tensor per gate)
``stack``           stack the sources along a new first axis
``transpose:2,0,1`` permute the axes (``numpy.transpose``)
``reshape:3,3,8``   same numbers, other shape
``rotate180``       turn every spatial axis of a (*kernel_size, in, out) kernel round: Theano computed true
                    convolutions (FORMATS: Keras 2.2.4 ``saving.py`` line 784)
``flatten-first:c,h,w``  rows of a Dense kernel after a channels_first Flatten, reordered to channels_last
``cudnn-kernel:n``  CuDNN stored each of n gates transposed (Keras 2.2.4 ``saving.py`` line 811)
``cudnn-bias:n``    the sum of the two CuDNN bias halves of n gates (LSTM)
``cudnn-bias-pair:n``  the two CuDNN bias halves of n gates as two rows (GRU with ``reset_after``)
``square``          a standard deviation becomes a variance
``add:1e-06``       a number added to every element (Keras 0 divided by ``std + epsilon``)
``lora:scale``      kernel + scale · a b (a low-rank update stored beside its kernel)
``local-patches:k…,s…``  a locally connected map (*in, c, *out, f) as (places, patch, f): each place's own window
                    of size k at stride s (tf.keras LocallyConnected, implementation 2)
``negate``, ``ones``  the numbers with the other sign; ones in their place (constants of a rebuilt SReLU)
``srelu-right``     a + |b|: where SReLU's right branch begins (Keras 1.2.2 ``advanced_activations.py``)
``same``            one of several equal tensors (SpectralNormalization stores the kernel twice)
``cast:a→b``        another dtype
==================  ====================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


def apply(transforms: Sequence[str], sources: Sequence[Array]) -> Array:
    """Run a chain of transforms.

    Raises ``KeyError`` for an unknown name and ``ValueError`` when several sources meet no merging transform or the
    shapes do not suit a transform.
    """
    arrays = list(sources)
    for transform in transforms:
        name, _, argument = transform.partition(":")
        arrays = [_TRANSFORMS[name](arrays, argument)]
    if len(arrays) != 1:
        raise ValueError(f"{len(arrays)} tensors for one variable and no transform that merges them")
    return arrays[0]


def names() -> tuple[str, ...]:
    """Every known transform, for the report's schema and the tests."""
    return tuple(_TRANSFORMS)


def _one(arrays: Sequence[Array]) -> Array:
    if len(arrays) != 1:
        raise ValueError(f"expected one tensor, got {len(arrays)}")
    return arrays[0]


def _numbers(argument: str) -> tuple[int, ...]:
    return tuple(int(part) for part in argument.split(","))


def _merge_gates(arrays: Sequence[Array], argument: str) -> Array:
    return np.concatenate(list(arrays), axis=-1)


def _stack(arrays: Sequence[Array], argument: str) -> Array:
    return np.stack(list(arrays), axis=0)


def _transpose(arrays: Sequence[Array], argument: str) -> Array:
    return np.transpose(_one(arrays), _numbers(argument))


def _reshape(arrays: Sequence[Array], argument: str) -> Array:
    return np.reshape(_one(arrays), _numbers(argument))


def _rotate180(arrays: Sequence[Array], argument: str) -> Array:
    array = _one(arrays)
    return np.flip(array, axis=tuple(range(array.ndim - 2)))


def _flatten_first(arrays: Sequence[Array], argument: str) -> Array:
    array, (channels, *spatial) = _one(arrays), _numbers(argument)
    last = array.shape[-1]
    moved = np.moveaxis(array.reshape(channels, *spatial, last), 0, -2)
    return moved.reshape(-1, last)


def _cudnn_kernel(arrays: Sequence[Array], argument: str) -> Array:
    array, (gates,) = _one(arrays), _numbers(argument)
    return np.hstack([part.T.reshape(part.shape, order="F") for part in np.hsplit(array, gates)])


def _cudnn_bias(arrays: Sequence[Array], argument: str) -> Array:
    halves = np.split(_one(arrays), 2)
    return np.asarray(np.add(halves[0], halves[1]))


def _cudnn_bias_pair(arrays: Sequence[Array], argument: str) -> Array:
    return _one(arrays).reshape(2, -1)


def _square(arrays: Sequence[Array], argument: str) -> Array:
    return np.asarray(np.square(_one(arrays)))


def _add(arrays: Sequence[Array], argument: str) -> Array:
    array = _one(arrays)
    return np.asarray(np.add(array, array.dtype.type(float(argument))))


def _lora(arrays: Sequence[Array], argument: str) -> Array:
    kernel, down, up = arrays
    return np.asarray(np.add(kernel, np.matmul(down, up) * kernel.dtype.type(float(argument))))


def _local_patches(arrays: Sequence[Array], argument: str) -> Array:
    array, numbers = _one(arrays), _numbers(argument)
    rank = len(numbers) // 2
    size, strides = numbers[:rank], numbers[rank:]
    grid = array.shape[rank + 1 : -1]
    patches = []
    for place in np.ndindex(*grid):
        window = tuple(slice(p * s, p * s + k) for p, s, k in zip(place, strides, size, strict=True))
        whole = (slice(None),)
        patches.append(array[window + whole + tuple(place) + whole].reshape(-1, array.shape[-1]))
    return np.stack(patches)


def _negate(arrays: Sequence[Array], argument: str) -> Array:
    return np.asarray(np.negative(_one(arrays)))


def _ones(arrays: Sequence[Array], argument: str) -> Array:
    return np.ones_like(_one(arrays))


def _srelu_right(arrays: Sequence[Array], argument: str) -> Array:
    left, right = arrays
    return np.asarray(np.add(left, np.abs(right)))


def _same(arrays: Sequence[Array], argument: str) -> Array:
    first, *others = arrays
    if any(first.tobytes() != other.tobytes() for other in others):
        raise ValueError("the tensors that should be the same are not")
    return first


def _cast(arrays: Sequence[Array], argument: str) -> Array:
    return _one(arrays).astype(argument.partition("→")[2])


_TRANSFORMS: dict[str, Callable[[Sequence[Array], str], Array]] = {
    "merge-gates": _merge_gates,
    "stack": _stack,
    "transpose": _transpose,
    "reshape": _reshape,
    "rotate180": _rotate180,
    "flatten-first": _flatten_first,
    "cudnn-kernel": _cudnn_kernel,
    "cudnn-bias": _cudnn_bias,
    "cudnn-bias-pair": _cudnn_bias_pair,
    "square": _square,
    "add": _add,
    "lora": _lora,
    "local-patches": _local_patches,
    "negate": _negate,
    "ones": _ones,
    "srelu-right": _srelu_right,
    "same": _same,
    "cast": _cast,
}
