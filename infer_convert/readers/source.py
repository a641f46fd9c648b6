"""What a reader gets: the file's tree and its side documents; and the small helpers that all readers share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from infer_convert.errors import UnreadableFile
from infer_convert.facts import Tensor, WeightFile
from infer_convert.limits import Limits, parse_json, refuse
from infer_convert.readers.tree import Dataset, Group


@dataclass(frozen=True, slots=True)
class Source:
    """One input, visited once. ``documents`` holds an archive's ``metadata`` and ``config`` and a shard ``index``."""

    path: Path
    bytes: int
    container: Literal["hdf5", "zip", "shards"]
    tree: Group
    limits: Limits
    documents: Mapping[str, Any] = field(default_factory=dict)


class Reader(Protocol):
    """A reader is a module with these two functions, one module per generation or layout."""

    def recognises(self, file: Source) -> bool:
        """True when this layout is the one in the file; earlier readers in ``READERS`` have already said no."""
        ...

    def read(self, file: Source) -> WeightFile:
        """The facts; raises UnreadableFile or RefusedForSafety."""
        ...


def tensor(dataset: Dataset, name: str, role: str) -> Tensor:
    """A weight; raises RefusedForSafety when the dataset does not hold numbers."""
    if dataset.dtype is None:
        refuse(dataset.path, "a numeric weight", dataset.kind)
    return Tensor(dataset.path, name, role, dataset.shape, dataset.dtype)


def unread(datasets: Iterable[Dataset], reason: str) -> tuple[tuple[str, str], ...]:
    """Entries for ``WeightFile.unread``."""
    return tuple((item.path, reason if item.dtype is not None else f"holds {item.kind}") for item in datasets)


def leftovers(tree: Group, used: Iterable[str], reason: str) -> tuple[tuple[str, str], ...]:
    """Every dataset of the tree whose path is not in ``used``."""
    taken = set(used)
    return unread((item for item in tree.walk() if item.path not in taken), reason)


def stored_json(group: Group, name: str, file: Source) -> tuple[Mapping[str, Any] | None, tuple[str, ...]]:
    """(parsed attribute or None, warnings). Text that is not a JSON object is a warning: the weights are still good."""
    text = group.text(name)
    if text is None:
        return None, ()
    try:
        value = parse_json(text, f"{group.path}@{name}", file.limits)
    except ValueError:
        return None, (f"the attribute {name} is not JSON and was ignored",)
    if not isinstance(value, dict):
        return None, (f"the attribute {name} is not a JSON object and was ignored",) if value is not None else ()
    return value, ()


def missing(file: Source, sought: str, found: str) -> UnreadableFile:
    """The exception for a file whose parts do not fit together."""
    return UnreadableFile(f"{file.path}: expected {sought}, found {found}")
