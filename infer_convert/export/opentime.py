"""TimeDistributed over an open time axis.

Keras 3.15's ``TimeDistributed.call`` counts its steps by the batch axis where the length of time is not known while
tracing (``keras/src/layers/rnn/time_distributed.py``, second implementation: the shape is read before the axes are
swapped). While our graph is traced, time is folded into the batch instead, which computes the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import tensorflow as tf


@contextmanager
def folded_time(model: Any) -> Iterator[None]:
    """Within the block every TimeDistributed layer of the model folds an open time axis into the batch."""
    layers = [
        layer
        for layer in model._flatten_layers(include_self=False, recursive=True)
        if type(layer).__name__ == "TimeDistributed"
    ]
    for layer in layers:
        object.__setattr__(layer, "call", partial(_call, layer, layer.call))
    try:
        yield
    finally:
        for layer in layers:
            object.__delattr__(layer, "call")


def _call(layer: Any, plainly: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
    if inputs.shape[1] is not None:
        return plainly(inputs, training=training, mask=mask)
    outer, inner = tf.shape(inputs)[:2], inputs.shape[2:]
    steps = tf.reshape(inputs, tf.concat([[-1], tf.shape(inputs)[2:]], 0))
    steps.set_shape((None, *inner))
    told: dict[str, Any] = {}
    if layer.layer._call_has_mask_arg and mask is not None:
        told["mask"] = tf.reshape(mask, [-1])
    if layer.layer._call_has_training_arg:
        told["training"] = training
    result = layer.layer.call(steps, **told)
    unfolded = tf.reshape(result, tf.concat([outer, tf.shape(result)[1:]], 0))
    unfolded.set_shape((*inputs.shape[:2], *result.shape[1:]))
    return unfolded
