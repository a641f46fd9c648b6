"""How long an inference may go on: two moments that every engine can look at, without being handed them.

They are processor time of this thread, so that a busy machine changes little. Behind the first (``hurried``) nobody
begins what he could leave out; behind the second (``check``) the inference is refused. Outside ``bounded`` nothing is
bounded. What decides *between* answers is never the clock: the wiring's search is bounded by its work (``pace.py``).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from infer_convert.errors import RefusedForSafety

HURRY = 0.4
"""The share of the time behind which nothing is begun that could be left out."""


class _Span(NamedTuple):
    soft: float
    hard: float
    seconds: float


_SPAN: ContextVar[_Span | None] = ContextVar("patience", default=None)


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Within it this thread may work for so many seconds of processor time. An inner bound moves no outer one."""
    if _SPAN.get() is not None:
        yield
        return
    now = time.thread_time()
    token = _SPAN.set(_Span(now + HURRY * seconds, now + seconds, seconds))
    try:
        yield
    finally:
        _SPAN.reset(token)


def hurried() -> bool:
    """Whether what could be left out should be."""
    span = _SPAN.get()
    return span is not None and time.thread_time() > span.soft


def check() -> None:
    """Raises RefusedForSafety when the time is over."""
    span = _SPAN.get()
    if span is not None and time.thread_time() > span.hard:
        raise RefusedForSafety(
            f"inference: expected an architecture that is found in {span.seconds:g} s of processor time (limit"
            " infer_seconds), found one that takes longer; refused for safety; --allow-large lifts it"
        )
