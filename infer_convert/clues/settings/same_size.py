"""Nets that make maps smaller and larger again give back a picture of the size they took: segmentation, autoencoders,
image-to-image nets.

Of the reference library's and the zoo's tune nets that have both, one input and one output of its rank, 23.2 of 23.5
give the size they take (``python -m benchmarks count-ends``). Nets for super-resolution only enlarge, and heat
maps of half or a quarter of the picture are known, so that this is weighed and not demanded.
"""

from __future__ import annotations

from infer_convert.draft import Neighbourhood
from infer_convert.layers.card import Shape

SMALLER, LARGER = -2.5, -6.0
"""Nats for a smaller and for a larger picture (set by hand; the first well within the count, the second makes no sense
for a net that pools)."""
ENLARGING = ("UpSampling", "Resizing")
POOLS = ("MaxPooling", "AveragePooling")


def ends(near: Neighbourhood) -> tuple[int, tuple[int, int]] | None:
    """The input and the output (layer and call) of a net whose sizes should agree."""
    layers = near.draft.layers
    inputs = [index for index, layer in enumerate(layers) if layer.class_name == "InputLayer"]
    if len(inputs) != 1 or len(near.draft.outputs) != 1 or not (_enlarges(near) and _shrinks(near)):
        return None
    return inputs[0], near.draft.outputs[0]


def _enlarges(near: Neighbourhood) -> bool:
    return any(_is_enlarging(layer.class_name) for layer in near.draft.layers)


def _is_enlarging(name: str) -> bool:
    return name.startswith(ENLARGING) or name.endswith("Transpose")


def _shrinks(near: Neighbourhood) -> bool:
    """Whether a net has pools, or enlarges more than once and is wider in front of the first time than it begins: nets
    for super-resolution keep their width."""
    layers = near.draft.layers
    if any(layer.class_name.startswith(POOLS) for layer in layers):
        return True
    larger = [index for index, layer in enumerate(layers) if _is_enlarging(layer.class_name)]
    widths = [int(layer.config.get("filters") or 0) for layer in layers[: larger[0]] if "filters" in layer.config]
    return len(larger) > 1 and bool(widths) and max(widths) > widths[0]


def favour_same(shapes: tuple[Shape, ...]) -> float:
    """Nats for what an input and an output have together."""
    first, last = shapes
    if len(first) != len(last) or first[:-1] == last[:-1]:
        return 0.0
    larger = any((a or 0) < (b or 0) for a, b in zip(first[:-1], last[:-1], strict=True))
    return LARGER if larger else SMALLER
