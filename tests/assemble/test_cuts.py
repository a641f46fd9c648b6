"""Slices that no list shows are put in where nothing else suits, as a guess that says so."""

from __future__ import annotations

import pytest

from infer_convert.assemble.cuts import cut_chain
from infer_convert.errors import NoArchitecture
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.plan import Basis

from .files import facts, typed

CUT = "input_1\ndense kernel:6x4 bias:4\ndense_1 kernel:3x2 bias:2"


def test_a_slice_between_layers_that_do_not_suit() -> None:
    plan = infer(facts(CUT)).best
    cut = plan.layer("dense_1").inbound[0][0].layer
    layer = plan.layer(cut)
    assert (layer.class_name, layer.hidden) == ("Operation", True)
    assert layer.config == {"function": "getitem", "arguments": {"key": ["...", [0, 3]]}}
    decision = layer.decision("arguments")
    assert decision is not None and decision.basis is Basis.ASSUMED
    assert plan.confidence <= decision.confidence == 0.3


def test_the_user_says_what_goes_on() -> None:
    told = Hints(answers={("cut_1", "arguments"): {"key": ["...", [1, 4]]}})
    plan = infer(facts(CUT), told).best
    assert plan.layer("cut_1").config["arguments"] == {"key": ["...", [1, 4]]}
    assert plan.confidence > 0.3


@pytest.mark.parametrize(
    "text",
    [
        "input_1\ndense kernel:6x4 bias:4\ndense_1 kernel:4x2 bias:2",
        "input_1\ninput_2\ndense kernel:6x4 bias:4\ndense_1 kernel:3x2 bias:2",
        "dense kernel:6x4 bias:4\ndense_1 kernel:3x2 bias:2",
        "input_1\ndense kernel:6x4 bias:4\nconcatenate\ndense_1 kernel:3x2 bias:2",
        "input_1\ndense kernel:6x3 bias:3\ndense_1 kernel:4x2 bias:2",
    ],
    ids=["nothing to cut", "two inputs", "no input", "a merge", "more than there is"],
)
def test_it_stays_silent_elsewhere(text: str) -> None:
    assert cut_chain(typed(text)) is None


def test_more_than_there_is_has_no_architecture() -> None:
    with pytest.raises(NoArchitecture):
        infer(facts("input_1\ndense kernel:6x3 bias:3\ndense_1 kernel:4x2 bias:2"))


def test_a_cut_that_does_not_help_leaves_the_reason_as_it_was() -> None:
    """The list has no wiring, and behind the cut no size suits either."""
    text = "input_1\ndense kernel:6x4 bias:4\nconv kernel:3x3x2x4 bias:4\nflatten\nend kernel:7x2 bias:2"
    with pytest.raises(NoArchitecture, match="satisfies the file") as caught:
        infer(facts(text))
    assert caught.value.asks
