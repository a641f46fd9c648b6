"""Fit the weights of the wiring's features (``python -m benchmarks fit-wiring``): of the moves, then of wholes.

Data: random nets of ``grammar/`` and the tune split of the zoo, names kept and class names only. The report split, the
applications and the corpus are never seen. The moves that the right one competes with are proposed by the weights that
are shipped, so that a second run refines the first; ``--from-scratch`` proposes every set of operands (hours).
Wholes (``fit_wholes.py``) are fitted on random nets that the moves have not seen, twice: the second time against the
wirings that look better than the truth to the first. About 20 minutes with two processes (``--jobs 2``). ``--refine``
starts from the shipped weights and keeps near them: for a new feature or new kinds of nets. ``--halfway`` writes the
mean of the new fit and of what was shipped; the weights in the repository come from it: fitted before and after the
kinds of ``grammar/manifold.py`` and ``grammar/joined.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks import fit_wholes
from benchmarks.oracle_steps import Steps, fit, gather
from benchmarks.sets import zoo
from benchmarks.wiring_problems import Problem, problems, random_problems
from infer_convert.solve import weights as shipped
from infer_convert.solve.features import Key, Weights

RANDOM_NETS = 2400
WHOLE_NETS = 1000
"""Further random nets, for the wholes."""
WHOLE_WEIGHT = 2.0
"""How much more a net of the tune split counts there than a random one."""
LARGEST = 150
"""Layers of the random nets that are solved for the wholes."""
TUNE_WEIGHT = 3.0
"""How much more a step of the tune split counts than one of a random net."""
PENALTY = 1.0
"""Of squared weights; fitted on random nets alone, 0.3 and 2 gave 39 and 42 of the tune split's 69 nets."""
TRUST = 0.5
"""Shipped proposals are flattened so far before they propose again."""
LEAST = 0.01
"""Smaller weights are left out."""
REFINING_SEED = 30_000
"""First of the random nets that weights are refined on."""
SMALL = 100
"""Layers of those that are solved for the wholes then."""
TARGET = Path(shipped.__file__).with_name("weights.json")


