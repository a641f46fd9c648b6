"""The wiring engine's words: items in, wirings out. It knows nothing of Keras or HDF5."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Channels = Literal["fixed", "same", "sum", "multiple", "halved", "doubled", "any"]
"""What happens to the last axis.

``fixed``: the item makes ``channels_out``; ``same``: passes it on; ``sum``: adds its operands' up (Concatenate);
``multiple``: a multiple of its input's (Flatten); ``halved`` and ``doubled``: that part of its input's; ``any``: no
relation known.
"""

ANY_RANKS = frozenset((a, b) for a in range(2, 6) for b in range(2, 6))
SAME_RANKS = frozenset((a, a) for a in range(2, 6))


@dataclass(frozen=True, slots=True)
class Variant:
    """One reading of an item.

    ``operands`` is the least and the greatest number of tensors a call takes (0 for an input). ``ranks`` are the
    possible (operand rank, result rank) pairs, batch axis included. ``channels_in`` is what the weights demand of each
    operand's last axis. ``scale`` is the known log2 change of the spatial size (-1 for a pool by 2), None when it is
    not known. ``broadcasts`` lets an operand have one channel or fewer axes (Multiply). ``log_prior`` weighs readings
    of one item against each other, in nats. ``state`` names the kind of state that a recurrent item has besides its
    result (its class); with ``takes_state`` it is started from the state of another of its kind and width, its second
    operand.
    """

    label: str
    operands: tuple[int, int] = (1, 1)
    ranks: frozenset[tuple[int, int]] = SAME_RANKS
    channels_in: int | None = None
    channels_out: int | None = None
    channels: Channels = "same"
    scale: int | None = 0
    broadcasts: bool = False
    log_prior: float = 0.0
    state: str = ""
    takes_state: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of the layer list, in list order, with its possible readings."""

    name: str
    variants: tuple[Variant, ...]


Call = tuple[int, int]
"""(item index, call number)."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """One complete answer.

    ``variants[i]`` is the index of item i's reading; ``operands[i][c]`` are the ordered operands of its call c, each a
    ``Call``. ``log_score`` ranks wirings, ``probability`` is the share among all wirings that were kept.
    ``ordered`` holds the merges whose operand order the list itself fixes. ``sums`` are the operands of sums that the
    list does not show: the k-th of them is item ``len(operands) + k``. ``guessed`` marks what a search found that
    copies repeated cells: it suits the list, as do many others that no search has seen.
    """

    variants: tuple[int, ...]
    operands: tuple[tuple[tuple[Call, ...], ...], ...]
    outputs: tuple[Call, ...]
    log_score: float = 0.0
    probability: float = 1.0
    ordered: frozenset[int] = field(default_factory=frozenset)
    sums: tuple[tuple[Call, ...], ...] = ()
    guessed: bool = False

    def edges(self) -> frozenset[tuple[int, int]]:
        """(producer, consumer) pairs of listed items, calls and order left out; sums that the list does not show pass
        on what they are given."""
        return frozenset(
            (producer, consumer)
            for consumer, calls in enumerate(self.operands)
            for call in calls
            for producer in self._listed(call)
        )

    def _listed(self, calls: tuple[Call, ...]) -> list[int]:
        """The listed items behind operands."""
        found: list[int] = []
        waiting = [item for item, _ in calls]
        seen: set[int] = set()
        while waiting:
            item = waiting.pop()
            if item in seen:
                continue
            seen.add(item)
            if item < len(self.operands):
                found.append(item)
            else:
                waiting.extend(source for source, _ in self.sums[item - len(self.operands)])
        return found
