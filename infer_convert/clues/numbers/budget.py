"""How much work the clues of one file may do: counted, never timed, so that the same file gives the same answer on
every machine and under every load.

One unit is about a nanosecond of one core of the machine on which the costs below were measured; what matters is only
that they are in proportion. A counted second took 0.8 to 1.4 s there (ResNet50 0.9, nets of the zoo 1.0 to 1.4).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

SECOND = 1e9
NODE = 10_000
"""A layer of a net that is followed."""
PLACE = 1_000
"""A layer of a draft whose order is checked against Keras'."""
VALUE = 8
"""A value that is read, converted, checked and folded into a matrix."""
PRODUCT = 1
"""A value of a kernel that moments go through."""
SAMPLE = 20
"""One channel at one node of a quadrature, with the function's value there."""
WEIGHED = 600_000
"""A prediction compared with stored means, whatever its size."""
CARRIED = 15
"""A value of a kernel that carries errors to the channels that are compared."""
COMPARED = 0.3
"""A product of a filter's value with that of another."""


class OutOfWork(Exception):
    """The budget is used up; what was found until then counts."""


class Budget:
    """``work`` bounds what all clues of a file do within ``spending``; outside, work is free.

    ``paid`` names, in order, the pieces of work that are kept for whoever needs them again (``once``)."""

    def __init__(self, work: float = 3 * SECOND) -> None:
        self.work = work
        self._end: float | None = None
        self._free = False
        self.spent = 0.0
        self.paid: dict[int, None] = {}

    @property
    def left(self) -> float:
        """Work that may still be done here."""
        return math.inf if self._end is None else self._end - self.spent

    def remember(self, spent: float, paid: Iterable[int]) -> None:
        """A step that had cost so much, and had done these pieces for the first time, is not done again."""
        self.spent += spent
        self.paid.update(dict.fromkeys(paid))

    @contextmanager
    def once(self, piece: int) -> Iterator[None]:
        """What is done here costs nothing where a remembered step has paid for this piece."""
        outer, self._free = self._free, self._free or piece in self.paid
        try:
            yield
        finally:
            self._free = outer
        self.paid[piece] = None

    @contextmanager
    def spending(self, part: float = 1.0) -> Iterator[None]:
        """Count, up to a part of the whole budget."""
        self._end = part * self.work
        try:
            yield
        finally:
            self._end = None

    def spend(self, work: float) -> None:
        """So much is about to be done. Raises OutOfWork when that is more than is left; then it is not counted, so
        that something smaller may still be done."""
        if self._end is None or self._free:
            return
        if self.spent + work > self._end:
            raise OutOfWork
        self.spent += work
