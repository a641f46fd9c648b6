"""The fitted weights of the features in ``features.py``.

``weights.json`` is written by ``python -m benchmarks fit-wiring``: multinomial logistic regression over the steps that
lead to the known wirings of the benchmark's tune split (the file names its data). Positive speaks for a move.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from infer_convert.solve.features import Weights


@cache
def weights() -> Weights:
    """The fitted weights."""
    data = json.loads(files("infer_convert.solve").joinpath("weights.json").read_text(encoding="utf-8"))
    moves, proposals, wholes = (
        {frozen(key): value for key, value in data.get(part, ())} for part in ("moves", "proposals", "wholes")
    )
    return Weights(moves, proposals, wholes)


def frozen(value: Any) -> Any:
    """JSON's lists as tuples."""
    return tuple(frozen(item) for item in value) if isinstance(value, list) else value
