"""Signals through a net, and what every BatchNormalization and every kernel says about the tensor it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infer_convert.clues.numbers import gram, signals
from infer_convert.clues.numbers.arrays import Arrays
from infer_convert.clues.numbers.budget import CARRIED, COMPARED, NODE, PRODUCT, SAMPLE, WEIGHED
from infer_convert.clues.numbers.gaussian import NODES, POOLED_NODES
from infer_convert.clues.numbers.kernels import Kernel, kernel_of, recurrent_slices
from infer_convert.clues.numbers.likelihood import MOST_CHANNELS, weigh
from infer_convert.clues.numbers.net import Net, Node, Value
from infer_convert.clues.numbers.signals import Signal, Units

Array = NDArray[Any]
LEAST_SPREAD = 0.05
"""Below it the statistics of the sources are those of an untrained net (their own errors are confident: 0.56 right)."""
LEAST_CHANNELS = 4
SAME = (
    "ActivityRegularization", "AlphaDropout", "Dropout", "Flatten", "GaussianDropout", "GaussianNoise", "Identity",
    "Masking", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D",
    "Cropping1D", "Cropping2D", "Cropping3D",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
    "UpSampling1D", "UpSampling2D", "UpSampling3D",
    "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
)  # fmt: skip
"""Layers that keep each channel's mean (borders aside)."""
HIDES = ("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")
SPEAKERS = ("BatchNormalization",)
REUNITES = ("BatchNormalization", "LayerNormalization", "DepthwiseConv2D", "Add", "Concatenate")
"""Layers whose filters depend on those that they take."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a net's tensors say: per BatchNormalization the log-likelihood of its stored mean and that of knowing
    nothing; per kernel the score of the filters it takes."""

    moments: dict[str, tuple[float, float]] = field(default_factory=dict)
    filters: dict[str, float] = field(default_factory=dict)


