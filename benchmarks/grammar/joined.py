"""Nets in which much is joined: U-Nets nested in each other, categories as tokens, experts behind gates."""

from __future__ import annotations

from benchmarks.grammar.builder import Out
from benchmarks.grammar.heads import Outputs
from benchmarks.grammar.nets import encoder
from benchmarks.grammar.style import Hand


def nested_u_net(h: Hand) -> Outputs:
    """Decoders at every depth, each joined with all before it at its level (https://arxiv.org/abs/1807.10165)."""
    depth, twice, enlarged = h.random.choice((2, 2, 3)), h.chance(0.8), h.chance(0.4)
    made: dict[tuple[int, int], Out] = {}

    def block(x: Out, width: int) -> Out:
        x = h.unit(x, width)
        return h.drop(h.unit(x, width)) if twice else x

    def from_below(below: Out, width: int) -> Out:
        return h.b.up(below) if enlarged else h.b.conv(below, width, 2, 2, True, transposed=True)

    def decode(row: int, column: int) -> None:
        raised = from_below(made[row + 1, column - 1], h.style.width << row)
        level = [made[row, before] for before in range(column)]
        joined = h.b.merge("Concatenate", *((*level, raised) if h.style.skip_first else (raised, *level)))
        made[row, column] = block(joined, h.style.width << row)

    x = h.b.input(h.random.choice((1, 3)), 2)
    encoded_first = h.chance(0.5)
    for row in range(depth + 1):
        x = made[row, 0] = block(x, h.style.width << row)
        x = h.b.pool(x) if row < depth else x
        for column in range(1, 0 if encoded_first else row + 1):
            decode(row - column, column)
    for column in range(1, depth + 1 if encoded_first else 1):
        for row in range(depth + 1 - column):
            decode(row, column)
    ends = range(1, depth + 1) if h.chance(0.2) else (depth,)
    outs = tuple(h.b.conv(made[0, column], 1 if h.style.bias else 3, 1) for column in ends)
    return outs if len(outs) == 1 or h.chance(0.5) else (h.b.merge("Average", *outs),)


def tokens(h: Hand) -> Outputs:
    """Categories as tokens that attend to each other, beside numbers (https://arxiv.org/abs/2012.06678)."""
    width = h.random.choice((16, 32))
    sources = [h.b.input(1, 0) for _ in range(h.random.choice((3, 4, 5, 8)))]
    numbers = h.b.input(h.random.choice((3, 5, 9)), 0) if h.chance(0.7) else None
    rows = [h.b.embedding(source, h.random.choice((10, 50, 100)), width) for source in sources]
    joined = Out(h.b.layer("Concatenate", *rows), width, 1)
    x = encoder(h, joined)
    x = h.b.flatten(x, len(sources)) if h.chance(0.7) else h.b.global_pool(x)
    if numbers is not None:
        numbers = h.b.layer_norm(numbers) if h.chance(0.5) else numbers
        x = h.b.merge("Concatenate", *((x, numbers) if h.chance(0.7) else (numbers, x)))
    for _ in range(h.random.choice((1, 2))):
        x = h.drop(h.b.dense(x, h.style.width * 2))
    return (h.b.dense(x, h.random.choice((1, 2))),)


def experts(h: Hand) -> Outputs:
    """Experts that read the same, weighed by a gate for every task (https://doi.org/10.1145/3219819.3220007)."""
    source = h.b.input(h.random.choice((10, 20, 40)), 0)
    count, width = h.random.choice((3, 4, 6)), h.random.choice((8, 16, 32))
    made = [h.drop(h.b.dense(source, width)) for _ in range(count)]
    stacked = h.b.reshape(h.b.merge("Concatenate", *made), 1, width)
    outs = []
    for _ in range(h.random.choice((1, 2, 2, 3))):
        gate = h.b.dense(source, count)
        gate = h.b.same("Activation", gate) if h.chance(0.3) else gate
        x = Out(h.b.layer("Dot", gate, stacked), width, 0)
        x = h.b.dense(x, h.style.width) if h.chance(0.7) else x
        outs.append(h.b.dense(x, 1))
    return tuple(outs)


JOINED = ((nested_u_net, 3), (tokens, 3), (experts, 2))
"""These nets and how many are drawn beside a hundred everyday ones."""
