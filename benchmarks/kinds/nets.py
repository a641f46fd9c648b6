"""Small nets of the kinds that strangers' files hold. Each is ``(library) -> model``, Keras 3 or tf_keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Make = Callable[[Any], Any]


def mlp(k: Any) -> Any:
    x = k.Input((12,))
    y = k.layers.Dropout(0.3)(k.layers.Dense(16, activation="relu")(x))
    return k.Model(x, k.layers.Dense(3, activation="softmax")(y))


def lenet(k: Any) -> Any:
    n = k.layers
    return k.Sequential(
        [
            k.Input((28, 28, 1)),
            n.Conv2D(6, 5, activation="relu"),
            n.MaxPooling2D(),
            n.Conv2D(16, 5),
            n.Activation("relu"),
            n.MaxPooling2D(),
            n.Flatten(),
            n.Dense(30),
            n.Dense(10),
        ]
    )


def transfer(k: Any) -> Any:
    """A convolutional base inside a Sequential, with a head of one's own."""
    n = k.layers
    x = k.Input((32, 32, 3))
    y = n.MaxPooling2D()(n.Conv2D(8, 3, padding="same", activation="relu", name="block1_conv1")(x))
    y = n.MaxPooling2D()(n.Conv2D(12, 3, padding="same", activation="relu", name="block2_conv1")(y))
    base = k.Model(x, y, name="vgg")
    return k.Sequential([base, n.Flatten(), n.Dense(16, activation="relu"), n.Dropout(0.5), n.Dense(2)])


def nested_flat(k: Any) -> Any:
    """A nested model that flattens inside."""
    n = k.layers
    x = k.Input((10, 10, 3))
    y = n.Flatten()(n.BatchNormalization()(n.Conv2D(4, 3, padding="same")(x)))
    inner = k.Model(x, y, name="backbone")
    outside = k.Input((10, 10, 3))
    return k.Model(outside, n.Dense(2)(n.Dense(6, activation="relu")(inner(outside))))


def nested_pooled(k: Any) -> Any:
    """A nested model that ends in global pooling, in a functional net."""
    n = k.layers
    x = k.Input((16, 16, 3))
    y = n.ReLU()(n.BatchNormalization()(n.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)))
    y = n.GlobalAveragePooling2D()(n.Conv2D(16, 3, padding="same", activation="relu")(y))
    outside = k.Input((16, 16, 3))
    return k.Model(outside, n.Dense(5, activation="softmax")(k.Model(x, y, name="encoder")(outside)))


def siamese(k: Any) -> Any:
    n = k.layers
    x = k.Input((14, 14, 1))
    tower = k.Model(x, n.Dense(8)(n.Flatten()(n.MaxPooling2D()(n.Conv2D(4, 3, activation="relu")(x)))))
    a, b = k.Input((14, 14, 1)), k.Input((14, 14, 1))
    return k.Model([a, b], n.Dense(1, activation="sigmoid")(n.Subtract()([tower(a), tower(b)])))


def autoencoder(k: Any) -> Any:
    """Encoder and decoder as models in a model."""
    n = k.layers
    x, z = k.Input((20,)), k.Input((3,))
    encoder = k.Model(x, n.Dense(3)(n.Dense(8, activation="relu")(x)), name="encoder")
    decoder = k.Model(z, n.Dense(20, activation="sigmoid")(n.Dense(8, activation="relu")(z)), name="decoder")
    return k.Model(x, decoder(encoder(x)))


def vae(k: Any) -> Any:
    """Two heads for mean and variance, whose sample a Lambda draws."""
    n = k.layers
    x = k.Input((20,))
    h = n.Dense(8, activation="relu")(x)
    mean, spread = n.Dense(2, name="z_mean")(h), n.Dense(2, name="z_log_var")(h)
    z = n.Lambda(lambda t: t[0] + 0 * t[1], name="z", output_shape=(2,))([mean, spread])
    return k.Model(x, n.Dense(20, activation="sigmoid")(n.Dense(8, activation="relu")(z)))


