"""Every layer card against the real Keras 3 layer: tensors read back from real files, and output shapes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from infer_convert import transforms
from infer_convert.build.variables import resolve
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.layers import CARD_OF, LAYERS
from infer_convert.layers.card import Card, Fit, Stored
from infer_convert.readers import open_tensors, read

from .cases import CASES, SPECIAL, Drawn, Shape

NO_REAL_LAYER = {
    "InputLayer": "takes no operand",
    "ThresholdedReLU": "not in Keras 3; build/ makes it of parts",
}
WEIGHTED = sorted(card.class_name for card in LAYERS if card.fits is not None)
FITTED = (*WEIGHTED, *SPECIAL)
FAULTS: dict[str, str] = {}
"""Test -> what is wrong with the card; strict, so that a repaired card must leave this table."""


def marked(test: str, names: Iterable[str]) -> list[Any]:
    """One parameter per name; known faults must fail."""
    return [
        pytest.param(
            test, name, id=key, marks=pytest.mark.xfail(strict=True, reason=FAULTS[key]) if key in FAULTS else ()
        )
        for name in names
        for key in [f"{test}: {name}"]
    ]


def drawn(name: str, data: st.DataObject) -> Drawn:
    found: Drawn = data.draw(CASES[name] if name in CASES else SPECIAL[name])
    return found


def without_none(shape: Shape, seven: int = 7) -> tuple[int, ...]:
    return tuple(seven if size is None else size for size in shape)


def model_around(case: Drawn) -> tuple[Any, Any]:
    """A model of this layer alone, with random numbers."""
    layer = case.layer()
    inputs = [
        keras.Input(without_none(shape), dtype="int32" if case.tokens else "float32", name=f"in_{number}")
        for number, shape in enumerate(case.shapes)
    ]
    if case.class_name in SPREAD:
        outputs = layer(inputs[0], inputs[1])
    else:
        outputs = layer(inputs if len(inputs) > 1 else inputs[0])
    rng = np.random.default_rng(3)
    for variable in layer.weights:
        variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return keras.Model(inputs, outputs), layer


SPREAD = ("MultiHeadAttention", "GroupQueryAttention")
"""Layers whose operands are arguments of their own."""


def save(model: Any, layer: Any, path: Path, kind: str) -> None:
    if kind == "positional":
        model.save_weights(path)
        return
    with h5py.File(path, "w") as file:  # as Keras 2 wrote it, by the names that Keras 3 gives variables
        file.attrs["layer_names"] = np.array([item.name.encode() for item in model.layers])
        for item in model.layers:
            group = file.create_group(item.name)
            names = [f"{variable.path}:0" for variable in item.weights]
            group.attrs["weight_names"] = np.array([name.encode() for name in names]) if names else np.array([])
            for name, variable in zip(names, item.weights, strict=True):
                group[name] = keras.ops.convert_to_numpy(variable)


def stored_layer(facts: WeightFile, name: str) -> StoredLayer:
    return next(item for item in facts.layers if item.tensors and name in (item.name, item.key))


def as_stored(found: StoredLayer, facts: WeightFile) -> Stored:
    return Stored({tensor.role: tensor for tensor in found.tensors}, facts.generation, facts.backend)


def plain(value: Any) -> Any:
    """JSON's view of a config."""
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


def agrees(said: Any, true: Any) -> bool:
    """Whether every entry that the card names is the layer's; a scalar stands for equal axes."""
    said, true = plain(said), plain(true)
    if isinstance(said, dict) and isinstance(true, dict):
        return all(key in true and agrees(value, true[key]) for key, value in said.items())
    if isinstance(said, list) != isinstance(true, list) and said is not None and true is not None:
        one, many = (said, true) if isinstance(true, list) else (true, said)
        return all(item == one for item in many)
    return bool(said == true)


def true_config(layer: Any) -> dict[str, Any]:
    config = dict(layer.get_config())
    if "output_shape" in config and isinstance(config["output_shape"], list | tuple):
        (config["output_shape"],) = config["output_shape"]
    if isinstance(layer, keras.layers.LayerNormalization):
        rank = len(layer.input.shape)
        axes = config["axis"] if isinstance(config["axis"], list | tuple) else [config["axis"]]
        config["axis"] = [axis if axis < 0 else axis - rank for axis in axes]
    return config


