"""What we accept from a stranger's file: every bound in one place, and the meter that applies them.

The defaults leave an order of magnitude of room above the largest genuine file seen (Keras full models with 220 layers,
a ``model_config`` of 822 kB, 701 layer names); a file beyond one of them is refused with exit code 5, naming the limit.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from infer_convert.errors import RefusedForSafety


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one reading. All sizes are bytes unless the name says otherwise.

    * ``declared_bytes``: sum of shape x item size over all datasets, and of every decompressed archive member.
    * ``declared_ratio``: that sum over the size on disk, tested only above ``ratio_floor`` (trained weights hardly
      compress at all; pruned ones twentyfold; small files do no harm).
      One array under many names counts once there; the model that would be made of them is held to the same ratio
      (``check_model``).
    * ``objects``: links visited in the whole file. ``depth``: groups inside groups.
    * ``path_bytes``: sum of the paths of all objects.
    * ``attribute_bytes``: sum of the attributes that are read (names, versions, configs).
    * ``list_items``: names in all ``layer_names`` and ``weight_names`` together.
    * ``layers``: stored layers, nested ones too, and entries of a stored config.
    * ``json_chars``, ``json_values``, ``json_depth``: one JSON document.
    * ``name_chars``: one link name or layer name.
    * ``members``: entries of an archive, or shards of an index.
    * ``filters``: filters of one dataset; only deflate, shuffle, fletcher32 and lzf are run at all.
    * ``facts_bytes``: what the parsing process may hand over about one file.
    * ``memory_bytes``: address space of the parsing process. ``cpu_seconds``: its processor time, ``wall_seconds``: the
      clock's; both are for the facts, tensors get more by their size.
    * ``infer_seconds``: processor time of one inference (``solve/patience.py``); what the trained numbers may
      cost (``--numbers``) is counted by itself (``clues/numbers/budget.py``).
    """

    declared_bytes: int = 64 * 2**30
    declared_ratio: int = 100
    ratio_floor: int = 64 * 2**20
    objects: int = 100_000
    depth: int = 64
    path_bytes: int = 32 * 2**20
    attribute_bytes: int = 64 * 2**20
    list_items: int = 100_000
    layers: int = 5_000
    json_chars: int = 16 * 2**20
    json_values: int = 500_000
    json_depth: int = 100
    name_chars: int = 1024
    members: int = 10_000
    filters: int = 4
    facts_bytes: int = 64 * 2**20
    memory_bytes: int = 512 * 2**20
    cpu_seconds: int = 20
    wall_seconds: int = 60
    infer_seconds: int = 30

    def tensor_memory(self, file_bytes: int) -> int:
        """Address space for decoding tensors of a file of this size: a packed tensor may be most of it."""
        return self.memory_bytes + 2 * file_bytes

    def large(self) -> Limits:
        """The bounds under ``--allow-large``: sizes and times a hundredfold, no ratio; forbidden things stay so."""
        lifted = {name: 100 * getattr(self, name) for name in LIFTABLE}
        return replace(self, **lifted | {"ratio_floor": self.declared_bytes * 100})


LIFTABLE: tuple[str, ...] = (
    "declared_bytes",
    "declared_ratio",
    "objects",
    "path_bytes",
    "attribute_bytes",
    "list_items",
    "layers",
    "json_chars",
    "json_values",
    "members",
    "facts_bytes",
    "memory_bytes",
    "cpu_seconds",
    "wall_seconds",
    "infer_seconds",
)
"""What ``--allow-large`` lifts; no genuine file needs the others."""

DEFAULT = Limits()
"""What ``read`` applies when the caller names no limits."""


def refuse(where: str, sought: str, found: object) -> NoReturn:
    """Raise RefusedForSafety with one line: what is allowed, what is there instead, where."""
    raise RefusedForSafety(f"{where}: expected {sought}, found {found}; refused for safety")


def beyond(where: str, limit: str, sought: str, found: object) -> NoReturn:
    """As ``refuse`` for a number that is too large: the line names the limit and the option that lifts it."""
    lift = "; --allow-large lifts it" if limit in LIFTABLE else ""
    raise RefusedForSafety(f"{where}: expected {sought} (limit {limit}), found {found}; refused for safety{lift}")


