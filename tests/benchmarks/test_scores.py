"""Scores on hand-made plans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks.calibration import Histogram, Judged, histogram, judge, pooled, whole
from benchmarks.configs import from_config
from benchmarks.naming import show
from benchmarks.plans import Identity, from_plan
from benchmarks.probe import agree
from benchmarks.scores import Structure, f1, structure
from benchmarks.truth import Truth, truth_for
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.plan import Basis, Decision, Option, Plan, PlanLayer, Ref, WeightUse

SHAPES = {"c1": (3, 3, 3, 4), "c2": (3, 3, 4, 4), "d": (64, 5)}
CONFIG: dict[str, Any] = {
    "class_name": "Sequential",
    "config": {
        "name": "s",
        "layers": [
            {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 8, 8, 3]}},
            {
                "class_name": "Conv2D",
                "config": {"name": "c1", "filters": 4, "kernel_size": [3, 3], "padding": "same", "activation": "relu"},
            },
            {
                "class_name": "Conv2D",
                "config": {"name": "c2", "filters": 4, "kernel_size": [3, 3], "padding": "same", "strides": [2, 2]},
            },
            {"class_name": "Activation", "config": {"name": "r", "activation": "relu"}},
            {"class_name": "Flatten", "config": {"name": "f"}},
            {"class_name": "Dense", "config": {"name": "d", "units": 5, "activation": "softmax"}},
        ],
    },
}


def facts() -> WeightFile:
    def stored(name: str) -> StoredLayer:
        shape = SHAPES.get(name)
        tensors = (Tensor(f"/{name}/kernel", "kernel", "kernel", shape, "float32"),) if shape else ()
        return StoredLayer(name, f"/{name}", tensors)

    return WeightFile(
        "w.h5", 1, "keras2", "legacy", "weights-only", "stored", tuple(map(stored, ("c1", "c2", "r", "f", "d")))
    )


def planned(
    name: str, class_name: str, parents: tuple[str, ...], decisions: tuple[Decision, ...] = (), **config: Any
) -> PlanLayer:
    shape = SHAPES.get(name)
    uses = (WeightUse("kernel", (f"/{name}/kernel",), shape, "float32", "kernel"),) if shape else ()
    return PlanLayer(
        f"my_{name}", class_name, config, (tuple(Ref(f"my_{item}") for item in parents),), uses, decisions, name
    )


def right_plan() -> Plan:
    same = {"filters": 4, "kernel_size": [3, 3], "padding": "same"}
    return Plan(
        (
            PlanLayer("my_x", "InputLayer", {"batch_shape": [None, None, None, 3]}),
            planned("c1", "Conv2D", ("x",), activation="relu", **same),
            planned("c2", "Conv2D", ("c1",), strides=[2, 2], **same),
            planned("r", "ReLU", ("c2",)),
            planned("f", "Flatten", ("r",)),
            planned("d", "Dense", ("f",), units=5, activation="softmax"),
        ),
        (Ref("my_x"),),
        (Ref("my_d"),),
    )


def changed(name: str, **config: Any) -> Plan:
    layers = [
        replace(item, config={**item.config, **config}) if item.stored == name else item for item in right_plan().layers
    ]
    return right_plan().with_layers(tuple(layers))


@pytest.fixture
def truth() -> Truth:
    return truth_for(from_config(CONFIG), facts())


def identity(truth: Truth) -> Identity:
    shown = show(facts(), "kept", truth.leaf, truth.owner, truth.classes)
    return Identity(shown.leaf, shown.owner)


def score(plan: Plan, truth: Truth) -> Structure:
    return structure(truth, from_plan(plan, identity(truth)), frozenset(truth.leaf.values()))


def test_the_truth_scores_full(truth: Truth) -> None:
    found = score(right_plan(), truth)
    assert found.exact
    assert found.classes == (5, 5)
    assert found.edges == (2, 0, 0)
    assert found.all_fields[0] == found.all_fields[1] > 0
    assert found.strides == (1, 0, 0)


def test_a_wrong_stride_is_one_field_and_not_exact(truth: Truth) -> None:
    found = score(changed("c2", strides=[1, 1]), truth)
    assert not found.exact
    assert found.edge_f1 == 1.0
    assert found.fields["strides"] == (1, 2)
    assert found.strides == (0, 0, 1)


def test_a_wrong_stride_above_one_is_a_false_positive_and_a_miss(truth: Truth) -> None:
    assert score(changed("c2", strides=[3, 3]), truth).strides == (0, 1, 1)
    assert score(changed("c1", strides=[2, 2]), truth).strides == (1, 1, 0)


def test_a_wrong_activation_counts_for_the_layer_that_owns_it(truth: Truth) -> None:
    found = score(changed("c1", activation="elu"), truth)
    right, total = found.fields["activation"]
    assert total - right == 1


def test_a_wrong_class_has_all_its_fields_wrong(truth: Truth) -> None:
    layers = [
        replace(item, class_name="Dropout", config={"rate": 0.1}) if item.stored == "r" else item
        for item in right_plan().layers
    ]
    found = score(right_plan().with_layers(tuple(layers)), truth)
    assert found.classes == (4, 5)
    assert found.fields["activation"][0] < found.fields["activation"][1]


def test_wrong_wiring_lowers_the_edges(truth: Truth) -> None:
    layers = [replace(item, inbound=((Ref("my_x"),),)) if item.stored == "c2" else item for item in right_plan().layers]
    found = score(right_plan().with_layers(tuple(layers)), truth)
    assert found.edges == (1, 0, 1)
    assert found.edge_f1 == pytest.approx(2 / 3)


def test_f1_of_nothing_is_one() -> None:
    assert f1((0, 0, 0)) == 1.0


def decided(name: str, value: Any, confidence: float, alternatives: int = 1) -> Decision:
    return Decision(name, value, confidence, Basis.INFERRED, tuple(Option(None, 0.1) for _ in range(alternatives)))


def test_only_open_decisions_are_judged(truth: Truth) -> None:
    plan = changed("c2", strides=[1, 1])
    decisions = (
        decided("strides", [1, 1], 0.95),
        decided("padding", "same", 0.8),
        decided("groups", 1, 1.0, 0),
        decided("inbound", ["my_c1"], 0.7),
    )
    layers = tuple(replace(item, decisions=decisions) if item.stored == "c2" else item for item in plan.layers)
    plan = plan.with_layers(layers)
    found = judge(plan, from_plan(plan, identity(truth)), truth, identity(truth))
    assert [(item.field, item.right) for item in found] == [("strides", False), ("padding", True), ("inbound", True)]


def test_an_open_input_size_is_right_and_a_wrong_one_is_not(truth: Truth) -> None:
    for shape, right in (([None, None, None, 3], True), ([None, 8, 8, 3], True), ([None, 9, 9, 3], False)):
        plan = right_plan()
        start = replace(plan.layers[0], config={"batch_shape": shape}, decisions=(decided("batch_shape", shape, 0.5),))
        plan = plan.with_layers((start, *plan.layers[1:]))
        assert [item.right for item in judge(plan, from_plan(plan, identity(truth)), truth, identity(truth))] == [right]


def test_a_model_weighs_the_same_however_many_decisions_it_has() -> None:
    large = histogram([Judged(0.95, True, "x")] * 99 + [Judged(0.95, False, "x")])
    small = histogram([Judged(0.95, False, "x")])
    found = pooled([large, small])
    assert found.models == 2
    assert found.ece == pytest.approx(0.95 - 0.495)
    assert found.wrong_sure == 1.0
    assert found.brier == pytest.approx((0.05**2 * 0.99 + 0.95**2 * 0.01 + 0.95**2) / 2)


def test_a_histogram_survives_its_cell() -> None:
    found = histogram([Judged(0.31, True, "x"), Judged(1.0, False, "x")])
    again = Histogram.parse(found.text())
    assert again is not None
    assert again.bins == found.bins
    assert (again.wrong, again.wrong_and_sure) == (1, 1)
    assert Histogram.parse("") is None


def test_perfect_confidence_has_no_error() -> None:
    assert whole([(1.0, True), (0.0, False)]).ece == 0.0


def test_agreement_is_relative_to_the_spread() -> None:
    expected = [np.array([[0.0, 100.0]])]
    assert agree(expected, [expected[0] + 0.01])
    assert not agree(expected, [expected[0] + 1.0])
    assert not agree(expected, [expected[0].T])
    assert not agree(expected, [np.full((1, 2), np.nan)])


def test_an_activation_layer_is_scored_once(truth: Truth) -> None:
    right, total = score(changed("r", max_value=6.0), truth).fields["activation"]
    assert (right, total) == (total - 1, 4)  # c1, c2, r, d


def test_a_case_without_a_plan_has_everything_wrong(truth: Truth) -> None:
    from benchmarks.graph import Graph

    found = structure(truth, Graph((), (), ()), frozenset(truth.leaf.values()))
    assert not found.exact
    assert found.classes == (0, 5)
    assert found.edges == (0, 0, 2)
    assert found.all_fields[0] == 0
