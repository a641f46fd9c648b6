"""Layers and fields that are asked about, and answers to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infer_convert.plan import Decision

Target = tuple[str, str]
"""A layer and a field."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Decisions that are right or wrong together: the same value, doubts and reason."""

    layers: tuple[str, ...]
    decisions: tuple[Decision, ...]

    def members(self) -> Iterator[tuple[Target, Decision]]:
        """Every layer and field with its decision."""
        return (((layer, each.field), each) for layer, each in zip(self.layers, self.decisions, strict=True))

    @property
    def decision(self) -> Decision:
        """The least sure one."""
        return min(self.decisions, key=lambda decision: decision.confidence)


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a question: a value for each of its ``targets``, and its probability."""

    targets: tuple[Target, ...]
    values: tuple[Any, ...]
    confidence: float

    @property
    def answers(self) -> dict[Target, Any]:
        """Every target with its value, as ``Hints.answers`` has them."""
        return dict(zip(self.targets, self.values, strict=True))

    @property
    def by_layer(self) -> dict[str, dict[str, Any]]:
        """For each layer its fields' values."""
        found: dict[str, dict[str, Any]] = {}
        for (layer, argument), value in self.answers.items():
            found.setdefault(layer, {})[argument] = value
        return found
