"""Wirings that were found before: the search is most of an inference, and few hints change what is searched.

An answer is known by everything that entered its search, so that a changed question never meets an old answer. Within
a process the last few are kept, and ``notes`` carry them from one run to the next; those are checked to be graphs over
the items at hand.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from infer_convert.solve import notes
from infer_convert.solve.items import Call, Item, Wiring

if TYPE_CHECKING:
    from infer_convert.solve.wiring import WiringResult

MOST = 32
"""Questions whose answers are kept in a process."""

Answer = tuple[Wiring, ...]

_KNOWN: OrderedDict[str, Answer] = OrderedDict()
_VAIN: dict[str, WiringResult] = {}
"""The last search that found nothing: a second attempt at a file often asks the same once more."""


def searched(items: Sequence[Item], rest: object, find: Callable[[], WiringResult]) -> WiringResult:
    """``find()``, unless the same was the last search in vain. ``rest`` is as in ``recalled``."""
    key = question(items, rest)
    result = _VAIN.get(key)
    if result is None:
        result = find()
        if not result.wirings:
            _VAIN.clear()
            _VAIN[key] = result
    return result


def recalled(items: Sequence[Item], rest: object, find: Callable[[], Answer]) -> Answer:
    """``find()``, unless the same was asked before. ``rest`` is everything but the items that ``find`` depends on; its
    ``repr`` must tell it. Nothing that was not found is kept."""
    key = question(items, rest)
    answer = _KNOWN.get(key)
    if not answer:
        answer = _checked(notes.learnt(key), items)
    if not answer:
        answer = find()
    if answer:
        _KNOWN[key] = answer
        _KNOWN.move_to_end(key)
        while len(_KNOWN) > MOST:
            _KNOWN.popitem(last=False)
        notes.note(key, [_plain(wiring) for wiring in answer])
    return answer


def question(items: Sequence[Item], rest: object) -> str:
    """A digest of a search's input, the same in every process."""
    said = [
        (
            item.name,
            [
                (
                    variant.label, variant.operands, sorted(variant.ranks), variant.channels_in, variant.channels_out,
                    variant.channels, variant.scale, variant.broadcasts, variant.log_prior, variant.state,
                    variant.takes_state,
                )
                for variant in item.variants
            ],
        )
        for item in items
    ]  # fmt: skip
    return notes.digest((said, rest))


def _plain(wiring: Wiring) -> list[Any]:
    return [
        list(wiring.variants),
        [[[list(call) for call in operands] for operands in calls] for calls in wiring.operands],
        [list(call) for call in wiring.outputs],
        wiring.log_score,
        wiring.probability,
        sorted(wiring.ordered),
        [[list(call) for call in operands] for operands in wiring.sums],
        wiring.guessed,
    ]


class _NoWiring(Exception):
    pass


def _checked(plain: Any, items: Sequence[Item]) -> Answer | None:
    """The wirings that ``plain`` tells; None when it is anything but some graphs over the items."""
    try:
        return tuple(_wiring(item, items) for item in _list(plain))
    except _NoWiring:
        return None


def _wiring(plain: Any, items: Sequence[Item]) -> Wiring:
    if not (isinstance(plain, list) and len(plain) == 8 and all(type(value) is float for value in plain[3:5])):
        raise _NoWiring
    variants = tuple(_index(value, len(item.variants)) for value, item in zip(_list(plain[0]), items, strict=False))
    calls = _list(plain[1])
    if not len(variants) == len(calls) == len(items):
        raise _NoWiring
    counts = [max(1, len(_list(own))) for own in calls] + [1] * len(_list(plain[6]))
    operands = tuple(tuple(_calls(call, counts) for call in own) for own in calls)
    outputs = _calls(plain[2], counts)
    ordered = frozenset(_index(value, len(items)) for value in _list(plain[5]))
    sums = tuple(_calls(call, counts) for call in plain[6])
    if not outputs or not _acyclic((*operands, *((call,) for call in sums))):
        raise _NoWiring
    return Wiring(variants, operands, outputs, plain[3], plain[4], ordered, sums, plain[7] is True)


def _acyclic(operands: Sequence[Sequence[Sequence[Call]]]) -> bool:
    waiting = {(item, call) for item, own in enumerate(operands) for call in range(max(1, len(own)))}
    takers: dict[Call, list[Call]] = {}
    missing = dict.fromkeys(waiting, 0)
    for item, own in enumerate(operands):
        for number, call in enumerate(own):
            for operand in call:
                takers.setdefault(operand, []).append((item, number))
                missing[item, number] += 1
    ready = [call for call, count in missing.items() if not count]
    done = 0
    while ready:
        done += 1
        for taker in takers.get(ready.pop(), ()):
            missing[taker] -= 1
            if not missing[taker]:
                ready.append(taker)
    return done == len(waiting)


def _calls(plain: Any, counts: Sequence[int]) -> tuple[Call, ...]:
    found = []
    for pair in _list(plain):
        if not (isinstance(pair, list) and len(pair) == 2):
            raise _NoWiring
        item = _index(pair[0], len(counts))
        found.append((item, _index(pair[1], counts[item])))
    return tuple(found)


def _index(value: Any, count: int) -> int:
    if type(value) is not int or not 0 <= value < count:
        raise _NoWiring
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _NoWiring
    return value
