"""Layers that play the same role in their blocks, as their names tell, and what it takes to say what they read.

``conv3_block1_0_conv`` and ``conv4_block1_0_conv`` play one role, and in a net built by a program layers of one role
read layers of one role. No weight is fitted for this: a wiring is charged with the nats in which its edges are told by
role, where every role first shows what it reads and is then expected to go on. So every net tests the regularity
itself: where roles mean nothing, as in cells that are each wired in its own way, wirings are charged about the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

from infer_convert.solve.items import Item, Wiring

SUM = "+"
"""The role of a sum that no list shows."""


def surprise(items: Sequence[Item], roles: Sequence[str], wiring: Wiring) -> float:
    """Nats for what the items with roles read; those with none are known by their kinds as operands, and are not
    charged for what they read themselves."""
    labels = [item.variants[number].label for item, number in zip(items, wiring.variants, strict=True)]
    played = list(zip(labels, roles, strict=True))
    read: dict[tuple[str, str], Counter[tuple[tuple[str, str], ...]]] = {}
    for item, calls in enumerate(wiring.operands):
        if roles[item] and len(calls) == 1:
            operands = tuple(sorted([played[it] if it < len(played) else (SUM, "") for it, _ in calls[0]]))
            read.setdefault(played[item], Counter())[operands] += 1
    news = math.log(max(2, len(set(played))))
    return math.fsum([_told(kinds.values(), news) for kinds in read.values()])


def _told(counts: Collection[int], news: float) -> float:
    """Nats of a row of choices, given how many of them were alike: each is as likely as it was often so far, with one
    more for something new (a Chinese restaurant's tables), and what is new costs ``news`` more."""
    return math.lgamma(sum(counts) + 1) - math.fsum([math.lgamma(count) for count in counts]) + len(counts) * news