def gan(k: Any) -> Any:
    n = k.layers
    return k.Sequential(
        [
            k.Input((16,)),
            n.Dense(4 * 4 * 8, use_bias=False),
            n.BatchNormalization(),
            n.LeakyReLU(),
            n.Reshape((4, 4, 8)),
            n.Conv2DTranspose(8, 5, strides=2, padding="same", use_bias=False),
            n.BatchNormalization(),
            n.LeakyReLU(),
            n.Conv2DTranspose(1, 5, strides=2, padding="same", activation="tanh"),
        ]
    )


def unet(k: Any) -> Any:
    n = k.layers
    x = k.Input((32, 32, 3))
    a = n.Conv2D(8, 3, padding="same", activation="relu")(x)
    b = n.Conv2D(16, 3, padding="same", activation="relu")(n.MaxPooling2D()(a))
    c = n.Conv2D(32, 3, padding="same", activation="relu")(n.MaxPooling2D()(b))
    up = n.Concatenate()([n.Conv2DTranspose(16, 2, strides=2)(c), b])
    up = n.Conv2D(16, 3, padding="same", activation="relu")(up)
    up = n.Concatenate()([n.Conv2DTranspose(8, 2, strides=2)(up), a])
    return k.Model(x, n.Conv2D(1, 1, activation="sigmoid")(n.Conv2D(8, 3, padding="same", activation="relu")(up)))


def resnet(k: Any) -> Any:
    n = k.layers
    x = k.Input((32, 32, 3))
    y = n.ReLU()(n.BatchNormalization(name="bn_conv1")(n.Conv2D(8, 7, strides=2, padding="same", name="conv1")(x)))
    for stage, wide in enumerate((8, 16)):
        s = f"res{stage + 2}a_branch"
        z = n.ReLU()(n.BatchNormalization()(n.Conv2D(wide, 3, strides=stage + 1, padding="same", name=f"{s}2a")(y)))
        z = n.BatchNormalization()(n.Conv2D(wide, 3, padding="same", name=f"{s}2b")(z))
        y = n.BatchNormalization()(n.Conv2D(wide, 1, strides=stage + 1, name=f"{s}1")(y))
        y = n.ReLU()(n.Add()([z, y]))
    return k.Model(x, n.Dense(10, activation="softmax", name="fc")(n.GlobalAveragePooling2D()(y)))


def excited(k: Any) -> Any:
    """Squeeze and excitation, depthwise convolutions, swish: EfficientNet's block."""
    n = k.layers
    x = k.Input((32, 32, 3))
    y = n.Activation("swish")(n.BatchNormalization()(n.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)))
    z = n.Conv2D(24, 1, use_bias=False, name="block1a_expand_conv")(y)
    z = n.Activation("swish")(n.BatchNormalization()(z))
    z = n.DepthwiseConv2D(3, padding="same", use_bias=False, name="block1a_dwconv")(z)
    z = n.Activation("swish")(n.BatchNormalization()(z))
    s = n.Reshape((1, 1, 24), name="block1a_se_reshape")(n.GlobalAveragePooling2D(name="block1a_se_squeeze")(z))
    s = n.Conv2D(4, 1, activation="swish", name="block1a_se_reduce")(s)
    z = n.Multiply()([z, n.Conv2D(24, 1, activation="sigmoid", name="block1a_se_expand")(s)])
    z = n.BatchNormalization()(n.Conv2D(8, 1, use_bias=False, name="block1a_project_conv")(z))
    return k.Model(x, n.Dense(5)(n.GlobalAveragePooling2D()(n.Add()([n.Dropout(0.2)(z), y]))))


