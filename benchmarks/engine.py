"""What is benchmarked: the inference, or the baseline."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from infer_convert.facts import WeightFile
from infer_convert.hints import Hints
from infer_convert.plan import Plan

LIMIT_SECONDS = int(os.environ.get("INFER_CONVERT_BENCH_LIMIT", "120"))
"""For one inference, and for building and comparing one plan."""


class OutOfTime(Exception):
    """The inference took longer than a benchmark allows."""


@contextmanager
def limited(seconds: int = LIMIT_SECONDS) -> Iterator[None]:
    """Raise ``OutOfTime`` when the block takes longer; main thread only."""

    def ring(number: int, frame: Any) -> None:
        raise OutOfTime(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def hints_for(shapes: Any, given: bool, library: bool, without: frozenset[str] = frozenset()) -> Hints:
    """Hints that give the input shapes in order, or nothing where the truth has none or only open sizes."""
    told = all(shape is not None for shape in shapes) and any(
        size is not None for shape in shapes for size in shape[:-1]
    )
    flat = all(shape is not None and len(shape) == 1 for shape in shapes)
    known: Mapping[str, Any] = {"": tuple(shapes)} if given and (told or flat) else {}
    return Hints(input_shapes=known, library=library, without_families=without)


def plans(facts: WeightFile, hints: Hints, tensors: Any) -> tuple[Plan, ...]:
    """The inference's plans, best first."""
    from infer_convert.infer import infer

    with limited():
        return tuple(infer(facts, hints, tensors).plans)
