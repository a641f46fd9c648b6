"""Whole nets: backbones of cells with a head, encoder-decoders, nets on vectors, text and several inputs."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.grammar import cells
from benchmarks.grammar.builder import Out
from benchmarks.grammar.cells import Cell
from benchmarks.grammar.heads import Outputs, head
from benchmarks.grammar.style import Hand


def cell(h: Hand, axes: int = 2) -> Cell:
    """One kind of cell for a whole net."""
    v = h.random.randrange(1 << 12)
    if axes != 2:
        kinds = (cells.plain, cells.residual(v), cells.preactivated(v), cells.dense_block(v))
        return h.random.choices(kinds, (3, 4, 3, 1))[0]
    return h.random.choices(
        (
            cells.plain,
            cells.residual(v),
            cells.preactivated(v),
            cells.inverted(v),
            cells.separable(v),
            cells.dense_block(v),
            cells.inception(v),
            cells.fire(v),
            cells.excited(cells.plain, v),
            cells.excited_residual(v),
        ),
        (2, 4, 3, 3, 2, 2, 3, 1, 1, 2),
    )[0]


def backbone(h: Hand) -> Outputs:
    """Stem, stages of one or two kinds of cells, head."""
    axes = h.random.choices((2, 1, 3), (0.85, 0.12, 0.03))[0]
    x = h.b.input(h.random.choice((1, 3, 3, 3, 4)), axes)
    if not h.chance(0.06):
        x = stem(h, x)
    x = stages(h, x, cell(h, axes), h.random.choice((1, 2, 3, 3, 4)))
    if h.chance(0.25):
        x = stages(h, x, cell(h, axes), 1)
    if h.chance(0.08) and axes == 2:
        x = attended(h, x)
    if h.chance(0.2):
        x = h.act(h.norm(x))
    return head(h, x)


def attended(h: Hand, x: Out) -> Out:
    """Attention over channels from two pools through the same layers."""
    average, most = h.b.global_pool(x), h.b.global_pool(x, "Max")
    narrow = h.b.dense(average, max(2, x.channels // 8))
    again = h.b.again(narrow, most)
    wide = h.b.dense(narrow, x.channels)
    gate = h.b.same("Activation", h.b.merge("Add", wide, h.b.again(wide, again)))
    if h.chance(0.5):
        gate = h.b.reshape(gate, 2, x.channels)
    return h.b.merge("Multiply", x, gate)


def stem(h: Hand, x: Out) -> Out:
    """The first layers."""
    kind = h.random.random()
    if kind < 0.1:
        x = h.b.same("Rescaling", x)
    if 0.2 < kind < 0.35:
        x = h.b.pad(x)
    x = h.unit(x, h.style.width, h.random.choice((3, 3, 5, 7)), 2 if kind > 0.5 else 1)
    if kind > 0.75:
        x = h.b.pad(x) if 0.8 < kind < 0.9 else x
        x = h.b.pool(x)
    return x


def stages(h: Hand, x: Out, made: Cell, count: int) -> Out:
    """``count`` stages of repeated cells, each wider than the one before; the map is halved by a stage's first cell, or
    in some nets by its last."""
    width = h.style.width * h.random.choice((1, 1, 2, 4))
    repeats = h.random.choice((1, 1, 2, 2, 3, 4, 6))
    late = repeats > 1 and h.chance(0.15)
    for stage in range(count):
        cells_here = max(1, repeats + h.random.choice((-1, 0, 0, 0, 1)))
        for number in range(cells_here):
            if h.b.by_hand:
                h.b.prefix = f"stage{stage + 1}_block{number + 1}"
            halve = number == cells_here - 1 and stage < count - 1 if late else (
                number == 0 and (stage > 0 or h.chance(0.3))
            )  # fmt: skip
            x = made(h, x, width, halve)
        width *= h.random.choice((1, 2, 2, 2))
        if width > 600:
            width = 512
    h.b.prefix = "head" if h.b.by_hand else ""
    return x


def searched(h: Hand) -> Outputs:
    """A net of searched cells."""
    x = h.unit(h.b.input(3, 2), h.style.width, 3, 2)
    previous = x
    for _ in range(h.random.choice((2, 3, 4))):
        x, previous = cells.random_cell(h, x, previous, h.style.width), x
    return head(h, h.act(x))


def u_net(h: Hand) -> Outputs:
    """Encoder and decoder with skips."""
    axes = h.random.choices((2, 2, 2, 1, 3), (4, 4, 4, 1, 1))[0]
    x = h.b.input(h.random.choice((1, 3)), axes)
    width, depth, twice = h.style.width, h.random.choice((2, 3, 4)), h.chance(0.75)
    up, joined, normal = h.random.randrange(4), h.random.choices(("concat", "add"), (0.85, 0.15))[0], h.chance(0.5)
    gated, residual = h.chance(0.2) and axes == 2, h.chance(0.15)
    gate_closes = h.norm if h.chance(0.5) else lambda y: y
    strided = h.chance(0.15)

    def block(y: Out, filters: int) -> Out:
        start = y
        for _ in range(2 if twice else 1):
            y = h.unit(y, filters)
            y = h.drop(y) if h.chance(0.3) else y
        if residual:
            start = h.b.conv(start, filters, 1) if start.channels != filters else start
            y = h.b.merge("Add", start, y)
        return y

    skips = []
    for stage in range(depth):
        x = block(x, width << stage)
        skips.append(x)
        x = h.unit(x, width << stage, 3, 2) if strided else h.b.pool(x)
        x = h.drop(x)
    x = block(x, width << depth)
    for stage in reversed(range(depth)):
        skip, filters = skips[stage], width << stage
        if up == 0:
            y = h.b.up(x)
        elif up == 1:
            y = h.unit(h.b.up(x), filters, 2 if h.style.bias else 3)
        else:
            y = h.b.conv(x, filters, 2 if up == 2 else 3, 2, True, transposed=True)
            y = h.finish(y) if normal else y
        if gated:
            skip = gated_skip(h, skip, y, max(2, filters // 2), gate_closes)
        if joined == "add":
            y = h.b.conv(y, filters, 1) if y.channels != filters else y
            x = h.b.merge("Add", y, skip)
        else:
            x = h.concat(y, skip)
        x = block(x, filters)
    out = h.b.conv(x, h.random.choice((1, 1, 2, 5, 21)), 1)
    return (h.b.same("Activation", out),) if h.chance(0.3) else (out,)


def gated_skip(h: Hand, skip: Out, signal: Out, width: int, close: Callable[[Out], Out]) -> Out:
    """A skip weighed by what it and the signal say (https://arxiv.org/abs/1804.03999)."""
    a = close(h.b.conv(skip, width, 1))
    g = close(h.b.conv(signal, width, 1))
    s = h.b.same("Activation", h.b.merge("Add", *((g, a) if h.style.short_first else (a, g))))
    s = h.b.same("Activation", close(h.b.conv(s, 1, 1)))
    return h.b.merge("Multiply", *((skip, s) if h.style.skip_first else (s, skip)))


def pyramid(h: Hand) -> Outputs:
    """A backbone whose stages are joined: a feature pyramid or parallel dilated convolutions."""
    x = stem(h, h.b.input(3, 2))
    made, levels = cell(h), []
    for stage in range(3):
        x = made(h, x, h.style.width << stage, True)
        levels.append(x)
    width = h.style.width
    if h.chance(0.5):
        branches = [h.unit(x, width, 1), *(h.unit(x, width, 3) for _ in range(h.random.choice((2, 3))))]
        if h.chance(0.7):
            pooled = h.b.reshape(h.b.global_pool(x), 2, x.channels, x.level)
            branches.append(h.b.up(h.unit(pooled, width, 1)))
        y = h.unit(h.b.merge("Concatenate", *branches), width, 1)
        y = h.b.up(y)
        if h.chance(0.5):
            y = h.b.merge("Concatenate", y, h.unit(levels[1], max(4, width // 2), 1))
            y = h.unit(y, width)
        return (h.b.conv(h.b.up(y), 5, 1),)
    top = h.b.conv(levels[-1], width, 1)
    maps = [top]
    for level in reversed(levels[:-1]):
        lateral = h.b.conv(level, width, 1)
        top = h.b.merge("Add", h.b.up(top), lateral) if h.chance(0.6) else h.b.merge("Add", lateral, h.b.up(top))
        maps.append(top)
    if h.chance(0.5):
        return tuple(h.b.conv(h.unit(item, width), 6, 1) for item in maps)
    return head(h, h.unit(maps[-1], width))


def vectors(h: Hand) -> Outputs:
    """Nets on vectors, one or several inputs, with residuals and wide-and-deep joins."""
    towers, sources = [], []
    for _ in range(h.random.choices((1, 2, 3, 4), (0.35, 0.4, 0.15, 0.1))[0]):
        x = h.b.input(h.random.choice((4, 7, 12, 20)), 0)
        sources.append(x)
        if h.chance(0.25):
            e = h.b.embedding(x, h.random.choice((10, 50, 1000)), h.random.choice((4, 8, 16)))
            x = h.b.flatten(e, 1) if h.chance(0.7) else h.b.reshape(e, 0, e.channels)
            if h.chance(0.3):
                towers.append(x)
                continue
        for _ in range(h.random.choice((0, 1, 1, 2, 3))):
            y = h.drop(h.finish(h.b.dense(x, h.random.choice((16, 32, 64)))))
            x = h.b.merge("Add", x, y) if y.channels == x.channels and h.chance(0.3) else y
        towers.append(x)
    if len(towers) > 1:
        same = all(item.channels == towers[0].channels for item in towers)
        kind = h.random.choice(("Add", "Multiply", "Concatenate", "Maximum", "Average")) if same else "Concatenate"
        x = h.b.merge(kind, *towers)
    elif h.chance(0.3) and towers[0].layer != sources[0].layer:
        x = h.b.merge("Concatenate", sources[0], towers[0])
    return head(h, x)


def text(h: Hand) -> Outputs:
    """Embedding, then convolutions, recurrent layers or attention."""
    x = h.b.embedding(h.b.input(40, 0), h.random.choice((500, 2000)), h.random.choice((16, 32, 50)))
    x = h.b.same("SpatialDropout1D", x) if h.chance(0.25) else h.drop(x)
    kind = h.random.random()
    if kind < 0.35:
        branches = []
        for kernel in h.random.choice(((3, 4, 5), (2, 3, 4), (3, 5), (1, 2, 3, 5))):
            y = h.unit(x, h.style.width, kernel)
            branches.append(h.b.global_pool(y, "Max") if h.chance(0.95) else h.b.flatten(h.b.pool(y), 9))
        return head(h, h.drop(h.b.merge("Concatenate", *branches)))
    if kind < 0.7:
        name, both = h.random.choice(("LSTM", "GRU")), h.chance(0.5)
        layers, units = h.random.choice((1, 1, 2, 3)), h.random.choice((16, 32, 64))
        pooled = h.chance(0.35)
        start = x
        for number in range(layers):
            x = h.b.recurrent(x, name, units, number < layers - 1 or pooled, both)
            x = h.drop(x)
        if not pooled:
            return head(h, x)
        if h.chance(0.4):
            average, most = h.b.global_pool(x), h.b.global_pool(x, "Max")
            return head(h, h.b.merge("Concatenate", average, most))
        if h.chance(0.5):
            scores = h.b.same("Activation", h.b.flatten(h.b.dense(x, 1), 40))
            spread = Out(h.b.layer("RepeatVector", scores), 40, 1)
            turned = Out(h.b.layer("Permute", spread), x.channels, 1)
            weighed = h.b.merge("Multiply", x, turned)
            return head(h, h.b.global_pool(weighed))
        if h.chance(0.4) and start.channels != x.channels:
            x = h.b.merge("Concatenate", start, x)
        return head(h, h.b.global_pool(x, "Max"))
    return head(h, encoder(h, x))


def encoder(h: Hand, x: Out) -> Out:
    """Transformer blocks, normalised first or last."""
    first, dropped, heads = h.chance(0.5), h.chance(0.5), h.random.choice((1, 2, 4))
    width = x.channels - x.channels % 4 or 4
    if width != x.channels or h.chance(0.3):
        x = h.b.dense(x, width)

    def drop(y: Out) -> Out:
        return h.b.same("Dropout", y) if dropped else y

    def add(y: Out, skip: Out) -> Out:
        return h.b.merge("Add", skip, y) if h.style.skip_first else h.b.merge("Add", y, skip)

    for number in range(h.random.choice((1, 2, 2, 3, 4))):
        if h.b.by_hand:
            h.b.prefix = f"block{number + 1}"
        y = h.b.layer_norm(x) if first else x
        x = add(drop(h.b.attention(y, y, heads)), x)
        x = x if first else h.b.layer_norm(x)
        y = h.b.layer_norm(x) if first else x
        y = h.b.dense(y, 4 * width)
        y = drop(y) if h.chance(0.3) else y
        x = add(drop(h.b.dense(y, width)), x)
        x = x if first else h.b.layer_norm(x)
    return h.b.layer_norm(x) if first and h.chance(0.7) else x


def patches(h: Hand) -> Outputs:
    """A vision transformer or a mixer-like net without its position table."""
    x = h.b.conv(h.b.input(3, 2), 4 * h.style.width, 8, 8)
    x = encoder(h, h.b.reshape(x, 1, x.channels))
    return head(h, x)


def gated(h: Hand) -> Outputs:
    """Gated dilated convolutions with residual and skip sums."""
    x = h.b.conv(h.b.input(h.random.choice((1, 8)), 1), h.style.width, 2)
    skips, collected, shared = [], h.chance(0.7), h.chance(0.5)
    for _ in range(h.random.choice((2, 3, 4, 6))):
        a, b = h.b.conv(x, h.style.width, 2), h.b.conv(x, h.style.width, 2)
        if h.chance(0.4):
            a, b = h.b.same("Activation", a), h.b.same("Activation", b)
        m = h.b.merge("Multiply", a, b)
        y = h.b.conv(m, h.style.width, 1)
        if collected:
            skips.append(y if shared else h.b.conv(m, h.style.width, 1))
        x = h.b.merge("Add", x, y) if h.style.skip_first else h.b.merge("Add", y, x)
    if collected and len(skips) > 1:
        x = h.b.merge("Add", *skips)
    x = h.act(x)
    return (h.b.conv(h.unit(x, h.style.width, 1), 16, 1),)


def generators(h: Hand) -> Outputs:
    """From a vector to an image, perhaps with a condition; or an autoencoder with a code."""
    x = h.b.input(h.random.choice((32, 100)), 0)
    if h.chance(0.3):
        label = h.b.flatten(h.b.embedding(h.b.input(1, 0), 10, x.channels), 1)
        x = h.b.merge(h.random.choice(("Multiply", "Concatenate")), x, label)
    width = h.style.width
    x = h.b.dense(x, 16 * width, h.style.bias)
    x = h.finish(x) if h.chance(0.5) else x
    x = h.b.reshape(x, 2, width)
    for _ in range(h.random.choice((1, 2, 3))):
        if h.chance(0.6):
            x = h.finish(h.b.conv(x, max(4, x.channels // 2), 4, 2, h.style.bias, transposed=True))
        else:
            x = h.unit(h.b.up(x), max(4, x.channels // 2))
    return (h.b.conv(x, h.random.choice((1, 3)), 3),)


def two_images(h: Hand) -> Outputs:
    """Two or three image or mixed inputs joined."""
    vectors_in = []
    made = cell(h)
    for _ in range(2):
        if h.chance(0.35):
            x = h.b.input(h.random.choice((5, 11)), 0)
            for _ in range(h.random.choice((1, 2))):
                x = h.finish(h.b.dense(x, 32))
        else:
            x = stages(h, stem(h, h.b.input(h.random.choice((1, 3)), 2)), made, 2)
            x = h.b.global_pool(x) if h.chance(0.6) else h.b.flatten(x, 16)
        vectors_in.append(x)
    return head(h, h.b.merge("Concatenate", *vectors_in))


def siamese(h: Hand) -> Outputs:
    """Two inputs through the same layers, compared."""
    kind = h.random.random()
    size = h.random.choice((8, 20))
    a, b = (h.b.input(3 if kind < 0.3 else size, 2 if kind < 0.3 else 0) for _ in range(2))
    x, y = a, b

    def both(made: Out) -> tuple[Out, Out]:
        return made, h.b.again(made, y)

    if kind < 0.3:
        for _ in range(h.random.choice((1, 2, 3))):
            x, y = both(h.b.conv(x, h.style.width, 3))
            x, y = both(h.b.pool(x)) if h.chance(0.6) else (x, y)
        x, y = both(h.b.global_pool(x) if h.chance(0.5) else h.b.flatten(x, 16))
    elif kind < 0.6:
        x, y = both(h.b.embedding(x, 1000, h.style.width))
        if h.chance(0.7):
            x, y = both(h.b.recurrent(x, h.random.choice(("LSTM", "GRU")), 32, False, h.chance(0.4)))
        else:
            x, y = both(h.b.global_pool(x))
    for _ in range(h.random.choice((1, 1, 2))):
        x, y = both(h.b.dense(x, h.random.choice((16, 32))))
        x, y = both(h.b.same("Dropout", x)) if h.chance(0.3) else (x, y)
    merges = [h.b.merge(h.random.choice(("Concatenate", "Subtract", "Multiply", "Add", "Dot")), x, y)]
    if h.chance(0.25):
        merges.append(h.b.merge("Multiply", x, y))
        merges = [h.b.merge("Concatenate", *merges)] if merges[0].channels else merges[1:]
    return head(h, merges[0])


NETS = (
    (backbone, 40), (searched, 3), (u_net, 12), (pyramid, 6), (vectors, 9), (text, 9), (patches, 3), (gated, 4),
    (generators, 4), (two_images, 4), (siamese, 7),
)  # fmt: skip
"""Kinds of nets and how many of a hundred are drawn."""
