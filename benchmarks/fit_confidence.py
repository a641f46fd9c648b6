"""Fit the maps of ``infer_convert/confidence.py`` (``python -m benchmarks fit-confidence``).

Data: the tune split of the zoo as Keras 3 writes it, names kept (with and without the input shapes), class names only,
and stripped. Every model counts the same, however many decisions it has.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from benchmarks import engine, row
from benchmarks.calibration import judge
from benchmarks.item import Item
from benchmarks.naming import NAMINGS, Naming, Renamed, show
from benchmarks.plans import Identity, from_plan
from benchmarks.scores import structure
from benchmarks.sets import zoo
from benchmarks.truth import truth_for
from infer_convert import confidence
from infer_convert.confidence import Maps, features, logit
from infer_convert.errors import InferConvertError
from infer_convert.plan import Plan
from infer_convert.processes.collector import few_collections
from infer_convert.processes.threads import one_thread

TARGET = Path(confidence.__file__).with_name("confidence.json")
FORMS = ("keras3", "legacy+flat", "flat")
LEAST_MODELS = 12
"""Fields judged in fewer models share one map."""
PRIOR = 0.5
"""Strength of the pull towards the identity map, in models."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One inference: its best plan, (field, confidence, right) of its open decisions, and whether it is exact."""

    plan: Plan
    decisions: tuple[tuple[str, float, bool], ...]
    exact: bool


def tuning_cases(naming: Naming) -> list[Item]:
    """The tune split, one format: the others say the same."""
    return [item for item in zoo.items(naming) if item.split == "tune" and item.form in FORMS]


def judgements(namings: tuple[Naming, ...] = NAMINGS) -> Iterator[Judgement]:
    """Everything that is fitted on, by all processors."""
    jobs = [
        (naming, number, given)
        for naming in namings
        for number, _ in enumerate(tuning_cases(naming))
        for given in ((False, True) if naming == "kept" else (False,))
    ]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        yield from (found for found in pool.map(_one, *zip(*jobs, strict=True)) if found is not None)


def _one(naming: Naming, number: int, given: bool) -> Judgement | None:
    return _judged(_cases(naming)[number], naming, given)


@cache
def _cases(naming: Naming) -> list[Item]:
    return tuning_cases(naming)


def _judged(item: Item, naming: Naming, given: bool) -> Judgement | None:
    from infer_convert.infer import uncalibrated

    loaded = item.load()
    truth = truth_for(loaded.graph, loaded.facts)
    shown = show(loaded.facts, naming, truth.leaf, truth.owner, truth.classes)
    identity = Identity(shown.leaf, shown.owner)
    listed = frozenset(shown.leaf.values()) | frozenset(shown.owner.values())
    hints = engine.hints_for(truth.raw.input_shapes, given, True)
    if given and not hints.input_shapes:
        return None
    with row.store_of(loaded) as raw:
        store = Renamed(raw, shown.real) if raw is not None else None
        try:
            with engine.limited(), few_collections(), one_thread():
                plan = uncalibrated(shown.facts, hints, store).best
        except (InferConvertError, engine.OutOfTime):
            return None
    graph = from_plan(plan, identity)
    decisions = tuple((item.field, item.confidence, item.right) for item in judge(plan, graph, truth, identity))
    return Judgement(plan, decisions, structure(truth, graph, listed).exact)


def fit(found: list[Judgement]) -> Maps:
    """The maps that make the judgements likeliest."""
    points: dict[str, list[tuple[float, bool, float]]] = defaultdict(list)
    models: dict[str, int] = defaultdict(int)
    for item in found:
        by_field: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for field, p, right in item.decisions:
            if field not in confidence.UNFITTED:
                by_field[field].append((p, right))
        for field, pairs in by_field.items():
            models[field] += 1
            points[field].extend((logit(p), right, 1 / len(pairs)) for p, right in pairs)
    decisions = {field: _line(points[field]) for field in sorted(points) if models[field] >= LEAST_MODELS}
    other = _line([point for group in points.values() for point in group])
    known = Maps(decisions, other, ())
    rows = np.array([features(item.plan, known) for item in found])
    exact = np.array([item.exact for item in found], float)
    return Maps(decisions, other, _logistic(rows, exact))


def _line(points: list[tuple[float, bool, float]]) -> tuple[float, float]:
    x, right, weight = (np.array(column, float) for column in zip(*points, strict=True))

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        scores = w[0] * x + w[1]
        value = (weight * (np.logaddexp(0, scores) - right * scores)).sum() + PRIOR * ((w[0] - 1) ** 2 + w[1] ** 2)
        error = weight * (1 / (1 + np.exp(-scores)) - right)
        return float(value), np.array([error @ x + 2 * PRIOR * (w[0] - 1), error.sum() + 2 * PRIOR * w[1]])

    slope, shift = _minimised(loss, np.array([1.0, 0.0]), [(0.05, 3.0), (-4.0, 4.0)])
    return float(slope), float(shift)


def _logistic(rows: np.ndarray, right: np.ndarray) -> tuple[float, ...]:
    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        scores = rows @ w
        value = (np.logaddexp(0, scores) - right * scores).sum() + 0.5 * (w @ w)
        return float(value), rows.T @ (1 / (1 + np.exp(-scores)) - right) + w

    bounds = [(None, None), (0.0, None), (0.0, None), (0.0, None), (None, None)]
    return tuple(float(value) for value in _minimised(loss, np.zeros(rows.shape[1]), bounds))


def _minimised(
    loss: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    bounds: list[tuple[float | None, float | None]],
) -> np.ndarray:
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def write(fitted: Maps, models: int, target: Path = TARGET) -> None:
    """Write the maps with where they come from."""
    data = {
        "made by": "python -m benchmarks fit-confidence",
        "data": f"{models} inferences on the zoo's tune split, names kept, class names only and stripped",
        "decisions": {field: [round(a, 3), round(b, 3)] for field, (a, b) in fitted.decisions.items()},
        "other": [round(value, 3) for value in fitted.other],
        "whole": [round(value, 3) for value in fitted.whole],
    }
    target.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