class Flow:
    """Follows nets of one file; what two nets have in common is computed once. ``channels_first`` tells how its images
    were flattened."""

    def __init__(self, arrays: Arrays, channels_first: bool = False) -> None:
        self._arrays = arrays
        self.channels_first = channels_first
        self.budget = arrays.budget
        self.history = ""
        """A digest of the nets that were followed and may be remembered (``assemble/remembered.py``)."""
        self._keys: dict[tuple[Any, ...], int] = {}
        self._named: dict[int, int] = {}
        """Keys of filters, by the objects' identities."""
        self._signals: dict[int, Signal] = {}
        self._moments: dict[tuple[str, int], tuple[float, float] | None] = {}
        self._filters: dict[tuple[str, int], float | None] = {}
        self._kernels: dict[str, Kernel | None] = {}
        self._units: dict[tuple[Any, ...], tuple[Units | None, ...]] = {}

    def follow(self, net: Net) -> Found:
        """Everything that the net's tensors say. Raises OutOfWork."""
        found = Found()
        self._run(net, (), "", found)
        return found

    def signals_of(self, net: Net) -> dict[Value, Signal]:
        """The signal of every value, as its consumers see it."""
        return self._run(net, (), "", Found())

    def moments_if(self, node: Node, taken: Signal, behind: Node) -> tuple[float, float] | None:
        """What the BatchNormalization ``behind`` a layer says about that layer taking ``taken``: (log-likelihood, that
        of knowing nothing)."""
        kernel = self._kernel(node)
        if kernel is None:
            return None
        return self._weighed(behind, self._through(node, -1, taken, kernel, activation_of(node)))

    def filters_if(self, node: Node, taken: Signal) -> float | None:
        """The score of the filters behind ``taken`` for a layer that takes them."""
        if not taken.units or any(item is None for item in taken.units):
            return None
        return self._filtered(node, taken, sum(item.channels for item in taken.units if item is not None))

    def result(self, node: Node, taken: list[Signal]) -> Signal:
        """The signal that a layer makes of others."""
        return self._apply(node, node.name, taken, Found())

    def heard(self, behind: Node, signal: Signal) -> tuple[float, float] | None:
        """What the BatchNormalization ``behind`` says about taking ``signal``."""
        return self._weigh(behind.name, behind, signal)

    def settled(self, behind: Node, signal: Signal) -> Signal:
        """``signal`` with the moments that the BatchNormalization ``behind`` stores of it."""
        return self._told(behind.name, behind, signal)

    def _key(self, *parts: Any) -> int:
        """A digest of what something was made of, the same in every process."""
        found = self._keys.get(parts)
        if found is None:
            said = hashlib.blake2b(repr(parts).encode("utf-8", "backslashreplace"), digest_size=8).digest()
            found = self._keys[parts] = int.from_bytes(said)
        return found

    def _run(self, net: Net, given: Sequence[Signal], prefix: str, found: Found) -> dict[Value, Signal]:
        known: dict[Value, Signal] = {}
        inputs = list(given)
        for index, node in enumerate(net.nodes):
            name = prefix + node.name
            if not node.operands:
                key = self._key("input", name)
                signal = inputs.pop(0) if inputs else Signal(key, moment=key)
                known[index, 0] = self._fixed(net, (index, 0), signal, prefix, found)
                continue
            for call, operands in enumerate(node.operands):
                lost = self._key("lost")
                taken = [known.get(value, Signal(lost, moment=lost)) for value in operands]
                signal = self._apply(node, name, taken, found)
                known[index, call] = self._fixed(net, (index, call), signal, prefix, found)
        return known

    def _fixed(self, net: Net, value: Value, signal: Signal, prefix: str, found: Found) -> Signal:
        """The signal once the BatchNormalizations that take it have told its moments."""
        for consumer in net.consumers.get(value, ()):
            node = net.nodes[consumer]
            if node.class_name in SPEAKERS and len(node.operands) == 1:
                name = prefix + node.name
                said = self._weigh(name, node, signal)
                if said is not None:
                    found.moments[name] = said
                told = self._told(name, node, signal)
                if told is not signal:
                    return told
        return signal

    def _told(self, name: str, node: Node, signal: Signal) -> Signal:
        stored = self._statistics(node)
        if stored is None or signal.channels not in (None, len(stored[0])):
            return signal
        act = signal.prediction.act if signal.prediction else "linear"
        moment = self._key("exact", name, act)
        key = self._key("exact", moment, self._unit_key(signal))
        if key not in self._signals:
            like = replace(signal, channels=len(stored[0]), moment=moment)
            self._signals[key] = signals.exact(key, stored[0], stored[1], like)
        return self._signals[key]

    def _unit_key(self, signal: Signal) -> tuple[int, ...]:
        return tuple(self._named.get(id(item), 0) for item in signal.units)

    def _statistics(self, node: Node) -> tuple[Array, Array] | None:
        mean = self._arrays.get(node.uses, "moving_mean")
        variance = self._arrays.get(node.uses, "moving_variance")
        if mean is None or variance is None or not np.any(mean) or (variance < 0).any():
            return None
        return mean, variance + 1e-3

    def _weigh(self, name: str, node: Node, signal: Signal) -> tuple[float, float] | None:
        key = (name, signal.moment)
        if key not in self._moments:
            with self.budget.once(self._key("said", *key)):
                self._moments[key] = self._weighed(node, signal)
        return self._moments[key]

    def _weighed(self, node: Node, signal: Signal) -> tuple[float, float] | None:
        stored, prediction = self._statistics(node), signal.predicted()
        if stored is None or prediction is None or signal.spread < LEAST_SPREAD:
            return None
        mean, variance = stored
        if len(mean) < LEAST_CHANNELS or len(prediction.base) != len(mean):
            return None
        carried = sum(term.deviation.size for term in prediction.terms if term.kernel is not None)
        self.budget.spend(WEIGHED + CARRIED * carried * min(len(mean), MOST_CHANNELS))
        return weigh(prediction, mean, np.sqrt(variance))

    def _apply(self, node: Node, name: str, taken: list[Signal], found: Found) -> Signal:
        self.budget.spend(NODE)
        class_name = node.class_name
        key = self._key(class_name, name, _settings(node), *(signal.key for signal in taken))
        if node.inner is not None:
            return self._inner(node, name, taken, found, key)
        if taken:
            self._filter(node, name, taken[0], found)
        if key in self._signals:
            return self._signals[key]
        with self.budget.once(key):
            made = self._made(node, class_name, key, taken)
        if class_name not in SAME:
            made = replace(made, moment=self._moment(node, name, taken), units=self._unit(node, name, taken, made))
        self._signals[key] = made
        return made

    def _moment(self, node: Node, name: str, taken: list[Signal]) -> int:
        sources = () if node.class_name in SPEAKERS else tuple(signal.moment for signal in taken)
        return self._key("moment", node.class_name, name, _settings(node), sources)

    def _unit(self, node: Node, name: str, taken: list[Signal], made: Signal) -> tuple[Units | None, ...]:
        """The same filters as one object, however often they are met."""
        if not made.units:
            return ()
        if taken and made.units == taken[0].units:
            return made.units
        sources = tuple(self._unit_key(signal) for signal in taken) if node.class_name in REUNITES else ()
        units = self._units.setdefault((name, sources), made.units)
        for place, item in enumerate(units):
            self._named.setdefault(id(item), self._key("filters", name, sources, place))
        return units

    def _made(self, node: Node, class_name: str, key: int, taken: list[Signal]) -> Signal:
        first = taken[0] if taken else Signal(key)
        function = activation_of(node)
        if class_name == "Add":
            return signals.add(key, taken)
        if class_name == "Concatenate":
            return signals.concatenate(key, taken)
        if class_name == "Multiply":
            return signals.gate(key, taken)
        if class_name == "BatchNormalization":
            return self._normalised(node, key, first)
        if class_name in SAME:
            return first
        if class_name.startswith("MaxPooling"):
            self.budget.spend(SAMPLE * POOLED_NODES * (first.channels or 0))
            return signals.pool(key, first, _cells(node))
        if class_name in HIDES:
            return replace(first, key=key, mean=None, variance=None, bell=None, prediction=None, spread=0.0)
        if class_name in ("Activation", "ReLU", "LeakyReLU", "ELU", "PReLU"):
            self.budget.spend(SAMPLE * NODES * (first.channels or 0))
            return signals.activate(key, first, function or "unknown")
        if class_name == "Embedding":
            table = self._arrays.get(node.uses, "embeddings")
            if table is None:
                return Signal(key)
            return Signal(key, table.shape[1], units=(Units((table[:4096],), table.shape[1]),))
        if class_name == "LayerNormalization":
            return self._layer_normalised(node, key, first)
        kernel = self._kernel(node)
        if kernel is None:
            return Signal(key)
        return self._through(node, key, first, kernel, function)

    def _kernel(self, node: Node) -> Kernel | None:
        use = next(iter(node.uses.values()), None)
        if use is None:
            return None
        key = f"{use.sources[0]}/{node.class_name}/{node.config.get('strides')}"
        if key not in self._kernels:
            self._kernels[key] = kernel_of(node, self._arrays)
        return self._kernels[key]

    def _through(self, node: Node, key: int, first: Signal, kernel: Kernel, function: str | None) -> Signal:
        if kernel.diagonal:
            made = _depthwise(key, first, kernel)
        else:
            matrix = kernel.matrix(first.channels, self.channels_first)
            if matrix is None:
                return Signal(key)
            self.budget.spend(PRODUCT * matrix.size)
            units = Units(kernel.flats(), kernel.taps.shape[-1])
            made = signals.through(key, first, matrix, kernel.bias, (units,))
        return signals.activate(key, made, function) if function not in (None, "linear") else made

    def _normalised(self, node: Node, key: int, first: Signal) -> Signal:
        mean = self._arrays.get(node.uses, "moving_mean")
        if mean is None:
            return Signal(key)
        beta, gamma = self._arrays.get(node.uses, "beta"), self._arrays.get(node.uses, "gamma")
        return signals.normalised(
            key,
            beta if beta is not None else np.zeros_like(mean),
            gamma if gamma is not None else np.ones_like(mean),
            first,
        )

    def _layer_normalised(self, node: Node, key: int, first: Signal) -> Signal:
        gamma = self._arrays.get(node.uses, "gamma")
        if gamma is None or gamma.ndim != 1:
            return Signal(key)
        return Signal(key, len(gamma), units=signals.renormed(first.units, len(gamma)))

    def _inner(self, node: Node, name: str, taken: list[Signal], found: Found, key: int) -> Signal:
        assert node.inner is not None
        known = self._run(node.inner, taken, f"{name}/", found)
        return known.get(node.inner.outputs[0], Signal(key)) if node.inner.outputs else Signal(key)

    def _filter(self, node: Node, name: str, signal: Signal, found: Found) -> None:
        if not signal.units or any(item is None for item in signal.units):
            return
        channels = sum(item.channels for item in signal.units if item is not None)
        key = (name, self._key("units", self._unit_key(signal)))
        if key not in self._filters:
            with self.budget.once(self._key("heard", *key)):
                self._filters[key] = self._filtered(node, signal, channels)
        said = self._filters[key]
        if said is not None:
            found.filters[name] = said

    def _filtered(self, node: Node, signal: Signal, channels: int) -> float | None:
        if all(item is None or item.normed for item in signal.units):
            return None
        kernel = self._kernel(node)
        if kernel is not None:
            slices = kernel.slices(channels, self.channels_first)
        else:
            slices = recurrent_slices(node, self._arrays)
        if slices is None or slices.shape[1] != channels:
            return None
        scores, start = [], 0
        for item in signal.units:
            assert item is not None
            width = item.channels
            rows = len(slices) + sum(len(flat) for flat in item.flats)
            self.budget.spend(WEIGHED + COMPARED * rows * min(width, gram.MOST_UNITS) ** 2)
            scores.append(gram.score(item, slices[:, start : start + width]))
            start += width
        known = [item for item in scores if item is not None]
        return float(sum(known)) if known else None


