"""One visit of an HDF5 file: a plain tree of groups and datasets in the order they were written.

Readers work on this tree and never see h5py. No dataset contents are read here; attributes are read only under the
names that some Keras version writes (``ATTRIBUTES``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import h5py
import numpy as np

from infer_convert.errors import UnreadableFile
from infer_convert.limits import Meter, beyond, refuse
from infer_convert.readers.heap import HeapReader

Written = Literal["written", "sorted", "unknown"]
"""``written``: children stand as written; ``sorted``: as written *and* alphabetical; ``unknown``: HDF5's order only."""

Attribute = str | int | tuple[str, ...] | None

ATTRIBUTES = (
    *("nb_layers", "nb_params", "layer_names", "weight_names", "backend", "keras_version"),
    *("model_config", "training_config", "distributed_config", "name"),
)
"""Attributes of Keras 0.3 to 3.15 that are read; the two ``*_names`` also as chunks ``layer_names0`` … (2.1.6 on)."""

_CHUNK = re.compile(r"(layer_names|weight_names)(\d{1,6})")


@dataclass(slots=True)
class Dataset:
    """A dataset's declaration. ``dtype`` is numpy's name or ``bfloat16``; None when it cannot hold weights."""

    path: str
    shape: tuple[int, ...]
    dtype: str | None
    kind: str = ""
    """What stands there when ``dtype`` is None, in words."""


