"""What a layer's name says about its class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from infer_convert.layers.card import Card

AUTOMATIC = 8.0
"""Nats for a name that Keras derived from the class: people rarely write ``max_pooling2d_3`` for anything else."""

_NUMBER = re.compile(r"_\d+$")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@lru_cache(maxsize=4096)
def stem(name: str) -> str:
    """``max_pooling2d_3`` -> ``maxpooling2d``: number and underscores removed, lower case."""
    return _NUMBER.sub("", name).replace("_", "").lower()


@lru_cache(maxsize=4096)
def counter(name: str) -> int | None:
    """The trailing number of an automatic name; 0 when there is none."""
    found = re.search(r"_(\d+)$", name)
    return int(found.group(1)) if found else 0


INPUTS = ("input", "inputlayer")
"""Stems of automatic names of inputs: ``input_3`` (up to Keras 2), ``input_layer_1`` (Keras 3)."""


def as_created(names: Sequence[str]) -> list[str]:
    """Names of a model's inputs in the order of their automatic counters, which is the order of the model's ``inputs``
    (28 of 28 configs in the tune split and the corpus; the list's order, by depth, in 23); as they stand where a name
    is somebody's own."""
    stems = {stem(name) for name in names}
    automatic = len(stems) == 1 and stems <= set(INPUTS)
    return sorted(names, key=lambda name: counter(name) or 0) if automatic else list(names)


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """Lower-case words of a hand-given name: ``res2a_branch2a_BN1`` -> ``res, a, branch, a, bn``; digits are dropped,
    but words glued by nothing but a digit are also tried together (``relu6``)."""
    found = [word.lower() for word in _WORD.findall(name) if not word.isdigit()]
    glued = [piece.lower() for piece in re.split(r"[_\W]+", name) if piece]
    stripped = [piece.rstrip("0123456789") for piece in glued]
    return tuple(dict.fromkeys([*found, *glued, *(piece for piece in stripped if piece)]))


def is_automatic(card: Card, name: str) -> bool:
    """Whether Keras (of any generation) derives this name from the card's class."""
    found = stem(name)
    return found == card.stem or found in card.stems


def weigh(card: Card, name: str) -> float:
    """Nats in favour of the card's class given the layer's name; 0 when the name says nothing."""
    if is_automatic(card, name):
        return AUTOMATIC
    spoken = words(name)
    return min(6.0, sum([weight for word, weight in card.words if word in spoken]))
