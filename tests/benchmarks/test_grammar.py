"""Random nets and what is learned from them."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from benchmarks.grammar.builder import Builder
from benchmarks.grammar.draw import KINDS, draw
from benchmarks.grammar.heads import Outputs
from benchmarks.grammar.style import Hand, Style
from benchmarks.oracle_steps import fit, gather
from benchmarks.wiring_problems import random_problems
from infer_convert.solve.features import Weights
from infer_convert.solve.weights import weights
from infer_convert.solve.wiring import WiringProblem, solve


@pytest.mark.parametrize("seed", range(12))
def test_a_seed_always_gives_the_same_connected_net(seed: int) -> None:
    net, again = draw(seed), draw(seed)
    assert net == again
    consumers = {producer for producer, _ in net.edges}
    assert all(producer < consumer for producer, consumer in net.edges)
    assert all(item in consumers or item in net.outputs for item in range(len(net.layers)))


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS], ids=lambda kind: kind.__name__)
def test_every_kind_makes_nets_whose_layers_reach_an_output(kind: Callable[[Hand], Outputs]) -> None:
    made = 0
    for seed in range(12):
        numbers = random.Random(seed)
        builder = Builder(numbers)
        made += builder.finished(*kind(Hand(builder, Style.drawn(numbers)))) is not None
    assert made


def test_most_truths_can_be_reached_step_by_step() -> None:
    steps = gather(random_problems(range(40)), Weights({}, weights().proposals), everything=False)
    assert len(steps.unreached) <= 6


def test_fitting_a_few_nets_recovers_them() -> None:
    """With weights fitted on ten nets most of these ten come out; without weights hardly any does."""
    nets = [problem for problem in random_problems(range(200, 210)) if not problem.odd]
    learned = fit(gather(nets, Weights({}, weights().proposals), everything=False), iterations=40)

    def right(known: Weights) -> int:
        found = 0
        for problem in nets:
            result = solve(WiringProblem(problem.items, lambda p, c: 0.0, None, problem.names()), 24, known)
            found += bool(result.wirings) and result.wirings[0].edges() == problem.edges
        return found

    assert right(learned) >= right(Weights({}, {})) + 3
