"""Moment matching: the right source wins where the statistics are trained, and nobody speaks where they are not."""

from __future__ import annotations

import numpy as np
import pytest

from infer_convert.assemble.rewire import rewire
from infer_convert.clues.numbers import maps
from infer_convert.clues.numbers.arrays import Arrays
from infer_convert.clues.numbers.budget import SECOND, Budget, OutOfWork
from infer_convert.clues.numbers.flow import Flow, Found
from infer_convert.clues.numbers.gaussian import CORRELATIONS, activated, before, pooled
from infer_convert.clues.numbers.net import of_draft
from infer_convert.draft import Draft
from tests.clues.numbers.synthetic import Memory, rewired, sampled

RESIDUAL = """
x InputLayer
c1 Dense
b1 BatchNormalization
r1 Activation
c2 Dense
b2 BatchNormalization
r2 Activation
c3 Dense
b3 BatchNormalization
add Add < b3 r1
r3 Activation
c4 Dense
b4 BatchNormalization
out Dense
"""


def follow(draft: Draft, memory: Memory) -> Found:
    return Flow(Arrays(memory)).follow(of_draft(draft))


def nats(one: Draft, other: Draft, memory: Memory) -> float:
    flow = Flow(Arrays(memory))
    return maps.total(maps.ratio(flow.follow(of_draft(one)), flow.follow(of_draft(other))))


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "elu", "silu", "leaky_relu:0.2", "relu:6"])
def test_activated_moments_are_those_of_samples(name: str) -> None:
    rng = np.random.default_rng(0)
    mean, deviation = np.array([-1.0, 0.0, 2.0]), np.array([0.5, 1.0, 3.0])
    from infer_convert.clues.numbers.gaussian import function

    f = function(name)
    found = activated(mean, deviation, name)
    assert f is not None and found is not None
    values = f(mean + deviation * rng.normal(size=(200_000, 3)))
    np.testing.assert_allclose(found[0], values.mean(0), atol=0.02)
    np.testing.assert_allclose(found[1], values.var(0), rtol=0.05, atol=0.02)


def test_pooled_means_are_those_of_correlated_cells() -> None:
    rng = np.random.default_rng(0)
    mean, deviation = np.array([-0.5, 0.7]), np.array([1.0, 0.4])
    found = pooled(mean, deviation, "relu", 4)
    assert found is not None
    for row, rho in enumerate(CORRELATIONS):
        common, own = rng.normal(size=(100_000, 1, 2)), rng.normal(size=(100_000, 4, 2))
        cells = mean + deviation * (np.sqrt(rho) * common + np.sqrt(1 - rho) * own)
        np.testing.assert_allclose(found[0][row], np.maximum(cells, 0).max(1).mean(0), atol=0.03)


def test_a_relu_is_undone() -> None:
    mean, deviation = np.array([-0.4, 0.3, 1.5]), np.array([0.7, 1.1, 0.4])
    behind = activated(mean, deviation, "relu")
    assert behind is not None
    found = before(behind[0], np.sqrt(behind[1]), "relu")
    assert found is not None
    np.testing.assert_allclose(found[0], mean, atol=0.02)
    np.testing.assert_allclose(found[1], deviation, atol=0.02)
    assert before(mean, deviation, "tanh") is None


def test_unknown_functions_are_not_guessed() -> None:
    assert activated(np.zeros(2), np.ones(2), "softmax") is None
    assert activated(np.zeros(2), np.ones(2), "mine") is None


def test_the_truth_predicts_every_stored_mean() -> None:
    made, memory = sampled(RESIDUAL)
    found = follow(made, memory)
    assert set(found.moments) == {"b2", "b3", "b4"}  # nothing is known about the input
    assert all(said > nothing + 5 for said, nothing in found.moments.values())


@pytest.mark.parametrize(
    "wrong", [{"add": "b3 b2"}, {"add": "b3 r2"}, {"c4": "r1"}, {"c4": "b3"}, {"c2": "b1"}, {"c3": "r1"}]
)
def test_the_truth_beats_other_sources(wrong: dict[str, str]) -> None:
    nets = [sampled(RESIDUAL, seed) for seed in range(8)]
    assert sum(nats(made, rewired(made, **wrong), memory) > 0 for made, memory in nets) >= 7


def test_the_order_of_a_concatenation_is_remembered() -> None:
    text = RESIDUAL.replace("add Add < b3 r1", "add Concatenate < b3 r1")
    for seed in range(4):
        made, memory = sampled(text, seed)
        assert nats(made, rewired(made, add="r1 b3"), memory) > 2


def test_untrained_statistics_say_nothing() -> None:
    made, memory = sampled(RESIDUAL, trained=False)
    found = follow(made, memory)
    assert "b2" not in found.moments and "b3" not in found.moments
    fresh, memory = sampled(RESIDUAL, trained=False)
    for path in memory.arrays:
        if path.endswith("moving_mean"):
            memory.arrays[path][:] = 0
    assert follow(fresh, memory).moments == {}


def test_a_wrong_operand_is_exchanged() -> None:
    made, memory = sampled(RESIDUAL, 3)
    for wrong in ({"add": "b3 b2"}, {"add": "b3 r2"}):
        found = rewire(rewired(made, **wrong), Flow(Arrays(memory)))
        assert found is not None and found.gain > 3
        assert found.draft.layers == made.layers
    assert rewire(made, Flow(Arrays(memory))) is None


def test_the_budget_ends_the_work() -> None:
    made, memory = sampled(RESIDUAL)
    arrays = Arrays(memory, Budget(0.001 * SECOND))
    flow = Flow(arrays)
    with arrays.budget.spending(), pytest.raises(OutOfWork):
        flow.follow(of_draft(made))
    assert flow.follow(of_draft(made)).moments  # outside nothing is counted


def test_no_gap_is_worth_more_than_it_was_measured() -> None:
    assert maps.moments(1e6) == maps.MOMENTS_MOST == -maps.moments(-1e6)
    assert maps.moments(0.05) == 0.0
    assert maps.style(0.0) == 0.0 and maps.style(1e6) == -maps.STYLE_MOST
    assert maps.filters(99) == maps.FILTERS_MOST


@pytest.mark.parametrize(
    ("score", "count", "wanted"),
    [(1.0, 4, 0.0), (1.0, 25, 0.25), (3.0, 1, 0.0), (6.0, 3, 1.0), (-2.0, 9, 0.0)],
)  # fmt: skip
def test_filters_are_trusted_beyond_chance(score: float, count: int, wanted: float) -> None:
    assert maps.trust(Found(filters={str(index): score for index in range(count)})) == wanted


def test_no_filters_no_trust() -> None:
    assert maps.trust(Found()) == 0.0
