"""Full models written by elephas: a legacy full model with one attribute more, ``distributed_config``."""

from __future__ import annotations

from infer_convert.facts import WeightFile
from infer_convert.readers import legacy
from infer_convert.readers.source import Source


def recognises(file: Source) -> bool:
    """The extra attribute, around a legacy tree."""
    return "distributed_config" in file.tree.attributes and legacy.recognises(file)


def read(file: Source) -> WeightFile:
    """As a legacy full model; the distribution settings say nothing about the layers."""
    return legacy.read_as(file, "elephas")
