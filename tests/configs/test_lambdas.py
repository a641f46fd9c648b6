"""Lambda layers: what their stored code says is read without running it, and computes what it computed."""

from __future__ import annotations

import base64
import json
import marshal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infer_convert.configs.code.expressions import text
from infer_convert.configs.code.instructions import listing
from infer_convert.configs.code.marshalled import Unreadable, parse
from infer_convert.configs.code.reading import read
from infer_convert.errors import NoArchitecture
from infer_convert.plan import Basis
from tests.configs.files import inferred, legacy_file, model_of, random, run

tf = pytest.importorskip("tensorflow")
K = pytest.importorskip("tf_keras").backend

STORED: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "stored_code.json").read_text())
"""By Python version: number of a function -> its marshalled code, written by that Python."""

SOURCES = {
    "0": "(x / 127.5) - 1.0",
    "7": "K.mean(x, axis=1, keepdims=True)",
    "8": "tensorflow.nn.relu((tensorflow.square(x) * scale) - 1)",
    "10": "K.sqrt(K.maximum(K.sum(K.square(vects[0] - vects[1]), axis=1, keepdims=True), K.epsilon()))",
    "6": "x[:, ::2, 1:3]",
    "13": "tf.reshape(x, [tf.shape(x)[0], 8])",
    "23": "K.mean(x, axis=[1, 2])",
}


@pytest.mark.parametrize("python", STORED)
@pytest.mark.parametrize("number", SOURCES)
def test_code_of_every_python_is_read_the_same(python: str, number: str) -> None:
    code = parse(base64.b64decode(STORED[python][number]))
    assert text(read(code, dict.fromkeys(code.free, True))) == SOURCES[number]
    assert any("LOAD" in line for line in listing(code))


def code_of(function: Callable[..., Any]) -> list[Any]:
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    raw = base64.b64encode(marshal.dumps(function.__code__)).decode("ascii")
    return [raw, list(function.__defaults__ or ()) or None, cells or None]


