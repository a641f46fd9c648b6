"""The document and its three renderings, also for names that mean harm."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
import math
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from infer_convert.errors import NoArchitecture
from infer_convert.facts import WeightFile
from infer_convert.hints import parse_input_shape
from infer_convert.inference import Inference, LeftOver
from infer_convert.outcome import Verification
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan, PlanLayer, Ref, WeightUse
from infer_convert.report import html
from infer_convert.report.document import Alternative, Difference, Document, differences, document
from infer_convert.report.folding import fold
from infer_convert.report.html.graph import drawing
from infer_convert.report.json import dumps, report, schema
from infer_convert.report.questions import asks
from infer_convert.report.terminal import print_inspection, print_summary, stored_classes
from infer_convert.report.text import answer_command, shown
from tests.cli import fake

CHECKED = Verification(4, 4, True, None, (), 0.0, ("a warning",))


def nested_plan(name: str = "inner") -> Plan:
    inner = Plan(
        (
            PlanLayer("x", "InputLayer", {"batch_shape": [None, 4]}),
            PlanLayer(name, "Dense", {"units": 2}, ((Ref("x"),),),
                      (WeightUse("kernel", ("/a", "/b"), (4, 2), "float32", "kernel", ("merge-gates",)),)),
        ),
        (Ref("x"),), (Ref(name),),
    )  # fmt: skip
    doubt = Decision("inbound", [["x"]], 0.4, Basis.ASSUMED, (Option([[name]], 0.2), Option(float("nan"), 0.1)))
    return Plan(
        (
            PlanLayer("x", "InputLayer", {"batch_shape": [None, 4]}),
            PlanLayer("outer", "Functional", {}, ((Ref("x"),), (Ref("x"),)), inner=inner, decisions=(doubt,)),
            PlanLayer("sum", "Add", {}, ((Ref("outer"), Ref("outer", 1)),), hidden=True),
        ),
        (Ref("x"),), (Ref("sum"),), 0.5,
    )  # fmt: skip


def documents() -> list[Document]:
    facts = fake.facts()
    return [
        document(facts, fake.inference(), verification=CHECKED, notes=("n",), files=("model.py",)),
        document(facts, fake.inference(left_over=(LeftOver("/x", "why"),))),
        document(facts, Inference(facts, (nested_plan(),))),
        document(facts, error=NoArchitecture("none", ("because",))),
        hostile(),
    ]


def hostile() -> Document:
    name = fake.HOSTILE
    facts = dataclasses.replace(fake.facts(name), model_name=name, keras_version=name, sha256=None)
    found = Inference(facts, (nested_plan(name), fake.plan()), (LeftOver(name, name),), (name,))
    return document(facts, found, verification=CHECKED, files=(name,))


@pytest.mark.parametrize("number", range(5))
def test_every_report_validates(number: int) -> None:
    made = json.loads(dumps(report(documents()[number])))
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(made, schema())


def test_the_schema_notices_what_does_not_belong() -> None:
    made = report(documents()[0])
    made["architecture"]["layers"][0]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, schema())


def test_nested_shared_and_hidden_layers_in_the_report() -> None:
    layers = {layer["name"]: layer for layer in report(documents()[2])["architecture"]["layers"]}
    assert list(layers) == ["x", "outer", "outer/x", "outer/inner", "sum"]
    assert layers["outer/inner"]["parent"] == "outer"
    assert layers["outer/inner"]["inbound"] == [["outer/x"]]
    assert layers["outer/inner"]["weights"][0]["sources"] == ["/a", "/b"]
    assert layers["outer"]["inbound"] == [["x"], ["x"]]
    assert layers["sum"]["inbound"] == [["outer", "outer:1"]]
    assert layers["sum"]["hidden"] is True


def test_a_report_holds_no_nan() -> None:
    decision = report(documents()[2])["architecture"]["layers"][1]["decisions"][0]
    assert decision["alternatives"][1] == {"value": None, "confidence": 0.1}


def printed(document: Document, verbose: bool = False) -> str:
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    print_summary(document, console, verbose)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("verbose", [False, True])
def test_the_terminal_shows_no_control_characters(verbose: bool) -> None:
    text = printed(hostile(), verbose)
    assert "\x1b" not in text and "\u202e" not in text
    assert "evil\\x1b[31m\\u202e" in text
    console = Console(file=io.StringIO(), width=120)
    print_inspection(hostile().facts, console)
    assert isinstance(console.file, io.StringIO)
    assert "\x1b" not in console.file.getvalue()


def test_the_summary_says_the_main_things() -> None:
    text = printed(documents()[0])
    for words in (
        "keras2 weights-only",
        "activation 70%",
        "70%",
        "4 of 4 tensors",
        "bit-exact",
        "a warning",
        "model.py",
    ):
        assert words in text, words
    failed = printed(documents()[3])
    assert "none" in failed and "because" in failed


def test_long_networks_are_folded() -> None:
    layers = [PlanLayer("x", "InputLayer", {"batch_shape": [None, 4]})]
    for block in range(20):
        for kind in ("Dense", "BatchNormalization", "ReLU"):
            layers.append(PlanLayer(f"{kind}_{block}", kind, {"units": 4}, ((Ref(layers[-1].name),),)))
    facts = fake.facts()
    made = document(facts, Inference(facts, (Plan(tuple(layers), (Ref("x"),), (Ref("ReLU_19"),)),)))
    assert len(printed(made).splitlines()) < 12
    assert "×20 (3 layers)" in printed(made) and "up to ReLU_19" in printed(made)
    assert "ReLU_7" in printed(made, verbose=True)


def test_folding() -> None:
    folds = fold("xabababy", lambda row: row)
    assert [("".join(item.rows), item.times) for item in folds] == [("x", 1), ("ab", 3), ("y", 1)]
    assert [item.times for item in fold("aabb", lambda row: row)] == [1, 1, 1, 1]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[Any] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for key, value in attributes if key in {"src", "href", "onclick", "onload"}]
        if tag not in {"meta", "br", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("number", range(5))
def test_the_page_is_closed_self_contained_and_runs_only_its_own_script(number: int) -> None:
    text = html.page(documents()[number])
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.tags.count("script") == 2
    assert all(str(link).startswith("#") for link in tags.links)
    assert "\u202e" not in text and "\x1b" not in text and "\u2028" not in text
    assert "http://" not in text and "https://" not in text
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#x27;sha256-{digest}&#x27;" in text
    assert "<script>alert" not in text and "</script" not in data_of(text)


def data_of(page: str) -> str:
    return page.partition('id="data">')[2].partition("</script>")[0]


def test_json_in_a_script_block_cannot_leave_it() -> None:
    made = html.safe_json(["</script><!--", "\u2028", "&"])
    assert made.isascii() and not set(made) & set("<>&")
    assert json.loads(made) == ["</script><!--", "\u2028", "&"]


def test_the_page_shows_decisions_with_their_reasons() -> None:
    text = html.page(documents()[0])
    for words in ("hidden", "INFERRED", "look like it", "70%", "--set", "tanh", "Other whole models"):
        assert words in text, words


def test_repeated_blocks_and_nested_models_are_groups() -> None:
    layers = [PlanLayer("x", "InputLayer", {"batch_shape": [None, 4]})]
    for block in range(6):
        for kind in ("Dense", "BatchNormalization", "ReLU"):
            layers.append(PlanLayer(f"b{block}_{kind}", kind, {}, ((Ref(layers[-1].name),),)))
    facts = fake.facts()
    made = drawing(document(facts, Inference(facts, (Plan(tuple(layers), (Ref("x"),), (Ref("b5_ReLU"),)),))))
    assert [(group["count"], group["parent"]) for group in made["groups"]] == [(18, -1)] + [(3, 0)] * 6
    assert made["layers"][0]["g"] == -1 and made["layers"][1]["g"] == 1
    nested = drawing(document(facts, Inference(facts, (nested_plan(),))))
    assert nested["groups"] == [{"label": "outer", "parent": -1, "model": 1, "count": 0}]
    assert (nested["layers"][1]["ins"], nested["layers"][1]["outs"]) == ([2], [3])
    assert [0, 0, 1, 0] in nested["wires"]


def test_questions_are_sorted_by_what_their_answers_gain() -> None:
    """The surer of two doubts comes first where it settles other doubts too; of equal ones the one in front; never one
    whose answers compute the same."""

    def doubt(field: str, confidence: float, coupled: float = 0.0, same: bool = False) -> Decision:
        other = Option(2, 1 - confidence, same)
        return Decision(field, 1, confidence, Basis.ASSUMED, (other,), coupled=coupled)

    doubts = (doubt("early", 0.5), doubt("moot", 0.5, same=True), doubt("size", 0.7, 2.0))
    chain = [PlanLayer("x", "InputLayer", {}, (), (), doubts)]
    for number in range(8):
        chain.append(PlanLayer(f"d{number}", "Dense", {}, ((Ref(chain[-1].name),),)))
    chain.append(PlanLayer("end", "Dense", {}, ((Ref("d7"),),), (), (doubt("late", 0.5),)))
    facts = fake.facts()
    found = asks(document(facts, Inference(facts, (Plan(tuple(chain), (Ref("x"),), (Ref("end"),)),))))
    assert [(ask.decision.field, ask.depending) for ask in found] == [("size", 10), ("early", 10), ("late", 1)]
    assert [ask.gain for ask in found] == pytest.approx([2.0, math.log(2), math.log(2)])
    assert found[1].entropy == pytest.approx(1.0)
    assert found[1].command(found[1].options[1]) == "--set x.early=2"


def test_what_only_a_likeness_doubts_is_not_asked() -> None:
    """No other value suits: the answer would confirm that the known architecture is meant, and change nothing."""

    def doubted(clue: str) -> Document:
        doubt = Decision("padding", "valid", 0.8, Basis.INFERRED, (), (Evidence(clue, 1.4, "a likeness"),))
        layers = (PlanLayer("x", "InputLayer"), PlanLayer("c", "Conv2D", {}, ((Ref("x"),),), decisions=(doubt,)))
        facts = WeightFile("f.h5", 1, "keras2", "legacy", "weights-only", "stored", ())
        return document(facts, Inference(facts, (Plan(layers, (Ref("x"),), (Ref("c"),)),)))

    assert not asks(doubted("library"))
    assert asks(doubted("sizes"))


def test_decisions_that_fall_together_are_one_question() -> None:
    same = Decision("epsilon", 1e-3, 0.8, Basis.ASSUMED, (Option(1e-5, 0.2),), motif="m1")
    layers = [PlanLayer("x", "InputLayer")]
    for number in range(5):
        layers.append(PlanLayer(f"n{number}", "BatchNormalization", {}, ((Ref(layers[-1].name),),), (), (same,)))
    facts = fake.facts()
    made = document(facts, Inference(facts, (Plan(tuple(layers), (Ref("x"),), (Ref("n4"),)),)))
    (only,) = asks(made)
    assert only.layers == ("n0", "n1", "n2", "n3", "n4")
    assert "and 4 more layers" in printed(made)


def test_classes_of_layers_named_alike_are_one_question() -> None:
    layers = [PlanLayer("x", "InputLayer")]
    for name in ("merge1", "merge2", "squeeze"):
        because = Evidence("names and shapes", 0.0, f"its name says {name}")
        doubt = Decision("class_name", "Add", 0.7, Basis.INFERRED, (Option("Multiply", 0.3),), (because,))
        layers.append(PlanLayer(name, "Add", {}, ((Ref(layers[-1].name),),), (), (doubt,)))
    facts = fake.facts()
    made = document(facts, Inference(facts, (Plan(tuple(layers), (Ref("x"),), (Ref("squeeze"),)),)))
    assert {ask.layers for ask in asks(made)} == {("merge1", "merge2"), ("squeeze",)}


def test_classes_of_a_stored_config() -> None:
    dense = {"class_name": "Dense", "config": {"name": "d"}}
    inner = {"class_name": "Sequential", "config": {"name": "s", "layers": [dense]}}
    assert stored_classes({"class_name": "Model", "config": {"layers": [inner]}}) == {"s": "Sequential", "d": "Dense"}
    assert stored_classes({"class_name": "Sequential", "config": [dense]}) == {"d": "Dense"}
    assert stored_classes(None) == {}
    assert isinstance(fake.facts(), WeightFile)


def test_values_are_shown_as_python_has_them() -> None:
    assert shown([None, 28, (2, True)]) == "[None, 28, [2, True]]"
    assert (shown("same"), shown({"a": "b"})) == ("same", "{'a': 'b'}")


def test_the_shape_of_an_input_has_an_option_of_its_own() -> None:
    assert answer_command("input_1", "batch_shape", [None, 28, 28, 1]) == "--input-shape input_1=28,28,1"
    said = answer_command("a", "batch_shape", [None, None, 3])
    assert parse_input_shape(said.split()[1].strip("'")) == ("a", (None, 3))
    assert answer_command("inner/a", "batch_shape", [None, 3]).startswith("--set ")


def test_what_differs_inside_a_nested_model_has_full_names() -> None:
    """As the layers' own entries have them, so that they can be told."""
    plan = nested_plan()
    outer = next(layer for layer in plan.layers if layer.inner is not None)
    assert outer.inner is not None
    last = outer.inner.layers[-1]
    turned = dataclasses.replace(last, inbound=((Ref("x", 1),),))
    changed = dataclasses.replace(outer, inner=outer.inner.with_layers((*outer.inner.layers[:-1], turned)))
    other = plan.with_layers(tuple(changed if layer is outer else layer for layer in plan.layers))
    (found,) = differences(plan, other)
    name = f"{outer.name}/{last.name}"
    assert (found.layer, found.field, found.value) == (name, "inbound", [[f"{outer.name}/x:1"]])


def test_what_differs_alike_in_many_layers_is_said_once() -> None:
    differs = tuple(Difference(f"n{number}", "epsilon", 1e-5) for number in range(3))
    other = Alternative(2, 0.1, (*differs, Difference("d", "activation", "tanh")))
    assert other.said() == [("n0 and 2 more:", "epsilon", 1e-5), ("d", "activation", "tanh")]
