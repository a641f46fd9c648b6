"""The table of contents of the zoo: which generators, which families, which seeds.

Every generator gives one *tune* case. Every second one of a family, and every ``EXTRA`` one, gives a *report* case too,
with another seed and, where the generator offers them, other block choices: nobody looks at those while developing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.zoo import attention, cells, classic, dense_prediction, generative, residual, sequence, several
from benchmarks.zoo.kit import Kit, Library, Split

Generator = Callable[[Kit], Any]

FAMILIES: tuple[tuple[str, tuple[Generator, ...]], ...] = (
    (
        "classic",
        (
            classic.lenet,
            classic.mnist_cnn,
            classic.cifar_cnn,
            classic.cats_dogs,
            classic.alexnet,
            classic.vgg,
            classic.all_convolutional,
            classic.network_in_network,
            classic.fashion_bn,
            classic.driving,
        ),
    ),
    ("mlp", (classic.mlp, classic.mlp_normalised, several.maxout)),
    (
        "residual",
        (
            residual.resnet_post,
            residual.resnet_pre,
            residual.resnet_bottleneck,
            residual.wide_resnet,
            residual.resnet_operator,
            residual.se_resnet,
            residual.grouped,
            residual.resnet_1d,
        ),
    ),
    ("mobile", (residual.inverted_residual, residual.mobilenet, residual.convnext, cells.separable)),
    ("dense", (residual.dense_blocks, cells.squeezenet)),
    ("inception", (cells.inception, cells.inception_factorised)),
    ("detection", (cells.detector, cells.pyramid, cells.aspp)),
    (
        "unet",
        (
            dense_prediction.unet_transposed,
            dense_prediction.unet_upsampling,
            dense_prediction.unet_normalised,
            dense_prediction.linknet,
            dense_prediction.unet_attention,
            dense_prediction.unet_1d,
        ),
    ),
    (
        "image-to-image",
        (
            dense_prediction.segnet,
            dense_prediction.super_resolution,
            dense_prediction.super_resolution_residual,
            dense_prediction.denoiser,
            dense_prediction.density_map,
            generative.pix2pix,
        ),
    ),
    (
        "gan",
        (
            generative.dcgan_generator,
            generative.upsampling_generator,
            generative.discriminator,
            generative.gan_mlp,
            generative.gan_conditional,
        ),
    ),
    (
        "autoencoder",
        (
            generative.autoencoder_conv,
            generative.autoencoder_strided,
            generative.autoencoder_dense,
            generative.vae_encoder,
            generative.vae_decoder,
        ),
    ),
    (
        "recurrent",
        (
            sequence.lstm_text,
            sequence.stacked_lstm,
            sequence.tagger,
            sequence.bigru_pooled,
            sequence.char_rnn,
            sequence.cnn_lstm,
            sequence.conv_lstm,
            sequence.seq2seq,
            sequence.repeat_autoencoder,
            sequence.crnn,
        ),
    ),
    ("temporal", (sequence.activity_cnn, sequence.wavenet, sequence.tcn, sequence.text_cnn, sequence.text_cnn_2d)),
    ("volume", (sequence.volume_cnn, sequence.volume_residual)),
    (
        "attention",
        (
            attention.transformer_text,
            attention.transformer_series,
            attention.vision_transformer,
            attention.cross_attention,
            attention.attention_pooling,
            attention.attention_qa,
            attention.mixer,
            attention.channel_spatial,
        ),
    ),
    (
        "several",
        (
            several.siamese,
            several.siamese_text,
            several.two_input,
            several.two_output,
            several.captcha,
            several.wide_deep,
            several.entity_embeddings,
            several.recommender,
            several.nested_transfer,
            several.ensemble,
        ),
    ),
    ("agent", (several.dqn, several.dqn_vector, several.actor_critic, several.critic)),
)

TRAINED = frozenset(
    {
        "lenet",
        "mnist_cnn",
        "vgg",
        "fashion_bn",
        "mlp",
        "mlp_normalised",
        "resnet_post",
        "resnet_pre",
        "resnet_1d",
        "se_resnet",
        "inverted_residual",
        "separable",
        "dense_blocks",
        "inception",
        "detector",
        "unet_transposed",
        "unet_1d",
        "super_resolution",
        "denoiser",
        "dcgan_generator",
        "discriminator",
        "autoencoder_conv",
        "autoencoder_dense",
        "vae_encoder",
        "lstm_text",
        "stacked_lstm",
        "tagger",
        "activity_cnn",
        "tcn",
        "text_cnn",
        "transformer_text",
        "mixer",
        "siamese",
        "two_output",
        "wide_deep",
        "dqn_vector",
        "volume_cnn",
    }
)


@dataclass(frozen=True, slots=True)
class Case:
    """One architecture of the zoo. ``seed`` also seeds its weights."""

    name: str
    family: str
    split: Split
    seed: str
    trained: bool
    generator: Generator
    group: str = "zoo"
    forms: tuple[str, ...] = ("legacy", "keras3", "flat")

    def build(self, library: Library) -> Any:
        """The model, its weights still those of the library's initialisers."""
        kit = Kit(library, self.seed, self.split)
        kit.clear()
        if kit.maybe(0.2):
            kit.warm_up(kit.pick((1, 3, 12)))
        return self.generator(kit)


def _cases() -> tuple[Case, ...]:
    cases = []
    for family, generators in FAMILIES:
        for index, generator in enumerate(generators):
            name = generator.__name__
            splits: tuple[Split, ...] = ("tune", "report") if index % 2 == 0 else ("tune",)
            for split in splits:
                case = f"{name}-r" if split == "report" else name
                cases.append(Case(case, family, split, f"zoo-1-{case}", name in TRAINED, generator))
    return tuple(cases)


CASES: tuple[Case, ...] = _cases()


def case(name: str) -> Case:
    """The case called ``name``; ``KeyError`` when there is none."""
    for item in CASES:
        if item.name == name:
            return item
    raise KeyError(name)
