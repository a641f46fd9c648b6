"""A move as a search sees it: features whose weights were fitted on nets of known wiring (``weights.py``).

A feature is a small tuple. Those of single operands come twice: ``+`` for operands that the item feeds and ``-`` for
those that it could feed but passes by. Labels stand for classes (``Conv/1`` -> ``Conv``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from infer_convert.solve.demand import Demand
from infer_convert.solve.items import Item, Variant
from infer_convert.solve.state import Slot

Key = tuple[Any, ...]
Affinity = Callable[[int, int], float]
"""(producer, consumer) -> cost in nats from numbers or hints; ``math.inf`` forbids."""
Names = Callable[[int, int], str]
"""(producer, consumer) -> what the names say about the edge; empty when nothing."""

_SPANNED = {"Conv": 1, "Depthwise": 1, "Separable": 1, "ConvTranspose": 1, "Dense": 1, "Attention": 2, "Recurrent": 2}
"""What a layer counts for in the span of a skip: attention alone makes a residual block, a convolution does not."""


SUREST = 5.0
"""Log-odds of a single operand are cut here: rare combinations must not keep the right set from being tried."""


@cache
def family(label: str) -> str:
    """``Conv/1`` -> ``Conv``. Labels are the engine's own few words."""
    return label.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Weights:
    """``moves``: feature -> nats in favour of a move. ``proposals``: feature of a single operand -> log-odds of its
    being fed, all else unknown; they choose which sets of operands are tried at all. ``wholes``: feature of a finished
    wiring (``whole.py``) -> nats in its favour; empty: the parser's own score decides."""

    moves: Mapping[Key, float]
    proposals: Mapping[Key, float]
    wholes: Mapping[Key, float] = field(default_factory=dict)


class Single(NamedTuple):
    """One operand by itself: features and score of feeding it and of passing it by, and the log-odds of feeding it."""

    fed: tuple[Key, ...]
    fed_score: float
    passed: tuple[Key, ...]
    passed_score: float
    odds: float


