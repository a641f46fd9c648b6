"""LiteRT (TensorFlow Lite) through TensorFlow's converter, checked with the interpreter of the extra ``litert``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from infer_convert.build.engine import quiet_descriptor
from infer_convert.export.compare import Comparison, difference, largest
from infer_convert.export.savedmodel import save_savedmodel
from infer_convert.export.signature import input_names, output_names
from infer_convert.export.subject import Subject


def save_litert(subject: Subject, target: Path) -> None:
    """Write ``target`` (``model.tflite``) with one signature of the model's input and output names; operators that
    LiteRT lacks are left to TensorFlow's own (``SELECT_TF_OPS``)."""
    with tempfile.TemporaryDirectory() as folder:
        save_savedmodel(subject, Path(folder) / "m")
        converter = tf.lite.TFLiteConverter.from_saved_model(str(Path(folder) / "m"))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        target.write_bytes(converter.convert())


def litert_difference(subject: Subject, target: Path) -> Comparison:
    """Run the interpreter beside the Keras model on random inputs.

    A model that needs TensorFlow's own operators cannot be run by the interpreter alone; the reason is given then.
    """
    from ai_edge_litert.interpreter import Interpreter

    if isinstance(subject.answers, str):
        return Comparison(None, reason=subject.answers)
    arrays, expected = subject.answers
    with quiet_descriptor():  # it tells which delegate it has made, and what it lacks
        try:
            run = Interpreter(model_path=str(target)).get_signature_runner("serving_default")
            result = run(**dict(zip(input_names(subject.plan), arrays, strict=True)))
        except (RuntimeError, ValueError) as error:
            return Comparison(None, reason=f"the interpreter does not run it ({' '.join(str(error).split())[:150]})")
    ours = [np.asarray(result[name]) for name in output_names(subject.plan)]
    return Comparison(max(difference(a, b) for a, b in zip(ours, expected, strict=True)), largest(expected))
