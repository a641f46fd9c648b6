"""How Keras stored a function: Keras 1 and 2 a list ``[code, defaults, closure]``, Keras 3 a ``__lambda__`` mapping,
all of them sometimes a plain name. Source: ``func_dump`` of Keras 1.2 to 2.15, ``serialize_keras_object`` of Keras 3.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infer_convert.configs.code.marshalled import MOST_BYTES, Code, Unreadable, parse


@dataclass(frozen=True, slots=True)
class StoredFunction:
    """``code`` is None where only the ``name`` is stored; ``module`` is where the name comes from, if told."""

    code: Code | None
    defaults: tuple[Any, ...] = ()
    closure: tuple[Any, ...] = ()
    name: str = ""
    module: str = ""


def stored_function(function: Any) -> StoredFunction:
    """The ``function`` of a Lambda's config; Unreadable when it is none of the known forms."""
    if isinstance(function, Mapping):
        inner = function.get("config")
        if isinstance(inner, str):
            return StoredFunction(None, name=inner, module=str(function.get("module") or ""))
        if isinstance(inner, Mapping):
            return _coded(inner.get("code"), inner.get("defaults"), inner.get("closure"))
    if isinstance(function, Sequence) and not isinstance(function, str) and function:
        rest = [*function[1:3], None, None]
        return _coded(function[0], rest[0], rest[1])
    if isinstance(function, str) and function.isidentifier():
        return StoredFunction(None, name=function)
    return _coded(function, None, None)


def _coded(text: Any, defaults: Any, closure: Any) -> StoredFunction:
    if not isinstance(text, str):
        raise Unreadable("no code is stored")
    for raw in _bytes(text):
        try:
            code = parse(raw)
        except Unreadable:
            continue
        return StoredFunction(code, _values(defaults), _values(closure), code.name)
    raise Unreadable("the stored text is no code object of Python 2.7 to 3.13")


def _values(stored: Any) -> tuple[Any, ...]:
    return tuple(stored) if isinstance(stored, list | tuple) else ()


def _bytes(text: str) -> list[bytes]:
    """Base64 since Keras 2.0.9, before that the bytes as characters (``raw_unicode_escape``)."""
    found: list[bytes] = []
    if len(text) > 2 * MOST_BYTES:
        raise Unreadable("the stored code is too long")
    with contextlib.suppress(binascii.Error, ValueError):
        found.append(base64.b64decode("".join(text.split()).encode("ascii"), validate=True))
    with contextlib.suppress(UnicodeEncodeError):
        found.append(text.encode("latin-1"))
    return found
