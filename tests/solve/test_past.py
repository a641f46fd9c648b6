"""What a partial wiring remembers, and what Keras' order says about it."""

from __future__ import annotations

from infer_convert.solve.items import Variant
from infer_convert.solve.past import CHUNK, History, Memory, Row
from infer_convert.solve.state import Slot, State, contradictory, opened

TOWERS = """
    9 0
    8 1 9
    7 2 8
    6 3 7
    5 3 7
    4 4 6
    3 4 5
    2 5 3 8
"""
"""Item, depth, consumers: two towers (3 5 and 4 6) into the Concatenate 7; the trunk 2 feeds the first tower and, as a
shortcut, the Add 8."""


def state(text: str, *precedence: tuple[int, int, int]) -> State:
    rows = [[int(word) for word in line.split()] for line in text.strip().splitlines()]
    found = State(rows[0][0], precedence=frozenset(precedence))
    for item, depth, *consumers in rows:
        row: Row = (depth, tuple(consumers), found.first_of(item, consumers) if consumers else None)
        found = found._replace(past=found.past.with_row(row), depth=depth)
    return found


def feeding(consumer: int) -> tuple[Slot, ...]:
    return opened(consumer, 0, Variant("Conv/k", channels_in=8), 4, 8, ())[0]


def test_a_history_keeps_every_row() -> None:
    history = History()
    for number in range(3 * CHUNK + 5):
        history = history.with_row((number, (), None))
    assert history.rows() == 3 * CHUNK + 5
    assert [history.row(number)[0] for number in range(history.rows())] == list(range(3 * CHUNK + 5))
    assert len(history.recent) == 5


def test_a_memory_counts_choices_in_a_row_and_leaves_the_older_one_alone() -> None:
    before = Memory().after([(1, 7)]).after([(1, 7)])
    later = before
    for context in range(2, 3 * CHUNK):
        later = later.after([(context, 0)])
    assert before.get(1) == later.get(1) == (7, 2)
    assert later.after([(1, 8)]).get(1) == (8, 1)
    assert before.get(2) is None


def test_a_shortcut_of_unknown_place_cannot_save_a_tower_that_is_met_too_late() -> None:
    """The towers' order puts 3 before 4. Whether the walk meets 2 from 3 or by the shortcut, it does so before it gets
    to what feeds 4, so that 1 would be listed behind 2."""
    known = state(TOWERS, (7, 5, 6))
    assert known.past.row(known.last - 2)[2] is None, "from where 2 is met depends on the Add's operands"
    assert known.visited_before(feeding(4)) is False


def test_a_trunk_of_the_later_tower_leaves_it_open() -> None:
    """2 feeds the second tower: what feeds the first one may well be listed before it."""
    assert state(TOWERS.replace("2 5 3 8", "2 5 4 8"), (7, 5, 6)).visited_before(feeding(3)) is not False


def test_a_second_operand_of_one_consumer_is_not_ruled_out() -> None:
    """1 and 2 may both feed 3: their order is that of its operands."""
    assert state(TOWERS, (7, 5, 6)).visited_before(feeding(3)) is not False


ROW = """
    9 0
    8 1 9
    7 2 8
    6 2 8
    5 2 8
    4 3 5
    3 3 7 8
"""
"""A Concatenate 8 of three Adds, in the order 5, 6, 7. From where the walk meets 3 is open: it feeds one of them and
the Concatenate itself."""


def test_what_stands_behind_an_open_item_is_looked_at() -> None:
    """2 feeds the second Add: whatever is true of 3, it comes behind 4, which feeds the first."""
    known = state(ROW, (8, 5, 6), (8, 6, 7))
    assert known.past.row(known.last - 3)[2] is None
    assert known.visited_before(feeding(6)) is False
    assert known.visited_before(feeding(5)) is not False


def test_an_open_order_is_named() -> None:
    known = state(ROW, (8, 5, 6), (8, 6, 7))
    assert known.first_or_open(3, (7, 8)) == (8, 7, 3)
    assert known.first_or_open(4, (5,)) == 5


def test_precedences_that_close_a_circle() -> None:
    known = frozenset({(9, 1, 2), (9, 2, 3), (8, 3, 1)})
    assert contradictory(known | {(9, 3, 1)}, (9, 3, 1))
    assert not contradictory(known | {(9, 1, 3)}, (9, 1, 3))
