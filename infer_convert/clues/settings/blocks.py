"""Blocks with two ways or more: whether one halves the map is one question about all of it.

Where a shortcut is a convolution of one place or a pool, or where a pool stands in a concatenation beside convolutions,
every other way must shrink by what it shrinks. Weighed apart, the convolutions of these ways speak against strides one
by one, though of each way only one can have it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from infer_convert.clues.settings.choices import Setting, settings
from infer_convert.clues.settings.places import Style, widening
from infer_convert.clues.settings.ways import sides_of
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
POOLS = {"Add": 2.0, "Concatenate": 2.6}
"""The same where a pool is the shortcut, and where one stands right in front of a concatenation: 1.5 of 1.5 of one
family, 5.2 of 5.2 of four."""
MOST_POOLS = 2
PADDING = ("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
WINDOWS = ("MaxPooling", "AveragePooling")


@dataclass(frozen=True, slots=True)
class Block:
    """The convolutions of every way beside a shortcut (or beside the pool that stands for one), and how the widths go:
    ``ratio`` of the shortcut's, or the class that a pool leads to; ``leads`` in the first block of a net."""

    ways: tuple[tuple[int, ...], ...]
    ratio: str
    leads: bool


def with_blocks(near: Neighbourhood, style: Style, index: int, tried: tuple[Setting, ...]) -> tuple[Setting, ...]:
    """The settings of a layer; those of a shortcut weighed so that its block halves as often as such blocks do,
    whatever the convolutions beside it say one by one."""
    known: dict[object, int] = near.notes.setdefault("first of their kinds", {})
    for kind, _ in tried[0].writes:
        known.setdefault(kind, index)
    block = blocks(near).get(index)
    if block is None or index in near.draft.preferred:
        return tried
    mine = _odds(tried)
    beside = []
    for way in block.ways:
        tries = (_odds(settings(near, style, i), known, i) for i in way if i not in near.draft.preferred)
        beside.append([odds for odds in tries if odds is not None])
    if mine is None or not all(beside):
        return tried
    gain = _wanted(near, style, index, block) - mine
    gain -= math.fsum(math.log(math.fsum(map(math.exp, way))) for way in beside)
    raised = [replace(s, log_prior=s.log_prior + gain) if _halves(s) else s for s in tried]
    total = math.log(math.fsum(math.exp(s.log_prior) for s in raised))
    return tuple(replace(s, log_prior=s.log_prior - total) for s in raised)


def _wanted(near: Neighbourhood, style: Style, index: int, block: Block) -> float:
    if block.ratio in POOLS:
        return POOLS[block.ratio]
    wanted = HALVES.get((block.ratio, block.leads), -1.0)
    timed = near.draft.layers[index].class_name.endswith("1D")
    return min(wanted, POOLED) if timed or style.pools > MOST_POOLS else wanted


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
    """The blocks by the convolution or the pool of their shortcut."""
    found = near.notes.get("blocks")
    if found is None:
        found = near.notes["blocks"] = dict(_found(near))
    return found


def _found(near: Neighbourhood) -> Iterator[tuple[int, Block]]:
    leads = True
    for index, layer in enumerate(near.draft.layers):
        producers = near.draft.producers(index)
        if layer.class_name not in POOLS or len(producers) < 2:
            continue
        sides = sides_of(near, producers)
        if sides is None:
            continue
        found = _pooled(near, layer.class_name, sides, leads)
        if layer.class_name == "Add":
            found = found or _projected(near, sides, leads)
            leads = False
        if found is not None:
            yield found


def _projected(near: Neighbourhood, sides: Sequence[Sequence[int]], leads: bool) -> tuple[int, Block] | None:
    """The block whose shortcut is a convolution."""
    if len(sides) != 2:
        return None
    convolutions = [_convolutions(near, side) for side in sides]
    for short, main in (convolutions, convolutions[::-1]):
        if short is None or main is None or len(short) != 1 or not main:
            continue
        config = near.draft.layers[short[0]].config
        if (kernel(config) == 1 and any(kernel(near.draft.layers[i].config) > 1 for i in main)) or len(main) > 1:
            return short[0], Block((tuple(main),), widening(config), leads)
    return None


def _pooled(near: Neighbourhood, merge: str, sides: Sequence[Sequence[int]], leads: bool) -> tuple[int, Block] | None:
    """The block whose shortcut is a pool alone, every other way having convolutions."""
    pools = [_pool_alone(near, side, projected=merge == "Add") for side in sides]
    alone = [pool for pool in pools if pool is not None]
    ways = [_convolutions(near, side) for side, pool in zip(sides, pools, strict=True) if pool is None]
    if len(alone) != 1 or not ways or not all(ways):
        return None
    return alone[0], Block(tuple(tuple(way) for way in ways if way), merge, leads)


def _pool_alone(near: Neighbourhood, side: Sequence[int], projected: bool) -> int | None:
    """The pool of a way that has nothing else to change sizes. ``projected``: a convolution of one place may widen what
    it pools, as in ResNet-D (https://arxiv.org/abs/1812.01187) and nets for ECGs; in front of a concatenation such a
    convolution stands behind pools without strides."""
    changing = [i for i in side if near.draft.layers[i].class_name not in SHAPE_KEEPING]
    if projected:
        changing = [i for i in changing if not _is_projection(near, i)]
    return changing[0] if len(changing) == 1 and near.draft.layers[changing[0]].class_name.startswith(WINDOWS) else None


def _is_projection(near: Neighbourhood, index: int) -> bool:
    layer = near.draft.layers[index]
    return layer.class_name.startswith("Conv") and kernel(layer.config) == 1


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
