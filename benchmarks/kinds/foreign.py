"""Nets with layers of people's own, as their authors publish them. Each is ``(library) -> model``."""

from __future__ import annotations

from typing import Any

from benchmarks.kinds.nets import Make


def _layer(k: Any, name: str, shapes: Any, call: Any) -> Any:
    """A layer class: ``shapes(input shape) -> {weight: shape}``, ``call(layer, x)``."""

    def build(self: Any, given: Any) -> None:
        for word, shape in shapes(given).items():
            setattr(self, word, self.add_weight(name=word, shape=shape, initializer="random_normal"))
        self.built = True

    return type(name, (k.layers.Layer,), {"build": build, "call": call})


def _tf() -> Any:
    import tensorflow

    return tensorflow


def instance_norm(k: Any) -> Any:
    tf, n = _tf(), k.layers

    def call(self: Any, x: Any) -> Any:
        mean, variance = tf.nn.moments(x, (1, 2), keepdims=True)
        return (x - mean) / tf.sqrt(variance + 1e-3) * self.gamma + self.beta

    own = _layer(k, "InstanceNormalization", lambda s: {"gamma": (s[-1],), "beta": (s[-1],)}, call)
    x = k.Input((16, 16, 3))
    y = n.Activation("relu")(own()(n.Conv2D(8, 3, padding="same")(x)))
    return k.Model(x, n.Conv2D(3, 3, padding="same", activation="tanh")(y))


def caffe_scale(k: Any) -> Any:
    n = k.layers
    own = _layer(
        k, "Scale", lambda s: {"gamma": (s[-1],), "beta": (s[-1],)}, lambda self, x: x * self.gamma + self.beta
    )
    x = k.Input((16, 16, 3))
    y = n.Conv2D(8, 3, use_bias=False, name="conv1")(x)
    y = n.Activation("relu", name="relu1")(own(name="conv1_scale")(n.BatchNormalization(name="conv1_bn")(y)))
    return k.Model(x, n.Dense(4, name="fc6")(n.GlobalAveragePooling2D(name="pool5")(y)))


def l2_norm(k: Any) -> Any:
    tf, n = _tf(), k.layers
    own = _layer(
        k, "L2Normalization", lambda s: {"gamma": (s[-1],)}, lambda self, x: tf.math.l2_normalize(x, -1) * self.gamma
    )
    x = k.Input((16, 16, 3))
    y = own(name="conv4_3_norm")(n.Conv2D(8, 3, padding="same", activation="relu", name="conv4_3")(x))
    return k.Model(x, n.Conv2D(12, 3, padding="same", name="conv4_3_norm_mbox_conf")(y))


def time_attention(k: Any) -> Any:
    tf, n = _tf(), k.layers

    def call(self: Any, x: Any) -> Any:
        scores = tf.tanh(tf.matmul(x, self.W) + self.b)
        return tf.reduce_sum(x * tf.nn.softmax(scores, axis=1), axis=1)

    own = _layer(k, "Attention", lambda s: {"W": (s[-1], 1), "b": (s[1], 1)}, call)
    x = k.Input((9,))
    y = n.Bidirectional(n.LSTM(6, return_sequences=True))(n.Embedding(30, 5)(x))
    return k.Model(x, n.Dense(1, activation="sigmoid")(own(name="attention_1")(y)))


def context_attention(k: Any) -> Any:
    tf, n = _tf(), k.layers

    def call(self: Any, x: Any) -> Any:
        scores = tf.linalg.matvec(tf.tanh(tf.matmul(x, self.W) + self.b), self.u)
        return tf.reduce_sum(x * tf.nn.softmax(scores, axis=1)[..., None], axis=1)

    own = _layer(k, "AttentionWithContext", lambda s: {"W": (s[-1], s[-1]), "b": (s[-1],), "u": (s[-1],)}, call)
    x = k.Input((9,))
    y = n.Bidirectional(n.GRU(6, return_sequences=True))(n.Embedding(30, 5)(x))
    return k.Model(x, n.Dense(2)(own()(y)))


def crf(k: Any) -> Any:
    tf, n = _tf(), k.layers
    own = _layer(
        k,
        "CRF",
        lambda s: {
            "kernel": (s[-1], 5),
            "chain_kernel": (5, 5),
            "bias": (5,),
            "left_boundary": (5,),
            "right_boundary": (5,),
        },
        lambda self, x: (
            tf.matmul(x, self.kernel)
            + self.bias
            + 0 * (tf.reduce_sum(self.chain_kernel) + self.left_boundary + self.right_boundary)
        ),
    )
    x = k.Input((9,))
    y = n.Bidirectional(n.LSTM(6, return_sequences=True))(n.Embedding(30, 5)(x))
    return k.Model(x, own(name="crf_1")(n.TimeDistributed(n.Dense(7))(y)))


def highway(k: Any) -> Any:
    tf, n = _tf(), k.layers

    def call(self: Any, x: Any) -> Any:
        gate = tf.sigmoid(tf.matmul(x, self.W_carry) + self.b_carry)
        return gate * tf.matmul(x, self.W) + (1 - gate) * x + self.b * 0

    own = _layer(
        k, "Highway", lambda s: {"W": (s[-1],) * 2, "W_carry": (s[-1],) * 2, "b": (s[-1],), "b_carry": (s[-1],)}, call
    )
    x = k.Input((12,))
    return k.Model(x, n.Dense(2)(own()(n.Dense(8, activation="relu")(x))))


