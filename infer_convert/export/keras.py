"""The Keras 3 archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infer_convert.facts import WeightFile
from infer_convert.plan import Plan


def save_keras(model: Any, plan: Plan, facts: WeightFile, target: Path) -> None:
    """Write ``target`` (``model.keras``); ``keras.models.load_model`` reads it without our package."""
    model.save(target)
