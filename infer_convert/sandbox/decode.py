"""The facts as the parsing process wrote them, checked field by field: a process that a hostile file took over can
say false things about that file, but it cannot give this process anything but frozen, plain facts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args

from infer_convert.errors import UnreadableFile
from infer_convert.facts import Generation, Order, StoredLayer, Tensor, WeightFile

T = TypeVar("T")
_DEEPEST = 80
_MOST_RANK = 32


class _NoFacts(Exception):
    pass


def decoded(text: bytes, path: Path) -> WeightFile:
    """The facts in ``text``; ``sha256`` is None and ``file`` is the path's own name. Raises UnreadableFile."""
    try:
        return _file(json.loads(text), path)
    except (_NoFacts, ValueError, RecursionError) as problem:
        raise UnreadableFile(
            f"{path}: expected facts from the parsing process, found something else ({str(problem)[:100]})"
        ) from None


def _wrong(what: str) -> NoReturn:
    raise _NoFacts(what)


def _file(data: Any, path: Path) -> WeightFile:
    fields = _mapping(data, "the file")
    return WeightFile(
        file=path.name,
        bytes=_number(fields.get("bytes"), "bytes"),
        generation=_one_of(fields.get("generation"), get_args(Generation), "generation"),
        layout=_text(fields.get("layout"), "layout"),
        kind=_one_of(fields.get("kind"), ("weights-only", "full"), "kind"),
        order=_one_of(fields.get("order"), get_args(Order), "order"),
        layers=_many(fields.get("layers"), "layers", lambda item: _layer(item, 0)),
        lists_weightless=_truth(fields.get("lists_weightless"), "lists_weightless"),
        names_are_real=_truth(fields.get("names_are_real"), "names_are_real"),
        keras_version=_maybe(fields.get("keras_version"), "keras_version"),
        backend=_maybe(fields.get("backend"), "backend"),
        model_name=_maybe(fields.get("model_name"), "model_name"),
        model_config=_document(fields.get("model_config"), "model_config"),
        training_config=_document(fields.get("training_config"), "training_config"),
        optimizer=_many(fields.get("optimizer"), "optimizer", _tensor),
        unread=_many(fields.get("unread"), "unread", _pair),
        vocabularies=_many(fields.get("vocabularies", []), "vocabularies", _vocabulary),
        warnings=_many(fields.get("warnings"), "warnings", lambda item: _text(item, "a warning")),
    )


def _layer(data: Any, depth: int) -> StoredLayer:
    if depth > _DEEPEST:
        _wrong("layers nested too deep")
    fields = _mapping(data, "a layer")
    return StoredLayer(
        name=_text(fields.get("name"), "a layer's name"),
        path=_text(fields.get("path"), "a layer's path"),
        tensors=_many(fields.get("tensors"), "tensors", _tensor),
        stem=_maybe(fields.get("stem"), "stem"),
        key=_maybe(fields.get("key"), "key"),
        children=_many(fields.get("children"), "children", lambda item: _layer(item, depth + 1)),
    )


def _tensor(data: Any) -> Tensor:
    fields = _mapping(data, "a tensor")
    shape = _many(fields.get("shape"), "a shape", lambda size: _number(size, "a size"))
    if len(shape) > _MOST_RANK:
        _wrong("a tensor of too many axes")
    path, name, role, dtype = (_text(fields.get(key), f"a tensor's {key}") for key in ("path", "name", "role", "dtype"))
    return Tensor(path, name, role, shape, dtype)


def _vocabulary(data: Any) -> tuple[str, tuple[str, ...]]:
    if not (isinstance(data, list) and len(data) == 2):
        _wrong("a vocabulary without a place")
    return _text(data[0], "a path"), _many(data[1], "words", lambda word: _text(word, "a word"))


def _pair(data: Any) -> tuple[str, str]:
    if not (isinstance(data, list) and len(data) == 2):
        _wrong("an unread dataset without a reason")
    return _text(data[0], "a path"), _text(data[1], "a reason")


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _wrong(what)


def _document(value: Any, what: str) -> Mapping[str, Any] | None:
    return None if value is None else _mapping(value, what)


def _many(value: Any, what: str, each: Callable[[Any], T]) -> tuple[T, ...]:
    return tuple(each(item) for item in value) if isinstance(value, list) else _wrong(what)


def _text(value: Any, what: str) -> str:
    return value if isinstance(value, str) else _wrong(what)


def _maybe(value: Any, what: str) -> str | None:
    return None if value is None else _text(value, what)


def _number(value: Any, what: str) -> int:
    return value if type(value) is int and 0 <= value < 1 << 64 else _wrong(what)


def _truth(value: Any, what: str) -> bool:
    return value if isinstance(value, bool) else _wrong(what)


def _one_of(value: Any, allowed: tuple[Any, ...], what: str) -> Any:
    return value if isinstance(value, str) and value in allowed else _wrong(what)
