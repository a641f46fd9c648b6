"""A hint is obeyed or refused, never passed over in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infer_convert import cli, infer
from infer_convert.errors import NoArchitecture, UsageError
from infer_convert.hints import Hints, with_options
from infer_convert.infer import infer as solve
from infer_convert.kinds import check_kinds
from infer_convert.unheard import check_heard

from .assemble.files import CNN, STRIPPED, TWO, facts

FILE = Path(__file__).parents[1] / "fixtures" / "cnn.tf_keras.h5"

UNHEARD: dict[str, tuple[Hints, type[Exception], str]] = {
    "a layer that is not there": (Hints(answers={("Dense", "units"): 1}), UsageError, "did you mean dense"),
    "an input that is not there": (with_options(Hints(), (), ["inpt_1=5"]), UsageError, "did you mean input_1"),
    "a shape too many": (with_options(Hints(), (), ["5", "6", "6"]), UsageError, "3 input shapes .* has 2"),
    "another output": (Hints(outputs=("concatenate",)), NoArchitecture, "the outputs concatenate were told"),
}


@pytest.mark.parametrize("name", UNHEARD)
def test_what_is_not_heard_is_refused(name: str) -> None:
    hints, error, said = UNHEARD[name]
    with pytest.raises(error, match=said):
        check_heard(solve(facts(TWO)), hints)


def test_what_is_heard_passes() -> None:
    hints = Hints({"": ((5,), (6,))}, {("dense", "activation"): "tanh", ("gone", "pool_size"): "none"}, ("dense",))
    assert check_heard(solve(facts(TWO), hints), hints) == ()


def test_a_supposed_layer_may_be_done_away_with() -> None:
    hints = Hints(answers={("max_pooling2d_7", "padding"): "same"})
    assert "max_pooling2d_7.padding names no layer" in check_heard(solve(facts(STRIPPED, False), hints), hints)[0]


def test_a_setting_that_is_not_taken_is_refused() -> None:
    """What the inference leaves aside, whatever the reason, the user hears of."""
    hints = Hints(answers={("dense", "activation"): "selu"})
    with pytest.raises(UsageError, match=r"dense\.activation = 'selu' cannot be obeyed: it has"):
        check_heard(solve(facts(TWO)), hints)
    with pytest.raises(UsageError, match="a Dense is made without it"):
        check_heard(solve(facts(TWO)), Hints(answers={("dense", "strides"): 2}))


def test_the_wiring_of_a_stored_config_stays(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    x = y = keras.Input((4,), name="x")
    for name in ("a", "b"):
        y = keras.layers.Dense(4, name=name)(y)
    keras.Model(x, y).save(tmp_path / "m.keras")
    assert infer(tmp_path / "m.keras", Hints(answers={("b", "inbound"): ["a"]})).best.layer("b").inbound
    with pytest.raises(UsageError, match="contradicts the stored config"):
        infer(tmp_path / "m.keras", Hints(answers={("b", "inbound"): ["x"]}))


def test_the_command_line_refuses_before_anything_is_written(tmp_path: Path, capsys: Any) -> None:
    for told in ("conv.strides=2", "conv2d.strides=soon"):
        assert cli.run([str(FILE), "-o", str(tmp_path / "out"), "--to", "report", "--set", told]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


WRONG: tuple[tuple[str, Any], ...] = (
    ("strides", 0), ("strides", "soon"), ("strides", [2, -1]), ("strides", True), ("kernel_size", 2.5),
    ("pool_size", "all"), ("pool_size", {"strides": 0}), ("filters", [3]),
    ("padding", "sane"), ("padding", [["same"]]), ("activation", 5), ("activation", "rellu"),
    ("return_sequences", 1), ("class_name", 7), ("inbound", [3]), ("inbound", []), ("inbound", {"a": 1}),
)  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_values_that_no_layer_takes(field: str, value: Any) -> None:
    with pytest.raises(UsageError, match="expected"):
        check_kinds(Hints(answers={("conv2d", field): value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [("strides", 2), ("strides", [2, 1]), ("pool_size", {"pool_size": 3, "padding": "same"}),
     ("pool_size", "none"), ("padding", [[1, 0], [0, 1]]), ("padding", 1), ("inbound", "a"),
     ("inbound", [["a"], ["b", "c:1"]]),
     ("strides", None)],
)  # fmt: skip
def test_values_that_layers_take(field: str, value: Any) -> None:
    check_kinds(Hints(answers={("layer", field): value}))


def test_a_class_of_the_user_s_own_takes_what_it_likes() -> None:
    check_kinds(Hints(answers={("mine", "units"): [3, 4]}, customs=frozenset({"Mine"})))


FIXED: tuple[tuple[str, Any, str], ...] = (
    ("kernel_size", 5, "make it \\[3, 3\\]"),
    ("filters", 31, "make it 32"),
    ("use_bias", False, "make it true"),
    ("strides", [1, 1, 1], "with what was told: conv2d.strides"),
    ("padding", 1, "with what was told: conv2d.padding = 1"),
)


@pytest.mark.parametrize(("field", "value", "said"), FIXED)
def test_what_the_tensors_contradict_is_named(field: str, value: Any, said: str) -> None:
    with pytest.raises(NoArchitecture, match=said):
        solve(facts(CNN), Hints(answers={("conv2d", field): value}))


def test_a_number_for_what_the_tensors_fix_on_every_axis() -> None:
    plan = solve(facts(CNN), Hints(answers={("conv2d", "kernel_size"): 3, ("conv2d", "strides"): 1})).best
    assert plan.layer("conv2d").config["kernel_size"] == [3, 3] and plan.layer("conv2d").config["strides"] == [1, 1]


def test_a_shape_of_other_channels_is_named() -> None:
    with pytest.raises(NoArchitecture, match="with what was told: input takes 28,28,3"):
        solve(facts(CNN), with_options(Hints(), (), ["28,28,3"]))
