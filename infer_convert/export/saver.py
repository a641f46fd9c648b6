"""What a SavedModel keeps for saving its variables once more, taken out again.

``tf.saved_model.save`` (TensorFlow 2.21, ``python/saved_model/save.py``) writes a function that saves the variables,
four nodes for each of them: in a net of many small variables a third of all nodes, which every
``tf.saved_model.load`` makes anew. Hardly anybody calls it: TensorFlow Serving and TensorFlow 1's loader restore alone,
and a model that was loaded and is saved again gets a function of its own. TensorFlow 1's ``Saver.save`` on a loaded
graph does, and says now that there is no such tensor.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow.python.saved_model import fingerprinting_utils


def without_save(folder: Path) -> None:
    """Take the function that saves, and the node that calls it, out of the SavedModel in ``folder``."""
    file = folder / "saved_model.pb"
    saved = SavedModel()
    saved.ParseFromString(file.read_bytes())
    for graph in saved.meta_graphs:
        nodes = graph.graph_def.node
        call = graph.saver_def.save_tensor_name.partition(":")[0]
        called = [node for node in nodes if node.name == call]
        if len(called) != 1 or called[0].op != "StatefulPartitionedCall" or _taken(nodes, call):
            return
        name = called[0].attr["f"].func.name
        nodes.remove(called[0])
        functions = graph.graph_def.library.function
        for function in [each for each in functions if each.signature.name == name]:
            functions.remove(function)
    file.write_bytes(saved.SerializeToString(deterministic=True))
    fingerprinting_utils.write_fingerprint(str(folder))


def _taken(nodes: Iterable[Any], name: str) -> bool:
    """Whether another node takes what a node gives."""
    return any(operand.lstrip("^").partition(":")[0] == name for node in nodes for operand in node.input)
