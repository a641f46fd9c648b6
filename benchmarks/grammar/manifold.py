"""Nets with many like parts side by side: detectors with heads on every level, factorisation machines, forecasts of
blocks that are summed up, recurrent layers that read both ways, maps weighed by shared Denses, ghosts."""

from __future__ import annotations

from benchmarks.grammar.builder import Out
from benchmarks.grammar.heads import Outputs, head
from benchmarks.grammar.nets import cell, stem
from benchmarks.grammar.style import Hand


def detector(h: Hand) -> Outputs:
    """Classes and boxes from several levels of a backbone, reshaped to rows and joined, as single-shot detectors do
    (https://arxiv.org/abs/1512.02325); a head's layers are made level by level or kind by kind."""
    x = stem(h, h.b.input(3, 2))
    made, levels = cell(h), []
    count, pooled = h.random.choice((2, 3, 4)), h.chance(0.5)
    for stage in range(h.random.choice((0, 1, 2)) + count):
        width = min(256, h.style.width << min(stage, 3))
        x = h.unit(h.b.pool(x) if stage else x, width) if pooled else made(h, x, width, True)
        levels.append(x)
    levels = levels[-count:]
    boxes = h.random.choice((2, 4, 6))
    widths = (h.random.choice((2, 6, 21)), 4)
    rows: dict[tuple[int, int], Out] = {}
    places = [(kind, level) for kind in range(2) for level in range(count)]
    if h.style.short_first:
        places.sort(key=lambda place: place[1])
    maps = {(kind, level): h.b.conv(levels[level], boxes * widths[kind], 3) for kind, level in places}
    for kind, level in places:
        rows[kind, level] = h.b.reshape(maps[kind, level], 1, widths[kind])
    parts = [_rows(h, [rows[kind, level] for level in range(count)]) for kind in range(2)]
    if h.style.skip_first:
        parts.reverse()
    sure = 1 if h.style.skip_first else 0
    if h.chance(0.7):
        parts[sure] = h.b.same("Activation", parts[sure])
    if h.chance(0.4):
        return tuple(parts)
    return (h.b.merge("Concatenate", *parts),)


def _rows(h: Hand, parts: list[Out]) -> Out:
    """Rows below each other: channels stay."""
    joined = h.b.layer("Concatenate", *parts)
    return Out(joined, parts[0].channels, 1)


def factorised(h: Hand) -> Outputs:
    """Categories with a vector and a number each: the numbers are summed up, the vectors go through a deep part, as in
    wide-and-deep nets and deep factorisation machines (https://arxiv.org/abs/1703.04247)."""
    count = h.random.choice((2, 3, 4, 5, 6))
    sources = [h.b.input(1, 0) for _ in range(count)]
    width, flattened = h.random.choice((4, 8, 16)), h.chance(0.5)
    vectors, numbers = [], []

    def number(source: Out) -> Out:
        return h.b.flatten(h.b.embedding(source, h.random.choice((50, 100, 1000)), 1), 1)

    for source in sources:
        vector = h.b.embedding(source, h.random.choice((50, 100, 1000)), width)
        vectors.append(h.b.flatten(vector, 1) if flattened else vector)
        if h.style.short_first:
            numbers.append(number(source))
    numbers = numbers or [number(source) for source in sources]
    deep = h.b.merge("Concatenate", *vectors)
    if not flattened:
        deep = Out(h.b.layer("Flatten", deep), count * width, 0)
    for _ in range(h.random.choice((1, 2, 3))):
        deep = h.drop(h.b.dense(deep, h.random.choice((16, 32, 64, 128))))
    deep = h.b.dense(deep, 1, h.style.bias)
    kind = h.random.random()
    if kind < 0.5:
        wide = h.b.merge(h.random.choice(("Add", "Add", "Concatenate")), *numbers)
        parts = (wide, deep) if h.style.skip_first else (deep, wide)
    else:
        parts = (*numbers, deep) if h.style.skip_first else (deep, *numbers)
    if kind < 0.75:
        out = h.b.merge("Add", *parts)
        return (h.b.same("Activation", out) if h.chance(0.7) else out,)
    return (h.b.dense(h.b.merge("Concatenate", *parts), 1),)


