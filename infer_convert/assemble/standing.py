"""Which classes a layer could have where it stands: what it takes and what its readers take from it decide the ranks.

A graph is weighed as a whole before its layers' classes are told apart, so what is left of a name's guess may not fit
between its neighbours: a global pool gives a vector, which no convolution reads, or with ``keepdims`` one place, over
which nobody moves a window.
"""

from __future__ import annotations

from collections.abc import Sequence

from infer_convert.assemble.settle import Settled
from infer_convert.assemble.typed import full_config
from infer_convert.draft import Neighbourhood
from infer_convert.layers.card import Card, Config
from infer_convert.layers.recognise import Reading

SEQUENTIAL = ("LSTM", "GRU", "SimpleRNN", "Bidirectional")


def fitting(
    settled: Settled, near: Neighbourhood, index: int, chosen: Reading, readings: Sequence[Reading]
) -> tuple[Reading, ...]:
    """The readings that fit between a layer's operands and its readers as the draft has these, in their order; the
    chosen one always."""
    return tuple(each for each in readings if each is chosen or _fits(settled, near, index, each))


def _fits(settled: Settled, near: Neighbourhood, index: int, reading: Reading) -> bool:
    layer = settled.draft.layers[index]
    operands = layer.operands[0] if layer.operands else ()
    if not operands:
        return True
    taken = {1 + len(settled.shapes[operand]) for operand in operands}
    flow = reading.card.flow(full_config(reading))
    given = {out for variant in flow for rank, out in variant.ranks if taken == {rank}}
    given -= {1 + len(settled.shapes[operands[0]])} if _stops(settled, near, index, reading.card) else set()
    return any(all(_reads(settled, item, rank) for item in near.consumers[index]) for rank in given)


def _stops(settled: Settled, near: Neighbourhood, index: int, card: Card) -> bool:
    """Whether a global pool would leave one place where a window or a recurrence moves over what it gives, or where
    larger maps are joined to it."""
    if not card.class_name.startswith("Global"):
        return False
    waiting, seen = list(near.consumers[index]), set[int]()
    while waiting:
        item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        layer = settled.draft.layers[item]
        if layer.class_name in SEQUENTIAL or any(size > 1 for size in _window(settled.config(item))):
            return True
        if len(layer.operands[0]) == 1 and len(settled.shapes[item, 0]) > 1:
            waiting += near.consumers[item]
        elif layer.class_name == "Concatenate" and any(size != 1 for size in settled.shapes[item, 0][:-1]):
            return True
    return False


def _window(config: Config) -> Sequence[int]:
    return config.get("kernel_size") or config.get("pool_size") or ()


def _reads(settled: Settled, item: int, rank: int) -> bool:
    layer = settled.draft.layers[item]
    return any(rank == one for variant in layer.card.flow(settled.config(item)) for one, _ in variant.ranks)
