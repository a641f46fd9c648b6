"""Rows that detectors make of their heads' maps."""

from __future__ import annotations

import pytest

from infer_convert.assemble.box_rows import FIRST_AXIS, along, leads, row_of_head
from infer_convert.draft import Neighbourhood

from ..clues.drafts import conv, draft

HEADS = """
    x InputLayer
    a Conv2D < x
    b Conv2D < a
    score_a Conv2D < a
    score_b Conv2D < b
    rows_a Reshape < score_a
    rows_b Reshape < score_b
    scores Concatenate < rows_a rows_b
    place_a Conv2D < a
    place_b Conv2D < b
    more_a Reshape < place_a
    more_b Reshape < place_b
    places Concatenate < more_a more_b
    out Concatenate < scores places
"""


def heads(scores: tuple[int, int], places: tuple[int, int], text: str = HEADS) -> Neighbourhood:
    widths = {"a": 8, "b": 8, "score_a": scores[0], "score_b": scores[1], "place_a": places[0], "place_b": places[1]}
    made = {name: conv(3, 8, width) for name, width in widths.items()}
    for name in list(made):
        made[name.replace("place", "box")] = made[name]
    lines = "\n".join(line.strip() for line in text.strip().splitlines())
    there = {line.split()[0] for line in lines.splitlines()}
    return Neighbourhood.of(draft(lines, **{name: config for name, config in made.items() if name in there}))


def at(near: Neighbourhood, name: str) -> int:
    return [layer.name for layer in near.draft.layers].index(name)


@pytest.mark.parametrize(
    ("scores", "places", "expected"),
    [
        ((24, 24), (16, 16), (6, 4)),  # 4 boxes of 6 classes
        ((24, 36), (16, 24), (6, 4)),  # 4 boxes, then 6
        ((84, 126), (16, 24), (21, 4)),
        ((20, 20), (16, 16), (5, 4)),
        ((24, 30), (16, 16), (None, None)),  # no number of classes
        ((16, 16), (16, 16), (None, None)),  # either could be the boxes
        ((7, 9), (5, 3), (None, None)),
    ],
)
def test_both_heads_tell_how_many_classes_there_are(
    scores: tuple[int, int], places: tuple[int, int], expected: tuple[int | None, int | None]
) -> None:
    near = heads(scores, places)
    assert (row_of_head(near, at(near, "rows_a")), row_of_head(near, at(near, "more_b"))) == expected
    found = along(near, at(near, "scores"), ())
    assert found == (FIRST_AXIS if expected[0] else ())
    assert along(near, at(near, "out"), ()) == () and along(near, at(near, "a"), ()) == ()


def test_names_tell_which_are_the_boxes() -> None:
    """64 and 16 channels: 16 classes of 4 boxes, or 4 coordinates of 16 boxes with a single score."""
    near = heads((64, 64), (16, 16))
    assert row_of_head(near, at(near, "rows_a")) is None
    named = heads((64, 64), (16, 16), HEADS.replace("place", "box"))
    assert row_of_head(named, at(named, "rows_a")) == 16
    assert row_of_head(named, at(named, "more_a")) == 4


def test_other_reshapes_make_no_rows() -> None:
    near = heads((24, 24), (16, 16), HEADS.replace("rows_b Reshape < score_b", "rows_b Flatten < score_b"))
    assert row_of_head(near, at(near, "rows_a")) is None


def test_of_rows_that_are_joined_only_the_first_tells_their_length() -> None:
    near = heads((32, 48), (8, 12))
    assert [leads(near, at(near, name)) for name in ("rows_a", "rows_b", "more_a", "more_b")] == [
        True, False, True, False
    ]  # fmt: skip
