"""Drafts whose operands trained numbers contradict, and what they would have instead.

The wiring engine proposes; here single operands are exchanged for other tensors with as many channels, and kept where
the moments and filters of the file speak for it and Keras would still list the layers in the file's order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from infer_convert.clues.numbers import maps
from infer_convert.clues.numbers.budget import PLACE, Budget, OutOfWork
from infer_convert.clues.numbers.flow import Flow, Found
from infer_convert.clues.numbers.net import of_draft
from infer_convert.draft import Draft
from infer_convert.solve.items import Call
from infer_convert.solve.order import reproduces

LEAST_GAIN = 3.0
"""Nats that a change must gain: the wiring engine had its reasons too."""
MOST_STEPS = 24
MOST_LAYERS = 400


@dataclass(frozen=True, slots=True)
class Rewired:
    """A changed draft and the nats that its numbers gained over the original."""

    draft: Draft
    gain: float


def rewire(draft: Draft, flow: Flow, told: Collection[str] = ()) -> Rewired | None:
    """The draft with the operands that the numbers prefer, by steepest ascent; None when nothing is gained or the work
    is used up before anything is. The operands of the layers ``told`` are the user's and stay."""
    if len(draft.layers) > MOST_LAYERS:
        return None
    current, gain = draft, 0.0
    try:
        found = flow.follow(of_draft(current))
        for _ in range(MOST_STEPS):
            best = _best_step(current, found, flow, told)
            if best is None:
                break
            current, found, step = best
            gain += step
    except OutOfWork:
        pass
    return Rewired(current, gain) if current is not draft else None


def _best_step(draft: Draft, found: Found, flow: Flow, told: Collection[str]) -> tuple[Draft, Found, float] | None:
    best: tuple[Draft, Found, float] | None = None
    for changed in _steps(draft, flow.budget, told):
        said = flow.follow(of_draft(changed))
        gain = maps.total(maps.ratio(said, found))
        if gain > LEAST_GAIN and (best is None or maps.total(maps.ratio(said, best[1])) > 0):
            best = changed, said, gain
    return best


def _steps(draft: Draft, budget: Budget, told: Collection[str]) -> Iterator[Draft]:
    """Every draft that differs in one operand, or in two that changed places, and reproduces the list; of two that
    stand side by side one may be exchanged and both change places, for each alone may fit worse than none."""
    channels, ranks = _widths(draft)
    slots = [
        (index, slot)
        for index, layer in enumerate(draft.layers)
        if len(layer.operands) == 1 and layer.name not in told
        for slot in range(len(layer.operands[0]))
    ]
    for index, slot in slots:
        mine = draft.layers[index].operands[0][slot]
        for other in range(index):
            value = (other, 0)
            if value != mine and _alike(value, mine, channels, ranks) and value not in draft.layers[index].operands[0]:
                yield from _checked(draft, budget, {(index, slot): value})
                if draft.layers[index].class_name == "Concatenate" and len(draft.layers[index].operands[0]) == 2:
                    kept = draft.layers[index].operands[0][1 - slot]
                    yield from _checked(draft, budget, {(index, slot): kept, (index, 1 - slot): value})
    for position, (index, slot) in enumerate(slots):
        mine = draft.layers[index].operands[0][slot]
        for other, its in slots[position + 1 :]:
            theirs = draft.layers[other].operands[0][its]
            if theirs == mine or theirs[0] >= index:
                continue
            same = index == other and draft.layers[index].class_name == "Concatenate"
            if same or (index != other and _alike(mine, theirs, channels, ranks)):
                yield from _checked(draft, budget, {(index, slot): theirs, (other, its): mine})


def _alike(a: Call, b: Call, channels: dict[Call, int | None], ranks: dict[Call, int | None]) -> bool:
    return channels.get(a) is not None and channels.get(a) == channels.get(b) and ranks.get(a) == ranks.get(b)


def _checked(draft: Draft, budget: Budget, changes: dict[tuple[int, int], Call]) -> Iterator[Draft]:
    budget.spend(PLACE * len(draft.layers))
    layers = list(draft.layers)
    for (index, slot), value in changes.items():
        operands = list(layers[index].operands[0])
        operands[slot] = value
        layers[index] = replace(layers[index], operands=(tuple(operands),))
    made = replace(draft, layers=tuple(layers))
    if reproduces([layer.operands if layer.operands else ((),) for layer in layers], draft.outputs):
        yield made


def _widths(draft: Draft) -> tuple[dict[Call, int | None], dict[Call, int | None]]:
    """Channels and ranks of the single-call layers' results, as far as their cards fix them."""
    channels: dict[Call, int | None] = {}
    ranks: dict[Call, int | None] = {}
    for index, layer in enumerate(draft.layers):
        if len(layer.operands) != 1:
            continue
        variants = layer.card.flow(layer.config)
        operands = layer.operands[0]
        given = ranks.get(operands[0])
        outs = {out for variant in variants for rank, out in variant.ranks if given is None or rank == given}
        ranks[index, 0] = outs.pop() if len(outs) == 1 else given if given in outs else None
        variant = variants[0]
        if variant.channels == "fixed":
            channels[index, 0] = variant.channels_out
        elif variant.channels == "same":
            channels[index, 0] = channels.get(operands[0])
        elif variant.channels == "sum":
            parts = [channels.get(operand) for operand in operands]
            known = [part for part in parts if part is not None]
            channels[index, 0] = sum(known) if len(known) == len(parts) else None
    return channels, ranks
