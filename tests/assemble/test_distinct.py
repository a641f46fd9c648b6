"""Plans that are one model are one answer."""

from __future__ import annotations

import math

import pytest

from infer_convert.assemble.decide import Context, plan_of
from infer_convert.assemble.distinct import architecture, assignment, distinct
from infer_convert.assemble.settle import settle
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.plan import Plan, PlanLayer, Ref
from tests.clues.drafts import conv, dense, draft

from .files import FUNCTIONAL, facts


def plan(confidence: float, name: str = "c", **config: object) -> Plan:
    given = PlanLayer("x", "InputLayer", {"batch_shape": [None, None, None, 3]}, (), (), (), "x")
    layer = PlanLayer(name, "Conv2D", dict(config), ((Ref("x"),),), (), (), name)
    return Plan((given, layer), (Ref("x"),), (Ref(name),), confidence)


def test_equal_plans_add_up_in_the_order_in_which_they_come() -> None:
    first, other = plan(0.3, kernel_size=[3, 3], padding="same"), plan(0.2, kernel_size=[3, 3], padding="valid")
    again = plan(0.1, kernel_size=[3, 3], padding="same")
    rows = distinct([first, other, again])
    assert [(found, place) for found, _, place in rows] == [(first, 0), (other, 1)]
    assert math.isclose(rows[0][1], 0.4) and rows[1][1] == 0.2


def test_the_padding_of_one_place_is_no_difference() -> None:
    one = [plan(0.5, kernel_size=[1, 1], padding=word) for word in ("same", "valid")]
    assert architecture(one[0]) == architecture(one[1])
    assert architecture(plan(0.5, kernel_size=[1, 1], strides=[2, 2])) != architecture(one[0])
    assert architecture(plan(0.5, "d")) != architecture(plan(0.5, "c"))


def test_an_open_input_gives_no_model_twice() -> None:
    """Nothing depends on the size behind a global pool: its nominal sizes are one model."""
    plans = infer(facts(FUNCTIONAL)).plans
    assert len({architecture(each) for each in plans}) == len(plans) > 3


TEXTS = {
    "open": "x InputLayer\nc Conv2D\np MaxPooling2D\ng GlobalAveragePooling2D\nr Reshape\nm Multiply < c r\n"
    "h GlobalAveragePooling2D\nd Dense",
    "fixed": "x InputLayer\nc Conv2D\np MaxPooling2D\nf Flatten\nd Dense",
}


@pytest.mark.parametrize(("text", "wide"), [(TEXTS["open"], 8), (TEXTS["fixed"], 392)], ids=list(TEXTS))
def test_assignments_are_told_apart_as_their_plans_are(text: str, wide: int) -> None:
    """What is merged before plans are made is what would be merged after."""
    found = settle(draft(text, c=conv(3, 3, 8), d=dense(wide, 5)), Hints(), best=40).answers
    context = Context(facts(FUNCTIONAL), {}, Hints())
    pairs = [(assignment(each), architecture(plan_of(each, context))) for each in found]
    assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(set(pairs)) > 2
    assert text != TEXTS["open"] or len(set(pairs)) < len(pairs)
