"""The marshal stream of a code object, parsed by own rules: plain data in, plain data out, bounded in every direction.

``marshal.loads`` is never called: it is not safe on a stranger's bytes, and knows only the running Python's layout.
Source: CPython ``Python/marshal.c`` (2.7, 3.4, 3.8, 3.11) and ``Objects/codeobject.c``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 1 << 18
MOST_OBJECTS = 20_000
DEEPEST = 24


class Unreadable(ValueError):
    """The bytes are no marshalled code object of a layout that is known here."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a code object says. ``layout`` is the first Python whose field order it has: 2.7, 3.0, 3.8 or 3.11.

    ``locals`` are the names behind LOAD_FAST; ``cells`` those behind LOAD_DEREF, cell variables first.
    """

    layout: tuple[int, int]
    arguments: tuple[str, ...]
    locals: tuple[str, ...]
    cells: tuple[str, ...]
    free: tuple[str, ...]
    names: tuple[str, ...]
    constants: tuple[Any, ...]
    body: bytes
    name: str
    flags: int


LAYOUTS: dict[tuple[int, int], tuple[str, ...]] = {
    (3, 11): ("argcount", "posonly", "kwonly", "stack", "flags", "code", "consts", "names", "localsplus", "kinds",
              "file", "name", "qualname", "line", "lines", "exceptions"),
    (3, 8): ("argcount", "posonly", "kwonly", "nlocals", "stack", "flags", "code", "consts", "names", "varnames",
             "free", "cells", "file", "name", "line", "lines"),
    (3, 0): ("argcount", "kwonly", "nlocals", "stack", "flags", "code", "consts", "names", "varnames", "free", "cells",
             "file", "name", "line", "lines"),
    (2, 7): ("argcount", "nlocals", "stack", "flags", "code", "consts", "names", "varnames", "free", "cells", "file",
             "name", "line", "lines"),
}  # fmt: skip
"""Fields of a code object in stored order, by the first Python that wrote them so."""

_NUMBERS = ("argcount", "posonly", "kwonly", "nlocals", "stack", "flags", "line")
_LOCAL, _CELL, _FREE = 0x20, 0x40, 0x80


def parse(data: bytes) -> Code:
    """The code object of a marshal stream, whatever Python wrote it; Unreadable when no layout fits."""
    if len(data) > MOST_BYTES:
        raise Unreadable(f"{len(data)} bytes of code, more than {MOST_BYTES}")
    for layout in LAYOUTS:
        try:
            found = _Stream(data, layout).value(0)
        except (Unreadable, struct.error, IndexError, UnicodeDecodeError, OverflowError):
            continue
        if isinstance(found, Code):
            return found
    raise Unreadable("the bytes are no code object of Python 2.7 to 3.13")


class _Stream:
    def __init__(self, data: bytes, layout: tuple[int, int]) -> None:
        self.data, self.layout, self.at, self.count = data, layout, 0, 0
        self.shared: list[Any] = []
        self.interned: list[str] = []

    def take(self, length: int) -> bytes:
        if length < 0 or self.at + length > len(self.data):
            raise Unreadable("the stream ends early")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self) -> int:
        return int(struct.unpack("<i", self.take(4))[0])

    def value(self, depth: int) -> Any:
        self.count += 1
        if depth > DEEPEST or self.count > MOST_OBJECTS:
            raise Unreadable("nested too deep or too many parts")
        kind = self.take(1)[0]
        place = None
        if kind & 0x80 and self.layout >= (3, 0):
            place = len(self.shared)
            self.shared.append(None)
        made = self.made(chr(kind & 0x7F), depth + 1)
        if place is not None:
            self.shared[place] = made
        return made

    def made(self, kind: str, depth: int) -> Any:
        if kind in _SINGLE:
            return _SINGLE[kind]
        if kind == "i":
            return self.number()
        if kind == "I":
            return struct.unpack("<q", self.take(8))[0]
        if kind == "l":
            return self.long()
        if kind == "g":
            return struct.unpack("<d", self.take(8))[0]
        if kind == "y":
            return complex(*struct.unpack("<dd", self.take(16)))
        if kind == "f":
            return float(self.take(self.take(1)[0]).decode("ascii"))
        if kind in "stuaAzZR":
            return self.text(kind)
        if kind in "()[<>":
            size = self.take(1)[0] if kind == ")" else self.number()
            if not 0 <= size <= MOST_OBJECTS:
                raise Unreadable("a list of impossible length")
            return tuple(self.value(depth) for _ in range(size))
        if kind == ":":
            return slice(*(self.value(depth) for _ in range(3)))
        if kind == "r":
            return self.shared[self.number()]
        if kind == "c":
            return self.code(depth)
        raise Unreadable(f"a part of the unknown kind {kind!r}")

    def long(self) -> int:
        size = self.number()
        if abs(size) > 64:
            raise Unreadable("an integer too long")
        digits: tuple[int, ...] = struct.unpack(f"<{abs(size)}H", self.take(2 * abs(size)))
        value = sum(digit << (15 * place) for place, digit in enumerate(digits))
        return -value if size < 0 else value

    def text(self, kind: str) -> Any:
        if kind == "R":
            return self.interned[self.number()]
        raw = self.take(self.take(1)[0] if kind in "zZ" else self.number())
        if kind == "s":
            return raw
        if kind == "t" and self.layout < (3, 0):
            made = raw.decode("latin-1")
            self.interned.append(made)
            return made
        return raw.decode("ascii" if kind in "aAzZ" else "utf-8", "surrogatepass" if kind == "u" else "strict")

    def code(self, depth: int) -> Code:
        fields: dict[str, Any] = {}
        for field in LAYOUTS[self.layout]:
            fields[field] = self.number() if field in _NUMBERS else self.value(depth)
        body, consts = fields["code"], fields["consts"]
        if not isinstance(body, bytes) or not isinstance(consts, tuple):
            raise Unreadable("a code object whose parts are of the wrong kind")
        if "localsplus" in fields:
            pairs = list(zip(_names(fields["localsplus"]), fields["kinds"], strict=False))
            local = tuple(name for name, _ in pairs)
            cells = local
            free = tuple(name for name, kind in pairs if kind & _FREE)
        else:
            local, free = _names(fields["varnames"]), _names(fields["free"])
            cells = (*_names(fields["cells"]), *free)
        count = fields["argcount"] + fields.get("kwonly", 0)
        if not 0 <= count <= len(local):
            raise Unreadable("more arguments than names")
        return Code(
            self.layout, local[:count], local, cells, free, _names(fields["names"]), consts, body,
            str(_text(fields["name"])), fields["flags"],
        )  # fmt: skip


def _text(value: Any) -> Any:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, tuple):
        raise Unreadable("names that are no tuple")
    found = tuple(_text(each) for each in value)
    if not all(isinstance(each, str) for each in found):
        raise Unreadable("names that are no text")
    return found


_SINGLE: dict[str, Any] = {"N": None, "T": True, "F": False, ".": ..., "0": None, "S": None}
