"""How well a predicted mean suits the one that a BatchNormalization stored.

    r(a) = (mu - base - a lin) / sd,   Sigma = tau² A'A + s² I,   A = diag(deviation) K diag(1/sd)

maximised over small grids: tau is the error of the Gaussian assumption in units of each input's deviation, s the rest,
a the slope (below 1: real activations have heavier tails, and young moving averages lag behind).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from infer_convert.clues.numbers.gaussian import before
from infer_convert.clues.numbers.signals import Prediction

Array = NDArray[Any]
TAUS = np.array([0.03, 0.07, 0.15, 0.3])
NOISES = np.array([0.01, 0.03, 0.08])
SLOPES = np.array([1.0, 0.93, 0.86, 0.78, 0.68, 0.55, 1.08])
"""Grids fixed on files that are in no benchmark set of ours."""
SLOPE_DEVIATION = 0.15
MOST_CHANNELS = 48
"""Channels of the consumer that are compared; more make it slower, not more certain."""


def subset(channels: int) -> Array:
    """The channels that are compared."""
    return np.unique(np.linspace(0, channels - 1, min(channels, MOST_CHANNELS)).astype(int))


LEAST_SIGNED = 8
"""Stored means of so many channels that are all positive speak for a relu between kernel and normalisation."""


def weigh(prediction: Prediction, mean: Array, deviation: Array) -> tuple[float, float] | None:
    """(log-likelihood of the stored means, at least that of knowing nothing; that of knowing nothing).

    Sources that explain the means worse than nothing would are all alike, as where the statistics are not the net's
    own. None when the prediction's activation cannot be undone. A linear prediction of positive means may have an
    unseen relu behind it."""
    acts = [prediction.act]
    if prediction.act == "linear" and prediction.terms and len(mean) >= LEAST_SIGNED and (mean >= -1e-6).all():
        acts.append("relu")
    chosen = subset(len(mean))
    found = []
    for act in acts:
        inverted = before(mean, deviation, act)
        if inverted is None or (act == "relu" and (mean < -1e-6).any()):
            return None
        stretched = float(inverted[2][chosen].sum())
        said = log_likelihood(prediction, inverted[0], inverted[1])
        nothing = no_idea(inverted[0], inverted[1])
        found.append((max(said, nothing) + stretched, nothing + stretched))
    return max(found)


def log_likelihood(prediction: Prediction, mean: Array, deviation: Array) -> float:
    """Largest log-likelihood over the grids of the stored ``mean``, in units of ``deviation``."""
    chosen = subset(len(mean))
    scale = deviation[chosen]
    covariance = _covariance(prediction, chosen, scale)
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 0.0)
    rest = (mean[chosen] - prediction.base[chosen]) / scale
    lin = prediction.lin[:, chosen] / scale
    moves = prediction.terms and bool(np.any(lin))
    slopes = SLOPES if moves else SLOPES[:1]
    residual = (rest[None, None] - slopes[:, None, None] * lin[None]) @ vectors
    squares = (residual**2).reshape(-1, len(chosen))
    variances = (TAUS[:, None, None] ** 2 * values + NOISES[None, :, None] ** 2).reshape(-1, len(chosen))
    found = -0.5 * (squares @ (1 / variances).T + np.log(variances).sum(1)[None])
    prior = np.repeat(-0.5 * ((1 - slopes) / SLOPE_DEVIATION) ** 2, len(lin))
    return float((found + prior[:, None]).max())


def no_idea(mean: Array, deviation: Array) -> float:
    """The log-likelihood of a source that knows only the spread of the stored means."""
    ratio = (mean / deviation)[subset(len(mean))]
    return float(-0.5 * len(ratio) * (np.log(max(float(np.mean(ratio**2)), 1e-4)) + 1))


def _covariance(prediction: Prediction, chosen: Array, scale: Array) -> Array:
    total = np.zeros((len(chosen), len(chosen)))
    for term in prediction.terms:
        if term.kernel is None:
            inside = (chosen >= term.offset) & (chosen < term.offset + len(term.deviation))
            at = np.nonzero(inside)[0]
            total[at, at] += (term.deviation[chosen[at] - term.offset] / scale[at]) ** 2
            continue
        inside = (chosen >= term.offset) & (chosen < term.offset + term.kernel.shape[1])
        at = np.nonzero(inside)[0]
        carried = term.deviation[:, None] * term.kernel[:, chosen[at] - term.offset] / scale[at]
        total[np.ix_(at, at)] += carried.T @ carried
    return total
