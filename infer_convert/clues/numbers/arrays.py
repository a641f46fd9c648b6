"""The numbers behind a layer's variables: read once, as float32, within a time budget."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from infer_convert import transforms
from infer_convert.plan import WeightUse

Array = NDArray[Any]
LOOK = 16
MOST_VALUES = 60_000_000
"""Tensors with more values (240 MB as float32) are not read."""


class Store(Protocol):
    """The numbers of a weight file, by HDF5 path."""

    def read(self, path: str, /) -> Array:
        """The whole tensor."""
        ...


class OutOfTime(Exception):
    """The clock of ``Arrays`` has run out; what was found until then counts."""


class Arrays:
    """Reads variables through their transforms and keeps them. ``seconds`` bounds the work of all clues that share it:
    within ``spending`` the clock runs, and ``tick`` raises OutOfTime when it has run out. Outside, time is free."""

    def __init__(self, store: Store, seconds: float = 3.0) -> None:
        self._store = store
        self._kept: dict[tuple[str, ...], Array | None] = {}
        self._seconds = seconds
        self._spent = 0.0
        self._end: float | None = None
        self._ticks = 0

    @contextmanager
    def spending(self, part: float = 1.0) -> Iterator[None]:
        """Let the clock (of this process, not of the wall) run up to a part of the whole budget."""
        start = time.process_time()
        self._end = start + part * self._seconds - self._spent
        try:
            yield
        finally:
            self._spent += time.process_time() - start
            self._end = None

    def tick(self) -> None:
        """Raise OutOfTime when the budget is spent. The clock is looked at every ``LOOK`` times: it costs a call of the
        system, up to 50 microseconds."""
        self._ticks += 1
        if self._end is not None and self._ticks % LOOK == 0 and time.process_time() > self._end:
            raise OutOfTime

    def get(self, uses: Mapping[str, WeightUse], variable: str) -> Array | None:
        """A variable of a layer as float32; None when the layer has no such variable or it cannot be read."""
        use = uses.get(variable)
        if use is None:
            return None
        key = (*use.sources, *use.transforms)
        if key not in self._kept:
            self.tick()
            self._kept[key] = self._read(use)
        return self._kept[key]

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
