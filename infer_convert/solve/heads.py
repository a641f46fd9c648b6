"""Heads of one unit side by side, which a last merge of unknown kind joins.

Several Dense layers of one unit that read one tensor are several numbers about it: an actor's steering, throttle and
brake. Their sum, mean or product would be one number, which one Dense layer gives as well; so the merge behind them is
a Concatenate, where its name leaves that open.
"""

from __future__ import annotations

from collections.abc import Sequence

from infer_convert.solve.items import Item, Wiring

BLENDED = 5.0
"""Nats against blending them. A judgement: nothing forbids a gate of one unit times a value of one unit."""


def blended(items: Sequence[Item], wiring: Wiring) -> float:
    """Nats against the merges of a wiring that blend such heads though they may be Concatenates."""
    merges = [item for item, _ in wiring.outputs if _may_join(items[item]) and len(wiring.operands[item]) == 1]
    if not merges:
        return 0.0
    variants = [item.variants[number] for item, number in zip(items, wiring.variants, strict=True)]
    cost = 0.0
    for merge in merges:
        heads = [head for head, _ in wiring.operands[merge][0]]
        units = {(variants[head].label, variants[head].channels_out) for head in heads}
        sources = {wiring.operands[head] for head in heads}
        if variants[merge].channels == "same" and len(heads) > 1 and units == {("Dense", 1)} and len(sources) == 1:
            cost += BLENDED
    return cost


def _may_join(item: Item) -> bool:
    """Whether an item may be a merge that blends and may be a Concatenate."""
    channels = {variant.channels for variant in item.variants if variant.operands[1] > 1}
    return {"same", "sum"} <= channels
