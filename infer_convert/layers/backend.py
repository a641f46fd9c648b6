"""What a file's backend means for its kernels.

Theano computed true convolutions, TensorFlow (as everybody since) cross-correlations: kernels that Theano trained turn
round (FORMATS §5; Keras 2.2.4 ``saving.py`` line 784). Keras 3 reads the attribute and does not turn them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from infer_convert.facts import WeightFile
from infer_convert.plan import WeightUse

ROTATED = (
    "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D",
    "ConvLSTM3D",
)  # fmt: skip
"""Kernels that Theano turned round while computing. Depthwise ones were turned beforehand, so they stay (Keras 2.2.4
``theano_backend.py``, ``_preprocess_conv2d_depthwise_kernel``; ``saving.py`` line 784 leaves them out too)."""
DEVIATION = "running_std is a standard deviation in Keras 0: (std + {:g}) squared is the variance"
TURNED = "Theano turned kernels round while computing; they are turned once and for all"


def backend_of(facts: WeightFile) -> tuple[str | None, str]:
    """The writer's backend and, where the file does not state it, a sentence that says what tells it.

    Stored from Keras 2 on. Keras 1 named its weights after the backend's variables: TensorFlow's end in ``:0``. Keras 0
    names nothing, and ran on Theano unless told otherwise.
    """
    if facts.backend or facts.generation not in ("keras0", "keras1"):
        return facts.backend, ""
    names = [tensor.name for tensor in facts.all_tensors()]
    if facts.generation == "keras1" and any(name.endswith(":0") for name in names):
        return "tensorflow", (
            "the weights' names end in `:0`, as TensorFlow names variables: Keras 1 ran on TensorFlow"
        )
    if facts.generation == "keras1" and names:
        return "theano", "the weights' names do not end in `:0`, as TensorFlow's would: Keras 1 ran on Theano"
    return "theano", ""


def turned(class_name: str, uses: Sequence[WeightUse]) -> tuple[WeightUse, ...]:
    """The variables of a layer that Theano trained, its kernels turned round after every other transform."""
    if class_name not in ROTATED:
        return tuple(uses)
    return tuple(replace(use, transforms=(*use.transforms, "rotate180")) if _spatial(use) else use for use in uses)


def _spatial(use: WeightUse) -> bool:
    kernel = use.variable.rpartition(".")[2] in ("kernel", "recurrent_kernel")
    return kernel and any(size > 1 for size in use.shape[:-2])
