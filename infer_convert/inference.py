"""The result of inferring: the plans, best first, and what could not be placed."""

from __future__ import annotations

from dataclasses import dataclass

from infer_convert.facts import WeightFile
from infer_convert.plan import Plan


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A tensor of the file that has no place in the model, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class InputStatistics:
    """How the training inputs were scaled: ``range`` is ``0..1``, ``-1..1``, ``standardised`` or ``0..255``; the mean
    of each channel and the deviation over all of them, in the inputs' own units."""

    range: str
    means: tuple[float, ...]
    deviation: float


@dataclass(frozen=True, slots=True)
class Inference:
    """Facts, plans (best first, never empty) and leftovers. ``notes`` are sentences for the report's reader;
    ``input_statistics`` is None where the numbers do not tell."""

    facts: WeightFile
    plans: tuple[Plan, ...]
    left_over: tuple[LeftOver, ...] = ()
    notes: tuple[str, ...] = ()
    input_statistics: InputStatistics | None = None

    @property
    def best(self) -> Plan:
        """The plan that is built."""
        return self.plans[0]
