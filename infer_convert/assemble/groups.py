"""Grouped convolutions: a kernel holds the channels of one group only, so that nothing in front seems to fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from infer_convert.layers.recognise import Reading

GROUPED = -1.5
"""Nats for more than one group where one group cannot be."""
MOST = 4
"""Group counts tried, the smallest first."""
_CLASSES = ("Conv1D", "Conv2D", "Conv3D")
_VECTORS = ("Dense",)
"""Layers behind which no convolution is expected: the widths of a gate's Denses are no channels of maps."""


def with_groups(readings: Sequence[tuple[Reading, ...]]) -> tuple[tuple[Reading, ...], ...]:
    """Add readings with several groups to convolutions whose input channels no earlier layer gives."""
    given: set[int] = set()
    result = []
    for found in readings:
        extra: list[Reading] = []
        for reading in found:
            channels = reading.fit.config.get("_channels_in")
            if reading.class_name in _CLASSES and channels and given and channels not in given:
                extra.extend(_grouped(reading, channels, given))
        result.append((*found, *extra))
        for reading in result[-1]:
            if reading.class_name in _VECTORS:
                continue
            for variant in reading.card.flow({**reading.card.assumed, **reading.fit.config}):
                if variant.channels == "fixed" and variant.channels_out:
                    given.add(variant.channels_out)
    return tuple(result)


def _grouped(reading: Reading, channels: int, given: set[int]) -> list[Reading]:
    filters = reading.fit.config["filters"]
    counts = sorted(
        total // channels
        for total in given
        if total > channels and total % channels == 0 and filters % (total // channels) == 0
    )
    return [
        replace(
            reading,
            fit=replace(reading.fit, config={**reading.fit.config, "groups": count}),
            log_prior=reading.log_prior + GROUPED,
            because=f"{reading.because}; no maps in front have {channels} channels, {count} groups of them fit",
        )
        for count in counts[:MOST]
    ]
