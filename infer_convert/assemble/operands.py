"""Where the drafts disagree about a layer's operands: each answer's share, and what the trained numbers say for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from infer_convert.confidence import DUMP, WIRED
from infer_convert.draft import Draft
from infer_convert.hints import Hints
from infer_convert.plan import Basis, Decision, Evidence, Option, Ref
from infer_convert.solve.cells import RIGHT

LEAST_NATS, MOST_NATS = 0.05, 60.0
"""Less is not worth a line in the report; more is as sure."""
Said = tuple[float, float]
"""A share, and what it was before the numbers were heard."""


def inbound_decisions(
    drafts: Sequence[tuple[Draft, float]], shares: Mapping[int, float], hints: Hints, dumped: bool
) -> dict[str, tuple[Decision, ...]]:
    """By layer of the likeliest draft, the decision about its operands. ``shares`` are those of the drafts by their
    number, the likeliest first; ``dumped`` is a list that shows only layers with weights."""
    best = drafts[next(iter(shares))][0]
    by_name = {number: {layer.name: layer for layer in drafts[number][0].layers} for number in shares}
    said = {number: _said(drafts[number][0], share) for number, share in shares.items()}
    result: dict[str, tuple[Decision, ...]] = {}
    for layer in best.layers:
        if not layer.operands:
            continue
        answers: dict[str, tuple[list[int], list[list[str]]]] = {}
        for number in shares:
            twin = by_name[number].get(layer.name)
            if twin is not None:
                names = _names(drafts[number][0], twin.operands)
                answers.setdefault(repr(names), ([], names))[0].append(number)
        mine, names = answers.pop(repr(_names(best, layer.operands)))
        if hints.answer(layer.name, "inbound") is not None:
            result[layer.name] = (Decision("inbound", names, 1.0, Basis.USER),)
            continue
        if not answers and len(layer.operands[0]) < 2:
            continue
        # A sum that no list shows is as likely as it is to exist.
        there = [number for number in shares if layer.stored is None or layer.name in by_name[number]]
        rest = [number for number in there if number not in mine]
        total = math.fsum(shares[number] for number in (*mine, *rest))
        options = tuple(
            Option(other, math.fsum(shares[number] for number in having) / total) for having, other in answers.values()
        )
        share = math.fsum(shares[number] for number in mine) / total * (RIGHT if best.guessed else 1)
        heard = _heard([said[number] for number in mine], [said[number] for number in rest])
        evidence = (_because(dumped), *heard)
        result[layer.name] = (Decision("inbound", names, share, Basis.INFERRED, options, evidence),)
    return result


def _names(draft: Draft, operands: Iterable[Iterable[tuple[int, int]]]) -> list[list[str]]:
    return [[str(Ref(draft.layers[item].name, number)) for item, number in call] for call in operands]


def _said(draft: Draft, share: float) -> Said:
    return share, share * math.exp(min(MOST_NATS, max(-MOST_NATS, -draft.heard)))


def _because(dumped: bool) -> Evidence:
    if dumped:
        because = "the list shows only layers with weights; channels and numbers leave these possibilities"
        return Evidence(DUMP, 0.0, because)
    return Evidence("wiring", 0.0, "the list's order, the channels and people's habits leave these possibilities")


def _heard(mine: Sequence[Said], others: Sequence[Said]) -> Iterable[Evidence]:
    """How much the numbers moved the odds."""
    if not any(share for share, _ in others):
        return
    nats = _log_odds(mine, others, 0) - _log_odds(mine, others, 1)
    if abs(nats) >= LEAST_NATS:
        said = f"{abs(nats):.1f} nats {'better' if nats > 0 else 'worse'} than others"
        yield Evidence(WIRED, nats, f"nets with these operands suit the stored moments and filters {said}")


def _log_odds(mine: Sequence[Said], others: Sequence[Said], which: int) -> float:
    return math.log(math.fsum(pair[which] for pair in mine)) - math.log(math.fsum(pair[which] for pair in others))
