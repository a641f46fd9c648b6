"""Targets of a Reshape, which leaves nothing in the file: what stands behind it demands them."""

from __future__ import annotations

import math

from infer_convert.assemble.box_rows import leads, row_of_head
from infer_convert.assemble.wanted import PASSING, channels_of, even_shares, side_of, wanted
from infer_convert.clues.settings.choices import Setting
from infer_convert.draft import Draft, DraftLayer, Neighbourhood
from infer_convert.layers.card import Shape
from infer_convert.layers.passed import NORMALISATIONS, SHAPE_KEEPING
from infer_convert.solve.options import ShapeFunction


def targets(
    near: Neighbourhood, index: int, layer: DraftLayer
) -> tuple[tuple[Setting, ...], tuple[ShapeFunction, ...]]:
    """Targets of a Reshape: what the next layer with weights demands first, then other numbers of axes. A Reshape that
    changes nothing would not have been written."""
    want = wanted(near.draft, index)
    known = near.draft.preferred.get(index)
    target = tuple(known.config.get("target_shape") or ()) if known is not None else ()
    if len(target) == 1 and target[0] != -1:
        target = (-1,)
    axes = layer.config.get("_axes", len(target) or want.axes or _axes_of_gated(near, index))
    channels = layer.config.get("_channels", want.channels)
    tried, functions = [], []
    if target and len(target) > 1:
        for one in dict.fromkeys((target, (*target[:-1], -1))):
            tried.append(Setting({"_target": (len(target), one)}, -0.01 if one == target else OTHER_WIDTH))
            functions.append(_exactly(layer, one))
    if (
        not target
        and axes is None
        and all(near.draft.layers[item].class_name in PASSING for item in near.consumers[index])
    ):
        for last, score in IMAGES_AT_THE_END:
            tried.append(Setting({"_target": ("image", last)}, score))
            functions.append(_image(last))
    if not target and any(near.draft.layers[item].class_name == "Dot" for item in near.consumers[index]):
        tried.append(Setting({"_target": ("square", None)}, SQUARE))
        functions.append(_square)
    weighed = _rows_weighed(near, index) if not target else None
    if weighed:
        tried.append(Setting({"_target": ("weighed", weighed)}, SQUARE))
        functions.append(_so_many_rows(weighed))
    drawn = not target and holds_maps(near, index)
    if drawn:
        tried.append(Setting({"_target": (MAPS, None)}, MAPS_IN_FRONT))
        functions.append(_maps)
    row = row_of_head(near, index) if not target else None
    if row is not None:
        tried.append(Setting({"_target": (2, row)}, ROWS))
        functions.append(_reshaper(2, row))
    rows = _rows(channels) if not target and channels and axes == 2 and reads_rows(near.draft, index) else None
    if rows is not None:
        tried.append(Setting({"_target": ("rows", channels)}, ROWS))
        functions.append(rows)
    for last in () if target else _parts(near, index, axes, channels):
        tried.append(Setting({"_target": (axes, last)}, PART_OF_SUM))
        functions.append(_even(axes or 0, last))
    follows = row is not None and not leads(near, index)
    for count in (1, 2, 3, 4):
        expected = (count == axes and rows is None and row is None) or (count == 2 and follows)
        score = (OTHER_TARGET if target else 0.0) + (-0.1 if expected else -3.0)
        if layer.stored is not None and _keeps(near, index, count):
            score -= 5.0
        for last in dict.fromkeys((channels, None) if count == axes else (channels,)):
            if (count, last) == (2, row):
                continue
            tried.append(Setting({"_target": (count, last)}, score - (0.0 if last is not None else 1.0)))
            own = _reshaper(count, last)
            own = own if rows is None else _unless(own, rows)
            own = _unless(own, _maps) if drawn else own
            functions.append(own if last == channels else _unless(own, _reshaper(count, channels)))
    return tuple(tried), tuple(functions)


ROWS = -0.1
"""Nats for a row of a map as a step of a sequence."""


