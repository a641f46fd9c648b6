"""Hand-made dumps and trees without Keras' attributes: groups of datasets, datasets at the root, deeper trees.

Comes last: any HDF5 file with a floating-point array is taken for weights. A group that directly holds datasets is a
layer; a legacy tree that lost its attributes (``dense_1/dense_1/kernel:0``) and inner parts of recurrent, attention
and wrapper layers are folded into their layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from infer_convert.facts import Order, StoredLayer, WeightFile
from infer_convert.readers import order as ordering
from infer_convert.readers.names import counter, flat_role, flat_split
from infer_convert.readers.source import Source, leftovers, tensor
from infer_convert.readers.tree import Dataset, Group

_PART = re.compile(
    r"(forward|backward)_.+|.*_cell(_\d+)?|cell|query|key|value|attention_output|"
    r"(query|key|value|output)_dense|forward_layer|backward_layer|layer|vars"
)
"""Inner groups that belong to the layer above them."""


def recognises(file: Source) -> bool:
    """Any floating-point array at all."""
    return any(_is_weight(item) for item in file.tree.walk())


def read(file: Source) -> WeightFile:
    """Layers in heap order where the file has it."""
    found: dict[str, list[tuple[Dataset, str, str]]] = {}
    paths: dict[str, str] = {}
    counted = _layers_with_integers(file.tree)
    for item in file.tree.walk():
        if item.dtype is None or not (_is_weight(item) or _owner(item.path) in counted):
            continue
        name, group, role = _place(item.path)
        found.setdefault(name, []).append((item, item.path.rsplit("/", 1)[-1], role))
        paths.setdefault(name, group)
    empty = [name for name, group in file.tree.groups() if not group.children and name not in found]
    order = _order(file.tree)
    everything = [name for name in file.tree.children if name in found or name in empty]
    names = everything if len(everything) == len(found) + len(empty) else [*found, *empty]
    if order == "lost":
        names = _fall_back(names)
        order = "stored" if len(names) > 1 and ordering.numbered(names) else "lost"
    layers = tuple(
        StoredLayer(
            name=name,
            path=paths.get(name, f"/{name}"),
            tensors=tuple(tensor(item, full, role) for item, full, role in _numbered(found.get(name, ()))),
        )
        for name in names
    )
    used = [item.path for layer in layers for item in layer.tensors]
    return WeightFile(
        file=file.path.name,
        bytes=file.bytes,
        generation="flat",
        layout="flat-groups" if any(True for _ in file.tree.groups()) else "flat-datasets",
        kind="weights-only",
        order=order,
        layers=layers,
        lists_weightless=bool(empty),
        keras_version=file.tree.text("keras_version"),
        backend=file.tree.text("backend"),
        unread=leftovers(file.tree, used, "not a floating-point array"),
    )


_COUNTED = re.compile(
    r"(?:w|weights?|params?|parameters?|vars?|variables?|arr|arrays?|tensors?)[_.\-]?(\d+)", re.IGNORECASE
)


def _numbered(found: Sequence[tuple[Dataset, str, str]]) -> Sequence[tuple[Dataset, str, str]]:
    """A layer's tensors, their numbers alone as roles where they have no other name (``weight_0``, ``param_1``)."""
    said = [_COUNTED.fullmatch(role) for _, _, role in found]
    numbers = [str(int(match[1])) for match in said if match is not None]
    if len(set(numbers)) < len(found):
        return found
    return [(item, full, number) for (item, full, _), number in zip(found, numbers, strict=True)]


def _is_weight(item: Dataset) -> bool:
    return item.dtype is not None and (item.dtype.startswith("float") or item.dtype == "bfloat16")


def _layers_with_integers(tree: Group) -> set[str]:
    """Groups that hold floats, so that an integer beside them (a counter, int8 weights) is a weight too; at the root,
    where anything may stand, names without their number."""
    return {_owner(item.path) for item in tree.walk() if _is_weight(item)} - {""}


def _owner(path: str) -> str:
    """The group of a dataset; at the root its name without the number, which is no group's name."""
    group, _, name = path.rpartition("/")
    if group:
        return group
    word, _ = counter(name)
    return f"{word}#" if name != word else ""


def _place(path: str) -> tuple[str, str, str]:
    """(layer name, layer's group path, role) of a dataset by its path alone."""
    parts = path.strip("/").split("/")
    if len(parts) == 1:
        name, role = flat_split(parts[0]) or (parts[0], "0")
        return name, "/", role
    groups, last = parts[:-1], parts[-1]
    if len(groups) > 1 and groups[0] in groups[1:]:  # a legacy tree: <layer>/<…>/<layer>/<rest>
        at = groups.index(groups[0], 1)
        return groups[0], f"/{groups[0]}", "/".join([*groups[at + 1 :], flat_role(last)])
    depth = len(groups)
    while depth > 1 and _PART.fullmatch(groups[depth - 1]):
        depth -= 1
    inner = [part for part in groups[depth:] if part != "vars"]
    split = flat_split(last)
    if split and split[0] == groups[depth - 1]:  # conv1/conv1_W
        last = split[1]
    return "/".join(groups[:depth]), "/" + "/".join(groups[:depth]), "/".join([*inner, flat_role(last)])


def _order(tree: Group) -> Order:
    """Lost as soon as one group that holds layers has lost its order."""
    stack = [tree]
    while stack:
        group = stack.pop()
        if ordering.order_of(group) == "lost" and (group is tree or any(True for _ in group.groups())):
            return "lost"
        stack.extend(child for _, child in group.groups())
    return "recovered"


def _fall_back(names: Iterable[str]) -> list[str]:
    """Natural order among siblings; deeper trees keep each parent's layers together."""
    names = list(names)
    parents: dict[str, list[str]] = {}
    for name in names:
        parents.setdefault(name.rpartition("/")[0], []).append(name)
    if len(parents) == 1:
        return ordering.natural(names)
    return [name for siblings in parents.values() for name in ordering.natural(siblings)]
