"""The table of contents of the gallery, in the order in which they were written.

Every third case is *report* (its name ends in ``-r``): nobody looks at those while developing. ``KERAS_3_ALONE`` use
``keras.ops``; both libraries can build the others.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from benchmarks.gallery import generative, images, objects, pixels, signals, tables, text

Net = Callable[[Any], Any]
NETS: tuple[tuple[str, tuple[Net, ...]], ...] = (
    (
        "images",
        (
            images.mnist_convnet,
            images.mini_xception,
            images.conv_mixer,
            images.vit,
            images.transfer,
            images.student,
            images.x_ray,
            images.contrastive,
        ),
    ),
    (
        "objects",
        (objects.ct_scans, objects.pointnet, objects.keypoints, objects.retina, objects.hourglass, objects.nerf),
    ),
    ("pixels", (pixels.pets, pixels.deeplab, pixels.zero_dce, pixels.mirnet, pixels.depth, pixels.facades)),
    (
        "generative",
        (generative.wgan_generator, generative.cyclegan_generator, generative.digits_encoder, generative.diffusion),
    ),
    (
        "text",
        (
            text.bilstm_imdb,
            text.review_cnn,
            text.review_transformer,
            text.seq2seq_chars,
            text.memory_network,
            text.captioner,
            text.tickets,
        ),
    ),
    (
        "signals",
        (
            signals.engine_noise,
            signals.series_transformer,
            signals.anomalies,
            signals.raw_audio,
            signals.speakers,
            signals.deep_speech,
            signals.ocr_captcha,
            signals.next_frame,
            signals.film,
            signals.sound_events,
            signals.eegnet,
        ),
    ),
    (
        "tables",
        (
            tables.collaborative,
            tables.deep_cross,
            tables.tab_transformer,
            tables.gated_selection,
            tables.structured,
            tables.dueling_dqn,
            tables.cartpole,
        ),
    ),
)
KERAS_3_ALONE = frozenset({"contrastive", "mirnet", "tab_transformer", "gated_selection", "dueling_dqn"})


@dataclass(frozen=True, slots=True)
class Case:
    """One net of the gallery; what ``writers`` and ``freeze`` ask of a case."""

    name: str
    family: str
    split: str
    net: Net
    group: str = "gallery"
    trained: bool = False

    @property
    def forms(self) -> tuple[str, ...]:
        """The formats of the libraries that can build it."""
        return ("keras3",) if self.net.__name__ in KERAS_3_ALONE else ("legacy", "keras3")

    def build(self, library: str) -> Any:
        """The model, its weights still those of the library's initialisers."""
        keras = importlib.import_module(library)
        keras.backend.clear_session()
        return self.net(keras)


def _cases() -> tuple[Case, ...]:
    flat = [(family, net) for family, nets in NETS for net in nets]
    splits = ("tune", "tune", "report")
    return tuple(
        Case(net.__name__ + ("-r" if split == "report" else ""), family, split, net)
        for (family, net), split in zip(flat, cycle(splits), strict=False)
    )


CASES: tuple[Case, ...] = _cases()
