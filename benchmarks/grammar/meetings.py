"""Nets in which several sequences, tables or towers meet: translation, comparison, attention that pools, captions."""

from __future__ import annotations

from benchmarks.grammar.builder import Out
from benchmarks.grammar.heads import Outputs, head
from benchmarks.grammar.style import Hand


def translation(h: Hand) -> Outputs:
    """An encoder whose state starts a decoder, perhaps with attention to all of its steps."""
    name, units = h.random.choice(("LSTM", "LSTM", "GRU")), h.random.choice((16, 32, 64))
    source, target = (h.b.input(h.random.choice((12, 30)), 1) for _ in range(2))
    if h.chance(0.5):
        source, target = (h.drop(h.b.embedding(item, 500, h.random.choice((16, 32)))) for item in (source, target))
    looks, depth = h.chance(0.4), h.random.choice((1, 1, 1, 2))
    memory, memories = source, []
    for number in range(depth):
        memory = h.b.recurrent(memory, name, units, looks or number + 1 < depth)
        memories.append(memory)
    x = target
    for memory in memories:
        x = h.b.recurrent(x, name, units, True, state=memory)
    if looks:
        x = _looking(h, x, memories[-1])
    for _ in range(h.random.choice((0, 0, 1))):
        x = h.act(h.b.dense(x, units))
    return (h.b.dense(h.drop(x), target.channels),)


def _looking(h: Hand, x: Out, memory: Out) -> Out:
    """``x`` with what attention finds in a memory: joined, summed, or that alone."""
    found = Out(h.b.layer("Attention", x, memory), memory.channels, 1)
    kind = h.random.random()
    if kind < 0.65:
        return h.b.merge("Concatenate", *((x, found) if h.chance(0.6) else (found, x)))
    return h.b.merge("Add", x, found) if kind < 0.85 else found


def comparison(h: Hand) -> Outputs:
    """Two texts through the same layers, joined with their difference and product, or by attention of one to the
    other."""
    a, b = (h.b.input(20, 0) for _ in range(2))
    x = h.b.embedding(a, 500, h.random.choice((16, 32, 50)))
    y = h.b.again(x, b)
    if h.chance(0.4):
        return head(h, _asked(h, x, y))
    if h.chance(0.75):
        x = h.b.recurrent(x, h.random.choice(("LSTM", "GRU")), h.random.choice((16, 32)), False, h.chance(0.4))
    else:
        x = h.b.global_pool(x)
    y = h.b.again(x, y)
    if h.chance(0.4):
        x = h.b.dense(x, 32)
        y = h.b.again(x, y)
    parts = [x, y] if h.chance(0.8) else []
    names = [name for name in ("Subtract", "Multiply", "Add", "Maximum") if h.chance(0.5)]
    parts += [h.b.merge(name, x, y) for name in names]
    return head(h, h.b.merge("Concatenate", *parts) if len(parts) > 1 else (parts or [h.b.merge("Multiply", x, y)])[0])


def _asked(h: Hand, x: Out, y: Out) -> Out:
    """One text asks the other."""
    if h.chance(0.7):
        x = h.b.conv(x, 32, 3) if h.chance(0.6) else h.b.recurrent(x, "LSTM", 32, True, h.chance(0.4))
        y = h.b.again(x, y)
    found = Out(h.b.layer("Attention", x, y), x.channels, 1)
    first = h.b.global_pool(x)
    return h.b.merge("Concatenate", first, h.b.global_pool(found))


def tables(h: Hand) -> Outputs:
    """Categories, each with a table of its own, beside numbers."""
    squeezed, one_width = h.chance(0.5), h.random.choice((0, 0, 8))
    parts = []
    for _ in range(h.random.choice((2, 3, 4, 6, 8))):
        e = h.b.embedding(h.b.input(1, 0), h.random.choice((5, 12, 100)), one_width or h.random.choice((3, 4, 6, 10)))
        parts.append(h.drop(h.b.reshape(e, 0, e.channels) if squeezed else h.b.flatten(e, 1)))
    if h.chance(0.75):
        x = h.b.input(h.random.choice((1, 5, 9)), 0)
        x = h.b.batch_norm(x) if h.chance(0.2) else x
        parts.append(h.b.dense(x, h.random.choice((8, 16))) if h.chance(0.4) else x)
    x = h.b.merge("Concatenate", *parts)
    for _ in range(h.random.choice((1, 2, 2, 3))):
        x = h.drop(h.finish(h.b.dense(x, h.random.choice((32, 64)))))
    return head(h, x)


def weighed(h: Hand) -> Outputs:
    """Steps weighed by scores of their own and summed."""
    if h.chance(0.6):
        x = h.b.embedding(h.b.input(30, 0), 500, h.random.choice((16, 32)))
    else:
        x = h.b.input(h.random.choice((8, 16)), 1)
    for _ in range(h.random.choice((1, 1, 2))):
        x = h.b.recurrent(x, h.random.choice(("LSTM", "GRU")), h.random.choice((16, 32)), True, h.chance(0.4))
        x = h.drop(x)
    deep = h.b.dense(x, x.channels) if h.chance(0.3) else x
    scores = h.b.dense(deep, 1)
    flat = h.chance(0.7)
    scores = h.b.flatten(scores, 30) if flat else scores
    scores = h.b.same(h.random.choice(("Activation", "Softmax")), scores) if h.chance(0.8) else scores
    if not flat:
        product = h.b.merge(h.random.choice(("Multiply", "Dot")), x, scores)
        return head(h, product if h.b.classes[-1] == "Dot" else h.b.global_pool(Out(product.layer, x.channels, 1)))
    if h.chance(0.5):
        return head(h, Out(h.b.layer("Dot", *((scores, x) if h.chance(0.3) else (x, scores))), x.channels, 0))
    turned = h.b.layer("Permute", Out(h.b.layer("RepeatVector", scores), 30, 1))
    gate = Out(turned, x.channels, 1)
    product = h.b.merge("Multiply", *((x, gate) if h.chance(0.7) else (gate, x)))
    return head(h, h.b.global_pool(Out(product.layer, x.channels, 1)))


def captions(h: Hand) -> Outputs:
    """Features of an image beside the words so far."""
    units = h.random.choice((32, 64))
    features = h.b.dense(h.drop(h.b.input(h.random.choice((128, 512)), 0)), units)
    words = h.drop(h.b.embedding(h.b.input(30, 0), 500, h.random.choice((32, 64))))
    said = h.b.recurrent(words, h.random.choice(("LSTM", "GRU")), units, False)
    x = h.b.merge(h.random.choice(("Add", "Add", "Concatenate", "Multiply")), features, said)
    return head(h, h.b.dense(x, units) if h.chance(0.8) else x)


MEETINGS = ((translation, 3), (comparison, 5), (tables, 3), (weighed, 2), (captions, 1))
"""These nets and how many are drawn beside a hundred everyday ones."""
