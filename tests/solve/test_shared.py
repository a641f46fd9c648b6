"""Layers that are called several times, and recurrent layers that hand on their state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infer_convert.solve.items import Item
from infer_convert.solve.order import reproduces
from infer_convert.solve.supply import supplies
from infer_convert.solve.wiring import MOST_CALLS, WiringProblem, WiringResult, solve

from .nets import Net, net

TRIPLET = """
    a Input
    b Input
    c Input
    conv Conv/k in=3 out=8 < a ; b ; c
    pool Pool < conv ; conv:1 ; conv:2
    gap GlobalPool < pool ; pool:1 ; pool:2
    fc Dense in=8 out=4 < gap ; gap:1 ; gap:2
"""
JOINED = TRIPLET + "cat Concatenate < fc fc:1 fc:2\n-> cat"
BARE = TRIPLET + "-> fc fc:1 fc:2"
PAIR = """
    a Input
    b Input
    fc Dense in=8 out=4 < a ; b
    mul Multiply < fc fc:1
    add Add < fc fc:1
    cat Concatenate < fc fc:1 mul add
    out Dense in=16 out=1 < cat
    -> out
"""
TRANSLATOR = """
    x Input
    y Input
    encoder Recurrent in=30 out=32 < x
    decoder Recurrent in=28 out=32 < y encoder
    words Dense in=32 out=28 < decoder
    -> words
"""


def edges(made: Net) -> frozenset[tuple[int, int]]:
    return frozenset((source, item) for item, calls in enumerate(made.operands) for call in calls for source, _ in call)


def with_states(made: Net) -> tuple[Item, ...]:
    """Every recurrent layer may start from another one's state."""
    found = []
    for item in made.items:
        (plain,) = item.variants
        started = replace(plain, operands=(2, 2), takes_state=True, log_prior=-1.0)
        found.append(Item(item.name, (plain, started) if plain.state else (plain,)))
    return tuple(found)


def solved(items: tuple[Item, ...]) -> WiringResult:
    return solve(WiringProblem(items, lambda producer, consumer: 0.0))


@pytest.mark.parametrize("text", [JOINED, BARE])
def test_three_inputs_through_one_tower(text: str) -> None:
    made = net(text)
    assert reproduces(made.operands, made.outputs)
    assert made.is_told_by(made.solved().wirings[0])


def test_layers_are_called_as_often_as_there_are_inputs_but_not_too_often() -> None:
    def calls(inputs: int) -> tuple[int, ...]:
        items = net("".join(f"x{n} Input\n" for n in range(inputs)) + "-> x0").items
        return WiringProblem(items, lambda producer, consumer: 0.0).calls

    assert [calls(inputs) for inputs in (1, 2, 3)] == [(), (2,), (2, 3)]
    assert calls(MOST_CALLS + 1) == (2,)


def test_the_number_of_outputs_bounds_the_calls_of_an_output() -> None:
    made = net(BARE)
    assert made.is_told_by(made.solved(outputs=3).wirings[0])
    assert all(len(wiring.outputs) == 1 for wiring in made.solved(outputs=1).wirings)


def test_two_tensors_with_their_product_and_sum_are_joined() -> None:
    made = net(PAIR)
    assert any(wiring.edges() == edges(made) for wiring in made.solved().wirings)


def test_a_decoder_starts_from_its_encoders_state() -> None:
    made = net(TRANSLATOR)
    best = solved(with_states(made)).wirings[0]
    assert best.edges() == edges(made)
    decoder = made.index("decoder")
    assert best.operands[decoder] == (((made.index("y"), 0), (made.index("encoder"), 0)),), "the state comes second"


@pytest.mark.parametrize("other", ["GRU", ""])
def test_a_state_has_a_kind(other: str) -> None:
    items = list(with_states(net(TRANSLATOR)))
    items[2] = Item("encoder", (replace(items[2].variants[0], state=other),))
    wirings = solved(tuple(items)).wirings
    assert wirings and all((2, 3) not in wiring.edges() for wiring in wirings)


def test_nothing_in_front_of_the_first_layer_feeds_anything() -> None:
    """What still waits when the first layer comes must be fed by it, whatever else looks likelier."""
    made = net("x Input\na Activation < x\ny Input\ncat Concatenate < a y\n-> cat")
    first = supplies(made.items)[0]
    result = solved(made.items)
    assert not first.ranks and all((0, 1) in wiring.edges() for wiring in result.wirings)
    assert result.wirings[0].edges() == edges(made)
