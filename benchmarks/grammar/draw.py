"""A random net by its seed."""

from __future__ import annotations

import random

from benchmarks.grammar.builder import Builder, Finished
from benchmarks.grammar.nets import NETS
from benchmarks.grammar.style import Hand, Style


def draw(seed: int, most: int = 260) -> Finished:
    """The net of a seed: names automatic, by hand or reduced to classes. Nets with more than ``most`` layers are drawn
    again."""
    numbers = random.Random(seed)
    while True:
        kind = numbers.choices([made for made, _ in NETS], [share for _, share in NETS])[0]
        naming = numbers.random()
        builder = Builder(numbers, by_hand=0.5 < naming < 0.7)
        outputs = kind(Hand(builder, Style.drawn(numbers)))
        if len(builder.classes) > most:
            continue
        net = builder.finished(*outputs, anonymous=naming < 0.5)
        if net is not None:
            return net
