"""``--ask`` and ``diff`` on real files."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infer_convert import cli
from infer_convert.aligned import Row, aligned
from infer_convert.hints import load_hints

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(FIXTURES / "cnn.tf_keras.h5", tmp_path / "lost.h5")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_dialogue_writes_hints_that_are_used(here: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("2\n\nq\n"))
    assert cli.run(["lost.h5", "--ask", "--to", "report", "-q"]) == 0
    said = capsys.readouterr().err
    assert "times as likely" in said and "1." in said and "lost.hints.toml" in said
    hints = load_hints(here / "lost.hints.toml")
    assert hints.answers
    report = json.loads((here / "lost.converted" / "report.json").read_text())
    pinned = {
        (layer["name"], item["field"]): item["value"]
        for layer in report["architecture"]["layers"]
        for item in layer["decisions"]
        if item["basis"] == "USER"
    }
    assert pinned == dict(hints.answers)
    assert cli.run(["lost.h5", "--ask", "--to", "report", "--force"]) == 2
    assert "--hints lost.hints.toml" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO("2\nq\n"))
    assert cli.run(["lost.h5", "--ask", "--hints", "lost.hints.toml", "--to", "report", "-q", "--force"]) == 0
    assert len(load_hints(here / "lost.hints.toml").answers) > len(hints.answers)


def test_nonsense_and_the_end_of_input_do_no_harm(here: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("%%%\n"))
    assert cli.run(["lost.h5", "--ask", "--to", "report", "-q"]) == 0
    assert "neither a TOML value" in capsys.readouterr().err
    assert not (here / "lost.hints.toml").exists()


def test_what_is_no_answer_is_asked_again(here: Path, monkeypatch: Any, capsys: Any) -> None:
    """One slip of the finger does not cost the question."""
    monkeypatch.setattr("sys.stdin", io.StringIO("%%%\n2\nq\n"))
    assert cli.run(["lost.h5", "--ask", "--to", "report", "-q"]) == 0
    said = capsys.readouterr().err.splitlines()
    asked = [line for line in said if line.endswith("times as likely)")]
    assert len(asked) >= 2 and asked[0] == asked[1]
    assert load_hints(here / "lost.hints.toml").answers


def test_an_alternative_is_compared_by_its_model(here: Path, capsys: Any) -> None:
    assert cli.run(["lost.h5", "-q", "--to", "keras", "--top", "2"]) == 0
    assert cli.run(["diff", "lost.converted", "lost.converted/alternatives/2"]) == 0
    assert "differ" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("lost.h5", "--to", "report"), ("lost.h5", "--to", "report", "--json"),
                                       ("inspect", "lost.h5"), ("inspect", "lost.h5", "--json")])  # fmt: skip
def test_a_reader_that_has_seen_enough_is_no_failure(here: Path, arguments: tuple[str, ...]) -> None:
    """``infer-convert FILE | true``: the pipe is closed before anything is printed."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "infer_convert", *arguments], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_diff_of_a_result_with_another_and_with_a_config(here: Path, capsys: Any) -> None:
    assert cli.run(["lost.h5", "--to", "report", "-q", "-o", "one"]) == 0
    last = json.loads((here / "one" / "report.json").read_text())["architecture"]["layers"][-1]["name"]
    assert cli.run(["lost.h5", "--to", "report", "-q", "-o", "two", "--set", f"{last}.activation=sigmoid"]) == 0
    capsys.readouterr()
    assert cli.run(["diff", "one", "two"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].startswith(f"~ {last} (Dense)") and "| sigmoid" in lines[0]
    assert "1 differ" in lines[1]
    assert cli.run(["diff", "one", "lost.h5", "--json"]) == 0
    assert all(not item["differs"] for item in json.loads(capsys.readouterr().out)["layers"])
    config = json.loads((FIXTURES / "cnn.tf_keras.truth.json").read_text())
    config = config.get("config", config)
    (here / "model.json").write_text(json.dumps(config))
    assert cli.run(["diff", "one", "model.json"]) == 0
    assert "layers |" in capsys.readouterr().out
    assert cli.run(["diff", "one", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err


def row(name: str, kind: str = "Dense", reads: str = "", **config: Any) -> Row:
    return Row(name, kind, config, ((reads,),) if reads else ())


def test_other_names_are_aligned_by_what_the_layers_are() -> None:
    left = [row("in", "InputLayer"), row("a", reads="in", units=4), row("b", reads="a", units=8),
            row("c", "Softmax", "b")]  # fmt: skip
    right = [row("x0", "InputLayer"), row("x1", reads="x0", units=4), row("drop", "Dropout", "x1"),
             row("x2", reads="drop", units=9), row("x3", "Softmax", "x2")]  # fmt: skip
    pairs = aligned(left, right)
    assert [(p.left and p.left.name, p.right and p.right.name) for p in pairs] == [
        ("in", "x0"), ("a", "x1"), (None, "drop"), ("b", "x2"), ("c", "x3"),
    ]  # fmt: skip
    assert [pair.same for pair in pairs] == [True, True, False, False, True]
    assert pairs[3].differs == (("units", 8, 9), ("inbound", [["a"]], [["drop"]]))


@pytest.mark.parametrize(("name", "module"), [("onnx", "tf2onnx"), ("litert", "ai_edge_litert")])
def test_a_missing_extra_is_named(here: Path, monkeypatch: Any, capsys: Any, name: str, module: str) -> None:
    monkeypatch.setattr("infer_convert.formats.find_spec", lambda wanted: None if wanted == module else True)
    assert cli.run(["lost.h5", "--to", f"report,{name}"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"infer-convert[{name}]" in error and module in error
    assert not (here / "lost.converted").exists()
