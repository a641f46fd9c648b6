"""What the source says beside its lines: doubts, and keys of slices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infer_convert.export.layout import flat, literal, remark
from infer_convert.plan import Decision, PlanLayer

UNCERTAIN = 0.9
"""Decisions below this confidence get a comment."""


def key_source(key: Iterable[Any]) -> str:
    """A slice as it stands between brackets."""

    def part(value: Any) -> str:
        if value is None:
            return ":"
        if isinstance(value, list | tuple):
            start, stop, step = (["" if v is None else str(int(v)) for v in value] + ["", "", ""])[:3]
            return f"{start}:{stop}" + (f":{step}" if step else "")
        if value == "...":
            return "..."
        return str(int(value))

    return ", ".join(part(value) for value in key) or "..."


def uncertain(item: PlanLayer) -> list[tuple[Decision, str]]:
    """The doubtful decisions of a layer, each with its comment."""
    found = []
    for decision in item.decisions:
        if decision.confidence < UNCERTAIN:
            others = " or ".join(f"{_shown(o.value)} {o.confidence:.0%}" for o in decision.alternatives[:3])
            text = f"{remark(decision.field)} {decision.confidence:.0%}" + (f", else {others}" if others else "")
            found.append((decision, text))
    return found


def remarks(item: PlanLayer) -> list[str]:
    """The comments alone."""
    return [text for _, text in uncertain(item)]


def _shown(value: Any) -> str:
    try:
        return remark(flat(literal(value)))[:60]
    except TypeError:
        return remark(str(value))[:60]
