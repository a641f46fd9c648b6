"""Names and values from a file, made safe and short for a reader's screen."""

from __future__ import annotations

import json
import shlex
import unicodedata
from typing import Any

from infer_convert.hints import toml_key, toml_value


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
    """A decision's value as a reader wants to see it."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = visible(text)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def answer_command(layer: str, name: str, value: Any) -> str:
    """The option that pins an answer, ready for a shell: ``--set 'add_3.inbound=["relu_2"]'``."""
    return "--set " + shlex.quote(f"{toml_key(layer)}.{toml_key(name)}={toml_value(value)}")
