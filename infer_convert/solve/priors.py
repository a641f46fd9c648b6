"""Costs, in nats, of one item feeding another; the wiring's soft knowledge.

The tables say how people usually connect layers (WIRING §3, §6). They were set by hand and are revised against the
tune split of the recovery benchmark, never against its report split.
"""

from __future__ import annotations

EXTRA_OUTPUT = 3.5
"""Every output after the first."""
LEVEL_MISMATCH = 2.5
"""One tensor used at two spatial levels."""
REPEATED = -2.0
"""The same choice as the last time in the same context."""
CHANGED = 2.0
"""Another choice than the last time in the same context."""
SHARED = 3.5
"""One layer called twice."""
EXTRA_OPERAND = 3.0
"""An elementwise merge with more than two operands, for each."""
UNCHECKED_INPUT = 2.0
"""An input as a further operand of a Concatenate whose channel sum cannot be checked."""

# fmt: off
_FEEDS: dict[str, dict[str, float]] = {
    "BatchNorm": {
        "Conv": 0, "Depthwise": 0, "Separable": 0, "Dense": 0, "ConvTranspose": 0, "Add": 1.5, "Concatenate": 1.5,
        "Activation": 2, "Pool": 2, "Input": 2, "BatchNorm": 5, "Embedding": 2, "Recurrent": 1, "Dropout": 1.5,
        "Flatten": 1.5, "Rescaling": 1,
    },
    "LayerNorm": {
        "Add": 0, "Embedding": 1, "Dense": 1, "Conv": 0.5, "Depthwise": 0.2, "Dropout": 1, "Activation": 2,
        "LayerNorm": 5,
    },
    "Activation": {
        "BatchNorm": 0, "LayerNorm": 0.3, "GroupNorm": 0, "Conv": 0, "Depthwise": 0, "Separable": 0.3, "Dense": 0,
        "ConvTranspose": 0, "Add": 0.4, "Concatenate": 2, "Activation": 4, "Pool": 2.5, "Input": 3, "GlobalPool": 3,
        "Dropout": 2, "Multiply": 2.5, "Flatten": 3.5, "Reshape": 2.5,
    },
    "Conv": {
        "Activation": 0, "BatchNorm": 1.2, "Pool": 0.3, "Conv": 0.5, "Add": 0.7, "Concatenate": 0.4, "Dropout": 0.4,
        "Input": 0.3, "UpSampling": 0.3, "ZeroPadding": 0, "Multiply": 0.6, "Separable": 0.6, "Depthwise": 0.5,
    },
    "Depthwise": {
        "Activation": 0, "ZeroPadding": 0, "BatchNorm": 1.2, "Conv": 0.5, "Add": 1, "Input": 2, "Pool": 1,
    },
    "Pool": {
        "Activation": 0, "Conv": 0, "BatchNorm": 0.8, "Add": 0.7, "Concatenate": 0.5, "Dropout": 0.5, "Input": 2.5,
        "Pool": 3, "ZeroPadding": 0.5, "Separable": 0.3,
    },
    "GlobalPool": {
        "Activation": 0, "Conv": 0.3, "BatchNorm": 0.6, "Add": 0.4, "Concatenate": 0.4, "Multiply": 1, "Depthwise":
        0.5, "Recurrent": 0.5, "LayerNorm": 0.3, "Input": 3,
    },
    "Add": {
        "BatchNorm": 0, "Conv": 0, "Dropout": 0.3, "Dense": 0.3, "Activation": 0.7, "Add": 0.7, "Attention": 0.2,
        "Multiply": 0.4, "Separable": 0.2, "ConvTranspose": 0.3, "UpSampling": 0.2, "Embedding": 0.3, "Pool": 2,
        "Input": 1.5, "LayerNorm": 1.2, "Flatten": 3, "GlobalPool": 2, "Depthwise": 1, "Recurrent": 0.8,
        "ZeroPadding": 3,
    },
    "Concatenate": {
        "Activation": 0, "Conv": 0, "Concatenate": 0.7, "Pool": 0.5, "GlobalPool": 0.3, "UpSampling": 0,
        "ConvTranspose": 0, "Dense": 0, "Flatten": 0, "Recurrent": 0.2, "Dropout": 0.3, "BatchNorm": 0.5, "Add":
        0.6, "Embedding": 0.3, "Input": 2, "Cropping": 0.2, "Reshape": 0.5, "ZeroPadding": 3,
    },
    "Multiply": {
        "Activation": 0, "Dense": 0, "Conv": 0.2, "Reshape": 0, "Add": 0.6, "BatchNorm": 0.5, "Input": 3.5,
    },
    "Dense": {
        "Flatten": 0, "GlobalPool": 0, "Dropout": 0, "Dense": 0.2, "Activation": 0, "Input": 0.3, "BatchNorm": 0.6,
        "Concatenate": 0.2, "Recurrent": 0, "LayerNorm": 0.3, "Add": 0.6, "Reshape": 0.3, "Multiply": 0.6, "Pool":
        3, "Conv": 2, "Embedding": 2,
    },
    "Flatten": {
        "Pool": 0, "Conv": 0.2, "Activation": 0, "Dropout": 0.2, "BatchNorm": 0.4, "Embedding": 0.5, "Input": 0.8,
        "Concatenate": 0.5, "Recurrent": 0.7, "Reshape": 1, "Add": 0.6, "Dense": 1.5,
    },
    "Dropout": {
        "Pool": 0, "Activation": 0, "Dense": 0, "Conv": 0.2, "BatchNorm": 0.3, "Flatten": 0.3, "Add": 0.6,
        "GlobalPool": 0.3, "Recurrent": 0.2, "Embedding": 0.3, "Concatenate": 0.5, "Attention": 0.2, "LayerNorm":
        0.8, "Input": 2, "Dropout": 5,
    },
    "ZeroPadding": {
        "Activation": 0, "Input": 0, "Pool": 0.3, "Add": 0.7, "Conv": 0.5, "BatchNorm": 1, "Concatenate": 0.7,
    },
    "Recurrent": {
        "Embedding": 0, "Recurrent": 0, "Input": 0.3, "Dropout": 0.2, "Reshape": 0.4, "Concatenate": 0.4, "Conv":
        0.5, "Pool": 0.4, "BatchNorm": 0.5, "RepeatVector": 0, "TimeDistributed": 0.2, "Dense": 0.8,
    },
    "UpSampling": {
        "Activation": 0, "Conv": 0, "BatchNorm": 0.7, "Add": 0.5, "Concatenate": 0.7, "Dropout": 0.5, "Reshape": 0.5,
    },
    "Embedding": {
        "Input": 0, "Reshape": 1.5, "Unknown": 1, "Conv": 9, "Dense": 9, "Activation": 9, "Flatten": 6, "Recurrent":
        9, "Dropout": 7, "Embedding": 9, "BatchNorm": 9, "Add": 7, "Concatenate": 6, "Multiply": 7, "GlobalPool": 9,
        "Pool": 9,
    },
    "Attention": {
        "LayerNorm": 0, "Add": 0.5, "Dropout": 0.7, "Embedding": 0.7, "Recurrent": 0.4, "Dense": 0.4, "BatchNorm":
        1, "Input": 1,
    },
}
# fmt: on
_OTHERWISE = 1.2

