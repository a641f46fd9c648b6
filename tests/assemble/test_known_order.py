"""Orders that the file has lost and a known architecture has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from infer_convert.assemble.known_order import in_known_order
from infer_convert.assemble.typed import type_layers
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.library import store
from infer_convert.library.references import Known
from infer_convert.readers.order import natural


def reference(name: str, source: str = "keras.applications") -> Known:
    for signature in store.index():
        known = store.reference(signature.family, signature.number)
        if known.name == name and known.source == source:
            return known
    raise AssertionError(name)


def lost(known: Known, names: Sequence[str]) -> WeightFile:
    """What is left of a reference's layers with weights in a file that lists everything by name."""
    layers = {}
    for index, name in zip(known.weighted, names, strict=True):
        tensors = [(use.variable, use.shape) for use in known.layers[index].uses]
        layers[name] = StoredLayer(
            name, f"/{name}", tuple(Tensor(f"/{name}/{v}", f"{name}/{v}", v, shape, "float32") for v, shape in tensors)
        )
    found = tuple(layers[name] for name in natural(list(layers)))
    return WeightFile("w.h5", 0, "flat", "flat-groups", "weights-only", "lost", found, lists_weightless=False)


def ordered(facts: WeightFile, hints: Hints | None = None) -> list[str]:
    hints = hints or Hints()
    typed = type_layers(facts.layers, facts, hints, lambda layer: None)
    return [entry.stored.name for entry in in_known_order(typed, facts, hints)[0]]


def spoken(known: Known) -> list[str]:
    return [known.layers[index].name for index in known.weighted]


@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50", "VGG16", "DenseNet121"])
def test_known_names_tell_layers_of_equal_shapes_apart(name: str) -> None:
    known = reference(name)
    facts = lost(known, spoken(known))
    assert [layer.name for layer in facts.layers] != spoken(known) or name == "VGG16"
    assert ordered(facts) == spoken(known)
    assert [layer.stored for layer in infer(facts, Hints()).best.layers if layer.weights] == spoken(known)


def test_numbers_tell_layers_in_a_row_apart() -> None:
    known = reference("VGG16")
    names = [f"my_{'conv' if 'conv' in name else 'fc'}_{n}" for n, name in enumerate(spoken(known))]
    assert ordered(lost(known, names)) == names


def test_numbers_do_not_tell_parallel_layers_apart() -> None:
    """Counters follow the code, which may write any branch first."""
    known = reference("InceptionV3")
    counters: dict[str, int] = {}
    names = []
    for index in known.weighted:
        kind = known.layers[index].class_name.lower()
        counters[kind] = counters.get(kind, 0) + 1
        names.append(f"{kind}_{counters[kind]}")
    facts = lost(known, names)
    assert ordered(facts) == [layer.name for layer in facts.layers]


def test_a_head_of_ones_own_comes_last() -> None:
    known = reference("VGG16")
    facts = lost(known, spoken(known))
    head = StoredLayer("a_head", "/a_head", (Tensor("/a_head/kernel", "a_head/kernel", "kernel", (512, 7), "float32"),))
    kept = tuple(layer for layer in facts.layers if layer.name not in ("fc1", "fc2", "predictions"))
    facts = replace(facts, layers=(head, *kept))
    assert ordered(facts) == [*spoken(known)[:13], "a_head"]


@pytest.mark.parametrize(
    ("hints", "order"),
    [(Hints(library=False), "lost"), (Hints(without_families=frozenset({"vgg"})), "lost"), (Hints(), "stored")],
    ids=["no library", "without the family", "not lost"],
)
def test_everything_else_stays_as_it_is(hints: Hints, order: str) -> None:
    known = reference("VGG16")
    facts = replace(lost(known, spoken(known)[::-1]), order=order)  # type: ignore[arg-type]
    assert ordered(facts, hints) == [layer.name for layer in facts.layers]


def test_shapes_that_no_reference_has_stay_as_they_are() -> None:
    known = reference("VGG16")
    facts = lost(known, spoken(known))
    wider = [replace(t, shape=(*t.shape[:-1], t.shape[-1] + 1)) for t in facts.layers[3].tensors]
    layers = (*facts.layers[:3], replace(facts.layers[3], tensors=tuple(wider)), *facts.layers[4:])
    facts = replace(facts, layers=layers[::-1])
    assert ordered(facts) == [layer.name for layer in facts.layers]
