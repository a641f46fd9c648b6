"""How often residual blocks with a projection halve their maps: what the odds of ``clues/settings/blocks`` are set by.

Every family of references, and every case of the zoo's tune split, counts one; its blocks share that evenly.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from benchmarks.fit_settings import draft_of, known_nets
from infer_convert.clues.settings.blocks import MOST_POOLS, blocks
from infer_convert.clues.settings.places import Style
from infer_convert.clues.settings.windows import first
from infer_convert.draft import Neighbourhood

Key = tuple[str, str, bool]
"""Net (``few pools``, ``more pools`` or ``over time``), how the shortcut widens, whether it is the net's first."""


@dataclass(slots=True)
class Count:
    """Blocks of one kind, each in units of its family."""

    halved: float = 0.0
    kept: float = 0.0
    families: set[str] = field(default_factory=set)


def count() -> dict[Key, Count]:
    """The blocks of all known nets by their kind, in the order of the keys."""
    nets = [
        (f"{family} {known.name}" if family.startswith("zoo ") else family, known.flat())
        for family, known in known_nets()
    ]
    sizes = Counter(family for family, _ in nets)
    found: dict[Key, Count] = {}
    for family, known in nets:
        near = Neighbourhood.of(draft_of(known))
        pooled = "more pools" if Style.of(near).pools > MOST_POOLS else "few pools"
        for shortcut, block in blocks(near).items():
            layer = known.layers[shortcut]
            kind = "over time" if layer.class_name.endswith("1D") else pooled
            line = found.setdefault((kind, block.ratio, block.leads), Count())
            if first(layer.config.get("strides") or 1) > 1:
                line.halved += 1 / sizes[family]
            else:
                line.kept += 1 / sizes[family]
            line.families.add(family)
    return dict(sorted(found.items()))
