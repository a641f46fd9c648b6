"""A net in the making: layers with tensor shapes, calls, and at the end facts in Keras' list order."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.naming import snake
from infer_convert.facts import StoredLayer, Tensor
from infer_convert.solve.order import keras_order


@dataclass(frozen=True, slots=True)
class Out:
    """A layer's result: its layer, channels, spatial axes (0: a vector), how often it was halved, and the call."""

    layer: int
    channels: int
    axes: int
    level: int = 0
    call: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """A net in list order. ``edges`` are (producer, consumer) positions, ``twice`` the layers called twice, ``classes``
    the layers' classes as Keras 3 spells them in names."""

    layers: tuple[StoredLayer, ...]
    edges: frozenset[tuple[int, int]]
    outputs: tuple[int, ...]
    twice: frozenset[int] = frozenset()
    classes: tuple[str, ...] = ()


WORDS = ("part", "node", "left", "stage", "body", "meta", "piece", "thing", "branch", "aux", "x", "step")
"""Names that say nothing about a class, for ``odd`` nets."""


@dataclass(slots=True)
class Builder:
    """Adds layers; every method returns the result. ``prefix`` is put in front of names when names are given by
    hand."""

    random: random.Random
    by_hand: bool = False
    odd: bool = False
    prefix: str = ""
    classes: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    tensors: list[dict[str, tuple[int, ...]]] = field(default_factory=list)
    operands: list[list[tuple[tuple[int, int], ...]]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def layer(self, class_name: str, *inputs: Out, word: str = "", **tensors: tuple[int, ...]) -> int:
        """Add a layer; its name is automatic or ``prefix_word``."""
        stem = snake(class_name)
        number = self.counts[stem]
        self.counts[stem] += 1
        name = f"{stem}_{number}" if number else stem
        if self.odd:
            name = f"{self.random.choice(WORDS)}{len(self.names)}"
        elif self.by_hand and self.prefix:
            name = f"{self.prefix}_{word or stem}"
            if name in self.names:
                name = f"{name}_{number}"
        self.classes.append(class_name)
        self.names.append(name)
        self.tensors.append(dict(tensors))
        self.operands.append([tuple((item.layer, item.call) for item in inputs)])
        return len(self.classes) - 1

    def again(self, made: Out, *inputs: Out) -> Out:
        """Call the layer that made something once more."""
        self.operands[made.layer].append(tuple((item.layer, item.call) for item in inputs))
        return Out(made.layer, made.channels, made.axes, made.level, len(self.operands[made.layer]) - 1)

    def input(self, channels: int, axes: int) -> Out:
        """An InputLayer."""
        return Out(self.layer("InputLayer"), channels, axes)

    def conv(
        self, x: Out, filters: int, kernel: int = 3, stride: int = 1, bias: bool = True, transposed: bool = False
    ) -> Out:
        """A convolution in as many dimensions as ``x`` has."""
        sizes = (kernel,) * x.axes
        shape = (*sizes, filters, x.channels) if transposed else (*sizes, x.channels, filters)
        tensors = {"kernel": shape, **({"bias": (filters,)} if bias else {})}
        name = f"Conv{x.axes}D" + ("Transpose" if transposed else "")
        level = x.level - 1 if transposed and stride > 1 else x.level + (stride > 1)
        return Out(self.layer(name, x, word="conv", **tensors), filters, x.axes, level)

    def tall_conv(self, x: Out, filters: int, sizes: tuple[int, int], bias: bool = True) -> Out:
        """A convolution with a rectangular kernel."""
        tensors = {"kernel": (*sizes, x.channels, filters), **({"bias": (filters,)} if bias else {})}
        return Out(self.layer("Conv2D", x, word="conv", **tensors), filters, 2, x.level)

    def depthwise(self, x: Out, kernel: int = 3, stride: int = 1, bias: bool = False) -> Out:
        """A DepthwiseConv2D."""
        tensors = {"kernel": (kernel, kernel, x.channels, 1), **({"bias": (x.channels,)} if bias else {})}
        return Out(self.layer("DepthwiseConv2D", x, word="dwconv", **tensors), x.channels, 2, x.level + (stride > 1))

    def separable(self, x: Out, filters: int, kernel: int = 3, stride: int = 1, bias: bool = False) -> Out:
        """A SeparableConv2D."""
        tensors = {
            "depthwise_kernel": (kernel, kernel, x.channels, 1),
            "pointwise_kernel": (1, 1, x.channels, filters),
            **({"bias": (filters,)} if bias else {}),
        }
        return Out(self.layer("SeparableConv2D", x, word="sepconv", **tensors), filters, 2, x.level + (stride > 1))

    def dense(self, x: Out, units: int, bias: bool = True) -> Out:
        """A Dense."""
        tensors = {"kernel": (x.channels, units), **({"bias": (units,)} if bias else {})}
        return Out(self.layer("Dense", x, word="dense", **tensors), units, x.axes, x.level)

    def batch_norm(self, x: Out, scale: bool = True) -> Out:
        """A BatchNormalization."""
        names = [*(["gamma"] if scale else []), "beta", "moving_mean", "moving_variance"]
        made = self.layer("BatchNormalization", x, word="bn", **dict.fromkeys(names, (x.channels,)))
        return Out(made, x.channels, x.axes, x.level)

    def layer_norm(self, x: Out) -> Out:
        """A LayerNormalization."""
        made = self.layer("LayerNormalization", x, word="norm", gamma=(x.channels,), beta=(x.channels,))
        return Out(made, x.channels, x.axes, x.level)

    def same(self, class_name: str, x: Out, word: str = "") -> Out:
        """A layer without weights that keeps the shape."""
        return Out(self.layer(class_name, x, word=word), x.channels, x.axes, x.level)

    def pool(self, x: Out, stride: int = 2, kind: str = "Max") -> Out:
        """A pooling layer."""
        made = self.layer(f"{kind}Pooling{x.axes}D", x, word=f"{kind.lower()}pool")
        return Out(made, x.channels, x.axes, x.level + (stride > 1))

    def up(self, x: Out) -> Out:
        """An UpSampling layer."""
        return Out(self.layer(f"UpSampling{x.axes}D", x, word="up"), x.channels, x.axes, x.level - 1)

    def pad(self, x: Out) -> Out:
        """A ZeroPadding layer."""
        return Out(self.layer(f"ZeroPadding{x.axes}D", x, word="pad"), x.channels, x.axes, x.level)

    def global_pool(self, x: Out, kind: str = "Average") -> Out:
        """A global pooling layer."""
        return Out(self.layer(f"Global{kind}Pooling{x.axes}D", x, word="gap"), x.channels, 0, 0)

    def flatten(self, x: Out, positions: int) -> Out:
        """A Flatten of so many positions."""
        return Out(self.layer("Flatten", x), x.channels * positions, 0, 0)

    def reshape(self, x: Out, axes: int, channels: int, level: int = 0) -> Out:
        """A Reshape."""
        return Out(self.layer("Reshape", x), channels, axes, level)

    def merge(self, class_name: str, *inputs: Out) -> Out:
        """Add, Multiply, Average, Maximum, Concatenate."""
        total = sum(item.channels for item in inputs)
        channels = total if class_name == "Concatenate" else max(item.channels for item in inputs)
        widest = max(inputs, key=lambda item: item.axes)
        made = self.layer(class_name, *inputs, word=class_name.lower())
        return Out(made, channels, widest.axes, widest.level)

    def embedding(self, x: Out, tokens: int, width: int) -> Out:
        """An Embedding of a vector of indices."""
        return Out(self.layer("Embedding", x, embeddings=(tokens, width)), width, 1)

    def recurrent(
        self, x: Out, class_name: str, units: int, sequences: bool, both: bool = False, state: Out | None = None
    ) -> Out:
        """An LSTM or GRU, perhaps in both directions, perhaps started from the state of another one."""
        gates = 4 if class_name == "LSTM" else 3
        bias = (4 * units,) if class_name == "LSTM" else (2, 3 * units)
        cell = {"kernel": (x.channels, gates * units), "recurrent_kernel": (units, gates * units), "bias": bias}
        if both:
            tensors = {
                f"{way}_layer/cell/{key}": shape for way in ("forward", "backward") for key, shape in cell.items()
            }
            made = self.layer("Bidirectional", x, **tensors)
            return Out(made, 2 * units, int(sequences))
        inputs = (x,) if state is None else (x, state)
        made = self.layer(class_name, *inputs, **{f"cell/{key}": shape for key, shape in cell.items()})
        return Out(made, units, int(sequences))

    def attention(self, query: Out, value: Out, heads: int) -> Out:
        """A MultiHeadAttention."""
        width = query.channels // heads
        tensors: dict[str, tuple[int, ...]] = {}
        for key, source in (("query", query), ("key", value), ("value", value)):
            tensors[f"{key}_dense/kernel"] = (source.channels, heads, width)
            tensors[f"{key}_dense/bias"] = (heads, width)
        tensors["output_dense/kernel"] = (heads, width, query.channels)
        tensors["output_dense/bias"] = (query.channels,)
        inputs = (query,) if query.layer == value.layer else (query, value)
        return Out(self.layer("MultiHeadAttention", *inputs, **tensors), query.channels, query.axes)

    def finished(self, *outputs: Out, anonymous: bool = False) -> Finished | None:
        """The net in Keras' list order; None when a layer reaches no output."""
        order = keras_order(self.operands, [(out.layer, out.call) for out in outputs])
        if len(order) != len(self.classes):
            return None
        place = {layer: position for position, layer in enumerate(order)}
        counts: Counter[str] = Counter()
        layers = []
        for layer in order:
            name = self.names[layer]
            if anonymous:
                stem = snake(self.classes[layer])
                counts[stem] += 1
                name = f"{stem}_{counts[stem]}"
            tensors = tuple(
                Tensor(f"/{name}/{role}", role, role, shape, "float32") for role, shape in self.tensors[layer].items()
            )
            layers.append(StoredLayer(name, f"/{name}", tensors))
        edges = {
            (place[operand], place[layer])
            for layer, calls in enumerate(self.operands)
            for inputs in calls
            for operand, _ in inputs
        }
        twice = frozenset(place[layer] for layer, calls in enumerate(self.operands) if len(calls) == 2)
        return Finished(tuple(layers), frozenset(edges), tuple(sorted(place[out.layer] for out in outputs)), twice,
                        tuple(snake(self.classes[layer]) for layer in order))  # fmt: skip
