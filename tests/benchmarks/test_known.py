"""Known architectures under names that say no more than their classes."""

from __future__ import annotations

import pytest

from benchmarks import engine
from benchmarks.naming import show
from benchmarks.sets import SETS
from benchmarks.truth import truth_for
from infer_convert.infer import infer
from infer_convert.plan import Plan


def best_of(name: str) -> Plan:
    item = next(i for i in SETS["applications"]("class") if i.name == name and i.form == "keras3")
    loaded = item.load()
    truth = truth_for(loaded.graph, loaded.facts)
    shown = show(loaded.facts, "class", truth.leaf, truth.owner, truth.classes)
    return infer(shown.facts, engine.hints_for(truth.raw.input_shapes, False, True), None).best


def test_convnext_s_identities_are_no_activations() -> None:
    """Its blocks end in ``Activation("linear")``, whose config leaves the default out."""
    best = best_of("ConvNeXtTiny-notop")
    functions = [layer.config["activation"] for _, layer in best.walk() if layer.class_name == "Activation"]
    assert functions == ["gelu", "linear"] * 18 and best.confidence > 0.95


def test_inception_resnet_s_scaled_sums_are_sums() -> None:
    """``custom_scale_layer`` adds the second operand times a constant: its name sounds like a product."""
    best = best_of("InceptionResNetV2-notop")
    classes = {
        layer.config["function"] if layer.class_name == "Operation" else layer.class_name
        for _, layer in best.walk()
        if len(layer.inbound) == 1 and len(layer.inbound[0]) == 2 and layer.stored
    }
    assert classes <= {"add", "Add", "Concatenate"} and best.confidence > 0.9


@pytest.mark.parametrize("name", ["EfficientNetB0-notop", "EfficientNetB0-top"])
def test_a_net_that_begins_with_statistics_is_known(name: str) -> None:
    """A Normalization keeps a number beside its vectors, how often it was adapted."""
    best = best_of(name)
    told = [
        any(item.clue == "library" for decision in layer.decisions for item in decision.evidence)
        for _, layer in best.walk()
        if layer.class_name == "Conv2D"
    ]
    assert all(told) and best.confidence > 0.5
