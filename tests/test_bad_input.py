"""What is no weight file, or none that can be converted: one line, the documented exit code, nothing left behind."""

from __future__ import annotations

import codecs
import json
import marshal
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import jsonschema
import numpy as np
import pytest

from infer_convert.report.json import schema

from .originals import FOLDER, original

ROOT = FOLDER.parent
WHOLE = original("mlp.tf_keras").path


def not_hdf5(path: Path) -> None:
    path.write_bytes(b"model: mlp\nlayers: 3\n" * 40)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(WHOLE.read_bytes()[:120_000])


def cut_in_the_header(path: Path) -> None:
    path.write_bytes(WHOLE.read_bytes()[:300])


def no_weights(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("notes").attrs["said"] = "nothing here"


def layers_without_weights(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([b"flatten", b"dropout"])
        for name in ("flatten", "dropout"):
            file.create_group(name).attrs["weight_names"] = np.array([])


def no_layer_has_this_shape(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([b"mystery"])
        group = file.create_group("mystery")
        group.attrs["weight_names"] = np.array([b"mystery/kernel:0"])
        group["mystery/kernel:0"] = np.zeros((2, 2, 2, 2, 2, 2, 2), "float32")


def missing(path: Path) -> None:
    pass


def folder(path: Path) -> None:
    path.mkdir()


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from infer_convert.cli import main; main()"
    return subprocess.run([sys.executable, "-c", script, *arguments], cwd=cwd, capture_output=True, text=True)


def fails(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The single line on standard error."""
    assert (done.returncode, done.stderr.count("\n"), done.stderr[-1:]) == (code, 1, "\n"), done.stderr
    assert done.stderr.startswith("infer-convert: ") and "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (not_hdf5, 3),
        (empty, 3),
        (truncated, 3),
        (cut_in_the_header, 3),
        (no_weights, 3),
        (layers_without_weights, 3),
        (missing, 2),
        (folder, 2),
    ],
)
@pytest.mark.parametrize("verb", ["convert", "inspect"])
def test_no_weight_file(make: Callable[[Path], None], code: int, verb: str, tmp_path: Path) -> None:
    make(tmp_path / "weights.h5")
    before = sorted(tmp_path.iterdir())
    line = fails(command(verb, "weights.h5", cwd=tmp_path), code)
    assert "weights.h5" in line
    assert sorted(tmp_path.iterdir()) == before


def test_a_shape_that_fits_no_layer_leaves_the_report_alone(tmp_path: Path) -> None:
    no_layer_has_this_shape(tmp_path / "weights.h5")
    line = fails(command("weights.h5", "-q", cwd=tmp_path), 4)
    assert "mystery" in line and "2, 2, 2, 2, 2, 2, 2" in line
    out = tmp_path / "weights.converted"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["weights.converted", "weights.h5"]
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.json"]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, schema())
    assert report["failure"]["exit_code"] == 4


def test_an_existing_folder_is_refused_and_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "precious.txt").write_text("mine")
    line = fails(command(str(WHOLE), "-o", "out", cwd=tmp_path), 2)
    assert "out" in line and "--force" in line
    assert [path.name for path in out.iterdir()] == ["precious.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failed_conversion_does_not_touch_what_force_would_replace(tmp_path: Path) -> None:
    empty(tmp_path / "weights.h5")
    out = tmp_path / "weights.converted"
    out.mkdir()
    (out / "precious.txt").write_text("mine")
    fails(command("weights.h5", "--force", cwd=tmp_path), 3)
    assert (out / "precious.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--to", "tape"],
        pytest.param(["--to", "onnx"], marks=pytest.mark.skipif(bool(find_spec("tf2onnx")), reason="tf2onnx is there")),
        ["--top", "0"],
        ["--set", "nothing"],
        ["--hints", "nowhere.toml"],
        ["--unknown"],
    ],
)
def test_a_request_that_makes_no_sense(arguments: list[str], tmp_path: Path) -> None:
    fails(command(str(WHOLE), *arguments, cwd=tmp_path), 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.xfail(find_spec("infer_convert.configs") is None, reason="infer() calls configs/, which is not there yet")
def test_a_file_is_never_run(tmp_path: Path) -> None:
    """Whatever else becomes of a file with a stored Lambda, its code does not run."""
    trap = tmp_path / "sprung"
    scope: dict[str, Any] = {}
    exec(f"bait = lambda x: open({str(trap)!r}, 'w').close() or x", scope)
    code = codecs.encode(marshal.dumps(scope["bait"].__code__), "base64").decode("ascii")
    layers = [
        {"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [None, 4], "dtype": "float32"}},
        {"class_name": "Lambda", "config": {"name": "bait", "function": [code, None, None], "function_type": "lambda"}},
        {"class_name": "Dense", "config": {"name": "dense", "units": 2, "activation": "linear"}},
    ]
    with h5py.File(tmp_path / "bait.h5", "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": layers}})
        file.attrs["keras_version"] = "2.2.4"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([b"bait", b"dense"])
        group.create_group("bait").attrs["weight_names"] = np.array([])
        group.create_group("dense").attrs["weight_names"] = np.array([b"dense/kernel:0", b"dense/bias:0"])
        group["dense/dense/kernel:0"] = np.ones((4, 2), "float32")
        group["dense/dense/bias:0"] = np.ones(2, "float32")
    scope["bait"](1)
    assert trap.exists(), "the trap works"
    trap.unlink()
    done = command("bait.h5", "-q", cwd=tmp_path)
    assert done.returncode in (0, 4, 5, 8) and "Traceback" not in done.stderr, done.stderr
    assert not trap.exists()
