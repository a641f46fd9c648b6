"""Which epsilon known nets give their normalisations (``infer_convert/clues/constants``): no file keeps it.

Every net says what most of its layers of a class have; every net of a family of n counts 1/sqrt(n), as in
``count_maps``. Nets that pad evenly (``ZeroPadding2D`` by as much on either side) are counted apart.
"""

from __future__ import annotations

from collections import Counter

from benchmarks.fit_settings import known_nets
from infer_convert.clues.constants import pads_evenly
from infer_convert.library.references import Known

CLASSES = ("BatchNormalization", "LayerNormalization")


def count() -> dict[str, tuple[float, int]]:
    """The weighed nets by class, borders and epsilon, and of how many families they are, in alphabetical order."""
    nets = [(family, known.flat()) for family, known in known_nets()]
    sizes = Counter(family for family, _ in nets)
    found: Counter[str] = Counter()
    families: dict[str, set[str]] = {}
    for family, known in nets:
        borders = [layer.config for layer in known.layers if layer.class_name == "ZeroPadding2D"]
        for name in CLASSES:
            usual = _usual(known, name)
            if usual is not None:
                line = f"{name}{', pads evenly' if pads_evenly(borders) else ''}: {usual:g}"
                found[line] += sizes[family] ** -0.5
                families.setdefault(line, set()).add(family)
    return {line: (nets, len(families[line])) for line, nets in sorted(found.items())}


def _usual(known: Known, class_name: str) -> float | None:
    said = Counter(
        float(layer.config["epsilon"])
        for layer in known.layers
        if layer.class_name == class_name and "epsilon" in layer.config
    )
    return max(said, key=lambda value: said[value]) if said else None
