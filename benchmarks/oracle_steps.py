"""The steps that lead to a known wiring, with every other move that was possible: what the wiring's weights learn
from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from benchmarks.wiring_problems import Problem
from infer_convert.solve.features import Key, Scene, Weights, family, motif_key
from infer_convert.solve.finish import complete
from infer_convert.solve.follow import after
from infer_convert.solve.items import Wiring
from infer_convert.solve.moves import moves
from infer_convert.solve.state import State
from infer_convert.solve.steps import Step, raw_steps, steps
from infer_convert.solve.supply import supplies
from infer_convert.solve.wiring import WiringProblem


@dataclass(slots=True)
class Steps:
    """Many steps in flat arrays: ``columns`` are feature numbers move after move, ``lengths`` features per move,
    ``offsets`` the moves' fixed scores, ``sizes`` moves per step, ``gold`` the right move of each step, ``weight`` per
    step. ``unreached`` are (problem, item) where the truth was no possible move. ``singles``: features of one operand
    -> how often it was fed and seen."""

    numbers: dict[Key, int] = field(default_factory=dict)
    columns: list[np.ndarray] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    offsets: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    gold: list[int] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)
    unreached: list[tuple[str, str]] = field(default_factory=list)
    singles: dict[tuple[Key, ...], list[float]] = field(default_factory=dict)

    def add(self, problem: Problem, learned: Weights, everything: bool, most: float = 60.0) -> None:
        """Walk the truth of one problem. A net counts as ``most`` steps at most, so that deep ones do not rule."""
        start = len(self.sizes)
        for step in self._walk(problem, learned, everything):
            self._record(*step)
        count = len(self.sizes) - start
        self.weight.extend([min(1.0, most / count)] * count if count else [])

    def _record(self, found: list[Step], motif_keys: list[list[Key]], gold: int) -> None:
        numbers = self.numbers
        for step, more in zip(found, motif_keys, strict=True):
            keys = [*step.move.keys, *more]
            self.columns.append(np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int32))
            self.lengths.append(len(keys))
            self.offsets.append(-step.move.cost)
        self.sizes.append(len(found))
        self.gold.append(gold)

    def _walk(
        self, problem: Problem, learned: Weights, everything: bool
    ) -> Iterator[tuple[list[Step], list[list[Key]], int]]:
        scene = Scene(problem.items, learned, lambda producer, consumer: 0.0, problem.names(), True)
        last = len(problem.items) - 1
        truth = _Truth(problem)
        whole = WiringProblem(problem.items, scene.affinity)
        rules = whole.rules(everything)
        supply = supplies(problem.items)
        state = State(last)
        for index in range(last, -1, -1):
            found = list(raw_steps(scene, state, index, moves(scene, rules, state, index, supply[index])))
            right = [number for number, step in enumerate(found) if truth.is_step(index, step)]
            if not right or truth.is_dead_end(index):
                self.unreached.append((problem.name, problem.items[index].name))
                return
            label = problem.labels[index] if problem.labels else ""
            best = min(right, key=lambda number: (_other(found[number], label), truth.rank(index, found[number])))
            if len(found) > 1:
                more = [
                    [
                        key
                        for level, (context, choice) in enumerate(step.motifs)
                        if (key := motif_key(level, state.memory.get(context), choice)) is not None
                    ]
                    for step in found
                ]
                self._count(scene, index, found[best], state.depth)
                yield found, more, best
            state = after(state, index, found[best], 0.0)

    def _count(self, scene: Scene, index: int, step: Step, depth: int) -> None:
        """What happened to every operand that could be fed."""
        move = step.move
        for slot in move.fitting:
            keys = scene.single("+", scene.signature(index, move.variant, slot, depth))
            counts = self.singles.setdefault(keys, [0.0, 0.0])
            counts[0] += any(slot is other for other in move.chosen)
            counts[1] += 1


MOST_READINGS = 8
"""Of the same edges, when layers can be read in several ways."""


def truth_wiring(problem: Problem, learned: Weights) -> Wiring | None:
    """The truth as the parser would score it; None where it is not among the parser's moves."""
    scene = Scene(problem.items, learned, lambda producer, consumer: 0.0, problem.names())
    rules = WiringProblem(problem.items, scene.affinity).rules()
    supply, last = supplies(problem.items), len(problem.items) - 1
    right = _Truth(problem)
    states = [State(last)]
    for index in range(last, -1, -1):
        states = sorted(
            (
                after(state, index, step, state.cost + step.cost)
                for state in states
                for step in steps(scene, state, index, moves(scene, rules, state, index, supply[index]))
                if right.is_step(index, step)
            ),
            key=lambda state: state.cost,
        )[:MOST_READINGS]
    return next((complete(problem.items, state) for state in states if not state.unfilled()), None)


