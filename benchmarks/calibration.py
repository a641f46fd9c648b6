"""Whether a reported confidence deserves belief.

Only decisions with at least two values count. A model's decisions are averaged first, then the models: deep repeated
nets and trivial decisions must not dilute the result. Ten bins of equal width over [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.canonical import fold
from benchmarks.graph import Graph, Value
from benchmarks.plans import Identity
from benchmarks.scores import hyper_parameters, kind
from benchmarks.truth import Truth
from infer_convert import confidence
from infer_convert.plan import Decision, Plan, PlanLayer

BINS = 10
SURE = 0.9


@dataclass(frozen=True, slots=True)
class Judged:
    """One decision: its confidence and whether its value is right."""

    confidence: float
    right: bool
    field: str


def judge(plan: Plan, graph: Graph, truth: Truth, identity: Identity) -> list[Judged]:
    """The plan's open decisions that the truth can judge. ``graph`` is the plan's raw graph."""
    listed = frozenset(truth.leaf.values()) | frozenset(truth.owner.values())
    judges = _Judges(truth, graph, listed)
    found = []
    for leaf, layer in identity.walk(plan):
        for decision in layer.decisions:
            if not decision.alternatives:
                continue
            right = judges.right(leaf, layer, decision)
            if right is not None:
                found.append(Judged(decision.confidence, right, confidence.kind(decision)))
    return found


class _Judges:
    def __init__(self, truth: Truth, plan: Graph, listed: frozenset[str]) -> None:
        self._truth = truth
        self._expected = hyper_parameters(truth.graph, listed)
        self._found = hyper_parameters(fold(plan), listed)
        self._classes = {item.leaf: kind(item.class_name, item.fields) for item in truth.raw.layers}
        self._planned = {item.leaf: kind(item.class_name, item.fields) for item in plan.layers}
        both = listed & {call.leaf for call in truth.raw.calls} & {call.leaf for call in plan.calls}
        self._parents, self._planned_parents = _parents(truth.raw, both), _parents(plan, both)
        self._shapes = dict(
            zip((truth.raw.calls[index].leaf for index in truth.raw.inputs), truth.raw.input_shapes, strict=False)
        )

    def right(self, leaf: str, layer: PlanLayer, decision: Decision) -> bool | None:
        name = decision.field
        if name == "batch_shape":
            return self._shape(leaf, decision.value)
        if leaf not in self._classes or (self._classes[leaf] == "Model" and name != "class_name"):
            return None
        if name == "class_name":
            return self._classes[leaf] == self._planned.get(leaf)
        if name == "inbound":
            return leaf in self._parents and self._parents[leaf] == self._planned_parents.get(leaf)
        if name in ("negative_slope", "alpha", "max_value", "threshold"):
            name = "activation"
        expected = self._expected.get(leaf, {})
        if name not in expected:
            return None
        return name in self._found.get(leaf, {}) and self._found[leaf][name] == expected[name]

    def _shape(self, leaf: str, value: Any) -> bool | None:
        shape = self._shapes.get(leaf)
        if shape is None and len(self._shapes) == 1:
            shape = next(iter(self._shapes.values()))
        if shape is None or not isinstance(value, Sequence):
            return None
        given = tuple(value)[1:]
        return len(given) == len(shape) and all(b is None or a == b for a, b in zip(shape, given, strict=True))


def _parents(graph: Graph, listed: frozenset[str]) -> dict[str, list[Any]]:
    """Leaf -> for every call the anchors of its operands. Layers that vanish in folding are passed over, and so are
    those of one operand that are not ``listed``: a plan may have them elsewhere or in the layer in front."""
    found: dict[str, list[Any]] = {}
    for call in graph.calls:
        if call.operands:
            anchors = [_anchor(graph, value, listed) for value in call.operands]
            if call.class_name in ("Add", "Multiply", "Average", "Maximum", "Minimum"):
                anchors.sort(key=repr)
            found.setdefault(call.leaf, []).append(anchors)
    return {leaf: sorted(calls, key=repr) for leaf, calls in found.items()}


def _anchor(graph: Graph, value: Value, listed: frozenset[str], depth: int = 0) -> Any:
    call = graph.calls[value.call]
    while len(call.operands) == 1 and (call.class_name == "NoOp" or call.leaf not in listed):
        value = call.operands[0]
        call = graph.calls[value.call]
    if call.leaf in listed:
        return (call.leaf, value.tensor)
    if depth > 8:
        return ("deep",)
    return (call.class_name, *sorted((_anchor(graph, item, listed, depth + 1) for item in call.operands), key=repr))


@dataclass(frozen=True, slots=True)
class Histogram:
    """One model's decisions by bin: (count, sum of confidences, right), and what the scores need beside."""

    bins: tuple[tuple[int, float, int], ...]
    brier: float
    wrong: int
    wrong_and_sure: int

    @property
    def count(self) -> int:
        """Number of decisions."""
        return sum(count for count, _, _ in self.bins)

    def text(self) -> str:
        """For a table cell; ``Histogram.parse`` reads it."""
        cells = [
            f"{index}:{count}:{total:.2f}:{right}" for index, (count, total, right) in enumerate(self.bins) if count
        ]
        return f"{self.brier:.3f}|{self.wrong}|{self.wrong_and_sure}|{','.join(cells)}" if cells else ""

    @classmethod
    def parse(cls, text: str) -> Histogram | None:
        """None for an empty cell."""
        if not text:
            return None
        brier, wrong, sure, cells = text.split("|")
        bins = [(0, 0.0, 0)] * BINS
        for cell in cells.split(","):
            index, count, total, right = cell.split(":")
            bins[int(index)] = (int(count), float(total), int(right))
        return cls(tuple(bins), float(brier), int(wrong), int(sure))


