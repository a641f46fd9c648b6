"""For every layer card, the real Keras 3 layer that it is held to, with random arguments.

``CASES`` maps a class name to a strategy of ``Drawn``. A card without weights needs shapes only; one with weights is
also saved and read back. Add a line here for every new card.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
from hypothesis import strategies as st

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Drawn:
    """A layer's arguments and the shapes of its operands, without the batch axis. ``tokens``: the operand is ids."""

    class_name: str
    config: Mapping[str, Any]
    shapes: tuple[Shape, ...]
    tokens: bool = False
    wrapped: Drawn | None = field(default=None)

    def layer(self) -> Any:
        """The real layer."""
        if self.wrapped is not None:
            return getattr(keras.layers, self.class_name)(self.wrapped.layer(), **self.config)
        return getattr(keras.layers, self.class_name)(**self.config)


Draw = Callable[[st.SearchStrategy[Any]], Any]
WIDTH = st.integers(1, 4)
UNKNOWN = 0.15


def some(draw: Draw, *values: Any) -> Any:
    return draw(st.sampled_from(values))


def sizes(draw: Draw, rank: int, low: int = 1, high: int = 12, unknown: bool = True) -> Shape:
    """Spatial sizes; one in eight is unknown."""
    size = st.integers(low, high)
    one = st.one_of(*[size] * 7, st.none()) if unknown else size
    return tuple(draw(one) for _ in range(rank))


@st.composite
def dense(draw: Draw) -> Drawn:
    config = {"units": draw(WIDTH), "use_bias": some(draw, True, False)}
    return Drawn("Dense", config, ((*sizes(draw, some(draw, 0, 1, 2)), draw(WIDTH)),))


def windowed(draw: Draw, rank: int, causal: bool = False) -> dict[str, Any]:
    """Kernel, strides or dilation, padding: not both, Keras forbids it."""
    strides, dilation = some(draw, (True, False), (False, True), (False, False))
    per_axis = st.tuples(*[st.integers(1, 3)] * rank)
    same = st.integers(1, 3).map(lambda value: (value,) * rank)
    return {
        "kernel_size": draw(per_axis),
        "padding": some(draw, "valid", "same", *(["causal"] if causal else [])),
        "strides": draw(st.one_of(per_axis, same)) if strides else (1,) * rank,
        "dilation_rate": draw(per_axis) if dilation else (1,) * rank,
        "use_bias": some(draw, True, False),
    }


def convolution(class_name: str, rank: int) -> st.SearchStrategy[Drawn]:
    @st.composite
    def strategy(draw: Draw) -> Drawn:
        config = {"filters": draw(WIDTH), **windowed(draw, rank, causal=rank == 1)}
        return Drawn(class_name, config, ((*sizes(draw, rank), draw(WIDTH)),))

    return strategy()


@st.composite
def grouped(draw: Draw) -> Drawn:
    groups = some(draw, 2, 3)
    config = {"filters": groups * draw(WIDTH), "groups": groups, **windowed(draw, 2)}
    return Drawn("Conv2D", config, ((*sizes(draw, 2), groups * draw(WIDTH)),))


def transposed(class_name: str, rank: int, dilated: bool = False) -> st.SearchStrategy[Drawn]:
    @st.composite
    def strategy(draw: Draw) -> Drawn:
        config = {"filters": draw(WIDTH), **windowed(draw, rank)}
        config["dilation_rate"] = 2 if dilated else 1
        if dilated:
            config["strides"] = 1
        return Drawn(class_name, config, ((*sizes(draw, rank), draw(WIDTH)),))

    return strategy()


def depthwise(class_name: str, rank: int) -> st.SearchStrategy[Drawn]:
    @st.composite
    def strategy(draw: Draw) -> Drawn:
        config = windowed(draw, rank)
        config["strides"] = some(draw, 1, 2, 3) if max(config["dilation_rate"]) == 1 else 1
        config["depth_multiplier"] = some(draw, 1, 2)
        if class_name.startswith("Separable"):
            config["filters"] = draw(WIDTH)
        return Drawn(class_name, config, ((*sizes(draw, rank), draw(WIDTH)),))

    return strategy()


@st.composite
def embedding(draw: Draw) -> Drawn:
    config = {"input_dim": some(draw, 3, 7), "output_dim": draw(WIDTH)}
    return Drawn("Embedding", config, (sizes(draw, some(draw, 1, 2)),), tokens=True)


