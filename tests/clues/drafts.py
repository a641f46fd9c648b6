"""Drafts by hand: one line per layer, ``name Class < operands``, with configs by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infer_convert.draft import Draft, DraftLayer, Neighbourhood
from infer_convert.layers import CARD_OF

Configs = Mapping[str, Mapping[str, Any]]


def draft(text: str, **configs: Mapping[str, Any]) -> Draft:
    """Without ``<`` a layer stands behind the one above it. The outputs are what feeds nothing."""
    lines = [line.strip() for line in text.strip().splitlines()]
    names = [line.split()[0] for line in lines]
    layers: list[DraftLayer] = []
    fed: set[int] = set()
    for index, line in enumerate(lines):
        head, found, tail = line.partition("<")
        name, class_name = head.split()
        card = CARD_OF[class_name]
        operands = tuple((names.index(word), 0) for word in tail.split()) if found else ((index - 1, 0),)
        if class_name == "InputLayer":
            layers.append(DraftLayer(name, card, {}, ()))
            continue
        fed.update(item for item, _ in operands)
        layers.append(DraftLayer(name, card, {**card.assumed, **configs.get(name, {})}, (operands,), (), name))
    return Draft(tuple(layers), tuple((index, 0) for index in range(len(layers)) if index not in fed))


def near(text: str, **configs: Mapping[str, Any]) -> Neighbourhood:
    return Neighbourhood.of(draft(text, **configs))


def place(neighbourhood: Neighbourhood, name: str) -> int:
    return [layer.name for layer in neighbourhood.draft.layers].index(name)


def conv(kernel: int, channels: int, filters: int, rank: int = 2) -> dict[str, Any]:
    return {"kernel_size": [kernel] * rank, "_channels_in": channels, "filters": filters, "use_bias": True}


def dense(channels: int, units: int) -> dict[str, Any]:
    return {"_channels_in": channels, "units": units, "use_bias": True}
