"""The check of recovered sources sees a source that differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.source import _checked, right

SOURCE = """
import keras
import numpy as np

def build_model():
    x = keras.Input((3,), name="x")
    return keras.Model(x, keras.layers.Dense(2, name="d"{more})(x))

def load_weights(model, path):
    model.set_weights([np.ones((3, 2), "float32") * {factor}, np.zeros(2, "float32")])
"""


@pytest.mark.parametrize(
    ("factor", "more", "weights", "same"),
    [("1", "", "1", True), ("1.0001", "", "0", False), ("1", ", activation='tanh'", "1", False)],
)
def test_a_source_that_differs_is_seen(factor: str, more: str, weights: str, same: bool, tmp_path: Path) -> None:
    names: dict[str, object] = {}
    exec(SOURCE.format(factor="1", more=""), names)
    model = names["build_model"]()  # type: ignore[operator]
    names["load_weights"](model, "")  # type: ignore[operator]
    model.save(tmp_path / "model.keras")
    source = tmp_path / "model.py"
    source.write_text(SOURCE.format(factor=factor, more=more))
    said = _checked(source, tmp_path / "none.h5", tmp_path / "model.keras")
    assert (said["runs"], said["weights"], right(said)) == ("1", weights, same)


def test_a_source_that_does_not_run_says_why(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import infer_convert_of_nowhere\n")
    said = _checked(tmp_path / "model.py", tmp_path / "none.h5", tmp_path / "model.keras")
    assert "infer_convert_of_nowhere" in said["note"] and "runs" not in said


def test_an_open_axis_is_tried_until_the_model_takes_it(tmp_path: Path) -> None:
    """32 values are two rows of 16; 12 are no whole row."""
    source = """
import keras

def build_model():
    x = keras.Input((None,), name="x")
    return keras.Model(x, keras.layers.Dense(2)(keras.layers.Reshape((-1, 16))(x)))

def load_weights(model, path):
    for weight in model.weights:
        weight.assign(weight * 0)
"""
    names: dict[str, object] = {}
    exec(source, names)
    model = names["build_model"]()  # type: ignore[operator]
    names["load_weights"](model, "")  # type: ignore[operator]
    model.save(tmp_path / "model.keras")
    (tmp_path / "model.py").write_text(source)
    assert right(_checked(tmp_path / "model.py", tmp_path / "none.h5", tmp_path / "model.keras"))
