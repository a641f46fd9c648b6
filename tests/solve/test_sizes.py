"""The exact engine against brute force on problems small enough to count out."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infer_convert.solve.lattice import Shape
from infer_convert.solve.options import SizeCall, SizeItem, SizeOption
from infer_convert.solve.sizes import solve_sizes


def start(size: int) -> SizeOption:
    return SizeOption(-math.log(size + 1), lambda shapes: (size,))


@dataclass(frozen=True)
class Linear:
    """Sum of the operands, divided, plus something; None below 1 or when it does not divide."""

    divisor: int
    extra: int

    def __call__(self, shapes: tuple[Shape, ...]) -> Shape | None:
        total = sum(shape[0] or 0 for shape in shapes)
        result, rest = divmod(total, self.divisor)
        return (result + self.extra,) if not rest and result + self.extra > 0 else None


KINDS, VALUES = st.sampled_from(["padding", "stride"]), st.integers(0, 1)
OPTIONS = st.builds(
    SizeOption,
    st.floats(-4, -0.1),
    st.builds(Linear, st.integers(1, 2), st.integers(-1, 1)),
    st.lists(st.tuples(KINDS, VALUES, st.floats(-2, 2)), max_size=2).map(tuple),
    st.lists(st.tuples(KINDS, VALUES), max_size=2, unique_by=lambda pair: pair[0]).map(tuple),
)


def equal(shapes: tuple[Shape, ...]) -> Shape | None:
    """What suits all operands of such a merge suits any two of them."""
    return shapes[0] if len(set(shapes)) == 1 else None


def smaller(shapes: tuple[Shape, ...]) -> float:
    return -0.3 * (shapes[0][0] or 0)


MERGES = st.just(SizeItem((SizeOption(-0.5, equal),), pairs=True))
ITEMS = st.builds(
    SizeItem, st.lists(OPTIONS, min_size=1, max_size=3).map(tuple), st.none(), st.sampled_from([None, None, smaller])
)


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[SizeItem], list[SizeCall]]:
    """An input and up to five calls of items with up to three options; an item may be called again."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True))
    items, calls = [SizeItem(tuple(map(start, sizes)))], [SizeCall(0, ())]
    for _ in range(draw(st.integers(1, 5))):
        count = len(calls)
        operands = draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=2))
        again = draw(st.integers(1, len(items))) if len(items) > 1 and draw(st.booleans()) else len(items)
        if again == len(items):
            items.append(draw(MERGES if len(operands) > 1 and draw(st.booleans()) else ITEMS))
        calls.append(SizeCall(again, tuple(operands)))
    return items, calls


def brute_force(items: list[SizeItem], calls: list[SizeCall]) -> dict[tuple[int, ...], float]:
    """Every assignment that fits, with its log weight, straight from the words of the docstring."""
    found = {}
    for chosen in itertools.product(*(range(len(item.options)) for item in items)):
        shapes: list[Shape] = []
        last: dict[str, object] = {}
        counted: set[int] = set()
        score = 0.0
        for call in calls:
            options = items[call.item].options
            option = options[chosen[call.item]]
            shape = option.shape(tuple(shapes[operand] for operand in call.operands))
            if shape is None:
                break
            favours = items[call.item].favours
            score += favours(tuple(shapes[operand] for operand in call.operands)) if favours is not None else 0.0
            shapes.append(shape)
            if call.item in counted:
                continue
            counted.add(call.item)
            weights = [weight(other, last) for other in options]
            score += weight(option, last) - math.log(math.fsum(map(math.exp, weights)))
            last |= dict(option.writes)
        else:
            found[chosen] = score
    return found


def weight(option: SizeOption, last: dict[str, object]) -> float:
    return option.log_prior + sum(nats for kind, value, nats in option.reads if kind in last and last[kind] == value)