def xception(k: Any) -> Any:
    n = k.layers
    x = k.Input((32, 32, 3))
    y = n.Activation("relu")(n.BatchNormalization()(n.Conv2D(8, 3, strides=2, use_bias=False)(x)))
    r = n.BatchNormalization()(n.Conv2D(16, 1, strides=2, padding="same", use_bias=False)(y))
    z = n.BatchNormalization()(n.SeparableConv2D(16, 3, padding="same", use_bias=False)(y))
    z = n.MaxPooling2D(3, strides=2, padding="same")(z)
    return k.Model(x, n.Dense(4)(n.GlobalAveragePooling2D()(n.Add()([z, r]))))


def ssd(k: Any) -> Any:
    """Heads of several maps, reshaped and joined."""
    n = k.layers
    x = k.Input((64, 64, 3))
    a = n.MaxPooling2D()(n.Conv2D(8, 3, padding="same", activation="relu", name="conv1_1")(x))
    b = n.MaxPooling2D()(n.Conv2D(16, 3, padding="same", activation="relu", name="conv2_1")(a))
    c = n.MaxPooling2D()(n.Conv2D(16, 3, padding="same", activation="relu", name="conv3_1")(b))
    heads = []
    for name, source in (("conv2", b), ("conv3", c)):
        head = n.Conv2D(4 * 5, 3, padding="same", name=f"{name}_mbox_conf")(source)
        heads.append(n.Reshape((-1, 5), name=f"{name}_mbox_conf_reshape")(head))
    return k.Model(x, n.Activation("softmax")(n.Concatenate(axis=1, name="mbox_conf")(heads)))


def yolo(k: Any) -> Any:
    n = k.layers
    x = k.Input((64, 64, 3))

    def block(y: Any, wide: int, size: int = 3) -> Any:
        y = n.Conv2D(wide, size, padding="same", use_bias=False)(y)
        return n.LeakyReLU(0.1)(n.BatchNormalization()(y))

    a = block(n.MaxPooling2D()(block(x, 8)), 16)
    b = block(n.MaxPooling2D()(a), 32)
    up = n.UpSampling2D()(block(b, 16, 1))
    return k.Model(x, [n.Conv2D(21, 1)(block(b, 32)), n.Conv2D(21, 1)(block(n.Concatenate()([up, a]), 32))])


def crnn(k: Any) -> Any:
    """Text recognition: columns as time."""
    n = k.layers
    x = k.Input((32, 16, 1), name="the_input")
    y = n.MaxPooling2D(name="max1")(n.Conv2D(8, 3, padding="same", activation="relu", name="conv1")(x))
    y = n.Reshape((16, 64), name="reshape")(y)
    y = n.Dense(16, activation="relu", name="dense1")(y)
    y = n.Bidirectional(n.GRU(12, return_sequences=True), name="gru1")(y)
    return k.Model(x, n.Activation("softmax", name="softmax")(n.Dense(11, name="dense2")(y)))


def text(k: Any) -> Any:
    n = k.layers
    return k.Sequential([k.Input((40,)), n.Embedding(50, 8), n.LSTM(16), n.Dense(1, activation="sigmoid")])


def text_conv(k: Any) -> Any:
    n = k.layers
    return k.Sequential(
        [
            k.Input((40,)),
            n.Embedding(50, 8),
            n.SpatialDropout1D(0.2),
            n.Conv1D(12, 5, activation="relu"),
            n.GlobalMaxPooling1D(),
            n.Dense(6, activation="relu"),
            n.Dense(1),
        ]
    )


def text_kim(k: Any) -> Any:
    """Parallel windows over words."""
    n = k.layers
    x = k.Input((30,))
    e = n.Embedding(60, 8)(x)
    heads = [n.GlobalMaxPooling1D()(n.Conv1D(6, size, activation="relu")(e)) for size in (3, 4, 5)]
    return k.Model(x, n.Dense(2, activation="softmax")(n.Dropout(0.5)(n.Concatenate()(heads))))


def tagger(k: Any) -> Any:
    n = k.layers
    x = k.Input((20,))
    y = n.Embedding(50, 8, mask_zero=True)(x)
    y = n.Bidirectional(n.LSTM(8, return_sequences=True))(y)
    return k.Model(x, n.TimeDistributed(n.Dense(5, activation="softmax"))(y))


