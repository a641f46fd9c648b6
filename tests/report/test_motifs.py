"""Questions about several layers at once: what belongs together, which patterns are offered, what an answer gains."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from infer_convert.dialogue import chosen, spelled, with_answer
from infer_convert.errors import UsageError
from infer_convert.facts import WeightFile
from infer_convert.hints import Hints
from infer_convert.inference import Inference, Whole, Wholes
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan, PlanLayer, Ref
from infer_convert.report.document import Document, document
from infer_convert.report.html.graph import drawing
from infer_convert.report.motifs import Weighed
from infer_convert.report.order import ordered
from infer_convert.report.questions import asks
from infer_convert.report.terminal import _told
from infer_convert.report.text import pattern
from infer_convert.report.units import Choice


def doubt(field: str, value: Any, confidence: float, other: Any, same: bool = False, coupled: float = 0.0) -> Decision:
    options = (Option(other, 1 - confidence, same),)
    return Decision(field, value, confidence, Basis.INFERRED, options, coupled=coupled)


def net(decisions: dict[str, tuple[str, tuple[Decision, ...]]], wholes: Wholes = Wholes()) -> Document:  # noqa: B008
    layers = [PlanLayer("x", "InputLayer")]
    for name, (class_name, own) in decisions.items():
        layers.append(PlanLayer(name, class_name, {}, ((Ref(layers[-1].name),),), (), own))
    facts = WeightFile("f.h5", 1, "keras2", "legacy", "weights-only", "stored", ())
    plan = Plan(tuple(layers), (Ref("x"),), (Ref(layers[-1].name),))
    return document(facts, Inference(facts, (plan,), wholes=wholes))


STRIDES = {
    "a": ("Conv2D", (doubt("strides", 1, 0.9, 2),)),
    "b": ("SeparableConv2D", (doubt("strides", 2, 0.6, 1),)),
    "c": ("Conv2DTranspose", (doubt("strides", 2, 0.6, 1),)),
    "d": ("MaxPooling2D", (doubt("strides", 2, 0.6, 3),)),
}


def test_one_field_of_one_kind_of_layers_is_one_question() -> None:
    assert {ask.layers for ask in asks(net(STRIDES))} == {("a", "b"), ("c",), ("d",)}


def test_patterns_are_offered_as_they_are_drawn() -> None:
    rows = (Whole((1, 2), 0.5, math.log(0.4)), Whole((2, 1), 0.3, math.log(0.3)), Whole((1, 1), 0.2, math.log(0.1)))
    layers = {name: STRIDES[name] for name in ("a", "b")}
    (ask,) = asks(net(layers, Wholes((("a", "strides"), ("b", "strides")), rows)))
    assert [(item.values, item.confidence) for item in ask.options] == [((1, 2), 0.5), ((2, 1), 0.3), ((1, 1), 0.2)]
    assert ask.gain == pytest.approx(math.log(1.0 + 0.75 + 0.25))
    assert ask.command(ask.others[0]) == "--set a.strides=2 --set b.strides=1"
    assert _told(ask, ask.others[1]) == ("--set b.strides=1", "")


@pytest.mark.parametrize(("count", "whole"), [(4, True), (60, False)])
def test_an_option_is_printed_whole_or_says_what_it_leaves_out(count: int, whole: bool) -> None:
    """Pasted into a shell, it answers for every layer."""
    names = [f"norm_{number}" for number in range(count)]
    decision = Decision("epsilon", 0.001, 0.6, Basis.INFERRED, (Option(1e-06, 0.4),))
    (ask,) = asks(net(dict.fromkeys(names, ("LayerNormalization", (decision,)))))
    command, more = _told(ask, replace(ask.others[0], values=(1e-06,) * count))
    told = [f"--set {name}.epsilon=1e-06" for name in names]
    assert command.split(" --set ") == (" ".join(told) if whole else told[0]).split(" --set ")
    assert more == ("" if whole else "   and 59 more like it: --ask takes them at once, report.html lists them")


def test_whoever_tells_a_window_tells_its_padding() -> None:
    """Which matters for sizes other than those that are supposed."""
    window, padding = doubt("pool_size", 2, 0.6, 3), doubt("padding", "valid", 0.7, "same", same=True)
    (ask,) = asks(net({"a": ("MaxPooling2D", (window, padding))}))
    assert ask.fields == ("pool_size", "padding")
    assert ask.gain == pytest.approx(-math.log(0.6)), "nothing for the padding"
    assert not asks(net({"a": ("MaxPooling2D", (padding,))}))
    (ask,) = asks(net({"a": ("Conv2D", (doubt("strides", 1, 0.6, 2), padding))}))
    assert ask.fields == ("strides",)


def test_what_computes_the_same_is_no_pattern_of_its_own() -> None:
    layers = {
        "a": ("Conv2D", (doubt("padding", "same", 0.5, "valid", same=True),)),
        "b": ("Conv2D", (doubt("padding", "same", 0.7, "valid"),)),
    }
    rows = (Whole(("same", "same"), 0.4, math.log(0.4)), Whole(("valid", "same"), 0.6, math.log(0.5)))
    document = net(layers, Wholes((("a", "padding"), ("b", "padding")), rows))
    assert not asks(document), "both draws are the plan's pattern"


def test_reasons_that_know_nothing_of_each_other_are_multiplied() -> None:
    layers = {
        "a": ("Dense", (doubt("activation", "relu", 0.8, "linear"),)),
        "b": ("Conv2D", (doubt("activation", "softmax", 0.5, "linear"),)),
        "r": ("LSTM", (doubt("activation", "tanh", 0.5, "relu"),)),
    }
    first, second = asks(net(layers))
    assert first.layers == ("a", "b") and second.layers == ("r",)
    assert first.standing.confidence == pytest.approx(0.4)
    assert first.gain == pytest.approx(-math.log(0.4))
    assert [option.values for option in first.others] == [("relu", "linear"), ("linear", "softmax"), ("linear",) * 2]
    assert [option.confidence for option in first.others] == pytest.approx([0.4, 0.1, 0.1])


def test_the_habit_of_hidden_layers_is_one_doubt() -> None:
    """Who leaves relu for elu does so throughout, whatever the layers' classes; a tanh may stand alone."""

    def hidden(confidence: float) -> tuple[Decision, ...]:
        others = (Option("tanh", 0.6 - 0.6 * confidence), Option("elu", 0.4 - 0.4 * confidence))
        return (Decision("activation", "relu", confidence, Basis.ASSUMED, others),)

    (ask,) = asks(net({"a": ("Conv2D", hidden(0.8)), "b": ("Dense", hidden(0.7))}))
    assert ask.standing.confidence == pytest.approx(0.7) and ask.gain == pytest.approx(-math.log(0.7))
    assert [option.values for option in ask.others] == [("relu", "tanh"), ("elu", "elu"), ("tanh", "relu")]


