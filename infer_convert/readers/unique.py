"""Layer names are keys everywhere after reading, so a file that gives one name twice gets them told apart here.

Keras itself forbids duplicates within a model; damaged, hand-made and hostile files have them.
"""

from __future__ import annotations

import dataclasses
from collections import Counter

from infer_convert.facts import StoredLayer, WeightFile


def with_unique_names(facts: WeightFile) -> WeightFile:
    """The facts with ``name``, ``name#2``, … for layers of one name within a model; a warning says which."""
    twice: list[str] = []
    layers = _unique(facts.layers, twice)
    if not twice:
        return facts
    said = ", ".join(dict.fromkeys(twice[:5]))
    warning = f"{len(twice)} layers bear a name that another layer has ({said[:200]}); they were numbered"
    return dataclasses.replace(facts, layers=layers, warnings=(*facts.warnings, warning))


def _unique(layers: tuple[StoredLayer, ...], twice: list[str]) -> tuple[StoredLayer, ...]:
    taken = {layer.name for layer in layers}
    counts: Counter[str] = Counter()
    result = []
    for layer in layers:
        name, counts[layer.name] = layer.name, counts[layer.name] + 1
        if counts[layer.name] > 1:
            twice.append(layer.name)
            number = counts[layer.name]
            while (name := f"{layer.name}#{number}") in taken:
                number += 1
            taken.add(name)
        children = _unique(layer.children, twice) if layer.children else ()
        changed = name != layer.name or children != layer.children
        result.append(dataclasses.replace(layer, name=name, children=children) if changed else layer)
    return tuple(result)
