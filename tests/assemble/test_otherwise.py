"""Other whole models differ from the best one in what an author settles once."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from infer_convert.assemble.otherwise import otherwise
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan, PlanLayer, Ref

EPSILON = ("epsilon", 1e-3, 0.8, ((1e-5, 0.2),), "the default")
HIDDEN = ("activation", "relu", 0.9, (("elu", 0.06), ("tanh", 0.04)), "mostly relu")
ENDS = ("activation", "softmax", 0.8, (("sigmoid", 0.1), ("linear", 0.1)), "five classes")


def decision(said: tuple[Any, ...], basis: Basis = Basis.ASSUMED) -> Decision:
    field, value, sure, others, because = said
    options = tuple(Option(other, share) for other, share in others)
    return Decision(field, value, sure, basis, options, (Evidence("habits", 0.0, because),))


def plan(*layers: tuple[str, str, dict[str, Any], tuple[Decision, ...]]) -> Plan:
    made = [PlanLayer("x", "InputLayer", {"batch_shape": [None, 4]}, (), (), (), "x")]
    for name, class_name, config, decisions in layers:
        inbound = ((Ref(made[-1].name),),)
        made.append(PlanLayer(name, class_name, config, inbound, (), decisions, name))
    return Plan(tuple(made), (Ref("x"),), (Ref(made[-1].name),), 0.5)


def normalised() -> Plan:
    return plan(
        ("n1", "BatchNormalization", {"epsilon": 1e-3}, (decision(EPSILON),)),
        ("d1", "Dense", {"activation": "relu"}, (decision(HIDDEN),)),
        ("n2", "BatchNormalization", {"epsilon": 1e-3}, (decision(EPSILON),)),
        ("d2", "Dense", {"activation": "relu"}, (decision((*HIDDEN[:4], "another reason")),)),
        ("d3", "Dense", {"activation": "softmax"}, (decision(ENDS),)),
    )


def told(found: Plan) -> list[Any]:
    return [layer.config.get("epsilon", layer.config.get("activation")) for layer in found.layers[1:]]


def test_an_epsilon_and_a_rectifier_change_throughout() -> None:
    best, *rest = otherwise(normalised(), 9)
    assert told(best) == [1e-5, "relu", 1e-5, "relu", "softmax"]
    assert math.isclose(best.confidence, 0.5 * 0.25)
    assert [1e-3, "elu", 1e-3, "elu", "softmax"] in map(told, rest)
    assert not any(row[1] != row[3] for row in map(told, rest))
    shares = [found.confidence for found in (best, *rest)]
    assert shares == sorted(shares, reverse=True)


def test_motifs_are_combined_as_if_they_knew_nothing_of_each_other() -> None:
    shares = {tuple(told(found)): found.confidence for found in otherwise(normalised(), 20)}
    both = shares[1e-5, "relu", 1e-5, "relu", "linear"]
    assert math.isclose(both, 0.5 * 0.25 * 0.125)


def test_the_decision_tells_what_was_chosen_before() -> None:
    found = otherwise(normalised(), 1)[0].layer("n1").decision("epsilon")
    assert found is not None and (found.value, found.confidence) == (1e-5, 0.2)
    assert [(option.value, option.confidence) for option in found.alternatives] == [(1e-3, 0.8)]


def test_what_the_user_told_stays() -> None:
    layers = (("n", "BatchNormalization", {"epsilon": 1e-3}, (decision(EPSILON, Basis.USER),)),)
    assert otherwise(plan(*layers), 9) == []


def test_a_wrapped_layer_keeps_its_wrapper() -> None:
    inside = {"layer": {"class_name": "Dense", "config": {"units": 3, "activation": "softmax"}}}
    (first, _) = otherwise(plan(("t", "TimeDistributed", inside, (decision(ENDS),))), 9)
    assert first.layer("t").config == {
        "layer": {"class_name": "Dense", "config": {"units": 3, "activation": "sigmoid"}}
    }


@pytest.mark.parametrize(("other", "made"), [("AveragePooling2D", 1), ("UpSampling2D", 0), ("AveragePooling1D", 0)])
def test_a_pool_of_another_kind(other: str, made: int) -> None:
    said = decision(("class_name", "MaxPooling2D", 0.8, ((other, 0.2),), "its name says pool"), Basis.INFERRED)
    found = otherwise(plan(("p", "MaxPooling2D", {"pool_size": [2, 2]}, (said,))), 9)
    assert [each.layer("p").class_name for each in found] == [other] * made


def test_what_computes_the_same_is_no_other_model() -> None:
    there = plan(("n", "BatchNormalization", {"epsilon": 1e-3}, (decision(EPSILON),)))
    layer = there.layer("n")
    same = replace(layer.decisions[0], alternatives=(Option(1e-5, 0.2, same=True),))
    assert otherwise(there.with_layers((there.layers[0], replace(layer, decisions=(same,)))), 9) == []
