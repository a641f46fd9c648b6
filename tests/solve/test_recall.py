"""Searches that are not repeated: only for the same question, and never with an answer that is no graph."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from infer_convert.solve import notes, recall
from infer_convert.solve.items import Item, Variant, Wiring
from infer_convert.solve.wiring import WiringResult

ITEMS = (
    Item("in", (Variant("Input", operands=(0, 0)),)),
    Item("a", (Variant("Dense"),)),
    Item("b", (Variant("Dense"), Variant("Other"))),
)
CHAIN = Wiring((0, 0, 1), ((), (((0, 0),),), (((3, 0),),)), ((2, 0),), -1.5, 1.0, frozenset({2}), (((0, 0), (1, 0)),))


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    for kept in (recall._KNOWN, recall._VAIN):
        kept.clear()
    yield
    for kept in (recall._KNOWN, recall._VAIN):
        kept.clear()


def asked(searched: list[int], rest: object = None) -> tuple[Wiring, ...]:
    def find() -> tuple[Wiring, ...]:
        searched.append(1)
        return (CHAIN,)

    return recall.recalled(ITEMS, rest, find)


def test_the_same_question_is_searched_once() -> None:
    searched: list[int] = []
    assert asked(searched) == asked(searched) == (CHAIN,)
    assert len(searched) == 1
    asked(searched, "another")
    assert len(searched) == 2


def test_the_same_search_in_vain_is_made_once() -> None:
    searched: list[int] = []
    vain, found = WiringResult((), 1, "nothing fits"), WiringResult((CHAIN,))

    def result(answer: WiringResult, rest: object = None) -> WiringResult:
        def find() -> WiringResult:
            searched.append(1)
            return answer

        return recall.searched(ITEMS, rest, find)

    assert result(vain) is result(vain) is vain
    assert len(searched) == 1
    assert result(found, "another") is result(found, "another") is found
    assert len(searched) == 3, "what was found is kept elsewhere"


def test_an_answer_survives_as_json() -> None:
    with notes.noting({}) as found:
        asked([])
    recall._KNOWN.clear()
    searched: list[int] = []
    with notes.noting(json.loads(json.dumps(found))) as more:
        assert asked(searched) == (CHAIN,)
    assert not searched
    assert more == found
    recall._KNOWN.clear()
    asked(searched)
    assert searched  # what was learnt is forgotten behind the block


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((0, 0, 2), 2),
        ((0, 1, 1, 0, 0), [2, 0]),  # a cycle
        ((0, 1, 1, 0, 0), [7, 0]),
        ((0, 1, 1, 0, 0), [0, 1]),
        ((0, 1), []),
        ((0, 2), []),
        ((0, 3), "x"),
        ((0, 6, 0, 0), [2, 0]),  # a cycle through a sum
        ((0, 6), []),
        ((0,), {}),
    ],
)
def test_what_is_no_graph_is_searched_anew(place: tuple[int, ...], value: Any) -> None:
    with notes.noting({}) as found:
        asked([])
    (key,) = found
    spoilt = json.loads(json.dumps(found))
    inside = spoilt[key]
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    recall._KNOWN.clear()
    searched: list[int] = []
    with notes.noting(spoilt):
        assert asked(searched) == (CHAIN,)
    assert searched


def test_everything_that_a_search_takes_and_gives_is_told() -> None:
    """A new field must enter ``question``, or come back from ``_plain``."""
    assert [field.name for field in fields(Item)] == ["name", "variants"]
    assert [field.name for field in fields(Variant)] == [
        "label", "operands", "ranks", "channels_in", "channels_out", "channels", "scale", "broadcasts", "log_prior",
        "state", "takes_state",
    ]  # fmt: skip
    assert len(fields(Wiring)) == len(recall._plain(CHAIN)) == 8