@dataclass(slots=True)
class Scene:
    """A problem with its weights and the scores computed so far; ``learning`` keeps every move's features."""

    items: Sequence[Item]
    weights: Weights
    affinity: Affinity
    names: Names
    learning: bool = False
    pools: bool = field(init=False)
    labels: list[str] = field(init=False)
    families: list[str] = field(init=False)
    _spanned: list[int] = field(init=False)
    _runs: list[int] = field(init=False)
    _singles: dict[Any, Single] = field(init=False, default_factory=dict)
    _ranks: dict[Any, frozenset[int]] = field(init=False, default_factory=dict)
    _numbers: dict[Key, int] = field(init=False, default_factory=dict)
    repeating: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = field(init=False)
    """``[level][whether a choice is the last one in its context][how often that was made]``: weight."""

    def __post_init__(self) -> None:
        self.labels = [item.variants[0].label for item in self.items]
        self.families = [family(label) for label in self.labels]
        self.pools = any(v.label == "Pool" for item in self.items for v in item.variants)
        weights = self.weights.moves
        self.repeating = tuple(
            (tuple(weights.get(("M", level, "!", count), 0.0) for count in range(MOST_COUNTED + 1)),
             tuple(weights.get(("M", level, "=", count), 0.0) for count in range(MOST_COUNTED + 1)))
            for level in range(LEVELS)
        )  # fmt: skip
        self._runs = [0] * len(self.labels)
        for index in range(1, len(self.labels)):
            self._runs[index] = self._runs[index - 1] + 1 if self.labels[index] == self.labels[index - 1] else 0
        total = 0
        self._spanned = [0]
        for name in self.families:
            total += _SPANNED.get(name, 0)
            self._spanned.append(total)

    def out_ranks(self, variant: Variant) -> frozenset[int]:
        """Ranks that a reading can give."""
        found = self._ranks.get(variant.ranks)
        if found is None:
            found = self._ranks[variant.ranks] = frozenset(b for _, b in variant.ranks)
        return found

    def score(self, keys: Sequence[Key]) -> float:
        """Sum of the features' weights."""
        weights = self.weights.moves
        return sum([weights[key] for key in keys if key in weights])

    def weighted_between(self, index: int, merge: int) -> int:
        """Layers with weights between an item and a merge."""
        return self._spanned[merge] - self._spanned[index + 1]

    def output_keys(self, index: int, variant: Variant, before: int, told: bool) -> tuple[Key, ...]:
        """Features of being an output after ``before`` others."""
        name, count = family(variant.label), min(before, 3)
        if told:
            return (("out?", name),)
        behind = self.families[index + 1] if index + 1 < len(self.items) else "$"
        return ("out", count), ("out", name, count), ("out", name, behind)

    def share_keys(
        self, index: int, variant: Variant, slot: Slot | None, same: bool, more: int, out: Demand,
        remainders: Mapping[int, int],
    ) -> tuple[Key, ...]:  # fmt: skip
        """Features of one layer called several times: for several operands (None: for outputs) and for ``more``
        besides."""
        name, before = family(variant.label), self.families[index - 1] if index else "^"
        rest = remainders.get(slot.item) if slot is not None and same and isinstance(slot.demand, tuple) else None
        exact = "-" if rest is None or not isinstance(out, int) or not out else "=" if rest == 2 * out else "<"
        return (
            ("share", same),
            ("share", same, name, family(slot.label) if slot is not None else "$"),
            ("shareb", same, before),
            ("sharem", same, min(more, 3)),
            ("sharex", same, exact),
        )

    def singles(self, index: int, variant: Variant, fitting: Sequence[Slot], depth: int) -> tuple[Single, ...]:
        """Every operand that the item could feed, by itself."""
        found = []
        for slot in fitting:
            signature = self.signature(index, variant, slot, depth)
            known = self._singles.get(signature)
            if known is None:
                fed, passed = self.single("+", signature), self.single("-", signature)
                weights = self.weights.proposals
                odds = sum([weights[key] for key in fed if key in weights])
                known = Single(fed, self.score(fed), passed, self.score(passed), max(-SUREST, min(SUREST, odds)))
                self._singles[signature] = known
            found.append(known)
        return tuple(found)

    def fill(
        self,
        index: int,
        variant: Variant,
        chosen: tuple[Slot, ...],
        fitting: tuple[Slot, ...],
        singles: tuple[Single, ...],
        depth: int,
        out: Demand,
        remainders: Mapping[int, int],
    ) -> tuple[float, tuple[Key, ...]]:
        """Score of feeding ``chosen`` and passing the rest of ``fitting`` by, and, while learning, the features."""
        taken = {id(slot) for slot in chosen}
        score = sum(
            [
                single.fed_score if id(slot) in taken else single.passed_score
                for slot, single in zip(fitting, singles, strict=True)
            ]
        )
        joint = [*self._joint(index, variant, chosen, fitting, depth), *_sums(chosen, out, remainders)]
        score += self.score(joint)
        if not self.learning:
            return score, ()
        for slot, single in zip(fitting, singles, strict=True):
            joint.extend(single.fed if id(slot) in taken else single.passed)
        return score, tuple(joint)

    def signature(self, index: int, variant: Variant, slot: Slot, depth: int) -> tuple[Any, ...]:
        """Everything that the features of a single operand depend on."""
        elementwise = slot.merges and slot.elementwise
        kind = "p" if not slot.merges else "e" if elementwise and not slot.broadcasts else (
            "m" if slot.broadcasts else "c" if isinstance(slot.demand, tuple) else "u"
        )  # fmt: skip
        span = min(self.weighted_between(index, slot.item), 6) if kind == "e" and slot.filled else -1
        demand = slot.demand
        exact = demand[0][0] if isinstance(demand, tuple) else (variant.channels[0] if demand else "o")
        distance = slot.item - index
        return (
            family(variant.label),
            family(slot.label),
            kind,
            min(slot.filled, 2),
            span,
            distance if distance < 4 else 4 if distance < 7 else 7,
            min(depth - slot.group, 2),
            exact,
            self.names(index, slot.item),
            variant.operands[1] == 0,
            family(slot.goes),
            self.families[index - 1] if index else "^",
            (variant.label, slot.label, slot.goes),
        )

    def single(self, sign: str, signature: tuple[Any, ...]) -> tuple[Key, ...]:
        """Features of one operand, fed (``+``) or passed by (``-``)."""
        mine, its, kind, taken, span, distance, behind, exact, said, source, goes, before, whole = signature
        keys: list[Key] = [
            (sign, mine, its),
            (sign, "k", mine, its, taken),
            (sign, "s", kind, taken, span),
            (sign, "d", its, distance, behind),
            (sign, "m", mine, distance),
            (sign, "x", exact, kind, taken),
            (sign, "dk", kind, taken, distance, behind),
            (sign, "g", mine, its, goes, min(taken, 1)),
            (sign, "b", mine, before, its, min(taken, 1)),
            (sign, "l", *whole[:2], before),
            (sign, "lg", *whole, min(taken, 1)),
        ]
        if kind == "e":
            keys.append((sign, "e", mine, taken, span))
            keys.append((sign, "eg", mine, before, goes, taken))
            keys.append((sign, "es", mine, before, goes, taken, span))
            keys.append((sign, "ed", mine, goes, taken, span, behind))
        if kind in "cu":
            keys.append((sign, "c", mine, kind, taken, exact))
        if source:
            keys.append((sign, "i", its, exact))
        if said:
            keys.extend(((sign, "n", said), (sign, "n", said, mine)))
        return tuple(keys)

    def _joint(
        self, index: int, variant: Variant, chosen: tuple[Slot, ...], fitting: tuple[Slot, ...], depth: int
    ) -> list[Key]:
        name = family(variant.label)
        merges = sum(slot.merges for slot in chosen)
        plain = len(chosen) - merges
        deeper = any(slot.group == depth for slot in chosen)
        behind = self.families[index + 1] if index + 1 < len(self.items) else "$"
        before = self.families[index - 1] if index else "^"
        keys: list[Key] = [
            ("N", name, min(merges, 3), min(plain, 4)),
            ("N", min(merges, 3), min(plain, 4)),
            ("Nf", len(chosen), min(len(fitting), 5)),
            ("G", deeper, name, behind),
            ("G", deeper),
        ]
        if len(self.items[index].variants) > 1:
            keys.append(("V", variant.label))
        starving = self._starving(index, chosen, fitting)
        if starving:
            keys.append(("starve", min(starving, 3)))
            keys.append(("starve", name, min(starving, 3)))
        if plain:
            overtaken = _overtaken(chosen, fitting)
            keys.append(("ord", min(overtaken, 3)))
            keys.append(("ord", name, min(overtaken, 2)))
        if len(chosen) > 1:
            its = tuple(sorted(family(slot.label) + ("*" if slot.filled else "") for slot in chosen))
            keys.append(("K", name, its if len(its) < 5 else len(its)))
            keys.append(("K", its if len(its) < 5 else len(its)))
            keys.append(("Kd", name, len({slot.label for slot in chosen}) < len(chosen)))
            if len(chosen) == 2:
                goes = tuple(sorted(family(s.label) + (">" + family(s.goes) if s.merges else "") for s in chosen))
                keys.append(("Kg", name, goes))
                keys.append(("Kg", name, before, goes))
            if merges:
                further = self.families[index - 2] if index > 1 else "^"
                keys.append(("S", name, before))
                keys.append(("S", name, before, further))
                if plain == 1:
                    other = next(family(slot.label) for slot in chosen if not slot.merges)
                    keys.append(("So", name, before, other))
            levels: dict[int, set[int]] = {}
            for slot in chosen:
                levels.setdefault(slot.frame, set()).add(slot.level)
            wrong = sum(len(found) - 1 for found in levels.values())
            if wrong:
                keys.append(("L", min(wrong, 2), self.pools))
        return keys

    def _starving(self, index: int, chosen: tuple[Slot, ...], fitting: tuple[Slot, ...]) -> int:
        """How many of the like items directly in front of this one would find no operand of the kind that it takes:
        parallel branches are listed side by side, and each feeds its own."""
        run = self._runs[index]
        plain = [slot for slot in chosen if not slot.merges]
        if not run or len(plain) < 2:
            return 0
        short = 0
        for label in {slot.label for slot in plain}:
            group = max([slot.group for slot in plain if slot.label == label])
            can = sum([slot.label == label and slot.group == group and not slot.merges for slot in fitting])
            taken = sum([slot.label == label and slot.group == group for slot in plain])
            short = max(short, min(run, can - 1) - (can - taken))
        return short

    def surroundings(
        self, index: int, variant: Variant, fitting: tuple[Slot, ...]
    ) -> tuple[tuple[int, ...], dict[int, tuple[str, int, int]]]:
        """The contexts of a choice among ``fitting`` as numbers, one per level of detail, and every slot (by ``id``) as
        a motif sees it."""
        described = {id(slot): self._described(index, slot) for slot in fitting}
        everything = tuple(sorted(described.values()))
        label = self.labels[index]
        around = (self._label(index - 1), self._label(index + 1), self._label(index + 2))
        sizes = (variant.channels_in, variant.channels_out, tuple(sorted([_plain(slot.demand) for slot in fitting])))
        contexts: tuple[Key, ...] = (
            (0, label, sizes, around, everything),
            (1, label, around, everything),
            (2, label, around[1], around[0]),
            (3, family(label), tuple([d[0] for d in everything])),
        )
        return tuple([self._numbers.setdefault(key, len(self._numbers)) for key in contexts]), described

    def motifs(
        self, variant: Variant, chosen: tuple[Slot, ...], contexts: Sequence[int],
        described: Mapping[int, tuple[str, int, int]],
    ) -> tuple[tuple[int, int], ...]:  # fmt: skip
        """(context, choice) as numbers at several levels of detail: real nets are motifs repeated."""
        numbers = self._numbers
        pattern = tuple(sorted([described[id(slot)] for slot in chosen]))
        choice: Key = (variant.label, variant.operands[1], pattern)
        first = numbers.setdefault(choice, len(numbers))
        rough: Key = ("rough", *[d[0] for d in pattern])
        last = numbers.setdefault(rough, len(numbers))
        return (contexts[0], first), (contexts[1], first), (contexts[2], first), (contexts[3], last)

    def number(self, key: Key) -> int:
        """One number per key."""
        return self._numbers.setdefault(key, len(self._numbers))

    def _label(self, index: int) -> str:
        return self.labels[index] if 0 <= index < len(self.labels) else ""

    def _described(self, index: int, slot: Slot) -> tuple[str, int, int]:
        """A slot as a motif sees it: its kind, how far it is filled and, for a skip, how many weights it spans."""
        spanned = self.weighted_between(index, slot.item) if slot.elementwise and slot.filled else 0
        return slot.label + ("+" if slot.hidden else ""), slot.filled, min(spanned, 5)


