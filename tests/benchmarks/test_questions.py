"""What the oracle of the question curve can answer."""

from __future__ import annotations

from typing import Any

from benchmarks.answers import in_words_of, truth
from benchmarks.questions import _answered, _says
from infer_convert.hints import Hints
from infer_convert.plan import Basis, Decision, Plan, PlanLayer, Ref
from infer_convert.report.questions import Ask
from infer_convert.report.units import Choice


def layer(name: str, class_name: str, front: str = "", **config: Any) -> PlanLayer:
    return PlanLayer(name, class_name, config, ((Ref(front),),) if front else (), ())


def plan(*layers: PlanLayer) -> Plan:
    return Plan(layers, (Ref(layers[0].name),), (Ref(layers[-1].name),), confidence=1.0)


def test_an_input_that_the_file_does_not_name_is_known_all_the_same() -> None:
    best = plan(layer("input", "InputLayer", batch_shape=[None, 28, 28, 1]), layer("conv", "Conv2D", "input"))
    right = plan(layer("input_1", "InputLayer", batch_shape=[None, 32, 32, 1]), layer("conv", "Conv2D", "input_1"))
    truths = in_words_of(best, right)
    names = {name for name, _ in best.walk()}
    assert truth(truths, "input", "batch_shape", names) == [None, 32, 32, 1]
    assert truth(truths, "conv", "inbound", names) == [["input"]]


def test_two_inputs_without_names_stay_unknown() -> None:
    best = plan(layer("a", "InputLayer"), layer("b", "InputLayer"), layer("d", "Dense", "a"))
    right = plan(layer("x", "InputLayer"), layer("y", "InputLayer"), layer("d", "Dense", "x"))
    assert "a" not in in_words_of(best, right)


def test_a_wrapper_s_arguments_are_those_inside() -> None:
    inside = {"class_name": "LSTM", "config": {"return_sequences": True}}
    right = plan(layer("x", "InputLayer"), layer("b", "Bidirectional", "x", layer=inside, merge_mode="sum"))
    truths = dict(right.walk())
    assert truth(truths, "b", "return_sequences", set()) is True
    assert truth(truths, "b", "merge_mode", set()) == "sum"


def test_what_the_file_does_not_list_is_answered_in_the_plan_s_words() -> None:
    """In the source an activation and a pool are layers of their own; the list shows neither."""
    supposed = PlanLayer("pool", "MaxPooling2D", {}, ((Ref("a"),),), hidden=True)
    best = plan(layer("x", "InputLayer"), layer("a", "Conv2D", "x"), supposed, layer("b", "Conv2D", "pool"))
    window = {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}
    front = (layer("x", "InputLayer"), layer("a", "Conv2D", "x", activation="linear"))
    relu = layer("act", "Activation", "a", activation="tanh")
    pooled = plan(*front, relu, layer("p", "MaxPooling2D", "act", **window), layer("b", "Conv2D", "p"))
    truths = in_words_of(best, pooled)
    assert truth(truths, "a", "activation", set()) == "tanh"
    assert truth(truths, "pool", "pool_size", set()) == window
    bare = in_words_of(best, plan(*front, layer("b", "Conv2D", "a")))
    assert truth(bare, "a", "activation", set()) == "linear"
    assert truth(bare, "pool", "pool_size", set()) == "none"


def test_an_activation_that_only_the_plan_lists_is_answered() -> None:
    """The plan supposes one behind the normalisation; in the source a leaky relu stands in front of it."""
    norm = layer("n", "BatchNormalization", "d")
    supposed = PlanLayer("act", "Activation", {}, ((Ref("n"),),), hidden=True)
    best = plan(layer("x", "InputLayer"), layer("d", "Dense", "x"), norm, supposed, layer("e", "Dense", "act"))
    front = (layer("x", "InputLayer"), layer("d", "Dense", "x", activation="linear"))
    for slope, function in ((0.2, "leaky_relu"), (0.3, "linear")):
        leaky = layer("l", "LeakyReLU", "d", negative_slope=slope)
        right = plan(*front, leaky, layer("n", "BatchNormalization", "l"), layer("e", "Dense", "n"))
        truths = in_words_of(best, right)
        assert (truth(truths, "d", "activation", set()), truth(truths, "act", "activation", set())) == (
            function, "linear")  # fmt: skip


def test_a_motif_is_answered_layer_by_layer() -> None:
    first = layer("a", "Conv2D", "x", strides=[2, 2])
    right = plan(layer("x", "InputLayer"), first, layer("b", "Conv2D", "a", strides=[1, 1]))
    targets = (("a", "strides"), ("b", "strides"))
    standing = Choice(targets, ([1, 1], [1, 1]), 0.6)
    other = Choice(targets, ([2, 2], [1, 1]), 0.3)
    doubt = Decision("strides", [1, 1], 0.6, Basis.INFERRED)

    def answered(*others: Choice) -> tuple[Hints, str]:
        found = _answered([Ask(doubt, standing, others, 1.0, 2, 0.5)], right, right, Hints(), set())
        assert found is not None
        return found

    told, question = answered(other)
    assert told.answers == {("a", "strides"): [2, 2], ("b", "strides"): [1, 1]}
    assert question == "a.strides"
    assert answered()[1] == "a.strides*", "the answer had to be written"


def test_a_slope_is_listed_as_people_write_it() -> None:
    option = Choice((("a", "negative_slope"),), (0.2,), 0.5)
    assert _says(option, {("a", "negative_slope"): 0.20000000298023224})
    assert not _says(option, {("a", "negative_slope"): 0.21})
