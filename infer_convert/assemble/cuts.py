"""Chains in which a layer takes fewer numbers than the one in front gives: ``x[..., :k]`` between them.

Functional code with slices leaves no layer that a list shows (Keras 3), or one whose name says no more than that it was
an operation (tf.Keras' ``slicing_op_lambda`` and ``tf_op_lambda`` in a ``.weights.h5``). Which numbers go on, the file
cannot tell: the first ones are a guess, and the report says so. Tried where nothing else suits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from infer_convert.assemble.chains import link, listed_layer, readings_that_chain
from infer_convert.assemble.typed import Typed, full_config
from infer_convert.draft import Draft, DraftLayer
from infer_convert.layers.card import Card, Config, Shape
from infer_convert.layers.recognise import UNKNOWN
from infer_convert.plan import Basis, Decision, Evidence

FIRST = 0.3
"""Confidence that the first numbers are those that go on (set by hand: slices from the start, from the end, of every
second, and parts of a split are all common)."""


def cut_chain(typed: Sequence[Typed]) -> Draft | None:
    """The list as a chain behind its one input, with a slice wherever a layer takes fewer channels than there are; None
    where it is no chain, or nothing has to be cut."""
    if not typed or not typed[0].is_input() or any(entry.is_input() for entry in typed[1:]):
        return None
    readings = readings_that_chain([_keeping(entry) for entry in typed[1:]])
    flows = [reading.card.flow(full_config(reading))[0] for reading in readings]
    if any(flow.operands[0] > 1 or reading.card is UNKNOWN for flow, reading in zip(flows, readings, strict=True)):
        return None
    layers = [DraftLayer(typed[0].stored.name, typed[0].best.card, {}, (), stored=typed[0].stored.name)]
    channels: int | None = None
    cuts = 0
    for entry, reading, flow in zip(typed[1:], readings, flows, strict=True):
        made = link(reading)
        if made.channels_in is not None and channels is not None and made.channels_in < channels:
            cuts += 1
            layers.append(_cut(f"cut_{cuts}", made.channels_in, channels, len(layers) - 1))
        layers.append(listed_layer(entry, reading, len(layers) - 1))
        channels = made.channels_out if flow.channels == "fixed" else channels if flow.channels == "same" else None
    return Draft(tuple(layers), ((len(layers) - 1, 0),)) if cuts else None


def _keeping(entry: Typed) -> Typed:
    """Without the reading that may do anything to its operand, where there is another one."""
    known = tuple(reading for reading in entry.readings if reading.card is not UNKNOWN)
    return replace(entry, readings=known or entry.readings)


def _cut(name: str, count: int, given: int, previous: int) -> DraftLayer:
    """``x[..., :count]``."""
    arguments = {"key": ["...", [0, count]]}

    def shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
        return (*shapes[0][:-1], count) if shapes[0] and shapes[0][-1] == given else None

    because = (
        f"{given} numbers come and the next layer takes {count}: something that the file does not show leaves out the"
        " rest; that the first ones go on is a guess"
    )
    decision = Decision("arguments", arguments, FIRST, Basis.ASSUMED, (), (Evidence("shapes", 0.0, because),))
    config = {"function": "getitem", "arguments": arguments}
    return DraftLayer(name, Card("Operation", shape=shape), config, (((previous, 0),),), decisions=(decision,))