def seq2seq(k: Any) -> Any:
    n = k.layers
    source, target = k.Input((None, 12)), k.Input((None, 9))
    _, h, c = n.LSTM(10, return_state=True)(source)
    y = n.LSTM(10, return_sequences=True)(target, initial_state=[h, c])
    return k.Model([source, target], n.Dense(9, activation="softmax")(y))


def video(k: Any) -> Any:
    n = k.layers
    x = k.Input((5, 16, 16, 3))
    y = n.TimeDistributed(n.MaxPooling2D())(n.TimeDistributed(n.Conv2D(4, 3, activation="relu"))(x))
    return k.Model(x, n.Dense(3)(n.LSTM(6)(n.TimeDistributed(n.Flatten())(y))))


def convlstm(k: Any) -> Any:
    n = k.layers
    x = k.Input((5, 16, 16, 1))
    y = n.BatchNormalization()(n.ConvLSTM2D(4, 3, padding="same", return_sequences=True)(x))
    return k.Model(x, n.Conv3D(1, 3, padding="same", activation="sigmoid")(y))


def volume(k: Any) -> Any:
    n = k.layers
    return k.Sequential(
        [
            k.Input((12, 12, 12, 1)),
            n.Conv3D(4, 3, activation="relu"),
            n.MaxPooling3D(),
            n.Conv3D(8, 3, activation="relu"),
            n.Flatten(),
            n.Dense(2),
        ]
    )


def wavenet(k: Any) -> Any:
    n = k.layers
    x = k.Input((64, 8))
    y = n.Conv1D(8, 2, padding="causal")(x)
    skips = []
    for rate in (1, 2, 4):
        gate = n.Multiply()(
            [
                n.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation="tanh")(y),
                n.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation="sigmoid")(y),
            ]
        )
        skips.append(n.Conv1D(8, 1)(gate))
        y = n.Add()([y, skips[-1]])
    return k.Model(x, n.Conv1D(4, 1, activation="softmax")(n.ReLU()(n.Add()(skips))))


def separable_1d(k: Any) -> Any:
    n = k.layers
    return k.Sequential(
        [
            k.Input((50, 4)),
            n.SeparableConv1D(8, 3, activation="relu"),
            n.MaxPooling1D(),
            n.SeparableConv1D(12, 3, activation="relu"),
            n.GlobalAveragePooling1D(),
            n.Dense(2),
        ]
    )


def eegnet(k: Any) -> Any:
    n = k.layers
    x = k.Input((8, 64, 1))
    y = n.BatchNormalization()(n.Conv2D(4, (1, 16), padding="same", use_bias=False)(x))
    y = n.BatchNormalization()(n.DepthwiseConv2D((8, 1), depth_multiplier=2, use_bias=False)(y))
    y = n.Dropout(0.5)(n.AveragePooling2D((1, 4))(n.Activation("elu")(y)))
    y = n.BatchNormalization()(n.SeparableConv2D(8, (1, 8), padding="same", use_bias=False)(y))
    y = n.AveragePooling2D((1, 8))(n.Activation("elu")(y))
    return k.Model(x, n.Dense(4, activation="softmax", name="dense")(n.Flatten(name="flatten")(y)))


def transformer(k: Any) -> Any:
    n = k.layers
    x = k.Input((10, 16))
    y = n.LayerNormalization(epsilon=1e-6)(x)
    y = n.Add()([n.MultiHeadAttention(2, 8)(y, y), x])
    z = n.Dense(16)(n.Dense(32, activation="gelu")(n.LayerNormalization(epsilon=1e-6)(y)))
    return k.Model(x, n.Dense(3)(n.GlobalAveragePooling1D()(n.Add()([z, y]))))


def groups(k: Any) -> Any:
    n = k.layers
    x = k.Input((16, 16, 3))
    y = n.Activation("relu")(n.GroupNormalization(4)(n.Conv2D(8, 3, padding="same")(x)))
    return k.Model(x, n.Dense(2)(n.GlobalAveragePooling2D()(n.Conv2D(8, 3, groups=4)(y))))


