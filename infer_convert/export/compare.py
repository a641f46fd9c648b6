"""Run the reloaded SavedModel beside the Keras model on random inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from infer_convert.build.assign import Array
from infer_convert.export.reload import reloaded
from infer_convert.export.signature import input_names, output_names
from infer_convert.export.subject import Subject

TOLERANCE = 1e-3
"""Largest difference that counts as rounding, relative to the largest output (at least 1): the SavedModel runs as one
graph, where TensorFlow may fuse and reorder sums."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``largest``: the largest absolute difference, None when nothing could be run, for the ``reason``; ``scale``: the
    largest magnitude among the outputs, at least 1."""

    largest: float | None
    scale: float = 1.0
    reason: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether the difference is rounding; True when nothing was compared."""
        return self.largest is None or self.largest <= TOLERANCE * self.scale


def savedmodel_difference(subject: Subject, folder: Path) -> Comparison:
    """Compare the SavedModel in ``folder`` with the model it was written from.

    Equal infinities and NaNs in the same place count as equal; a NaN on one side only is an infinite difference, and
    so are files that were damaged since.
    """
    if isinstance(subject.answers, str):
        return Comparison(None, reason=subject.answers)
    arrays, expected = subject.answers
    try:
        signature = reloaded(subject.model, folder).signatures["serving_default"]
    except tf.errors.OpError as error:  # other bytes than were summed, or fewer
        return Comparison(math.inf, largest(expected), f"it cannot be read back: {error.message}")
    result = signature(**{
        name: tf.constant(array) for name, array in zip(input_names(subject.plan), arrays, strict=True)
    })  # fmt: skip
    ours = [np.asarray(result[name]) for name in output_names(subject.plan)]
    gap = max(difference(one, other) for one, other in zip(ours, expected, strict=True))
    return Comparison(gap, largest(expected))


def difference(left: Array, right: Array) -> float:
    """Largest absolute difference; infinite when the shapes differ or one side alone is NaN."""
    if left.shape != right.shape:
        return math.inf
    if not np.issubdtype(left.dtype, np.number) and left.dtype.kind != "V":
        return 0.0 if np.array_equal(left, right) else math.inf
    one, other = left.astype("float64"), right.astype("float64")
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        gaps = np.where(same, 0.0, np.abs(one - other))
    gaps = np.where(np.isnan(gaps), math.inf, gaps)
    return float(gaps.max(initial=0.0))


def largest(arrays: Sequence[Array]) -> float:
    """Largest finite magnitude, at least 1: what an absolute difference is measured against."""
    numbers = [array.astype("float64") for array in arrays if array.dtype.kind in "biufV"]
    finite = [np.abs(array[np.isfinite(array)]).max(initial=0.0) for array in numbers]
    return max(1.0, *map(float, finite)) if finite else 1.0
