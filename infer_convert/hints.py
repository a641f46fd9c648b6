"""What the user already knows: hard constraints with basis USER, and how they are written.

On the command line: ``--set LAYER.FIELD=VALUE`` and ``--input-shape [NAME=]SIZES``. In a file: TOML with one table per
layer and, before the tables, ``outputs``, ``data_format`` and ``input_shape``; or JSON, also a whole ``report.json``,
whose decisions are then all pinned.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infer_convert.errors import UsageError


@dataclass(frozen=True, slots=True)
class Hints:
    """Pinned answers.

    ``input_shapes`` maps an input layer's name (or ``""`` for the inputs in order) to shapes without the batch axis,
    None for an unknown dimension. ``answers`` maps (layer, field) to a value: ``("conv2d_1", "strides") -> [2, 2]``,
    ``("add_3", "inbound") -> ["relu_2", "conv2d_9"]``. ``outputs`` names the model's outputs in order. ``library`` is
    False under ``--no-library``; ``without_families`` are families that it leaves out, with their look-alikes.
    ``data_format`` is ``keep`` or ``channels_last``, None when not given. ``numbers`` is ``auto``, ``always`` or
    ``never``: whether the tensors themselves are asked. ``customs`` are the names of the user's own classes, which come
    before everything that we would make of a class of that name.
    """

    input_shapes: Mapping[str, tuple[tuple[int | None, ...], ...]] = field(default_factory=dict)
    answers: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    library: bool = True
    data_format: str | None = None
    without_families: frozenset[str] = frozenset()
    numbers: str = "auto"
    customs: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """An answer about an input's ``batch_shape`` is an input shape, one operand is a list of one. Raises
        UsageError for what is no shape."""
        single = {key: [value] for key, value in self.answers.items() if key[1] == "inbound" and isinstance(value, str)}
        if single:
            object.__setattr__(self, "answers", {**self.answers, **single})
        answered = ((layer, value) for (layer, name), value in self.answers.items() if name == "batch_shape")
        told = {layer: _whole_shape(layer, value) for layer, value in answered}
        if told:
            shapes = {layer: (shape[1:],) for layer, shape in told.items()}
            answers = {(layer, "batch_shape"): list(shape) for layer, shape in told.items()}
            object.__setattr__(self, "input_shapes", {**shapes, **self.input_shapes})
            object.__setattr__(self, "answers", {**self.answers, **answers})

    def answer(self, layer: str, name: str) -> Any:
        """The pinned value of one field, or None."""
        return self.answers.get((layer, name))

    @property
    def wired(self) -> tuple[str, ...]:
        """The layers whose operands are told."""
        return tuple(layer for layer, name in self.answers if name == "inbound")


def _whole_shape(layer: str, value: Any) -> tuple[int | None, ...]:
    """A shape with its batch axis; TOML has no null, so open sizes may be spelled."""
    given = value if isinstance(value, list | tuple) else ()
    sizes = [None if size in ("None", "null", "?") else size for size in given]
    if not sizes or any(size is not None and type(size) is not int for size in sizes):
        wanted = '["None", 28, 28, 1]'
        raise UsageError(f"{layer}.batch_shape: expected sizes with the batch in front, {wanted}, found {value!r}")
    return (None, *sizes[1:])


def inner_hints(hints: Hints, outer: str) -> Hints:
    """The hints about the layers of one nested model, under their inner names; operands may be told by either name."""
    prefix = f"{outer}/"

    def inside(key: str, value: Any) -> Any:
        if key != "inbound":
            return value
        return value.removeprefix(prefix) if isinstance(value, str) else [inside(key, each) for each in value]

    return Hints(
        {name[len(prefix) :]: shapes for name, shapes in hints.input_shapes.items() if name.startswith(prefix)},
        {
            (name[len(prefix) :], key): inside(key, value)
            for (name, key), value in hints.answers.items()
            if name.startswith(prefix)
        },
        (),
        hints.library,
        hints.data_format,
        hints.without_families,
        hints.numbers,
        hints.customs,
    )


def parse_set(text: str) -> tuple[tuple[str, str], Any]:
    """``conv2d_1.strides=2`` -> ``(("conv2d_1", "strides"), 2)``.

    The left side is a TOML dotted key, the right side a TOML value; bare words are strings. Raises UsageError.
    """
    key, value = _split(text)
    try:
        table: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"--set {text!r}: the left side is not LAYER.FIELD in TOML ({error}); quote odd names"
        ) from error
    path: list[str] = []
    while isinstance(table, dict) and len(table) == 1:
        (name, table), *_ = table.items()
        path.append(name)
    if len(path) != 2 or "\n" in key:
        raise UsageError(f"--set {text!r}: expected LAYER.FIELD=VALUE, with a name that has dots in quotes")
    return (path[0], path[1]), parse_value(value, f"--set {text!r}")


def _split(text: str) -> tuple[str, str]:
    """At the first ``=`` outside quotes."""
    match = re.match(r"""((?:"(?:\\.|[^"\\])*"|'[^']*'|[^='"])*)=(.*)""", text, re.DOTALL)
    if match is None:
        raise UsageError(f"--set {text!r}: expected LAYER.FIELD=VALUE")
    return match[1].strip(), match[2].strip()


def parse_value(text: str, where: str) -> Any:
    """A TOML value; a bare word is a string."""
    try:
        table = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        if re.fullmatch(r"[A-Za-z_][\w./:-]*", text):
            return text
        raise UsageError(f"{where}: {text!r} is neither a TOML value nor a bare word ({error})") from error
    if set(table) != {"value"}:
        raise UsageError(f"{where}: {text!r} is more than one TOML value")
    return table["value"]


def parse_input_shape(text: str) -> tuple[str, tuple[int | None, ...]]:
    """``224,224,3`` -> ``("", (224, 224, 3))``; ``left=?,8`` -> ``("left", (None, 8))``. Raises UsageError."""
    name, _, sizes = text.rpartition("=")
    return name, _shape(re.split(r"[,x×]", sizes.strip("()[] ")) if sizes.strip("()[] ") else [], text)


def _shape(sizes: Iterable[Any], text: str) -> tuple[int | None, ...]:
    shape: list[int | None] = []
    for size in sizes:
        word = str(size).strip()
        if word in {"?", "None", "null"}:
            shape.append(None)
        elif word.isdecimal() and int(word) > 0:
            shape.append(int(word))
        elif word:
            raise UsageError(f"input shape {text!r}: {word!r} is neither a size nor ?")
    return tuple(shape)


def load_hints(path: Path) -> Hints:
    """Read a hints file (TOML, or JSON by its suffix). Raises UsageError that names the file."""
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"hints {path}: {error}") from error
    if not isinstance(data, dict):
        raise UsageError(f"hints {path}: expected a table, found {type(data).__name__}")
    return _from_report(data) if "architecture" in data else _from_table(data, path)


def _from_report(data: Mapping[str, Any]) -> Hints:
    answers = {
        (layer["name"], decision["field"]): decision["value"]
        for layer in data["architecture"].get("layers", ())
        for decision in layer.get("decisions", ())
    }
    return Hints(answers=answers)


def _from_table(data: Mapping[str, Any], path: Path) -> Hints:
    hints = Hints()
    answers: dict[tuple[str, str], Any] = {}
    for name, value in data.items():
        if name == "input_shape":
            hints = replace(hints, input_shapes=_input_shapes(value))
        elif isinstance(value, Mapping):
            answers |= {(name, key): item for key, item in value.items()}
        elif name == "outputs" and isinstance(value, list):
            hints = replace(hints, outputs=tuple(str(item) for item in value))
        elif name == "data_format" and value in {"keep", "channels_last"}:
            hints = replace(hints, data_format=value)
        else:
            raise UsageError(f"hints {path}: {name} = {value!r} is no table of a layer and no option we know")
    return replace(hints, answers=answers)


def _input_shapes(value: Any) -> Mapping[str, tuple[tuple[int | None, ...], ...]]:
    if isinstance(value, Mapping):
        return {name: (_shape(shape, name),) for name, shape in value.items()}
    several = value if value and isinstance(value[0], list) else [value]
    return {"": tuple(_shape(shape, "input_shape") for shape in several)}


def with_options(hints: Hints, sets: Iterable[str] = (), input_shapes: Iterable[str] = ()) -> Hints:
    """Hints with ``--set`` and ``--input-shape`` added; they win over the file's."""
    answers = dict(hints.answers) | dict(parse_set(text) for text in sets)
    shapes: dict[str, tuple[tuple[int | None, ...], ...]] = {}
    for name, shape in map(parse_input_shape, input_shapes):
        shapes[name] = (*shapes.get(name, ()), shape)
    return replace(hints, answers=answers, input_shapes={**hints.input_shapes, **shapes})


