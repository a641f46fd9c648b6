"""A last merge of unknown kind behind heads of one unit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infer_convert.solve.heads import BLENDED, blended
from infer_convert.solve.items import Item, Wiring
from infer_convert.solve.wiring import WiringProblem, solve

from .nets import VARIANTS, net

ACTOR = """
    x Input
    h Dense in=29 out=30 < x
    g Dense in=30 out=40 < h
    steer Dense in=40 out=1 < g
    speed Dense in=40 out=1 < g
    brake Dense in=40 out=1 < g
    merge Concatenate < steer speed brake
    -> merge
"""
READINGS = tuple([replace(VARIANTS[label], log_prior=-k) for k, label in enumerate(("Concatenate", "Add", "Multiply"))])


def with_open_merge(text: str) -> tuple[Item, ...]:
    return tuple([Item("merge", READINGS) if item.name == "merge" else item for item in net(text).items])


def test_numbers_about_one_tensor_are_joined() -> None:
    items = with_open_merge(ACTOR)
    found = solve(WiringProblem(items, lambda producer, consumer: 0.0)).wirings
    best = found[0]
    assert items[-1].variants[best.variants[-1]].label == "Concatenate"
    joined = sum(w.probability for w in found if w.variants[-1] == 0)
    assert 0.8 < joined < 0.999, "a judgement, not a proof"


@pytest.mark.parametrize(
    "text",
    [
        ACTOR.replace("in=40 out=1 < g\n    merge", "in=30 out=1 < h\n    merge"),
        ACTOR.replace("out=1 ", "out=2 "),
        ACTOR.replace("-> merge", "out Dense in=1 out=1 < merge\n-> out"),
    ],
    ids=["of two tensors", "wider", "in the middle"],
)
def test_nothing_is_said_elsewhere(text: str) -> None:
    assert blended(with_open_merge(text), summed(text)) == 0
    assert blended(with_open_merge(ACTOR), summed(ACTOR)) == BLENDED


def test_nothing_is_said_about_a_merge_that_is_known() -> None:
    text = ACTOR.replace("Concatenate", "Add")
    assert blended(net(text).items, net(text).wiring()) == 0


def summed(text: str) -> Wiring:
    wiring = net(text).wiring()
    place = net(text).index("merge")
    return replace(wiring, variants=tuple([int(item == place) for item in range(len(wiring.variants))]))
