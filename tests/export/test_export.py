"""What is written computes what was built."""

from __future__ import annotations

import ast
import dataclasses
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from infer_convert import transforms
from infer_convert.build.assign import assign
from infer_convert.build.model import build_model
from infer_convert.export.compare import difference, savedmodel_difference
from infer_convert.export.exporters import EXPORTERS
from infer_convert.export.layout import WIDTH
from infer_convert.export.loader import HELPERS, expression
from infer_convert.export.python import python_source
from infer_convert.export.savedmodel import save_savedmodel
from infer_convert.export.signature import input_names, output_names
from infer_convert.export.subject import Subject
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.formats import EXTRAS
from infer_convert.plan import Basis, Decision, InputStatistics, Option, Plan, PlanLayer, Ref, WeightUse
from tests.build.plans import DictStore, facts_of, plan_of, randomize
from tests.build.test_build import line, run, samples
from tests.build.zoo import ZOO, cnn, mlp, nested, shared, two_inputs


def built(make: Any) -> tuple[keras.Model, Plan, DictStore, WeightFile]:
    original, store = randomize(make()), DictStore()
    plan = plan_of(original, store)
    model = build_model(plan)
    assign(model, plan, store)
    return model, plan, store, facts_of(original, plan)


def written(store: DictStore, path: Path) -> Path:
    """The store as an HDF5 file."""
    with h5py.File(path, "w") as file:
        for name, array in store.items():
            file[name] = array
    return path


