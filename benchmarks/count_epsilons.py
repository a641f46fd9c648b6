"""Which epsilon known nets give their normalisations (``infer_convert/clues/constants``): no file keeps it.

Every net says what most of its layers of a class have; every net of a family of n counts 1/sqrt(n), as in
``count_maps``.
"""

from __future__ import annotations

from collections import Counter

from benchmarks.fit_settings import known_nets
from infer_convert.library.references import Known

CLASSES = ("BatchNormalization", "LayerNormalization")


def count() -> dict[str, float]:
    """The weighed nets by class and epsilon, in alphabetical order."""
    nets = [(family, known.flat()) for family, known in known_nets()]
    sizes = Counter(family for family, _ in nets)
    found: Counter[str] = Counter()
    for family, known in nets:
        for name in CLASSES:
            usual = _usual(known, name)
            if usual is not None:
                found[f"{name}: {usual:g}"] += sizes[family] ** -0.5
    return dict(sorted(found.items()))


def _usual(known: Known, class_name: str) -> float | None:
    said = Counter(
        float(layer.config["epsilon"])
        for layer in known.layers
        if layer.class_name == class_name and "epsilon" in layer.config
    )
    return max(said, key=lambda value: said[value]) if said else None
