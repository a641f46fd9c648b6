"""Several inputs, several outputs, shared and nested models, agents."""

from __future__ import annotations

from typing import Any

from benchmarks.zoo.kit import Kit


def siamese(k: Kit) -> Any:
    """One tower, two images; the difference decides."""
    tower = [k.Input((28, 28, 1))]
    for width in k.pick(((16, 32), (8, 16)), ((16, 24, 32),)):
        tower += [*k.plain(k.Conv2D, "relu", width, 3, name=k.n("conv")), k.MaxPooling2D(name=k.n("pool"))]
    tower += [k.Flatten(), k.Dense(32, activation="sigmoid", name=k.n("fc"))]
    network = k.Sequential(tower)
    left, right = k.Input((28, 28, 1)), k.Input((28, 28, 1))
    merge = k.pick((k.Subtract, k.Multiply), (k.Concatenate,))()
    x = merge([network(left), network(right)])
    return k.Model([left, right], k.Dense(1, activation="sigmoid", name=k.n("out"))(x))


def siamese_text(k: Kit) -> Any:
    """Shared embedding and LSTM without a nested model; dot product."""
    left, right = k.Input((20,), dtype="int32"), k.Input((20,), dtype="int32")
    embed, encode = k.Embedding(300, 24, name=k.n("embed")), k.pick((k.LSTM,), (k.GRU,))(16, name=k.n("rnn"))
    a, b = encode(embed(left)), encode(embed(right))
    if k.pick((True,), (False,)):
        x = k.concatenate([a, b, k.multiply([a, b])])
        return k.Model([left, right], k.Dense(1, activation="sigmoid", name=k.n("out"))(k.dense(x, 16)))
    return k.Model([left, right], k.Dot(axes=1, normalize=True)([a, b]))


def two_input(k: Kit) -> Any:
    """An image and a table."""
    image, table = k.Input((32, 32, 3)), k.Input((k.pick((10, 6)),))
    x = image
    for width in (8, 16):
        x = k.MaxPooling2D(name=k.n("pool"))(k.conv(x, width, 3, padding="same"))
    x, y = k.dense(k.Flatten()(x), 16), k.dense(table, k.pick((8,), (16,)))
    x = k.dense(k.concatenate([x, y] if k.pick((True,), (False,)) else [y, x]), 8)
    return k.Model([image, table], k.Dense(1, name=k.n("out"))(x))


def two_output(k: Kit) -> Any:
    """Age and gender: one trunk, a regression head and a classification head."""
    x = image = k.Input((48, 48, 1))
    for width in (16, 32):
        x = k.MaxPooling2D(name=k.n("pool"))(k.conv(x, width, 3))
    x = k.Flatten()(x)
    a = k.Dropout(0.3)(k.dense(x, 32))
    b = k.Dropout(0.3)(k.dense(x, k.pick((32,), (48,))))
    return k.Model(
        image,
        [
            k.Dense(2, activation="softmax", name="gender")(a),
            k.Dense(1, activation=k.pick(("relu",), (None,)), name="age")(b),
        ],
    )


def captcha(k: Kit) -> Any:
    """One head a character."""
    x = image = k.Input((32, 64, 1))
    for width in (8, 16, 16):
        x = k.MaxPooling2D(name=k.n("pool"))(k.conv(x, width, 3, padding="same"))
    x = k.Flatten()(x)
    return k.Model(image, [k.Dense(36, activation="softmax", name=f"char{i}")(x) for i in range(k.pick((4,), (5,)))])


def wide_deep(k: Kit) -> Any:
    """A linear path beside a deep one."""
    wide, deep = k.Input((k.pick((20, 8)),)), k.Input((12,))
    x = deep
    for units in k.pick(((64, 32), (30, 30)), ((50, 25, 10),)):
        x = k.dense(x, units)
    x = k.concatenate([wide, x])
    return k.Model([wide, deep], k.Dense(1, activation=k.pick(("sigmoid", None)), name=k.n("out"))(x))