def module(source: str, tmp_path: Path) -> dict[str, Any]:
    """Run a model.py after ruff and the width have been checked."""
    path = tmp_path / "model.py"
    path.write_text(source)
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,W,I,B,UP,C4,RUF,PIE", "--line-length"]
    checked = subprocess.run([*ruff, "120", "--target-version", "py311", str(path)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + source
    assert max(map(len, source.splitlines())) <= WIDTH
    names: dict[str, Any] = {"__name__": "recovered"}
    exec(compile(source, str(path), "exec"), names)
    return names


@pytest.mark.parametrize("make", ZOO, ids=lambda make: make.__name__)
def test_model_py_rebuilds_the_model_from_the_original_file(make: Any, tmp_path: Path) -> None:
    model, plan, store, facts = built(make)
    names = module(python_source(model, plan, facts), tmp_path)
    again = names["build_model"]()
    names["load_weights"](again, written(store, tmp_path / "w.h5"))
    arrays = samples(model)
    for ours, theirs in zip(run(again, arrays), run(model, arrays), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


@pytest.mark.parametrize("make", ZOO, ids=lambda make: make.__name__)
def test_the_saved_model_computes_the_same(make: Any, tmp_path: Path) -> None:
    model, plan, _, facts = built(make)
    save_savedmodel(Subject(model, plan, facts), tmp_path / "saved_model")
    found = savedmodel_difference(Subject(model, plan, facts), tmp_path / "saved_model")
    assert found.reason is None
    assert found.largest is not None and found.largest < 1e-5 * found.scale


def test_the_signature_has_real_names_and_an_open_batch_axis(tmp_path: Path) -> None:
    model, plan, _, facts = built(two_inputs)
    save_savedmodel(Subject(model, plan, facts), tmp_path / "m")
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    signature = loaded.signatures["serving_default"]
    inputs = signature.structured_input_signature[1]
    assert {name: spec.shape.as_list() for name, spec in inputs.items()} == {"left": [None, 4], "right": [None, 3]}
    assert set(signature.structured_outputs) == {"score", "kind"}
    for batch in (1, 7):
        assert signature(left=tf.zeros((batch, 4)), right=tf.zeros((batch, 3)))["kind"].shape == (batch, 2)


def test_the_saved_model_can_be_trained_further_and_holds_the_weights_once(tmp_path: Path) -> None:
    x = inputs = keras.Input((64,), name="inputs")
    for number in range(4):
        x = keras.layers.Dense(256, activation="relu", name=f"d{number}")(x)
    original, store = randomize(keras.Model(inputs, x)), DictStore()
    plan = plan_of(original, store)
    model = build_model(plan)
    assign(model, plan, store)
    save_savedmodel(Subject(model, plan, facts_of(original, plan)), tmp_path / "m")
    stored = sum(path.stat().st_size for path in (tmp_path / "m" / "variables").iterdir())
    assert stored < 1.05 * sum(array.nbytes for array in store.values())
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    assert len(loaded.trainable_variables) == 8
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(loaded.signatures["serving_default"](inputs=tf.ones((2, 64)))["d3"])
    gradients = tape.gradient(loss, list(loaded.trainable_variables))
    assert all(gradient is not None for gradient in gradients)
    before = float(loss)
    for variable, gradient in zip(loaded.trainable_variables, gradients, strict=True):
        variable.assign_sub(1e-6 * gradient)
    after = float(tf.reduce_mean(loaded.signatures["serving_default"](inputs=tf.ones((2, 64)))["d3"]))
    assert after < before


def test_a_damaged_saved_model_is_noticed(tmp_path: Path) -> None:
    model, plan, _, facts = built(mlp)
    save_savedmodel(Subject(model, plan, facts), tmp_path / "m")
    model.get_layer("hidden").bias.assign_add([9.0, 0, 0, 0, 0])
    assert not savedmodel_difference(Subject(model, plan, facts), tmp_path / "m").agrees


def test_every_exporter_writes_its_target(tmp_path: Path) -> None:
    model, plan, _, facts = built(cnn)
    for exporter in EXPORTERS:
        if exporter.name in EXTRAS:
            continue
        exporter.save(Subject(model, plan, facts), tmp_path / exporter.target)
        assert (tmp_path / exporter.target).exists()
    again = keras.models.load_model(tmp_path / "model.keras")
    arrays = samples(model)
    np.testing.assert_array_equal(run(again, arrays)[0], run(model, arrays)[0])


def test_the_nested_model_stays_nested_in_the_archive(tmp_path: Path) -> None:
    model, plan, _, facts = built(nested)
    EXPORTERS[1].save(Subject(model, plan, facts), tmp_path / "model.keras")
    assert isinstance(keras.models.load_model(tmp_path / "model.keras").get_layer("tower"), keras.Model)


def test_the_source_reads_as_a_person_would_write_it() -> None:
    model, plan, _, facts = built(cnn)
    source = python_source(model, plan, facts)
    assert 'layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, name="conv")(inputs)' in source
    assert 'layers.BatchNormalization(epsilon=1e-05, name="bn")(x)' in source
    assert 'layers.ReLU(name="relu")(x)' in source
    model, plan, _, facts = built(shared)
    source = python_source(model, plan, facts)
    assert source.count("layers.Dense(3") == 1
    assert source.count("encoder(") == 2


def test_uncertain_lines_say_so_and_stay_short() -> None:
    doubts = (
        Decision("activation", "relu", 0.6, Basis.INFERRED, (Option("tanh", 0.3),)),
        Decision("units", 3, 1.0, Basis.FORCED),
        Decision("inbound", [["x"]], 0.5, Basis.ASSUMED, tuple(Option(["y" * 50], 0.1) for _ in range(5))),
    )
    sure = PlanLayer("sure", "ReLU")
    plan = line(PlanLayer("d", "Dense", {"units": 3, "activation": "relu"}, decisions=doubts), sure)
    source = python_source(build_model(plan), plan, facts_of_nothing())
    doubted = [text for text in source.splitlines() if "60%" in text]
    assert len(doubted) == 1 and 'activation="relu"' in doubted[0] and 'else "tanh" 30%' in doubted[0]
    assert "inbound 50%" in source
    assert "#" not in next(text for text in source.splitlines() if "sure" in text and "layers." in text)
    assert max(map(len, source.splitlines())) <= WIDTH


def facts_of_nothing(file: str = "w.h5") -> WeightFile:
    return WeightFile(file, 1, "keras2", "x", "weights-only", "stored", ())


HOSTILE = (
    'a"); import os; os.system("touch pwned") #',
    "b\nimport os\n",
    '"""\nraise SystemExit\n"""',
    "\u202eevil\u2066",
    "{7*7}",
    "\\",
    "import",
    "model",
    "layers",
    "print",
    "n" * 400,
)


def test_hostile_names_cannot_become_code(tmp_path: Path) -> None:
    store, layers = DictStore(), []
    for name in HOSTILE:
        path = f"/{name}/kernel"
        store[path] = np.full((4, 4), len(layers), "float32")
        use = WeightUse("kernel", (path,), (4, 4), "float32", "kernel")
        doubt = Decision(name, name, 0.5, Basis.ASSUMED, (Option(name, 0.4),))
        layers.append(PlanLayer(name, "Dense", {"units": 4, "use_bias": False}, (), (use,), (doubt,)))
    plan = dataclasses.replace(line(*layers), name=HOSTILE[2], rewrites=HOSTILE)
    model = build_model(plan)
    assign(model, plan, store)
    source = python_source(model, plan, facts_of_nothing(HOSTILE[2]))
    assert source.isascii()
    allowed = {"keras", "h5py", "numpy", "sys"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            assert {item.name for item in node.names} <= allowed
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in {"system", "popen"}
    names = module(source, tmp_path)
    again = names["build_model"]()
    names["load_weights"].__globals__["open_file"] = lambda path: _Opened(store)
    names["load_weights"](again, "w.h5")
    x = np.ones((1, 4), "float32")
    np.testing.assert_array_equal(run(again, [x])[0], run(model, [x])[0])


class _Opened:
    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays

    def __enter__(self) -> dict[str, np.ndarray]:
        return self.arrays

    def __exit__(self, *error: object) -> None:
        return None


CHAINS: dict[str, tuple[str, tuple[tuple[int, ...], ...]]] = {
    "merge-gates": ("merge-gates", ((2, 3), (2, 3))),
    "stack": ("stack", ((2, 3), (2, 3))),
    "transpose": ("transpose:2,0,1", ((2, 3, 4),)),
    "reshape": ("reshape:6", ((2, 3),)),
    "rotate180": ("rotate180", ((3, 2, 2, 4),)),
    "flatten-first": ("flatten-first:2,3,2", ((12, 5),)),
    "cudnn-kernel": ("cudnn-kernel:4", ((3, 8),)),
    "cudnn-bias": ("cudnn-bias:4", ((16,),)),
    "cudnn-bias-pair": ("cudnn-bias-pair:3", ((12,),)),
    "square": ("square", ((3,),)),
    "add": ("add:0.5", ((3,),)),
    "lora": ("lora:0.25", ((3, 4), (3, 2), (2, 4))),
    "local-patches": ("local-patches:2,2,1,1", ((4, 4, 1, 3, 3, 2),)),
    "negate": ("negate", ((2, 3),)),
    "ones": ("ones", ((2, 3),)),
    "srelu-right": ("srelu-right", ((2, 3), (2, 3))),
    "same": ("same", ((2, 3),)),
    "cast": ("cast:float64→float32", ((3,),)),
}


@pytest.mark.parametrize("name", transforms.names())
def test_the_source_of_every_transform_does_what_the_transform_does(name: str) -> None:
    chain, shapes = CHAINS[name]
    rng = np.random.default_rng(0)
    arrays = {f"/{n}": rng.normal(size=shape) for n, shape in enumerate(shapes)}
    use = WeightUse("v", tuple(arrays), (), "float32", "v", (chain,))
    scope: dict[str, Any] = {"np": np, "read": arrays.__getitem__}
    exec("\n".join(HELPERS.values()), scope)
    value = expression(use, frozenset())
    ours = eval(value if isinstance(value, str) else value.flat(), scope)
    theirs = transforms.apply((chain,), list(arrays.values()))
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_archives_shards_and_bfloat16_are_read_by_the_source(tmp_path: Path) -> None:
    import zipfile

    import ml_dtypes

    kernel = np.arange(8, dtype="float32").reshape(4, 2).astype(ml_dtypes.bfloat16)
    use = WeightUse("kernel", ("/d/0",), (4, 2), "float32", "kernel", ("cast:bfloat16→float32",))
    plan = line(PlanLayer("d", "Dense", {"units": 2, "use_bias": False}, weights=(use,)))
    model = build_model(plan)
    stored = StoredLayer("d", "/d", (Tensor("/d/0", "0", "0", (4, 2), "bfloat16"),))
    with h5py.File(tmp_path / "model.weights.h5", "w") as file:
        file["/d/0"] = kernel.view("V2")
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.write(tmp_path / "model.weights.h5", "model.weights.h5")
    index = {"metadata": {"total_size": 1}, "weight_map": {"/d": ["model.weights.h5"]}}
    (tmp_path / "m.weights.json").write_text(json.dumps(index))
    for name in ("model.weights.h5", "m.keras", "m.weights.json"):
        facts = dataclasses.replace(facts_of_nothing(name), layers=(stored,))
        names = module(python_source(model, plan, facts), tmp_path)
        again = names["build_model"]()
        names["load_weights"](again, str(tmp_path / name))
        np.testing.assert_array_equal(again.get_layer("d").kernel.numpy(), kernel.astype("float32"))


def test_operations_and_many_operands_stand_in_the_source(tmp_path: Path) -> None:
    x = PlanLayer("x", "InputLayer", {"batch_shape": [None, 4]})
    branches = [PlanLayer(f"a_rather_long_name_{n}", "ReLU", {}, ((Ref("x"),),)) for n in range(9)]
    merged = PlanLayer("all", "Concatenate", {}, (tuple(Ref(item.name) for item in branches),))
    scaled = PlanLayer("s", "Operation", {"function": "multiply", "arguments": {"x2": 0.5}}, ((Ref("all"),),))
    split = PlanLayer("p", "Operation", {"function": "split", "arguments": {"indices_or_sections": 2, "axis": -1}},
                      ((Ref("s"),),))  # fmt: skip
    cut = PlanLayer("c", "Operation", {"function": "getitem", "arguments": {"key": [None, [1, None, 2]]}},
                    ((Ref("p", 0, 1),),))  # fmt: skip
    plan = Plan((x, *branches, merged, scaled, split, cut), (Ref("x"),), (Ref("c"),))
    model = build_model(plan)
    source = python_source(model, plan, facts_of_nothing())
    assert "from keras import layers, ops" in source
    again = module(source, tmp_path)["build_model"]()
    array = np.arange(8, dtype="float32").reshape(2, 4)
    np.testing.assert_array_equal(run(again, [array])[0], run(model, [array])[0])


def test_differences() -> None:
    nan, inf = np.array([np.nan, 1.0]), np.array([np.inf, 1.0])
    assert difference(nan, nan) == 0.0
    assert difference(inf, inf) == 0.0
    assert difference(nan, np.array([0.0, 1.0])) == math.inf
    assert difference(inf, -inf) == math.inf
    assert difference(np.zeros(2), np.zeros(3)) == math.inf
    assert difference(np.array([1.0]), np.array([1.5])) == 0.5


def test_output_names_are_numbered_when_one_layer_gives_several() -> None:
    plan = Plan((PlanLayer("a b", "InputLayer"), PlanLayer("l", "LSTM")), (Ref("a b"),), (Ref("l"), Ref("l", 0, 1)))
    assert output_names(plan) == ("l", "l_1")
    assert input_names(plan) == ("a_b",)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", input_names(plan)[0])


def repeating(block: Any, names: Any, **changes: Any) -> keras.Model:
    """Eight repetitions of a block behind an input of eight numbers."""
    x = inputs = keras.Input((8,), name="inputs")
    for number in range(8):
        x = block(x, number, names, **changes)
    return keras.Model(inputs, keras.layers.Dense(2, name="end")(x))


def one_block(x: Any, number: int, names: Any) -> Any:
    y = keras.layers.Dense(8 * (1 + number // 4), activation="relu", name=names(number, "dense", 2 * number))(x)
    y = keras.layers.BatchNormalization(name=names(number, "batch_normalization", number))(y)
    y = keras.layers.Dense(8, name=names(number, "dense", 2 * number + 1))(y)
    return keras.layers.Add(name=names(number, "add", number))([x, y])


def by_prefix(number: int, kind: str, count: int) -> str:
    return f"stage1_block{number + 1}_{kind}{'_b' if kind == 'dense' and count % 2 else ''}"


def by_letter(number: int, kind: str, count: int) -> str:
    return f"block{'abcdefgh'[number]}_{kind}{count % 2 if kind == 'dense' else ''}"


def by_number(number: int, kind: str, count: int) -> str:
    return f"{kind}_{count}" if count else kind


def by_chance(number: int, kind: str, count: int) -> str:
    return "".join("qzjxkvw y'{"[digit] for digit in (number, count % 11, len(kind) % 11, 7)) + f"{number}{count}"


@pytest.mark.parametrize("names", [by_prefix, by_letter, by_number, by_chance], ids=lambda item: item.__name__)
def test_repeated_blocks_become_functions_and_loops(names: Any, tmp_path: Path) -> None:
    model, plan, store, facts = built(lambda: repeating(one_block, names))
    source = python_source(model, plan, facts)
    scope = module(source, tmp_path)
    assert "def residual_block(" in source
    assert source.count("layers.Add(") == 1
    assert re.search(r"    for .* in .*:\n        x = residual_block\(", source) or names is by_chance
    again = scope["build_model"]()
    scope["load_weights"](again, written(store, tmp_path / "w.h5"))
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    arrays = samples(model)
    np.testing.assert_array_equal(run(again, arrays)[0], run(model, arrays)[0])


def test_resnet50_reads_like_hand_written_code(tmp_path: Path) -> None:
    """Its 177 layers are two functions and four loops; the weights come by two rules and one exception."""
    original = keras.applications.ResNet50(weights=None)
    store = DictStore()
    plan = plan_of(original, store)
    model = build_model(plan)
    source = python_source(model, plan, facts_of(original, plan))
    assert len(source.splitlines()) < 0.4 * (177 + 107)  # flat: a line per layer, a line per layer with weights
    assert len(re.findall(r"^def residual_block", source, re.MULTILINE)) == 2
    assert source.count("for block in range(") == 4
    assert "layers.Conv2D(4 * filters, 1" in source
    again = module(source, tmp_path)["build_model"]()
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    ours, theirs = again.get_config(), model.get_config()
    ours["name"] = theirs["name"]
    assert ours == theirs


def test_suggested_preprocessing_stands_in_the_source() -> None:
    model, plan, _, facts = built(cnn)
    plan = dataclasses.replace(plan, input_statistics=InputStatistics("0..1", (0.5, 0.4, 0.4), 0.2))
    assert "divide pixels by 255" in python_source(model, plan, facts)


def test_tensors_of_numbered_groups_are_read_in_a_loop(tmp_path: Path) -> None:
    model, plan, store, facts = built(lambda: repeating(one_block, by_prefix))
    dense, norm, places = 0, 0, {}
    for layer in model.layers:
        if layer.weights:
            kind = type(layer).__name__
            number = dense if kind == "Dense" else norm
            stem = "dense" if kind == "Dense" else "batch_normalization"
            dense, norm = dense + (kind == "Dense"), norm + (kind != "Dense")
            places[layer.name] = f"/layers/{stem}_{number}" if number else f"/layers/{stem}"
    moved, layers = DictStore(), []
    for item in plan.layers:
        uses = []
        for number, use in enumerate(item.weights):
            path = f"{places[item.name]}/vars/{number}"
            moved[path] = store[use.sources[0]]
            uses.append(dataclasses.replace(use, sources=(path,)))
        layers.append(dataclasses.replace(item, weights=tuple(uses)))
    plan = dataclasses.replace(plan, layers=tuple(layers))
    source = python_source(model, plan, facts)
    assert 'key = numbered("dense", number)' in source
    scope = module(source, tmp_path)
    again = scope["build_model"]()
    scope["load_weights"](again, written(moved, tmp_path / "w.h5"))
    arrays = samples(model)
    np.testing.assert_array_equal(run(again, arrays)[0], run(model, arrays)[0])


@pytest.mark.parametrize("name", sorted(EXTRAS))
@pytest.mark.parametrize("make", [cnn, two_inputs, nested], ids=lambda make: make.__name__)
def test_other_formats_compute_the_same(name: str, make: Any, tmp_path: Path) -> None:
    for needed in EXTRAS[name]:
        pytest.importorskip(needed, reason=f"needs the extra {name}")
    model, plan, _, facts = built(make)
    exporter = next(item for item in EXPORTERS if item.name == name)
    exporter.save(Subject(model, plan, facts), tmp_path / exporter.target)
    assert exporter.compare is not None
    found = exporter.compare(Subject(model, plan, facts), tmp_path / exporter.target)
    assert found.reason is None
    assert found.largest is not None and found.largest < 1e-5 * found.scale
    for variable in model.weights:
        variable.assign(variable * 3.0)
    assert not exporter.compare(Subject(model, plan, facts), tmp_path / exporter.target).agrees


def predict(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    """What TensorFlow Serving's predict API answers: ``instances`` by row or ``inputs`` by column, names left out where
    there is only one."""
    signature = tf.saved_model.load(str(folder)).signatures[request.get("signature_name", "serving_default")]
    specs = signature.structured_input_signature[1]
    if "instances" in request:
        rows = request["instances"]
        named = [row if isinstance(row, dict) else dict.fromkeys(specs, row) for row in rows]
        columns = {name: [row[name] for row in named] for name in specs}
    else:
        given = request["inputs"]
        columns = given if isinstance(given, dict) else dict.fromkeys(specs, given)
    assert set(columns) == set(specs)
    result = signature(**{name: tf.constant(columns[name], specs[name].dtype) for name in specs})
    outputs = {name: tensor.numpy().tolist() for name, tensor in result.items()}
    single = next(iter(outputs.values())) if len(outputs) == 1 else None
    if "inputs" in request:
        return {"outputs": single if single is not None else outputs}
    rows = [dict(zip(outputs, values, strict=True)) for values in zip(*outputs.values(), strict=True)]
    return {"predictions": single if single is not None else rows}


def test_the_signature_answers_requests_in_the_form_of_tensorflow_serving(tmp_path: Path) -> None:
    model, plan, _, facts = built(two_inputs)
    save_savedmodel(Subject(model, plan, facts), tmp_path / "m")
    left, right = np.ones((2, 4), "float32"), np.zeros((2, 3), "float32")
    expected = dict(zip(output_names(plan), run(model, [left, right]), strict=True))
    rows = [{"left": a.tolist(), "right": b.tolist()} for a, b in zip(left, right, strict=True)]
    answer = json.loads(json.dumps(predict(tmp_path / "m", json.loads(json.dumps({"instances": rows})))))
    assert [set(row) for row in answer["predictions"]] == [{"score", "kind"}] * 2
    for name, array in expected.items():
        np.testing.assert_allclose([row[name] for row in answer["predictions"]], array, rtol=1e-5, atol=1e-6)
    columns = {"inputs": {"left": left.tolist(), "right": right.tolist()}}
    outputs = predict(tmp_path / "m", columns)["outputs"]
    np.testing.assert_allclose(outputs["kind"], expected["kind"], rtol=1e-5, atol=1e-6)
    model, plan, _, facts = built(mlp)
    save_savedmodel(Subject(model, plan, facts), tmp_path / "one")
    (array,) = samples(model)
    (wanted,) = run(model, [array])
    answer = predict(tmp_path / "one", {"signature_name": "serving_default", "instances": array.tolist()})
    np.testing.assert_allclose(answer["predictions"], wanted, rtol=1e-5, atol=1e-6)


def timed() -> keras.Model:
    inputs = keras.Input((None, 6, 1), name="frames")
    x = keras.layers.TimeDistributed(keras.layers.Conv1D(4, 3, activation="relu"), name="seen")(inputs)
    x = keras.layers.TimeDistributed(keras.layers.Flatten(), name="flat")(x)
    return keras.Model(inputs, keras.layers.TimeDistributed(keras.layers.Dense(3), name="said")(x))


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_time_stays_open_under_time_distributed(steps: int, tmp_path: Path) -> None:
    """Keras' own graph counts the steps by the batch axis; ours must not, and must leave the model as it was."""
    model, plan, _, facts = built(timed)
    save_savedmodel(Subject(model, plan, facts), tmp_path / "saved")
    assert savedmodel_difference(Subject(model, plan, facts), tmp_path / "saved").agrees
    assert not any("call" in vars(layer) for layer in model.layers)
    array = np.random.default_rng(steps).random((3, steps, 6, 1)).astype("float32")
    served = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    (result,) = served(frames=tf.constant(array)).values()
    assert result.shape == (3, steps, 3)
    np.testing.assert_allclose(result, np.asarray(model(array)), atol=1e-5)


def test_litert_keeps_off_standard_error(tmp_path: Path, capfd: Any) -> None:
    pytest.importorskip("ai_edge_litert")
    from infer_convert.export.litert import litert_difference, save_litert

    x = keras.Input((4,), name="x")
    model = keras.Model(x, keras.layers.Dense(2, name="d")(x))
    layers = (PlanLayer("x", "InputLayer", {"batch_shape": [None, 4]}), PlanLayer("d", "Dense", {}, ((Ref("x"),),)))
    plan = Plan(layers, (Ref("x"),), (Ref("d"),))
    save_litert(Subject(model, plan, facts_of_nothing()), tmp_path / "m.tflite")
    capfd.readouterr()
    assert litert_difference(Subject(model, plan, facts_of_nothing()), tmp_path / "m.tflite").agrees
    assert capfd.readouterr().err == ""
