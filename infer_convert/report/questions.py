"""What to ask the reader first: the answer that raises the chance of a right model most.

One field of one kind of layers, or what moves their windows, is one question (``motifs``); of what is nobody's habit,
only decisions with the same value, doubts and reason; classes only of layers whose names differ in their numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infer_convert.plan import Decision
from infer_convert.report.document import Document, LayerEntry
from infer_convert.report.events import LIKENESS
from infer_convert.report.motifs import POOL, WINDOW, Weighed, motif, turned, weighed
from infer_convert.report.order import ordered
from infer_convert.report.text import answer_command
from infer_convert.report.units import Choice, Unit

OPEN = 0.9
"""Questions whose standing answer is below this confidence are open."""
SURE, SURE_CLASS = 0.999, 0.99
"""Decisions that are this sure are no part of any question; classes that Keras' own names tell are surer than that."""
TRIFLE = 1e-3
"""Nats that no question is worth."""
UNNAMED = 0.2
"""Part of the bits of values that no alternative names."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question about one or several layers: ``standing`` is the plan's answer, ``others`` are the next likeliest.
    ``decision`` is the most doubtful one, with its reasons; ``entropy`` is that one's, in bits;
    ``depending`` counts the layers whose results the answer changes, the asked ones included; ``gain`` is in nats."""

    decision: Decision
    standing: Choice
    others: tuple[Choice, ...]
    entropy: float
    depending: int
    gain: float

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers asked about."""
        return tuple(self.standing.by_layer)

    @property
    def fields(self) -> tuple[str, ...]:
        """What is asked of them; several fields only of what moves a window."""
        return tuple(dict.fromkeys(argument for _, argument in self.standing.targets))

    @property
    def where(self) -> str:
        """The first layer asked about, and how many more there are."""
        more = len(self.layers) - 1
        return self.layers[0] + (f" and {more} more layer{'s' * (more > 1)}" if more else "")

    @property
    def worth(self) -> str:
        """The gain in words."""
        return f"the answer makes a right model {min(99.0, math.exp(self.gain)):.1f} times as likely"

    @property
    def options(self) -> tuple[Choice, ...]:
        """The plan's answer and the others, the likeliest first."""
        return tuple(sorted((self.standing, *self.others), key=lambda option: -option.confidence))

    def command(self, option: Choice) -> str:
        """The options of the command line that pin one answer for every layer asked about."""
        return " ".join(self.commands(option))

    @staticmethod
    def commands(option: Choice) -> tuple[str, ...]:
        """The same one by one."""
        return tuple(answer_command(*target, value) for target, value in option.answers.items())


def asks(document: Document, below: float = OPEN) -> tuple[Ask, ...]:
    """The open questions, those that matter most first: those whose standing answer is less sure than ``below``."""
    groups: dict[str, list[Unit]] = {}
    for key, unit in _units(document):
        groups.setdefault(key, []).append(unit)
    if not groups:
        return ()
    reach = downstream(document.layers)
    numbers = {layer.name: number for number, layer in enumerate(document.layers)}
    found = []
    for units in groups.values():
        each = weighed(units, document.wholes)
        if each.standing.confidence < below and each.gain >= TRIFLE:
            found.append((each, max((unit.decision for unit in units), key=entropy)))
    if not found:
        return ()
    order = ordered([each for each, _ in found], [row.log_probability for row in document.wholes.rows])
    return tuple(_ask(*found[number], reach, numbers) for number in order)


def _ask(each: Weighed, doubtful: Decision, reach: Sequence[int], numbers: Mapping[str, int]) -> Ask:
    union = 0
    for name, _ in each.standing.targets:
        union |= reach[numbers[name]]
    return Ask(doubtful, each.standing, each.others, entropy(doubtful), union.bit_count(), each.gain)


def _units(document: Document) -> list[tuple[str, Unit]]:
    """The doubts that fall together, each with the name of its motif."""
    found: dict[str, list[tuple[LayerEntry, Decision]]] = {}
    for layer in document.layers:
        for decision in layer.decisions:
            sure = SURE_CLASS if decision.field == "class_name" else SURE
            if decision.confidence < sure and _matters(layer, decision) and not _settled(decision):
                found.setdefault(_same(layer, decision), []).append((layer, decision))
    units = []
    swaps = turned(members[0] for members in found.values() if len(members) == 1)
    for key, members in found.items():
        layer, decision = members[0]
        group = motif(layer, decision.field) or (swaps.get(layer.name, key) if decision.field == "inbound" else key)
        units.append((group, Unit(tuple(each.name for each, _ in members), tuple(each for _, each in members))))
    return units


