"""Rows into which single-shot detectors reshape the maps of their heads.

Every place of a map has so many boxes, each with four coordinates and with a number for every class (SSD,
https://arxiv.org/abs/1512.02325; RetinaNet, https://arxiv.org/abs/1708.02002): the channels of both heads of a level
tell how many boxes and how many classes there are.
"""

from __future__ import annotations

import math
import re

from infer_convert.assemble.wanted import PASSING, channels_of
from infer_convert.clues.settings.choices import Setting
from infer_convert.draft import Draft, Neighbourhood

COORDINATES = 4
_BOXES = re.compile(r"box|loc|regr|coord|offset", re.IGNORECASE)


FIRST_AXIS = (Setting({"axis": 1}, math.log(0.97)), Setting({"axis": -1}, math.log(0.03)))
"""Rows of boxes are put below each other; set by hand."""


def along(near: Neighbourhood, index: int, tried: tuple[Setting, ...]) -> tuple[Setting, ...]:
    """The settings of a layer; of a Concatenate of such rows, along which axis it joins them."""
    if near.draft.layers[index].class_name != "Concatenate" or _heads(near, index) is None:
        return tried
    rows = [item for item in near.draft.producers(index) if row_of_head(near, item) is not None]
    return FIRST_AXIS if rows else tried


def row_of_head(near: Neighbourhood, index: int) -> int | None:
    """Numbers of a row that a Reshape makes of a head's map; None where it does not stand between convolutions and a
    Concatenate of such rows, or where the heads could be either kind."""
    joins = [item for item in near.after(index, PASSING) if near.draft.layers[item].class_name == "Concatenate"]
    own = _heads(near, joins[0]) if len(joins) == 1 else None
    if own is None:
        return None
    rows = set()
    for other, layer in enumerate(near.draft.layers):
        if layer.class_name != "Concatenate" or other == joins[0]:
            continue
        beside = _heads(near, other)
        if beside is None or len(beside) != len(own):
            continue
        classes, boxes = _classes(own, beside), _classes(beside, own)
        if classes and boxes:
            classes, boxes = (None, boxes) if _named(near.draft, joins[0]) else (classes, None)
            if _named(near.draft, joins[0]) == _named(near.draft, other):
                return None
        rows |= {classes} if classes else {COORDINATES} if boxes else set()
    return rows.pop() if len(rows) == 1 else None


def leads(near: Neighbourhood, index: int) -> bool:
    """Whether a Reshape is the first of those whose rows are joined: the others must have rows of its length, so that
    what speaks for one length speaks once."""
    joins = [item for item in near.after(index, PASSING) if near.draft.layers[item].class_name == "Concatenate"]
    return bool(joins) and index == min(near.draft.producers(joins[0]))


def _heads(near: Neighbourhood, join: int) -> list[int] | None:
    """Channels of the maps whose rows a Concatenate joins; None where it joins anything else."""
    draft, found = near.draft, []
    for operand in draft.producers(join):
        maps = list(near.before(operand)) if draft.layers[operand].class_name == "Reshape" else []
        channels = channels_of(draft, maps[0]) if len(maps) == 1 else None
        if not channels or "kernel_size" not in draft.layers[maps[0]].config:
            return None
        found.append(channels)
    return found if len(found) > 1 else None


def _classes(scores: list[int], boxes: list[int]) -> int | None:
    """How many classes there are if these are the channels of the two kinds of heads; None if they cannot be."""
    if any(each % COORDINATES for each in boxes):
        return None
    counts = [each // COORDINATES for each in boxes]
    found = {score // count if score % count == 0 else 0 for score, count in zip(scores, counts, strict=True)}
    return found.pop() or None if len(found) == 1 else None


def _named(draft: Draft, join: int) -> bool:
    """Whether names call what is joined boxes."""
    return any(_BOXES.search(draft.layers[item].name) for item in (join, *draft.producers(join)))
