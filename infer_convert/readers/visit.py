"""One visit of one input: open it, walk every member once, close it."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from infer_convert.limits import Limits, Meter
from infer_convert.readers.container import Container, open_container
from infer_convert.readers.source import Source
from infer_convert.readers.tree import Dataset, Group, Written, scan


def visit(path: Path, limits: Limits, remote: BinaryIO | None = None) -> Source:
    """What readers work on; the file is closed again. Raises what ``open_container`` and ``scan`` raise."""
    with open_container(path, limits, remote) as (container, meter):
        tree = merged_tree(container, meter)
    return Source(path, container.bytes, container.kind, tree, limits, container.documents)


def merged_tree(container: Container, meter: Meter) -> Group:
    """Visit every member once. Shards are merged in file order: that is the order in which they were written.

    A layer's ``vars`` may be split over two shards, an empty one may precede, and the ``name`` may stand in only one
    of them. A path that two shards hold is addressed ``shard:/path`` for the later one.
    """
    trees = [(member.name, scan(member.file, member.heap, meter)) for member in container.members]
    root = trees[0][1]
    for name, tree in trees[1:]:
        _merge(root, tree, name)
    return root


def _merge(root: Group, other: Group, shard: str) -> None:
    stack = [(root, other)]
    while stack:
        into, group = stack.pop()
        for key, value in group.attributes.items():
            into.attributes.setdefault(key, value)
        if group.children:
            into.written = _worth(into, group)
        for key, child in group.children.items():
            standing = into.children.get(key)
            if standing is None:
                into.children[key] = child
            elif isinstance(standing, Group) and isinstance(child, Group):
                stack.append((standing, child))
            elif isinstance(child, Dataset):
                child.path = f"{shard}:{child.path}"
                into.children[f"{key}@{shard}"] = child


def _worth(into: Group, group: Group) -> Written:
    """One provably unsorted part proves the writer; else one part without heap order spoils the whole."""
    parts = [part for part in (into, group) if len(part.children) > 1]
    if any(part.written == "written" for part in parts):
        return "written"
    return "unknown" if any(part.written == "unknown" for part in parts) else "sorted"