def spread(value: Any, like: Any) -> Any:
    """One number for all axes as a list of them, where the field has one for each."""
    if type(value) is int and isinstance(like, list | tuple) and all(type(item) is int for item in like):
        return [value] * len(like)
    return value


def toml_key(name: str) -> str:
    """A TOML key: bare where possible, else quoted, printable ASCII only."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_value(name)


def toml_value(value: Any) -> str:
    """A plain value in TOML, printable ASCII only; None becomes ``"None"``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_key(str(key))} = {toml_value(item)}" for key, item in value.items()) + "}"
    return '"' + "".join(_toml_character(character) for character in str(value)) + '"'


def _toml_character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    code = ord(character)
    if 32 <= code < 127:
        return character
    return f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def to_toml(hints: Hints) -> str:
    """A hints file that ``load_hints`` reads back: options first, then a table per layer."""
    lines = []
    if hints.outputs:
        lines.append(f"outputs = {toml_value(hints.outputs)}")
    if hints.data_format is not None:
        lines.append(f"data_format = {toml_value(hints.data_format)}")
    named = {name: shapes[0] for name, shapes in hints.input_shapes.items() if name and shapes}
    in_order = hints.input_shapes.get("", ())
    if in_order and not named:
        shapes = [list(shape) for shape in in_order]
        lines.append(f"input_shape = {toml_value(shapes[0] if len(shapes) == 1 else shapes)}")
    if named:
        lines += ["", "[input_shape]", *(f"{toml_key(name)} = {toml_value(shape)}" for name, shape in named.items())]
    tables: dict[str, list[str]] = {}
    for (layer, name), value in hints.answers.items():
        tables.setdefault(layer, []).append(f"{toml_key(name)} = {toml_value(value)}")
    for layer, answers in tables.items():
        lines += ["", f"[{toml_key(layer)}]", *answers]
    return "\n".join(lines).lstrip("\n") + "\n"