def said_config(card: Card, fit: Fit) -> dict[str, Any]:
    """What the card read off the shapes, in Keras' words; guesses (``assumed``, choices) are left out."""
    said = card.finish(dict(fit.config))
    if card.class_name == "Bidirectional":
        said.pop("merge_mode")  # the tensors do not tell
    return said


def right(card: Card, fit: Fit, layer: Any, store: Any) -> bool:
    """Whether one reading is the layer that was saved: its config, and each variable's numbers."""
    if not agrees(said_config(card, fit), true_config(layer)):
        return False
    filled = {}
    for use in fit.uses:
        variable = resolve(layer, use.variable)
        array = transforms.apply(use.transforms, [store.read(path) for path in use.sources])
        if tuple(variable.shape) != use.shape or not np.array_equal(array, keras.ops.convert_to_numpy(variable)):
            return False
        filled[id(variable)] = use
    unused = len(fit.config.get("_unused", ()))
    return len(filled) == len(layer.weights) - unused


def context(config: Mapping[str, Any], layer: Any, card: Card) -> dict[str, Any]:
    """A complete config for ``card.shape``: the card's private entries, the true layer's settings."""
    true = plain(layer.get_config())
    inner = true.pop("layer", {}).get("config", {}) if isinstance(true.get("layer"), dict) else {}
    return {
        **card.assumed,
        **config,
        **{key: value for key, value in {**inner, **true}.items() if not key.startswith("_")},
    }


