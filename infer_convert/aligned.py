"""Two architectures side by side: which layers are the same, which differ in what, which stand on one side alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from infer_convert.plan import Plan

UNWEIGHED: frozenset[str] = frozenset({"name", "dtype", "trainable", "momentum", "build_config", "registered_name"})
"""Config entries that do not change what the trained model computes."""

ENDINGS: tuple[str, ...] = ("_initializer", "_regularizer", "_constraint")
"""Endings of more such entries."""


@dataclass(frozen=True, slots=True)
class Row:
    """One layer of an architecture: full name, class, config, and the full names that each call reads."""

    name: str
    class_name: str
    config: Mapping[str, Any]
    inbound: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Aligned layers; one side is None when the other stands alone. ``differs`` lists ``(field, left, right)``."""

    left: Row | None
    right: Row | None
    differs: tuple[tuple[str, Any, Any], ...] = ()

    @property
    def same(self) -> bool:
        """Whether both sides are there and compute the same from the same."""
        return self.left is not None and self.right is not None and not self.differs


def rows_of_plan(plan: Plan, prefix: str = "") -> tuple[Row, ...]:
    """The layers of a plan, nested models behind their own layer."""
    found: list[Row] = []
    for item in plan.layers:
        inbound = tuple(tuple(prefix + str(ref) for ref in call) for call in item.inbound)
        found.append(Row(prefix + item.name, item.class_name, item.config, inbound))
        if item.inner is not None:
            found.extend(rows_of_plan(item.inner, f"{prefix}{item.name}/"))
    return tuple(found)


def rows_of_report(report: Mapping[str, Any]) -> tuple[Row, ...]:
    """The layers of a ``report.json``. Raises KeyError or TypeError when it is none."""
    return tuple(
        Row(str(layer["name"]), str(layer["class_name"]), dict(layer["config"]),
            tuple(tuple(map(str, call)) for call in layer["inbound"]))
        for layer in report["architecture"]["layers"]
    )  # fmt: skip


def aligned(left: Sequence[Row], right: Sequence[Row]) -> tuple[Pair, ...]:
    """Pair the layers in order: by name where most names are shared, else by class and settings, then by class."""
    names = {row.name for row in left} & {row.name for row in right}
    pairs: list[tuple[int | None, int | None]]
    if 2 * len(names) >= min(len(left), len(right)) and names:
        pairs = _matched([row.name for row in left], [row.name for row in right])
        pairs = _refined(pairs, left, right)
    else:
        pairs = _matched([_key(row) for row in left], [_key(row) for row in right])
        pairs = _refined(pairs, left, right)
    renamed = {left[a].name: right[b].name for a, b in pairs if a is not None and b is not None}
    return tuple(
        Pair(
            None if a is None else left[a],
            None if b is None else right[b],
            () if a is None or b is None else tuple(_differences(left[a], right[b], renamed)),
        )
        for a, b in pairs
    )


def _matched(one: Sequence[object], other: Sequence[object]) -> list[tuple[int | None, int | None]]:
    found: list[tuple[int | None, int | None]] = []
    for tag, a0, a1, b0, b1 in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            found += zip(range(a0, a1), range(b0, b1), strict=True)
        else:
            found += [(a, None) for a in range(a0, a1)]
            found += [(None, b) for b in range(b0, b1)]
    return found


def _refined(
    pairs: Sequence[tuple[int | None, int | None]], left: Sequence[Row], right: Sequence[Row]
) -> list[tuple[int | None, int | None]]:
    """Between two pairs, what stands alone on both sides is paired by class."""
    found: list[tuple[int | None, int | None]] = []
    lone_left: list[int] = []
    lone_right: list[int] = []

    def flush() -> None:
        classes = [left[a].class_name for a in lone_left], [right[b].class_name for b in lone_right]
        for a, b in _matched(*classes):
            found.append((None if a is None else lone_left[a], None if b is None else lone_right[b]))
        lone_left.clear()
        lone_right.clear()

    for a, b in pairs:
        if a is not None and b is not None:
            flush()
            found.append((a, b))
        elif a is not None:
            lone_left.append(a)
        elif b is not None:
            lone_right.append(b)
    flush()
    return found


def _key(row: Row) -> tuple[str, str]:
    shape = [row.config.get(key) for key in ("units", "filters", "kernel_size", "output_dim", "depth_multiplier")]
    return row.class_name, repr(shape)


def _differences(one: Row, other: Row, renamed: Mapping[str, str]) -> list[tuple[str, Any, Any]]:
    found: list[tuple[str, Any, Any]] = []
    if one.class_name != other.class_name:
        found.append(("class_name", one.class_name, other.class_name))
    for key in sorted({*one.config} & {*other.config}):
        if key in UNWEIGHED or key.endswith(ENDINGS):
            continue
        if _plain(one.config[key]) != _plain(other.config[key]):
            found.append((key, one.config[key], other.config[key]))
    here = [[_renamed(name, renamed) for name in call] for call in one.inbound]
    there = [[_renamed(name, {}) for name in call] for call in other.inbound]
    if here != there:
        found.append(("inbound", [list(call) for call in one.inbound], [list(call) for call in other.inbound]))
    return found


def _renamed(name: str, renamed: Mapping[str, str]) -> str:
    if name in renamed:
        return renamed[name]
    layer, colon, rest = name.partition(":")
    return renamed.get(layer, layer) + colon + rest


def _plain(value: Any) -> Any:
    """Equal for what means the same: tuples and lists, ``3`` and ``[3, 3]``, a function by name or as a dict."""
    if isinstance(value, list | tuple):
        parts = [_plain(part) for part in value]
        return parts[0] if parts and all(part == parts[0] for part in parts) else parts
    if isinstance(value, Mapping) and "class_name" in value:
        return str(value["class_name"]).lower()
    return value
