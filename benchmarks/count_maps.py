"""How large the last maps of known classifiers of pictures are, and their pictures: what the nats of
``clues/settings/final_maps`` are set by.

Every reference of a family of n counts 1/sqrt(n); an open side is taken for 224 places.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.fit_settings import draft_of, known_nets
from infer_convert.clues.settings.final_maps import SHALLOW, last_map
from infer_convert.draft import Draft, Neighbourhood
from infer_convert.layers.card import Shape
from infer_convert.library.references import Known

OPEN = 224
WIDTHS = (512, 256, 128, 0)
PLACES = (4, 12, 16, 32, 64)
PICTURES = (36, 80)

Key = tuple[int, str, str]
"""Channels at least, places of the picture and of the last map at most."""


def count() -> dict[Key, float]:
    """The weighed nets by key, in the order of the keys."""
    found: Counter[Key] = Counter()
    for last in _last_maps():
        found[last.width, _most(last.picture, PICTURES), _most(last.side, PLACES)] += last.weight
    return dict(sorted(found.items()))


def halvings() -> dict[tuple[int, str, int], float]:
    """The same nets by channels, picture and how often its side is halved, those of more than ``SHALLOW``
    convolutions."""
    found: Counter[tuple[int, str, int]] = Counter()
    for last in _last_maps():
        if last.convolutions > SHALLOW:
            halved = round(math.log2(last.picture / last.side))
            found[last.width, _most(last.picture, PICTURES[-1:]), halved] += last.weight
    return dict(sorted(found.items()))


class _LastMap(NamedTuple):
    """Channels at least, sides of the picture and of the last map, convolutions, and what the net counts."""

    width: int
    picture: int
    side: int
    convolutions: int
    weight: float


def _last_maps() -> Iterator[_LastMap]:
    nets = [(family, known.flat()) for family, known in known_nets()]
    sizes = Counter(family for family, _ in nets)
    for family, known in nets:
        near = Neighbourhood.of(draft_of(known))
        index = last_map(near)
        if index is None or not near.draft.layers[index].class_name.startswith("Global"):
            continue
        shapes = shapes_of(known, near.draft)
        before, first = shapes[near.draft.producers(index)[0]], shapes[0]
        if before is not None and first is not None and len(first) == 3 and None not in (*before, *first):
            width = next(least for least in WIDTHS if (before[-1] or 0) >= least)
            convolutions = sum("Conv" in layer.class_name for layer in near.draft.layers)
            picture, side = (max(length or 0 for length in shape[:-1]) for shape in (first, before))
            yield _LastMap(width, picture, side, convolutions, sizes[family] ** -0.5)


def _most(side: int, bounds: tuple[int, ...]) -> str:
    return next((f"up to {bound}" for bound in bounds if side <= bound), "more")


def shapes_of(known: Known, draft: Draft) -> list[Shape | None]:
    """Of every layer's result; None behind what the card cannot tell."""
    shapes: list[Shape | None] = []
    for layer, told in zip(draft.layers, known.layers, strict=True):
        if layer.class_name == "InputLayer":
            *sides, channels = told.config["batch_shape"][1:]
            shapes.append((*(side or OPEN for side in sides), channels))
            continue
        operands = [shapes[producer] for producer, _ in layer.operands[0]] if layer.operands else []
        given = tuple(shape for shape in operands if shape is not None)
        try:
            made = layer.card.shape({**layer.config, **told.config}, given) if len(given) == len(operands) else None
        except (KeyError, TypeError, ValueError, IndexError):
            made = None
        shapes.append(made)
    return shapes