@pytest.mark.parametrize(("kind", "name"), [*marked("positional", FITTED), *marked("legacy", FITTED)])
def test_a_card_recovers_config_and_variables(kind: str, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("card")

    @settings(max_examples=6, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        case = drawn(name, data)
        try:
            model, layer = model_around(case)
        except ValueError:
            assume(False)  # Keras itself refuses: a window wider than its operand
        assume(all(size is None or size > 0 for size in model.output_shape[1:]))  # Keras 3.12 does not always refuse
        path = folder / f"{kind}.weights.h5"
        save(model, layer, path, kind)
        facts, card = read(path), CARD_OF[case.class_name]
        assert card.fits is not None
        stored = as_stored(stored_layer(facts, layer.name), facts)
        fits = card.fits(stored)
        with open_tensors(path) as store:
            assert any(right(card, fit, layer, store) for fit in fits), (
                f"{case} stored as {[(tensor.role, tensor.shape) for tensor in stored.roles.values()]}: {fits}"
            )
            shape = without_none(case.shapes[0])
            shapes = tuple(without_none(item) for item in case.shapes)
            fit = next(fit for fit in fits if right(card, fit, layer, store))
            wanted = tuple(model.output_shape[1:])
            assert card.shape(context(fit.config, layer, card), shapes) == wanted, f"{case}: {shape} -> {wanted}"

    check()


def keras_shape(layer: Any, shapes: tuple[Shape, ...]) -> Shape | None:
    """What Keras says, None where it refuses or has no room."""
    batched = [(2, *shape) for shape in shapes]
    try:
        if isinstance(layer, keras.layers.Attention):
            result = layer.compute_output_shape([*batched, batched[-1]])  # Keras 3.12 wants the keys' too
        elif isinstance(layer, keras.layers.MultiHeadAttention | keras.layers.GroupQueryAttention):
            result = layer.compute_output_shape(*batched)
        else:
            result = layer.compute_output_shape(batched if len(batched) > 1 else batched[0])
    except ValueError:
        return None
    sizes = tuple(None if size is None else int(size) for size in result[1:])
    return None if any(size is not None and size < 1 for size in sizes) else sizes


def private(case: Drawn, shapes: tuple[Shape, ...]) -> dict[str, Any]:
    """What a fit would have read off the tensors, for shapes alone."""
    inner = case.wrapped or case
    config: dict[str, Any] = {"_channels_in": shapes[0][-1]}
    if case.wrapped is not None:
        config = {"_class": inner.class_name, "_inner": {**plain(inner.config), **config}}
    if case.class_name == "Conv2D" and "groups" in case.config:
        config["_channels_in"] = (shapes[0][-1] or 0) // case.config["groups"]
    if case.class_name in SPREAD:
        config = {"_channels": (shapes[0][-1], shapes[1][-1], shapes[1][-1])}
        config["_out"] = case.config.get("output_shape", shapes[0][-1])
    if case.class_name == "PReLU":
        config["_alpha"] = [
            1 if axis + 1 in (case.config["shared_axes"] or ()) else n for axis, n in enumerate(shapes[0])
        ]
    return config


@pytest.mark.parametrize(("test", "name"), marked("shape", [*CASES, *SPECIAL]))
def test_a_card_computes_the_output_shape(test: str, name: str) -> None:
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        case = drawn(name, data)
        layer, card = case.layer(), CARD_OF[case.class_name]
        config = context(private(case, case.shapes), layer, card)
        mine, true = card.shape(config, case.shapes), keras_shape(layer, case.shapes)
        assert mine == true, f"{case}"

    check()


@pytest.mark.parametrize(
    ("test", "name"), marked("silent", [n for n in WEIGHTED if n not in ("Embedding", "Attention")])
)
def test_a_card_refuses_other_channels(test: str, name: str) -> None:
    """The operand's channels are fixed by the tensors: another number must not pass."""

    @settings(max_examples=10, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        case = drawn(name, data)
        card = CARD_OF[case.class_name]
        config = context(private(case, case.shapes), case.layer(), card)
        wrong = tuple((*shape[:-1], (shape[-1] or 0) + 1) for shape in case.shapes)
        assert card.shape(config, wrong) is None, f"{case}"

    check()


def test_every_card_has_a_case() -> None:
    assert set(CARD_OF) == set(CASES) | set(NO_REAL_LAYER)
    assert len(CARD_OF) == len(LAYERS), "two cards for one class"
    missing = [name for name in NO_REAL_LAYER if name != "InputLayer" and hasattr(keras.layers, name)]
    assert missing == []
    tests = ("positional", "legacy", "shape", "silent")
    assert set(FAULTS) <= {f"{test}: {name}" for test in tests for name in (*CASES, *SPECIAL)}


@pytest.mark.parametrize("name", sorted(CASES))
def test_choices_are_arguments_of_the_layer(name: str) -> None:
    """Whatever a card offers, Keras accepts, and the card's own shape function knows."""

    @settings(max_examples=3, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        case = drawn(name, data)
        card, layer = CARD_OF[name], case.layer()
        config = {**plain(case.config), **private(case, case.shapes)}
        if case.wrapped is not None:
            return
        for choice in card.choices({key: value for key, value in config.items() if key not in _open(card, config)}):
            assert set(choice) <= set(layer.get_config()), choice
            known = {**plain(case.config), "dilation_rate": 1, **choice}
            known = {key: value for key, value in known.items() if key in layer.get_config()}
            getattr(keras.layers, name)(**known)

    check()


def _open(card: Card, config: Mapping[str, Any]) -> set[str]:
    return {"strides", "padding", "return_sequences", "keepdims"} & set(config)


def test_numbers_of_gates() -> None:
    """A Keras 1 LSTM has one tensor per gate; its card puts them into Keras 3's order i, f, c, o."""
    names = [f"{part}_{gate}" for gate in "icfo" for part in ("kernel", "recurrent_kernel", "bias")]
    shapes = {"kernel": (3, 2), "recurrent_kernel": (2, 2), "bias": (2,)}
    roles = {name: Tensor(f"/l/{name}", name, name, shapes[name.rpartition("_")[0]], "float32") for name in names}
    (fit,) = CARD_OF["LSTM"].fits(Stored(roles, "keras1"))  # type: ignore[misc]
    assert [use.sources for use in fit.uses] == [
        tuple(f"/l/{part}_{gate}" for gate in "ifco") for part in ("kernel", "recurrent_kernel", "bias")
    ]
    assert [math.prod(use.shape) for use in fit.uses] == [24, 16, 8]
