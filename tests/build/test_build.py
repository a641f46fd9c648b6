"""Plan -> model -> numbers -> checks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from infer_convert.build.assign import assign
from infer_convert.build.model import build_model
from infer_convert.build.variables import resolve
from infer_convert.build.verify import same_bits, verify
from infer_convert.errors import NoArchitecture, RefusedForSafety, WeightMismatch
from infer_convert.plan import Plan, PlanLayer, Ref, WeightUse
from tests.build.plans import DictStore, facts_of, plan_of, randomize
from tests.build.zoo import ZOO, mlp, nested, recurrent


def samples(model: keras.Model, batch: int = 2) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [
        rng.integers(0, 10, (batch, *(s or 9 for s in t.shape[1:]))).astype("int32")
        if "int" in t.dtype
        else rng.uniform(0, 1, (batch, *(s or 9 for s in t.shape[1:]))).astype("float32")
        for t in model.inputs
    ]


def run(model: Any, arrays: list[np.ndarray]) -> list[np.ndarray]:
    result = model(arrays[0] if len(arrays) == 1 else arrays, training=False)
    return [np.asarray(item) for item in (result if isinstance(result, list | tuple) else [result])]


def line(*layers: PlanLayer, shape: tuple[int | None, ...] = (None, 4)) -> Plan:
    """A chain behind one input."""
    chain = [PlanLayer("x", "InputLayer", {"batch_shape": list(shape)})]
    for item in layers:
        chain.append(dataclasses.replace(item, inbound=((Ref(chain[-1].name),),)))
    return Plan(tuple(chain), (Ref("x"),), (Ref(chain[-1].name),))


@pytest.mark.parametrize("make", ZOO, ids=lambda make: make.__name__)
def test_the_rebuilt_model_computes_what_the_original_did(make: Any) -> None:
    original, store = randomize(make()), DictStore()
    plan = plan_of(original, store)
    model = build_model(plan)
    assignment = assign(model, plan, store)
    assert assignment.unassigned == ()
    assert sorted(store.reads) == sorted(store), "each tensor is read once"
    result = verify(model, plan, store, facts_of(original, plan))
    assert (result.bit_exact, result.order_reproduced, result.unassigned, result.warnings) == (True, True, (), ())
    assert result.tensors_assigned == result.tensors_total == len(store)
    arrays = samples(original)
    for ours, theirs in zip(run(model, arrays), run(original, arrays), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [layer.name for layer in model.layers] == [layer.name for layer in original.layers]


def test_building_draws_no_random_numbers_and_keeps_the_initializer_in_the_config() -> None:
    model = build_model(plan_of(mlp(), DictStore()))
    assert not np.any(model.get_layer("hidden").kernel.numpy())
    assert model.get_layer("hidden").get_config()["kernel_initializer"]["class_name"] == "GlorotUniform"
    assert np.any(keras.layers.Dense(3).build((None, 4)) or mlp().get_layer("hidden").kernel.numpy()), "undone outside"


def test_nested_models_stay_nested_and_shared_layers_are_one_layer() -> None:
    model = build_model(plan_of(nested(), DictStore()))
    tower = model.get_layer("tower")
    assert isinstance(tower, keras.Model)
    assert len([layer for layer in model.layers if layer is tower]) == 1
    assert len(model.weights) == 8


def test_transforms_are_applied_and_verified() -> None:
    kernel = np.arange(12, dtype="float32").reshape(3, 4)
    store = DictStore()
    store |= {"/k": kernel, "/b": np.zeros(3, "float64")}
    uses = (
        WeightUse("kernel", ("/k",), (4, 3), "float32", "kernel", ("transpose:1,0",)),
        WeightUse("bias", ("/b",), (3,), "float32", "bias", ("cast:float64→float32",)),
    )
    plan = line(PlanLayer("d", "Dense", {"units": 3}, weights=uses, stored="d"))
    model = build_model(plan)
    assert assign(model, plan, store).unassigned == ()
    np.testing.assert_array_equal(model.get_layer("d").kernel.numpy(), kernel.T)
    facts = dataclasses.replace(facts_of(model, plan), order="lost")
    result = verify(model, plan, store, facts)
    assert (result.bit_exact, result.order_reproduced) == (True, None)
    model.get_layer("d").bias.assign([0.0, -0.0, 0.0])
    broken = verify(model, plan, store, facts)
    assert not broken.bit_exact
    assert "d.bias differs from /b" in broken.warnings


class _InParts(DictStore):
    """A store that also gives tensors in parts."""

    def pieces(self, path: str) -> Iterator[np.ndarray]:
        yield from np.array_split(self[path].reshape(-1), 3)


@pytest.mark.parametrize("changed", [None, 0, 5, 11])
def test_tensors_in_parts_are_verified_to_the_last_number(changed: int | None) -> None:
    store = _InParts()
    store |= {"/k": np.arange(12, dtype="float32").reshape(3, 4)}
    use = WeightUse("kernel", ("/k",), (3, 4), "float32", "kernel")
    plan = line(PlanLayer("d", "Dense", {"units": 4, "use_bias": False}, weights=(use,), stored="d"), shape=(None, 3))
    model = build_model(plan)
    assign(model, plan, store)
    if changed is not None:
        other = store["/k"].copy()
        other.reshape(-1)[changed] = np.nan
        store["/k"] = other
    result = verify(model, plan, store, dataclasses.replace(facts_of(model, plan), order="lost"))
    assert result.bit_exact is (changed is None)
    said = ("d.kernel differs from /k", "d.kernel holds 1 numbers that are NaN or infinite (kept, /k)")
    assert result.warnings == (() if changed is None else said)


def test_a_nan_equals_itself_and_minus_zero_is_not_zero() -> None:
    nan, zero = np.array([np.nan], "float32"), np.zeros(1, "float32")
    assert same_bits(nan, nan.copy())
    assert not same_bits(zero, -zero)
    assert not same_bits(zero, zero.astype("float64"))


@pytest.mark.parametrize(
    ("use", "array", "said"),
    [
        (WeightUse("kernel", ("/k",), (4, 3), "float32", "kernel"), np.zeros((3, 4), "float32"), ("(4, 3)", "(3, 4)")),
        (
            WeightUse("kernel", ("/k",), (4, 3), "float32", "kernel"),
            np.zeros((4, 3), "float64"),
            ("float32", "float64"),
        ),
        (WeightUse("gamma", ("/k",), (4, 3), "float32", "gamma"), np.zeros((4, 3), "float32"), ("gamma", "d/kernel")),
        (WeightUse("kernel", ("/k", "/k"), (4, 3), "float32", "kernel"), np.zeros((4, 3), "float32"), ("2 tensors",)),
        (
            WeightUse("kernel", ("/k",), (4, 3), "float32", "kernel", ("reshape:5,5",)),
            np.zeros((4, 3), "float32"),
            ("reshape:5,5",),
        ),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(use: WeightUse, array: np.ndarray, said: tuple[str, ...]) -> None:
    store = DictStore()
    store["/k"] = array
    plan = line(PlanLayer("d", "Dense", {"units": 3}, weights=(use,)))
    with pytest.raises(WeightMismatch) as caught:
        assign(build_model(plan), plan, store)
    message = str(caught.value)
    assert all(word in message for word in ("d", *said)), message
    assert "\n" not in message


def test_a_variable_is_filled_once_and_holes_are_listed() -> None:
    store = DictStore()
    store["/k"] = np.zeros((4, 3), "float32")
    use = WeightUse("kernel", ("/k",), (4, 3), "float32", "kernel")
    plan = line(PlanLayer("d", "Dense", {"units": 3}, weights=(use,)))
    model = build_model(plan)
    assert assign(model, plan, store).unassigned == ("d/bias",)
    assert verify(model, plan, store, facts_of(model, plan)).unassigned == ("d/bias",)
    twice = line(PlanLayer("d", "Dense", {"units": 3}, weights=(use, use)))
    with pytest.raises(WeightMismatch, match="already filled"):
        assign(model, twice, store)


def test_another_order_than_the_file_is_noticed() -> None:
    original, store = nested(), DictStore()
    plan = plan_of(original, store)
    model = build_model(plan)
    assign(model, plan, store)
    facts = facts_of(original, plan)
    swapped = dataclasses.replace(facts, layers=(*facts.layers[:-2], facts.layers[-1], facts.layers[-2]))
    assert verify(model, plan, store, swapped).order_reproduced is False
    unlisted = dataclasses.replace(facts, layers=facts.layers[1:])
    assert verify(model, plan, store, unlisted).order_reproduced is True
    tower = facts.layers[1]
    inside = dataclasses.replace(tower, children=tower.children[::-1])
    turned = dataclasses.replace(facts, layers=(facts.layers[0], inside, *facts.layers[2:]))
    assert verify(model, plan, store, turned).order_reproduced is False


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (PlanLayer("odd", "Unheard", {}), "Unheard"),
        (PlanLayer("odd", "Layer", {}), "Layer"),
        (PlanLayer("odd", "TFSMLayer", {"filepath": "/tmp"}), "TFSMLayer"),
        (PlanLayer("odd", "Dense", {"units": 3, "colour": 1}), "colour"),
        (PlanLayer("odd", "Dense", {"units": 3, "activation": "os.system"}), "os.system"),
        (PlanLayer("odd", "Dense", {"units": 3, "kernel_initializer": "os:system"}), "os:system"),
        (
            PlanLayer("odd", "Dense", {"units": 3, "kernel_initializer": {"class_name": "Zeros", "config": {"a": 1}}}),
            "a=1",
        ),
        (PlanLayer("odd", "Dense", {"units": {"class_name": "x", "module": "os"}}), "plain data"),
        (PlanLayer("odd", "Dense", {"units": 3, "dtype": "evil"}), "evil"),
        (PlanLayer("odd", "Conv2D", {"filters": 3, "kernel_size": 3}), "ndim"),
        (PlanLayer("odd", "Operation", {"function": "eval"}), "eval"),
        (PlanLayer("odd", "Dense", {"units": 1_000_000_000}), "1000000000"),
    ],
)
def test_a_layer_that_cannot_be_built_is_named_with_the_cause(layer: PlanLayer, said: str) -> None:
    with pytest.raises(NoArchitecture) as caught:
        build_model(line(layer))
    message = str(caught.value)
    assert "layer odd" in message, message
    assert said in message, message
    assert "\n" not in message, message


@pytest.mark.parametrize(
    "layer",
    [
        PlanLayer("odd", "Lambda", {"function": "x"}),
        PlanLayer("odd", "StringLookup", {"vocabulary": "/etc/passwd"}),
        PlanLayer("odd", "TimeDistributed", {"layer": {"class_name": "Lambda", "config": {}}}),
    ],
)
def test_code_and_file_names_are_refused(layer: PlanLayer) -> None:
    with pytest.raises(RefusedForSafety):
        build_model(line(layer))


def test_cycles_and_missing_operands_are_named() -> None:
    x = PlanLayer("x", "InputLayer", {"batch_shape": [None, 4]})
    a = PlanLayer("a", "Add", {}, ((Ref("x"), Ref("b")),))
    b = PlanLayer("b", "ReLU", {}, ((Ref("a"),),))
    with pytest.raises(NoArchitecture, match="cycle through a, b"):
        build_model(Plan((x, a, b), (Ref("x"),), (Ref("b"),)))
    with pytest.raises(NoArchitecture, match="a: reads from b"):
        build_model(Plan((x, a), (Ref("x"),), (Ref("a"),)))


def test_operations_have_no_layer_but_compute() -> None:
    x = PlanLayer("x", "InputLayer", {"batch_shape": [None, 4]})
    half = PlanLayer(
        "half", "Operation", {"function": "multiply", "arguments": {"x2": 0.5}}, ((Ref("x"),),), hidden=True
    )
    part = PlanLayer(
        "part", "Operation", {"function": "getitem", "arguments": {"key": [None, [1, 3, None]]}}, ((Ref("half"),),)
    )
    model = build_model(Plan((x, half, part), (Ref("x"),), (Ref("part"),)))
    np.testing.assert_allclose(run(model, [np.ones((2, 4), "float32")])[0], np.full((2, 2), 0.5))


def test_names_that_keras_refuses_are_changed_one_to_one() -> None:
    names = ("conv1/conv", "conv1_conv", "a b", "é", "x" * 400)
    plan = line(*(PlanLayer(name, "ReLU") for name in names))
    model = build_model(plan)
    made = [layer.name for layer in model.layers][1:]
    assert made[:2] == ["conv1_conv_1", "conv1_conv"]
    assert len(set(made)) == len(names)
    model.predict(np.zeros((1, 4)), verbose=0)


def test_the_hard_sigmoid_of_keras_2_survives_saving(tmp_path: Any) -> None:
    plan = line(PlanLayer("a", "Activation", {"activation": "hard_sigmoid_keras2"}))
    model = build_model(plan)
    x = np.array([[-3.0, -1.0, 0.5, 2.6]], "float32")
    np.testing.assert_allclose(run(model, [x])[0], np.clip(0.2 * x + 0.5, 0, 1))
    model.save(tmp_path / "m.keras")
    np.testing.assert_allclose(
        keras.models.load_model(tmp_path / "m.keras").predict(x, verbose=0), np.clip(0.2 * x + 0.5, 0, 1)
    )


def test_custom_objects_come_from_the_user_only() -> None:
    class Twice(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return 2 * x

    plan = line(PlanLayer("t", "Twice"))
    with pytest.raises(NoArchitecture, match="--custom-objects"):
        build_model(plan)
    np.testing.assert_array_equal(run(build_model(plan, {"Twice": Twice}), [np.ones((1, 4))])[0], np.full((1, 4), 2.0))


def test_a_nested_model_under_time_distributed() -> None:
    inner = plan_of(mlp(), store := DictStore())
    plan = line(PlanLayer("td", "TimeDistributed", {}, inner=inner), shape=(None, 5, 4))
    model = build_model(plan)
    assert assign(model, plan, store).unassigned == ()
    assert model.output_shape == (None, 5, 3)


def test_resolve_says_which_step_is_missing() -> None:
    model = recurrent()
    assert resolve(model.get_layer("bi"), "forward_layer.cell.kernel").shape == (4, 12)
    with pytest.raises(LookupError, match=r"'forward_layer\.cell\.kernels' \(at 'kernels'\)"):
        resolve(model.get_layer("bi"), "forward_layer.cell.kernels")
