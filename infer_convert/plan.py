"""One complete architecture, with a reason for every part that the file did not fix.

A ``Plan`` is what the solver returns, what ``build/`` turns into a Keras model and what ``report/`` prints. It knows
Keras' class and argument names as words, but never imports Keras.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx


class Basis(StrEnum):
    """Where an answer comes from; a second axis beside its confidence."""

    USER = "USER"
    READ = "READ"
    FORCED = "FORCED"
    INFERRED = "INFERRED"
    ASSUMED = "ASSUMED"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A signed statement for or against one value of one question.

    ``weight`` is a log-likelihood ratio in nats in favour of the chosen value. ``because`` is a sentence that a user
    can check against the file.
    """

    clue: str
    weight: float
    because: str


@dataclass(frozen=True, slots=True)
class Option:
    """A value that was not chosen, and its probability. ``same``: here it computes what the chosen value computes."""

    value: Any
    confidence: float
    same: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one question about one layer. ``confidence`` is a probability in [0, 1].

    ``coupled`` are the nats by which the true answer raises the chance of the best assignment of all sizes together.
    """

    field: str
    value: Any
    confidence: float
    basis: Basis
    alternatives: tuple[Option, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    motif: str | None = None
    coupled: float = 0.0

    @property
    def gain(self) -> float:
        """Nats by which the true answer raises the chance that the whole plan computes the right function."""
        right = self.confidence + math.fsum(option.confidence for option in self.alternatives if option.same)
        return max(-math.log(min(1.0, max(right, 1e-9))), self.coupled)

    def reason(self, layer: str) -> tuple[str, str, str]:
        """The same for decisions that are right or wrong together: one field, one value, one reason. Without a reason
        that of ``layer`` is its own."""
        return self.field, repr(self.value), self.evidence[0].because if self.evidence else layer


@dataclass(frozen=True, slots=True)
class Ref:
    """One tensor: output ``tensor`` of call number ``call`` of ``layer`` (all counted from 0)."""

    layer: str
    call: int = 0
    tensor: int = 0

    def __str__(self) -> str:
        if self.tensor:
            return f"{self.layer}:{self.call}:{self.tensor}"
        return f"{self.layer}:{self.call}" if self.call else self.layer


@dataclass(frozen=True, slots=True)
class WeightUse:
    """Stored tensors that make up one variable.

    ``variable`` is the attribute path on the Keras 3 layer (``kernel``, ``cell.recurrent_kernel``,
    ``forward_layer.cell.kernel``, ``query_dense.kernel``), ``shape`` the variable's shape. ``transforms`` name, in
    order, the functions of ``transforms.py`` that turn the ``sources`` into the variable; none means a plain copy of
    a single source.
    """

    variable: str
    sources: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    role: str
    transforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanLayer:
    """A layer of the model to build.

    ``config`` holds Keras 3 constructor arguments as JSON values, ``name`` excepted; wrapped layers appear as
    ``{"class_name": ..., "config": ...}``. ``inbound`` has one tuple of ordered operands per call; an InputLayer has
    none. ``keywords`` are plain arguments of every call (``{"use_causal_mask": true}``), ``named`` the keywords under
    which the last operands are passed (``("attention_mask",)``). ``stored`` is the name of the stored layer it stands
    for (None when the file does not list it); ``hidden`` marks an operator that no list can show (``x + y`` in
    functional code). A nested model has ``inner``.
    """

    name: str
    class_name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    inbound: tuple[tuple[Ref, ...], ...] = ()
    weights: tuple[WeightUse, ...] = ()
    decisions: tuple[Decision, ...] = ()
    stored: str | None = None
    hidden: bool = False
    inner: Plan | None = None
    keywords: Mapping[str, Any] = field(default_factory=dict)
    named: tuple[str, ...] = ()

    def decision(self, name: str) -> Decision | None:
        """The decision about one field, or None when the file itself fixes it."""
        return next((item for item in self.decisions if item.field == name), None)


@dataclass(frozen=True, slots=True)
class InputStatistics:
    """How the first input was scaled in training: ``range`` is ``0..1``, ``-1..1``, ``standardised`` or ``0..255``;
    the mean of each channel and the deviation over all of them, in the input's own units."""

    range: str
    means: tuple[float, ...]
    deviation: float

    def sentence(self) -> str:
        """What to do with pixels 0..255 before they go in."""
        preprocessing = {
            "0..1": "divide pixels by 255",
            "-1..1": "divide pixels by 127.5 and subtract 1",
            "0..255": "pixels as they are",
        }.get(self.range, "subtract the training mean and divide by the training deviation")
        means = ", ".join(f"{mean:.3g}" for mean in self.means)
        return f"the trained inputs look {self.range} (channel means {means}): {preprocessing}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A complete architecture: layers in an order in which parents come first.

    ``inputs`` and ``outputs`` are ordered. ``confidence`` is the probability that this plan computes the same function
    as the lost original. ``rewrites`` are sentences about what was changed from a stored config. ``input_statistics``
    is None where the numbers do not tell.
    """

    layers: tuple[PlanLayer, ...]
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    confidence: float = 0.0
    name: str | None = None
    rewrites: tuple[str, ...] = ()
    input_statistics: InputStatistics | None = None

    def layer(self, name: str) -> PlanLayer:
        """The layer called ``name``; ``KeyError`` when there is none."""
        for item in self.layers:
            if item.name == name:
                return item
        raise KeyError(name)

    def with_layers(self, layers: tuple[PlanLayer, ...]) -> Plan:
        """A copy with other layers."""
        return replace(self, layers=layers)

    def walk(self, prefix: str = "") -> Iterator[tuple[str, PlanLayer]]:
        """Every layer with its full name, those of nested models as ``outer/inner``."""
        for item in self.layers:
            yield prefix + item.name, item
            if item.inner is not None:
                yield from item.inner.walk(f"{prefix}{item.name}/")

    def graph(self) -> networkx.MultiDiGraph:
        """Calls as nodes ``(layer, call)``, operands as edges with the keys ``slot`` and ``tensor``."""
        import networkx

        graph = networkx.MultiDiGraph()
        for item in self.layers:
            for call in range(max(1, len(item.inbound))):
                graph.add_node((item.name, call), class_name=item.class_name)
        for item in self.layers:
            for call, operands in enumerate(item.inbound):
                for slot, ref in enumerate(operands):
                    graph.add_edge((ref.layer, ref.call), (item.name, call), slot=slot, tensor=ref.tensor)
        return graph