def lambda_file(path: Path, function: Any, shapes: list[list[int]], **more: Any) -> Path:
    """A functional model of one Lambda over one or several inputs."""
    layers: list[Any] = [
        {"class_name": "InputLayer", "name": f"in_{number}", "inbound_nodes": [],
         "config": {"name": f"in_{number}", "batch_input_shape": [None, *shape], "dtype": "float32"}}
        for number, shape in enumerate(shapes)
    ]  # fmt: skip
    names = [layer["name"] for layer in layers]
    config = {"name": "code", "function": function, "function_type": "lambda", **more}
    nodes = [[[name, 0, 0, {}] for name in names]]
    layers.append({"class_name": "Lambda", "name": "code", "config": config, "inbound_nodes": nodes})
    ends = {"input_layers": [[name, 0, 0] for name in names], "output_layers": [["code", 0, 0]]}
    model = {"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}}
    return legacy_file(path, model, {name: [] for name in [*names, "code"]}, "2.11.0")


def scaled(by: float) -> Callable[[Any], Any]:
    return lambda x: x * by


def several_lines(x: Any, keep: bool = True) -> Any:
    from tf_keras import backend as K

    mean = K.mean(x, axis=1, keepdims=keep)
    centred = x - mean
    return K.relu(centred) / 2.0


def cases() -> list[Any]:
    return [
        lambda x: x / 127.5 - 1.0,
        lambda x: 1.0 - x,
        lambda x: 2.0 / (x + 10.0),
        lambda x: x**2 * 0.5,
        lambda x: x[:, -1, :],
        lambda x: x[:, 1:, ::2],
        lambda x: x[..., 0],
        lambda x: x[:, None, :, 0],
        lambda x: x[..., tf.newaxis],
        lambda x: K.l2_normalize(x, axis=-1),
        lambda x: K.softmax(x),
        lambda x: tf.nn.softmax(x, axis=1),
        lambda x: K.mean(x, axis=[1, 2]),
        lambda x: tf.reduce_sum(x, axis=1, keepdims=True),
        lambda x: K.sqrt(x),
        lambda x: K.clip(x, 0.0, 0.5),
        lambda x: tf.clip_by_value(x, -1.0, 1.0),
        lambda x: K.reshape(x, (-1, 2, 6)),
        lambda x: tf.reshape(x, [tf.shape(x)[0], 12]),
        lambda x: K.permute_dimensions(x, (0, 2, 1)),
        lambda x: K.squeeze(K.expand_dims(x, axis=1), axis=1),
        lambda x: K.concatenate([x, -x], axis=-1),
        lambda x: tf.concat([x, x], axis=1),
        lambda x: K.relu(x, alpha=0.1),
        lambda x: tf.cast(x, tf.float32) / 255.0,
        lambda x: K.cast(K.greater(x, 0.0), "float32"),
        lambda x: x - [0.1, 0.2, 0.3],
        lambda x: K.max(x, axis=1) + np.sqrt(4.0),
        lambda x: tf.norm(x, axis=-1),
        lambda x: K.batch_dot(x, x, axes=[2, 2]),
        lambda x: tf.pad(x, [[0, 0], [1, 1], [0, 0]]),
        lambda x: K.repeat_elements(x, 2, axis=1),
        lambda x: K.reverse(x, axes=1),
        lambda x: tf.nn.relu(x),
        lambda x: tf.math.abs(x) @ tf.transpose(x, perm=[0, 2, 1]),
        lambda x: abs(x),
        scaled(3.0),
        several_lines,
    ]


@pytest.mark.parametrize("number", range(38))
def test_a_lambda_computes_what_its_code_computed(tmp_path: Path, number: int) -> None:
    function = cases()[number]
    path = lambda_file(tmp_path / "m.h5", code_of(function), [[4, 3]])
    x = np.abs(random(2, 4, 3)) if number % 2 else random(2, 4, 3)
    np.testing.assert_allclose(run(model_of(path), x), np.asarray(function(tf.constant(x))), atol=1e-5)


def test_a_lambda_of_two_inputs(tmp_path: Path) -> None:
    stored = [STORED["3.7"]["10"], None, None]
    path = lambda_file(tmp_path / "m.h5", stored, [[3], [3]])
    a, b = random(2, 3), random(2, 3, seed=1)
    wanted = np.sqrt(np.maximum(((a - b) ** 2).sum(axis=1, keepdims=True), 1e-7))
    np.testing.assert_allclose(run(model_of(path), a, b), wanted, atol=1e-5)
    decision = inferred(path).best.layer("code").decision("class_name")
    assert decision is not None and decision.basis is Basis.INFERRED and 0.5 < decision.confidence < 1
    assert "K.sqrt(K.maximum(" in decision.evidence[0].because


def test_keras_3s_form_and_arguments(tmp_path: Path) -> None:
    code, _, _ = code_of(lambda x, times: x * times)
    stored = {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}
    path = lambda_file(tmp_path / "m.h5", stored, [[3]], arguments={"times": 2.0})
    np.testing.assert_allclose(run(model_of(path), random(2, 3)), 2 * random(2, 3), atol=1e-6)


def test_keras_1s_form_is_characters(tmp_path: Path) -> None:
    raw = base64.b64decode(STORED["2.7"]["0"]).decode("latin-1")
    path = lambda_file(tmp_path / "m.h5", [raw, None, None], [[3]])
    np.testing.assert_allclose(run(model_of(path), random(2, 3)), random(2, 3) / 127.5 - 1, atol=1e-6)


def test_only_a_name_is_taken_with_doubt(tmp_path: Path) -> None:
    path = lambda_file(tmp_path / "m.h5", "softmax", [[3]], function_type="function")
    e = np.exp(random(2, 3))
    np.testing.assert_allclose(run(model_of(path), random(2, 3)), e / e.sum(axis=1, keepdims=True), atol=1e-6)
    assert inferred(path).best.confidence < 0.8


def test_sampling_is_its_mean_with_doubt(tmp_path: Path) -> None:
    stored = code_of(lambda args: args[0] + K.exp(0.5 * args[1]) * K.random_normal(shape=K.shape(args[0])))
    path = lambda_file(tmp_path / "m.h5", stored, [[2], [2]])
    np.testing.assert_allclose(run(model_of(path), random(3, 2), random(3, 2, seed=2)), random(3, 2), atol=1e-6)
    assert inferred(path).best.confidence < 0.6


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("lambda x: SCALE * x", "the value of SCALE is not stored"),
        ("lambda x: my_layer(x)", "my_layer is no function that is known here"),
        ("lambda x: x if x.shape[1] else -x", "is not followed"),
        ("lambda x: [x, x]", "it returns several tensors"),
        ("lambda x: __import__('os').system('true')", "__import__ is no function that is known"),
    ],
)
def test_code_that_is_not_understood_is_a_hole_with_its_disassembly(tmp_path: Path, source: str, why: str) -> None:
    path = lambda_file(tmp_path / "m.h5", code_of(eval(source)), [[3]])
    with pytest.raises(NoArchitecture, match=f"code: a Lambda holds code, which is never run.*{why}.*--set") as caught:
        model_of(path)
    assert inferred(path).best.layer("code").class_name == "Lambda"
    assert any("LOAD_FAST" in cause or "LOAD_" in cause for cause in caught.value.causes)


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_damaged_code_is_refused_and_nothing_else(noise: bytes, at: int, value: int) -> None:
    raw = bytearray(base64.b64decode(STORED["3.8"]["8"]))
    raw[at % len(raw)] = value
    for data in (bytes(raw), noise, b"\xe3" + noise):
        try:
            code = parse(data)
            listing(code)
            read(code, {})
        except Unreadable:
            pass


def test_depth_and_size_are_bounded() -> None:
    for data in (b"(" + struct.pack("<i", 1 << 30), b")\x01" * 5000 + b"N", b"l" + struct.pack("<i", 1 << 20)):
        with pytest.raises(Unreadable):
            parse(data)


def test_a_lambda_called_twice_is_written_as_source(tmp_path: Path) -> None:
    from infer_convert.export.python import python_source
    from infer_convert.pipeline import build
    from infer_convert.readers import open_tensors

    config = {"name": "code", "function": code_of(lambda x: x * 2.0), "function_type": "lambda"}
    layers = [
        {"class_name": "InputLayer", "name": "a", "inbound_nodes": [],
         "config": {"name": "a", "batch_input_shape": [None, 3], "dtype": "float32"}},
        {"class_name": "Lambda", "name": "code", "config": config,
         "inbound_nodes": [[["a", 0, 0, {}]], [["code", 0, 0, {}]]]},
    ]  # fmt: skip
    ends = {"input_layers": [["a", 0, 0]], "output_layers": [["code", 1, 0]]}
    model = {"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}}
    path = legacy_file(tmp_path / "m.h5", model, {"a": [], "code": []}, "2.11.0")
    found = inferred(path)
    with open_tensors(path) as store:
        built = build(found.best, found.facts, store)
    np.testing.assert_allclose(run(built.model, random(2, 3)), 4 * random(2, 3), atol=1e-6)
    scope: dict[str, Any] = {}
    exec(python_source(built.model, found.best, found.facts), scope)
    np.testing.assert_allclose(run(scope["build_model"](), random(2, 3)), 4 * random(2, 3), atol=1e-6)
