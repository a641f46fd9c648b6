"""silu in a SavedModel: the numbers of Keras, and a gradient that needs no function of its own."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from infer_convert.export.silu import plain_silu


def test_the_product_has_the_same_numbers_and_no_gradient_function(tmp_path: Path) -> None:
    def trace() -> tf.types.experimental.ConcreteFunction:
        served = tf.function(lambda x: keras.activations.silu(x), autograph=False)
        return served.get_concrete_function(tf.TensorSpec((None,), "float32"))

    values = np.linspace(-30, 30, 301, dtype="float32")
    usual = trace()
    with plain_silu():
        ours = trace()
    np.testing.assert_array_equal(ours(tf.constant(values)).numpy(), usual(tf.constant(values)).numpy())
    kinds = [operation.type for operation in ours.graph.get_operations()]
    assert "IdentityN" not in kinds
    assert "IdentityN" in [operation.type for operation in usual.graph.get_operations()]


def test_tensorflow_is_as_it_was_afterwards() -> None:
    before = tf.nn.silu, tf.nn.swish
    with plain_silu():
        assert tf.nn.silu is not before[0]
    assert (tf.nn.silu, tf.nn.swish) == before
