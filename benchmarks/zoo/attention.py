"""Attention, and mixing without it."""

from __future__ import annotations

from typing import Any

from benchmarks.zoo.kit import Kit


def _block(k: Kit, x: Any, heads: int, width: int, post: bool, function: str = "relu") -> Any:
    def norm(value: Any) -> Any:
        return k.LayerNormalization(epsilon=1e-6, name=k.n("ln"))(value)

    source = x if post else norm(x)
    y = k.Dropout(0.1)(k.MultiHeadAttention(num_heads=heads, key_dim=width // heads, name=k.n("mha"))(source, source))
    x = k.Add(name=k.n("add"))([x, y])
    x = norm(x) if post else x
    y = k.Dense(2 * width, activation=function, name=k.n("ffn"))(x if post else norm(x))
    y = k.Dropout(0.1)(k.Dense(width, name=k.n("ffn"))(y))
    x = k.Add(name=k.n("add"))([x, y])
    return norm(x) if post else x


def transformer_text(k: Kit) -> Any:
    """Text classification, normalised after (or before) each sub-layer."""
    x = tokens = k.Input((40,), dtype="int32")
    x = k.Embedding(300, 32, name=k.n("embed"))(x)
    for _ in range(k.pick((1, 2), (3,))):
        x = _block(k, x, k.pick((2, 4)), 32, post=k.pick((True,), (False,)))
    x = k.Dense(20, activation="relu", name=k.n("fc"))(k.Dropout(0.1)(k.GlobalAveragePooling1D()(x)))
    return k.Model(tokens, k.Dense(2, activation="softmax", name=k.n("out"))(x))


def transformer_series(k: Kit) -> Any:
    """Keras' time-series transformer: pre-normalised, convolutions as feed-forward."""
    x = series = k.Input((k.pick((60, 100)), k.pick((1, 4))))
    for _ in range(2):
        y = k.LayerNormalization(epsilon=1e-6, name=k.n("ln"))(x)
        y = k.MultiHeadAttention(key_dim=16, num_heads=2, dropout=0.1, name=k.n("mha"))(y, y)
        x = k.add([k.Dropout(0.1)(y), x]) if k.pick((True,), (False,)) else k.add([x, k.Dropout(0.1)(y)])
        y = k.LayerNormalization(epsilon=1e-6, name=k.n("ln"))(x)
        y = k.Conv1D(4, 1, activation="relu", name=k.n("conv"))(y)
        x = k.add([k.Conv1D(x.shape[-1], 1, name=k.n("conv"))(y), x])
    x = k.GlobalAveragePooling1D(data_format=k.pick(("channels_last",), ("channels_first",)))(x)
    return k.Model(
        series, k.Dense(2, activation="softmax", name=k.n("out"))(k.Dense(24, activation="relu", name=k.n("fc"))(x))
    )


def vision_transformer(k: Kit) -> Any:
    """Patches by a strided convolution, encoder blocks, flattened or averaged."""
    x = image = k.Input((32, 32, 3))
    x = k.Conv2D(32, 8, strides=8, padding=k.pick(("valid", "same")), name=k.n("patch"))(x)
    x = k.Reshape((16, 32))(x)
    for _ in range(k.pick((2,), (1,))):
        x = _block(k, x, 4, 32, post=False, function="gelu")
    x = k.LayerNormalization(epsilon=1e-6, name=k.n("ln"))(x)
    x = k.Flatten()(x) if k.pick((True,), (False,)) else k.GlobalAveragePooling1D()(x)
    return k.Model(image, k.Dense(10, name=k.n("out"))(x))


def cross_attention(k: Kit) -> Any:
    """Encoder and decoder: self-attention on both sides, cross-attention between."""
    source, target = k.Input((20,), dtype="int32"), k.Input((16,), dtype="int32")
    x = _block(k, k.Embedding(200, 24, name=k.n("embed"))(source), 2, 24, post=True)
    y = k.Embedding(180, 24, name=k.n("embed"))(target)
    z = k.MultiHeadAttention(num_heads=2, key_dim=12, name=k.n("mha"))(y, y)
    y = k.LayerNormalization(name=k.n("ln"))(k.Add(name=k.n("add"))([y, z]))
    z = k.MultiHeadAttention(num_heads=k.pick((2,), (4,)), key_dim=12, name=k.n("mha"))(y, x)
    y = k.LayerNormalization(name=k.n("ln"))(k.Add(name=k.n("add"))([y, z]))
    y = k.LayerNormalization(name=k.n("ln"))(
        k.Add(name=k.n("add"))([y, k.Dense(24, activation="relu", name=k.n("ffn"))(y)])
    )
    return k.Model([source, target], k.Dense(180, name=k.n("out"))(y))


def attention_pooling(k: Kit) -> Any:
    """A recurrent layer whose steps are weighted by a softmax over time."""
    x = tokens = k.Input((30,), dtype="int32")
    x = k.LSTM(32, return_sequences=True, name=k.n("rnn"))(k.Embedding(200, 24, name=k.n("embed"))(x))
    score = k.Flatten()(k.Dense(1, activation="tanh", name=k.n("score"))(x))
    weight = k.Activation("softmax")(score)
    if k.pick((True,), (False,)):
        weight = k.Permute([2, 1])(k.RepeatVector(32)(weight))
        x = k.Flatten()(k.Multiply(name=k.n("mul"))([x, weight]))
    else:
        x = k.Dot(axes=1)([weight, x])
    return k.Model(tokens, k.Dense(3, activation="softmax", name=k.n("out"))(x))


def attention_qa(k: Kit) -> Any:
    """Keras' Attention layer between two encoders."""
    query, value = k.Input((12,), dtype="int32"), k.Input((20,), dtype="int32")
    embed = k.Embedding(200, 24, name=k.n("embed"))
    conv = k.Conv1D(16, 4, padding="same", name=k.n("conv"))
    q, v = conv(embed(query)), conv(embed(value))
    attended = k.pick((k.Attention,), (k.AdditiveAttention,))()([q, v])
    x = k.Concatenate(name=k.n("cat"))([k.GlobalAveragePooling1D()(q), k.GlobalAveragePooling1D()(attended)])
    return k.Model([query, value], k.Dense(1, activation="sigmoid", name=k.n("out"))(x))


def mixer(k: Kit) -> Any:
    """MLP-Mixer: dense layers across patches and across channels."""
    x = image = k.Input((32, 32, 3))
    x = k.Reshape((16, 24))(k.Conv2D(24, 8, strides=8, name=k.n("patch"))(x))
    for _ in range(k.pick((2,), (1,))):
        y = k.Permute((2, 1))(k.LayerNormalization(name=k.n("ln"))(x))
        y = k.Dense(16, name=k.n("fc"))(k.Dense(32, activation="gelu", name=k.n("fc"))(y))
        x = k.Add(name=k.n("add"))([x, k.Permute((2, 1))(y)])
        y = k.LayerNormalization(name=k.n("ln"))(x)
        y = k.Dense(24, name=k.n("fc"))(k.Dense(48, activation="gelu", name=k.n("fc"))(y))
        x = k.Add(name=k.n("add"))([x, y])
    return k.Model(image, k.Dense(10, activation="softmax", name=k.n("out"))(k.GlobalAveragePooling1D()(x)))


def channel_spatial(k: Kit) -> Any:
    """Shared dense layers on averaged and maximal channels (CBAM's first half) in a small classifier."""
    x = image = k.Input((32, 32, 3))
    for width in (16, 32):
        x = k.MaxPooling2D(name=k.n("pool"))(k.conv_bn(x, width, 3))
        one, two = k.Dense(width // 4, activation="relu", name=k.n("fc")), k.Dense(width, name=k.n("fc"))
        gate = k.Add(name=k.n("add"))([two(one(k.GlobalAveragePooling2D()(x))), two(one(k.GlobalMaxPooling2D()(x)))])
        gate = k.Reshape((1, 1, width))(k.Activation(k.pick(("sigmoid",), ("hard_sigmoid",)))(gate))
        x = k.Multiply(name=k.n("mul"))([x, gate])
    return k.Model(image, k.Dense(10, activation="softmax", name=k.n("out"))(k.GlobalAveragePooling2D()(x)))
