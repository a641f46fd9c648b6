"""Known architectures under names that say no more than their classes."""

from __future__ import annotations

from benchmarks import engine
from benchmarks.naming import show
from benchmarks.sets import SETS
from benchmarks.truth import truth_for
from infer_convert.infer import infer


def test_convnext_s_identities_are_no_activations() -> None:
    """Its blocks end in ``Activation("linear")``, whose config leaves the default out."""
    item = next(i for i in SETS["applications"]("class") if i.name == "ConvNeXtTiny-notop" and i.form == "keras3")
    loaded = item.load()
    truth = truth_for(loaded.graph, loaded.facts)
    shown = show(loaded.facts, "class", truth.leaf, truth.owner, truth.classes)
    best = infer(shown.facts, engine.hints_for(truth.raw.input_shapes, False, True), None).best
    functions = [layer.config["activation"] for _, layer in best.walk() if layer.class_name == "Activation"]
    assert functions == ["gelu", "linear"] * 18 and best.confidence > 0.95
