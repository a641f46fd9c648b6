"""What a search over settings is about: items with options, called in a graph. Nothing here knows Keras."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from infer_convert.solve.lattice import Shape

ShapeFunction = Callable[[tuple[Shape, ...]], Shape | None]
AtOnce = Callable[[tuple[Shape, ...]], list[tuple[int, Shape]]]
Favour = Callable[[tuple[Shape, ...]], float]


@dataclass(frozen=True, slots=True)
class SizeOption:
    """One setting of one item; ``shape`` gets the operand shapes of one call. ``reads`` are (kind, value, nats): what
    the option gains where the kind's last value is this one. ``writes`` are (kind, value)."""

    log_prior: float
    shape: ShapeFunction
    reads: tuple[tuple[str, Hashable, float], ...] = ()
    writes: tuple[tuple[str, Hashable], ...] = ()

    def gained(self, memories: Mapping[str, Hashable]) -> float:
        """Nats for repeating what ``memories`` hold by kind."""
        return math.fsum(nats for kind, value, nats in self.reads if kind in memories and memories[kind] == value)


@dataclass(frozen=True, slots=True)
class SizeItem:
    """An item with its options, each weighed against the others. ``at_once`` gives for the operand shapes of one call
    every option that suits with its result, where that is cheaper than to ask them one by one. ``favours`` gives nats
    for the operand shapes themselves, whatever the option: how likely it is that they are met here. ``pairs`` says that
    what suits all operands suits any two of them, in their order."""

    options: tuple[SizeOption, ...]
    at_once: AtOnce | None = None
    favours: Favour | None = None
    pairs: bool = False

    def results(self, operands: tuple[Shape, ...]) -> list[tuple[int, Shape]]:
        """Every option that suits the operands of one call, by number, with the shape of its result."""
        if self.at_once is not None:
            return self.at_once(operands)
        made = [(number, option.shape(operands)) for number, option in enumerate(self.options)]
        return [(number, shape) for number, shape in made if shape is not None]

    def weights(self, memories: Mapping[str, Hashable]) -> tuple[float, ...]:
        """Log probability of every option where ``memories`` are the last values by kind."""
        scores = [option.log_prior + option.gained(memories) for option in self.options]
        top = max(scores)
        total = top + math.log(math.fsum(math.exp(score - top) for score in scores))
        return tuple(score - total for score in scores)


@dataclass(frozen=True, slots=True)
class SizeCall:
    """One call of one item; operands are earlier calls by index."""

    item: int
    operands: tuple[int, ...]
