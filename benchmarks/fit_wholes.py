"""Fit how finished wirings are weighed as wholes (the second half of ``python -m benchmarks fit-wiring``).

For every net the parser's own best wirings compete with the truth: multinomial logistic regression over a list of
wirings, the truth the right one. Random nets that the moves were not fitted on, and the tune split.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from benchmarks.oracle_steps import known, truth_wiring
from benchmarks.wiring_problems import Problem
from infer_convert.solve.features import Key, Weights
from infer_convert.solve.items import Wiring
from infer_convert.solve.whole import GUIDE, features, score
from infer_convert.solve.wiring import WiringProblem, WiringResult, candidates

MOST_RIVALS = 40
"""Wirings of one net that compete, the parser's best."""
RARE = 2
"""Features of fewer nets than this are left out."""


class Contest(NamedTuple):
    """The wirings of one net: features and the parser's score of each, and which are right."""

    wirings: tuple[tuple[dict[Key, float], float, bool], ...]
    weight: float


def contest(problem: Problem, learned: Weights, weight: float = 1.0) -> Contest | None:
    """What competes in one net; None when there is nothing to learn."""
    names = problem.names()
    found = candidates(WiringProblem(problem.items, lambda producer, consumer: 0.0, None, names), None, learned)
    if isinstance(found, WiringResult):
        return None
    judged = {
        (wiring.operands, wiring.outputs): (
            features(problem.items, wiring, names), wiring.log_score, _right(problem, wiring)
        )
        for wiring in sorted(found, key=lambda wiring: wiring.log_score)
    }  # fmt: skip
    rivals = sorted(judged.values(), key=lambda one: -score(learned.wholes, one[0], one[1]))[:MOST_RIVALS]
    if not any(right for _, _, right in rivals):
        truth = truth_wiring(problem, learned)
        if truth is None:
            return None
        rivals.append((features(problem.items, truth, names), truth.log_score, True))
    return Contest(tuple(rivals), weight) if len(rivals) > 1 else None


def contests(problems: Iterable[Problem], learned: Weights, weight: float = 1.0) -> Iterator[Contest]:
    """Those of many nets."""
    for problem in problems:
        found = contest(problem, learned, weight) if not problem.odd else None
        if found is not None:
            yield found


def _right(problem: Problem, wiring: Wiring) -> bool:
    outputs = tuple(sorted({item for item, _ in wiring.outputs}))
    return wiring.edges() == problem.edges and outputs == problem.outputs


def fit(
    found: list[Contest], l2: float = 1.0, iterations: int = 200, prior: Mapping[Key, float] | None = None
) -> dict[Key, float]:
    """Weights under which the right wirings are likely, near those of ``prior``. The parser's score starts from weight
    1 (or the prior's) and stays free."""
    prior = prior or {}
    seen: dict[Key, int] = {}
    for one in found:
        for key in {key for wiring, _, _ in one.wirings for key in wiring}:
            seen[key] = seen.get(key, 0) + 1
    numbers = {key: number for number, key in enumerate(sorted((k for k in seen if seen[k] >= RARE), key=repr))}
    count = len(numbers)
    columns: list[int] = []
    values: list[float] = []
    pointer = [0]
    guides: list[float] = []
    right: list[bool] = []
    starts: list[int] = []
    for one in found:
        starts.append(len(guides))
        top = max(guide for _, guide, _ in one.wirings)
        for wiring, guide, good in one.wirings:
            for key, value in wiring.items():
                if key in numbers:
                    columns.append(numbers[key])
                    values.append(value)
            pointer.append(len(columns))
            guides.append(guide - top)
            right.append(good)
    matrix = csr_matrix((np.array(values), np.array(columns), np.array(pointer)), shape=(len(guides), count))
    transposed = matrix.T.tocsr()
    guide_of, good_of, first = np.array(guides), np.array(right), np.array(starts)
    owner = np.repeat(np.arange(len(first)), np.diff([*starts, len(guides)]))
    weight = np.array([one.weight for one in found])
    base = known(numbers, prior)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        scores = matrix @ w[:count] + w[count] * guide_of
        all_top = np.maximum.reduceat(scores, first)
        shares = np.exp(scores - all_top[owner])
        total = np.add.reduceat(shares, first)
        good = np.where(good_of, shares, 0.0)
        good_total = np.maximum(np.add.reduceat(good, first), 1e-300)
        value = float((weight * (np.log(total) - np.log(good_total))).sum())
        residual = (shares / total[owner] - good / good_total[owner]) * weight[owner]
        gradient = np.append(transposed @ residual + l2 * (w[:count] - base), guide_of @ residual)
        return value + 0.5 * l2 * float((w[:count] - base) @ (w[:count] - base)), gradient

    result = minimize(
        loss, np.append(base, prior.get(GUIDE, 1.0)), jac=True, method="L-BFGS-B", options={"maxiter": iterations}
    )
    learned = {key: float(result.x[number]) for key, number in numbers.items()}
    return {**prior, **learned, GUIDE: float(result.x[count])}