_SPANNED = {"Conv": 1, "Depthwise": 1, "Separable": 1, "ConvTranspose": 1, "Dense": 1, "Attention": 2, "Recurrent": 2}
CONVOLUTIONS = ("Conv", "Depthwise", "Separable", "ConvTranspose", "Dense")

# fmt: off
_SKIP_SOURCE = {
    "Activation": 0.0, "Add": 0.3, "BatchNorm": 0.9, "Pool": 0.7, "Dropout": 0.8, "Conv": 1.2, "Concatenate": 0.6,
    "Input": 1.0, "LayerNorm": 2.2, "Dense": 1.2, "Embedding": 0.6, "Multiply": 1.2, "Separable": 1.5, "Depthwise":
    2.5, "UpSampling": 2.0, "ConvTranspose": 1.5, "Reshape": 3.5, "Flatten": 2.0, "Attention": 2.0, "GlobalPool":
    3.0, "ZeroPadding": 3.5, "Recurrent": 1.0,
}
# fmt: on

_SKIPPED_OVER = {"Activation": 1.5, "BatchNorm": 0.0, "LayerNorm": 0.0, "Dropout": 0.6, "Flatten": 0.3}
"""A skip taken in front of a layer of this kind, when that layer is the tensor's only other consumer: one would rather
take the activated tensor, while pre-activation blocks do skip from in front of a normalisation."""


