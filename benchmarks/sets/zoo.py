"""The zoo: all three formats with names, the Keras 3 file with class names only, the flat dump stripped."""

from __future__ import annotations

from benchmarks import writers
from benchmarks.item import Item
from benchmarks.naming import Naming
from benchmarks.sets import own
from benchmarks.zoo.cases import CASES

SHOWN: dict[Naming, tuple[str, ...]] = {"kept": writers.FORMATS, "class": ("keras3",), "stripped": ("flat",)}


def items(naming: Naming) -> list[Item]:
    """Every case in every format that this naming shows."""
    return own.items("zoo", CASES, SHOWN[naming])
