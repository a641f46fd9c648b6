"""Random small models, saved and recovered: nothing but NoArchitecture may go wrong, and every number must arrive."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import keras
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers

from infer_convert import open_tensors, read
from infer_convert.errors import NoArchitecture
from infer_convert.infer import infer
from infer_convert.pipeline import build
from infer_convert.plan import Plan
from infer_convert.solve.items import Call
from infer_convert.solve.order import keras_order

from .build import zoo

EXAMPLES = 12
LEAST_CONVERTED = 0.8


@dataclass(frozen=True)
class Drawn:
    """A kind of net and the seed of its details: Hypothesis shrinks towards an MLP."""

    kind: str
    seed: int

    def model(self) -> keras.Model:
        keras.utils.clear_session()
        keras.utils.set_random_seed(self.seed)
        choose = random.Random(self.seed)
        model: keras.Model = KINDS[self.kind](choose)
        for variable in model.weights:
            variable.assign(keras.random.uniform(variable.shape, 0.1, 1.0, seed=choose.randrange(1000)))
        return model


def named(choose: random.Random) -> dict[str, str]:
    """Half of the layers have names of their own, which say nothing."""
    return {"name": f"{choose.choice('abcdxyz')}{choose.randrange(10**6)}"} if choose.random() < 0.5 else {}


def mlp(choose: random.Random) -> keras.Model:
    parts = [keras.Input((choose.randint(2, 9),))]
    for _ in range(choose.randint(1, 3)):
        parts.append(layers.Dense(choose.randint(2, 9), activation="relu", **named(choose)))
        if choose.random() < 0.4:
            parts.append(choose.choice([layers.BatchNormalization, layers.LayerNormalization])(**named(choose)))
        if choose.random() < 0.4:
            parts.append(layers.Dropout(0.3, **named(choose)))
    return keras.Sequential([*parts, layers.Dense(choose.randint(1, 4), **named(choose))])


def cnn(choose: random.Random) -> keras.Model:
    parts = [keras.Input((28, 28, choose.choice([1, 3])))]
    for block in range(choose.randint(1, 2)):
        parts.append(layers.Conv2D(4 << block, choose.choice([3, 5]), padding="same", **named(choose)))
        if choose.random() < 0.5:
            parts.append(layers.BatchNormalization(**named(choose)))
        parts.append(layers.ReLU(**named(choose)))
        parts.append(layers.MaxPooling2D(**named(choose)))
    parts.append(choose.choice([layers.Flatten, layers.GlobalAveragePooling2D])(**named(choose)))
    return keras.Sequential([*parts, layers.Dense(choose.randint(2, 10), **named(choose))])


def rnn(choose: random.Random) -> keras.Model:
    cell = choose.choice([layers.LSTM, layers.GRU, layers.SimpleRNN])
    parts = [keras.Input((12,), dtype="int32"), layers.Embedding(20, 6, **named(choose))]
    if choose.random() < 0.5:
        parts.append(cell(5, return_sequences=True, **named(choose)))
    last = cell(4, **named(choose))
    parts.append(layers.Bidirectional(last, **named(choose)) if choose.random() < 0.3 else last)
    return keras.Sequential([*parts, layers.Dense(choose.randint(1, 3), **named(choose))])


def residual(choose: random.Random) -> keras.Model:
    x = inputs = keras.Input((16, 16, 3))
    width = choose.choice([4, 6])
    x = layers.ReLU(**named(choose))(layers.Conv2D(width, 3, padding="same", **named(choose))(x))
    for _ in range(choose.randint(1, 2)):
        y = layers.Conv2D(width, 3, padding="same", **named(choose))(x)
        y = layers.ReLU(**named(choose))(layers.BatchNormalization(**named(choose))(y))
        y = layers.BatchNormalization(**named(choose))(layers.Conv2D(width, 3, padding="same", **named(choose))(y))
        x = layers.ReLU(**named(choose))(layers.Add(**named(choose))([x, y]))
    x = layers.GlobalAveragePooling2D(**named(choose))(x)
    return keras.Model(inputs, layers.Dense(3, **named(choose))(x))


def joined(choose: random.Random) -> keras.Model:
    x = inputs = keras.Input((16, 16, 3))
    for _ in range(choose.randint(1, 2)):
        branches = [
            layers.Conv2D(choose.randint(2, 5), kernel, padding="same", activation="relu", **named(choose))(x)
            for kernel in choose.sample([1, 3, 5], choose.randint(2, 3))
        ]
        x = layers.Concatenate(**named(choose))(branches)
    x = layers.GlobalAveragePooling2D(**named(choose))(x)
    return keras.Model(inputs, layers.Dense(3, **named(choose))(x))


CHAINS = {"mlp": mlp, "cnn": cnn, "rnn": rnn}
KINDS = {**CHAINS, "residual": residual, "joined": joined}
MODELS = st.builds(Drawn, st.sampled_from(list(KINDS)), st.integers(0, 10**6))


def is_chain(plan: Plan) -> bool:
    """Every layer takes the one in front of it alone, in the order of the plan."""
    fed = [[ref.layer for call in layer.inbound for ref in call] for layer in plan.layers]
    return fed == [[], *([layer.name] for layer in plan.layers[:-1])]


def recovered(drawn: Drawn, path: Path) -> bool:
    """False where no architecture was found; anything else that goes wrong fails."""
    model = drawn.model()
    model.save_weights(path)
    try:
        inference = infer(read(path))
        with open_tensors(path) as store:
            built = build(inference.best, inference.facts, store)
    except NoArchitecture:
        return False
    said = built.verification
    assert said.bit_exact and not said.unassigned and not inference.left_over
    assert said.tensors_assigned == said.tensors_total == len(model.weights)
    mine, true = (sorted(weight.numpy().tobytes() for weight in m.weights) for m in (built.model, model))
    assert mine == true
    if drawn.kind in CHAINS:
        assert is_chain(built.plan)
        classes = [layer.class_name for layer in built.plan.layers if layer.weights]
        assert classes == [type(layer).__name__ for layer in model.layers if layer.weights]
    return True


def test_random_models_are_recovered(tmp_path: Path) -> None:
    tally: Counter[bool] = Counter()
    failed: list[Drawn] = []

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(MODELS)
    def run(drawn: Drawn) -> None:
        found = recovered(drawn, tmp_path / f"{drawn.kind}{drawn.seed}.weights.h5")
        tally[found] += 1
        if not found:
            failed.append(drawn)

    run()
    assert tally[True] >= LEAST_CONVERTED * tally.total(), f"no architecture for {failed}"


def graph(model: keras.Model, listed: list[keras.layers.Layer]) -> tuple[list[list[list[Call]]], list[Call]]:
    """Operands and outputs of a real model, its layers numbered as in ``listed``."""
    place = {id(layer): number for number, layer in enumerate(listed)}

    def call(tensor: keras.KerasTensor) -> Call:
        history = tensor._keras_history
        return place[id(history.operation)], history.node_index

    operands = [
        [[call(tensor) for tensor in node.arguments.keras_tensors] for node in layer._inbound_nodes] for layer in listed
    ]
    return operands, [call(tensor) for tensor in model.outputs]


REAL = {
    "residual": zoo.residual, "two inputs": zoo.two_inputs, "shared": zoo.shared, "states": zoo.stateful_outputs,
    **{f"{kind} {seed}": Drawn(kind, seed).model for kind in ("residual", "joined") for seed in (1, 2, 3)},
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_the_list_order_is_keras_own(name: str) -> None:
    model = REAL[name]()
    listed = list(model.layers)
    random.Random(7).shuffle(listed)
    operands, outputs = graph(model, listed)
    assert [listed[number].name for number in keras_order(operands, outputs)] == [item.name for item in model.layers]
