"""What is known, channel by channel, about every tensor of a net: moments where a BatchNormalization fixed them,
predictions where a kernel carries them on, and the filters that make each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infer_convert.clues.numbers.gaussian import activated, before, pooled

Array = NDArray[Any]
KEPT_CELLS = (1, 16)
"""Cells of a pooling window, clipped to what the model of correlated cells can bear."""


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """Where a prediction's error comes from: the mean of channel i of the source is off by tau times ``deviation[i]``,
    and reaches channel ``offset + o`` through ``kernel[i, o]`` (None: channel by channel)."""

    deviation: Array
    kernel: Array | None
    offset: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Mean of a tensor, ``base + lin`` per channel (``lin`` with one row per variant of its sources), before the
    function ``act``."""

    base: Array
    lin: Array
    terms: tuple[Term, ...]
    act: str = "linear"


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The filters behind a run of ``channels``: stacked, the ``flats`` (inputs, channels) are what makes each;
    ``normed`` when a normalisation scaled them."""

    flats: tuple[Array, ...]
    channels: int
    normed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """One tensor. ``mean`` and ``variance`` have one row per variant; ``bell`` is the Gaussian (mean, deviation) whose
    image under ``act`` it is; ``spread`` tells how much the source's statistics differ between channels: 0 says that
    nothing can be read from them. Signals of one ``key`` are the same, those of one ``moment`` agree in moments.
    ``parts`` are a concatenation's operands."""

    key: int
    channels: int | None = None
    mean: Array | None = None
    variance: Array | None = None
    bell: tuple[Array, Array] | None = None
    act: str = "linear"
    prediction: Prediction | None = None
    spread: float = 0.0
    units: tuple[Units | None, ...] = ()
    moment: int = 0
    parts: tuple[Signal, ...] = ()

    def predicted(self) -> Prediction | None:
        """The prediction of this tensor's mean: carried here by a kernel, or its source's moments."""
        if self.prediction is not None:
            return self.prediction
        if self.mean is None or self.variance is None:
            return None
        deviation = np.sqrt(self.variance[len(self.variance) // 2])
        return Prediction(np.zeros_like(self.mean[0]), self.mean, (Term(deviation, None),))


def exact(key: int, mean: Array, variance: Array, like: Signal) -> Signal:
    """A tensor whose moments a BatchNormalization behind it stores."""
    deviation = np.sqrt(variance)
    act = like.prediction.act if like.prediction is not None else "linear"
    bell = before(mean, deviation, act)
    return replace(
        like,
        key=key,
        mean=mean[None],
        variance=variance[None],
        bell=bell[:2] if bell is not None else (mean, deviation),
        act=act if bell is not None else "linear",
        prediction=Prediction(mean, np.zeros((1, len(mean)), np.float32), ()),
        spread=float(np.std(mean / deviation)),
        parts=(),
    )


def normalised(key: int, beta: Array, gamma: Array, behind: Signal) -> Signal:
    """The result of a BatchNormalization: N(beta, gamma²) per channel."""
    spread = float(np.hypot(np.std(beta), np.std(gamma)))
    return Signal(
        key,
        len(beta),
        beta[None],
        np.maximum(gamma**2, 1e-8)[None],
        (beta, np.maximum(np.abs(gamma), 1e-4)),
        "linear",
        None,
        spread,
        renormed(behind.units, len(beta)),
    )


def renormed(units: tuple[Units | None, ...], channels: int) -> tuple[Units | None, ...]:
    """The same filters once a normalisation has scaled them."""
    known = [item for item in units if item is not None]
    if len(known) != len(units) or sum(item.channels for item in known) != channels:
        return ()
    return tuple(replace(item, normed=True) for item in known)


def activate(key: int, signal: Signal, name: str) -> Signal:
    """The tensor behind an elementwise function."""
    if name == "linear" or (name == signal.act == "relu"):
        return signal
    if signal.parts:
        return concatenate(key, [activate(key, part, name) for part in signal.parts])
    made = replace(signal, key=key, mean=None, variance=None, bell=None, act=name, prediction=None, spread=0.0)
    if signal.mean is not None and signal.variance is not None and signal.act == "linear":
        found = activated(signal.mean, np.sqrt(signal.variance), name)
        if found is None:
            return made
        row = len(signal.mean) // 2
        bell = (signal.mean[row], np.sqrt(signal.variance[row]))
        made = replace(made, mean=found[0], variance=found[1], bell=bell, spread=signal.spread)
    if signal.prediction is not None and signal.prediction.act == "linear" and signal.prediction.terms:
        made = replace(made, prediction=replace(signal.prediction, act=name), spread=signal.spread)
    return made


def pool(key: int, signal: Signal, cells: int) -> Signal:
    """The tensor behind a max pool over ``cells`` cells."""
    if signal.parts:
        return concatenate(key, [pool(key, part, cells) for part in signal.parts])
    made = replace(signal, key=key, mean=None, variance=None, bell=None, prediction=None)
    if signal.bell is None:
        return replace(made, spread=0.0)
    found = pooled(*signal.bell, signal.act, int(np.clip(cells, *KEPT_CELLS)))
    return made if found is None else replace(made, mean=found[0], variance=found[1], act="pooled")


def add(key: int, signals: Sequence[Signal]) -> Signal:
    """A sum of tensors: means exactly, variances as if they were independent."""
    channels = {signal.channels for signal in signals}
    if len(channels) != 1 or None in channels:
        return Signal(key)
    made = Signal(key, signals[0].channels, units=_summed(signals), spread=min(s.spread for s in signals))
    predictions = [signal.predicted() for signal in signals]
    if all(item is not None and item.act == "linear" for item in predictions):
        known = [item for item in predictions if item is not None]
        made = replace(
            made,
            prediction=Prediction(
                np.sum([item.base for item in known], axis=0),
                _total([item.lin for item in known]),
                tuple(term for item in known for term in item.terms),
            ),
        )
    if all(signal.mean is not None for signal in signals):
        mean = _total([signal.mean for signal in signals if signal.mean is not None])
        variance = _total([signal.variance for signal in signals if signal.variance is not None])
        row = len(mean) // 2
        made = replace(made, mean=mean, variance=variance, bell=(mean[row], np.sqrt(variance[row])))
    return made


OPEN = np.array([0.35, 0.5, 0.7])
"""How far a sigmoid gate may be open: half before training moves it. Variants, as those of a pooling."""


def gate(key: int, signals: Sequence[Signal]) -> Signal:
    """A tensor times a gate of squeeze and excitation: the one operand whose moments are known, scaled."""
    known = [signal for signal in signals if signal.mean is not None and signal.variance is not None]
    if len(known) != 1 or known[0].mean is None or known[0].variance is None:
        return Signal(key)
    if len(known[0].mean) not in (1, len(OPEN)):
        return Signal(key)
    mean, variance = OPEN[:, None] * known[0].mean, OPEN[:, None] ** 2 * known[0].variance
    row = len(mean) // 2
    bell = (mean[row], np.sqrt(variance[row]))
    return Signal(key, known[0].channels, mean, variance, bell, spread=known[0].spread)


def _total(parts: Sequence[Array]) -> Array:
    rows = max(len(part) for part in parts)
    return np.asarray(sum(np.broadcast_to(part, (rows, part.shape[-1])) for part in parts))


def _summed(signals: Sequence[Signal]) -> tuple[Units | None, ...]:
    """Channels of a residual trunk have the filters of every branch."""
    first = signals[0].units
    if len({tuple(u.channels if u else 0 for u in s.units) for s in signals}) != 1:
        return ()
    made: list[Units | None] = []
    for position in range(len(first)):
        parts = [signal.units[position] for signal in signals]
        if any(part is None for part in parts):
            return ()
        known = [part for part in parts if part is not None]
        made.append(
            Units(
                tuple(flat for part in known for flat in part.flats),
                known[0].channels,
                any(part.normed for part in known),
            )
        )
    return tuple(made)


def concatenate(key: int, signals: Sequence[Signal]) -> Signal:
    """Tensors side by side."""
    if any(signal.channels is None for signal in signals):
        return Signal(key)
    widths = [signal.channels or 0 for signal in signals]
    units: list[Units | None] = []
    for signal, width in zip(signals, widths, strict=True):
        known = sum(u.channels for u in signal.units if u is not None)
        units.extend(signal.units if known == width else (None,))
    made = Signal(key, sum(widths), spread=max(s.spread for s in signals), units=tuple(units), parts=tuple(signals))
    if any(item is None for item in units):
        made = replace(made, units=())
    predictions = [signal.predicted() for signal in signals]
    if all(item is not None and item.act == "linear" for item in predictions):
        known_ones = [item for item in predictions if item is not None]
        starts = np.cumsum([0, *widths])
        terms = tuple(
            replace(term, offset=term.offset + int(start))
            for item, start in zip(known_ones, starts, strict=False)
            for term in item.terms
        )
        prediction = Prediction(
            np.concatenate([item.base for item in known_ones]), _beside([item.lin for item in known_ones]), terms
        )
        made = replace(made, prediction=prediction)
    if all(signal.mean is not None and signal.variance is not None for signal in signals):
        mean = _beside([signal.mean for signal in signals if signal.mean is not None])
        variance = _beside([signal.variance for signal in signals if signal.variance is not None])
        bells = [signal.bell for signal in signals if signal.bell is not None]
        acts = {signal.act for signal in signals}
        bell = (
            (np.concatenate([b[0] for b in bells]), np.concatenate([b[1] for b in bells]))
            if len(bells) == len(signals) and len(acts) == 1
            else None
        )
        act = acts.pop() if len(acts) == 1 else "mixed"
        made = replace(made, mean=mean, variance=variance, bell=bell, act=act)
    return made


def _beside(parts: Sequence[Array]) -> Array:
    rows = max(len(part) for part in parts)
    return np.concatenate([np.broadcast_to(part, (rows, part.shape[-1])) for part in parts], axis=1)


def through(key: int, signal: Signal, kernel: Array, bias: Array | None, units: tuple[Units | None, ...]) -> Signal:
    """The tensor behind a kernel (channels in, channels out), summed over taps and positions."""
    made = Signal(key, kernel.shape[1], units=units, spread=signal.spread)
    if signal.mean is None or signal.variance is None or signal.mean.shape[1] != kernel.shape[0]:
        return replace(made, spread=0.0)
    base = np.zeros(kernel.shape[1], np.float32) if bias is None else bias
    deviation = np.sqrt(signal.variance[len(signal.variance) // 2])
    return replace(made, prediction=Prediction(base, signal.mean @ kernel, (Term(deviation, kernel),)))
