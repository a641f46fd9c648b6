"""A refusal ends with questions that a user can answer, each with the option that carries the answer."""

from __future__ import annotations

import shlex
import tomllib

import pytest

from infer_convert.errors import Ask, NoArchitecture
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.report.document import document
from infer_convert.report.json import report

from .files import facts

ODD = "input_1\nconv kernel:3x3x1x4 bias:4\nflatten\ndense kernel:24028x2 bias:2"
"""4 channels of 6,007 places, a prime: no image."""


def refused(text: str, hints: Hints | None = None) -> NoArchitecture:
    with pytest.raises(NoArchitecture) as caught:
        infer(facts(text), hints)
    return caught.value


def test_sizes_that_suit_nothing_ask_for_the_input_and_for_strides() -> None:
    error = refused(ODD)
    options = [ask.option for ask in error.asks]
    assert options[0] == "--input-shape HEIGHT,WIDTH,1"
    assert "--set 'conv.strides=2'" in options
    assert str(error).endswith("what shape goes into input_1? --input-shape HEIGHT,WIDTH,1")


def test_what_was_told_is_not_asked_again() -> None:
    error = refused(ODD, Hints({"": ((8, 8, 1),)}))
    assert not any("--input-shape" in ask.option for ask in error.asks)


def test_the_report_carries_the_questions() -> None:
    error = refused(ODD)
    failure = report(document(facts(ODD), None, error=error))["failure"]
    assert failure["asks"][0] == {
        "question": "what shape goes into input_1?",
        "option": "--input-shape HEIGHT,WIDTH,1",
    }


def test_a_wiring_that_suits_nothing_asks_for_operands() -> None:
    error = refused(ODD.replace("24028", "5"))
    assert error.asks[0] == Ask("what feeds dense?", "--set 'dense.inbound=[\"…\"]'")


NAMELESS = "input_1\nconv kernel:3x3x1x4 bias:4\nM2\nF0\ndense kernel:676x2 bias:2"


def test_names_that_say_nothing_may_change_shapes_where_nothing_else_suits() -> None:
    classes = {layer.class_name for layer in infer(facts(NAMELESS)).best.layers}
    assert "Flatten" in classes


def test_a_name_that_says_nothing_is_asked_about_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infer_convert.layers.recognise.SILENT", ())
    monkeypatch.setattr("infer_convert.assemble.unnamed.RUNS", {})
    assert refused(NAMELESS).asks[0].option in {f"--set '{name}.class_name=Flatten'" for name in ("M2", "F0")}


def test_no_name_leaves_the_quotes_of_its_option() -> None:
    """A reader copies the option into a shell, and the file has named the layer."""
    name = "dense';id;'"
    ask = refused(ODD.replace("24028", "5").replace("dense", name)).asks[0]
    option, answer = shlex.split(ask.option)
    assert (option, tomllib.loads(answer)) == ("--set", {name: {"inbound": ["…"]}})
