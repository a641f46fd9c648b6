"""A second run takes the matches of the first one, and none that the file or the library contradicts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from infer_convert.library import recalled
from infer_convert.library.match import Seen, find
from infer_convert.solve.notes import noting
from tests.library.test_match import known

Row = list[Any]


def seen(name: str, count: int | None = None) -> list[Seen]:
    """The listed layers of a reference as a file without names shows them; the first ``count`` ones if given."""
    layers = [layer for layer in known(name).layers if layer.listed][:count]
    return [Seen(tuple(sorted(layer.shapes())), {layer.class_name: 0.0}) for layer in layers]


def noted(items: list[Seen], listed: bool = True, without: frozenset[str] = frozenset()) -> tuple[Any, dict[str, Any]]:
    with noting({}) as notes:
        found = recalled.matches(items, listed, without)
    return found, json.loads(json.dumps(notes))


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(("name", "count"), [("VGG16", None), ("MobileNetV2", 40)])
def test_matches_are_the_same_and_nothing_is_compared_again(
    name: str, count: int | None, listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [item for item in seen(name, count) if listed or item.shapes]
    first, notes = noted(items, listed)
    assert first == find(items, listed) and first
    monkeypatch.setattr(recalled, "find", lambda *_: pytest.fail("compared again"))
    with noting(notes):
        assert recalled.matches(items, listed) == first


def test_other_layers_or_families_are_another_question() -> None:
    items = seen("VGG16")
    first, notes = noted(items)
    with noting(notes):
        assert recalled.matches(items[:-1], True) == find(items[:-1], True)
        without = frozenset({first[0].reference.family})
        assert recalled.matches(items, True, without) == find(items, True, without) != first


def spoil(row: Row, place: int, value: Any) -> Row:
    return [*row[:place], value, *row[place + 1 :]]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "../index"), (0, "index"), (0, 3), (1, 10_000), (1, -1), (2, []), (2, [[0, 1], [0, 2]]), (2, [[0, 9_999]]),
        (2, [[9_999, 0]]), (3, None), (4, 9_999), (5, 9_999), (6, 1), (7, None),
    ],
)  # fmt: skip
def test_what_cannot_be_a_match_is_not_believed(place: int, value: Any) -> None:
    items = seen("VGG16")
    first, notes = noted(items)
    ((key, rows),) = notes.items()
    with noting({key: [spoil(rows[0], place, value), *rows[1:]]}):
        assert recalled.matches(items, True) == first


def test_a_match_of_a_family_that_is_left_out_is_not_believed() -> None:
    items = seen("VGG16")
    first, notes = noted(items)
    without = frozenset({first[0].reference.family})
    ((_, rows),) = notes.items()
    wanted, other = noted(items, without=without)
    ((key, _),) = other.items()
    with noting({key: rows}):
        assert recalled.matches(items, True, without) == wanted


def test_the_place_in_the_family_is_kept_when_nested_models_dissolve() -> None:
    reference = replace(known("VGG16"), number=7)
    assert reference.flat().number == 7
