"""Ends of nets."""

from __future__ import annotations

from benchmarks.grammar.builder import Out
from benchmarks.grammar.style import Hand

Outputs = tuple[Out, ...]


def head(h: Hand, x: Out) -> Outputs:
    """From maps to one or several outputs."""
    if x.axes:
        kind = h.random.random()
        if kind < 0.6:
            v = h.b.global_pool(x, "Average" if h.chance(0.8) else "Max")
        elif kind < 0.95:
            v = h.b.flatten(x, h.random.choice((4, 9, 16, 25, 49)))
        else:
            pooled = h.b.global_pool(x), h.b.global_pool(x, "Max")
            v = h.b.merge("Concatenate", *pooled)
    else:
        v = x
    for _ in range(h.random.choice((0, 0, 1, 1, 2))):
        v = h.b.dense(v, h.random.choice((32, 64, 128, 256)))
        if h.style.activation and h.chance(0.4):
            v = h.act(v)
        if h.chance(0.2):
            v = h.b.batch_norm(v)
        v = h.b.same("Dropout", v) if h.chance(0.4) else v
    outs = []
    for _ in range(h.random.choices((1, 2, 3), (0.85, 0.11, 0.04))[0]):
        y = v
        if h.chance(0.15):
            y = h.b.dense(y, h.random.choice((16, 32)))
        y = h.b.dense(y, h.random.choice((1, 2, 10, 17, 100)))
        outs.append(h.b.same("Activation", y) if h.chance(0.15) else y)
    return tuple(outs)
