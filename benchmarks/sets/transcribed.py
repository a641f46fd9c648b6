"""Real files whose truth is only public source, written down as configs by reading it.

``transcribed/<id>.json`` holds ``{"id", "source", "certainty", "note", "config"}``; ``config`` is a Keras config whose
layers carry the file's names.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.configs import from_config
from benchmarks.item import Item, Loaded
from benchmarks.naming import Naming
from benchmarks.paths import TRANSCRIBED, corpus
from benchmarks.reference import reference


def items(naming: Naming) -> list[Item]:
    """Every transcription; nothing when the corpus is not there."""
    where = corpus()
    if where is None:
        return []
    manifest = {entry["id"]: entry for entry in json.loads((where / "manifest.json").read_text())}
    found = []
    for file in sorted(TRANSCRIBED.glob("*.json")):
        data = json.loads(file.read_text())
        entry = manifest[data["id"]]
        found.append(
            Item(
                data["id"],
                entry["repo"],
                str(data["certainty"]),
                str(entry["keras_version"] or "unknown"),
                True,
                partial(_load, where / entry["file"], data),
            )
        )
    return found


def _load(path: Path, data: dict[str, Any]) -> Loaded:
    from infer_convert.readers import read

    return Loaded(read(path), from_config(data["config"]), path, reference(data["config"], path, data["id"]))
