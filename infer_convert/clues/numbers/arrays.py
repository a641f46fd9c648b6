"""The numbers behind a layer's variables: read once, as float32, within a budget of work."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from infer_convert import transforms
from infer_convert.clues.numbers.budget import NODE, VALUE, Budget
from infer_convert.plan import WeightUse

Array = NDArray[Any]
MOST_VALUES = 60_000_000
"""Tensors with more values (240 MB as float32) are not read."""


class Store(Protocol):
    """The numbers of a weight file, by HDF5 path."""

    def read(self, path: str, /) -> Array:
        """The whole tensor."""
        ...


class Arrays:
    """Reads variables through their transforms and keeps them; ``budget`` bounds the work of all clues that share
    them."""

    def __init__(self, store: Store, budget: Budget | None = None) -> None:
        self._store = store
        self._kept: dict[tuple[str, ...], Array | None] = {}
        self._paid: set[tuple[str, ...]] = set()
        self.budget = budget or Budget()

    def get(self, uses: Mapping[str, WeightUse], variable: str) -> Array | None:
        """A variable of a layer as float32; None when the layer has no such variable or it cannot be read. Raises
        OutOfWork."""
        use = uses.get(variable)
        if use is None:
            return None
        key = (*use.sources, *use.transforms)
        if key not in self._kept:
            self.budget.spend(0 if key in self._paid else NODE + VALUE * self._values(use))
            self._kept[key] = self._read(use)
        return self._kept[key]

    def reads(self) -> list[tuple[str, ...]]:
        """What was read or paid for so far, by its sources and transforms."""
        return list(dict.fromkeys((*self._kept, *self._paid)))

    def pay(self, keys: Iterable[tuple[str, ...]]) -> None:
        """A remembered step has read these: its cost holds theirs."""
        self._paid.update(keys)

    def digests(self) -> dict[tuple[str, ...], str]:
        """What was read so far, by its sources and transforms."""
        return {key: _digest(array) for key, array in self._kept.items()}

    def agree(self, uses: Iterable[WeightUse], digests: Mapping[tuple[str, ...], str]) -> bool:
        """Whether these are still the numbers; those that ``uses`` name are read for it, and not counted."""
        known = {(*use.sources, *use.transforms): use for use in uses}
        for key, wanted in digests.items():
            if key not in known:
                return False
            if key not in self._kept:
                self._kept[key] = self._read(known[key])
            if _digest(self._kept[key]) != wanted:
                return False
        return True

    def _values(self, use: WeightUse) -> int:
        """Values that reading the variable takes."""
        count = int(np.prod(use.shape))
        return 0 if count > MOST_VALUES or use.dtype.startswith(("int", "uint")) else count

    def _read(self, use: WeightUse) -> Array | None:
        if int(np.prod(use.shape)) > MOST_VALUES or use.dtype.startswith(("int", "uint")):
            return None  # counters, and quantised numbers, which mean nothing without their scales
        try:
            sources = [np.asarray(self._store.read(path)) for path in use.sources]
            array = np.asarray(transforms.apply(use.transforms, sources))
        except (KeyError, ValueError, TypeError):
            return None
        found = array.astype(np.float32, copy=False)
        return found if found.size and np.isfinite(found).all() else None


def _digest(array: Array | None) -> str:
    if array is None:
        return ""
    found = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
