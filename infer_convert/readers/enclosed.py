"""Weights that somebody put into a group of their own file: ``h5file["model"]`` handed to Keras' writers, or copied.

``save_weights_to_hdf5_group`` (Keras 1 to 2.15, hdf5_format.py) writes into any group that it is given, and people do
so beside a history, a scaler or a second model. The group is told by the writer's own marks: the ``layer_names`` list,
or the containers and ``vars`` of Keras 3. Of several the largest is read; everything else is unread, with the reason.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from infer_convert.facts import WeightFile
from infer_convert.readers import dependencies, legacy, v3
from infer_convert.readers.source import Reader, Source, unread
from infer_convert.readers.tree import Group

DEEPEST = 4
"""Groups above the weights at most."""
INNER: tuple[Reader, ...] = (legacy, dependencies, v3)


def recognises(file: Source) -> bool:
    """A group below the root that one of Keras' writers filled."""
    return next(_enclosed(file.tree), None) is not None


def read(file: Source) -> WeightFile:
    """The largest of these groups as if it were a file of its own."""
    found = sorted(_enclosed(file.tree), key=lambda group: -sum(1 for _ in group.walk()))
    inner = dataclasses.replace(file, tree=found[0])
    reader = next(reader for reader in INNER if reader.recognises(inner))
    facts = reader.read(inner)
    mine = {item.path for item in found[0].walk()}
    others = [group.path for group in found[1:]]
    outside = [item for item in file.tree.walk() if item.path not in mine]
    left = unread(outside, f"outside of {found[0].path}, where the model's weights stand")
    note = f"the weights stand in the group {found[0].path}"
    if others:
        note += f"; {', '.join(others[:3])} hold other models, which are left out"
    return dataclasses.replace(facts, unread=(*facts.unread, *left), warnings=(note, *facts.warnings))


def _enclosed(root: Group) -> Iterator[Group]:
    """Groups with a writer's marks, outermost first."""
    waiting = [(child, 1) for _, child in root.groups()]
    while waiting:
        group, depth = waiting.pop(0)
        if group.names("layer_names") is not None or _is_tree(group):
            yield group
        elif depth < DEEPEST:
            waiting += [(child, depth + 1) for _, child in group.groups()]


def _is_tree(group: Group) -> bool:
    """A container of layers of Keras 3 whose members keep their variables under ``vars``."""
    inside = next((found for key in v3.CONTAINERS if (found := group.group(key)) is not None), None)
    return inside is not None and any(v3.VARIABLES in child.children for _, child in inside.groups())