def family(label: str) -> str:
    """``Conv/1`` -> ``Conv``."""
    return label.partition("/")[0]


def feeds(producer: str, consumer: str) -> float:
    """Cost of ``producer`` feeding ``consumer`` (labels)."""
    table = _FEEDS.get(family(consumer))
    return 0.6 if table is None else table.get(family(producer), _OTHERWISE)


def skip_source(label: str, before: str, before_that: str) -> float:
    """Cost of a tensor of this kind feeding a merge besides its main consumer. ``before`` and ``before_that`` stand in
    front of it in the list: skips start where blocks end, behind a merge, and in front of a pre-activation."""
    cost = _SKIP_SOURCE.get(family(label), 1.5)
    merges = ("Add", "Concatenate", "Pool", "Input")
    if family(label) in ("Activation", "Dropout", "BatchNorm", "Pool"):
        cost += -0.5 if family(before) in merges else 0.4
    if family(label) == "Activation" and family(before) == "BatchNorm" and family(before_that) in merges:
        cost += 1.6
    return cost


INDICES_ELSEWHERE = 4.0
"""Indices of an Embedding being used as numbers too, or looked up twice."""


def fork(producer: str, consumer: str) -> float:
    """Cost of a tensor with several consumers having this one among them: what follows a convolution directly
    (a normalisation, an activation) is usually alone there."""
    if family(consumer) == "Embedding":
        return INDICES_ELSEWHERE
    if family(consumer) in ("BatchNorm", "Activation", "GroupNorm"):
        return 0.4 if family(producer) in ("Add", "Concatenate", "Pool", "Input") else 2.5
    return 0.3


def spanned(label: str) -> int:
    """What a layer counts for in the span of a skip: attention alone makes a residual block, a convolution does not."""
    return _SPANNED.get(family(label), 0)


def span(weighted: int) -> float:
    """Cost of a skip over so many layers with weights into an elementwise merge: residual blocks have two or three."""
    return {0: 2.0, 1: 1.6, 2: 0.0, 3: 0.0, 4: 0.4}.get(weighted, 0.8)


GATE_ELSEWHERE = 3.0
"""The first operand of a Multiply met from behind is its gate; a gate is used for nothing else."""


def passed_by(
    producer: str, consumer: str, merges: bool, elementwise: bool, filled: int, weighted: int
) -> float:
    """Cost of an item not filling an operand that it could fill: what normalises or activates stands right behind.
    ``weighted`` counts the layers with weights in between."""
    if not merges:
        if family(consumer) == "BatchNorm":
            return 3.5 if family(producer) in CONVOLUTIONS else 1.0
        return 2.0 if family(consumer) == "Activation" and family(producer) in (*CONVOLUTIONS, "BatchNorm") else 1.0
    if elementwise:
        if not filled:
            return 0.7
        return 0.4 if weighted < 2 else 2.0
    return 0.5


def skipped_over(label: str) -> float:
    """Cost of skipping over a consumer of this kind."""
    return _SKIPPED_OVER.get(family(label), 0.0)
