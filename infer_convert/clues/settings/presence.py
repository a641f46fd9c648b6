"""Whether a pool stands behind a convolution where a list shows only layers with weights.

Shares over the chains of the reference library and of the benchmark's tune split (297 weighted convolutions; a
reference of a family of n counts 1/sqrt(n)): people pool where the next convolution widens.
"""

from __future__ import annotations

from infer_convert.draft import Neighbourhood
from infer_convert.layers.passed import SHAPE_KEEPING

WIDER, EQUAL, NARROWER, DENSE = 0.9, 0.2, 0.08, 0.7
"""Shares by what follows a convolution with stride 1: measured 0.96, 0.17, 0.04 and 0.70, drawn a little to the
middle."""
NO_POOL_BEHIND_STRIDES = 3.0
"""Nats against a pool behind a convolution with strides: of 28 such convolutions 2 have one."""


def pool_share(near: Neighbourhood, index: int) -> float:
    """How often the supposed pool ``index`` is there."""
    before = next((near.draft.layers[i].config.get("filters") for i in near.before(index, SHAPE_KEEPING)), None)
    following = next((near.draft.layers[i] for i in near.after(index, (*SHAPE_KEEPING, "Reshape"))), None)
    after = following.config.get("filters") if following is not None else None
    if following is None or following.class_name in ("Flatten", "Dense"):
        return DENSE
    if before is None or after is None:
        return EQUAL
    return WIDER if after > before else EQUAL if after == before else NARROWER