def test_what_a_known_architecture_has_everywhere_is_one_doubt() -> None:
    """Who copied it kept the elu of its convolutions and of its Denses, or of none."""
    said = (Evidence("library", 0.0, "layers 1..9 match PilotNet"),)
    own = (Decision("activation", "elu", 0.45, Basis.INFERRED, (Option("relu", 0.5), Option("tanh", 0.05)), said),)
    (ask,) = asks(net({"a": ("Conv2D", own), "b": ("Dense", own)}))
    assert ask.standing.values == ("elu", "elu") and ask.standing.confidence == pytest.approx(0.45)
    assert ask.options[0].values == ("relu", "relu") and ask.options[0].confidence == pytest.approx(0.5)


@pytest.mark.parametrize("class_name", ["Conv2D", "SeparableConv1D", "Conv2DTranspose"])
def test_what_moves_the_windows_is_one_question(class_name: str) -> None:
    """Its patterns are those that go together: with nothing padded a stride of 2 leaves too little."""
    fields = (("a", "strides"), ("a", "padding"), ("b", "strides"))
    layers = {
        "a": (class_name, (doubt("strides", 1, 0.6, 2), doubt("padding", "same", 0.6, "valid"))),
        "b": (class_name, (doubt("strides", 1, 0.9, 2),)),
        "c": ("Dense", (doubt("activation", "relu", 0.6, "elu"),)),
    }
    values = ((1, "same", 1), (2, "same", 1), (1, "valid", 1))
    rows = tuple(Whole(each, 1 / 3, -0.1 * number) for number, each in enumerate(values))
    window, other = sorted(asks(net(layers, Wholes(fields, rows))), key=lambda ask: ask.layers)
    assert window.fields == ("strides", "padding") and window.layers == ("a", "b") and other.layers == ("c",)
    assert [option.values for option in window.others] == [(2, "same", 1), (1, "valid", 1)], "never (2, valid, 1)"
    assert window.gain == pytest.approx(math.log(1 + math.exp(-0.1) + math.exp(-0.2)))