def reads_rows(draft: Draft, index: int) -> bool:
    """Whether a Reshape may make the rows of a map the steps of a sequence, as nets over spectrograms and lines of text
    do (CRNN, https://arxiv.org/abs/1507.05717): it stands between a map and a recurrent layer."""
    if draft.layers[index].class_name != "Reshape":
        return False
    near = Neighbourhood.of(draft)
    passed = (*PASSING, *NORMALISATIONS)
    front = {draft.layers[item].class_name for item in near.before(index, passed)}
    behind = {draft.layers[item].class_name for item in near.after(index, (*passed, "Dense"))}
    maps = bool(front) and front <= {"Conv2D", "SeparableConv2D"}
    return maps and bool(behind & {"LSTM", "GRU", "SimpleRNN", "Bidirectional"})


def _rows(channels: int) -> ShapeFunction:
    """To as many steps as the map has rows, if a row has so many numbers."""

    def shape(shapes: tuple[Shape, ...]) -> Shape | None:
        if len(shapes[0]) != 3 or None in shapes[0][1:]:
            return None
        height, width, depth = shapes[0]
        return (height, channels) if (width or 0) * (depth or 0) == channels else None

    return shape


MAPS = "maps"
"""The target of a Reshape that makes a row of every map."""
MAPS_IN_FRONT = -0.1
"""Nats for that where ``holds_maps``."""


def holds_maps(near: Neighbourhood, index: int) -> bool:
    """Whether a Reshape makes a row of every map, for a Permute to make a row of every pixel: how a net ends whose
    images stand channels_first and whose classes are asked pixel by pixel (``Reshape((classes, h * w))``,
    ``Permute((2, 1))``, softmax). Images that stand channels_last need no Permute for it."""
    layers = near.draft.layers
    front = [layers[item].class_name for item in near.before(index, SHAPE_KEEPING)]
    turned = near.consumers[index]
    if front != ["Conv2D"] or [layers[item].class_name for item in turned] != ["Permute"]:
        return False
    return next(near.after(turned[0], SHAPE_KEEPING), None) is None


def _maps(shapes: tuple[Shape, ...]) -> Shape | None:
    """(rows, columns, channels) as (channels, pixels)."""
    if len(shapes[0]) != 3 or shapes[0][-1] is None:
        return None
    height, width, channels = shapes[0]
    return (channels, None if height is None or width is None else height * width)


def _axes_of_gated(near: Neighbourhood, index: int) -> int | None:
    """The axes of the map that a Reshape's result is multiplied with: gates are made as wide as what they gate."""
    layers = near.draft.layers
    for merge in near.after(index, SHAPE_KEEPING):
        if layers[merge].class_name != "Multiply":
            continue
        for other in near.draft.producers(merge):
            while layers[other].class_name in SHAPE_KEEPING and near.draft.producers(other):
                other = near.draft.producers(other)[0]
            if "kernel_size" in layers[other].config:
                return len(layers[other].config["kernel_size"]) + 1
    return None


OTHER_WIDTH, OTHER_TARGET = -7.0, -12.0
"""Nats for a known architecture's target of a Reshape with another last axis, and for other targets in its place."""


PART_OF_SUM = -0.7
"""Nats for every number of channels that makes even maps of values that a Concatenate joins with others."""


def _parts(near: Neighbourhood, index: int, axes: int | None, most: int | None) -> list[int]:
    """Channels, ``most`` of them, that a Reshape may bring to a Concatenate."""
    joined = any(near.draft.layers[item].class_name == "Concatenate" for item in near.after(index, PASSING))
    return even_shares(near.draft, index, axes, most + 1) if joined and axes and most else []


def _even(axes: int, channels: int) -> ShapeFunction:
    """To so many axes, all but the channels of one length, if the numbers are right for it."""

    def shape(shapes: tuple[Shape, ...]) -> Shape | None:
        if None in shapes[0]:
            return None
        size, rest = divmod(math.prod(length for length in shapes[0] if length is not None), channels)
        side = 0 if rest else side_of(size, axes - 1)
        return (*(side,) * (axes - 1), channels) if side else None

    return shape


SQUARE = -0.5
"""Nats for a square matrix, where a Dot multiplies by it."""


