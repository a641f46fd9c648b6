"""A SavedModel: the variables once, one signature with the real input and output names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from infer_convert.export.saver import without_save
from infer_convert.export.signature import serving
from infer_convert.export.subject import Subject


class Served(tf.Module):  # type: ignore[misc]  # tensorflow has no types
    """What ``tf.saved_model.load`` gives back: ``variables``, ``trainable_variables`` and ``signatures``.

    The two lists shadow tf.Module's computed properties, which would not survive loading.
    """

    variables: Any = None
    trainable_variables: Any = None


def save_savedmodel(subject: Subject, target: Path) -> None:
    """Write the folder ``target`` with the signature ``serving_default``; the batch axis stays open.

    The signature maps the model's input names to its output names. Gradients flow through the reloaded signature to
    ``trainable_variables``.
    """
    model = subject.model
    function, signature = serving(model, subject.plan)
    concrete = function.get_concrete_function(*signature)
    subject.answer_aside()  # from here on only variables are needed
    served = Served(name="served")
    served.trainable_variables = [variable.value for variable in model.trainable_variables]
    served.variables = [variable.value for variable in model.weights]
    listed = {id(variable) for variable in served.variables}
    served.states = [variable for variable in concrete.graph.variables if id(variable) not in listed]
    served.tables = [layer.lookup_table for layer in _leaves(model) if hasattr(layer, "lookup_table")]
    tf.saved_model.save(served, str(target), signatures={"serving_default": concrete})
    without_save(target)


def _leaves(model: Any) -> list[Any]:
    return list(model._flatten_layers(include_self=False, recursive=True))