def test_other_kinds_of_windows_are_questions_of_their_own() -> None:
    own = (doubt("strides", 1, 0.6, 2),)
    found = asks(net({"a": ("Conv2D", own), "b": ("Conv2DTranspose", own), "c": ("MaxPooling2D", own)}))
    assert sorted(ask.layers for ask in found) == [("a",), ("b",), ("c",)]


def test_operands_that_change_places_are_one_question() -> None:
    """Two branches of one block, and the next block's: all stand as they are, or all are the other way round."""
    layers = {
        name: ("Conv2D", (doubt("inbound", [[mine]], 0.8, [[other]]),))
        for name, mine, other in (("a", "p", "q"), ("b", "q", "p"), ("c", "r", "s"), ("d", "s", "r"), ("e", "p", "z"))
    }
    both, alone = sorted(asks(net(layers)), key=lambda ask: ask.layers)
    assert (both.layers, alone.layers) == (tuple("abcd"), ("e",))
    assert both.standing.confidence == pytest.approx(0.8)
    assert [option.values for option in both.others] == [([["q"]], [["p"]], [["s"]], [["r"]])]


def test_who_writes_the_skip_first_does_so_everywhere() -> None:
    layers = {
        name: ("Concatenate", (doubt("inbound", [[f"u{name}", "s"]], 0.8, [["s", f"u{name}"]]),)) for name in "ab"
    }
    (ask,) = asks(net(layers))
    assert ask.layers == ("a", "b") and ask.standing.confidence == pytest.approx(0.8)
    assert [option.values for option in ask.others] == [([["s", "ua"]], [["s", "ub"]])]


def test_options_of_one_decision_come_likeliest_first() -> None:
    others = (Option("Maximum", 0.01), Option("Average", 0.2))
    (ask,) = asks(net({"m": ("Add", (Decision("class_name", "Add", 0.79, Basis.INFERRED, others),))}))
    assert [option.values[0] for option in ask.others] == ["Average", "Maximum"]


def test_whether_pools_are_maxima_or_means_is_one_question() -> None:
    pool = (doubt("class_name", "MaxPooling2D", 0.8, "AveragePooling2D"),)
    (ask,) = asks(net({"pool1": ("MaxPooling2D", pool), "fire_pool": ("MaxPooling2D", pool)}))
    assert ask.layers == ("pool1", "fire_pool")


def test_many_small_doubts_are_open_together() -> None:
    """Each of these is surer than what is asked about alone."""
    layers = {name: ("Conv2D", (doubt("dilation_rate", 1, 0.95 - 0.001 * n, 2),)) for n, name in enumerate("abcde")}
    (ask,) = asks(net(layers))
    assert ask.standing.confidence < 0.8 and ask.layers == tuple("abcde")


def test_the_dialogue_takes_patterns_values_and_tables() -> None:
    rows = (Whole((1, 2), 0.6, math.log(0.6)), Whole((2, 2), 0.4, math.log(0.4)))
    layers = {name: STRIDES[name] for name in ("a", "b")}
    (ask,) = asks(net(layers, Wholes((("a", "strides"), ("b", "strides")), rows)))
    assert "a and 1 more layer: strides?" in spelled(ask)[0]
    assert "1, but 2 at b  60%" in spelled(ask)[1]
    first, second = ("a", "strides"), ("b", "strides")
    assert chosen(ask, "1") == {first: 1, second: 2}
    assert chosen(ask, "3") == {first: 3, second: 3}
    assert chosen(ask, "=2") == chosen(ask, "{strides = 2}") == {first: 2, second: 2}
    assert chosen(ask, "{b = 4}") == {second: 4}
    with pytest.raises(UsageError, match="a table of strides or a or b, found"):
        chosen(ask, "{z = 4}")
    assert with_answer(Hints(), {second: 4}).answers == {second: 4}


