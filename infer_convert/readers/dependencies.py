"""TF 2.12 to 2.14: the Keras 3 tree under ``_layer_checkpoint_dependencies``.

Keras 2.12, saving/saving_lib.py: layers with weights advance their key's counter by two (``conv2d``, ``conv2d_2``,
``conv2d_4``; weightless ones by one), so the numbers say the order within a class but not the count.
"""

from __future__ import annotations

from infer_convert.facts import WeightFile
from infer_convert.readers import v3
from infer_convert.readers.source import Source

LAYOUT = "v3-dependencies"


def recognises(file: Source) -> bool:
    """The container's name at the root, also as part of a name that Windows wrote with backslashes."""
    return any("_layer_checkpoint_dependencies" in key.split("\\") for key in file.tree.children)


def read(file: Source) -> WeightFile:
    """As Keras 3; keys are kept as they stand."""
    return v3.read_tree(file, LAYOUT)
