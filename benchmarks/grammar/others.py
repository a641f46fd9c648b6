"""Less everyday nets: image to image, translators, maxout, recommenders, text as an image, encoder-decoders."""

from __future__ import annotations

from benchmarks.grammar.builder import Out
from benchmarks.grammar.heads import Outputs, head
from benchmarks.grammar.style import Hand


def images(h: Hand) -> Outputs:
    """From image to image at one size: chains with a skip over everything, residual blocks with a long skip."""
    source = h.b.input(h.random.choice((1, 3)), 2)
    x = first = h.act(h.b.conv(source, h.style.width, h.random.choice((3, 5, 9))))
    kind = h.random.random()
    if kind < 0.45:
        for _ in range(h.random.choice((2, 4, 6, 12))):
            x = h.unit(x, h.style.width)
        out = h.b.conv(x, source.channels, 3)
        return (h.b.merge(h.random.choice(("Add", "Subtract")), source, out),)
    for _ in range(h.random.choice((2, 3, 5, 8))):
        body = h.raw(h.unit(x, h.style.width), h.style.width)
        x = h.add(body, x)
    if kind < 0.85:
        x = h.add(h.raw(x, h.style.width), first)
    for _ in range(h.random.choice((0, 1, 2))):
        x = h.act(h.b.conv(h.b.up(x), h.style.width, 3))
    return (h.b.conv(x, source.channels, h.random.choice((3, 9))),)


def translator(h: Hand) -> Outputs:
    """A U-Net of strided convolutions with activations, normalisations and dropouts in any order."""
    x = h.b.input(3, 2)
    skips: list[Out] = []
    depth, dropped = h.random.choice((3, 4, 5)), h.chance(0.6)
    for number in range(depth):
        x = h.b.conv(x, min(256, h.style.width << number), 4, 2)
        x = h.b.batch_norm(x) if number else x
        x = h.b.same("LeakyReLU", x)
        skips.append(x)
    for number, skip in enumerate(reversed(skips[:-1])):
        if h.style.short_first:
            x = h.b.conv(x, skip.channels, 4, 2, True, transposed=True)
        else:
            x = h.b.conv(h.b.up(x), skip.channels, 4)
        x = h.b.batch_norm(x)
        x = h.b.same("Dropout", x) if dropped and number < 2 else x
        x = h.b.same("Activation", x) if h.style.bias else x
        x = h.concat(x, skip)
        x = h.b.same("Activation", x) if not h.style.bias else x
    return (h.b.conv(h.b.up(x), 3, 4),)


def maxout(h: Hand) -> Outputs:
    """Dense layers in pairs, the greater of each."""
    x = h.b.input(h.random.choice((8, 20)), 0)
    for _ in range(h.random.choice((1, 2, 3))):
        pieces = [h.b.dense(x, h.style.width) for _ in range(h.random.choice((2, 2, 3)))]
        x = h.drop(h.b.merge("Maximum", *pieces))
    return head(h, x)


def recommender(h: Hand) -> Outputs:
    """Users and items: one or two tables each, products and joins."""
    ids = [h.b.input(1, 0) for _ in range(h.random.choice((2, 2, 3)))]
    width = h.random.choice((8, 16, 32))

    def looked_up(source: Out) -> Out:
        return h.b.flatten(h.b.embedding(source, h.random.choice((100, 500, 1000)), width), 1)

    parts = []
    if h.chance(0.6):
        parts.append(h.b.merge(h.random.choice(("Multiply", "Dot")), *(looked_up(item) for item in ids[:2])))
    if h.chance(0.75) or not parts:
        x = h.b.merge("Concatenate", *(looked_up(item) for item in (ids if not parts else ids[:2])))
        for _ in range(h.random.choice((1, 2, 3))):
            x = h.drop(h.b.dense(x, h.random.choice((16, 32, 64))))
        parts.append(x)
    if len(ids) == 3 and len(parts) == 2:
        parts.append(looked_up(ids[2]))
    return (h.b.dense(h.b.merge("Concatenate", *parts) if len(parts) > 1 else parts[0], 1),)


def text_maps(h: Hand) -> Outputs:
    """Text as an image: convolutions over whole words in parallel."""
    width = h.random.choice((16, 32))
    words = h.b.embedding(h.b.input(40, 0), 1000, width)
    x, branches = Out(h.b.layer("Reshape", words), 1, 2), []
    for kernel in (3, 4, 5):
        shapes = {"kernel": (kernel, width, 1, h.style.width), "bias": (h.style.width,)}
        branches.append(h.b.pool(Out(h.b.layer("Conv2D", x, word="conv", **shapes), h.style.width, 2)))
    joined = h.b.merge("Concatenate", *branches)
    return head(h, h.drop(Out(h.b.layer("Flatten", joined), joined.channels, 0)))


def encoder_decoder(h: Hand) -> Outputs:
    """Attention from one sequence to another."""
    width = h.random.choice((16, 24, 32))
    source = h.b.embedding(h.b.input(20, 0), 500, width)
    target = h.b.embedding(h.b.input(20, 0), 500, width)

    def added(y: Out, x: Out) -> Out:
        return h.b.layer_norm(h.b.merge("Add", x, y) if h.style.skip_first else h.b.merge("Add", y, x))

    def block(x: Out, value: Out | None) -> Out:
        x = added(h.drop(h.b.attention(x, value if value is not None else x, 2)), x)
        if value is not None or h.style.short_first:
            x = added(h.b.dense(h.b.dense(x, 2 * width), width), x)
        return x

    memory = block(source, None)
    x = block(block(target, None) if h.chance(0.7) else target, memory)
    return (h.b.dense(x, 500),)


OTHERS = ((images, 4), (translator, 2), (maxout, 1), (recommender, 2), (text_maps, 1), (encoder_decoder, 2))
"""These nets and how many are drawn beside a hundred everyday ones."""
