"""The Python side of the review loop on a real file."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import networkx
import pytest

import infer_convert
from infer_convert import Hints, errors, infer, load_hints
from infer_convert.hints import to_toml

FILE = Path(__file__).parents[1] / "fixtures" / "cnn.tf_keras.h5"


def test_infer_look_answer_and_build() -> None:
    found = infer(FILE)
    assert "Conv2D" in found.summary()
    assert isinstance(found.graph, networkx.MultiDiGraph)
    assert found.graph.number_of_nodes() == len(found.best.layers)
    assert found.alternatives == found.plans[1:] and found.confidence == found.best.confidence
    first = found.questions[0]
    answers = first.options[1].answers
    told = found.with_hints(answers)
    for (layer, field), value in answers.items():
        decision = told.best.layer(layer).decision(field)
        assert decision is not None and decision.basis == "USER" and decision.value == value
    assert told.facts is found.facts
    assert first.layers[0] not in [layer for ask in told.questions for layer in ask.layers
                                   if ask.decision.field == first.decision.field]  # fmt: skip
    model = told.build()
    assert [layer.name for layer in model.layers] == [layer.name for layer in told.best.layers]


def test_keys_of_answers() -> None:
    found = infer(FILE)
    name = found.best.layers[-1].name
    told = found.with_hints({f"{name}.activation": "sigmoid"})
    assert told.best.layers[-1].config["activation"] == "sigmoid"
    with pytest.raises(errors.UsageError):
        found.with_hints({"nothing": 1})
    replaced = told.with_hints(Hints())
    assert replaced.hints.answers == {}


def test_a_notebook_shows_the_page_in_a_frame() -> None:
    text = infer(FILE)._repr_html_()
    assert text.startswith('<iframe sandbox="allow-scripts"')
    assert text.count("<") == 2 and "&lt;script" in text


def test_infer_is_the_function_whatever_is_imported_first() -> None:
    script = (
        "import sys, infer_convert.infer, infer_convert.pipeline\n"
        "from infer_convert.infer import infer as solve\n"
        "import infer_convert\n"
        "assert infer_convert.infer.__module__ == 'infer_convert.session', infer_convert.infer\n"
        "assert solve is not infer_convert.infer\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr


def test_hints_go_to_toml_and_back(tmp_path: Path) -> None:
    hints = Hints(
        {"": ((28, None, 1),)}, {("a.b", "strides"): [2, 2], ("a.b", "activation"): "relu", ("c", "x"): True}, ("c",)
    )
    path = tmp_path / "h.toml"
    for item in (hints, dataclasses.replace(hints, input_shapes={"left": ((4,),), "right": ((None, 3),)}), Hints()):
        path.write_text(to_toml(item))
        assert load_hints(path) == item


def test_public_names_are_listed() -> None:
    assert {"infer", "Inference", "open_tensors"} <= set(dir(infer_convert))
