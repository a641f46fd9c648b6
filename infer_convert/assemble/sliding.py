"""All settings of a layer with a window at once: what they make of one side of a map depends on that side alone, not on
the others, the channels, or which of the layers it is. So a few short tables serve all such layers of all drafts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from infer_convert.assemble.chains import ABSENT
from infer_convert.clues.settings.choices import Setting
from infer_convert.draft import DraftLayer
from infer_convert.layers.across import is_across
from infer_convert.layers.card import Shape
from infer_convert.layers.pooling import WHOLE
from infer_convert.solve.options import AtOnce, ShapeFunction

SLIDING = ("MaxPooling", "AveragePooling", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv", "SeparableConv")
"""Beginnings of the names of classes that slide a window over a map and, if anything, set its channels."""
ARGUMENTS = ("kernel_size", "pool_size", "strides", "padding", "dilation_rate")
ROOM = 1 << 20
"""A side in which every window has room, while another side is looked at."""
TABLES = 16
"""Tables that are kept; each grows by one short row for every side that is met."""


def at_once(layer: DraftLayer, tried: Sequence[Setting], functions: Sequence[ShapeFunction]) -> AtOnce | None:
    """Gives every setting that suits an operand with its result, as ``functions`` do one by one. None for other layers,
    and where a setting is about more than the window."""
    name = layer.class_name
    if not name.startswith(SLIDING) or name.endswith("Transpose") or is_across(layer.config):
        return None
    if any(key not in (*ARGUMENTS, ABSENT) for setting in tried for key in setting.config):
        return None
    alone = [number for number, setting in enumerate(tried) if WHOLE in setting.config.values()]
    by_side = [each for each in enumerate(functions) if each[0] not in alone]
    axes = int(name[-2])
    variant = layer.card.flow(layer.config)[0]
    fixed, wanted, filters = variant.channels == "fixed", variant.channels_in, variant.channels_out
    rows = [_rows(name, _words(layer, tried), axis) for axis in range(axes)]

    def row(axis: int, side: int) -> dict[int, int]:
        """What every setting makes of a side that it has room in."""
        sides = [ROOM] * axes
        sides[axis] = side
        made = [(number, function(((*sides, None),))) for number, function in by_side]
        return {number: shape[axis] or 0 for number, shape in made if shape is not None}

    def results(operands: tuple[Shape, ...]) -> list[tuple[int, Shape]]:
        if not operands or len(operands[0]) != axes + 1 or (fixed and operands[0][-1] not in (None, wanted)):
            return []
        *sides, channels = operands[0]
        if None in sides:
            return _one_by_one(enumerate(functions), operands)
        last = filters if fixed else channels
        whole = _one_by_one([(number, functions[number]) for number in alone], operands) if alone else []
        found = []
        for known, axis, side in zip(rows, range(axes), sides, strict=True):
            assert side is not None
            if side not in known:
                known[side] = row(axis, side)
            found.append(known[side])
        if axes != 2:
            first, *rest = found
            fits = [number for number in first if all(number in other for other in rest)]
            return [(number, (*[each[number] for each in found], last)) for number in fits] + whole
        high, wide = found
        if len(high) < len(wide):
            return [(number, (side, wide[number], last)) for number, side in high.items() if number in wide] + whole
        return [(number, (high[number], side, last)) for number, side in wide.items() if number in high] + whole

    return results


def _one_by_one(
    functions: Iterable[tuple[int, ShapeFunction]], operands: tuple[Shape, ...]
) -> list[tuple[int, Shape]]:
    made = [(number, function(operands)) for number, function in functions]
    return [(number, shape) for number, shape in made if shape is not None]


def _words(layer: DraftLayer, tried: Sequence[Setting]) -> str:
    """Everything that the rows depend on."""
    fixed = [layer.config.get(key) for key in ARGUMENTS]
    return repr((fixed, [setting.config for setting in tried]))


@lru_cache(maxsize=TABLES)
def _rows(name: str, words: str, axis: int) -> dict[int, dict[int, int]]:
    return {}