def _matters(layer: LayerEntry, decision: Decision) -> bool:
    """Whether an answer could change what is computed, or goes with one that could: whoever tells a pool's window tells
    its padding, which matters for sizes other than those that are supposed."""
    return decision.gain > TRIFLE or any(
        decision.field in WINDOW and other.field in WINDOW and other.gain > TRIFLE and other.confidence < SURE
        for other in layer.decisions
        if motif(layer, decision.field) == POOL
    )


def _settled(decision: Decision) -> bool:
    """Whether nothing else suits, and only the likeness to a known architecture is in doubt; or whether a size stays
    open because nothing depends on it."""
    likeness = any(item.clue == LIKENESS for item in decision.evidence)
    return not decision.alternatives and (likeness or (decision.field == "batch_shape" and None in decision.value[1:]))


def _same(layer: LayerEntry, decision: Decision) -> str:
    if decision.motif is not None:
        return f"{decision.motif}\0{decision.field}\0{decision.value!r}"
    reason = decision.evidence[0].because if decision.evidence else layer.name
    own = layer.name if decision.field == "inbound" else ""
    if decision.field == "class_name":
        own, reason = (re.sub(r"\d+", "#", text) for text in (layer.name, reason))
    others = [repr(option.value) for option in decision.alternatives]
    return repr((own, layer.class_name, decision.field, repr(decision.value), others, f"{decision.confidence:.3f}",
                 reason))  # fmt: skip


def entropy(decision: Decision) -> float:
    """Bits that the answer would tell. What no alternative claims counts as one more possibility, but for ``UNNAMED``
    of its bits: it is mostly doubt that another question (the input's shape) settles."""
    shares = [decision.confidence, *(option.confidence for option in decision.alternatives)]
    shares = [share for share in shares if math.isfinite(share) and share > 0.0]
    rest = 1.0 - math.fsum(shares)
    if not decision.alternatives:
        return UNNAMED * (_bits(decision.confidence) + _bits(rest))
    return math.fsum(map(_bits, shares)) + UNNAMED * _bits(rest)


def _bits(share: float) -> float:
    return -share * math.log2(share) if 0.0 < share < 1.0 else 0.0


def sources(layers: Sequence[LayerEntry]) -> tuple[tuple[tuple[tuple[int, int], ...], ...], ...]:
    """For each layer and call the operands as ``(number of the layer, tensor)``; what is not listed is left out."""
    numbers: Mapping[str, int] = {layer.name: number for number, layer in enumerate(layers)}
    return tuple(
        tuple(
            tuple(found for operand in operands if (found := _source(operand, numbers)) is not None)
            for operands in layer.inbound
        )
        for layer in layers
    )


def _source(operand: str, numbers: Mapping[str, int]) -> tuple[int, int] | None:
    """``layer``, ``layer:call`` or ``layer:call:tensor``; a name may hold colons itself."""
    for pattern in (r"(.*)", r"(.*):\d+", r"(.*):\d+:(\d+)"):
        match = re.fullmatch(pattern, operand, re.DOTALL)
        if match is not None and match[1] in numbers:
            return numbers[match[1]], int(match[2]) if match.re.groups > 1 else 0
    return None


def downstream(layers: Sequence[LayerEntry]) -> list[int]:
    """For each layer a bit set of itself and every layer that its result reaches; a nested model passes on to its
    readers."""
    readers: list[set[int]] = [set() for _ in layers]
    numbers = {layer.name: number for number, layer in enumerate(layers)}
    for number, (layer, calls) in enumerate(zip(layers, sources(layers), strict=True)):
        for operands in calls:
            for source, _ in operands:
                readers[source].add(number)
        if layer.parent is not None and layer.parent in numbers:
            readers[number].add(numbers[layer.parent])
    reach = [1 << number for number in range(len(layers))]
    changed = True
    while changed:
        changed = False
        for number in range(len(layers) - 1, -1, -1):
            new = reach[number]
            for reader in readers[number]:
                new |= reach[reader]
            changed |= new != reach[number]
            reach[number] = new
    return reach
