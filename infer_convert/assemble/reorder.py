"""Chains whose order the file has lost: subclassed models list attributes alphabetically, rewritten files everything.

The numbers of channels tell most of what followed what, the counters of Keras' automatic names the rest (``dense_1``
was made after ``dense``). A beam search over the remaining layers keeps the order that needs the fewest leaps.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from infer_convert.assemble.typed import Typed, full_config
from infer_convert.layers.recognise import Reading

BEAM = 48
MOST = 3
"""Orders that are handed on."""
MOST_LAYERS = 160
"""Longer lists keep the order that they have."""
MISMATCH, BRIDGED, FLATTENED, SKIPPED, HALVED = 10.0, 6.0, 0.5, 0.15, 1.0
"""Nats against channels that do not agree, that a Reshape could make agree, that a Flatten does; against leaping over
a layer of the list; against half of a model's output going on (mean and variance of a latent vector)."""
_KEEPS = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "PReLU")
Key = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Chain:
    """Layers placed so far, by place in the list."""

    cost: float
    order: Key
    channels: int | None = None
    flat: bool = False


def reordered(typed: Sequence[Typed]) -> tuple[tuple[tuple[Typed, ...], float], ...]:
    """Likely orders of a chain with shares, best first; layers without weights are left out, for nothing tells their
    place. The list itself when it is too long."""
    entries = [entry for entry in typed if entry.stored.tensors or entry.stored.children]
    if not 1 < len(entries) <= MOST_LAYERS:
        return ((tuple(entries), 1.0),) if entries else ()
    before = _before(entries)
    beam = [_Chain(0.0, ())]
    for _ in entries:
        grown = (after for chain in beam for after in _grown(chain, entries, before))
        beam = heapq.nsmallest(BEAM, grown, key=lambda chain: (chain.cost, chain.order))
    best = beam[:MOST]
    shares = [math.exp(best[0].cost - chain.cost) for chain in best]
    total = math.fsum(shares)
    return tuple(
        (tuple(entries[place] for place in chain.order), share / total)
        for chain, share in zip(best, shares, strict=True)
    )


def _before(entries: Sequence[Typed]) -> list[frozenset[int]]:
    """For every layer the layers of its class with smaller counters, which come first."""
    counted: dict[str, list[tuple[int, int]]] = {}
    for place, entry in enumerate(entries):
        stem, _, number = entry.stored.name.rpartition("_")
        key, count = (stem, int(number)) if number.isdigit() else (entry.stored.name, 0)
        counted.setdefault(key, []).append((count, place))
    found: list[frozenset[int]] = [frozenset()] * len(entries)
    for places in counted.values():
        for (_, earlier), (_, later) in itertools.pairwise(sorted(places)):
            found[later] = found[earlier] | {earlier}
    return found


def _grown(chain: _Chain, entries: Sequence[Typed], before: Sequence[frozenset[int]]) -> list[_Chain]:
    placed = set(chain.order)
    open_places = [place for place in range(len(entries)) if place not in placed]
    found = []
    for skipped, place in enumerate(open_places):
        if not before[place] <= placed:
            continue
        cost = min(_cost(chain, reading) - reading.log_prior for reading in entries[place].readings)
        reading = min(entries[place].readings, key=lambda item: _cost(chain, item) - item.log_prior)
        _, out = _channels(reading)
        found.append(
            _Chain(
                chain.cost + cost + SKIPPED * min(skipped, 4),
                (*chain.order, place),
                chain.channels if out is None else out,
                chain.flat if reading.class_name in _KEEPS else reading.class_name == "Dense",
            )
        )
    return found


def _channels(reading: Reading) -> tuple[int | None, int | None]:
    variant = reading.card.flow(full_config(reading))[0]
    return variant.channels_in, variant.channels_out if variant.channels == "fixed" else None


def _cost(chain: _Chain, reading: Reading) -> float:
    """Nats against ``reading`` coming next."""
    wanted, _ = _channels(reading)
    given = chain.channels
    if not chain.order:
        return 2.0 if reading.class_name in ("BatchNormalization", "LayerNormalization", "Dense") else 0.0
    if wanted is None or given is None or wanted == given:
        return BRIDGED if reading.class_name not in (*_KEEPS, "Dense") and chain.flat and given is not None else 0.0
    if reading.class_name in _KEEPS:
        return MISMATCH
    if reading.class_name == "Functional" and given == 2 * wanted:
        return HALVED
    if reading.class_name == "Dense" and not chain.flat and wanted % given == 0:
        return FLATTENED
    return BRIDGED if chain.flat and given % wanted == 0 else MISMATCH
