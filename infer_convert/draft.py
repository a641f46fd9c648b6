"""An architecture in the making: wired layers whose settings are still open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infer_convert.layers.card import Card, Config
from infer_convert.plan import Decision, WeightUse
from infer_convert.solve.items import Call


@dataclass(frozen=True, slots=True)
class DraftLayer:
    """One layer: ``config`` holds what is fixed so far (a card's private entries included), ``operands`` one ordered
    tuple of calls per call of this layer. ``stored`` is the stored layer's name, None for a layer that the file does
    not list."""

    name: str
    card: Card
    config: Config
    operands: tuple[tuple[Call, ...], ...]
    uses: tuple[WeightUse, ...] = ()
    stored: str | None = None
    decisions: tuple[Decision, ...] = ()

    @property
    def class_name(self) -> str:
        """The Keras class."""
        return self.card.class_name


@dataclass(frozen=True, slots=True)
class Preferred:
    """What a known architecture has at a layer's place: evidence, never a constraint.

    ``trust`` is the probability that a setting is the known one, ``loose`` the same for what leaves no trace in shapes
    (activations, slopes, epsilons); ``others`` are the shares of what other known
    architectures with the same facts have there, per field. ``because`` says which layers match what. ``untold`` are
    fields of which it says nothing, for what they hang on there is missing here.
    """

    config: Config
    trust: float
    because: str
    others: Mapping[str, tuple[tuple[Any, float], ...]] = field(default_factory=dict)
    loose: float = 1.0
    untold: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Draft:
    """Wired layers (parents before children) and the outputs, as (layer index, call). ``preferred`` holds, by layer
    index, what a known architecture has there. ``heard`` are the nats by which the trained numbers moved its share.
    ``guessed``: many other wirings suit the list as well, and nobody has seen them."""

    layers: tuple[DraftLayer, ...]
    outputs: tuple[Call, ...]
    log_score: float = 0.0
    preferred: Mapping[int, Preferred] = field(default_factory=dict)
    heard: float = 0.0
    guessed: bool = False

    def consumers(self) -> dict[int, list[int]]:
        """Layer index -> indices of the layers that take one of its results."""
        result: dict[int, list[int]] = {index: [] for index in range(len(self.layers))}
        for index, layer in enumerate(self.layers):
            for call in layer.operands:
                for producer, _ in call:
                    if index not in result[producer]:
                        result[producer].append(index)
        return result

    def producers(self, index: int) -> tuple[int, ...]:
        """Indices of the layers that feed any call of a layer."""
        return tuple(dict.fromkeys(producer for call in self.layers[index].operands for producer, _ in call))


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A draft with its consumer lists, for clues that look around."""

    draft: Draft
    consumers: Mapping[int, list[int]] = field(default_factory=dict)
    notes: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)
    """What a clue found out about the whole draft, for its next question."""

    @classmethod
    def of(cls, draft: Draft) -> Neighbourhood:
        """Compute the consumers once."""
        return cls(draft, draft.consumers())

    def after(self, index: int, skip: tuple[str, ...] = ()) -> Iterator[int]:
        """Consumers of a layer; those whose class is in ``skip`` are passed through."""
        return self._around(lambda item: self.consumers[item], index, skip)

    def before(self, index: int, skip: tuple[str, ...] = ()) -> Iterator[int]:
        """Producers of a layer; those whose class is in ``skip`` are passed through."""
        return self._around(self.draft.producers, index, skip)

    def _around(self, beside: Callable[[int], Sequence[int]], index: int, skip: tuple[str, ...]) -> Iterator[int]:
        """Depth first; a layer is passed through once, however many ways lead there."""
        passed: set[int] = set()
        waiting = list(reversed(beside(index)))
        while waiting:
            item = waiting.pop()
            if self.draft.layers[item].class_name not in skip:
                yield item
            elif item not in passed:
                passed.add(item)
                waiting.extend(reversed(beside(item)))
