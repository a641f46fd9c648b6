"""Sizes that an earlier run has solved: its shares and draws, and settings whose shapes are worked out again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from infer_convert.solve.draws import MOST, Draw
from infer_convert.solve.lattice import Shape
from infer_convert.solve.notes import active, digest, noted
from infer_convert.solve.options import SizeCall, SizeItem
from infer_convert.solve.plain import Unreadable, index, many, number
from infer_convert.solve.sizes import SizeAnswer, SizeResult


def known_sizes(
    question: Callable[[], str],
    items: Sequence[SizeItem],
    calls: Sequence[SizeCall],
    solve: Callable[[], SizeResult],
) -> SizeResult:
    """``solve()`` for these items and calls, unless an earlier run answered the ``question``, a digest of everything
    that it depends on. Draws are noted where they are asked for."""
    if not active():
        return solve()
    key = question()
    solved: list[SizeResult] = []

    def find() -> SizeResult:
        solved.append(solve())
        return solved[0]

    def draw() -> tuple[Draw, ...]:
        return (solved or [solve()])[0].draw()

    result = noted(lambda: key, find, _plain, lambda plain: _checked(plain, items, calls))
    of_draws = digest(("draws", key))
    return replace(result, draw=lambda: noted(lambda: of_draws, draw, _plain_draws, lambda p: _draws(p, items)))


def _plain_draws(draws: tuple[Draw, ...]) -> list[Any]:
    return [[draw.options, draw.times, draw.log_probability] for draw in draws]


def _draws(plain: Any, items: Sequence[SizeItem]) -> tuple[Draw, ...] | None:
    try:
        return tuple(_draw(row, items) for row in many(plain))
    except Unreadable:
        return None


def _draw(plain: Any, items: Sequence[SizeItem]) -> Draw:
    options, times, log_probability = many(plain, 3)
    rows = zip(many(options, len(items)), items, strict=True)
    return Draw(
        tuple(index(option, len(item.options)) for option, item in rows),
        1 + index(times - 1 if type(times) is int else times, MOST),
        number(log_probability),
    )


def _plain(result: SizeResult) -> list[Any]:
    answers = [[answer.options, answer.log_score, answer.probability] for answer in result.answers]
    return [answers, result.marginals, result.failed_at, result.log_mass, result.peaks]


def _checked(plain: Any, items: Sequence[SizeItem], calls: Sequence[SizeCall]) -> SizeResult | None:
    """What ``plain`` tells; None unless every answer's shapes agree and every option of every item has its shares."""
    try:
        answers, marginals, failed_at, log_mass, peaks = many(plain, 5)
        found = tuple(_answer(answer, items, calls) for answer in many(answers))
        if not found:
            return SizeResult((), failed_at=index(failed_at, len(calls)))
        rows = (_shares(marginals, items), _shares(peaks, items))
        return SizeResult(found, rows[0], None, number(log_mass), rows[1])
    except Unreadable:
        return None


def _answer(plain: Any, items: Sequence[SizeItem], calls: Sequence[SizeCall]) -> SizeAnswer:
    options, log_score, probability = many(plain, 3)
    chosen = [
        index(option, len(item.options)) for option, item in zip(many(options, len(items)), items, strict=True)
    ]
    shapes: list[Shape] = []
    for call in calls:
        shape = items[call.item].options[chosen[call.item]].shape(tuple(shapes[operand] for operand in call.operands))
        if shape is None:
            raise Unreadable
        shapes.append(shape)
    return SizeAnswer(tuple(chosen), tuple(shapes), number(log_score), number(probability))


def _shares(plain: Any, items: Sequence[SizeItem]) -> tuple[tuple[float, ...], ...]:
    rows = zip(many(plain, len(items)), items, strict=True)
    return tuple(tuple(number(share) for share in many(row, len(item.options))) for row, item in rows)
