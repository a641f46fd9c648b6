"""Readings of kernels that a convolution and a transposed one could own alike, weighed by the trained numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from infer_convert.assemble.numbers import FOR_WIRING, Numbers
from infer_convert.assemble.typed import Typed
from infer_convert.clues.numbers.budget import OutOfWork
from infer_convert.clues.numbers.kernels import CONVOLUTIONS, TRANSPOSED, Kernel, kernel_of
from infer_convert.clues.numbers.net import Node
from infer_convert.clues.numbers.orientation import upright
from infer_convert.layers.names import stem
from infer_convert.layers.recognise import Reading

TURNED = dict(zip(CONVOLUTIONS, TRANSPOSED, strict=True))


def oriented(typed: Sequence[Typed], numbers: Numbers | None) -> tuple[Typed, ...]:
    """A list of layers with weights alone, each pair of such readings weighed by the kernels in front and behind."""
    entries = list(typed)
    if numbers is None:
        return tuple(entries)
    try:
        with numbers.arrays.budget.spending(FOR_WIRING):
            for place, entry in enumerate(entries):
                pair = _pair(entry)
                if pair is not None:
                    entries[place] = _weighed(entries, place, pair, numbers)
    except OutOfWork:
        pass
    return tuple(entries)


def _pair(entry: Typed) -> tuple[Reading, Reading] | None:
    """The readings as a convolution and as a transposed one of a layer whose name tells neither."""
    by_class = {reading.class_name: reading for reading in reversed(entry.readings)}
    for plain, turned in TURNED.items():
        if plain in by_class and turned in by_class and "transpose" not in stem(entry.stored.name):
            found = by_class[plain], by_class[turned]
            shapes = [reading.fit.uses[0].shape for reading in found]
            return found if shapes[0] == shapes[1] and shapes[0][-1] == shapes[0][-2] else None
    return None


def _weighed(entries: Sequence[Typed], place: int, pair: tuple[Reading, Reading], numbers: Numbers) -> Typed:
    entry = entries[place]
    plain, turned = (_kernel(reading, numbers) for reading in pair)
    before = _kernel(entries[place - 1].best, numbers) if place else None
    behind = _kernel(entries[place + 1].best, numbers) if place + 1 < len(entries) else None
    if plain is None or turned is None:
        return entry
    nats = upright(plain, turned, before, behind, numbers.arrays.budget)
    if nats is None:
        return entry
    because = f"filters of the kernels beside it match it this way round ({abs(nats):.1f} nats)"
    favoured = pair[0] if nats > 0 else pair[1]
    readings = [
        replace(reading, log_prior=reading.log_prior + abs(nats), because=f"{reading.because}; {because}")
        if reading is favoured
        else reading
        for reading in entry.readings
    ]
    return replace(entry, readings=tuple(sorted(readings, key=lambda reading: -reading.log_prior)))


def _kernel(reading: Reading, numbers: Numbers) -> Kernel | None:
    uses = {use.variable: use for use in reading.fit.uses}
    return kernel_of(Node("", reading.class_name, reading.fit.config, (), uses), numbers.arrays)
