"""A stored config that contradicts the stored shapes: all conflicts as data; the weights win where the user says so."""

from __future__ import annotations

from typing import Any

import pytest

from infer_convert.configs import plan_from_config
from infer_convert.errors import NoArchitecture
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints, with_options
from infer_convert.report.document import document
from infer_convert.report.json import report


def file() -> WeightFile:
    def dense(name: str, units: int, rows: int) -> StoredLayer:
        shapes = {"kernel": (rows, units), "bias": (units,)}
        tensors = (Tensor(f"/{name}/{role}", role, role, shape, "float32") for role, shape in shapes.items())
        return StoredLayer(name, f"/{name}", tuple(tensors))

    def entry(name: str, units: int, **more: Any) -> dict[str, Any]:
        return {"class_name": "Dense", "config": {"name": name, "units": units, "activation": "relu", **more}}

    config = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [entry("a", 7, batch_input_shape=[None, 4]), entry("b", 9)]},
    }
    return WeightFile("f.h5", 1, "keras2", "legacy", "full", "stored", (dense("a", 5, 4), dense("b", 2, 5)),
                      keras_version="2.2.4", backend="tensorflow", model_config=config)  # fmt: skip


def test_all_conflicts_are_listed_with_the_options_that_settle_them() -> None:
    with pytest.raises(NoArchitecture, match="units is 7 in the config, 5 by the shapes") as caught:
        plan_from_config(file())
    found = caught.value.conflicts
    assert [(each.layer, each.field, each.config, each.weights) for each in found] == [
        ("a", "units", 7, 5), ("b", "units", 9, 2),
    ]  # fmt: skip
    assert found[0].tensors == ("/a/kernel", "/a/bias")
    told = [each.answer.removeprefix("--set ") for each in found]
    plan = plan_from_config(file(), with_options(Hints(), told)).best
    assert [plan.layer(name).config["units"] for name in ("a", "b")] == [5, 2]


def test_the_report_holds_them() -> None:
    with pytest.raises(NoArchitecture) as caught:
        plan_from_config(file())
    failure = report(document(file(), None, error=caught.value))["failure"]
    assert failure["conflicts"][1] == {
        "layer": "b", "field": "units", "config": 9, "weights": 2, "tensors": ["/b/kernel", "/b/bias"],
        "answer": "--set b.units=2",
    }  # fmt: skip
