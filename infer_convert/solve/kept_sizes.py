"""Sizes that an earlier run has solved: its shares, and settings whose shapes are worked out again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from infer_convert.solve.notes import noted
from infer_convert.solve.sizes import Shape, SizeAnswer, SizeCall, SizeItem, SizeResult


def known_sizes(
    question: Callable[[], str],
    items: Sequence[SizeItem],
    calls: Sequence[SizeCall],
    solve: Callable[[], SizeResult],
) -> SizeResult:
    """``solve()`` for these items and calls, unless an earlier run answered the ``question``, a digest of everything
    that it depends on."""
    return noted(question, solve, _plain, lambda plain: _checked(plain, items, calls))


def _plain(result: SizeResult) -> list[Any]:
    answers = [[answer.options, answer.log_score, answer.probability] for answer in result.answers]
    return [answers, result.marginals, result.failed_at, result.log_mass, result.peaks]


class _NoSizes(Exception):
    pass


def _checked(plain: Any, items: Sequence[SizeItem], calls: Sequence[SizeCall]) -> SizeResult | None:
    """What ``plain`` tells; None unless every answer's shapes agree and every option of every item has its shares."""
    try:
        answers, marginals, failed_at, log_mass, peaks = _many(plain, 5)
        found = tuple(_answer(answer, items, calls) for answer in _many(answers))
        if not found:
            return SizeResult((), failed_at=_index(failed_at, len(calls)))
        rows = (_shares(marginals, items), _shares(peaks, items))
        return SizeResult(found, rows[0], None, _number(log_mass), rows[1])
    except _NoSizes:
        return None


def _answer(plain: Any, items: Sequence[SizeItem], calls: Sequence[SizeCall]) -> SizeAnswer:
    options, log_score, probability = _many(plain, 3)
    chosen = [
        _index(option, len(item.options)) for option, item in zip(_many(options, len(items)), items, strict=True)
    ]
    shapes: list[Shape] = []
    for call in calls:
        shape = items[call.item].options[chosen[call.item]].shape(tuple(shapes[operand] for operand in call.operands))
        if shape is None:
            raise _NoSizes
        shapes.append(shape)
    return SizeAnswer(tuple(chosen), tuple(shapes), _number(log_score), _number(probability))


def _shares(plain: Any, items: Sequence[SizeItem]) -> tuple[tuple[float, ...], ...]:
    rows = zip(_many(plain, len(items)), items, strict=True)
    return tuple(tuple(_number(share) for share in _many(row, len(item.options))) for row, item in rows)


def _many(value: Any, count: int | None = None) -> list[Any]:
    if not isinstance(value, list) or count not in (None, len(value)):
        raise _NoSizes
    return value


def _index(value: Any, count: int) -> int:
    if type(value) is not int or not 0 <= value < count:
        raise _NoSizes
    return value


def _number(value: Any) -> float:
    if type(value) is not float:
        raise _NoSizes
    return value