def check_model(where: str, sizes: Iterable[int], file_bytes: int, limits: Limits) -> None:
    """``sizes`` are the bytes of every tensor that becomes a variable, of one array as often as it is named.

    Raises RefusedForSafety where a small file would become a large model: beyond ``declared_bytes`` or, above
    ``ratio_floor``, ``declared_ratio``.
    """
    meter = Meter(limits, file_bytes)
    meter.data(where, sum(sizes))


class Meter:
    """Counts what one file asks for and refuses at the first bound it crosses."""

    def __init__(self, limits: Limits, file_bytes: int) -> None:
        self.limits = limits
        self.file_bytes = max(file_bytes, 1)
        self.declared = 0
        self.objects = 0
        self.path_bytes = 0
        self.attribute_bytes = 0
        self.list_items = 0
        self._counted: set[Hashable] = set()

    def object(self, where: str, depth: int, name: str) -> None:
        """Count one link; raises RefusedForSafety beyond ``objects``, ``depth``, ``path_bytes`` or ``name_chars``."""
        limits = self.limits
        self.objects += 1
        self.path_bytes += len(where)
        if self.objects > limits.objects:
            beyond(where[:200], "objects", f"at most {limits.objects} objects", "more")
        if depth > limits.depth:
            beyond(where[:200], "depth", f"at most {limits.depth} nested groups", "more")
        if len(name) > limits.name_chars:
            beyond(where[:200], "name_chars", f"names of at most {limits.name_chars} characters", len(name))
        if self.path_bytes > limits.path_bytes:
            beyond(where[:200], "path_bytes", f"at most {limits.path_bytes} bytes of paths", "more")

    def data(self, where: str, size: int, address: Hashable = None) -> None:
        """Count the bytes that a dataset or member declares, once for all links to one ``address``; raises
        RefusedForSafety beyond the sum or the ratio."""
        if address is not None:
            if address in self._counted:
                return
            self._counted.add(address)
        self.declared += size
        limits = self.limits
        if self.declared > limits.declared_bytes:
            beyond(where, "declared_bytes", f"at most {limits.declared_bytes} bytes in all", self.declared)
        if self.declared > limits.ratio_floor and self.declared > limits.declared_ratio * self.file_bytes:
            sought = f"at most {limits.declared_ratio} times the {self.file_bytes} bytes on disk"
            beyond(where, "declared_ratio", sought, f"{self.declared} bytes")

    def attribute(self, where: str, size: int) -> None:
        """Count the bytes of one attribute; raises RefusedForSafety beyond ``attribute_bytes``."""
        self.attribute_bytes += size
        if self.attribute_bytes > self.limits.attribute_bytes:
            sought = f"at most {self.limits.attribute_bytes} bytes of attributes"
            beyond(where, "attribute_bytes", sought, self.attribute_bytes)

    def items(self, where: str, count: int) -> None:
        """Count the elements of an attribute; raises RefusedForSafety beyond ``list_items``."""
        self.list_items += count
        if self.list_items > self.limits.list_items:
            beyond(where, "list_items", f"at most {self.limits.list_items} listed names", self.list_items)


def parse_json(text: str, where: str, limits: Limits) -> Any:
    """Parse one JSON document within the limits; it is data, nothing in it is ever executed.

    Raises RefusedForSafety beyond ``json_chars``, ``json_values`` or ``json_depth`` and ValueError when it is not JSON.
    """
    if len(text) > limits.json_chars:
        beyond(where, "json_chars", f"at most {limits.json_chars} characters of JSON", len(text))
    values = text.count(",") + text.count("[") + text.count("{")  # no fewer than the document has
    if values > limits.json_values:
        beyond(where, "json_values", f"JSON of at most {limits.json_values} values", f"up to {values}")
    too_deep = f"JSON nested at most {limits.json_depth} deep"
    try:
        value = json.loads(text)
    except RecursionError:
        beyond(where, "json_depth", too_deep, "more")
    if _deeper_than(value, limits.json_depth):
        beyond(where, "json_depth", too_deep, "more")
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
