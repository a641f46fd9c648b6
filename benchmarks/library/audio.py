"""Nets for sounds, music and speech: VGGish, YAMNet, CREPE, OpenL3, taggers of music, recognisers of speech."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry
from benchmarks.library.mobile import SEPARABLE


def vggish(top: str, k: Any) -> Any:
    """VGGish, Hershey et al. 2017, ending in 128 numbers (``embedding``) or in a pool."""
    layers = k.layers
    inputs = x = k.Input((96, 64, 1))
    for filters, count in ((64, 1), (128, 1), (256, 2), (512, 2)):
        for _ in range(count):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2, strides=2, padding="same")(x)
    if top != "embedding":
        return k.Model(inputs, layers.GlobalAveragePooling2D()(x))
    x = layers.Flatten()(x)
    for units in (4096, 4096, 128):
        x = layers.Dense(units, activation="relu")(x)
    return k.Model(inputs, x)


def yamnet(k: Any) -> Any:
    """YAMNet from its patches of spectra on: MobileNet's blocks with plain ReLUs, normalised without scales."""
    layers = k.layers

    def norm(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization(scale=False, epsilon=1e-4)(x))

    inputs = k.Input((96, 64, 1))
    x = norm(layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(inputs))
    for filters, strides in SEPARABLE:
        x = norm(layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x))
        x = norm(layers.Conv2D(filters, 1, padding="same", use_bias=False)(x))
    x = layers.Dense(521)(layers.GlobalAveragePooling2D()(x))
    return k.Model(inputs, layers.Activation("sigmoid")(x))


def crepe(capacity: int, k: Any) -> Any:
    """CREPE, Kim et al. 2018: the pitch of 1,024 samples."""
    layers = k.layers
    inputs = k.Input((1024,))
    x = layers.Reshape((1024, 1, 1))(inputs)
    for times, width, strides in ((32, 512, 4), (4, 64, 1), (4, 64, 1), (4, 64, 1), (8, 64, 1), (16, 64, 1)):
        x = layers.Conv2D(times * capacity, (width, 1), strides=(strides, 1), padding="same", activation="relu")(x)
        x = layers.MaxPooling2D((2, 1))(layers.BatchNormalization()(x))
        x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(layers.Permute((2, 1, 3))(x))
    return k.Model(inputs, layers.Dense(360, activation="sigmoid")(x))


def openl3(shape: tuple[int, int], k: Any) -> Any:
    """OpenL3's audio net from its spectrogram on, Cramer et al. 2019; its last convolution is the embedding."""
    layers = k.layers
    inputs = k.Input((*shape, 1))
    x = layers.BatchNormalization()(inputs)
    for filters in (64, 128, 256, 512):
        for place in range(2):
            x = layers.Conv2D(filters, 3, padding="same")(x)
            if filters < 512 or not place:
                x = layers.Activation("relu")(layers.BatchNormalization()(x))
        if filters < 512:
            x = layers.MaxPooling2D(2, strides=2)(x)
    return k.Model(inputs, x)


def openl3_image(k: Any) -> Any:
    """OpenL3's net for images: the second normalisation of all stands behind its activation, pools are padded."""
    layers = k.layers
    inputs = k.Input((224, 224, 3))
    x = layers.BatchNormalization()(inputs)
    for filters in (64, 128, 256, 512):
        for place in range(2):
            x = layers.Conv2D(filters, 3, padding="same")(x)
            if filters == 64 and place:
                x = layers.BatchNormalization()(layers.Activation("relu")(x))
            elif filters < 512 or not place:
                x = layers.Activation("relu")(layers.BatchNormalization()(x))
        if filters < 512:
            x = layers.MaxPooling2D(2, strides=2, padding="same")(x)
    return k.Model(inputs, x)


def music_tagger(recurrent: bool, k: Any) -> Any:
    """Choi et al. 2016, https://arxiv.org/abs/1609.04243: tags of half a minute of music, normalised over time."""
    layers = k.layers
    inputs = k.Input((96, 1366, 1))
    x = layers.ZeroPadding2D((0, 37))(inputs) if recurrent else inputs
    x = layers.BatchNormalization(axis=2)(x)
    if recurrent:
        blocks: Any = ((64, 2), (128, 3), (128, 4), (128, 4))
    else:
        blocks = ((32, (2, 4)), (128, (2, 4)), (128, (2, 4)), (192, (3, 5)), (256, (4, 4)))
    for filters, window in blocks:
        x = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(x))
        x = layers.MaxPooling2D(window)(layers.ELU()(x))
        x = layers.Dropout(0.1)(x) if recurrent else x
    if recurrent:
        x = layers.Reshape((15, 128))(x)
        x = layers.GRU(32)(layers.GRU(32, return_sequences=True)(x))
        x = layers.Dropout(0.3)(x)
    else:
        x = layers.Flatten()(x)
    return k.Model(inputs, layers.Dense(50, activation="sigmoid")(x))


def speech(kind: str, k: Any) -> Any:
    """The acoustic models of the VUI capstone: spectra to letters, normalised between recurrent layers."""
    layers = k.layers
    inputs = x = k.Input((None, 161))
    if kind == "convolution":
        x = layers.Conv1D(200, 11, strides=2, padding="valid", activation="relu")(x)
        x = layers.BatchNormalization()(x)
        x = layers.BatchNormalization()(layers.SimpleRNN(200, activation="relu", return_sequences=True)(x))
    else:
        for _ in range(2 if kind == "deep" else 1):
            x = layers.BatchNormalization()(layers.GRU(200, activation="relu", return_sequences=True)(x))
    x = layers.TimeDistributed(layers.Dense(29))(x)
    return k.Model(inputs, layers.Activation("softmax")(x))


def vggishes() -> Iterator[Entry]:
    """The kin of VGG."""
    for top in ("embedding", "pool"):
        yield Entry(f"VGGish up to its {top}", partial(vggish, top), "AudioSet")


def yamnets() -> Iterator[Entry]:
    """The kin of MobileNet."""
    yield Entry("YAMNet", yamnet, "AudioSet")


def sounds() -> Iterator[Entry]:
    """The others."""
    for name, capacity in (("tiny", 4), ("small", 8), ("medium", 16), ("large", 24), ("full", 32)):
        yield Entry(f"CREPE, {name}", partial(crepe, capacity), "Kim et al. 2018")
    for name, shape in (("mel256", (256, 199)), ("mel128", (128, 199)), ("linear", (257, 197))):
        yield Entry(f"OpenL3's audio, {name}", partial(openl3, shape), "Cramer et al. 2019")
    yield Entry("OpenL3's images", openl3_image, "Cramer et al. 2019")
    for recurrent in (True, False):
        word = "MusicTaggerCRNN" if recurrent else "MusicTaggerCNN"
        yield Entry(word, partial(music_tagger, recurrent), "music-auto_tagging-keras")
    for kind in ("plain", "deep", "convolution"):
        yield Entry(f"speech to letters, {kind}", partial(speech, kind), "AIND-VUI-Capstone")