class _Truth:
    """What every item of a problem feeds."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._consumers: dict[int, set[int]] = defaultdict(set)
        for producer, consumer in problem.edges:
            self._consumers[producer].add(consumer)
        self._sources: dict[int, set[int]] = defaultdict(set)
        for producer, consumer in problem.edges:
            self._sources[consumer].add(producer)
        self._producers = Counter(consumer for _, consumer in problem.edges)

    def is_step(self, index: int, step: Step) -> bool:
        """Whether a step of an item is the right one."""
        twice = index in self._problem.twice
        return (
            step.move.shared == twice
            and {slot.item for slot in step.move.chosen} == self._consumers[index]
            and bool(step.move.chosen or index in self._problem.outputs)
            and (twice or _takes(step.move.variant.operands, self._producers[index]))
        )

    def rank(self, index: int, step: Step) -> tuple[bool, int, int]:
        """The smaller the likelier of two right steps. What one layer called twice feeds alone takes both calls where
        it can."""
        number, readings = step.move.number, self._problem.items[index].variants
        alone = self._producers[index] == 1 and index not in self._problem.twice
        both = alone and (next(iter(self._sources[index])) in self._problem.twice)
        return family(readings[number].label) != family(readings[0].label), -both * readings[number].operands[0], number

    def is_dead_end(self, index: int) -> bool:
        """An output that feeds something besides: no move of the parser."""
        return index in self._problem.outputs and bool(self._consumers[index])


def _other(step: Step, label: str) -> bool:
    return bool(label) and family(step.move.variant.label) != family(label)


def _takes(operands: tuple[int, int], count: int) -> bool:
    return operands[0] <= count <= operands[1] or count == 1


def gather(problems: Iterable[Problem], learned: Weights, everything: bool) -> Steps:
    """The steps of many problems; nets with layers called three times are left out."""
    steps = Steps()
    for problem in problems:
        if not problem.odd:
            steps.add(problem, learned, everything)
    return steps


PROPOSAL_PENALTY = 5.0
"""Of squared weights of the proposals: rare combinations must stay near even odds."""


NOTHING = Weights({}, {})


def fit(steps: Steps, l2: float = 2.0, iterations: int = 80, prior: Weights = NOTHING) -> Weights:
    """Weights that make the right moves likely, near those of ``prior``; what the steps never show stays as it was."""
    moves = _moves(steps, l2, iterations, prior.moves)
    proposals = _proposals(steps, PROPOSAL_PENALTY, iterations, prior.proposals)
    return Weights({**prior.moves, **moves}, {**prior.proposals, **proposals})


def _matrix(columns: np.ndarray, lengths: Sequence[int], count: int) -> csr_matrix:
    pointer = np.concatenate([[0], np.cumsum(lengths)])
    return csr_matrix((np.ones(len(columns), np.float32), columns, pointer), shape=(len(lengths), count))


def _minimised(
    loss: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    iterations: int,
    numbers: Mapping[Key, int],
) -> dict[Key, float]:
    result = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    return {key: float(result.x[number]) for key, number in numbers.items()}


def known(numbers: Mapping[Key, int], prior: Mapping[Key, float]) -> np.ndarray:
    """The prior's weights in the order of ``numbers``."""
    return np.array([prior.get(key, 0.0) for key in numbers])


def _moves(steps: Steps, l2: float, iterations: int, prior: Mapping[Key, float]) -> dict[Key, float]:
    """Multinomial logistic regression over the moves of every step."""
    features = _matrix(np.concatenate(steps.columns), steps.lengths, len(steps.numbers))
    transposed = features.T.tocsr()
    offsets, weight = np.array(steps.offsets), np.array(steps.weight)
    starts = np.concatenate([[0], np.cumsum(steps.sizes)[:-1]])
    owner = np.repeat(np.arange(len(starts)), steps.sizes)
    gold = starts + np.array(steps.gold)
    base = known(steps.numbers, prior)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        scores = features @ w + offsets
        top = np.maximum.reduceat(scores, starts)
        shares = np.exp(scores - top[owner])
        total = np.add.reduceat(shares, starts)
        value = float((weight * (top + np.log(total) - scores[gold])).sum() + 0.5 * l2 * ((w - base) @ (w - base)))
        residual = shares / total[owner] * weight[owner]
        residual[gold] -= weight
        return value, transposed @ residual + l2 * (w - base)

    return _minimised(loss, base, iterations, steps.numbers)


def _proposals(steps: Steps, l2: float, iterations: int, prior: Mapping[Key, float]) -> dict[Key, float]:
    """Logistic regression over single operands."""
    numbers: dict[Key, int] = {}
    rows = [np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int32) for keys in steps.singles]
    features = _matrix(np.concatenate(rows), [len(row) for row in rows], len(numbers))
    transposed = features.T.tocsr()
    base = known(numbers, prior)
    fed, seen = np.array(list(steps.singles.values())).T

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        scores = features @ w
        value = float((seen * np.logaddexp(0, scores) - fed * scores).sum() + 0.5 * l2 * ((w - base) @ (w - base)))
        return value, transposed @ (seen / (1 + np.exp(-scores)) - fed) + l2 * (w - base)

    return _minimised(loss, base, iterations, numbers)
