"""``silu`` as a product while our graph is traced.

TensorFlow 2.21 gives ``tf.nn.silu`` a gradient function of its own, to save memory in training
(``python/ops/nn_impl.py``, ``swish``). A SavedModel then needs that function traced once for each use, and its writer
looks for each among all tensors of the graph: two thirds of the time that an EfficientNetB7 takes to be written. The
product has the same numbers, and a gradient without further functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf


@contextmanager
def plain_silu() -> Iterator[None]:
    """Within the block ``tf.nn.silu`` and ``tf.nn.swish`` are ``x * sigmoid(x)``."""
    originals = {name: getattr(tf.nn, name) for name in ("silu", "swish")}
    for name in originals:
        setattr(tf.nn, name, _silu)
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(tf.nn, name, original)


def _silu(features: Any, beta: float = 1.0) -> Any:
    features = tf.convert_to_tensor(features)
    return features * tf.sigmoid(features if beta == 1.0 else tf.cast(beta, features.dtype) * features)
