"""Real files by strangers: those with a side config, and full models whose own config is hidden from the inference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.configs import from_config
from benchmarks.item import Item, Loaded
from benchmarks.naming import Naming
from benchmarks.paths import corpus
from benchmarks.reference import reference


def items(naming: Naming) -> list[Item]:
    """Every file whose truth is a config; nothing when the corpus is not there."""
    where = corpus()
    if where is None:
        return []
    found = []
    for entry in json.loads((where / "manifest.json").read_text()):
        truth = str(entry["truth"])
        if truth.startswith("side") or truth == "in-file config":
            form = str(entry["keras_version"] or "unknown")
            kind = "weights" if truth.startswith("side") else "full"
            found.append(Item(entry["id"], str(entry["repo"]), kind, form, True, partial(_load, where, entry)))
    return found


def _load(where: Path, entry: Mapping[str, Any]) -> Loaded:
    from infer_convert.readers import read

    path = where / entry["file"]
    facts = read(path)
    config = side_config(path) or facts.model_config
    if config is None:
        raise ValueError("no truth")
    return Loaded(facts, from_config(config), path, reference(config, path, entry["id"]), facts.model_config)


def side_config(path: Path) -> dict[str, Any] | None:
    """``X.truth.json`` or ``X.truth.yaml`` beside a file."""
    for suffix in (".truth.json", ".truth.yaml", ".truth.yml"):
        side = path.with_name(path.name + suffix)
        if side.is_file():
            return _parsed(side)
    return None


def _parsed(side: Path) -> dict[str, Any]:
    text = side.read_text()
    if side.suffix == ".json":
        data = json.loads(text)
        return dict(json.loads(data) if isinstance(data, str) else data)
    import yaml

    return dict(yaml.safe_load(text))
