"""Reading parsed JSON of whatever form: what is not of the form asked for raises ``Unreadable``."""

from __future__ import annotations

from typing import Any


class Unreadable(Exception):
    """The value has another form."""


def many(value: Any, count: int | None = None) -> list[Any]:
    """A list, of ``count`` items if that is given."""
    if not isinstance(value, list) or count not in (None, len(value)):
        raise Unreadable
    return value


def mapping(value: Any) -> dict[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise Unreadable
    return value


def index(value: Any, count: int) -> int:
    """A whole number from 0 up to ``count``, which it does not reach."""
    if type(value) is not int or not 0 <= value < count:
        raise Unreadable
    return value


def number(value: Any) -> float:
    """A number with a point; whole ones are none."""
    if type(value) is not float:
        raise Unreadable
    return value


def pair(value: Any) -> tuple[float, float]:
    """Two numbers with a point."""
    first, second = many(value, 2)
    return number(first), number(second)


def truth(value: Any) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise Unreadable
    return value


def text(value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise Unreadable
    return value
