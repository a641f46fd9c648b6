"""Concatenates of tokens: rows below each other, as a class token in front of patches or one row for every category
(TabTransformer, https://arxiv.org/abs/2012.06678)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from infer_convert.layers.recognise import Reading

BELOW = -1.0
"""Nats against rows below each other in a net with attention over rows; set by hand."""
FIRST = {"axis": 1}


def with_token_rows(readings: Sequence[tuple[Reading, ...]]) -> tuple[tuple[Reading, ...], ...]:
    """Add to every Concatenate of a net with MultiHeadAttention the reading that it joins rows."""
    if not any(found and found[0].class_name == "MultiHeadAttention" for found in readings):
        return tuple(readings)
    return tuple(
        (*found, *(_rows(reading) for reading in found if reading.class_name == "Concatenate")) for found in readings
    )


def _rows(reading: Reading) -> Reading:
    return replace(
        reading,
        fit=replace(reading.fit, config={**reading.fit.config, **FIRST}),
        log_prior=reading.log_prior + BELOW,
        because=f"{reading.because}; attention looks at rows, which may be joined below each other",
    )
