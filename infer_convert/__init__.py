"""Decompile Keras weight files: read, infer the architecture, rebuild, verify, export.

``convert(Options(file))`` does what the command line does; ``read`` gives the facts alone. The names below are the
public interface; each is imported when it is first asked for, so that ``import infer_convert`` costs nothing and never
pulls TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infer_convert.errors import ExitCode, InferConvertError
    from infer_convert.facts import WeightFile
    from infer_convert.hints import Hints, load_hints
    from infer_convert.inference import Inference
    from infer_convert.pipeline import Options, Outcome, convert
    from infer_convert.plan import Plan
    from infer_convert.sandbox import open_tensors, read

__version__ = "0.1.0"

__all__ = [
    "ExitCode",
    "Hints",
    "InferConvertError",
    "Inference",
    "Options",
    "Outcome",
    "Plan",
    "WeightFile",
    "convert",
    "load_hints",
    "open_tensors",
    "read",
]

_ROOMS = {
    "ExitCode": "errors",
    "Hints": "hints",
    "InferConvertError": "errors",
    "Inference": "inference",
    "Options": "pipeline",
    "Outcome": "pipeline",
    "Plan": "plan",
    "WeightFile": "facts",
    "convert": "pipeline",
    "load_hints": "hints",
    "open_tensors": "sandbox",
    "read": "sandbox",
}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
