"""Layers with several operands."""

from __future__ import annotations

from infer_convert.layers.card import Card, Config, Shape
from infer_convert.solve.items import SAME_RANKS, Variant


def broadcast(shapes: tuple[Shape, ...]) -> Shape | None:
    """The common shape of an elementwise merge, or None. Axes of 1 stretch; missing axes are put in front of the
    others but behind the batch (Keras ``keras/src/layers/merging/base_merge.py``)."""
    rank = max(len(shape) for shape in shapes)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    result: list[int | None] = []
    for lengths in zip(*padded, strict=True):
        known = {length for length in lengths if length not in (1, None)}
        if len(known) > 1:
            return None
        result.append(known.pop() if known else None if None in lengths else 1)
    return tuple(result)


def _elementwise_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    return broadcast(shapes)


def _equal_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    """Add and its kin: broadcasting is possible in Keras, but a spatial size of 1 against more is a wrong size."""
    shape = broadcast(shapes)
    if shape is None or any(len(item) != len(shape) for item in shapes):
        return shape
    spatial = [item[:-1] for item in shapes]
    return (
        shape
        if all(one in (1, None) or one == other for item in spatial for one, other in zip(item, shape, strict=False))
        else None
    )


def _concatenate_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    if len({len(shape) for shape in shapes}) != 1:
        return None
    rank = len(shapes[0])
    axis = config.get("axis", -1)
    position = axis if axis < 0 else axis - 1 - rank
    result: list[int | None] = []
    for index, lengths in enumerate(zip(*shapes, strict=True)):
        if index - rank == position:
            result.append(None if None in lengths else sum(length for length in lengths if length is not None))
            continue
        known = {length for length in lengths if length is not None}
        if len(known) > 1:
            return None
        result.append(known.pop() if known else None)
    return tuple(result)


LAST = -1
"""The axes of a Dot that sums over both operands' last ones, as most are written."""
PRODUCTS: tuple[int | list[int], ...] = (LAST, [2, 1], 1, [1, 2])
"""Axes that a Dot could have: behind scores of attention ``[2, 1]`` mixes values, ``1`` sums over places; vectors have
one axis, so that nothing is open."""


def _dot_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    """Keras ``keras/src/layers/merging/dot.py``; axes count the batch."""
    if len(shapes) != 2:
        return None
    first, second = shapes
    axes = config.get("axes", LAST)
    if len(first) == len(second) == 1:
        return (1,) if axes == LAST and (first == second or None in (*first, *second)) else None
    left, right = (axes, axes) if isinstance(axes, int) else axes
    places = [axis % (len(shape) + 1) - 1 for axis, shape in ((left, first), (right, second))]
    if any(not 0 <= place < len(shape) for place, shape in zip(places, shapes, strict=True)):
        return None
    kept = [shape[:place] + shape[place + 1 :] for place, shape in zip(places, shapes, strict=True)]
    return (*kept[0], *kept[1]) if first[places[0]] == second[places[1]] else None


def _dot_choices(config: Config) -> tuple[Config, ...]:
    return tuple({"axes": axes} for axes in PRODUCTS)


MOST_SUMMED = 64
"""Operands of one merge: a WaveNet sums the skips of all its blocks, an ensemble averages its members."""


ROWS = frozenset({(3, 3)})
"""Rank in and out of what has rows, batch included."""


def _elementwise_flow(label: str, most: int, broadcasts: bool) -> tuple[Variant, ...]:
    return (Variant(label=label, operands=(2, most), broadcasts=broadcasts),)


def _concatenate_flow(config: Config) -> tuple[Variant, ...]:
    if config.get("axis") == 1:  # rows below each other
        return (Variant(label="Concatenate", operands=(2, MOST_SUMMED), ranks=ROWS),)
    return (Variant(label="Concatenate", operands=(2, MOST_SUMMED), channels="sum"),)


def _dot_flow(config: Config) -> tuple[Variant, ...]:
    ranks = SAME_RANKS | {(3, 2)}  # a vector weighs the rows of a matrix
    return (Variant(label="Dot", operands=(2, 2), ranks=ranks, channels="any", broadcasts=True),)


def _elementwise(class_name: str, *words: tuple[str, float], most: int = MOST_SUMMED, broadcasts: bool = False) -> Card:
    return Card(
        class_name,
        words=words,
        flow=lambda config: _elementwise_flow(class_name, most, broadcasts),
        shape=_elementwise_shape if broadcasts else _equal_shape,
    )


CONCATENATE = Card(
    "Concatenate",
    stems=("concat",),
    words=(
        ("concat", 4.0),
        ("concatenate", 4.0),
        ("concatenated", 4.0),
        ("cat", 2.5),
        ("merged", 2.0),
        ("merge", 2.0),
        ("mixed", 3.0),
        ("join", 2.0),
    ),
    flow=_concatenate_flow,
    shape=_concatenate_shape,
    assumed={"axis": -1},
)

ADD = _elementwise(
    "Add",
    ("add", 4.0),
    ("sum", 3.0),
    ("residual", 2.0),
    ("shortcut", 1.5),
    ("skip", 1.5),
    ("merge", 1.5),
    ("plus", 2.0),
    ("res", 1.0),
)

CARDS = (
    ADD,
    CONCATENATE,
    _elementwise(
        "Multiply",
        ("multiply", 4.0),
        ("mul", 3.5),
        ("scale", 2.0),
        ("excite", 3.0),
        ("gate", 1.0),
        ("gated", 3.5),
        most=4,
        broadcasts=True,
    ),
    _elementwise("Average", ("average", 2.5), ("mean", 1.0), ("ensemble", 1.0)),
    _elementwise("Maximum", ("maximum", 4.0), ("maxout", 2.0)),
    _elementwise("Minimum", ("minimum", 4.0)),
    _elementwise("Subtract", ("subtract", 4.0), ("sub", 2.5), ("difference", 2.0), most=2, broadcasts=True),
    Card("Dot", words=(("dot", 4.0), ("cosine", 2.0)), flow=_dot_flow, shape=_dot_shape, choices=_dot_choices),
)

MERGE_VARIANTS = ("Concatenate", "Add", "Multiply", "Average", "Maximum", "Dot")
"""What a Keras 1 ``Merge`` / ``merge_1`` could be, most usual first."""
