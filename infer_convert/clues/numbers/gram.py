"""Which filters feed which kernel: balanced norms and matching Gram matrices, with or without normalisation.

Gradient flow conserves |w_in(h)|² - |w_out(h)|² for each hidden unit h of a homogeneous net (Du, Hu & Lee 2018), for
linear nets the whole matrix W_l W_l' - W_l+1' W_l+1 (Arora, Cohen & Hazan 2018). In trained nets units with similar
incoming filters have similar outgoing ones, whatever the optimiser.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infer_convert import __version__
from infer_convert.clues.numbers.signals import Units
from infer_convert.solve.notes import noted

Array = NDArray[Any]
LEAST_UNITS = 8
"""Fewer channels have no statistics."""
MOST_UNITS = 128
NORM_WEIGHT, GRAM_WEIGHT = 0.95, 1.07
"""Fitted on nets trained for that purpose, checked on 280 pairs of layers of real nets."""


def score(units: Units, slices: Array) -> float | None:
    """How much the filters ``units`` look like those that ``slices`` (outputs, channels) takes, in nats against
    filters of another layer (whose expected score is 0). None when there are too few units, when a normalisation
    scales them (moments say more, and in 153 questions about nets of a few dozen steps the filters were at chance), or
    when the norms are all equal, as in an untrained net with orthogonal filters."""
    count = units.channels
    if count != slices.shape[1] or count < LEAST_UNITS or units.normed:
        return None
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_UNITS)).astype(int))
    before, behind = np.concatenate([flat[:, chosen] for flat in units.flats]), slices[:, chosen]
    incoming, outgoing = (before**2).sum(0), (behind**2).sum(0)
    if incoming.std() < 1e-9 or outgoing.std() < 1e-9:
        return None
    both = before, behind, incoming, outgoing
    return noted(lambda: _question(before, behind), lambda: _score(*both), float, _number)


def _question(before: Array, behind: Array) -> str:
    """Of the very numbers that are compared."""
    found = hashlib.sha256(repr(("filters", __version__, before.shape, behind.shape)).encode())
    for array in (before, behind):
        found.update(np.ascontiguousarray(array, "<f4").data)
    return found.hexdigest()


def _number(plain: Any) -> float | None:
    return plain if isinstance(plain, float) and math.isfinite(plain) else None


def _score(before: Array, behind: Array, incoming: Array, outgoing: Array) -> float:
    number = before.shape[1]
    first = _atanh(_correlation(_ranks(incoming), _ranks(outgoing))) * math.sqrt(number - 3)
    upper = np.triu_indices(number, 1)
    second = _atanh(_correlation(_cosines(before)[upper], _cosines(behind)[upper])) * math.sqrt(
        number * (number - 1) / 2
    )
    return NORM_WEIGHT * first + GRAM_WEIGHT * math.copysign(math.sqrt(abs(second)), second)


def _atanh(value: float) -> float:
    return math.atanh(min(max(value, -0.999), 0.999))


def _ranks(values: Array) -> Array:
    return np.argsort(np.argsort(values)).astype(float)


def _correlation(a: Array, b: Array) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float((a**2).sum()) * float((b**2).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0


def _cosines(columns: Array) -> Array:
    scaled = columns / np.maximum(np.sqrt((columns**2).sum(0)), 1e-12)
    return np.asarray(scaled.T @ scaled)
