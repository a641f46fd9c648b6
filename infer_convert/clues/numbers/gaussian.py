"""Moments of activated and pooled Gaussians, per channel.

The output of a BatchNormalization is taken as N(beta, gamma²) per channel. That is the assumption behind data-free
bias correction (Nagel et al. 2019, "Data-Free Quantization through Weight Equalization and Bias Correction").
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
CORRELATIONS = (0.3, 0.6, 0.85)
"""Correlations between the cells of a pooling window that are tried."""

NODES = 61
_COMMON, _QUANTILES = 9, 24
POOLED_NODES = len(CORRELATIONS) * _COMMON * _QUANTILES
"""Values of the function for each channel: of an activation, of a pooling."""
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(NODES)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))))


def _gelu(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


def _elu(alpha: float) -> Callable[[Array], Array]:
    return lambda x: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "silu": lambda x: x * _sigmoid(x),
    "swish": lambda x: x * _sigmoid(x),
    "gelu": _gelu,
    "elu": _elu(1.0),
    "selu": lambda x: 1.05070098 * _elu(1.67326324)(x),
    "softplus": lambda x: np.logaddexp(0, x),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": lambda x: np.exp(np.minimum(x, 20)),
}


@lru_cache(maxsize=64)
def function(name: str) -> Callable[[Array], Array] | None:
    """An activation by name; ``leaky_relu:0.2`` and ``elu:0.5`` carry their constant, ``relu:6`` its cap. None for one
    that is not elementwise or not known."""
    head, _, constant = name.partition(":")
    if not constant:
        return _FUNCTIONS.get(name)
    number = float(constant)
    if head == "leaky_relu":
        return lambda x: np.where(x > 0, x, number * x)
    if head == "elu":
        return _elu(number)
    if head == "relu":
        return lambda x: np.clip(x, 0, number)
    return None


def activated(mean: Array, deviation: Array, name: str) -> tuple[Array, Array] | None:
    """(mean, variance) of ``f(N(mean, deviation²))`` per channel, by 61-node Gauss-Hermite quadrature."""
    f = function(name)
    if f is None:
        return None
    values = f(mean + deviation * _NODES.reshape(-1, *([1] * mean.ndim)))
    weights = _WEIGHTS.reshape(-1, *([1] * mean.ndim))
    first = (weights * values).sum(0)
    return first, np.maximum((weights * (values - first) ** 2).sum(0), 1e-12)


def pooled(mean: Array, deviation: Array, name: str, cells: int) -> tuple[Array, Array] | None:
    """(means, variances), one row per correlation, of the maximum over ``cells`` equally correlated values of
    ``f(N(mean, deviation²))``; for monotone f the maximum passes through f."""
    f = function(name)
    if f is None:
        return None
    common, weights = np.polynomial.hermite_e.hermegauss(_COMMON)
    weights = weights / weights.sum()
    highest = _maxima(cells)
    means, variances = [], []
    for rho in CORRELATIONS:
        steps = (math.sqrt(rho) * common[:, None] + math.sqrt(1 - rho) * highest[None, :]).reshape(-1, 1)
        shares = np.repeat(weights / len(highest), len(highest))[:, None]
        values = f(mean + deviation * steps)
        first = (shares * values).sum(0)
        means.append(first)
        variances.append(np.maximum((shares * (values - first) ** 2).sum(0), 1e-12))
    return np.stack(means), np.stack(variances)


@lru_cache(maxsize=32)
def _maxima(cells: int) -> Array:
    """Quantile nodes of the maximum of ``cells`` independent standard normals."""
    from statistics import NormalDist

    quantiles = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    return np.array([NormalDist().inv_cdf(float(q) ** (1 / cells)) for q in quantiles])


@lru_cache(maxsize=16)
def _ratios(name: str) -> tuple[Array, Array, Array]:
    """For t = mean/deviation: t, the ratio of mean to deviation behind f, and the deviation behind f over the one
    before; None of it depends on scale, for f that is linear on both sides of 0."""
    t = np.linspace(-4, 8, 600)
    found = activated(t, np.ones_like(t), name)
    assert found is not None
    mean, variance = found
    return t, mean / np.sqrt(variance), np.sqrt(variance)


def before(mean: Array, deviation: Array, name: str) -> tuple[Array, Array, Array] | None:
    """(mean, deviation) of the Gaussian that gives these moments behind a relu or leaky relu, and per channel the log
    of how much the inversion stretches mean/deviation; None for another activation, whose two moments do not scale
    together."""
    if name == "linear":
        return mean, deviation, np.zeros_like(mean)
    if name != "relu" and not name.startswith("leaky_relu:"):
        return None
    t, ratio, scale = _ratios(name)
    at = np.interp(mean / deviation, ratio, t)
    spread = deviation / np.interp(at, t, scale)
    return at * spread, spread, np.log(1 / np.maximum(np.interp(at, t, np.gradient(ratio, t)), 1e-4))
