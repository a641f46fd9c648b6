"""Garbage collection out of the way of work that makes many objects and little garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (50_000, 20, 50)
"""Thresholds of a process of ours. Importing TensorFlow makes a million objects, building and tracing a model some
more; Python 3.11 looks at the youngest every 700."""


@contextmanager
def no_collections() -> Iterator[None]:
    """Within it nothing is collected; for imports (0.5 s of TensorFlow's 2.3)."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def few_collections() -> Iterator[None]:
    """Within it the collector comes seldom; for searches, whose states live until the search ends (a third of the time
    of ResNet50's sizes otherwise, half of VGG16's)."""
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def collect_seldom() -> None:
    """From now on the collector comes seldom and never looks at what is there now. For processes that are ours and end
    with their work: what is garbage in cycles already stays."""
    gc.freeze()
    gc.set_threshold(*SELDOM)