@dataclass(slots=True)
class Group:
    """A group: children in file order, the attributes Keras writes, and what the order is worth."""

    path: str
    children: dict[str, Group | Dataset] = field(default_factory=dict)
    attributes: dict[str, Attribute] = field(default_factory=dict)
    written: Written = "written"

    def groups(self) -> Iterator[tuple[str, Group]]:
        """Child groups in file order."""
        return ((name, child) for name, child in self.children.items() if isinstance(child, Group))

    def datasets(self) -> Iterator[tuple[str, Dataset]]:
        """Child datasets in file order."""
        return ((name, child) for name, child in self.children.items() if isinstance(child, Dataset))

    def find(self, path: str) -> Group | Dataset | None:
        """The node at a relative path, None when there is none."""
        node: Group | Dataset | None = self
        for part in path.split("/"):
            if part:
                node = node.children.get(part) if isinstance(node, Group) else None
        return node

    def group(self, path: str) -> Group | None:
        """The group at a relative path, None when there is none or it is a dataset."""
        node = self.find(path)
        return node if isinstance(node, Group) else None

    def walk(self) -> Iterator[Dataset]:
        """Every dataset below, depth first in file order."""
        stack: list[Group | Dataset] = [self]
        while stack:
            node = stack.pop()
            if isinstance(node, Dataset):
                yield node
            else:
                stack.extend(reversed(node.children.values()))

    def text(self, name: str) -> str | None:
        """A string attribute, None when it is missing or something else."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int | None:
        """An integer attribute, None when it is missing or something else."""
        value = self.attributes.get(name)
        return value if isinstance(value, int) else None

    def names(self, name: str) -> tuple[str, ...] | None:
        """A list of strings, joined from its chunks ``name0``, ``name1``, … when it was too long for one attribute."""
        value = self.attributes.get(name)
        if value is None and f"{name}0" in self.attributes:
            parts: list[str] = []
            at = 0
            while (part := self.attributes.get(f"{name}{at}")) is not None:
                parts += part if isinstance(part, tuple) else (str(part),)
                at += 1
            return tuple(parts)
        if isinstance(value, str):
            return (value,)
        return value if isinstance(value, tuple) else None


def scan(file: h5py.File, heap: HeapReader, meter: Meter) -> Group:
    """Visit the whole file once, iteratively.

    Raises RefusedForSafety for links that are not hard, groups reached twice (cycles), external or virtual storage,
    and everything beyond the meter's limits.
    """
    root_id = h5py.h5o.open(file.id, b"/")
    info = h5py.h5o.get_info(root_id)
    root = Group("/")
    seen = {info.addr}
    stack: list[tuple[h5py.h5g.GroupID, int, Group, int]] = [(root_id, info.addr, root, 0)]
    while stack:
        group_id, at, group, depth = stack.pop()
        group.attributes = _attributes(group_id, at, group.path, heap, meter)
        above = group.path.rstrip("/")
        links = _links(group_id, above, depth + 1, meter)
        order, group.written = _order(group_id, at, [*links], heap)
        for name in order:
            raw_name, address = links[name]
            path = f"{above}/{name}"
            child_id = h5py.h5o.open(group_id, raw_name)
            if isinstance(child_id, h5py.h5g.GroupID):
                if address in seen:
                    refuse(path, "a tree of groups", "a hard link to a group already visited")
                seen.add(address)
                child = Group(path)
                group.children[name] = child
                stack.append((child_id, address, child, depth + 1))
            elif isinstance(child_id, h5py.h5d.DatasetID):
                group.children[name] = describe(child_id, path, meter, (info.fileno, address))
    return root


def _links(group_id: h5py.h5g.GroupID, above: str, depth: int, meter: Meter) -> dict[str, tuple[bytes, int]]:
    """Every link of a group, counted and known to be hard before anything is opened: its raw name and the address of
    the object header it leads to. One call of HDF5 for all of them."""
    most = meter.limits.objects
    listed: list[tuple[bytes, int, int]] = []

    def look(raw_name: bytes, info: h5py.h5l.LinkInfo) -> bool | None:
        listed.append((bytes(raw_name), info.type, int(info.u)))
        return True if len(listed) > most else None  # true ends the visit; what is raised here HDF5 would wrap

    group_id.links.iterate(look, info=True)
    found: dict[str, tuple[bytes, int]] = {}
    for raw_name, kind, address in listed:
        name = raw_name.decode("utf-8", "surrogateescape")
        path = f"{above}/{name}"
        meter.object(path, depth, name)
        if kind != h5py.h5l.TYPE_HARD:
            refuse(path, "objects of the file itself", _KINDS_OF_LINK.get(kind, "a user-defined link"))
        found[name] = raw_name, address
    return found


_KINDS_OF_LINK = {h5py.h5l.TYPE_SOFT: "a soft link", h5py.h5l.TYPE_EXTERNAL: "an external link"}


def describe(
    dataset_id: h5py.h5d.DatasetID, path: str, meter: Meter, address: tuple[int, int] | None = None
) -> Dataset:
    """A dataset's declaration, checked; raises RefusedForSafety for external or virtual storage and beyond limits.

    ``address`` is the number of its file and that of its object header, where the caller knows them.
    """
    plist = dataset_id.get_create_plist()
    if plist.get_layout() == h5py.h5d.VIRTUAL:
        refuse(path, "data inside the file", "a virtual dataset")
    if plist.get_external_count() > 0:
        refuse(path, "data inside the file", "external storage")
    _only_known_filters(plist, path, meter)
    type_id = dataset_id.get_type()
    space = dataset_id.get_space()
    shape = tuple(int(n) for n in space.get_simple_extent_dims() or ())
    if address is None:
        info = h5py.h5o.get_info(dataset_id)
        address = info.fileno, info.addr
    meter.data(path, math.prod(shape) * int(type_id.get_size()), address)
    dtype, kind = _dtype(type_id)
    if space.get_simple_extent_type() == h5py.h5s.NULL:
        dtype, kind = None, "an empty dataspace"
    return Dataset(path, shape, dtype, kind)


FILTERS: tuple[int, ...] = (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, 32000)
"""The filters that h5py itself can write without a plug-in and that no known attack uses; 32000 is lzf."""


def _only_known_filters(plist: h5py.h5p.PropDCID, path: str, meter: Meter) -> None:
    count = plist.get_nfilters()
    if count > meter.limits.filters:
        beyond(path, "filters", f"at most {meter.limits.filters} filters", count)
    for at in range(count):
        number = plist.get_filter(at)[0]
        if number not in FILTERS:
            refuse(path, "data packed by deflate, shuffle, fletcher32 or lzf", f"filter {number}")


def _dtype(type_id: h5py.h5t.TypeID) -> tuple[str | None, str]:
    """numpy's name of a numeric type, ``bfloat16`` for opaque two-byte data (how Keras writes it), else None."""
    kind = type_id.get_class()
    if kind == h5py.h5t.OPAQUE and type_id.get_size() == 2:
        return "bfloat16", ""
    if kind in (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM):
        try:
            return _name(type_id.dtype), ""
        except (TypeError, ValueError):
            return None, "a number format that numpy lacks"
    names = {h5py.h5t.STRING: "text", h5py.h5t.COMPOUND: "compound records", h5py.h5t.VLEN: "variable-length lists"}
    return None, names.get(kind, "a type that is not numeric")


