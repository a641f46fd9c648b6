"""The words after ``--to``, and what each needs beyond what is installed with us."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from infer_convert.errors import UsageError

FORMATS: tuple[str, ...] = ("savedmodel", "keras", "python")
"""What ``--to`` writes by default, beside the report."""

EXTRAS: Mapping[str, tuple[str, ...]] = {"onnx": ("tf2onnx", "onnx", "onnxruntime"), "litert": ("ai_edge_litert",)}
"""Formats that are written only when asked for, and the modules that writing and checking them takes."""


def formats(text: str) -> tuple[str, ...]:
    """``savedmodel,keras`` -> names of formats. Raises UsageError for one we cannot write, naming the extra that is
    missing."""
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in (*FORMATS, *EXTRAS, "report"):
            raise UsageError(f"--to {name!r} is no format; there are {', '.join((*FORMATS, *EXTRAS))}, report")
        missing = [module for module in EXTRAS.get(name, ()) if find_spec(module) is None]
        if missing:
            needed = " and ".join(missing)
            raise UsageError(f"--to {name} needs {needed}, not found here: pip install 'infer-convert[{name}]'")
    if not names:
        raise UsageError("--to names no format")
    return names
