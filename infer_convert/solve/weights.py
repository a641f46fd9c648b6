"""The fitted weights of the features in ``features.py``.

``weights.json`` is written by ``python -m benchmarks fit-wiring``: multinomial logistic regression over the steps that
lead to the known wirings of the benchmark's tune split (the file names its data). Positive speaks for a move.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any

from infer_convert.solve.features import Weights

_OTHERS: ContextVar[Weights | None] = ContextVar("weights learned elsewhere", default=None)


def weights() -> Weights:
    """The fitted weights."""
    others = _OTHERS.get()
    return _shipped() if others is None else others


@contextmanager
def learned(others: Weights) -> Iterator[None]:
    """Other weights than those of ``weights.json``, such as a benchmark fits without the families that it asks
    about."""
    token = _OTHERS.set(others)
    try:
        yield
    finally:
        _OTHERS.reset(token)


@cache
def _shipped() -> Weights:
    return read(json.loads(files("infer_convert.solve").joinpath("weights.json").read_text(encoding="utf-8")))


def read(data: Mapping[str, Any]) -> Weights:
    """Weights as they are written."""
    moves, proposals, wholes = (
        {frozen(key): value for key, value in data.get(part, ())} for part in ("moves", "proposals", "wholes")
    )
    return Weights(moves, proposals, wholes)


def frozen(value: Any) -> Any:
    """JSON's lists as tuples."""
    return tuple(frozen(item) for item in value) if isinstance(value, list) else value
