"""Python source as small trees that know how to break into lines.

Every text that comes from a file passes ``literal``, ``identifier`` or ``remark`` before it may stand in source.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 120
"""Longest line written."""


@dataclass(frozen=True, slots=True)
class Item:
    """One argument or element: an expression, its keyword and a remark for the reader."""

    value: Group | str
    keyword: str | None = None
    remark: str | None = None

    @property
    def prefix(self) -> str:
        return f"{self.keyword}=" if self.keyword else ""


@dataclass(frozen=True, slots=True)
class Group:
    """``opening`` items ``closing``: a call, a tuple, a list or a subscript."""

    opening: str
    items: tuple[Item, ...]
    closing: str = ")"

    def flat(self) -> str:
        """On one line, without remarks."""
        inside = ", ".join(item.prefix + flat(item.value) for item in self.items)
        if self.opening == "(" and len(self.items) == 1:
            inside += ","
        return self.opening + inside + self.closing


@dataclass(frozen=True, slots=True)
class Code:
    """A config value that is not plain data but source, such as a function's parameter."""

    text: str


def flat(value: Group | str) -> str:
    """An expression on one line."""
    return value if isinstance(value, str) else value.flat()


def call(function: str, *items: Item | Group | str) -> Group:
    """``function(items)``."""
    return Group(f"{function}(", tuple(item if isinstance(item, Item) else Item(item) for item in items))


def statement(
    value: Group | str, indent: int, prefix: str = "", suffix: str = "", remarks: Sequence[str] = ()
) -> list[str]:
    """Lines of one statement or argument: on one line with all remarks when that fits, else broken open."""
    margin = " " * indent
    whole = f"{margin}{prefix}{flat(value)}{suffix}"
    inner = _inner_remarks(value)
    comment = "; ".join([*inner, *remarks])
    if len(whole) <= WIDTH and (not comment or len(whole) + 4 + len(comment) <= WIDTH):
        return [with_comment(whole, comment)]
    if isinstance(value, str):
        return _broken_text(value, indent, prefix, suffix, comment)
    if not value.items:
        return [with_comment(whole, comment)]
    lines = [f"{margin}{prefix}{value.opening}"]
    for item in value.items:
        lines += statement(item.value, indent + 4, item.prefix, ",", [item.remark] if item.remark else [])
    return [*lines, with_comment(f"{margin}{value.closing}{suffix}", "; ".join(remarks))]


def _inner_remarks(value: Group | str) -> list[str]:
    if isinstance(value, str):
        return []
    found: list[str] = []
    for item in value.items:
        found += [item.remark] if item.remark else []
        found += _inner_remarks(item.value)
    return found


def _broken_text(value: str, indent: int, prefix: str, suffix: str, comment: str) -> list[str]:
    margin = " " * indent
    if len(margin + prefix + value + suffix) <= WIDTH or not value.startswith('"'):
        return [with_comment(f"{margin}{prefix}{value}{suffix}", comment)]
    pieces = re.findall(r"(?:\\U[0-9a-f]{8}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\.|[^\\]){1,8}", value[1:-1])
    lines, current = [], ""
    for piece in pieces:
        if len(current) + len(piece) > WIDTH - indent - 10:
            lines.append(current)
            current = ""
        current += piece
    lines.append(current)
    return [
        f"{margin}{prefix}(",
        *(f'{margin}    "{part}"' for part in lines),
        with_comment(f"{margin}){suffix}", comment),
    ]


def with_comment(line: str, comment: str) -> str:
    """The line with a trailing comment, cut to fit."""
    if not comment:
        return line
    room = WIDTH - len(line) - 4
    text = comment if len(comment) <= room else f"{comment[: max(room - 3, 0)]}..."
    return f"{line}  # {text}" if room > 12 else line


def literal(value: Any) -> Group | str:
    """A plain value as Python source: ASCII only, lists as tuples."""
    if isinstance(value, Code):
        return value.text
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list | tuple):
        return Group("(", tuple(Item(literal(part)) for part in value))
    if isinstance(value, Mapping):
        return call("dict", *(Item(literal(part), identifier(str(key))) for key, part in value.items()))
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f'float("{value}")'
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    raise TypeError(f"not plain data: {type(value).__name__}")


def quoted(text: str) -> str:
    """A double-quoted string literal of printable ASCII."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    code = ord(character)
    if 32 <= code < 127:
        return character
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def identifier(name: str) -> str:
    """A readable Python identifier; ``layer`` in front of what cannot start one."""
    text = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:60].strip("_") or "layer"
    if text[0].isdigit():
        text = f"layer_{text}"
    return f"{text}_" if keyword.iskeyword(text) or keyword.issoftkeyword(text) else text


def remark(text: str) -> str:
    """Text that may stand in a comment or a docstring: one line of printable ASCII without quotes or backslashes."""
    text = "".join(character if 32 <= ord(character) < 127 else "?" for character in " ".join(text.split()))
    return text.replace('"""', "'''").replace("\\", "/")
