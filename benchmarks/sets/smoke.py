"""A small subset of the zoo for continuous integration: quick, untrained or cheap, every family's first tune case."""

from __future__ import annotations

from benchmarks.item import Item
from benchmarks.naming import Naming
from benchmarks.sets import zoo

CASES: tuple[tuple[str, str], ...] = (
    ("mnist_cnn", "legacy"), ("cats_dogs", "keras3"), ("mlp_normalised", "flat"), ("resnet_pre", "keras3"),
    ("se_resnet", "legacy"), ("convnext", "keras3"), ("squeezenet", "legacy"), ("inception", "keras3"),
    ("pyramid", "legacy"), ("unet_upsampling", "keras3"), ("segnet", "legacy"), ("upsampling_generator", "flat"),
    ("autoencoder_strided", "keras3"), ("vae_decoder", "legacy"), ("stacked_lstm", "keras3"), ("crnn", "legacy"),
    ("wavenet", "keras3"), ("volume_cnn", "legacy"), ("transformer_text", "keras3"), ("siamese", "keras3"),
    ("wide_deep", "legacy"), ("recommender", "keras3"), ("dqn", "flat"), ("critic", "legacy"),
)


def items(naming: Naming) -> list[Item]:
    """The subset in one format each; with names only."""
    return [item for item in zoo.items(naming) if naming != "kept" or item.key in CASES][: len(CASES)]
