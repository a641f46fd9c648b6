"""What is tried where nothing usual fits."""

from __future__ import annotations

from dataclasses import replace

from infer_convert.draft import Draft
from infer_convert.layers.card import RARE
from infer_convert.layers.normalization import LENGTH
from infer_convert.layers.resizing import FILLS


def with_rare_settings(draft: Draft) -> Draft:
    """The draft with unusual settings allowed: windows that are not square, inputs that are long and narrow, zeros
    along one axis that fill it up to what a normalisation over it takes."""
    fills = {
        source
        for layer in draft.layers
        if LENGTH in layer.config
        for call in layer.operands
        for source, _ in call
        if draft.layers[source].class_name == "ZeroPadding2D"
    }
    return replace(
        draft,
        layers=tuple(
            replace(layer, config={**layer.config, RARE: True, **({FILLS: True} if place in fills else {})})
            for place, layer in enumerate(draft.layers)
        ),
    )