def _depthwise(key: int, first: Signal, kernel: Kernel) -> Signal:
    weights = kernel.taps.sum(0)
    made = Signal(key, len(weights), units=signals.renormed(first.units, len(weights)), spread=first.spread)
    if first.mean is None or first.variance is None or first.mean.shape[1] != len(weights):
        return replace(made, spread=0.0)
    base = kernel.bias if kernel.bias is not None else np.zeros_like(weights)
    deviation = np.sqrt(first.variance[len(first.variance) // 2]) * np.abs(weights)
    prediction = signals.Prediction(base, first.mean * weights, (signals.Term(deviation, None),))
    return replace(made, prediction=prediction)


def activation_of(node: Node) -> str | None:
    """The elementwise function of an activation layer or of a layer's argument, with its constant."""
    config = node.config
    if node.class_name == "ReLU":
        slope, cap = config.get("negative_slope"), config.get("max_value")
        return f"leaky_relu:{slope}" if slope else f"relu:{cap}" if cap else "relu"
    if node.class_name == "LeakyReLU":
        return f"leaky_relu:{config.get('negative_slope', config.get('alpha', 0.3))}"
    if node.class_name == "ELU":
        return f"elu:{config.get('alpha') or 1.0}"
    value = config.get("activation")
    return value if isinstance(value, str) else None


def _settings(node: Node) -> tuple[Any, ...]:
    config = node.config
    if node.class_name.startswith("MaxPooling"):
        return (_cells(node),)
    return (activation_of(node), str(config.get("strides")) if node.class_name.endswith("Transpose") else None)


def _cells(node: Node) -> int:
    size = node.config.get("pool_size", 2)
    axes = 1 if "1D" in node.class_name else 3 if "3D" in node.class_name else 2
    return int(size) ** axes if isinstance(size, int) else int(np.prod(size))