def prelu(k: Any) -> Any:
    n = k.layers
    x = k.Input((24, 24, 3))
    y = n.MaxPooling2D()(n.PReLU(shared_axes=[1, 2], name="PReLU1")(n.Conv2D(10, 3, name="conv1")(x)))
    y = n.PReLU(shared_axes=[1, 2], name="PReLU2")(n.Conv2D(16, 3, name="conv2")(y))
    y = n.PReLU(name="prelu4")(n.Dense(12, name="conv4")(n.Flatten()(n.Permute((3, 2, 1))(y))))
    return k.Model(x, [n.Dense(2, activation="softmax", name="conv5-1")(y), n.Dense(4, name="conv5-2")(y)])


def wide_deep(k: Any) -> Any:
    n = k.layers
    user, film, rest = k.Input((1,), name="user"), k.Input((1,), name="film"), k.Input((7,), name="rest")
    u = n.Flatten()(n.Embedding(30, 5, name="user_embedding")(user))
    f = n.Flatten()(n.Embedding(40, 5, name="film_embedding")(film))
    y = n.Dense(8, activation="relu")(n.Concatenate()([u, f, rest]))
    return k.Model([user, film, rest], n.Dense(1)(n.Concatenate()([n.Dot(1)([u, f]), y])))


def actor_critic(k: Any) -> Any:
    n = k.layers
    state, action = k.Input((8,)), k.Input((2,))
    y = n.Dense(12, activation="relu")(n.Concatenate()([n.Dense(16, activation="relu")(state), action]))
    return k.Model([state, action], n.Dense(1)(y))


def dqn(k: Any) -> Any:
    n = k.layers
    x = k.Input((84, 84, 4))
    y = n.Conv2D(8, 8, strides=4, activation="relu")(x)
    y = n.Conv2D(16, 4, strides=2, activation="relu")(y)
    return k.Model(x, n.Dense(4)(n.Dense(32, activation="relu")(n.Flatten()(n.Conv2D(16, 3, activation="relu")(y)))))


def two_heads(k: Any) -> Any:
    """Policy and value of a board game."""
    n = k.layers
    x = k.Input((8, 8, 5))
    y = n.Activation("relu")(n.BatchNormalization()(n.Conv2D(16, 3, padding="same", use_bias=False)(x)))
    z = n.BatchNormalization()(n.Conv2D(16, 3, padding="same", use_bias=False)(y))
    y = n.Activation("relu")(n.Add()([z, y]))
    p = n.Flatten()(n.Activation("relu")(n.Conv2D(2, 1)(y)))
    v = n.Dense(8, activation="relu")(n.Flatten()(n.Activation("relu")(n.Conv2D(1, 1)(y))))
    return k.Model(x, [n.Dense(65, activation="softmax", name="policy")(p), n.Dense(1, activation="tanh", name="v")(v)])


def augmented(k: Any) -> Any:
    """Scaling and augmentation inside the model."""
    n = k.layers
    return k.Sequential(
        [
            k.Input((32, 32, 3)),
            n.Rescaling(1 / 255),
            n.RandomFlip("horizontal"),
            n.RandomRotation(0.1),
            n.Conv2D(8, 3, activation="relu"),
            n.MaxPooling2D(),
            n.Flatten(),
            n.Dense(3),
        ]
    )


def augmented_nested(k: Any) -> Any:
    n = k.layers
    augmentation = k.Sequential([n.RandomFlip("horizontal"), n.RandomZoom(0.1)], name="augmentation")
    return k.Sequential(
        [
            k.Input((32, 32, 3)),
            augmentation,
            n.Rescaling(1 / 255),
            n.Conv2D(8, 3, activation="relu"),
            n.MaxPooling2D(),
            n.Flatten(),
            n.Dense(3),
        ]
    )


