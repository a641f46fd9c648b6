"""What is tried where nothing usual fits."""

from __future__ import annotations

from dataclasses import replace

from infer_convert.draft import Draft
from infer_convert.layers.card import RARE


def with_rare_settings(draft: Draft) -> Draft:
    """The draft with unusual settings allowed: windows that are not square, inputs that are long and narrow."""
    return replace(draft, layers=tuple(replace(layer, config={**layer.config, RARE: True}) for layer in draft.layers))
