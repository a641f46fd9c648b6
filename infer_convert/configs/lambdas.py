"""Lambda layers: shown, never run. Their bytecode is neither unmarshalled nor executed; only its text is looked at."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from infer_convert.configs.graph import Item
from infer_convert.errors import NoArchitecture


def hole(item: Item) -> NoArchitecture:
    """What a Lambda says about itself, and how to fill its place."""
    words = identifiers(item.config.get("function"))
    seen = f" (its code mentions {', '.join(words[:8])})" if words else ""
    return NoArchitecture(
        f"layer {item.name}: a Lambda holds code, which is never run{seen}; say what it does with"
        f" --set '{item.name}.class_name=CLASS' (and further fields), or give the class with --custom-objects",
        (f"{item.name}: Lambda{seen}",),
    )


def identifiers(function: Any) -> list[str]:
    """Names and short texts that stand in a stored function: ASCII runs of the marshalled bytes, in order."""
    if isinstance(function, Mapping):
        function = function.get("config", function)
    if isinstance(function, Mapping):
        function = function.get("code")
    if isinstance(function, list | tuple) and function:
        function = function[0]
    if not isinstance(function, str):
        return []
    if re.fullmatch(r"[A-Za-z_]\w*", function):
        return [function]
    try:
        raw = base64.b64decode(function.encode("ascii", "ignore"), validate=False)
    except (binascii.Error, ValueError):
        raw = function.encode("latin-1", "ignore")
    found = re.findall(rb"[A-Za-z_][A-Za-z0-9_]{1,40}", raw)
    names = [word.decode("ascii") for word in found]
    return list(dict.fromkeys(name for name in names if not name.startswith(("ipykernel", "__"))))