def entity_embeddings(k: Kit) -> Any:
    """One embedding per category plus numbers."""
    inputs, parts = [], []
    for size in k.pick(((7, 12, 31), (50, 9)), ((24, 7, 5, 100),)):
        category = k.Input((1,), dtype="int32")
        inputs.append(category)
        embedded = k.Embedding(size, (size + 1) // 2, name=k.n("embed"))(category)
        parts.append(k.Flatten()(embedded) if k.pick((True,), (False,)) else k.Reshape(((size + 1) // 2,))(embedded))
    numbers = k.Input((6,))
    x = k.concatenate([*parts, numbers])
    x = k.dense(k.Dropout(0.1)(k.dense(x, 64)), 32)
    return k.Model([*inputs, numbers], k.Dense(1, activation="sigmoid", name=k.n("out"))(x))


def recommender(k: Kit) -> Any:
    """Neural collaborative filtering: a factorisation beside a perceptron."""
    user, item = k.Input((1,), dtype="int32"), k.Input((1,), dtype="int32")
    width = k.pick((8, 16))
    u, i = [k.Flatten()(k.Embedding(n, width, name=k.n("embed"))(x)) for n, x in ((100, user), (80, item))]
    if k.pick((True,), (False,)):
        a, b = [k.Flatten()(k.Embedding(n, width, name=k.n("embed"))(x)) for n, x in ((100, user), (80, item))]
        x = k.concatenate([k.multiply([u, i]), k.dense(k.dense(k.concatenate([a, b]), 32), 16)])
        return k.Model([user, item], k.Dense(1, activation="sigmoid", name=k.n("out"))(x))
    return k.Model([user, item], k.Dense(1, name=k.n("out"))(k.Dot(axes=1)([u, i])))


def dqn(k: Kit) -> Any:
    """The Atari network: 8/4, 4/2, 3/1, dense, linear."""
    layers = [k.Input((84, 84, 4))]
    if k.pick((False, True)):
        layers.append(k.Rescaling(1 / 255.0))
    for width, size, strides in k.pick(
        (((8, 8, 4), (16, 4, 2), (16, 3, 1)), ((16, 8, 4), (32, 4, 2))), (((12, 8, 4), (24, 4, 2), (24, 3, 1)),)
    ):
        layers += k.plain(k.Conv2D, "relu", width, size, strides=strides, name=k.n("conv"))
    return k.Sequential(
        [*layers, k.Flatten(), *k.plain(k.Dense, "relu", 64, name=k.n("fc")), k.Dense(k.pick((4, 6)), name=k.n("out"))]
    )


def dqn_vector(k: Kit) -> Any:
    """Cart-pole."""
    layers = [k.Input((k.pick((4, 8)),))]
    for units in k.pick(((24, 24), (32, 32, 16)), ((40, 40),)):
        layers += k.plain(k.Dense, "relu", units, name=k.n("fc"))
    return k.Sequential([*layers, k.Dense(k.pick((2, 4)), activation="linear", name=k.n("out"))])


def actor_critic(k: Kit) -> Any:
    """A policy and a value on one trunk."""
    x = state = k.Input((k.pick((4, 24)),))
    for _ in range(k.pick((1, 2), (3,))):
        x = k.dense(x, 48, k.pick(("relu",), ("tanh",)))
    return k.Model(state, [k.Dense(4, activation="softmax", name=k.n("actor"))(x), k.Dense(1, name=k.n("critic"))(x)])


def critic(k: Kit) -> Any:
    """DDPG: the action joins in the second layer."""
    state, action = k.Input((12,)), k.Input((k.pick((3, 2)),))
    x = k.Dense(32, activation="linear", name=k.n("fc"))(k.dense(state, 48))
    y = k.Dense(32, activation="linear", name=k.n("fc"))(action)
    x = k.add([x, y]) if k.pick((True,), (False,)) else k.concatenate([x, y])
    return k.Model([state, action], k.Dense(1, activation="linear", name=k.n("out"))(k.dense(x, 32)))


def nested_transfer(k: Kit) -> Any:
    """A base model as one layer, a head on top."""
    x = image = k.Input((48, 48, 3))
    for width, strides in ((8, 2), (16, 2), (24, 1)):
        x = k.conv_bn(x, width, 3, strides)
    base = k.Model(image, x, name=k.pick((None, "base")))
    head = [k.Input((48, 48, 3)), base]
    head += [k.GlobalAveragePooling2D()] if k.pick((True,), (False,)) else [k.Flatten()]
    return k.Sequential(
        [
            *head,
            k.Dropout(0.3),
            *k.plain(k.Dense, "relu", 32, name=k.n("fc")),
            k.Dense(5, activation="softmax", name=k.n("out")),
        ]
    )


def ensemble(k: Kit) -> Any:
    """The average of two nested classifiers."""
    image = k.Input((28, 28, 1))
    members = []
    for width in k.pick(((8, 16),), ((8, 12, 16),)):
        members.append(
            k.Sequential(
                [
                    k.Input((28, 28, 1)),
                    k.Conv2D(width, 3, activation="relu", name=k.n("conv")),
                    k.MaxPooling2D(name=k.n("pool")),
                    k.Flatten(),
                    k.Dense(10, activation="softmax", name=k.n("out")),
                ]
            )
        )
    return k.Model(image, k.Average(name=k.n("avg"))([member(image) for member in members]))


def maxout(k: Kit) -> Any:
    """Parallel dense layers under a maximum, or a highway gate."""
    x = table = k.Input((20,))
    for _ in range(2):
        x = k.Maximum(name=k.n("max"))([k.Dense(24, name=k.n("fc"))(x) for _ in range(k.pick((2,), (3,)))])
    return k.Model(table, k.Dense(4, activation="softmax", name=k.n("out"))(x))
