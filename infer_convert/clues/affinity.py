"""What layer names say about single edges; each regularity is tested on the model before it is used.

* *counters*: automatic names count per class in the order of construction. Where two classes have equally many layers,
  the k-th of one usually feeds the k-th of the other (335 of 338 cases, WIRING §3); and a layer is constructed after
  what feeds it, so that an edge from a higher to a lower counter of one class is suspicious.
  Numbers glued to a word (``conv7``) count like Keras' own once several layers share the word.
* *prefixes*: ``conv2_block1_1_conv`` feeds ``conv2_block1_1_bn``.
* *roles*: what ``conv2_block1_0_conv`` reads, ``conv3_block1_0_conv`` reads in its own block.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from infer_convert.layers.names import counter, stem

LEAST_GLUED = 3
"""Layers that must share a word before a number glued to it counts: ``relu6`` alone is a kind, not a number."""
_GLUED = re.compile(r"([A-Za-z][A-Za-z_]*?)_?(\d+)")
LEAST_PREFIXED = 6
"""Layers that must share their first word with a neighbour before prefixes are believed."""
LEAST_PLAYERS = 6
"""Layers that must share their roles with others before roles are looked at."""


@dataclass(frozen=True, slots=True)
class Affinities:
    """What names say about (producer, consumer) pairs."""

    stems: tuple[str, ...]
    counters: tuple[int, ...]
    bases: dict[str, int]
    automatic: tuple[bool, ...]
    counts: dict[str, int]
    listed: bool
    prefixes: tuple[tuple[str, ...], ...]
    lasts: tuple[str, ...]
    prefixed: bool

    @classmethod
    def of(cls, names: Sequence[str], labels: Sequence[str]) -> Affinities:
        """Test the regularities on these names."""
        stems, counters = _numbered(names)
        counts = Counter(stems)
        automatic = tuple(_automatic(stems[i], labels[i]) for i in range(len(names)))
        bases: dict[str, int] = {}
        for found, number in zip(stems, counters, strict=True):
            bases[found] = min(bases.get(found, number), number)
        prefixes = tuple(tuple(name.split("_")[:-1]) for name in names)
        sharing = sum(
            bool(prefixes[i]) and not automatic[i] and prefixes[i] == prefixes[i - 1] for i in range(1, len(names))
        )
        return cls(
            stems,
            counters,
            bases,
            automatic,
            dict(counts),
            _in_list_order(stems, counters),
            prefixes,
            tuple(name.split("_")[-1] for name in names),
            sharing >= LEAST_PREFIXED,
        )

    def roles(self) -> tuple[str, ...]:
        """What every layer is in its block, empty where its name does not tell; none at all where hardly any tells. A
        block's name comes first, so that a role is the last word of a name of two and the last two of a longer one, if
        another layer has it, too."""
        found = [
            "" if automatic or not prefix else "_".join([*prefix[1:][-1:], last])
            for automatic, prefix, last in zip(self.automatic, self.prefixes, self.lasts, strict=True)
        ]
        counts = Counter(found)
        shared = tuple([role if counts[role] > 1 else "" for role in found])
        return shared if sum(map(bool, shared)) >= LEAST_PLAYERS else ()

    def word(self, producer: int, consumer: int) -> str:
        """What the names say about an edge, as a word whose weight is fitted; empty when they say nothing."""
        if self.automatic[producer] and self.automatic[consumer]:
            return self._counted(producer, consumer)
        if self.prefixed:
            return self._prefixed(producer, consumer)
        return ""

    def _counted(self, producer: int, consumer: int) -> str:
        a, b = self.stems[producer], self.stems[consumer]
        first, second = self.counters[producer] - self.bases[a], self.counters[consumer] - self.bases[b]
        if self.listed:
            # Counters that merely follow the list say nothing beyond the list.
            return ""
        if a == b:
            return "backward" if first > second else "next" if first + 1 == second else ""
        if self.counts[a] == self.counts[b] > 2:
            return "same counter" if first == second else "other counter"
        return ""

    def _prefixed(self, producer: int, consumer: int) -> str:
        a, b = self.prefixes[producer], self.prefixes[consumer]
        if b and (*a, self.lasts[producer]) == b:
            return "all words"  # conv4 in front of conv4_bn
        if not a or not b:
            return ""
        shared = 0
        for one, other in zip(a, b, strict=False):
            if one != other:
                break
            shared += 1
        share = shared / max(len(a), len(b))
        return "all words" if share == 1 else "half the words" if share >= 0.5 else "some words" if share else "no word"


def _numbered(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The word and the number of every name."""
    found = [(stem(name), counter(name) or 0) for name in names]
    glued = [_GLUED.fullmatch(name) for name in names]
    sharing = Counter(match[1] for match in glued if match)
    for place, match in enumerate(glued):
        if match and sharing[match[1]] >= LEAST_GLUED:
            found[place] = stem(match[1]), int(match[2])
    return tuple(word for word, _ in found), tuple(number for _, number in found)


def _automatic(found: str, label: str) -> bool:
    return bool(found) and not any(
        character.isdigit() and not found.endswith(("1d", "2d", "3d")) for character in found
    )


def _in_list_order(stems: Sequence[str], counters: Sequence[int]) -> bool:
    """Whether every class's counters simply rise along the list."""
    last: dict[str, int] = {}
    for found, number in zip(stems, counters, strict=True):
        if number < last.get(found, -1):
            return False
        last[found] = number
    return True
