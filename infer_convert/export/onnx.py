"""ONNX through tf2onnx, checked with onnxruntime; both come with the extra ``onnx``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from infer_convert.export.compare import Comparison, difference, largest
from infer_convert.export.signature import input_names, output_names, serving
from infer_convert.export.subject import Subject

OPSET = 17
"""The operator set written: what onnxruntime 1.12 (2022) and later read."""


def save_onnx(subject: Subject, target: Path) -> None:
    """Write ``target`` (``model.onnx``) with the model's input and output names and an open batch axis."""
    import tf2onnx

    function, signature = serving(subject.model, subject.plan)
    tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET, output_path=str(target))


def onnx_difference(subject: Subject, target: Path) -> Comparison:
    """Run onnxruntime beside the Keras model on random inputs."""
    import onnxruntime

    if isinstance(subject.answers, str):
        return Comparison(None, reason=subject.answers)
    arrays, expected = subject.answers
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    result = session.run(list(output_names(subject.plan)), dict(zip(input_names(subject.plan), arrays, strict=True)))
    gaps = (difference(np.asarray(one), other) for one, other in zip(result, expected, strict=True))
    return Comparison(max(gaps), largest(expected))
