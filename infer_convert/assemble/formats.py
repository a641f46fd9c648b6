"""Whether images were flattened channel by channel, which no kernel of Keras 2 and later shows: the rows of the Dense
kernel behind a Flatten may remember it, and what a Reshape and a Permute do at the end of a net."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from infer_convert.assemble.layout import channels_first
from infer_convert.assemble.numbers import Numbers, behind_flatten
from infer_convert.assemble.remembered import heard
from infer_convert.assemble.reshapes import MAPS
from infer_convert.assemble.settle import Settled
from infer_convert.clues.numbers import geometry
from infer_convert.clues.numbers.budget import OutOfWork
from infer_convert.clues.numbers.net import Net, of_draft
from infer_convert.facts import WeightFile
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan
from infer_convert.solve import plain

FIELD = "data_format"
SURE = 0.8
"""Of a layout other than the file's kernels have it (set by hand: 2 % of the files, and no answer of the clue was wrong
in 18 nets of strangers, FORENSICS §4, and 14 Flattens of ``benchmarks numbers``)."""


MEANT, KERNELS_TOO = 0.9, 0.99
"""Of images that stood channels_first where a Reshape makes a row of every map (of channels_last ones it would mix the
pixels), and where the kernels stand so, too (set by hand)."""


def with_formats(plan: Plan, settled: Settled, numbers: Numbers | None, facts: WeightFile) -> Plan:
    """The plan with ``data_format`` for every Flatten whose Dense kernel speaks against the layout of the file's
    kernels, and for every Reshape of maps into rows. It says how the lost net held its images; ``layout.py`` acts on
    it."""
    plan = _with_rows_of_maps(plan, settled, facts)
    if numbers is None:
        return plan
    expected, draft = numbers.flow.channels_first, settled.draft
    flat = [index for index, layer in enumerate(draft.layers) if layer.class_name == "Flatten"]
    net = of_draft(draft) if flat else None
    for index in flat:
        name, shape = draft.layers[index].name, settled.shapes[draft.layers[index].operands[0][0]]
        layer = next((each for each in plan.layers if each.name == name), None)
        if net is None or layer is None or len(shape) != 3 or None in shape or FIELD in layer.config:
            continue
        rows, columns, channels = (int(size or 0) for size in shape)
        try:
            with numbers.arrays.budget.spending():
                first = _channels_first(net, index, (rows, columns, channels), numbers)
        except OutOfWork:
            return plan
        if first in (None, expected):
            continue
        value, other = ("channels_first", "channels_last") if first else ("channels_last", "channels_first")
        said = f"rows of the next kernel resemble their neighbours on a {rows}×{columns} map as {value}, not as {other}"
        evidence = (Evidence("numbers/geometry", geometry.NATS, said),)
        decision = Decision(FIELD, value, SURE, Basis.INFERRED, (Option(other, 1 - SURE),), evidence)
        changed = replace(layer, config={**layer.config, FIELD: value}, decisions=(*layer.decisions, decision))
        plan = plan.with_layers(tuple(changed if each is layer else each for each in plan.layers))
    return plan


def _with_rows_of_maps(plan: Plan, settled: Settled, facts: WeightFile) -> Plan:
    for index, layer in enumerate(settled.draft.layers):
        if settled.config(index).get("_target", ("",))[0] != MAPS or FIELD in plan.layer(layer.name).config:
            continue
        said = "a Permute behind it makes a row of every pixel, which channels_last images need not"
        sure = KERNELS_TOO if channels_first(facts) else MEANT
        others = (Option("channels_last", 1 - sure),)
        decision = Decision(FIELD, "channels_first", sure, Basis.INFERRED, others, (Evidence("sizes", 0.0, said),))
        plan = plan.with_layers(
            tuple(
                replace(each, config={**each.config, FIELD: "channels_first"}, decisions=(*each.decisions, decision))
                if each.name == layer.name
                else each
                for each in plan.layers
            )
        )
    return plan


def _channels_first(net: Net, index: int, shape: tuple[int, int, int], numbers: Numbers) -> bool | None:
    """What the Dense kernel behind a Flatten says of a map of this shape."""
    dense = behind_flatten(net, index)
    if dense is None:
        return None
    hear = partial(geometry.channels_first, shape=shape)
    return heard(("channels first", shape), dense.uses, "kernel", numbers.arrays, hear, bool, plain.truth)
