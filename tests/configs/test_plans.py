"""Whole files: wiring, conflicts, holes, image layouts, hints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infer_convert.errors import NoArchitecture
from infer_convert.hints import Hints
from tests.configs.files import inferred, legacy_file, model_of, random, run, sequential

DENSE = {"name": "d", "batch_input_shape": [None, 4], "units": 3, "activation": "linear", "use_bias": True}


def dense_weights(rows: int = 4, units: int = 3) -> list[tuple[str, Any]]:
    return [("d/kernel:0", random(rows, units)), ("d/bias:0", np.zeros(units, "float32"))]


def functional(*layers: dict[str, Any], inputs: Any, outputs: Any) -> dict[str, Any]:
    config = {"name": "m", "layers": list(layers), "input_layers": inputs, "output_layers": outputs}
    return {"class_name": "Functional", "config": config}


def layer(class_name: str, name: str, nodes: Any, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}


def test_a_config_that_contradicts_the_shapes_names_both(tmp_path: Path) -> None:
    path = legacy_file(tmp_path / "m.h5", sequential(("Dense", {**DENSE, "units": 5})), {"d": dense_weights()})
    with pytest.raises(NoArchitecture, match=r"units is 5 in the config, 3 by the shapes.*\(4, 3\) at /model"):
        inferred(path)


def test_the_users_answer_settles_the_contradiction(tmp_path: Path) -> None:
    path = legacy_file(tmp_path / "m.h5", sequential(("Dense", {**DENSE, "units": 5})), {"d": dense_weights()})
    found = inferred(path, Hints(answers={("d", "units"): 3}))
    assert found.best.layer("d").config["units"] == 3


def test_a_layer_that_the_config_lacks_is_told(tmp_path: Path) -> None:
    more = [("e/kernel:0", random(3, 2))]
    path = legacy_file(tmp_path / "m.h5", sequential(("Dense", DENSE)), {"d": dense_weights(), "e": more})
    with pytest.raises(NoArchitecture, match=r"the file holds 1 \(e\)"):
        inferred(path)


def test_a_lambda_is_a_visible_hole_that_set_fills(tmp_path: Path) -> None:
    hole = ("Lambda", {"name": "scale", "function": ["YWJjX2RlZg==", None, None], "function_type": "lambda"})
    path = legacy_file(tmp_path / "m.h5", sequential(("Dense", DENSE), hole), {"d": dense_weights(), "scale": []})
    with pytest.raises(NoArchitecture, match=r"scale: a Lambda holds code, which is never run.*abc_def.*--set"):
        model_of(path)
    answers = {("scale", "class_name"): "Rescaling", ("scale", "scale"): 2.0}
    x = random(2, 4)
    wanted = 2 * (x @ random(4, 3))
    np.testing.assert_allclose(run(model_of(path, Hints(answers=answers)), x), wanted, atol=1e-5)


def test_a_lambda_that_no_output_needs_is_left_out(tmp_path: Path) -> None:
    config = functional(
        layer("InputLayer", "x", [], batch_input_shape=[None, 4]),
        layer("Dense", "d", [[["x", 0, 0, {}]]], units=3),
        layer("Lambda", "unused", [[["d", 0, 0, {}]]], function=["", None, None]),
        inputs=[["x", 0, 0]], outputs=[["d", 0, 0]],
    )  # fmt: skip
    path = legacy_file(tmp_path / "m.h5", config, {"x": [], "d": dense_weights(), "unused": []})
    assert [item.name for item in inferred(path).best.layers] == ["x", "d"]


def test_a_shared_nested_model_counts_its_calls_from_its_own_input(tmp_path: Path) -> None:
    tower = functional(
        layer("InputLayer", "t", [], batch_input_shape=[None, 4]),
        layer("Dense", "d", [[["t", 0, 0, {}]]], units=3),
        inputs=[["t", 0, 0]], outputs=[["d", 0, 0]],
    )  # fmt: skip
    config = functional(
        layer("InputLayer", "a", [], batch_input_shape=[None, 4]),
        layer("InputLayer", "b", [], batch_input_shape=[None, 4]),
        {"class_name": "Functional", "name": "tower", "config": tower["config"],
         "inbound_nodes": [[["a", 0, 0, {}]], [["b", 0, 0, {}]]]},
        layer("Subtract", "s", [[["tower", 1, 0, {}], ["tower", 2, 0, {}]]]),
        inputs=[["a", 0, 0], ["b", 0, 0]], outputs=[["s", 0, 0]],
    )  # fmt: skip
    path = legacy_file(tmp_path / "m.h5", config, {"a": [], "b": [], "tower": dense_weights(), "s": []})
    a, b = random(2, 4, seed=1), random(2, 4, seed=2)
    np.testing.assert_allclose(run(model_of(path), a, b), (a - b) @ random(4, 3), atol=1e-5)


def test_tensorflow_operations_become_operations(tmp_path: Path) -> None:
    config = functional(
        layer("InputLayer", "x", [], batch_input_shape=[None, 4]),
        layer("TFOpLambda", "tf.subtract", [["_CONSTANT_VALUE", -1, 1.0, {"y": ["x", 0, 0], "name": None}]],
              function="math.subtract"),
        layer("TFOpLambda", "tf.concat", [[["x", 0, 0, {"axis": -1}], ["tf.subtract", 0, 0, {"axis": -1}]]],
              function="concat"),
        layer("SlicingOpLambda", "tf.getitem", [["tf.concat", 0, 0, {"slice_spec": [
            {"start": None, "stop": None, "step": None}, {"start": 2, "stop": 6, "step": 2}]}]],
              function="__operators__.getitem"),
        inputs=[["x", 0, 0]], outputs=[["tf.getitem", 0, 0]],
    )  # fmt: skip
    path = legacy_file(
        tmp_path / "m.h5", config, {name: [] for name in ("x", "tf.subtract", "tf.concat", "tf.getitem")}
    )
    x = random(3, 4)
    np.testing.assert_allclose(run(model_of(path), x), np.concatenate([x, 1 - x], -1)[:, 2:6:2], atol=1e-6)


def image_model(layout: str) -> tuple[Any, dict[str, Any]]:
    first = layout == "channels_first"
    axis = 1 if first else -1
    conv = {"filters": 4, "kernel_size": [3, 3], "strides": [1, 1], "padding": "same", "data_format": layout}
    config = functional(
        layer("InputLayer", "x", [], batch_input_shape=[None, 3, 6, 8] if first else [None, 6, 8, 3]),
        layer("Conv2D", "c", [[["x", 0, 0, {}]]], **conv),
        layer("BatchNormalization", "n", [[["c", 0, 0, {}]]], axis=[1] if first else [3], epsilon=0.001),
        layer("MaxPooling2D", "p", [[["n", 0, 0, {}]]], pool_size=[2, 2], strides=[2, 2], padding="valid",
        data_format=layout),
        layer("UpSampling2D", "u", [[["p", 0, 0, {}]]], size=[2, 2], data_format=layout),
        layer("Concatenate", "j", [[["n", 0, 0, {}], ["u", 0, 0, {}], ["x", 0, 0, {}]]], axis=axis),
        layer("Flatten", "f", [[["p", 0, 0, {}]]]),
        inputs=[["x", 0, 0]], outputs=[["j", 0, 0], ["f", 0, 0]],
    )  # fmt: skip
    norm = [("n/gamma:0", random(4, seed=3)), ("n/beta:0", random(4, seed=4)), ("n/moving_mean:0", random(4, seed=5)),
            ("n/moving_variance:0", np.abs(random(4, seed=6)))]  # fmt: skip
    weights = {"x": [], "c": [("c/kernel:0", random(3, 3, 3, 4)), ("c/bias:0", random(4, seed=2))], "n": norm, "p": [],
               "u": [], "j": [], "f": []}  # fmt: skip
    return config, weights


def test_channels_first_computes_the_same_with_the_stored_layout_outside(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    models = {}
    for layout in ("channels_first", "channels_last"):
        config, weights = image_model(layout)
        models[layout] = model_of(legacy_file(tmp_path / f"{layout}.h5", config, weights))
    x = random(2, 6, 8, 3, seed=9)
    joined, _ = models["channels_last"](x)
    found, flat = models["channels_first"](x.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(np.asarray(found).transpose(0, 2, 3, 1), joined, atol=1e-5)
    pooled = np.asarray(joined).reshape(2, 3, 2, 4, 2, 11)[..., :4].max(axis=(2, 4))
    np.testing.assert_allclose(np.asarray(flat), pooled.transpose(0, 3, 1, 2).reshape(2, -1), atol=1e-5)


def test_keep_leaves_channels_first_layers_as_they_are(tmp_path: Path) -> None:
    config, weights = image_model("channels_first")
    path = legacy_file(tmp_path / "m.h5", config, weights)
    kept = inferred(path, Hints(data_format="keep")).best
    assert kept.layer("c").config["data_format"] == "channels_first"
    assert inferred(path).best.layer("c").config["data_format"] == "channels_last"


def test_a_subclassed_model_has_no_config_to_follow(tmp_path: Path) -> None:
    path = legacy_file(tmp_path / "m.h5", {"class_name": "Mine", "config": {"width": 3}}, {"d": dense_weights()})
    with pytest.raises(NoArchitecture, match="lists no layers"):
        inferred(path)


@pytest.mark.parametrize("config", [None, 3, {}, {"class_name": "Sequential", "config": []},
{"config": {"layers": [1]}},
                                    {"class_name": "Model", "config": {"layers": [{"class_name": []}],
                                    "output_layers": 5}}])  # fmt: skip
def test_malformed_configs_are_refused_in_one_line(tmp_path: Path, config: Any) -> None:
    from infer_convert.configs import plan_from_config
    from infer_convert.readers import read

    path = legacy_file(tmp_path / "m.h5", sequential(("Dense", DENSE)), {"d": dense_weights()})
    facts = read(path)
    with pytest.raises(NoArchitecture) as error:
        plan_from_config(facts, config=config if config is not None else {"layers": None})
    assert "\n" not in str(error.value)
