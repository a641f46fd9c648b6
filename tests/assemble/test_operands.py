"""Decisions about operands: their shares, and what the trained numbers say for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infer_convert.assemble.numbers import weighed
from infer_convert.assemble.operands import inbound_decisions
from infer_convert.confidence import kind
from infer_convert.hints import Hints
from infer_convert.plan import Basis
from infer_convert.solve.cells import RIGHT
from tests.assemble.test_numbers import TWO_BLOCKS, numbers
from tests.clues.drafts import draft
from tests.clues.numbers.synthetic import rewired, sampled

MADE = draft("x InputLayer\na Dense\nb Dense < x\nadd Add < a b\nc Dense", a={"units": 4}, b={"units": 4})
OTHER = rewired(MADE, add="b a")


def test_shares_of_answers() -> None:
    found = inbound_decisions([(MADE, 0.7), (OTHER, 0.3)], {0: 0.7, 1: 0.3}, Hints(), True)
    (decision,) = found["add"]
    assert decision.value == [["a", "b"]] and decision.confidence == pytest.approx(0.7)
    assert decision.alternatives[0].value == [["b", "a"]] and decision.alternatives[0].confidence == pytest.approx(0.3)
    assert kind(decision) == "inbound/dump" and set(found) == {"add"}
    told = inbound_decisions([(MADE, 1.0)], {0: 1.0}, Hints(answers={("add", "inbound"): ["a", "b"]}), True)
    assert told["add"][0].basis is Basis.USER


def test_operands_of_a_guessed_wiring_are_no_surer_than_its_edges_are_right() -> None:
    guessed = replace(MADE, guessed=True)
    (decision,) = inbound_decisions([(guessed, 1.0)], {0: 1.0}, Hints(), False)["add"]
    assert decision.confidence == pytest.approx(RIGHT)


def test_how_far_the_numbers_moved_the_odds() -> None:
    """0.9 to 0.1 after they had been 0.3 to 0.7."""
    heard = [(replace(MADE, heard=1.0986), 0.9), (replace(OTHER, heard=-1.9459), 0.1)]
    (decision,) = inbound_decisions(heard, {0: 0.9, 1: 0.1}, Hints(), True)["add"]
    said = next(item for item in decision.evidence if item.clue == "numbers/wiring")
    assert said.weight == pytest.approx(3.0445, abs=1e-3) and kind(decision) == "inbound/numbers"
    small = [(replace(MADE, heard=0.1), 0.9), (replace(OTHER, heard=-0.1), 0.1)]
    assert kind(inbound_decisions(small, {0: 0.9, 1: 0.1}, Hints(), True)["add"][0]) == "inbound/dump"


def test_weighed_drafts_know_what_was_heard_of_them() -> None:
    made, memory = sampled(TWO_BLOCKS)
    wrong = rewired(made, add="b3 b2")
    (best, share), *rest = weighed([(wrong, 0.9), (made, 0.1)], numbers(memory), Hints())
    assert best.layers == made.layers and best.heard > 1.5 and share > 0.9
    assert all(draft.heard < 0 for draft, _ in rest if draft.layers == wrong.layers)
    shares = dict(enumerate([share, *(part for _, part in rest)]))
    (decision,) = inbound_decisions([(best, share), *rest], shares, Hints(), False)["add"]
    assert kind(decision) == "inbound/numbers" and decision.confidence > 0.9