def _overtaken(chosen: tuple[Slot, ...], fitting: tuple[Slot, ...]) -> int:
    """Operands like the last one chosen that stand behind it in the list and wait on: parallel branches are listed in
    one order throughout, so that nothing of this depth can take them any more."""
    last = max([slot for slot in chosen if not slot.merges], key=lambda slot: slot.item)
    return sum(
        [
            1
            for slot in fitting
            if slot.item > last.item and slot.group == last.group and not slot.merges and slot.label == last.label
        ]
    )


def _plain(demand: Demand) -> int:
    return demand if isinstance(demand, int) else -1


def _sums(chosen: tuple[Slot, ...], out: Demand, remainders: Mapping[int, int]) -> list[Key]:
    """How the item's channels go into the sums of the Concatenates that it feeds."""
    if not isinstance(out, int) or not out:
        return []
    keys: list[Key] = []
    for slot in chosen:
        if isinstance(slot.demand, tuple) and slot.demand[0] == "parts" and slot.item in remainders:
            rest = remainders[slot.item] - out
            keys.append(("R", "full" if rest == 0 else "times" if rest % out == 0 else "odd", min(slot.filled, 2)))
    return keys


LEVELS = 4
"""Levels of detail of a motif's context."""
MOST_COUNTED = 3
"""Repetitions beyond this are all the same."""


def motif_key(level: int, known: tuple[int, int] | None, choice: int) -> Key | None:
    """How a choice stands to the last one in the same context; None in a new context."""
    if known is None:
        return None
    return ("M", level, "=" if known[0] == choice else "!", min(known[1], MOST_COUNTED))
