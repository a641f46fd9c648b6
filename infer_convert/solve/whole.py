"""A finished wiring as a whole: what the parser, which weighs one item at a time, cannot see.

A choice that looks right where it is made may leave something odd elsewhere: an activation behind an activation, a
block unlike all the others. So finished wirings are weighed once more, by features that count *kinds*: an odd edge
speaks against a wiring once, however often its motif is repeated, and the fewer kinds of edges and blocks a wiring
needs, the better (a description length). Weights are fitted like those of the moves (``weights.py``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from infer_convert.solve.features import Key, Names, family
from infer_convert.solve.items import Item, Wiring

LONGEST = 12
"""Layers of a branch that are told apart."""
MOST_NEIGHBOURS = 4
"""Consumers that are told apart by kind."""
MOST_ANCESTORS = 4
"""Items of one kind directly in front of another whose names are looked at, the latest."""
GUIDE: Key = ("guide",)
"""The parser's own score."""

Branch = tuple[str, ...]


def features(items: Sequence[Item], wiring: Wiring, names: Names) -> dict[Key, float]:
    """Features with values. Time grows with the number of edges and the lengths of the branches."""
    graph = _Graph(items, wiring)
    kinds: set[Key] = set()
    edges: set[Key] = set()
    threes: set[Key] = set()
    fans: set[Key] = set()
    said: dict[str, int] = {}
    labels = graph.labels
    for item, producers in enumerate(graph.producers):
        consumers = graph.consumers[item]
        mine = labels[item]
        its = sorted([labels[consumer] for consumer in consumers])
        fans.add(("C", mine, *(its if len(its) <= MOST_NEIGHBOURS else (len(its),))))
        if len(producers) > 1:
            kinds.add(("P", mine, *sorted([labels[producer] for producer in producers])[:MOST_NEIGHBOURS]))
        for producer in producers:
            edges.add(("E", labels[producer], mine))
            for consumer in consumers:
                threes.add(("T", labels[producer], mine, labels[consumer]))
            word = names(producer, item)
            if word:
                said[word] = said.get(word, 0) + 1
        if not consumers:
            kinds.add(("O", mine))
    blocks: set[Key] = set()
    for item, producers in enumerate(graph.producers):
        if len(producers) > 1:
            blocks.add((labels[item], *graph.branches(item)[1]))
            kinds.update(graph.block(item))
    found: dict[Key, float] = dict.fromkeys(kinds | edges | threes | fans, 1.0)
    for name, group in (("#E", edges), ("#T", threes), ("#C", fans), ("#B", blocks)):
        found[name,] = float(len(group))
    for word, count in said.items():
        found["n", word] = math.log1p(count)
    if said:
        for word, count in graph.said_of_ancestors(names).items():
            found["na", word] = math.log1p(count)
    found["#O",] = float(len(wiring.outputs))
    return found


def score(weights: Mapping[Key, float], found: Mapping[Key, float], guide: float) -> float:
    """Nats in favour of a wiring with these features, which the parser gave ``guide`` nats."""
    return weights.get(GUIDE, 1.0) * guide + math.fsum(
        [weights[key] * value for key, value in found.items() if key in weights]
    )


class _Graph:
    """A wiring's items with their producers, consumers and dominators; calls of one item are one."""

    def __init__(self, items: Sequence[Item], wiring: Wiring) -> None:
        self.labels = [items[i].variants[v].label for i, v in enumerate(wiring.variants)]
        self.producers = [
            tuple(dict.fromkeys([producer for call in calls for producer, _ in call])) for calls in wiring.operands
        ]
        self.consumers: list[list[int]] = [[] for _ in items]
        self.above: list[int] = []
        depth: list[int] = []
        for item, producers in enumerate(self.producers):
            for producer in producers:
                self.consumers[producer].append(item)
            common = producers[0] if producers else -1
            for other in producers[1:]:
                a, b = common, other
                while a != b:
                    if a >= 0 and (b < 0 or depth[a] >= depth[b]):
                        a = self.above[a]
                    else:
                        b = self.above[b]
                common = a
            self.above.append(common)
            depth.append(depth[common] + 1 if common >= 0 else 0)

    def said_of_ancestors(self, names: Names) -> dict[str, int]:
        """What the names say about every item and the nearest items of its kind in front of it: layers are made in the
        order in which tensors flow, however many others stand in between."""
        said: dict[str, int] = {}
        nearest: list[dict[str, frozenset[int]]] = []
        for item, producers in enumerate(self.producers):
            kind = family(self.labels[item])
            before: dict[str, frozenset[int]] = {}
            for producer in producers:
                for label, its in nearest[producer].items():
                    before[label] = before[label] | its if label in before else its
            for other in sorted(before.get(kind, ()))[-MOST_ANCESTORS:]:
                word = names(other, item)
                if word:
                    said[word] = said.get(word, 0) + 1
            before[kind] = frozenset((item,))
            nearest.append(before)
        return said

    def branches(self, item: int) -> tuple[int, tuple[Branch, ...]]:
        """Where the operands of a merge come together (-1: nowhere) and, sorted, the labels on the way there, the
        nearest first. A merge on the way stands for all of its block."""
        top = self.above[item]
        found = []
        for producer in self.producers[item]:
            way: list[str] = []
            while producer not in (top, -1) and len(way) < LONGEST:
                way.append(self.labels[producer])
                producer = self.above[producer]
            found.append(tuple(way))
        return top, tuple(sorted(found, key=lambda way: (len(way), way)))

    def block(self, item: int) -> list[Key]:
        """Kinds of a merge's block: what it starts from, its shortest branch, how branches begin and end."""
        top, ways = self.branches(item)
        mine, start = self.labels[item], self.labels[top] if top >= 0 else "^"
        short, long = ways[0], ways[-1]
        then = sorted([self.labels[consumer] for consumer in self.consumers[item]])[:2]
        return [
            ("B", mine, start, short[:3]),
            ("Bs", mine, short, long[:1], long[-1:]),
            ("Bg", mine, start, *then),
            ("Bl", mine, short[-1:], long[-2:]),
            ("Bn", mine, start, min(len(short), 4), min(len(long), 6)),
        ]
