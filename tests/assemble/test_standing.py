"""A layer's class fits between its neighbours, and a Lambda by name is one."""

from __future__ import annotations

import pytest

from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.plan import Decision, PlanLayer

from .files import facts

FRONT = "input_1\nconv_1 kernel:3x3x3x8 bias:8\npool_1\n"
WINDOW = "conv_2 kernel:3x3x8x8 bias:8\nflatten\nfc kernel:288x2 bias:2"
PLACES = "conv_2 kernel:1x1x8x8 bias:8\nact_2\nconv_3 kernel:3x3x8x8 bias:8\nflatten\nfc kernel:288x2 bias:2"
HEAD = "fc_1 kernel:8x8 bias:8\nfc_2 kernel:8x2 bias:2"


def layer(text: str, name: str) -> PlanLayer:
    return next(each for each in infer(facts(text), Hints(library=False)).best.layers if each.name == name)


def of_class(found: PlanLayer) -> Decision:
    return next(each for each in found.decisions if each.field == "class_name")


def named(decision: Decision) -> set[str]:
    return {str(decision.value), *(str(option.value) for option in decision.alternatives)}


@pytest.mark.parametrize("behind", [WINDOW, PLACES])
def test_a_pool_that_windows_move_over_is_no_global_one(behind: str) -> None:
    decision = of_class(layer(FRONT + behind, "pool_1"))
    assert not any(name.startswith("Global") for name in named(decision)), named(decision)
    assert decision.confidence + sum(o.confidence for o in decision.alternatives) == pytest.approx(1.0, abs=0.02)


def test_a_pool_in_front_of_a_dense_may_be_a_global_one() -> None:
    assert any(name.startswith("Global") for name in named(of_class(layer(FRONT + HEAD, "pool_1"))))


@pytest.mark.parametrize("name", ["lambda", "lambda_1"])
def test_a_layer_with_the_name_of_a_lambda_is_no_input_and_no_activation(name: str) -> None:
    """What it does is not in the file: it is passed over, and the report asks."""
    text = f"{name}\nconv kernel:3x3x3x8 bias:8\nflatten\nfc kernel:288x2 bias:2"
    found = layer(text, name)
    decision = of_class(found)
    assert (found.class_name, decision.value) == ("Identity", "Lambda") and decision.confidence <= 0.3
    assert "which the file does not hold" in decision.evidence[0].because
    assert [option.value for option in decision.alternatives] == ["Rescaling"], "images are scaled in front of a net"
    told = infer(facts(text), Hints(answers={(name, "class_name"): "Rescaling"})).best.layer(name)
    assert told.class_name == "Rescaling" and {"scale", "offset"} & {each.field for each in told.decisions}