def tuning_problems(without: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """The tune split of the zoo, but for some families."""
    for naming in ("class", "kept"):
        cases = [case for case in zoo.items(naming) if case.split == "tune" and case.form == "keras3"]
        yield from problems([case for case in cases if case.family not in without], naming)


def training_steps(nets: int = RANDOM_NETS, from_scratch: bool = False, without: frozenset[str] = frozenset()) -> Steps:
    """The steps of all the data, but for some families of the tune split."""
    proposals = {} if from_scratch else {key: TRUST * value for key, value in shipped.weights().proposals.items()}
    steps = gather(tuning_problems(without), Weights({}, proposals), from_scratch)
    steps.weight = [TUNE_WEIGHT * weight for weight in steps.weight]
    for problem in random_problems(range(nets)):
        if not problem.odd:
            steps.add(problem, Weights({}, proposals), from_scratch)
    return steps


def wholes(
    learned: Weights,
    nets: int = RANDOM_NETS,
    more: int = WHOLE_NETS,
    without: frozenset[str] = frozenset(),
    jobs: int = 1,
) -> dict[Key, float]:
    """Weights of finished wirings: one round against the parser's wirings, one against those that flips find too. The
    nets are dealt to ``jobs`` processes."""
    drawn = [range(first, min(first + AT_ONCE, nets + more)) for first in range(nets, nets + more, AT_ONCE)]
    found: dict[Key, float] = {}
    with ProcessPoolExecutor(jobs) as pool:
        for _ in range(2):
            rivals = Weights(learned.moves, learned.proposals, found)
            tuned = pool.map(partial(_tuning_contests, rivals, without), range(SHARES))
            random = pool.map(partial(_random_contests, rivals), drawn)
            found = fit_wholes.fit([contest for part in (*tuned, *random) for contest in part])
    return found


AT_ONCE, SHARES = 50, 4
"""Random nets of one task of a process, and tasks of the tune split."""


def _tuning_contests(rivals: Weights, without: frozenset[str], share: int) -> list[fit_wholes.Contest]:
    problems = list(tuning_problems(without))[share::SHARES]
    return list(fit_wholes.contests(problems, rivals, WHOLE_WEIGHT))


def _random_contests(rivals: Weights, seeds: range) -> list[fit_wholes.Contest]:
    drawn = [problem for problem in random_problems(seeds) if len(problem.items) <= LARGEST]
    return list(fit_wholes.contests(drawn, rivals))


def refined(nets: int, start: int = REFINING_SEED) -> tuple[Weights, Steps]:
    """The shipped weights with what new features and new kinds of nets add: fitted on further random nets and the
    tune split, held to the shipped ones."""
    before = shipped.weights()
    proposing = Weights({}, {key: TRUST * value for key, value in before.proposals.items()})
    tuned = list(tuning_problems())
    steps = gather(tuned, proposing, False)
    steps.weight = [TUNE_WEIGHT * weight for weight in steps.weight]
    drawn = [problem for problem in random_problems(range(start, start + nets)) if not problem.odd]
    for problem in drawn:
        steps.add(problem, proposing, False)
    learned = fit(steps, PENALTY, prior=before)
    rivals = Weights(learned.moves, learned.proposals, before.wholes)
    small = [problem for problem in drawn if len(problem.items) <= SMALL]
    found = [*fit_wholes.contests(tuned, rivals, WHOLE_WEIGHT), *fit_wholes.contests(small, rivals)]
    return Weights(learned.moves, learned.proposals, fit_wholes.fit(found, prior=before.wholes)), steps


def mean(one: Weights, other: Weights) -> Weights:
    """The weights halfway between two fits, those that one of them has not taken as 0: of log-linear models that is the
    geometric mean of what they say."""

    def halfway(a: Mapping[Key, float], b: Mapping[Key, float]) -> dict[Key, float]:
        return {key: (a.get(key, 0.0) + b.get(key, 0.0)) / 2 for key in (*a, *(key for key in b if key not in a))}

    return Weights(
        halfway(one.moves, other.moves), halfway(one.proposals, other.proposals), halfway(one.wholes, other.wholes)
    )


def write(learned: Weights, steps: Steps, nets: int, target: Path = TARGET) -> None:
    """Write the weights with where they come from."""
    data = {
        "made by": "python -m benchmarks fit-wiring",
        "data": f"{nets} random nets (benchmarks/grammar) and the zoo's tune split; {len(steps.sizes)} steps",
        "moves": _rows(learned.moves),
        "proposals": _rows(learned.proposals),
        "wholes": _rows(learned.wholes),
    }
    target.write_text(json.dumps(data, separators=(",", ":")).replace("],[", "],\n[") + "\n", encoding="utf-8")


def _rows(learned: Mapping[Key, float]) -> list[list[object]]:
    ordered = sorted(learned.items(), key=lambda item: repr(item[0]))
    return [[key, round(value, 3)] for key, value in ordered if abs(value) > LEAST]


def run(
    nets: int = RANDOM_NETS,
    from_scratch: bool = False,
    target: Path = TARGET,
    refine: bool = False,
    jobs: int = 1,
    halfway: bool = False,
) -> tuple[int, int]:
    """Fit, or refine what is shipped, and write; ``halfway`` writes the mean of the fit and of what was shipped.
    Returns the numbers of steps and of weights."""
    if refine:
        learned, steps = refined(nets)
        write(learned, steps, nets, target)
        return len(steps.sizes), len(learned.moves)
    steps = training_steps(nets, from_scratch)
    learned = fit(steps, PENALTY)
    learned = Weights(learned.moves, learned.proposals, wholes(learned, nets, jobs=jobs))
    learned = mean(shipped.weights(), learned) if halfway else learned
    write(learned, steps, nets, target)
    return len(steps.sizes), len(learned.moves)
