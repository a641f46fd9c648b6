"""A small subset of the zoo for continuous integration: tune cases that need no training, one format each."""

from __future__ import annotations

from benchmarks.item import Item
from benchmarks.naming import Naming
from benchmarks.sets import zoo

CASES: tuple[tuple[str, str], ...] = (
    ("cifar_cnn", "legacy"),
    ("cats_dogs", "keras3"),
    ("maxout", "flat"),
    ("resnet_operator", "keras3"),
    ("grouped", "legacy"),
    ("convnext", "keras3"),
    ("squeezenet", "legacy"),
    ("inception_factorised", "keras3"),
    ("pyramid", "legacy"),
    ("unet_upsampling", "keras3"),
    ("segnet", "legacy"),
    ("upsampling_generator", "flat"),
    ("autoencoder_strided", "keras3"),
    ("vae_decoder", "legacy"),
    ("char_rnn", "keras3"),
    ("crnn", "legacy"),
    ("wavenet", "keras3"),
    ("volume_residual", "legacy"),
    ("attention_pooling", "keras3"),
    ("siamese_text", "keras3"),
    ("entity_embeddings", "legacy"),
    ("recommender", "keras3"),
    ("dqn", "flat"),
    ("critic", "legacy"),
)


def items(naming: Naming) -> list[Item]:
    """The subset; under ``kept`` in one format each."""
    names = {name for name, _ in CASES}
    return [item for item in zoo.items(naming) if (item.key in CASES if naming == "kept" else item.name in names)]