def recurrent(class_name: str, unknown: bool = True) -> st.SearchStrategy[Drawn]:
    @st.composite
    def strategy(draw: Draw) -> Drawn:
        config = {
            "units": draw(WIDTH),
            "use_bias": some(draw, True, False),
            "return_sequences": some(draw, True, False),
        }
        if class_name == "GRU":
            config["reset_after"] = not config["use_bias"] or some(draw, True, False)  # without a bias nothing tells
        return Drawn(class_name, config, ((*sizes(draw, 1, unknown=unknown), draw(WIDTH)),))

    return strategy()


def conv_lstm(class_name: str, rank: int) -> st.SearchStrategy[Drawn]:
    @st.composite
    def strategy(draw: Draw) -> Drawn:
        config = {
            "filters": draw(WIDTH),
            "kernel_size": draw(st.tuples(*[st.integers(1, 3)] * rank)),
            "padding": some(draw, "valid", "same"),
            "strides": some(draw, 1, 2),
            "return_sequences": some(draw, True, False),
            "use_bias": some(draw, True, False),
        }
        return Drawn(class_name, config, ((*sizes(draw, 1), *sizes(draw, rank, 3, 6, unknown=False), draw(WIDTH)),))

    return strategy()


@st.composite
def bidirectional(draw: Draw) -> Drawn:
    inner = draw(recurrent(some(draw, "LSTM", "GRU", "SimpleRNN")))
    return Drawn(
        "Bidirectional", {"merge_mode": some(draw, "concat", "sum", "mul", "ave")}, inner.shapes, wrapped=inner
    )


@st.composite
def time_distributed(draw: Draw) -> Drawn:
    inner = draw(
        st.one_of(dense(), convolution("Conv1D", 1), convolution("Conv2D", 2), normalization("BatchNormalization"))
    )
    shape = tuple(3 if size is None else size for size in inner.shapes[0])
    return Drawn("TimeDistributed", {}, ((draw(st.integers(1, 4)), *shape),), wrapped=inner)


@st.composite
def spectral_normalization(draw: Draw) -> Drawn:
    inner = draw(st.one_of(dense(), convolution("Conv1D", 1), convolution("Conv2D", 2)))
    return Drawn("SpectralNormalization", {}, inner.shapes, wrapped=inner)


@st.composite
def attention(draw: Draw) -> Drawn:
    query, value = draw(WIDTH), draw(WIDTH)
    config: dict[str, Any] = {"num_heads": draw(WIDTH), "key_dim": draw(WIDTH), "use_bias": some(draw, True, False)}
    if some(draw, True, False):
        config["value_dim"] = draw(WIDTH)
    if some(draw, True, False):
        config["output_shape"] = draw(WIDTH)
    return Drawn("MultiHeadAttention", config, ((*sizes(draw, 1), query), (*sizes(draw, 1), value)))


@st.composite
def grouped_attention(draw: Draw) -> Drawn:
    heads = draw(st.integers(1, 3))
    config = {"head_dim": draw(WIDTH), "num_query_heads": heads * draw(st.integers(2, 3)),
              "num_key_value_heads": heads, "use_bias": some(draw, True, False)}  # fmt: skip
    width = draw(WIDTH)
    return Drawn("GroupQueryAttention", config, ((*sizes(draw, 1), width), (*sizes(draw, 1), width)))


@st.composite
def dot_attention(draw: Draw) -> Drawn:
    width, steps = draw(WIDTH), sizes(draw, 2, unknown=False)
    return Drawn("Attention", {"use_scale": True}, ((steps[0], width), (steps[1], width)))


@st.composite
def normalization(draw: Draw, class_name: str) -> Drawn:
    center, scale = some(draw, (True, True), (False, True), *([(True, False)] if class_name[0] == "B" else []))
    return Drawn(class_name, {"center": center, "scale": scale}, ((*sizes(draw, some(draw, 0, 1, 2)), draw(WIDTH)),))


@st.composite
def bare_normalization(draw: Draw) -> Drawn:
    return Drawn("BatchNormalization", {"center": False, "scale": False}, ((*sizes(draw, 2), draw(WIDTH)),))


@st.composite
def wide_layer_normalization(draw: Draw) -> Drawn:
    shape = (*sizes(draw, 1), *sizes(draw, 1, unknown=False), draw(WIDTH))
    return Drawn("LayerNormalization", {"axis": [-2, -1]}, (shape,))


@st.composite
def group_normalization(draw: Draw) -> Drawn:
    groups = some(draw, 1, 2, 3)
    return Drawn("GroupNormalization", {"groups": groups}, ((*sizes(draw, 2, unknown=False), groups * draw(WIDTH)),))


@st.composite
def rms_normalization(draw: Draw) -> Drawn:
    return Drawn("RMSNormalization", {}, ((*sizes(draw, some(draw, 0, 1, 2)), draw(WIDTH)),))


