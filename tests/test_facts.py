"""Facts survive JSON, and stay frozen."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.readers import read

from .originals import NAMES, original

text = st.text(max_size=8)
tensors = st.builds(
    Tensor, path=text, name=text, role=text, shape=st.lists(st.integers(0, 9), max_size=5).map(tuple), dtype=text
)
several = st.lists(tensors, max_size=3).map(tuple)
leaves = st.builds(StoredLayer, name=text, path=text, tensors=several, stem=st.none() | text, key=st.none() | text)
layers = st.recursive(
    leaves,
    lambda inner: st.builds(
        StoredLayer, name=text, path=text, tensors=several, children=st.lists(inner, max_size=2).map(tuple)
    ),
    max_leaves=4,
)
plain = st.dictionaries(text, st.integers() | text | st.lists(st.booleans(), max_size=2), max_size=2)
files = st.builds(
    WeightFile,
    file=text,
    bytes=st.integers(0),
    generation=st.sampled_from(["keras0", "keras1", "keras2", "keras3", "flat"]),
    layout=text,
    kind=st.sampled_from(["weights-only", "full"]),
    order=st.sampled_from(["stored", "recovered", "lost"]),
    layers=st.lists(layers, max_size=3).map(tuple),
    lists_weightless=st.booleans(),
    names_are_real=st.booleans(),
    keras_version=st.none() | text,
    sha256=st.none() | text,
    model_config=st.none() | plain,
    training_config=st.none() | plain,
    optimizer=several,
    unread=st.lists(st.tuples(text, text), max_size=2).map(tuple),
    warnings=st.lists(text, max_size=2).map(tuple),
)


@given(files)
def test_json_and_back(facts: WeightFile) -> None:
    assert WeightFile.from_json(json.loads(json.dumps(facts.to_json()))) == facts


@pytest.mark.parametrize("name", NAMES)
def test_facts_of_fixtures_and_back(name: str) -> None:
    facts = read(original(name).path, digest=True)
    again = WeightFile.from_json(json.loads(json.dumps(facts.to_json())))
    assert again == facts
    assert [tensor.size for tensor in again.all_tensors()] == [tensor.size for tensor in facts.all_tensors()]


def test_tensors_come_in_layer_order_depth_first() -> None:
    def tensor(path: str) -> Tensor:
        return Tensor(path, path, path, (2, 3), "float32")

    inner = StoredLayer("inner", "/o/i", (tensor("b"),))
    outer = StoredLayer("outer", "/o", (tensor("a"),), children=(inner,))
    facts = WeightFile(
        "f", 1, "keras3", "v3", "weights-only", "stored", (outer, StoredLayer("z", "/z", (tensor("c"),)))
    )
    assert [item.path for item in facts.all_tensors()] == ["a", "b", "c"]
    assert tensor("a").size == 6
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts.file = "g"  # type: ignore[misc]