def unknown(k: Any) -> Any:
    """A layer that nobody knows, of the shape of what goes in."""
    n = k.layers
    own = _layer(k, "Wobble", lambda s: {"tilt": (3, s[-1]), "sway": (s[-1], 2, 2)}, lambda self, x: x)
    x = k.Input((12,))
    return k.Model(x, n.Dense(2)(own()(n.Dense(8, activation="relu")(x))))


def silent(k: Any) -> Any:
    """Layers of one's own without weights, whose names say nothing."""
    tf, n = _tf(), k.layers
    own = _layer(k, "Mish", lambda s: {}, lambda self, x: x * tf.tanh(tf.nn.softplus(x)))
    x = k.Input((16, 16, 3))
    y = own()(n.Conv2D(8, 3, padding="same")(x))
    return k.Model(x, n.Dense(2)(n.GlobalAveragePooling2D()(own()(n.Conv2D(8, 3, strides=2)(y)))))


def class_token(k: Any) -> Any:
    """The vision transformer's class token and positions."""
    tf, n = _tf(), k.layers
    token = _layer(
        k,
        "ClassToken",
        lambda s: {"cls": (1, 1, s[-1])},
        lambda self, x: tf.concat([tf.repeat(self.cls, tf.shape(x)[0], 0), x], 1),
    )
    places = _layer(
        k, "AddPositionEmbs", lambda s: {"pos_embedding": (1, 17, s[-1])}, lambda self, x: x + self.pos_embedding
    )
    x = k.Input((16, 16, 3))
    y = n.Reshape((16, 8))(n.Conv2D(8, 4, strides=4, name="embedding")(x))
    y = places(name="posembed_input")(_shaped(token(name="class_token")(y), (17, 8)))
    z = n.LayerNormalization(epsilon=1e-6)(y)
    y = n.Add()([n.MultiHeadAttention(2, 4)(z, z), y])
    return k.Model(x, n.Dense(3, name="head")(n.GlobalAveragePooling1D()(y)))


def _shaped(tensor: Any, shape: tuple[int, ...]) -> Any:
    return tensor


def tower_class(k: Any) -> Any:
    """A block as a layer of one's own that holds layers."""
    n = k.layers

    class ConvBlock(n.Layer):  # type: ignore[misc,name-defined]
        def __init__(self, wide: int, **rest: Any) -> None:
            super().__init__(**rest)
            self.conv = n.Conv2D(wide, 3, padding="same")
            self.bn = n.BatchNormalization()

        def call(self, x: Any) -> Any:
            return _tf().nn.relu(self.bn(self.conv(x)))

    x = k.Input((16, 16, 3))
    y = n.MaxPooling2D()(ConvBlock(8)(x))
    return k.Model(x, n.Dense(3)(n.GlobalAveragePooling2D()(ConvBlock(12)(y))))


def subclassed(k: Any) -> Any:
    n = k.layers

    class Net(k.Model):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.hidden = n.Dense(16, activation="relu")
            self.out = n.Dense(3)

        def call(self, x: Any) -> Any:
            return self.out(self.hidden(x))

    model = Net()
    import numpy as np

    model(np.zeros((1, 10), "float32"))
    return model


FOREIGN: tuple[Make, ...] = (
    instance_norm,
    caffe_scale,
    l2_norm,
    time_attention,
    context_attention,
    crf,
    highway,
    unknown,
    silent,
    class_token,
    tower_class,
    subclassed,
)


def local_1d(k: Any) -> Any:
    n = k.layers
    return k.Sequential([k.Input((20, 4)), n.LocallyConnected1D(6, 3, activation="relu"), n.Flatten(), n.Dense(2)])


def local_2d(k: Any) -> Any:
    """DeepFace's layers."""
    n = k.layers
    return k.Sequential(
        [
            k.Input((20, 20, 3)),
            n.Conv2D(8, 3, activation="relu", name="C1"),
            n.MaxPooling2D(name="M2"),
            n.LocallyConnected2D(6, 3, activation="relu", name="L4"),
            n.LocallyConnected2D(5, 3, strides=2, activation="relu", name="L5"),
            n.Flatten(name="F0"),
            n.Dense(7, name="F7"),
        ]
    )


def gone(k: Any) -> Any:
    n = k.layers
    return k.Sequential([k.Input((20,)), n.Dense(8), n.ThresholdedReLU(0.5), n.Dense(2)])


def cudnn(k: Any) -> Any:
    n = k.layers
    return k.Sequential([k.Input((9, 6)), n.LSTM(8, return_sequences=True), n.GRU(5), n.Dense(2)])


def named_ops(k: Any) -> Any:
    """TensorFlow functions on symbolic tensors."""
    tf, n = _tf(), k.layers
    x = k.Input((16, 16, 3))
    y = n.Conv2D(8, 3, padding="same")(x)
    y = tf.nn.relu(n.BatchNormalization()(y))
    z = n.Conv2D(8, 3, padding="same")(y)
    y = tf.concat([y, tf.nn.leaky_relu(z)], -1)
    return k.Model(x, n.Dense(2)(tf.reduce_mean(n.Conv2D(8, 3)(y), [1, 2])))


OLD: tuple[Make, ...] = (local_1d, local_2d, gone, cudnn, named_ops)
"""What only tf_keras builds."""
