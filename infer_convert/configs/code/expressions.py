"""What straight-line code computes, as a tree; ``text`` writes it as Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter that the layer gives: its input, or the list of its inputs."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, text, None or a tuple of them."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A global or an imported module, with the attributes taken from it: ``K.mean``, ``tensorflow.nn.softmax``."""

    dotted: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of something computed: ``x.shape``."""

    owner: Any
    name: str


@dataclass(frozen=True, slots=True)
class Called:
    """A call."""

    function: Any
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    """``left operator right``."""

    operator: str
    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x``, ``+x``, ``not x``."""

    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Item:
    """``owner[key]``."""

    owner: Any
    key: Any


@dataclass(frozen=True, slots=True)
class Cut:
    """``start:stop:step``."""

    start: Any
    stop: Any
    step: Any


@dataclass(frozen=True, slots=True)
class Several:
    """A tuple or a list."""

    items: tuple[Any, ...]
    listed: bool = False


LONGEST = 300


def text(expression: Any) -> str:
    """The expression as Python source, at most ``LONGEST`` characters."""
    made = _text(expression)
    return made if len(made) <= LONGEST else made[: LONGEST - 1] + "…"


def _text(each: Any) -> str:
    if isinstance(each, Argument):
        return each.name
    if isinstance(each, Constant):
        if isinstance(each.value, slice):
            return _text(Cut(*(Constant(part) for part in (each.value.start, each.value.stop, each.value.step))))
        return repr(each.value)
    if isinstance(each, Name):
        return each.dotted
    if isinstance(each, Attribute):
        return f"{_closed(each.owner)}.{each.name}"
    if isinstance(each, Called):
        words = [_text(value) for value in each.arguments] + [f"{key}={_text(value)}" for key, value in each.keywords]
        return f"{_closed(each.function)}({', '.join(words)})"
    if isinstance(each, Binary):
        return f"{_closed(each.left)} {each.operator} {_closed(each.right)}"
    if isinstance(each, Unary):
        return f"{each.operator}{_closed(each.value)}"
    if isinstance(each, Item):
        key = each.key
        inside = ", ".join(map(_text, key.items)) if isinstance(key, Several) and not key.listed else _text(key)
        return f"{_closed(each.owner)}[{inside}]"
    if isinstance(each, Cut):
        parts = ["" if part == Constant(None) else _text(part) for part in (each.start, each.stop, each.step)]
        return ":".join(parts[:2]) + (f":{parts[2]}" if parts[2] else "")
    if isinstance(each, Several):
        inside = ", ".join(map(_text, each.items))
        return f"[{inside}]" if each.listed else f"({inside}{',' if len(each.items) == 1 else ''})"
    return repr(each)


def _closed(each: Any) -> str:
    return f"({_text(each)})" if isinstance(each, Binary | Unary) else _text(each)
