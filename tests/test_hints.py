"""What the user says on the command line wins over the file; unknown words are refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infer_convert.errors import UsageError
from infer_convert.hints import Hints, inner_hints, load_hints, parse_value, toml_key, toml_value, with_options

VALUES = st.recursive(
    st.booleans() | st.integers(-99, 99) | st.floats(-9, 9) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
)


@given(VALUES)
def test_values_survive_toml(value: object) -> None:
    written = toml_value(value)
    assert written.isascii() and written.isprintable()
    assert tomllib.loads(f"v = {written}")["v"] == value
    assert parse_value(written, "here") == value


@given(st.text(min_size=1, max_size=8))
def test_names_survive_as_keys(name: str) -> None:
    assert tomllib.loads(f"{toml_key(name)} = 1") == {name: 1}


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "hints.toml"
    path.write_text('outputs = ["d"]\ninput_shape = [[4], [5, "?"]]\n[d]\nactivation = "relu"\nunits = 3\n')
    known = with_options(load_hints(path), ["d.activation=tanh", "e.strides=2"], ["8", "left=9"])
    assert known.answers == {("d", "activation"): "tanh", ("d", "units"): 3, ("e", "strides"): 2}
    assert known.input_shapes == {"": ((8,),), "left": ((9,),)}
    assert known.outputs == ("d",)
    assert (known.answer("d", "activation"), known.answer("d", "nothing")) == ("tanh", None)
    assert load_hints(path).input_shapes == {"": ((4,), (5, None))}


def test_several_inputs_keep_their_order() -> None:
    assert with_options(Hints(), (), ["3", "4,?", "b=1", "b=2"]).input_shapes == {
        "": ((3,), (4, None)),
        "b": ((1,), (2,)),
    }


@pytest.mark.parametrize("text", ["[1, 2]", '"x"', "3"])
def test_a_json_file_must_hold_an_object(text: str, tmp_path: Path) -> None:
    (tmp_path / "h.json").write_text(text)
    with pytest.raises(UsageError, match="expected a table"):
        load_hints(tmp_path / "h.json")


@pytest.mark.parametrize("text", ["1 2", "two words", "a b=1", "1\nother = 2"])
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="here"):
        parse_value(text, "here")


def test_operands_inside_a_nested_model_by_either_name() -> None:
    """The report shows the full ones."""
    answers = {("block/add", "inbound"): [["block/a", "b:1"]], ("block/add", "function"): "block/a", ("x", "y"): 1}
    told = inner_hints(Hints({"block/in": ((3,),)}, answers), "block")
    assert told.answers == {("add", "inbound"): [["a", "b:1"]], ("add", "function"): "block/a"}
    assert told.input_shapes == {"in": ((3,),)}
