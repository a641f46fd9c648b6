"""Every format we write, in the order in which it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infer_convert.export.keras import save_keras
from infer_convert.export.python import save_python
from infer_convert.export.savedmodel import save_savedmodel
from infer_convert.facts import WeightFile
from infer_convert.plan import Plan


@dataclass(frozen=True, slots=True)
class Exporter:
    """``name`` is the word after ``--to``, ``target`` the file or folder below OUT."""

    name: str
    target: str
    save: Callable[[Any, Plan, WeightFile, Path], None]


EXPORTERS: tuple[Exporter, ...] = (
    Exporter("savedmodel", "saved_model", save_savedmodel),
    Exporter("keras", "model.keras", save_keras),
    Exporter("python", "model.py", save_python),
)
