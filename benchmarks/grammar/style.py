"""What a person decides once for a whole net, and the small pieces that follow from it."""

from __future__ import annotations

import random
from dataclasses import dataclass

from benchmarks.grammar.builder import Builder, Out

ACTIVATIONS = ("ReLU", "Activation", "Activation", "LeakyReLU", "PReLU", "ELU")


@dataclass(frozen=True, slots=True)
class Style:
    """``activation``: the class of activation layers, None when they are arguments of other layers; ``normal``:
    ``BatchNormalization``, ``LayerNormalization`` or None; ``activated_first``: convolution, activation, normalisation;
    ``skip_first``: the skip is a merge's first operand; ``short_first``: a shortcut's layers are made before the
    body's."""

    activation: str | None
    normal: str | None
    activated_first: bool
    dropout: bool
    bias: bool
    skip_first: bool
    short_first: bool
    width: int
    custom: bool

    @classmethod
    def drawn(cls, random: random.Random) -> Style:
        """A random style."""
        normal = random.choices(("BatchNormalization", None, "LayerNormalization"), (0.66, 0.3, 0.04))[0]
        activation = random.choice(ACTIVATIONS) if random.random() < (0.85 if normal else 0.5) else None
        if activation == "PReLU":
            activation = "LeakyReLU"
        return cls(
            activation,
            normal,
            random.random() < 0.12,
            random.random() < 0.3,
            random.random() < (0.4 if normal else 0.97),
            random.random() < 0.5,
            random.random() < 0.5,
            random.choice((8, 12, 16, 16, 24, 32, 32, 64)),
            random.random() < 0.05,
        )


@dataclass(slots=True)
class Hand:
    """A builder with a style."""

    b: Builder
    style: Style

    @property
    def random(self) -> random.Random:
        """The net's random numbers."""
        return self.b.random

    def chance(self, share: float) -> bool:
        """True with a probability."""
        return self.random.random() < share

    def act(self, x: Out) -> Out:
        """The style's activation layer, or nothing when it is an argument."""
        return x if self.style.activation is None else self.b.same(self.style.activation, x, "act")

    def norm(self, x: Out) -> Out:
        """The style's normalisation, or nothing."""
        if self.style.normal is None:
            return x
        return self.b.layer_norm(x) if self.style.normal == "LayerNormalization" else self.b.batch_norm(x)

    def finish(self, x: Out) -> Out:
        """What stands behind a convolution."""
        if self.style.activated_first:
            return self.norm(self.act(x))
        return self.act(self.norm(x))

    def unit(self, x: Out, filters: int, kernel: int = 3, stride: int = 1) -> Out:
        """A convolution with what stands behind it."""
        return self.finish(self.b.conv(x, filters, kernel, stride, self.style.bias))

    def raw(self, x: Out, filters: int, kernel: int = 3, stride: int = 1) -> Out:
        """A convolution with its normalisation only."""
        return self.norm(self.b.conv(x, filters, kernel, stride, self.style.bias))

    def add(self, x: Out, skip: Out) -> Out:
        """The sum of a body and its skip, in the style's order."""
        name = "ScaledSum" if self.style.custom else "Add"
        return self.b.merge(name, skip, x) if self.style.skip_first else self.b.merge(name, x, skip)

    def concat(self, *inputs: Out) -> Out:
        """Joined, in the style's order."""
        return self.b.merge("Concatenate", *(inputs if self.style.skip_first else inputs[::-1]))

    def drop(self, x: Out) -> Out:
        """A Dropout where the style has them."""
        return self.b.same("Dropout", x, "drop") if self.style.dropout else x