def histogram(decisions: Sequence[Judged]) -> Histogram:
    """One model's decisions, binned."""
    bins = [(0, 0.0, 0)] * BINS
    for item in decisions:
        index = min(BINS - 1, int(item.confidence * BINS))
        count, total, right = bins[index]
        bins[index] = (count + 1, total + item.confidence, right + item.right)
    wrong = [item for item in decisions if not item.right]
    squares = [(item.confidence - item.right) ** 2 for item in decisions]
    return Histogram(
        tuple(bins),
        math.fsum(squares) / max(1, len(squares)),
        len(wrong),
        sum(item.confidence >= SURE for item in wrong),
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """Over models: expected calibration error, Brier score, the share of wrong decisions that were reported at 0.9 or
    more, and the reliability curve as (mean confidence, share right, weight) per bin."""

    models: int
    decisions: int
    ece: float
    brier: float
    wrong_sure: float
    curve: tuple[tuple[float, float, float], ...]


def pooled(models: Iterable[Histogram]) -> Calibration:
    """Every model weighs the same; its decisions share its weight."""
    used = [model for model in models if model.count]
    weight, confidence, right = [0.0] * BINS, [0.0] * BINS, [0.0] * BINS
    for model in used:
        for index, (count, total, hits) in enumerate(model.bins):
            weight[index] += count / model.count / len(used)
            confidence[index] += total / model.count / len(used)
            right[index] += hits / model.count / len(used)
    with_wrong = [model for model in used if model.wrong]
    curve = tuple((c / w, r / w, w) for w, c, r in zip(weight, confidence, right, strict=True) if w)
    return Calibration(
        models=len(used),
        decisions=sum(model.count for model in used),
        ece=math.fsum(abs(c - r) for c, r in zip(confidence, right, strict=True)),
        brier=math.fsum(model.brier for model in used) / max(1, len(used)),
        wrong_sure=math.fsum(model.wrong_and_sure / model.wrong for model in with_wrong) / max(1, len(with_wrong)),
        curve=curve,
    )


def whole(outcomes: Sequence[tuple[float, bool]]) -> Calibration:
    """The same for whole models: (plan's confidence, functionally exact)."""
    return pooled([histogram([Judged(confidence, right, "model")]) for confidence, right in outcomes])
