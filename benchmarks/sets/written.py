"""Small models written by the real libraries, generation by generation; weights-only files."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from benchmarks.configs import from_config
from benchmarks.item import Item, Loaded
from benchmarks.naming import Naming
from benchmarks.paths import corpus
from benchmarks.reference import reference

SUFFIXES = (".weights.h5", ".h5")


def items(naming: Naming) -> list[Item]:
    """Every ``X.h5`` and ``X.weights.h5`` with a ``X.config.json`` beside it; nothing when the corpus is not there."""
    where = corpus()
    found = []
    for config in sorted((where / "written").glob("*/*.config.json")) if where else ():
        name = config.name.removesuffix(".config.json")
        for suffix in SUFFIXES:
            path = config.with_name(name + suffix)
            if path.is_file() and path.stat().st_size < 30_000_000:
                found.append(
                    Item(
                        f"{name}{suffix}",
                        config.parent.name,
                        "written",
                        config.parent.name,
                        False,
                        partial(_load, path, config),
                    )
                )
    return found


def _load(path: Path, side: Path) -> Loaded:
    from infer_convert.readers import read

    data = json.loads(side.read_text())
    config = json.loads(data) if isinstance(data, str) else data
    name = f"{side.parent.name}/{path.name}"
    twin = path.with_name(side.name.removesuffix(".config.json") + ".h5")
    probes = reference(config, path, name) or (reference(config, twin, name) if twin.is_file() else None)
    return Loaded(read(path), from_config(config), path, probes)
