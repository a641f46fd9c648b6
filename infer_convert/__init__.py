"""Decompile Keras weight files: read, infer the architecture, rebuild, verify, export.

``infer(file)`` gives an ``Inference`` to look at, answer (``with_hints``) and build; ``convert(Options(file))`` does
what the command line does; ``read`` gives the facts alone. The names in ``__all__`` are the public interface; each is
imported when it is first asked for, so that ``import infer_convert`` costs nothing and never pulls TensorFlow.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infer_convert.errors import ExitCode as ExitCode
    from infer_convert.errors import InferConvertError
    from infer_convert.facts import WeightFile
    from infer_convert.hints import Hints, load_hints
    from infer_convert.pipeline import Options, convert
    from infer_convert.pipeline import Outcome as Outcome
    from infer_convert.plan import Plan
    from infer_convert.sandbox import open_tensors as open_tensors
    from infer_convert.sandbox import read
    from infer_convert.session import Inference, infer

__version__ = "0.1.0"

__all__ = [
    "Hints",
    "InferConvertError",
    "Inference",
    "Options",
    "Plan",
    "WeightFile",
    "convert",
    "infer",
    "load_hints",
    "read",
]

_ROOMS = {
    "ExitCode": "errors",
    "Hints": "hints",
    "InferConvertError": "errors",
    "Inference": "session",
    "Options": "pipeline",
    "Outcome": "pipeline",
    "Plan": "plan",
    "WeightFile": "facts",
    "convert": "pipeline",
    "infer": "session",
    "load_hints": "hints",
    "open_tensors": "sandbox",
    "read": "sandbox",
}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS])


class _Package(ModuleType):
    """``infer_convert.infer`` is the function, though a module of that name exists: importing that module would put it
    in the function's place."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "infer" or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
