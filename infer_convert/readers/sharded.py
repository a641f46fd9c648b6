"""Sharded weights (Keras 3.12 on): ``X.weights.json`` beside ``X_00000.weights.h5`` … (saving_lib.py,
``ShardedH5IOStore``). The shards are merged into one Keras 3 tree before this reader sees them."""

from __future__ import annotations

import dataclasses

from infer_convert.facts import WeightFile
from infer_convert.readers import v3
from infer_convert.readers.source import Source


def recognises(file: Source) -> bool:
    """Told by the container alone."""
    return file.container == "shards"


def read(file: Source) -> WeightFile:
    """The merged tree's facts."""
    facts = v3.read(file)
    return dataclasses.replace(facts, layout=f"{facts.layout}+shards")