@settings(max_examples=150)
@given(problems())
def test_answers_and_marginals_are_exact(problem: tuple[list[SizeItem], list[SizeCall]]) -> None:
    items, calls = problem
    truth = brute_force(items, calls)
    result = solve_sizes(items, calls, best=5000)
    assert (result.failed_at is None) == bool(truth)
    if not truth:
        assert result.answers == ()
        return
    total = math.log(math.fsum(math.exp(score) for score in truth.values()))
    assert result.log_mass == pytest.approx(total)
    assert {answer.options for answer in result.answers} == set(truth)
    assert len(result.answers) == len(truth)
    for answer in result.answers:
        assert answer.log_score == pytest.approx(truth[answer.options])
        assert answer.probability == pytest.approx(math.exp(truth[answer.options] - total))
    assert [a.log_score for a in result.answers] == sorted((a.log_score for a in result.answers), reverse=True)
    shares: dict[tuple[int, int], float] = defaultdict(float)
    for chosen, score in truth.items():
        for item, number in enumerate(chosen):
            shares[item, number] += math.exp(score - total)
    for item, row in enumerate(result.marginals):
        assert row == pytest.approx([shares[item, number] for number in range(len(row))])
    best = max(truth.values())
    for item, row in enumerate(result.peaks):
        tops = [max((s for c, s in truth.items() if c[item] == n), default=-math.inf) - best for n in range(len(row))]
        assert row == pytest.approx(tops)


@settings(max_examples=50)
@given(problems(), st.integers(1, 4))
def test_fewer_answers_are_the_best_ones(problem: tuple[list[SizeItem], list[SizeCall]], best: int) -> None:
    scores = sorted(brute_force(*problem).values(), reverse=True)[:best]
    assert [answer.log_score for answer in solve_sizes(*problem, best=best).answers] == pytest.approx(scores)


def keep(value: str) -> SizeOption:
    return SizeOption(-1.0, lambda shapes: shapes[0], (("padding", value, 2.0),), (("padding", value),))


def test_keeping_what_was_done_gains() -> None:
    """Two layers, two ways with equal priors: the answers that keep to one way are exp(2) times as likely."""
    item = SizeItem((keep("same"), keep("valid")))
    result = solve_sizes([SizeItem((start(4),)), item, item], [SizeCall(0, ()), SizeCall(1, (0,)), SizeCall(2, (1,))])
    scores = {answer.options[1:]: answer.log_score for answer in result.answers}
    assert scores[0, 0] == pytest.approx(scores[1, 1]) and scores[0, 1] == pytest.approx(scores[1, 0])
    assert scores[0, 0] - scores[0, 1] == pytest.approx(2.0)


def test_an_item_called_twice_keeps_one_setting() -> None:
    """Halving twice needs 4 | 12; adding once and halving once would fit too, were it not one layer."""
    item = SizeItem((SizeOption(-1.0, Linear(2, 0)), SizeOption(-0.1, Linear(1, 1))))
    end = SizeItem((SizeOption(0.0, lambda shapes: (1,) if shapes == ((3,),) else None),))
    calls = [SizeCall(0, ()), SizeCall(1, (0,)), SizeCall(1, (1,)), SizeCall(2, (2,))]
    (answer,) = solve_sizes([SizeItem((start(12),)), item, end], calls).answers
    assert answer.options == (0, 0, 0) and answer.shapes == ((12,), (6,), (3,), (1,))


def test_failure_names_the_call() -> None:
    never = SizeItem((SizeOption(0.0, lambda shapes: None),))
    same = SizeItem((SizeOption(0.0, lambda shapes: shapes[0]),))
    calls = [SizeCall(0, ()), SizeCall(1, (0,)), SizeCall(2, (1,)), SizeCall(1, (2,))]
    result = solve_sizes([SizeItem((start(4),)), same, never], calls)
    assert (result.answers, result.failed_at) == ((), 2)


def test_a_narrow_beam_keeps_the_best() -> None:
    sizes = SizeItem(tuple(start(size) for size in range(1, 9)))
    wide = SizeItem((SizeOption(-0.5, Linear(1, 0)), SizeOption(-1.5, Linear(1, 1))))
    items, calls = [sizes, wide, wide], [SizeCall(0, ()), SizeCall(1, (0,)), SizeCall(2, (1,)), SizeCall(2, (2,))]
    narrow, full = (solve_sizes(items, calls, states=states).answers[0] for states in (2, 400))
    assert narrow.options == full.options
