"""Every model of keras.applications as frozen facts: no weights, structure only."""

from __future__ import annotations

import gzip
import json
from functools import partial
from typing import Any

from benchmarks.configs import from_config
from benchmarks.item import Item, Loaded
from benchmarks.naming import Naming
from benchmarks.paths import FROZEN
from infer_convert.facts import WeightFile

FOLDER = FROZEN / "applications"
FORMS: dict[Naming, tuple[str, ...]] = {"kept": ("legacy", "keras3"), "class": ("keras3",), "stripped": ("keras3",)}


def items(naming: Naming) -> list[Item]:
    """One line per model, with and without its top, legacy and Keras 3 naming."""
    found = []
    for file in sorted(FOLDER.glob("*.json.gz")):
        name, form = file.name.removesuffix(".json.gz").rsplit(".", 1)
        if form in FORMS[naming]:
            found.append(Item(name, family(name), "report", form, False, partial(_load, name, form)))
    return found


def family(name: str) -> str:
    """Look-alikes share a family."""
    for prefix in (
        "ResNet",
        "EfficientNetV2",
        "EfficientNet",
        "MobileNetV3",
        "MobileNet",
        "DenseNet",
        "VGG",
        "NASNet",
        "ConvNeXt",
        "Inception",
    ):
        if name.startswith(prefix):
            return prefix
    return name.split("-")[0]


def _load(name: str, form: str) -> Loaded:
    data: dict[str, Any] = json.loads(gzip.decompress((FOLDER / f"{name}.{form}.json.gz").read_bytes()))
    return Loaded(WeightFile.from_json(data["facts"]), from_config(data["config"]))