def _square(shapes: tuple[Shape, ...]) -> Shape | None:
    """To a square matrix, if the numbers are right for one."""
    if None in shapes[0]:
        return None
    total = math.prod(length for length in shapes[0] if length is not None)
    side = math.isqrt(total)
    return (side, side) if len(shapes[0]) == 1 and side > 1 and side * side == total else None


def _rows_weighed(near: Neighbourhood, index: int) -> int | None:
    """How many rows a vector weighs that a Dot multiplies with the Reshape's result: a gate has one number for every
    expert (https://doi.org/10.1145/3219819.3220007)."""
    layers = near.draft.layers
    dots = [item for item in near.after(index, PASSING) if layers[item].class_name == "Dot"]
    gates = {
        channels_of(near.draft, other)
        for dot in dots
        for other in near.draft.producers(dot)
        if other != index and any(layers[item].class_name == "Dense" for item in _at_or_before(near, other))
    }
    return gates.pop() if len(gates) == 1 else None


def _at_or_before(near: Neighbourhood, index: int) -> list[int]:
    """A layer, or those in front where it keeps shapes."""
    keeps = near.draft.layers[index].class_name in SHAPE_KEEPING
    return list(near.before(index, SHAPE_KEEPING)) if keeps else [index]


def _so_many_rows(count: int) -> ShapeFunction:
    """To so many rows, if the numbers are right for them."""

    def shape(shapes: tuple[Shape, ...]) -> Shape | None:
        (given,) = shapes
        if len(given) != 1 or given[0] is None or given[0] % count or given[0] == count:
            return None
        return (count, given[0] // count)

    return shape


IMAGES_AT_THE_END = ((1, -0.7), (3, -0.7))
"""Channels of square images into which the last values of a net are put, with their log priors."""


def _image(channels: int) -> ShapeFunction:
    """To a square image, if the numbers are right for one."""

    def shape(shapes: tuple[Shape, ...]) -> Shape | None:
        if None in shapes[0]:
            return None
        side = math.isqrt(math.prod(length for length in shapes[0] if length is not None) // channels)
        found = (side, side, channels)
        return found if side > 2 and math.prod(found) == math.prod(shapes[0]) else None  # type: ignore[arg-type]

    return shape


def _exactly(layer: DraftLayer, target: Shape) -> ShapeFunction:
    return lambda shapes: layer.card.shape({"target_shape": list(target)}, shapes)


def _keeps(near: Neighbourhood, index: int, axes: int) -> bool:
    """Whether a Reshape to so many axes stands behind a layer that gives as many: it would change little."""
    producer = near.draft.layers[near.draft.producers(index)[0]]
    if producer.class_name == "InputLayer":
        return False
    variant = producer.card.flow(producer.config)[0]
    outs = {rank_out - 1 for _, rank_out in variant.ranks}
    return outs == {axes}


def _reshaper(axes: int, channels: int | None) -> ShapeFunction:
    def reshape(shapes: tuple[Shape, ...]) -> Shape | None:
        shape = shapes[0]
        if axes == len(shape) and channels in (None, shape[-1]):
            return shape
        if axes == len(shape) + 1 and channels == 1:
            return (*shape, 1)
        if None in shape:
            return None if channels is None else (*(None,) * (axes - 1), channels)
        total = math.prod(length for length in shape if length is not None)
        if axes == 1:
            return (total,)
        last = channels if channels is not None else (shape[-1] if shape[-1] and total % shape[-1] == 0 else 1)
        if total % last:
            return None
        rest = total // last
        if axes == 2:
            return (rest, last)
        if side := side_of(rest, axes - 1):
            return (*(side,) * (axes - 1), last)
        if axes == 3:
            height = next((h for h in range(math.isqrt(rest), 0, -1) if rest % h == 0), 1)
            return (height, rest // height, last)
        return None

    return reshape


def _unless(function: ShapeFunction, other: ShapeFunction) -> ShapeFunction:
    """Nothing where ``other`` gives the same: one target is one answer, whatever led to it."""

    def shape(shapes: tuple[Shape, ...]) -> Shape | None:
        found = function(shapes)
        return None if found == other(shapes) else found

    return shape
