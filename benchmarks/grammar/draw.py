"""A random net by its seed."""

from __future__ import annotations

import random

from benchmarks.grammar.builder import Builder, Finished
from benchmarks.grammar.joined import JOINED
from benchmarks.grammar.manifold import MANIFOLD
from benchmarks.grammar.meetings import MEETINGS
from benchmarks.grammar.nets import NETS
from benchmarks.grammar.others import OTHERS
from benchmarks.grammar.style import Hand, Style

KINDS = (*NETS, *OTHERS, *MEETINGS, *MANIFOLD, *JOINED)


def draw(seed: int, most: int = 260) -> Finished:
    """The net of a seed: names automatic, by hand or reduced to classes. Nets with more than ``most`` layers are drawn
    again."""
    numbers = random.Random(seed)
    while True:
        kind = numbers.choices([made for made, _ in KINDS], [share for _, share in KINDS])[0]
        naming = numbers.random()
        builder = Builder(numbers, by_hand=0.5 < naming < 0.65, odd=naming > 0.92)
        outputs = kind(Hand(builder, Style.drawn(numbers)))
        if len(builder.classes) > most:
            continue
        net = builder.finished(*outputs, anonymous=naming < 0.5)
        if net is not None:
            return net
