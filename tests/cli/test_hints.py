"""How answers are written, and that what the report prints can be typed back in."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infer_convert.errors import UsageError
from infer_convert.hints import load_hints, parse_input_shape, parse_set
from infer_convert.report.text import answer_command


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conv2d_1.strides=2", (("conv2d_1", "strides"), 2)),
        ('add_3.inbound=["relu_2", "conv2d_9"]', (("add_3", "inbound"), ["relu_2", "conv2d_9"])),
        ("dense.activation=relu", (("dense", "activation"), "relu")),
        ('"outer/inner.x".padding = same', (("outer/inner.x", "padding"), "same")),
        ("'a=b'.units=3", (("a=b", "units"), 3)),
        ('d.name="x=y"', (("d", "name"), "x=y")),
        ("bn.epsilon=1e-5", (("bn", "epsilon"), 1e-5)),
        ("d.use_bias=false", (("d", "use_bias"), False)),
    ],
)
def test_answers(text: str, expected: Any) -> None:
    assert parse_set(text) == expected


@pytest.mark.parametrize("text", ["", "a=1", "a.b", "a.b.c=1", "a.b=", "a.b=[1", "a.b=two words", "a.b=1\nc=2", "=1"])
def test_malformed_answers_say_what_is_expected(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_set(text)
    assert "\n" not in str(caught.value)


plain = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
)


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8), plain)
def test_what_the_report_prints_can_be_typed_back(layer: str, field: str, value: Any) -> None:
    command = answer_command(layer, field, value)
    assert command.isascii() and command.isprintable()
    option, text = shlex.split(command)
    assert option == "--set"
    assert parse_set(text) == ((layer, field), value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("224,224,3", ("", (224, 224, 3))),
        ("?,8", ("", (None, 8))),
        ("left=4", ("left", (4,))),
        ("a=b=4,?", ("a=b", (4, None))),
        ("(5, 6)", ("", (5, 6))),
        ("", ("", ())),
    ],
)
def test_input_shapes(text: str, expected: Any) -> None:
    assert parse_input_shape(text) == expected


def test_a_report_pins_its_decisions(tmp_path: Path) -> None:
    layers = [{"name": "d", "decisions": [{"field": "activation", "value": "tanh"}]}]
    (tmp_path / "report.json").write_text(json.dumps({"architecture": {"layers": layers}}))
    assert load_hints(tmp_path / "report.json").answers == {("d", "activation"): "tanh"}


def test_a_hints_file(tmp_path: Path) -> None:
    path = tmp_path / "h.toml"
    path.write_text('data_format = "keep"\n[input_shape]\nleft = [4, "?"]\n["a.b"]\nunits = 3\n')
    hints = load_hints(path)
    assert hints.input_shapes == {"left": ((4, None),)}
    assert hints.answers == {("a.b", "units"): 3}
    path.write_text("colour = 1\n")
    with pytest.raises(UsageError, match="colour"):
        load_hints(path)
    path.write_text("= 1\n")
    with pytest.raises(UsageError, match=r"h\.toml"):
        load_hints(path)
