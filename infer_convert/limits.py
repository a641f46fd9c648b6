"""What we accept from a stranger's file: every bound in one place, and the meter that applies them.

The defaults leave an order of magnitude of room above the largest genuine file seen (Keras full models with 220 layers,
a ``model_config`` of 822 kB, 701 layer names); a file beyond one of them is refused with exit code 5, naming the limit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from infer_convert.errors import RefusedForSafety


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one reading. All sizes are bytes unless the name says otherwise.

    * ``declared_bytes``: sum of shape x item size over all datasets, and of every decompressed archive member.
    * ``declared_ratio``: that sum over the size on disk, tested only above ``ratio_floor`` (zero-filled optimizer
      slots compress a thousandfold, and small files do no harm).
    * ``objects``: links visited in the whole file. ``depth``: groups inside groups.
    * ``attribute_bytes``: sum of the attributes that are read (names, versions, configs).
    * ``json_chars``, ``json_depth``: one JSON document.
    * ``name_chars``: one link name or layer name.
    * ``members``: entries of an archive, or shards of an index.
    """

    declared_bytes: int = 64 * 2**30
    declared_ratio: int = 1000
    ratio_floor: int = 256 * 2**20
    objects: int = 500_000
    depth: int = 64
    attribute_bytes: int = 64 * 2**20
    json_chars: int = 16 * 2**20
    json_depth: int = 100
    name_chars: int = 1024
    members: int = 10_000


DEFAULT = Limits()
"""What ``read`` applies when the caller names no limits."""


def refuse(where: str, sought: str, found: object) -> NoReturn:
    """Raise RefusedForSafety with one line: what is allowed, what is there instead, where."""
    raise RefusedForSafety(f"{where}: expected {sought}, found {found}; refused for safety")


class Meter:
    """Counts what one file asks for and refuses at the first bound it crosses."""

    def __init__(self, limits: Limits, file_bytes: int) -> None:
        self.limits = limits
        self.file_bytes = max(file_bytes, 1)
        self.declared = 0
        self.objects = 0
        self.attribute_bytes = 0

    def object(self, where: str, depth: int, name: str) -> None:
        """Count one link; raises RefusedForSafety beyond ``objects``, ``depth`` or ``name_chars``."""
        self.objects += 1
        if self.objects > self.limits.objects:
            refuse(where, f"at most {self.limits.objects} objects (limit objects)", "more")
        if depth > self.limits.depth:
            refuse(where[:200], f"at most {self.limits.depth} nested groups (limit depth)", "more")
        if len(name) > self.limits.name_chars:
            refuse(where[:200], f"names of at most {self.limits.name_chars} characters (limit name_chars)", len(name))

    def data(self, where: str, size: int) -> None:
        """Count the bytes that a dataset or member declares; raises RefusedForSafety beyond the sum or the ratio."""
        self.declared += size
        limits = self.limits
        if self.declared > limits.declared_bytes:
            refuse(where, f"at most {limits.declared_bytes} bytes in all (limit declared_bytes)", self.declared)
        if self.declared > limits.ratio_floor and self.declared > limits.declared_ratio * self.file_bytes:
            sought = f"at most {limits.declared_ratio} times the {self.file_bytes} bytes on disk (limit declared_ratio)"
            refuse(where, sought, f"{self.declared} bytes")

    def attribute(self, where: str, size: int) -> None:
        """Count the bytes of one attribute; raises RefusedForSafety beyond ``attribute_bytes``."""
        self.attribute_bytes += size
        if self.attribute_bytes > self.limits.attribute_bytes:
            sought = f"at most {self.limits.attribute_bytes} bytes of attributes (limit attribute_bytes)"
            refuse(where, sought, self.attribute_bytes)


def parse_json(text: str, where: str, limits: Limits) -> Any:
    """Parse one JSON document within the limits; it is data, nothing in it is ever executed.

    Raises RefusedForSafety beyond ``json_chars`` or ``json_depth`` and ValueError when it is not JSON.
    """
    if len(text) > limits.json_chars:
        refuse(where, f"at most {limits.json_chars} characters of JSON (limit json_chars)", len(text))
    too_deep = f"JSON nested at most {limits.json_depth} deep (limit json_depth)"
    try:
        value = json.loads(text)
    except RecursionError:
        refuse(where, too_deep, "more")
    if _deeper_than(value, limits.json_depth):
        refuse(where, too_deep, "more")
    return value


def _deeper_than(value: Any, depth: int) -> bool:
    stack: list[Iterator[Any]] = [iter((value,))]
    while stack:
        for item in stack[-1]:
            if isinstance(item, dict):
                stack.append(iter(item.values()))
                break
            if isinstance(item, list):
                stack.append(iter(item))
                break
        else:
            stack.pop()
        if len(stack) > depth + 1:
            return True
    return False
