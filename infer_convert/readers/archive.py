"""``.keras`` archives: a Keras 3 tree with ``config.json`` and ``metadata.json`` beside it (saving_lib.py)."""

from __future__ import annotations

import dataclasses

from infer_convert.facts import WeightFile
from infer_convert.readers import dependencies, flat, v3
from infer_convert.readers.source import Reader, Source

_TREES: tuple[Reader, ...] = (dependencies, v3, flat)


def recognises(file: Source) -> bool:
    """Told by the container alone."""
    return file.container == "zip"


def read(file: Source) -> WeightFile:
    """The tree's facts, with the config parsed as data; Lambda code and registered names are never touched."""
    reader = next((tree for tree in _TREES if tree.recognises(file)), v3)
    facts = reader.read(file)
    config = file.documents.get("config")
    metadata = file.documents.get("metadata")
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    compiled = config.get("compile_config") if isinstance(config, dict) else None
    inner = config.get("config") if isinstance(config, dict) else None
    name = inner.get("name") if isinstance(inner, dict) else None
    return dataclasses.replace(
        facts,
        layout=f"{facts.layout}+zip",
        kind="full" if isinstance(config, dict) else "weights-only",
        keras_version=version if isinstance(version, str) else None,
        model_name=facts.model_name or (name if isinstance(name, str) else None),
        model_config=config if isinstance(config, dict) else None,
        training_config=compiled if isinstance(compiled, dict) else None,
        vocabularies=tuple((place, tuple(words)) for place, words in file.documents.get("vocabularies", {}).items()),
    )
