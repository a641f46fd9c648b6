"""Sharded weights (Keras 3.12 on): ``X.weights.json`` beside ``X_00000.weights.h5`` … (saving_lib.py,
``ShardedH5IOStore``). The shards are merged into one Keras 3 tree before this reader sees them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from infer_convert.facts import WeightFile
from infer_convert.readers import order as ordering
from infer_convert.readers import v3
from infer_convert.readers.source import Source


def recognises(file: Source) -> bool:
    """Told by the container alone."""
    return file.container == "shards"


def read(file: Source) -> WeightFile:
    """The merged tree's facts; when the shards were rewritten, the index still lists the weights as written."""
    facts = v3.read(file)
    facts = dataclasses.replace(facts, layout=f"{facts.layout}+shards")
    return _by_index(facts, file.documents["index"]["weight_map"]) if facts.order == "lost" else facts


def _by_index(facts: WeightFile, weight_map: Iterable[str]) -> WeightFile:
    """Layers with weights as the index has them; ``stored`` when that is all of them."""
    layers = {layer.path: layer for layer in facts.layers}
    groups = ("/".join(key.split("/")[:3]) for key in weight_map)
    listed = list(dict.fromkeys(path for path in groups if path in layers))
    placed = tuple(layers[path] for path in ordering.place_unordered(listed, list(layers)))
    warning = "the order of the layers is lost: those with weights stand as the shard index has them"
    whole = len(listed) == len(layers)
    return dataclasses.replace(
        facts, layers=placed, order="stored" if whole else "lost", warnings=() if whole else (warning,)
    )
