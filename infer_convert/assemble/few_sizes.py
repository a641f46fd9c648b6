"""Nets with more combinations of input sizes than a search can look at: their likeliest sizes are searched to the end.

Two or three inputs with hundreds of sizes each leave a beam a few states for each combination, so that what a Dense
behind all of them takes is missed. People give inputs that are read alike one size (``LIKE_ANOTHER``), and mostly a
usual one, which is few combinations.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import replace

from infer_convert.layers.card import Shape
from infer_convert.solve.options import ShapeFunction, SizeCall, SizeItem
from infer_convert.solve.sizes import SizeResult, solve_sizes

LIKELIEST = 24
"""Sizes of every input that are tried then."""


def solved(
    items: Sequence[SizeItem], calls: Sequence[SizeCall], best: int, states: int, strata: Sequence[str]
) -> SizeResult:
    """The choice among all sizes, or, where these are too many to be looked at to the end, among few, if that one is
    likelier or the only one."""
    found = solve_sizes(items, calls, best, states, strata)
    inputs = [place for place, call in enumerate(calls) if not call.operands]
    if not found.blind or (found.answers and len(inputs) < 2):
        return found
    few = list(items)
    for place in inputs:
        few[calls[place].item] = _of_few_sizes(items[calls[place].item])
    other = solve_sizes(*_tied(few, calls, inputs), best, states, strata)
    better = other.answers and (not found.answers or other.answers[0].log_score > found.answers[0].log_score)
    return other if better else found


def _of_few_sizes(item: SizeItem) -> SizeItem:
    likely = set(
        heapq.nlargest(LIKELIEST, range(len(item.options)), key=lambda option: item.options[option].log_prior)
    )
    options = tuple(
        option if place in likely else replace(option, shape=_nothing) for place, option in enumerate(item.options)
    )
    return replace(item, options=options, at_once=None)


def _tied(
    items: list[SizeItem], calls: Sequence[SizeCall], inputs: Sequence[int]
) -> tuple[list[SizeItem], list[SizeCall]]:
    """Inputs of one kind get the size of the first one, which their calls then take as an operand."""
    first: dict[str, int] = {}
    tied, made = list(items), list(calls)
    for place in inputs:
        number = calls[place].item
        kind = next((kind for option in items[number].options for kind, _, _ in option.reads), None)
        if kind is not None and first.setdefault(kind, place) != place:
            made[place] = SizeCall(number, (first[kind],))
            options = [replace(option, shape=_same(option.shape)) for option in items[number].options]
            tied[number] = replace(items[number], options=tuple(options))
    return tied, made


def _same(own: ShapeFunction) -> ShapeFunction:
    def shape(shapes: tuple[Shape, ...]) -> Shape | None:
        made = own(())
        return made if made in shapes else None

    return shape


def _nothing(shapes: tuple[Shape, ...]) -> Shape | None:
    return None
