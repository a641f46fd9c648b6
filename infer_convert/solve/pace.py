"""How wide a search may be: as wide as it would like, as long as its work lasts.

Work is counted, not timed, so that the same file gives the same answer on every machine. A search that would cost more
than its share keeps fewer states from early on rather than none at the end.
"""

from __future__ import annotations

from infer_convert.solve import patience

FEWEST = 2
"""States that are always kept: narrower would be a guess."""


class Pace:
    """The ``work`` that is left to one search of so many ``steps``, which would like to keep ``most`` states;
    ``narrowed`` tells that it once could not."""

    def __init__(self, work: float, steps: int, most: int) -> None:
        self._left, self._steps, self._most = work, steps, most
        self._work = self._each = 0.0
        self.narrowed = False

    def spend(self, work: float) -> None:
        """So much was done in this step. Raises RefusedForSafety when the time is over."""
        patience.check()
        self._work += work

    def width(self, states: int, usual: bool = True) -> int:
        """The step is done, from so many states; how many to keep: all, unless the rest would cost more than is left.

        A step is expected to cost per state what the last ``usual`` ones did.
        """
        self._left = max(0.0, self._left - self._work)
        self._steps = max(1, self._steps - 1)
        if usual:
            self._each = max(self._work / max(states, 1), 0.8 * self._each)
        self._work = 0.0
        whole = self._each * self._steps
        if whole * self._most <= self._left:
            return self._most
        self.narrowed = True
        return max(FEWEST, int(self._left / whole))
