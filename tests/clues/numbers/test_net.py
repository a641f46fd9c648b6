"""What following a net depends on, and nothing else, is what tells it apart from another net."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import pytest

from infer_convert.clues.numbers.arrays import Arrays
from infer_convert.clues.numbers.flow import Flow
from infer_convert.clues.numbers.net import READ, Net, of_plan
from tests.build.plans import DictStore, plan_of, randomize
from tests.build.zoo import ZOO


class Watched(dict[str, Any]):
    """A config that notes which entries are asked for."""

    asked: set[str]

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)


def many() -> keras.Model:
    """Layers of every kind that following a net treats in its own way."""
    layers = keras.layers
    x = inputs = keras.Input((16, 16, 3))
    for number in range(2):
        x = layers.Conv2D(8, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.LeakyReLU()(x) if number else layers.ReLU(6.0)(x)
    x = layers.Conv2D(8, 3, groups=2)(x)
    x = layers.ELU()(layers.SeparableConv2D(8, 3, activation="relu")(x))
    x = layers.MaxPooling2D()(layers.PReLU()(layers.DepthwiseConv2D(3)(x)))
    x = layers.Conv2DTranspose(6, 2, strides=2)(x)
    x = layers.Dense(4)(layers.GlobalMaxPooling2D()(x))
    return keras.Model(inputs, layers.Activation("tanh")(x))


def watched(net: Net, asked: set[str]) -> Net:
    nodes = []
    for node in net.nodes:
        config = Watched(node.config)
        config.asked = asked
        nodes.append(replace(node, config=config, inner=node.inner and watched(node.inner, asked)))
    return Net(tuple(nodes), net.outputs)


@pytest.mark.parametrize("make", [*ZOO, many], ids=lambda make: make.__name__)
def test_all_that_is_read_is_told(make: Any) -> None:
    store = DictStore()
    plan = plan_of(randomize(make()), store)
    asked: set[str] = set()
    Flow(Arrays(store)).follow(watched(of_plan(plan), asked))
    assert asked <= set(READ)
    if make is many:
        assert asked == set(READ)


def test_padding_alone_is_no_other_net() -> None:
    store = DictStore()
    plan = plan_of(randomize(many()), store)

    def changed(**settings: Any) -> Net:
        layers = (
            replace(layer, config={**layer.config, **settings}) if layer.class_name == "Conv2D" else layer
            for layer in plan.layers
        )
        return of_plan(plan.with_layers(tuple(layers)))

    assert changed(padding="valid").told == changed(padding="same").told
    assert changed(activation="relu").told != changed(activation="tanh").told
