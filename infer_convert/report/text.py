"""Names and values from a file, made safe and short for a reader's screen."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from infer_convert.hints import toml_key, toml_value

LISTED = 6
"""Layers of one value that are named."""


def visible(text: str) -> str:
    """``text`` on one line: control, format (right-to-left overrides too) and unassigned characters as escapes."""
    if text.isprintable():  # what Python calls so is just what is not escaped below
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character == " " or unicodedata.category(character)[0] not in "CZ":
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def shown(value: Any, width: int = 60) -> str:
    """A decision's value as a reader of Python wants to see it: ``[None, 28, 28, 1]``, ``same``."""
    text = value if isinstance(value, str) else repr(_listed_out(value))
    text = visible(text)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _listed_out(value: Any) -> Any:
    """With lists for tuples, and in place of what is no plain value what it says of itself."""
    if isinstance(value, Mapping):
        return {str(key): _listed_out(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_listed_out(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def pattern(by_layer: Mapping[str, Mapping[str, Any]], width: int = 60) -> str:
    """What is said of several layers: for each field the usual value, and where it is another."""
    fields = list(dict.fromkeys(name for told in by_layer.values() for name in told))
    said = {
        name: _one_field({layer: shown(told[name], width) for layer, told in by_layer.items() if name in told})
        for name in fields
    }
    if len(said) == 1:
        return next(iter(said.values()))
    between = "; " if any(EXCEPT in text for text in said.values()) else ", "
    return between.join(f"{visible(name)} {text}" for name, text in said.items())


EXCEPT = ", but "


def _one_field(texts: Mapping[str, str]) -> str:
    usual = max(dict.fromkeys(texts.values()), key=list(texts.values()).count)
    others: dict[str, list[str]] = {}
    for layer, said in texts.items():
        if said != usual:
            others.setdefault(said, []).append(visible(layer))
    exceptions = "; ".join(f"{said} at {_listed(names)}" for said, names in others.items())
    return f"{usual}{EXCEPT}{exceptions}" if exceptions else usual


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def answer_command(layer: str, name: str, value: Any) -> str:
    """The option that pins an answer, ready for a shell: ``--set 'add_3.inbound=["relu_2"]'``, for the shape of an
    input ``--input-shape input_1=28,28,1``."""
    if name == "batch_shape" and isinstance(value, (list, tuple)) and len(value) > 1 and "/" not in layer:
        sizes = ",".join("?" if size is None else str(size) for size in value[1:])
        return "--input-shape " + shlex.quote(f"{layer}={sizes}")
    return "--set " + shlex.quote(f"{toml_key(layer)}.{toml_key(name)}={toml_value(value)}")