def forecast(h: Hand) -> Outputs:
    """Blocks that take away what they explain and sum up what they foresee (https://arxiv.org/abs/1905.10437)."""
    length, ahead = h.random.choice((10, 24, 30)), h.random.choice((1, 5, 7))
    rest, seen = h.b.input(length, 0), None
    blocks, both = h.random.choice((2, 3, 4)), h.chance(0.2)
    for block in range(blocks):
        x = rest
        for _ in range(h.random.choice((1, 2, 4))):
            x = h.drop(h.b.dense(x, h.style.width * 2))
        if both or block < blocks - 1:
            rest = h.b.merge("Subtract", rest, h.b.dense(x, length))
        forth = h.b.dense(x, ahead)
        seen = forth if seen is None else h.b.merge("Add", *((seen, forth) if h.style.skip_first else (forth, seen)))
    assert seen is not None
    return (seen, rest) if both else (seen,)


def both_ways(h: Hand) -> Outputs:
    """Rows of a picture or words read forwards and backwards by two layers, summed or joined, once or twice."""
    if h.chance(0.5):
        x = stem(h, h.b.input(1, 2))
        x = h.b.pool(h.unit(x, h.style.width))
        x = h.b.reshape(x, 1, x.channels * h.random.choice((4, 8)))
        x = h.b.dense(x, h.random.choice((32, 64)))
    else:
        x = h.b.embedding(h.b.input(20, 0), 1000, h.random.choice((16, 32)))
    units, kind = h.random.choice((16, 32, 64)), h.random.choice(("LSTM", "GRU"))
    for number in range(h.random.choice((1, 2, 2))):
        ways = [h.b.recurrent(x, kind, units, True) for _ in range(2)]
        x = h.b.merge("Add" if number == 0 and h.style.bias else "Concatenate", *ways)
        x = h.b.batch_norm(x) if h.chance(0.2) else x
    x = h.drop(x)
    if h.chance(0.5):
        return (h.b.dense(x, h.random.choice((10, 37, 80))),)
    return head(h, h.b.recurrent(x, kind, units, False))


def attentive(h: Hand) -> Outputs:
    """Convolutions whose maps are weighed by what two kinds of pools give to the same two Dense layers, and perhaps by
    a map of one channel (https://arxiv.org/abs/1807.06521)."""
    x = stem(h, h.b.input(3, 2))
    made, plain, spatial, reshaped = cell(h), h.chance(0.5), h.chance(0.4), h.chance(0.6)
    for stage in range(h.random.choice((1, 2, 3))):
        width = min(256, h.style.width << stage)
        x = h.unit(x, width) if plain else made(h, x, width, stage > 0)
        x = _weighed_channels(h, x, reshaped)
        if spatial:
            means = [Out(h.b.layer("Lambda", x), 1, 2, x.level) for _ in range(2)]
            x = h.b.merge("Multiply", x, h.b.conv(h.b.merge("Concatenate", *means), 1, 7, 1, False))
        x = h.b.pool(x) if plain else x
    return head(h, x)


def _weighed_channels(h: Hand, x: Out, reshaped: bool) -> Out:
    pools = [h.b.global_pool(x), h.b.global_pool(x, "Max")]
    if reshaped:
        pools = [h.b.reshape(pool, 2, x.channels, x.level) for pool in pools]
    inner = h.b.dense(pools[0], max(1, x.channels // 8))
    first = h.b.dense(inner, x.channels)
    second = h.b.again(first, h.b.again(inner, pools[1]))
    gate = h.b.same("Activation", h.b.merge("Add", first, second))
    if not reshaped and h.style.bias:
        gate = h.b.reshape(gate, 2, x.channels, x.level)
    return h.b.merge("Multiply", *((x, gate) if h.style.skip_first else (gate, x)))


def ghosts(h: Hand) -> Outputs:
    """Maps of which half are made from the other half by a depthwise convolution
    (https://arxiv.org/abs/1911.11907)."""
    x = stem(h, h.b.input(3, 2))
    raised = h.random.choice((2, 3))

    def ghost(x: Out, width: int, active: bool) -> Out:
        close = h.finish if active else h.norm
        main = close(h.b.conv(x, max(2, width // 2), 1, 1, h.style.bias))
        cheap = close(h.b.depthwise(main, 3))
        return h.b.merge("Concatenate", main, cheap)

    for stage in range(h.random.choice((2, 3, 4))):
        width = min(128, 2 * ((h.style.width << stage) // 2))
        for block in range(h.random.choice((1, 2))):
            y = ghost(x, raised * width, True)
            if block == 0 and stage:
                y = h.norm(h.b.depthwise(y, 3, 2))
            y = ghost(y, width, False)
            if y.channels == x.channels and y.level == x.level:
                y = h.add(y, x)
            x = y
    return head(h, x)


MANIFOLD = ((detector, 4), (factorised, 4), (forecast, 3), (both_ways, 1), (attentive, 3), (ghosts, 2))
"""These nets and how many are drawn beside a hundred everyday ones."""
