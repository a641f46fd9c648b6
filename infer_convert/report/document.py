"""The one frozen document behind the terminal, JSON and HTML reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infer_convert.errors import Ask, Conflict, InferConvertError, NoArchitecture
from infer_convert.facts import StoredLayer, WeightFile
from infer_convert.inference import Inference, LeftOver, Wholes
from infer_convert.outcome import Verification
from infer_convert.plan import Decision, InputStatistics, Plan, PlanLayer, Ref, WeightUse


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """A layer under its full name (``outer/inner``); ``inbound`` names full names too, one list per call."""

    name: str
    class_name: str
    config: Mapping[str, Any]
    inbound: tuple[tuple[str, ...], ...]
    weights: tuple[WeightUse, ...]
    decisions: tuple[Decision, ...]
    hidden: bool = False
    parent: str | None = None
    stored: str | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which another plan differs from the one that was built."""

    layer: str
    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another whole model."""

    rank: int
    confidence: float
    differs: tuple[Difference, ...]

    def said(self) -> list[tuple[str, str, Any]]:
        """The differences, each with the layers in which it is the same: ``n1 and 5 more``, ``epsilon``, 1e-05."""
        found: dict[tuple[str, str], list[Difference]] = {}
        for each in self.differs:
            found.setdefault((each.field, repr(each.value)), []).append(each)
        return [
            (group[0].layer + (f" and {len(group) - 1} more:" if group[1:] else ""), group[0].field, group[0].value)
            for group in found.values()
        ]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no model: the exit code, the line on standard error, the constraints that failed, and what the
    stored config and the stored tensors say differently; ``asks`` are questions whose answers may mend it."""

    exit_code: int
    message: str
    causes: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """An open decision, for the reader to answer."""

    layer: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class Document:
    """Everything a report says."""

    facts: WeightFile
    confidence: float = 0.0
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    layers: tuple[LayerEntry, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    verification: Verification | None = None
    left_over: tuple[LeftOver, ...] = ()
    notes: tuple[str, ...] = ()
    rewrites: tuple[str, ...] = ()
    failure: Failure | None = None
    files: tuple[str, ...] = ()
    input_statistics: InputStatistics | None = None
    wholes: Wholes = field(default_factory=Wholes)

    def questions(self, below: float = 1.0) -> tuple[Question, ...]:
        """Decisions with a confidence below ``below``, the least certain first."""
        found = [
            Question(layer.name, decision)
            for layer in self.layers
            for decision in layer.decisions
            if decision.confidence < below
        ]
        return tuple(sorted(found, key=lambda question: question.decision.confidence))


def document(
    facts: WeightFile,
    inference: Inference | None = None,
    plan: Plan | None = None,
    verification: Verification | None = None,
    error: InferConvertError | None = None,
    notes: Sequence[str] = (),
    files: Sequence[str] = (),
) -> Document:
    """Lay out what is known. ``plan`` is the one that was built (default: the inference's best)."""
    if inference is not None and plan is None:
        plan = inference.best
    others = [] if inference is None else [other for other in inference.plans if other is not plan]
    return Document(
        facts=facts,
        confidence=plan.confidence if plan and error is None else 0.0,
        inputs=tuple(map(str, plan.inputs)) if plan else (),
        outputs=tuple(map(str, plan.outputs)) if plan else (),
        layers=tuple(_entries(plan)) if plan else (),
        alternatives=tuple(
            Alternative(rank, other.confidence, differences(plan, other)) for rank, other in enumerate(others, 2)
        )
        if plan
        else (),
        verification=verification,
        left_over=inference.left_over if inference else (),
        notes=(*(inference.notes if inference else ()), *_scaling(plan), *notes),
        rewrites=plan.rewrites if plan else (),
        failure=_failure(error) if error else None,
        files=tuple(files),
        input_statistics=plan.input_statistics if plan else None,
        wholes=inference.wholes if inference is not None and plan is inference.best else Wholes(),
    )


def _scaling(plan: Plan | None) -> tuple[str, ...]:
    return (plan.input_statistics.sentence(),) if plan is not None and plan.input_statistics is not None else ()


def _failure(error: InferConvertError) -> Failure:
    message = " ".join(str(error).split())
    if not isinstance(error, NoArchitecture):
        return Failure(int(error.exit_code), message)
    return Failure(int(error.exit_code), message, tuple(error.causes), error.conflicts, error.asks)


def _entries(plan: Plan, prefix: str = "") -> list[LayerEntry]:
    def name(ref: Ref) -> str:
        return prefix + str(ref)

    entries: list[LayerEntry] = []
    for item in plan.layers:
        inner = item.inner
        full = prefix + item.name
        entries.append(
            LayerEntry(
                name=full,
                class_name=item.class_name,
                config=item.config,
                inbound=tuple(tuple(map(name, operands)) for operands in item.inbound),
                weights=item.weights,
                decisions=item.decisions,
                hidden=item.hidden,
                parent=prefix.removesuffix("/") or None,
                stored=item.stored,
                inputs=tuple(f"{full}/{ref}" for ref in inner.inputs) if inner else (),
                outputs=tuple(f"{full}/{ref}" for ref in inner.outputs) if inner else (),
            )
        )
        if inner is not None:
            entries += _entries(inner, f"{full}/")
    return entries


def differences(plan: Plan, other: Plan) -> tuple[Difference, ...]:
    """Where ``other`` differs: config fields, class, wiring, and layers that only one of the two has."""
    ours, theirs = dict(plan.walk()), dict(other.walk())
    found: list[Difference] = []
    for name, item in theirs.items():
        mine = ours.get(name)
        if mine is None:
            found.append(Difference(name, "class_name", item.class_name))
            found.append(Difference(name, "inbound", _inbound(name, item)))
            continue
        if mine.class_name != item.class_name:
            found.append(Difference(name, "class_name", item.class_name))
        if mine.inbound != item.inbound:
            found.append(Difference(name, "inbound", _inbound(name, item)))
        for key in sorted({*mine.config, *item.config}):
            if mine.config.get(key) != item.config.get(key):
                found.append(Difference(name, key, item.config.get(key)))
    found += [Difference(name, "class_name", None) for name in ours if name not in theirs]
    return tuple(found)


def _inbound(name: str, item: PlanLayer) -> list[list[str]]:
    """Operands under their full names, as the layers' own entries have them."""
    outer = name.removesuffix(item.name)
    return [[f"{outer}{ref}" for ref in operands] for operands in item.inbound]


def count_layers(layers: Sequence[StoredLayer]) -> int:
    """Stored layers, those of nested models included."""
    return sum(1 + count_layers(layer.children) for layer in layers)