@st.composite
def adapted(draw: Draw) -> Drawn:
    return Drawn("Normalization", {"axis": -1}, ((*sizes(draw, some(draw, 0, 1, 2)), draw(WIDTH)),))


@st.composite
def prelu(draw: Draw) -> Drawn:
    rank = some(draw, 0, 1, 2)
    shape = (*sizes(draw, rank, 2, unknown=False), draw(WIDTH))
    shared = list(range(1, rank + 1)) if rank and some(draw, True, False) else None
    return Drawn("PReLU", {"shared_axes": shared}, (shape,))


def plain(class_name: str, rank: int | None = None, **config: Any) -> st.SearchStrategy[Drawn]:
    """A layer that keeps its operand's shape."""

    @st.composite
    def strategy(draw: Draw) -> Drawn:
        axes = some(draw, 0, 1, 2) if rank is None else rank
        return Drawn(class_name, config, ((*sizes(draw, axes), draw(WIDTH)),))

    return strategy()


def pooling(class_name: str, rank: int) -> st.SearchStrategy[Drawn]:
    @st.composite
    def strategy(draw: Draw) -> Drawn:
        config = {
            "pool_size": draw(st.tuples(*[st.integers(1, 4)] * rank)),
            "strides": draw(st.one_of(st.none(), st.tuples(*[st.integers(1, 4)] * rank))),
            "padding": some(draw, "valid", "same"),
        }
        return Drawn(class_name, config, ((*sizes(draw, rank), draw(WIDTH)),))

    return strategy()


def pooling_all(class_name: str, rank: int) -> st.SearchStrategy[Drawn]:
    @st.composite
    def strategy(draw: Draw) -> Drawn:
        return Drawn(class_name, {"keepdims": some(draw, True, False)}, ((*sizes(draw, rank), draw(WIDTH)),))

    return strategy()


def border(class_name: str, rank: int, option: str, low: int) -> st.SearchStrategy[Drawn]:
    @st.composite
    def strategy(draw: Draw) -> Drawn:
        amount = st.integers(0, 3)
        pair = st.tuples(amount, amount)
        nested: Any = pair if rank == 1 else st.one_of(st.tuples(*[pair] * rank), st.tuples(*[amount] * rank))
        return Drawn(class_name, {option: draw(st.one_of(amount, nested))}, ((*sizes(draw, rank, low), draw(WIDTH)),))

    return strategy()


def upsampling(class_name: str, rank: int) -> st.SearchStrategy[Drawn]:
    @st.composite
    def strategy(draw: Draw) -> Drawn:
        factor = st.integers(1, 4)
        size = draw(factor if rank == 1 else st.one_of(factor, st.tuples(*[factor] * rank)))
        return Drawn(class_name, {"size": size}, ((*sizes(draw, rank), draw(WIDTH)),))

    return strategy()


@st.composite
def flatten(draw: Draw) -> Drawn:
    return Drawn("Flatten", {}, ((*sizes(draw, some(draw, 0, 1, 2, 3)), draw(WIDTH)),))


@st.composite
def reshape(draw: Draw) -> Drawn:
    first, second, third = draw(WIDTH), draw(WIDTH), draw(WIDTH)
    target = some(
        draw, (first * second * third,), (first, second * third), (-1, third), (third, first, -1), (second, -1)
    )
    return Drawn("Reshape", {"target_shape": target}, ((first, second, third),))


@st.composite
def permute(draw: Draw) -> Drawn:
    rank = some(draw, 2, 3)
    return Drawn("Permute", {"dims": tuple(draw(st.permutations(range(1, rank + 1))))}, (sizes(draw, rank),))


@st.composite
def repeat(draw: Draw) -> Drawn:
    return Drawn("RepeatVector", {"n": draw(WIDTH)}, ((draw(WIDTH),),))


def elementwise(class_name: str, count: int | None = None, broadcasts: bool = False) -> st.SearchStrategy[Drawn]:
    """Equal operands, or some whose lengths are stretched from 1."""

    @st.composite
    def strategy(draw: Draw) -> Drawn:
        shape = (*sizes(draw, some(draw, 0, 1, 2)), draw(WIDTH))
        shapes = [shape] * (count or some(draw, 2, 3))
        if broadcasts:
            kept = [some(draw, True, False) for _ in shape]
            shapes[-1] = tuple(size if keep else 1 for size, keep in zip(shape, kept, strict=True))
        return Drawn(class_name, {}, tuple(shapes))

    return strategy()


