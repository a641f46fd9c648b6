"""Where activations stand, by the signs of the means that normalisations store: with statistics that no wiring
explains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from infer_convert.assemble.revise import revised
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan, PlanLayer, Ref
from tests.assemble.test_numbers import numbers
from tests.clues.numbers.synthetic import Memory, uses

RAW = Decision(
    "activation", "linear", 0.97, Basis.ASSUMED, (Option("relu", 0.03),), (Evidence("habits", 3.4, "none"),)
)
BEHIND = Decision("activation", "relu", 0.93, Basis.ASSUMED, (Option("linear", 0.07),), (Evidence("habits", 2.5, ""),))


def blocks(memory: Memory, means: list[Any]) -> Plan:
    """Dense, BatchNormalization and a supposed relu, as often as there are means."""
    rng = np.random.default_rng(0)
    layers = [PlanLayer("x", "InputLayer", {"batch_shape": [None, 16]})]
    for number, mean in enumerate(means):
        d, b, a = f"d{number}", f"b{number}", f"a{number}"
        kernel = uses(memory, d, kernel=rng.normal(size=(16, 16)), bias=np.zeros(16))
        stored = {"gamma": rng.uniform(0.5, 1.5, 16), "beta": rng.normal(0, 0.3, 16)}
        stored |= {"moving_mean": mean, "moving_variance": np.full(16, 4.0)}
        layers += [
            PlanLayer(d, "Dense", {"activation": "linear"}, ((Ref(layers[-1].name),),), kernel, (RAW,), d),
            PlanLayer(b, "BatchNormalization", {}, ((Ref(d),),), uses(memory, b, **stored), (), b),
            PlanLayer(a, "Activation", {"activation": "relu"}, ((Ref(b),),), (), (BEHIND,), hidden=True),
        ]
    out = uses(memory, "out", kernel=rng.normal(size=(16, 2)), bias=np.zeros(2))
    layers.append(PlanLayer("out", "Dense", {"activation": "softmax"}, ((Ref(layers[-1].name),),), out, (), "out"))
    return Plan(tuple(layers), (Ref("x"),), (Ref("out"),))


def told(signs: list[str]) -> Plan:
    rng, memory = np.random.default_rng(1), Memory()
    size = {"positive": np.abs, "mixed": lambda means: means}
    plan = blocks(memory, [size[kind](rng.normal(0, 5, 16)) for kind in signs])
    return revised(plan, numbers(memory))


def test_means_without_a_negative_one_put_the_activation_in_front() -> None:
    plan = told(["positive"] * 4)
    for number in range(4):
        decision = plan.layer(f"d{number}").decision("activation")
        assert decision is not None and decision.value == "relu" and 0.9 < decision.confidence <= 0.955
        assert plan.layer(f"a{number}").config["activation"] == "linear"


def test_a_rival_is_always_named() -> None:
    for layer in told(["positive"] * 4).layers:
        for decision in layer.decisions:
            assert decision.alternatives and decision.alternatives[0].value != decision.value


def test_one_alone_is_less_sure_than_four() -> None:
    one = told(["positive"]).layer("d0").decision("activation")
    assert one is not None and max(one.confidence, 1 - one.confidence) < 0.85


@pytest.mark.parametrize("signs", [["mixed"] * 4, ["positive", "positive", "positive", "mixed"]])
def test_signs_that_could_be_anything_say_nothing(signs: list[str]) -> None:
    plan = told(signs)
    assert all(plan.layer(f"d{number}").decision("activation") == RAW for number in range(4))
