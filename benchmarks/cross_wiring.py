"""The wiring of families that its weights have never seen (``python -m benchmarks cross-wiring``).

The zoo's families are dealt into folds; the weights are fitted as ``fit-wiring`` does it, on random nets and the tune
split without the families of a fold, and then asked for the nets of that fold, both splits. What competes with the
right move while they are fitted is proposed by the shipped weights, flattened (``fit_wiring.TRUST``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from benchmarks import fit_wiring
from benchmarks.oracle_steps import fit
from benchmarks.paths import CACHE
from benchmarks.sets import zoo
from benchmarks.wiring import Row, row
from benchmarks.wiring_problems import problems
from infer_convert.solve.features import Weights
from infer_convert.solve.weights import learned, read

FOLDS = 4


def folds(count: int = FOLDS) -> tuple[frozenset[str], ...]:
    """The families, dealt so that every fold has about as many nets: the largest first, each to the smallest fold."""
    sizes = Counter(case.family for case in zoo.items("kept") if case.form == "keras3")
    dealt: list[list[str]] = [[] for _ in range(count)]
    for family, _ in sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0])):
        min(dealt, key=lambda fold: sum(sizes[name] for name in fold)).append(family)
    return tuple(map(frozenset, dealt))


def weights_without(families: frozenset[str], nets: int) -> Weights:
    """Weights fitted without some families; kept in the cache as long as the shipped ones stay as they are."""
    shipped = fit_wiring.TARGET
    path = CACHE / "wiring" / f"{'-'.join(sorted(families))}-{nets}-{shipped.stat().st_size}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        steps = fit_wiring.training_steps(nets, without=families)
        moves = fit(steps, fit_wiring.PENALTY)
        found = fit_wiring.wholes(moves, nets, round(fit_wiring.WHOLE_NETS * nets / fit_wiring.RANDOM_NETS), families)
        fit_wiring.write(Weights(moves.moves, moves.proposals, found), steps, nets, path)
    return read(json.loads(path.read_text(encoding="utf-8")))


def fold_rows(families: frozenset[str], nets: int) -> list[Row]:
    """One row per net of these families, names kept and class names only."""
    found = []
    with learned(weights_without(families, nets)):
        for naming in ("kept", "class"):
            cases = [case for case in zoo.items(naming) if case.form == "keras3" and case.family in families]
            found += [row("zoo", problem) for problem in problems(cases, naming)]
    return found


def run(nets: int = fit_wiring.RANDOM_NETS, jobs: int = 1, count: int = FOLDS) -> Iterator[Row]:
    """All folds, ``jobs`` at once."""
    with ProcessPoolExecutor(jobs) as pool:
        for rows in pool.map(fold_rows, folds(count), [nets] * count):
            yield from rows
