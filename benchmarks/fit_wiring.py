"""Fit the weights of the wiring's features (``python -m benchmarks fit-wiring``).

Data: random nets of ``grammar/`` and the tune split of the zoo, names kept and class names only. The report split, the
applications and the corpus are never seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.oracle_steps import Steps, fit, gather
from benchmarks.sets import zoo
from benchmarks.wiring_problems import Problem, problems, random_problems
from infer_convert.solve import weights as shipped
from infer_convert.solve.features import Key, Weights

RANDOM_NETS = 800
LEAST = 0.004
"""Smaller weights are left out."""
TARGET = Path(shipped.__file__).with_name("weights.json")


def tuning_problems() -> Iterator[Problem]:
    """The tune split of the zoo."""
    for naming in ("class", "kept"):
        yield from problems(
            [case for case in zoo.items(naming) if case.split == "tune" and case.form == "keras3"], naming
        )


def training_steps(nets: int = RANDOM_NETS) -> Steps:
    """The steps of all the data."""

    def data() -> Iterator[Problem]:
        yield from tuning_problems()
        yield from random_problems(range(nets))

    return gather(data(), Weights({}, {}), everything=True)


def write(learned: Weights, steps: Steps, nets: int, target: Path = TARGET) -> None:
    """Write the weights with where they come from."""
    data = {
        "made by": "python -m benchmarks fit-wiring",
        "data": f"{nets} random nets (benchmarks/grammar) and the zoo's tune split; {len(steps.sizes)} steps",
        "moves": _rows(learned.moves),
        "proposals": _rows(learned.proposals),
    }
    target.write_text(json.dumps(data, separators=(",", ":")).replace("],[", "],\n[") + "\n", encoding="utf-8")


def _rows(learned: Mapping[Key, float]) -> list[list[object]]:
    ordered = sorted(learned.items(), key=lambda item: repr(item[0]))
    return [[key, round(value, 3)] for key, value in ordered if abs(value) > LEAST]


def run(nets: int = RANDOM_NETS, target: Path = TARGET) -> tuple[int, int]:
    """Fit and write; returns the numbers of steps and of weights."""
    steps = training_steps(nets)
    learned = fit(steps)
    write(learned, steps, nets, target)
    return len(steps.sizes), len(learned.moves)
