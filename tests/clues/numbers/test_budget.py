"""Work that is counted: bounded, paid once, and remembered."""

from __future__ import annotations

import pytest

from infer_convert.clues.numbers.budget import Budget, OutOfWork


def test_more_than_is_left_is_not_counted() -> None:
    budget = Budget(10.0)
    with budget.spending(0.5):
        budget.spend(4.0)
        with pytest.raises(OutOfWork):
            budget.spend(2.0)
        budget.spend(1.0)
    assert budget.spent == 5.0
    budget.spend(100.0)
    assert budget.spent == 5.0


def test_pieces_that_a_remembered_step_has_paid_for_cost_nothing() -> None:
    budget = Budget(10.0)
    with budget.spending():
        budget.remember(6.0, [7])
        assert budget.left == 4.0
        with budget.once(7):
            budget.spend(6.0)
            with budget.once(8):
                budget.spend(6.0)
        assert budget.spent == 6.0
        with budget.once(9):
            budget.spend(3.0)
    assert budget.spent == 9.0 and list(budget.paid) == [7, 8, 9]


def test_a_piece_that_was_not_finished_is_not_paid_for() -> None:
    budget = Budget(10.0)
    with budget.spending(), pytest.raises(OutOfWork), budget.once(1):
        budget.spend(8.0)
        budget.spend(8.0)
    assert not budget.paid
    with budget.spending(), pytest.raises(OutOfWork):
        budget.spend(3.0)
