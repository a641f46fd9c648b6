"""The gallery: legacy and Keras 3 files with names, the Keras 3 file with class names only; nothing stripped."""

from __future__ import annotations

from benchmarks.gallery.cases import CASES
from benchmarks.item import Item
from benchmarks.naming import Naming
from benchmarks.sets import own

SHOWN: dict[Naming, tuple[str, ...]] = {"kept": ("legacy", "keras3"), "class": ("keras3",), "stripped": ()}


def items(naming: Naming) -> list[Item]:
    """Every net in every format that this naming shows."""
    return own.items("gallery", CASES, SHOWN[naming])
