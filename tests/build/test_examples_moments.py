"""Unlabelled examples: the moments that they give the normalisations, against the stored ones."""

from __future__ import annotations

import numpy as np
import pytest

from infer_convert.build.examples import Examples, shaped
from infer_convert.build.unlabelled import UNDECIDED, moments, telling, undecided
from infer_convert.hints import Hints
from infer_convert.plan import Plan, PlanLayer, Ref

keras = pytest.importorskip("keras")


def model(activation: str) -> object:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((8,))
    hidden = keras.layers.Dense(16, activation=activation)(inputs)
    hidden = keras.layers.Dense(12)(keras.layers.BatchNormalization(momentum=0.0)(hidden))
    return keras.Model(inputs, keras.layers.BatchNormalization(momentum=0.0)(hidden))


def test_the_true_function_gives_the_stored_moments() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(512, 8)).astype("float32")
    true, other = model("relu"), model("tanh")
    for _ in range(3):
        true(data, training=True)  # type: ignore[operator]
    other.set_weights(true.get_weights())  # type: ignore[attr-defined]
    sample = data[:10]
    assert moments(true, [sample]) < 0.8 * moments(other, [sample])


def test_a_model_without_normalisation_cannot_tell() -> None:
    inputs = keras.Input((8,))
    assert moments(keras.Model(inputs, keras.layers.Dense(2)(inputs)), [np.zeros((4, 8), "float32")]) == 0.0


def head(activation: str, *sizes: int) -> Plan:
    """Inputs of these sizes, joined by a layer with that activation."""
    inputs = tuple(
        PlanLayer(f"i{slot}", "InputLayer", {"batch_shape": [None, size]}) for slot, size in enumerate(sizes)
    )
    refs = tuple(Ref(layer.name) for layer in inputs)
    out = PlanLayer("out", "Dense", {"activation": activation}, inbound=(refs,))
    return Plan((*inputs, out), refs, (Ref("out"),))


def test_a_classifier_that_does_not_know_is_none() -> None:
    even, sure = np.full((8, 4), 0.25), np.eye(4)[[0, 1, 2, 3] * 2] * 0.96 + 0.01
    assert undecided(head("softmax", 3), [even]) == UNDECIDED < 0
    assert undecided(head("softmax", 3), [sure]) == undecided(head("linear", 3), [even]) == 0.0
    assert undecided(head("sigmoid", 3), [np.full((8, 1), 0.6)]) == UNDECIDED
    assert undecided(head("sigmoid", 3), [np.array([[0.01], [0.99]])]) == 0.0


def test_classes_that_differ_between_the_examples_tell_more() -> None:
    sure, alike = np.eye(4)[[0, 1, 2, 3] * 2] * 0.96 + 0.01, np.eye(4)[[1] * 8] * 0.96 + 0.01
    plan = head("softmax", 3)
    assert telling(plan, [sure]) > telling(plan, [alike]) + 5
    assert telling(plan, [sure]) == pytest.approx(telling(head("linear", 3), [np.log(sure)]))
    assert telling(plan, [np.ones((8, 1))]) == 0.0


def test_outputs_of_every_shape_and_activation_are_weighed_alike() -> None:
    sure = np.eye(4)[[0, 1, 2, 3] * 2] * 0.96 + 0.01
    vector = telling(head("softmax", 3), [sure])
    assert telling(head("softmax", 3), [sure[:, None]]) == pytest.approx(vector)
    assert telling(head("tanh", 3), [np.log(sure)]) == pytest.approx(vector)
    broken = telling(head("linear", 3), [np.full((8, 4), np.nan)])
    assert broken == telling(head("linear", 3), [np.ones((8, 4))]) < vector


def test_shapes_are_told_where_the_plan_takes_others() -> None:
    arrays = {"x_0": np.zeros((2, 20)), "x_1": np.zeros((2, 12))}
    assert shaped(head("linear", 20, 12), Examples(arrays), Hints()) is None
    assert shaped(head("linear", 12, 20), Examples(arrays), Hints()) is None  # the same two, recovered in another order
    told = shaped(head("linear", 20, 30), Examples(arrays), Hints())
    assert told is not None and told.input_shapes == {"": ((20,), (12,))}
    assert shaped(head("linear", 20, 30), Examples(arrays), Hints({"": ((20,), (30,))})) is None
