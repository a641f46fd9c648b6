"""One definition, two libraries: the small shim the zoo's generators are written against."""

from __future__ import annotations

import importlib
import random
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

Library = Literal["keras", "tf_keras"]
Split = Literal["tune", "report"]
T = TypeVar("T")

NAMING_STYLES = ("auto", "auto", "auto", "numbered", "prefixed", "partial")
ACTIVATION_STYLES = ("argument", "layer", "class")


class Kit:
    """Layers of one library plus the random choices of one case.

    Every attribute that is not defined here is a class of ``<library>.layers``. All randomness comes from ``rng``, so
    that both libraries get the same architecture for the same seed and split.
    """

    def __init__(self, library: Library, seed: str, split: Split) -> None:
        self.library = library
        self.rng = random.Random(seed)
        self.split = split
        self._keras = importlib.import_module(library)
        self._counts: dict[str, int] = {}
        self.naming = self.rng.choice(NAMING_STYLES)
        self.activations = self.rng.choice(ACTIVATION_STYLES)
        self.scope = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keras.layers, name)

    def Input(self, *args: Any, **kwargs: Any) -> Any:
        """A symbolic input."""
        return self._keras.Input(*args, **kwargs)

    def Model(self, *args: Any, **kwargs: Any) -> Any:
        """A functional model."""
        return self._keras.Model(*args, **kwargs)

    def Sequential(self, *args: Any, **kwargs: Any) -> Any:
        """A sequential model."""
        return self._keras.Sequential(*args, **kwargs)

    def pick(self, tune: Sequence[T], report: Sequence[T] | None = None) -> T:
        """A random choice; the report-only cases choose among other options where ``report`` is given."""
        return self.rng.choice(list(report if report is not None and self.split == "report" else tune))

    def maybe(self, probability: float = 0.5) -> bool:
        """A coin."""
        return self.rng.random() < probability

    def n(self, stem: str) -> str | None:
        """A layer's ``name`` argument in this case's style: None (automatic) or a unique hand-given name."""
        self._counts[stem] = count = self._counts.get(stem, 0) + 1
        if self.naming == "numbered":
            return f"{stem}{count}"
        if self.naming == "prefixed":
            return f"{self.scope or 'net'}_{stem}_{count}"
        if self.naming == "partial" and stem in ("out", "fc", "embed", "conv") and count < 3:
            return f"my_{stem}_{count}"
        return None

    def leaky(self, slope: float, **kwargs: Any) -> Any:
        """LeakyReLU under its two argument names."""
        key = "negative_slope" if self.library == "keras" else "alpha"
        return self._keras.layers.LeakyReLU(**{key: slope}, **kwargs)

    def act(self, function: str) -> Any:
        """A separate activation layer, written as this case's author writes it."""
        layers = self._keras.layers
        if self.activations == "class" and function == "relu":
            return layers.ReLU(name=self.n("relu"))
        if self.activations == "class" and function == "softmax":
            return layers.Softmax(name=self.n("softmax"))
        return layers.Activation(function, name=self.n("act"))

    def plain(self, make: Any, function: str, *args: Any, **kwargs: Any) -> list[Any]:
        """A weighted layer and its activation: one layer with an argument, or two layers."""
        if self.activations == "argument":
            return [make(*args, activation=function, **kwargs)]
        return [make(*args, **kwargs), self.act(function)]

    def conv(self, x: Any, filters: int, size: Any, function: str = "relu", **kwargs: Any) -> Any:
        """Conv2D with its activation."""
        return self.chain(x, self.plain(self.Conv2D, function, filters, size, name=self.n("conv"), **kwargs))

    def dense(self, x: Any, units: int, function: str = "relu", **kwargs: Any) -> Any:
        """Dense with its activation."""
        return self.chain(x, self.plain(self.Dense, function, units, name=self.n("fc"), **kwargs))

    def conv_bn(
        self,
        x: Any,
        filters: int,
        size: Any,
        strides: Any = 1,
        function: str | None = "relu",
        padding: str = "same",
        use_bias: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Conv2D, BatchNormalization and perhaps an activation layer."""
        x = self.Conv2D(
            filters, size, strides=strides, padding=padding, use_bias=use_bias, name=self.n("conv"), **kwargs
        )(x)
        x = self.BatchNormalization(name=self.n("bn"))(x)
        return self.act(function)(x) if function else x

    @staticmethod
    def chain(x: Any, layers: Sequence[Any]) -> Any:
        """Apply layers one after the other."""
        for layer in layers:
            x = layer(x)
        return x

    def clear(self) -> None:
        """Reset the library's automatic names."""
        self._keras.backend.clear_session()

    def warm_up(self, count: int) -> None:
        """Advance the automatic counters, as a second model in one session finds them."""
        for _ in range(count):
            self.Conv2D(1, 1)
            self.Dense(1)
