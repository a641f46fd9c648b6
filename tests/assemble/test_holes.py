"""Layers whose tensors suit no class that we know: the rest of the net is found around them."""

from __future__ import annotations

import io

from rich.console import Console

from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.layers.recognise import HOLE
from infer_convert.report.document import document
from infer_convert.report.terminal import print_summary

from .files import facts

WIDER = "input_1\ndense kernel:6x6 bias:6\ngate a:6x9 b:9x3x9\ndense_1 kernel:9x2 bias:2"
SAME = "input_1\ndense kernel:6x6 bias:6\ngate a:6x9 b:9x3x9\ndense_1 kernel:6x2 bias:2"


def test_it_gives_what_it_takes_or_as_many_channels_as_a_tensor_has_columns() -> None:
    for text in (WIDER, SAME):
        plan = infer(facts(text)).best
        assert [str(ref) for ref in plan.layer("dense_1").inbound[0]] == ["gate"]
        assert (plan.layer("gate").class_name, plan.layer("gate").config) == (HOLE, {})
        assert plan.layer("gate").decision("layer") is None


def test_the_user_s_class_takes_its_place() -> None:
    answers = {("gate", "class_name"): "Gate", ("gate", "units"): 9}
    layer = infer(facts(WIDER), Hints(answers=answers, customs=frozenset({"Gate"}))).best.layer("gate")
    assert (layer.class_name, layer.config, len(layer.weights)) == ("Gate", {"units": 9}, 2)


def test_the_summary_says_how_the_class_is_given() -> None:
    out = io.StringIO()
    found = infer(facts(WIDER))
    print_summary(document(found.facts, found), Console(file=out, width=120))
    assert "--custom-objects MODULE:NAME and --set 'gate.class_name=NAME'" in out.getvalue()
    assert f'class_name="{HOLE}"' not in out.getvalue()
