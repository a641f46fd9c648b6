"""Layers that are called twice: which calls are one, and what speaks against calling a layer on unlike things.

Siamese towers are called on two inputs, or on what the same layer gave the first and the second time; the Dense layers
of a channel attention on two global pools. A layer called on what an LSTM and what a Dense gave would have to find one
meaning in both: two layers in two branches look alike and are far more usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from infer_convert.solve.features import family
from infer_convert.solve.items import Call, Item, Wiring

UNLIKE = 4.0
"""Nats against a layer that is called on results of layers of different kinds (set by hand)."""


def unlike(items: Sequence[Item], wiring: Wiring) -> float:
    """Nats against the calls of a wiring on unlike things."""
    labels = [family(item.variants[number].label) for item, number in zip(items, wiring.variants, strict=True)]
    cost = 0.0
    for calls in wiring.operands:
        firsts = {labels[call[0][0]] for call in calls if call and call[0][0] < len(labels)}
        cost += UNLIKE * (len(calls) > 1 and len(firsts) > 1)
    return cost


ONCE = 2.0
"""Nats against calling a nested model once where there are more inputs than such models: who wraps layers of a net with
several inputs in a model of their own mostly does so to call it on each of them (set by hand, with one siamese net of
the corpus in sight)."""
NESTED = "Model"
"""The label of a nested model."""


def once(items: Sequence[Item], wiring: Wiring) -> float:
    """Nats against nested models of one operand that are called once though every input could have one."""
    labels = [item.variants[number].label for item, number in zip(items, wiring.variants, strict=True)]
    models = [index for index, label in enumerate(labels) if label == NESTED]
    if len(models) >= labels.count("Input"):
        return 0.0
    return ONCE * sum(len(wiring.operands[index]) == 1 and len(wiring.operands[index][0]) == 1 for index in models)


def in_order(wiring: Wiring) -> Wiring:
    """The wiring with the calls of every layer in the order of what they take: which one is called the first is no
    difference between models."""
    renamed: dict[Call, Call] = {}
    operands = []
    for item, calls in enumerate(wiring.operands):
        moved = [_moved(call, renamed) for call in calls]
        order = sorted(range(len(calls)), key=lambda number: moved[number])
        renamed.update({(item, number): (item, place) for place, number in enumerate(order)})
        operands.append(tuple([moved[number] for number in order]))
    return replace(
        wiring,
        operands=tuple(operands),
        outputs=_moved(wiring.outputs, renamed),
        sums=tuple([_moved(calls, renamed) for calls in wiring.sums]),
    )


def _moved(calls: Sequence[Call], renamed: dict[Call, Call]) -> tuple[Call, ...]:
    return tuple([renamed.get(call, call) for call in calls])
