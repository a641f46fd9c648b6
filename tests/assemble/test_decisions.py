"""Every decision is a distribution, and plans stand in the order of their confidence."""

from __future__ import annotations

import math

import pytest

from infer_convert.hints import Hints
from infer_convert.infer import infer, uncalibrated
from infer_convert.inference import Inference

from .files import CNN, FUNCTIONAL, STRIPPED, TWO, facts, norm

FILES = {
    "sequential": facts(CNN),
    "stripped": facts(STRIPPED, False),
    "stripped and normalised": facts(STRIPPED.replace("layer_1", f"layer_n {norm(32)}\nlayer_1"), False),
    "functional": facts(FUNCTIONAL),
    "two inputs": facts(TWO),
    "words": facts("embedding embeddings:50x8\nlstm kernel:8x16 recurrent_kernel:4x16 bias:16\ndense kernel:4x1"),
}


MERGE = facts(TWO.replace("concatenate", "merge_1"))


@pytest.fixture(params=FILES)
def inference(request: pytest.FixtureRequest) -> Inference:
    return infer(FILES[request.param])


def test_decisions_are_distributions(inference: Inference) -> None:
    check_distributions(inference)


def test_decisions_about_a_keras_1_merge_are_distributions() -> None:
    check_distributions(infer(MERGE))


def check_distributions(inference: Inference) -> None:
    for plan in inference.plans:
        for name, layer in plan.walk():
            for decision in layer.decisions:
                where = f"{name}.{decision.field}"
                shares = [decision.confidence, *(option.confidence for option in decision.alternatives)]
                assert all(0.0 <= share <= 1.0 for share in shares), where
                assert math.fsum(shares) <= 1 + 1e-6, where
                assert all(option.value != decision.value for option in decision.alternatives), where
            fields = [decision.field for decision in layer.decisions]
            assert len(fields) == len(set(fields)), f"{name} decides a field twice: {fields}"


def test_the_config_has_what_was_decided(inference: Inference) -> None:
    for _, layer in inference.best.walk():
        for decision in layer.decisions:
            if decision.field in layer.config and layer.class_name != "InputLayer" and not layer.hidden:
                assert layer.config[decision.field] == decision.value, (layer.name, decision.field)


def test_plans_are_sorted(inference: Inference) -> None:
    confidences = [plan.confidence for plan in inference.plans]
    assert confidences == sorted(confidences, reverse=True) and len(confidences) > 1
    assert all(0.0 < confidence <= 1.0 for confidence in confidences)
    assert math.fsum(confidences) <= 1 + 1e-6


def test_every_tensor_is_used_once(inference: Inference) -> None:
    for plan in inference.plans:
        used = [source for _, layer in plan.walk() for use in layer.weights for source in use.sources]
        assert sorted(used) == sorted(tensor.path for tensor in inference.facts.all_tensors())
    assert inference.left_over == ()


POOLED = "input_1\nconv2d kernel:3x3x1x8 bias:8\npool24\ndense kernel:8x5 bias:5"


def test_a_class_is_as_sure_as_the_graphs_that_hold_it() -> None:
    """Dense behind maps of eight channels wants a global pool, whatever "pool" mostly means."""
    decision = uncalibrated(facts(POOLED)).best.layer("pool24").decision("class_name")
    assert decision is not None and decision.value == "GlobalAveragePooling2D"
    others = {option.value: option.confidence for option in decision.alternatives}
    assert decision.confidence + others["GlobalMaxPooling2D"] > 0.8
    assert others["GlobalMaxPooling2D"] > others["MaxPooling2D"]
    assert decision.confidence < 0.8


WORDS = """
input_1
embedding embeddings:500x50
reshape
conv2d kernel:3x50x1x16 bias:16
conv2d_1 kernel:4x50x1x16 bias:16
max_pooling2d
max_pooling2d_1
concatenate
flatten
dense kernel:32x2 bias:2
"""


def test_parallel_convolutions_over_words_are_pooled_over_all_places() -> None:
    plan = infer(facts(WORDS), Hints(input_shapes={"": ((40,),)})).best
    assert [plan.layer(name).config["pool_size"] for name in ("max_pooling2d", "max_pooling2d_1")] == [[38, 1], [37, 1]]
    assert {plan.layer(name).config["padding"] for name in ("conv2d", "conv2d_1")} == {"valid"}


GATED = """
input_1
conv2d kernel:3x3x3x8 bias:8
activation
conv2d_1 kernel:3x3x8x1 bias:1
activation_1
multiply
conv2d_2 kernel:3x3x8x8 bias:8
global_average_pooling2d
dense kernel:8x3 bias:3
"""


def test_what_is_gated_is_not_the_gate() -> None:
    plan = infer(facts(GATED)).best
    assert {ref.layer for ref in plan.layer("multiply").inbound[0]} == {"activation", "activation_1"}
    assert [plan.layer(name).config["activation"] for name in ("activation", "activation_1")] == ["relu", "sigmoid"]
