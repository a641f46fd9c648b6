"""What the trained numbers of several checkpoints of one architecture say together.

Each file's report tells how many nats its own numbers gave to the value it chose. Taking them away leaves what was
believed before the numbers were asked; the sum over the checkpoints, capped, is added to that. Checkpoints of one run
are no independent witnesses, hence the cap; where one of them contradicts the others nothing is pooled.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CLUE = "numbers/"
"""How the clues from trained numbers sign (infer_convert/clues/numbers, assemble/numbers.py and revise.py)."""
CAP = 6.0
TIMES_LOUDEST = 2.0
"""All checkpoints together give one value at most ``CAP`` nats, and at most so many times what the loudest gives."""
CONTRADICTION = 1.0
"""Nats of one checkpoint for another value that forbid pooling."""
FEWEST = 2
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Voice:
    """One checkpoint about one question: its belief (JSON text -> probability), the value it chose, and the nats that
    its numbers gave to that value over the best rival."""

    belief: Mapping[str, float]
    chosen: str
    nats: float


def voice(decision: Mapping[str, Any]) -> Voice:
    """A record of ``work.heard`` as a voice."""
    pairs = [[decision["value"], decision["confidence"]], *decision["alternatives"]]
    belief = {json.dumps(value, sort_keys=True): max(float(share), _LEAST) for value, share in pairs}
    return Voice(belief, json.dumps(decision["value"], sort_keys=True), float(decision["nats"]))


def pooled(voices: Sequence[Voice]) -> dict[str, float] | None:
    """The belief of all checkpoints together, best first; None when there are too few or they contradict each other."""
    if len(voices) < FEWEST:
        return None
    gains: dict[str, list[float]] = defaultdict(list)
    priors: dict[str, list[float]] = defaultdict(list)
    for one in voices:
        gains[one.chosen].append(one.nats)
        for value, share in _before(one).items():
            priors[value].append(math.log(share))
    sums = {value: math.fsum(nats) for value, nats in gains.items()}
    winner = min(sums, key=lambda value: (-sums[value], value))
    against = [one for one in voices if one.chosen != winner and one.nats > CONTRADICTION]
    if sums[winner] <= 0.0 or against:
        return None
    silent = math.log(_LEAST)
    before = {
        value: (math.fsum(logs) + silent * (len(voices) - len(logs))) / len(voices) for value, logs in priors.items()
    }
    most = {value: min(CAP, TIMES_LOUDEST * max(nats)) for value, nats in gains.items()}
    scores = {value: log + min(sums.get(value, 0.0), most.get(value, 0.0)) for value, log in before.items()}
    top = max(scores.values())
    total = math.fsum(math.exp(score - top) for score in scores.values())
    ordered = sorted(scores, key=lambda value: (-scores[value], value))
    return {value: math.exp(scores[value] - top) / total for value in ordered}


def _before(one: Voice) -> dict[str, float]:
    """The belief without the numbers' nats."""
    weights = {
        value: share * (math.exp(-one.nats) if value == one.chosen else 1.0) for value, share in one.belief.items()
    }
    total = math.fsum(weights.values())
    return {value: max(weight / total, _LEAST) for value, weight in weights.items()}
