"""What the numbers said about the drafts of a file, remembered from one run to the next.

The drafts, the user's operands and the budget are the question; the answer holds digests of the very numbers that were
read for it, and counts only while the file has these. Only the first step of an inference is remembered: it finds
nothing to be used again, so what it costs does not depend on what was done before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from infer_convert import __version__
from infer_convert.clues.numbers.arrays import Arrays
from infer_convert.draft import Draft
from infer_convert.solve import notes
from infer_convert.solve.order import reproduces
from infer_convert.solve.plain import Unreadable, index, many, text

Drafts = Sequence[tuple[Draft, float]]


def remembered(
    drafts: Drafts, arrays: Arrays, told: Collection[str], weigh: Callable[[], list[tuple[Draft, float]]]
) -> list[tuple[Draft, float]]:
    """``weigh()``, which gives the drafts and others that differ from one of them in operands, with new shares; or what
    it gave for the same drafts and the same numbers."""
    if not notes.active() or arrays.budget.spent:
        return weigh()
    said = [([(i.name, i.class_name, i.config, i.operands, i.uses) for i in d.layers], d.outputs, s) for d, s in drafts]
    key = notes.digest(("drafts", __version__, arrays.budget.work, sorted(told), said))
    before = notes.learnt(key)
    found = None if before is None else _checked(before, drafts, arrays)
    if found is not None:
        notes.note(key, before)
        return found
    answer = weigh()
    read = [[list(of), digest] for of, digest in arrays.digests().items()]
    notes.note(key, [[_plain(draft, share, drafts) for draft, share in answer], arrays.budget.spent, read])
    return answer


def _plain(draft: Draft, share: float, drafts: Drafts) -> list[Any]:
    """The number of the draft that it is or was made of, the operands that differ, its share."""
    bases = [(number, base) for number, (base, _) in enumerate(drafts) if base is draft] or list(
        enumerate(base for base, _ in drafts)
    )
    number, changes = next(
        (number, changes) for number, base in bases if (changes := _changes(draft, base)) is not None
    )
    return [number, [[index, draft.layers[index].operands] for index in changes], share]


def _changes(draft: Draft, base: Draft) -> list[int] | None:
    """The layers with other operands; None where more is different."""
    if len(draft.layers) != len(base.layers) or replace(draft, layers=base.layers) != base:
        return None
    pairs = list(zip(draft.layers, base.layers, strict=True))
    if any(mine is not its and replace(mine, operands=its.operands) != its for mine, its in pairs):
        return None
    return [index for index, (mine, its) in enumerate(pairs) if mine.operands != its.operands]


def _checked(plain: Any, drafts: Drafts, arrays: Arrays) -> list[tuple[Draft, float]] | None:
    """What ``plain`` tells, once the numbers are seen to be the same; None when they are not, or it tells no drafts."""
    try:
        answers, spent, read = many(plain, 3)
        found = [_draft(answer, drafts) for answer in many(answers)]
        rows = [many(each, 2) for each in many(read)]
        digests = {tuple(text(part) for part in many(of)): text(digest) for of, digest in rows}
    except Unreadable:
        return None
    uses = (use for draft, _ in drafts for layer in draft.layers for use in layer.uses)
    if not found or type(spent) is not float or not 0 <= spent <= arrays.budget.work:
        return None
    if not arrays.agree(uses, digests):
        return None
    arrays.budget.remember(spent)
    return found


def _draft(plain: Any, drafts: Drafts) -> tuple[Draft, float]:
    number, changes, share = many(plain, 3)
    draft, _ = drafts[index(number, len(drafts))]
    if type(share) is not float:
        raise Unreadable
    if not changes:
        return draft, share
    layers = list(draft.layers)
    for change in many(changes):
        which, operands = many(change, 2)
        place = index(which, len(layers))
        calls = [
            [many(operand, 2) for operand in many(call)] for call in many(operands, len(layers[place].operands))
        ]
        made = tuple(
            tuple((index(i, place), index(c, max(1, len(layers[i].operands)))) for i, c in call) for call in calls
        )
        layers[place] = replace(layers[place], operands=made)
    if not reproduces([layer.operands if layer.operands else ((),) for layer in layers], draft.outputs):
        raise Unreadable
    return replace(draft, layers=tuple(layers)), share