def normalised(k: Any) -> Any:
    import numpy as np

    n = k.layers
    first = n.Normalization()
    first.adapt(np.random.default_rng(0).normal(3, 2, (50, 6)).astype("float32"))
    return k.Sequential([k.Input((6,)), first, n.Dense(8, activation="relu"), n.Dense(1)])


def operators(k: Any) -> Any:
    """Sums and products written as operators."""
    n = k.layers
    x = k.Input((16, 16, 3))
    y = n.Conv2D(8, 3, padding="same", activation="relu")(x)
    z = n.Conv2D(8, 3, padding="same")(y)
    y = y + z * 0.5
    return k.Model(x, n.Dense(2)(n.GlobalAveragePooling2D()(n.Conv2D(8, 3)(y))))


def lambdas(k: Any) -> Any:
    """A Lambda that scales the input and one that scales a branch."""
    n = k.layers
    x = k.Input((16, 16, 3))
    y = n.Lambda(lambda t: t / 127.5 - 1.0, output_shape=(16, 16, 3))(x)
    y = n.Conv2D(8, 3, padding="same", activation="relu")(y)
    z = n.Lambda(lambda t: t * 0.17, output_shape=(16, 16, 8), name="block_scale")(n.Conv2D(8, 3, padding="same")(y))
    return k.Model(x, n.Dense(2)(n.GlobalAveragePooling2D()(n.Add()([y, z]))))


def timed_lambda(k: Any) -> Any:
    n = k.layers
    x = k.Input((5, 6, 6, 2))
    y = n.TimeDistributed(n.Conv2D(4, 3))(x)
    y = n.TimeDistributed(n.Lambda(lambda t: t * 2.0, output_shape=(4, 4, 4)))(y)
    return k.Model(x, n.LSTM(3)(n.TimeDistributed(n.Flatten())(y)))


def cells(k: Any) -> Any:
    """Cells stacked in one RNN."""
    n = k.layers
    return k.Sequential([k.Input((7, 5)), n.RNN([n.LSTMCell(6), n.LSTMCell(4)]), n.Dense(2)])


def attention(k: Any) -> Any:
    n = k.layers
    q, v = k.Input((6, 8)), k.Input((9, 8))
    y = n.Concatenate()([n.GlobalAveragePooling1D()(q), n.GlobalAveragePooling1D()(n.Attention()([q, v]))])
    return k.Model([q, v], n.Dense(2)(y))


def weighed_time(k: Any) -> Any:
    """Attention over time of standard layers."""
    n = k.layers
    x = k.Input((9, 6))
    h = n.LSTM(8, return_sequences=True)(x)
    a = n.Activation("softmax")(n.Flatten()(n.Dense(1, activation="tanh")(h)))
    a = n.Permute((2, 1))(n.RepeatVector(8)(a))
    return k.Model(x, n.Dense(3)(n.Flatten()(n.Multiply()([h, a]))))


def first_channels(k: Any) -> Any:
    n = k.layers
    x = k.Input((3, 16, 16))
    y = n.Conv2D(8, 3, padding="same", activation="relu", data_format="channels_first")(x)
    y = n.BatchNormalization(axis=1)(y)
    y = n.MaxPooling2D(data_format="channels_first")(y)
    return k.Model(x, n.Dense(3)(n.Flatten()(y)))


NETS: tuple[Make, ...] = (
    mlp,
    lenet,
    transfer,
    nested_flat,
    nested_pooled,
    siamese,
    autoencoder,
    vae,
    gan,
    unet,
    resnet,
    excited,
    xception,
    ssd,
    yolo,
    crnn,
    text,
    text_conv,
    text_kim,
    tagger,
    seq2seq,
    video,
    convlstm,
    volume,
    wavenet,
    separable_1d,
    eegnet,
    transformer,
    groups,
    prelu,
    wide_deep,
    actor_critic,
    dqn,
    two_heads,
    augmented,
    augmented_nested,
    normalised,
    operators,
    lambdas,
    timed_lambda,
    cells,
    attention,
    weighed_time,
    first_channels,
)