def test_all_that_there_is_to_pools_is_asked_at_once() -> None:
    window = (doubt("pool_size", [2, 2], 0.7, [3, 3]), doubt("padding", "valid", 0.6, "same"))
    (ask,) = asks(net({"p": ("MaxPooling2D", window), "q": ("AveragePooling2D", window[:1])}))
    assert (ask.layers, ask.fields) == (("p", "q"), ("pool_size", "padding"))
    assert ask.standing.by_layer == {"p": {"pool_size": [2, 2], "padding": "valid"}, "q": {"pool_size": [2, 2]}}
    told = {("p", "pool_size"): 3, ("p", "padding"): "same", ("q", "pool_size"): 3}
    assert chosen(ask, '{pool_size = 3, padding = "same"}') == told
    assert chosen(ask, "{q = {pool_size = 4}}") == {("q", "pool_size"): 4}
    for answer in ("same", "{q = 4}", "{r = 1}"):
        with pytest.raises(UsageError, match="a table of pool_size or padding or p or q"):
            chosen(ask, answer)
    (lines, *_), *_ = drawing(net({"p": ("MaxPooling2D", window)}))["questions"]
    assert lines == {"p": 'pool_size = [2, 2]\npadding = "valid"'}


def test_a_size_that_stays_open_is_not_asked() -> None:
    """Nothing depends on it: the answer would change nothing."""
    shape = Decision("batch_shape", [None, None, None, 3], 0.8, Basis.ASSUMED)
    assert not asks(net({"i": ("InputLayer", (shape,))}))
    assert asks(net({"i": ("InputLayer", (doubt("batch_shape", [None, 28, 28, 3], 0.8, [None, 32, 32, 3]),))}))


def test_a_pattern_in_words() -> None:
    def said(values: list[int], names: str = "abcdefghijklmnopqrst") -> str:
        return pattern({name: {"strides": value} for name, value in zip(names, values, strict=False)})

    assert said([1] * 9) == "1"
    assert said([1, 1, 2, 1, 1, 2, 3, 1, 1]) == "1, but 2 at c, f; 3 at g"
    assert said([1] * 12 + [2] * 8) == "1, but 2 at m, n, o, p, q, r and 2 more"
    assert pattern({"p": {"pool_size": [2, 2], "padding": "same"}}) == "pool_size [2, 2], padding same"
    mixed = {"a": {"strides": 2, "padding": "same"}, "b": {"strides": 1}, "c": {"strides": 1}}
    assert pattern(mixed) == "strides 1, but 2 at a; padding same", "a field's name is never left to guess"


def test_the_three_that_go_well_together_come_first() -> None:
    """The input's size and a stride each say what the other asks for; what nothing drawn speaks of is worth more beside
    either."""

    def question(gain: float, *drawn: str) -> Weighed:
        return Weighed(Choice((), (), 0.5), (), gain, 0.0 if drawn else gain, drawn)

    size, stride = question(0.65, *"abc"), question(0.6, *"xyz")
    others = [question(0.4), question(0.3)]
    order = ordered([size, stride, *others], [math.log(0.4)] * 3)
    assert order[:3] == [0, 2, 3] and order[3] == 1


def test_a_pool_is_one_question_and_one_without_a_window_has_none() -> None:
    others = (Option("AveragePooling2D", 0.2), Option("GlobalMaxPooling2D", 0.1))
    kind = Decision("class_name", "MaxPooling2D", 0.7, Basis.INFERRED, others)
    (ask,) = asks(net({"p": ("MaxPooling2D", (kind, doubt("pool_size", 2, 0.9, 3)))}))
    assert ask.fields == ("class_name", "pool_size")
    told = [option.answers for option in ask.options]
    assert {("p", "class_name"): "AveragePooling2D", ("p", "pool_size"): 2} in told
    assert {("p", "class_name"): "GlobalMaxPooling2D"} in told
    (whole,) = (option for option in ask.options if len(option.values) == 1)
    assert whole.confidence == pytest.approx(0.1), "whatever its window would have been"


def test_pools_over_everything_are_asked_about_apart() -> None:
    names = ("MaxPooling2D", "GlobalMaxPooling2D")
    kinds = {name: (doubt("class_name", name, 0.8, f"other {name}"),) for name in names}
    found = asks(net({name: (name, own) for name, own in kinds.items()}))
    assert sorted(ask.layers for ask in found) == [("GlobalMaxPooling2D",), ("MaxPooling2D",)]


@pytest.mark.parametrize(("share", "fields"), [(0.8, ("class_name", "pool_size")), (0.995, ("pool_size",))])
def test_a_pool_s_sure_class_is_not_asked_for(share: float, fields: tuple[str, ...]) -> None:
    own = (doubt("class_name", "MaxPooling2D", share, "AveragePooling2D"), doubt("pool_size", 2, 0.8, 3))
    (ask,) = asks(net({"p": ("MaxPooling2D", own)}))
    assert ask.fields == fields