@st.composite
def concatenate(draw: Draw) -> Drawn:
    rank = some(draw, 1, 2, 3)
    shape = list(sizes(draw, rank))
    axis = some(draw, -1, *range(1, rank + 1))
    shapes = []
    for _ in range(some(draw, 2, 3)):
        shape[axis if axis < 0 else axis - 1] = draw(WIDTH)
        shapes.append(tuple(shape))
    return Drawn("Concatenate", {"axis": axis}, tuple(shapes))


@st.composite
def dot(draw: Draw) -> Drawn:
    width = draw(WIDTH)
    if some(draw, True, False):
        return Drawn("Dot", {"axes": -1}, ((width,), (width,)))
    axes = some(draw, -1, 1, [2, 1], [1, 2])
    summed = {"-1": (1, 1), "1": (0, 0), "[2, 1]": (1, 0), "[1, 2]": (0, 1)}[str(axes)]
    shapes = [[width if place == axis else draw(WIDTH) for place in (0, 1)] for axis in summed]
    return Drawn("Dot", {"axes": axes}, tuple(tuple(shape) for shape in shapes))


CASES: dict[str, st.SearchStrategy[Drawn]] = {
    "Dense": dense(),
    **{f"Conv{rank}D": convolution(f"Conv{rank}D", rank) for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": transposed(f"Conv{rank}DTranspose", rank) for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": depthwise(f"DepthwiseConv{rank}D", rank) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": depthwise(f"SeparableConv{rank}D", rank) for rank in (1, 2)},
    "BatchNormalization": normalization("BatchNormalization"),
    "LayerNormalization": normalization("LayerNormalization"),
    "GroupNormalization": group_normalization(),
    "RMSNormalization": rms_normalization(),
    "Normalization": adapted(),
    "PReLU": prelu(),
    "Embedding": embedding(),
    **{name: recurrent(name) for name in ("LSTM", "GRU", "SimpleRNN")},
    **{f"ConvLSTM{rank}D": conv_lstm(f"ConvLSTM{rank}D", rank) for rank in (1, 2, 3)},
    "Bidirectional": bidirectional(),
    "SpectralNormalization": spectral_normalization(),
    "TimeDistributed": time_distributed(),
    "MultiHeadAttention": attention(),
    "GroupQueryAttention": grouped_attention(),
    "Attention": dot_attention(),
    "Activation": plain("Activation", activation="relu"),
    **{name: plain(name) for name in ("ReLU", "LeakyReLU", "ELU", "Softmax", "Identity", "Masking")},
    **{name: plain(name, rate=0.5) for name in ("Dropout", "AlphaDropout", "GaussianDropout")},
    **{f"SpatialDropout{rank}D": plain(f"SpatialDropout{rank}D", rank, rate=0.5) for rank in (1, 2, 3)},
    "GaussianNoise": plain("GaussianNoise", stddev=0.1),
    "ActivityRegularization": plain("ActivityRegularization"),
    "Rescaling": plain("Rescaling", scale=0.5),
    "RandomFlip": plain("RandomFlip", 2),
    "RandomRotation": plain("RandomRotation", 2, factor=0.1),
    "RandomZoom": plain("RandomZoom", 2, height_factor=0.1),
    "RandomContrast": plain("RandomContrast", 2, factor=0.1),
    **{
        f"{kind}Pooling{rank}D": pooling(f"{kind}Pooling{rank}D", rank)
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    },
    **{
        f"Global{kind}Pooling{rank}D": pooling_all(f"Global{kind}Pooling{rank}D", rank)
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    },
    **{f"ZeroPadding{rank}D": border(f"ZeroPadding{rank}D", rank, "padding", 1) for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": border(f"Cropping{rank}D", rank, "cropping", 7) for rank in (1, 2, 3)},
    **{f"UpSampling{rank}D": upsampling(f"UpSampling{rank}D", rank) for rank in (1, 2, 3)},
    "Flatten": flatten(),
    "Reshape": reshape(),
    "Permute": permute(),
    "RepeatVector": repeat(),
    **{name: elementwise(name) for name in ("Add", "Average", "Maximum", "Minimum")},
    "Multiply": elementwise("Multiply", broadcasts=True),
    "Subtract": elementwise("Subtract", count=2, broadcasts=True),
    "Concatenate": concatenate(),
    "Dot": dot(),
}

SPECIAL: dict[str, st.SearchStrategy[Drawn]] = {
    "grouped Conv2D": grouped(),
    "dilated Conv2DTranspose": transposed("Conv2DTranspose", 2, dilated=True),
    "BatchNormalization without gamma and beta": bare_normalization(),
    "LayerNormalization with beta alone": plain("LayerNormalization", center=True, scale=False),
    "LayerNormalization over two axes": wide_layer_normalization(),
}
"""Rarer arguments, each on its own, so that a card that lacks one says so alone."""
