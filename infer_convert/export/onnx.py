"""ONNX through tf2onnx, checked with onnxruntime; both come with the extra ``onnx``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from infer_convert.export.compare import Comparison, difference, feasible_inputs, largest
from infer_convert.export.savedmodel import input_names, output_names, serving
from infer_convert.facts import WeightFile
from infer_convert.plan import Plan

OPSET = 17
"""The operator set written: what onnxruntime 1.12 (2022) and later read."""


def save_onnx(model: Any, plan: Plan, facts: WeightFile, target: Path) -> None:
    """Write ``target`` (``model.onnx``) with the model's input and output names and an open batch axis."""
    import tf2onnx

    function, signature = serving(model, plan)
    tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET, output_path=str(target))


def onnx_difference(model: Any, plan: Plan, target: Path) -> Comparison:
    """Run onnxruntime beside the Keras model on random inputs."""
    import onnxruntime

    found = feasible_inputs(model, plan)
    if isinstance(found, str):
        return Comparison(None, reason=found)
    arrays, expected = found
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    result = session.run(list(output_names(plan)), dict(zip(input_names(plan), arrays, strict=True)))
    gaps = (difference(np.asarray(one), other) for one, other in zip(result, expected, strict=True))
    return Comparison(max(gaps), largest(expected))
