"""Residual blocks with a projection: whether a block halves the map is one question about all of it.

Where a shortcut is a convolution of one place, the block's other way must shrink by what the shortcut shrinks. Weighed
apart, the convolutions of that way speak against strides one by one, though only one of them can have it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from infer_convert.clues.settings.choices import Setting, settings
from infer_convert.clues.settings.places import Style, widening
from infer_convert.clues.settings.windows import first, kernel
from infer_convert.draft import Neighbourhood
from infer_convert.layers.passed import SHAPE_KEEPING

HALVES = {
    ("double", False): 2.6, ("more", False): 1.0, ("same", False): -1.0, ("less", False): -1.0,
    ("double", True): -1.8, ("more", True): -1.8, ("same", True): -2.2, ("less", True): -2.2,
}  # fmt: skip
"""Log odds of a block that halves its map, by how its shortcut widens and whether it is the net's first. Of shortcuts
that double the width behind the first block, in nets of at most two pools, 13.2 of 13.2 halve (families of references
and cases of the zoo's tune split, each counted once), of those of first blocks 0 of 4.3 (``benchmarks count-blocks``);
drawn nearer to even than such counts, since eight and six families are few."""
POOLED = -1.6
"""The same where more than two pools halve maps, and over time: 0 of 2.0 and 0 of 3.2."""
MOST_POOLS = 2
MOST_STEPS = 24
PADDING = ("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")


@dataclass(frozen=True, slots=True)
class Block:
    """The convolutions of the way beside a shortcut, and how the widths go: ``ratio`` of the shortcut's, ``leads`` in
    the first block of a net."""

    main: tuple[int, ...]
    ratio: str
    leads: bool


def with_blocks(near: Neighbourhood, style: Style, index: int, tried: tuple[Setting, ...]) -> tuple[Setting, ...]:
    """The settings of a layer; those of a projecting shortcut weighed so that its block halves as often as such blocks
    do, whatever the convolutions beside it say one by one."""
    known: dict[object, int] = near.notes.setdefault("first of their kinds", {})
    for kind, _ in tried[0].writes:
        known.setdefault(kind, index)
    block = blocks(near).get(index)
    if block is None or index in near.draft.preferred:
        return tried
    mine = _odds(tried)
    tries = (_odds(settings(near, style, i), known, i) for i in block.main if i not in near.draft.preferred)
    beside = [odds for odds in tries if odds is not None]
    if mine is None or not beside:
        return tried
    wanted = HALVES.get((block.ratio, block.leads), -1.0)
    if style.pools > MOST_POOLS or near.draft.layers[index].class_name.endswith("1D"):
        wanted = min(wanted, POOLED)
    gain = wanted - math.log(math.fsum(map(math.exp, beside))) - mine
    raised = [replace(s, log_prior=s.log_prior + gain) if _halves(s) else s for s in tried]
    total = math.log(math.fsum(math.exp(s.log_prior) for s in raised))
    return tuple(replace(s, log_prior=s.log_prior - total) for s in raised)


def _halves(setting: Setting) -> bool:
    return first(setting.config.get("strides", 1)) == 2


def _odds(
    tried: Sequence[Setting], known: Mapping[object, int] | None = None, index: int = 0
) -> float | None:
    """Log odds of a stride of 2 against none; with those of doing again what a layer of its kind did before."""
    shares: dict[int, list[float]] = {1: [], 2: []}
    before = {kind for kind, first_seen in (known or {}).items() if first_seen < index}
    for setting in tried:
        stride = first(setting.config.get("strides", 1))
        again = math.fsum(gain for kind, value, gain in setting.reads if kind in before and value == 1)
        if stride in shares:
            shares[stride].append(math.exp(setting.log_prior + again))
    if not all(shares.values()):
        return None
    return math.log(math.fsum(shares[2])) - math.log(math.fsum(shares[1]))


def blocks(near: Neighbourhood) -> Mapping[int, Block]:
    """The blocks by their shortcut's convolution."""
    found = near.notes.get("projected blocks")
    if found is None:
        found = near.notes["projected blocks"] = _found(near)
    return found


def _found(near: Neighbourhood) -> dict[int, Block]:
    found: dict[int, Block] = {}
    leads = True
    for index, layer in enumerate(near.draft.layers):
        producers = near.draft.producers(index)
        if layer.class_name != "Add" or len(producers) != 2:
            continue
        ways = [_way(near, producer) for producer in producers]
        fork = next((item for item in ways[0] if item in set(ways[1])), None)
        if fork is None:
            continue
        sides = [way[: way.index(fork)] for way in ways]
        convolutions = [_convolutions(near, side) for side in sides]
        for short, main in (convolutions, convolutions[::-1]):
            if short is None or main is None or len(short) != 1 or not main:
                continue
            config = near.draft.layers[short[0]].config
            if (kernel(config) == 1 and any(kernel(near.draft.layers[i].config) > 1 for i in main)) or len(main) > 1:
                found[short[0]] = Block(tuple(main), widening(config), leads)
                break
        leads = False
    return found


def _way(near: Neighbourhood, index: int) -> list[int]:
    """The layers that lead to ``index`` one behind the other, from the last."""
    way = [index]
    while len(way) < MOST_STEPS and len(set(near.draft.producers(way[-1]))) == 1:
        way.append(near.draft.producers(way[-1])[0])
    return way


def _convolutions(near: Neighbourhood, side: Sequence[int]) -> list[int] | None:
    """Those of one side; None where other layers change sizes too."""
    found = []
    for index in side:
        layer = near.draft.layers[index]
        if "Conv" in layer.class_name and not layer.class_name.endswith("Transpose") and "LSTM" not in layer.class_name:
            found.append(index)
        elif layer.class_name not in (*SHAPE_KEEPING, *PADDING, "Multiply"):
            return None
    return found

