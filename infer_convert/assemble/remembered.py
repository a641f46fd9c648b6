"""What the numbers said about the drafts of a file, remembered from one run to the next.

The drafts (or the net), the user's operands and the budget are the question; the answer holds the state of the file and
digests of the very numbers that were read for it, and counts only while the file is in that state or has these.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from infer_convert import __version__
from infer_convert.clues.numbers.arrays import Arrays
from infer_convert.clues.numbers.flow import Flow, Found
from infer_convert.clues.numbers.net import Net, Node
from infer_convert.draft import Draft
from infer_convert.plan import WeightUse
from infer_convert.solve import notes
from infer_convert.solve.order import reproduces
from infer_convert.solve.plain import Unreadable, index, many, mapping, number, pair, text

T = TypeVar("T")
Drafts = Sequence[tuple[Draft, float]]


def remembered(
    drafts: Drafts,
    flow: Flow,
    arrays: Arrays,
    told: Collection[str],
    weigh: Callable[[], list[tuple[Draft, float]]],
) -> list[tuple[Draft, float]]:
    """``weigh()``, which gives the drafts and others that differ from one of them in operands, with new shares; or what
    it gave for the same drafts and the same numbers."""
    if not notes.active() or arrays.budget.spent:
        return weigh()
    said = [([(i.name, i.class_name, i.config, i.operands, i.uses) for i in d.layers], d.outputs, s) for d, s in drafts]
    key = flow.history = notes.digest(("drafts", __version__, arrays.budget.work, sorted(told), said))
    uses = (use for draft, _ in drafts for layer in draft.layers for use in layer.uses)

    def plain(answer: list[tuple[Draft, float]]) -> list[Any]:
        return [_plain(draft, share, drafts) for draft, share in answer]

    return _once(key, arrays, uses, weigh, plain, lambda said: _answers(said, drafts))


def followed(net: Net, flow: Flow, arrays: Arrays) -> Found:
    """``flow.follow(net)``, or what it gave for the same net and the same numbers.

    What it costs depends on what was done before, so only a run that began in the same way knows the answer; one that
    began otherwise has spent otherwise."""
    if not notes.active():
        return flow.follow(net)
    budget = arrays.budget
    key = flow.history = notes.digest(("followed", __version__, flow.history, budget.spent, budget.left, net.told))
    uses = (use for node in net.nodes for use in _uses(node))
    return _once(key, arrays, uses, lambda: flow.follow(net), _plain_found, _found)


def answered(
    question: object,
    uses: Collection[WeightUse],
    arrays: Arrays,
    find: Callable[[], T],
    plain: Callable[[T], Any],
    parsed: Callable[[Any], T],
) -> T:
    """``find()``, or what it gave for the same question, the same variables (``uses``) and the same numbers. ``plain``
    makes an answer JSON and ``parsed`` reads it, or raises Unreadable. Raises OutOfWork where ``find`` does."""
    if not notes.active():
        return find()
    about = [(use.sources, use.transforms, use.shape) for use in uses]
    key = notes.digest(("answered", __version__, arrays.budget.spent, arrays.budget.left, question, about))
    return _once(key, arrays, uses, find, plain, parsed)


def heard(
    question: object,
    uses: Mapping[str, WeightUse],
    variable: str,
    arrays: Arrays,
    hear: Callable[[Any], T | None],
    plain: Callable[[T], Any],
    parsed: Callable[[Any], T],
) -> T | None:
    """What one variable says, or said: ``hear`` gets its array. None where there is no such variable, and where it says
    nothing. The rest is as in ``answered``."""

    def find() -> T | None:
        array = arrays.get(uses, variable)
        return None if array is None else hear(array)

    return answered(
        (question, variable), uses.values(), arrays, find,
        lambda found: None if found is None else plain(found),
        lambda said: None if said is None else parsed(said),
    )  # fmt: skip


def _once(
    key: str,
    arrays: Arrays,
    uses: Iterable[WeightUse],
    find: Callable[[], T],
    plain: Callable[[T], Any],
    parsed: Callable[[Any], T],
) -> T:
    budget, before = arrays.budget, notes.learnt(key)
    if before is not None:
        try:
            said, cost, source = many(before, 3)
            found = parsed(said)
        except Unreadable:
            pass
        else:
            if _counts(cost, source, uses, arrays):
                notes.note(key, before)
                return found
    spent, paid, read = budget.spent, len(budget.paid), set(arrays.reads())
    found = find()
    cost = [budget.spent - spent, list(budget.paid)[paid:]]
    notes.note(key, [plain(found), cost, _source(arrays, read)])
    return found


def _plain_found(found: Found) -> list[Any]:
    return [{name: list(said) for name, said in found.moments.items()}, found.filters]


def _found(plain: Any) -> Found:
    moments, filters = many(plain, 2)
    return Found(
        {name: pair(both) for name, both in mapping(moments).items()},
        {name: number(score) for name, score in mapping(filters).items()},
    )


def _uses(node: Node) -> Iterator[WeightUse]:
    yield from node.uses.values()
    for inner in node.inner.nodes if node.inner is not None else ():
        yield from _uses(inner)


def _source(arrays: Arrays, before: Collection[tuple[str, ...]] = ()) -> list[Any]:
    """What the answer is about: the state of the file with what was read in it and not ``before``, where that state is
    known, else the numbers that were read."""
    if notes.about():
        return [notes.about(), [[list(of), ""] for of in arrays.reads() if of not in before]]
    return ["", [[list(of), digest] for of, digest in arrays.digests().items()]]


def _counts(cost: Any, source: Any, uses: Iterable[WeightUse], arrays: Arrays) -> bool:
    """Whether an answer that cost so much is about the very numbers of the file; then it is paid for."""
    try:
        spent, pieces = many(cost, 2)
        paid = [index(piece, 1 << 64) for piece in many(pieces)]
        state, read = many(source, 2)
        rows = [many(each, 2) for each in many(read)]
        digests = {tuple(text(part) for part in many(of)): text(digest) for of, digest in rows}
    except Unreadable:
        return False
    if type(spent) is not float or not 0 <= spent <= min(arrays.budget.work, arrays.budget.left):
        return False
    same = state == notes.about() if state else arrays.agree(uses, digests)
    if same:
        arrays.budget.remember(spent, paid)
        arrays.pay(digests)
    return same


def _plain(draft: Draft, share: float, drafts: Drafts) -> list[Any]:
    """The number of the draft that it is or was made of, the operands that differ, its share, what was heard of it."""
    bases = [(number, base) for number, (base, _) in enumerate(drafts) if base.layers is draft.layers] or list(
        enumerate(base for base, _ in drafts)
    )
    number, changes = next(
        (number, changes) for number, base in bases if (changes := _changes(draft, base)) is not None
    )
    return [number, [[index, draft.layers[index].operands] for index in changes], share, draft.heard]


def _changes(draft: Draft, base: Draft) -> list[int] | None:
    """The layers with other operands; None where more is different."""
    if len(draft.layers) != len(base.layers) or replace(draft, layers=base.layers, heard=base.heard) != base:
        return None
    pairs = list(zip(draft.layers, base.layers, strict=True))
    if any(mine is not its and replace(mine, operands=its.operands) != its for mine, its in pairs):
        return None
    return [index for index, (mine, its) in enumerate(pairs) if mine.operands != its.operands]


def _answers(plain: Any, drafts: Drafts) -> list[tuple[Draft, float]]:
    """The drafts that ``plain`` tells. Raises Unreadable where it tells none."""
    found = [_draft(answer, drafts) for answer in many(plain)]
    if not found:
        raise Unreadable
    return found


def _draft(plain: Any, drafts: Drafts) -> tuple[Draft, float]:
    which, changes, share, heard = many(plain, 4)
    base, _ = drafts[index(which, len(drafts))]
    if type(share) is not float:
        raise Unreadable
    draft = replace(base, heard=number(heard))
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