@lru_cache(maxsize=64)
def _name(dtype: np.dtype[np.generic]) -> str:
    """numpy spells it anew each time that it is asked."""
    return dtype.name


def _order(group_id: h5py.h5g.GroupID, address: int, listed: list[str], heap: HeapReader) -> tuple[list[str], Written]:
    """The names of a group's links as they were written, and what that is worth."""
    by_heap = heap.names(address)
    if by_heap is not None and sorted(by_heap) == sorted(listed):
        alphabetical = sorted(by_heap, key=lambda name: name.encode("utf-8", "surrogateescape"))
        return by_heap, "sorted" if by_heap == alphabetical and len(by_heap) > 1 else "written"
    if group_id.get_create_plist().get_link_creation_order() & h5py.h5p.CRT_ORDER_TRACKED:
        created = {name: group_id.links.get_info(name.encode("utf-8", "surrogateescape")).corder for name in listed}
        return sorted(listed, key=created.__getitem__), "written"
    return listed, "unknown"


def _attributes(
    object_id: h5py.h5g.GroupID, address: int, path: str, heap: HeapReader, meter: Meter
) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    if h5py.h5a.get_num_attrs(object_id) == 0:
        return found
    claimed = heap.text_bytes(address)
    if claimed is None:
        raise UnreadableFile(f"{path}: expected readable attributes, found a damaged global heap")
    meter.attribute(path, claimed)
    manager = h5py.AttributeManager(h5py.Group(object_id))
    for name in manager:
        if name in ATTRIBUTES or _CHUNK.fullmatch(name):
            where = f"{path}@{name}"
            attribute = h5py.h5a.open(object_id, name.encode())
            if attribute.shape is None or attribute.get_type().get_class() not in _READABLE:
                continue  # handing any other class to HDF5 can crash it when the file is damaged
            meter.items(where, math.prod(attribute.shape))
            meter.attribute(where, math.prod(attribute.shape) * int(attribute.get_type().get_size()))
            try:
                value = manager[name]
            except (OSError, TypeError, ValueError) as problem:
                raise UnreadableFile(f"{where}: expected text or a number, found damage ({problem})") from None
            found[name] = _value(value)
    return found


_READABLE = (h5py.h5t.STRING, h5py.h5t.INTEGER, h5py.h5t.FLOAT)
"""Classes of attributes that Keras writes: text of both kinds, counts, and the empty float64 list."""


def _value(value: object) -> Attribute:
    """bytes, str, fixed or variable-length arrays of them, integers; an empty numeric array is an empty list."""
    if isinstance(value, (bytes, str)):
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "SUO":
        items = value.ravel().tolist()
        return tuple(item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item) for item in items)
    if isinstance(value, np.ndarray) and value.size == 0:
        return ()
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "iu":
        return int(value.ravel()[0])
    return None
