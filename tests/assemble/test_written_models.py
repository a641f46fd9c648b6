"""Small models as people write them, through Keras' own writer and back: what once did not convert."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from infer_convert.infer import infer
from infer_convert.pipeline import Built, build
from infer_convert.plan import Basis
from infer_convert.readers import open_tensors, read

L = keras.layers


def adapted() -> Any:
    scaled = L.Normalization()
    scaled.adapt(np.arange(12.0, dtype="float32").reshape(4, 3))
    return keras.Sequential([L.Input((3,)), scaled, L.Dense(4, activation="relu"), L.Dense(1)])


def normalised() -> Any:
    """The numbers of a Normalization given in the code, in front of a block whose sum is the net's first."""
    first = L.Input((24, 24, 3))
    x = L.Normalization(mean=[0.485, 0.456, 0.406], variance=[0.05, 0.05, 0.05])(L.Rescaling(1 / 255)(first))
    x = L.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = L.Add()([x, L.Conv2D(8, 3, padding="same")(x)])
    return keras.Model(first, L.Dense(3)(L.GlobalAveragePooling2D()(x)))


def frequencies() -> Any:
    first = L.Input((12, 30, 1))
    x = L.Conv2D(4, 3, padding="same")(L.BatchNormalization(axis=2)(first))
    return keras.Model(first, L.Dense(2)(L.GlobalAveragePooling2D()(x)))


def gan() -> Any:
    draws = [L.Input((10,)), L.Dense(7 * 7 * 4), L.Reshape((7, 7, 4))]
    draws.append(L.Conv2DTranspose(1, 4, strides=4, padding="same", activation="tanh"))
    judges = [L.Input((28, 28, 1)), L.Conv2D(4, 3, strides=2), L.LeakyReLU(), L.Flatten(), L.Dense(1)]
    return keras.Sequential([L.Input((10,)), keras.Sequential(draws), keras.Sequential(judges)])


def augmented() -> Any:
    first = L.Input((32, 32, 3))
    x = keras.Sequential([L.RandomFlip("horizontal"), L.RandomRotation(0.1)])(first)
    x = L.Flatten()(L.MaxPooling2D()(L.Conv2D(4, 3, activation="relu")(L.Rescaling(1 / 255)(x))))
    return keras.Model(first, L.Dense(3)(x))


def frames() -> Any:
    inner = keras.Sequential([L.Input((16, 16, 3)), L.Conv2D(4, 3, activation="relu"), L.GlobalAveragePooling2D()])
    return keras.Sequential([L.Input((5, 16, 16, 3)), L.TimeDistributed(inner), L.LSTM(6), L.Dense(2)])


def pairs() -> Any:
    both = [L.Input((32, 32, 3)), L.Input((32, 32, 3))]
    x = L.LeakyReLU()(L.Conv2D(4, 4, strides=2, padding="same")(L.Concatenate()(both)))
    return keras.Model(both, L.Conv2D(1, 4, padding="same")(x))


def dense_first() -> Any:
    return keras.Sequential([L.Input((9, 5)), L.Dense(4, activation="relu"), L.GlobalAveragePooling1D(), L.Dense(2)])


def clip() -> Any:
    return keras.Sequential([L.Input((8, 16, 16, 3)), L.ConvLSTM2D(4, 3), L.Flatten(), L.Dense(2)])


class Autoencoder(keras.Model):
    """Two models by attribute, with half of what the first gives going on."""

    def __init__(self) -> None:
        super().__init__()
        down = [L.Input((28, 28, 1)), L.Conv2D(4, 3, strides=2, padding="same"), L.Flatten(), L.Dense(6)]
        self.encoder = keras.Sequential(down)
        up = [L.Input((3,)), L.Dense(7 * 7 * 2), L.Reshape((7, 7, 2))]
        up += [L.Conv2DTranspose(4, 3, strides=2, padding="same"), L.Conv2DTranspose(1, 3, strides=2, padding="same")]
        self.decoder = keras.Sequential(up)

    def call(self, x: Any) -> Any:
        return self.decoder(self.encoder(x)[:, :3])


class Classifier(keras.Model):
    """Layers by attribute: the file lists them by name."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.flat = L.Conv2D(4, 3, activation="relu"), L.Flatten()
        self.after, self.fc = L.Dense(8, activation="relu"), L.Dense(3)

    def call(self, x: Any) -> Any:
        return self.fc(self.after(self.flat(self.stem(x))))


def called(make: Callable[[], Any], shape: tuple[int, ...]) -> Callable[[], Any]:
    def made() -> Any:
        model = make()
        model(np.zeros((1, *shape), "float32"))
        return model

    return made


MODELS: dict[str, Callable[[], Any]] = {
    "adapted": adapted,
    "normalised": normalised,
    "frequencies": frequencies,
    "gan": gan,
    "augmented": augmented,
    "frames": frames,
    "pairs": pairs,
    "dense first": dense_first,
    "clip": clip,
    "autoencoder": called(Autoencoder, (28, 28, 1)),
    "classifier": called(Classifier, (28, 28, 1)),
}


def rebuilt(path: Path) -> Built:
    facts = read(path)
    with open_tensors(path) as store:
        found = infer(facts, tensors=store)
        assert not found.left_over
        return build(found.best, found.facts, store)


@pytest.mark.parametrize("name", MODELS)
def test_it_converts(name: str, tmp_path: Path) -> None:
    model = MODELS[name]()
    path = tmp_path / "m.weights.h5"
    model.save_weights(path)
    built = rebuilt(path)
    assert built.verification.bit_exact and built.verification.order_reproduced is not False
    assert built.model.count_params() == model.count_params()


def test_numbers_given_to_a_normalisation_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    MODELS["normalised"]().save_weights(path)
    (layer,) = [layer for layer in rebuilt(path).plan.layers if layer.class_name == "Normalization"]
    assert layer.config["mean"] == [0.485, 0.456, 0.406]
    assert {d.field: d.basis for d in layer.decisions if d.field in ("mean", "variance")} == dict.fromkeys(
        ("mean", "variance"), Basis.ASSUMED
    )


def test_a_subclassed_autoencoder_keeps_its_halves(tmp_path: Path) -> None:
    model = MODELS["autoencoder"]()
    path = tmp_path / "m.weights.h5"
    model.save_weights(path)
    plan = rebuilt(path).plan
    half = plan.layer("latent_mean")
    assert half.config["arguments"] == {"key": [None, [0, 3, None]]}
    before = plan.layer(half.inbound[0][0].layer).inner
    assert before is not None and any(layer.class_name == "Conv2D" for layer in before.layers)
    decision = half.decision("arguments")
    assert decision is not None and decision.confidence < 0.8


@pytest.mark.parametrize("order", ["numbers", "layers"])
def test_weights_dumped_by_hand(order: str, tmp_path: Path) -> None:
    model = keras.Sequential([L.Input((20,)), L.Embedding(30, 6), L.Bidirectional(L.LSTM(4)), L.Dense(2)])
    path = tmp_path / "dump.h5"
    with h5py.File(path, "w") as file:
        if order == "numbers":
            for number, array in enumerate(model.get_weights()):
                file[f"weight_{number}"] = array
        else:
            for layer in model.layers:
                for number, array in enumerate(layer.get_weights()):
                    file[f"{layer.name}_{number}"] = array
    plan = rebuilt(path).plan
    assert [layer.class_name for layer in plan.layers if layer.weights] == ["Embedding", "Bidirectional", "Dense"]
