"""What differs between the repetitions of a block, as parameters and expressions of them.

A column is the list of values that one spot of the block has in its repetitions. Columns that are multiples of one
another, or numbers in names that run in step, share a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from infer_convert.blocks import common_prefix
from infer_convert.export.layout import Code, identifier, quoted

MOST = 7
"""Parameters of one function; a block with more of them is no help to a reader."""

EVEN: frozenset[str] = frozenset({"kernel_size", "strides", "pool_size", "dilation_rate", "size"})
"""Arguments for which one number stands for all axes."""

_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
_NUMBERED = re.compile(r"(.*?)_(\d+)")


@dataclass
class Parameters:
    """The parameters of one function, in the order in which they were needed, each with its column."""

    taken: set[str]
    columns: dict[str, list[Any]] = field(default_factory=dict)

    def value(self, key: str, column: Sequence[Any]) -> Any:
        """The common value of a column, or Code that computes it from parameters."""
        first = column[0]
        if all(value == first and type(value) is type(first) for value in column):
            return first
        if key in EVEN and all(isinstance(value, list | tuple) and len(set(value)) == 1 for value in column):
            return self.value(key, [value[0] for value in column])
        for name, known in self.columns.items():
            if known == list(column):
                return Code(name)
        if _counts(column):
            for name, known in self.columns.items():
                if name != NAME and _counts(known) and (expression := _multiple(name, known, column)):
                    return Code(expression)
        return Code(self.new(identifier(key), column))

    def new(self, wanted: str, column: Sequence[Any]) -> str:
        """One more parameter."""
        name, number = wanted, 2
        while name in self.taken:
            name, number = f"{wanted}_{number}", number + 1
        self.taken.add(name)
        self.columns[name] = list(column)
        return name


NAME = "name"
"""The parameter that holds what the names of one repetition begin with."""


def _counts(column: Sequence[Any]) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) and value > 0 for value in column)


def _multiple(name: str, known: Sequence[int], column: Sequence[int]) -> str | None:
    factor, rest = divmod(column[0], known[0])
    if not rest and factor > 1 and all(mine == factor * other for mine, other in zip(column, known, strict=True)):
        return f"{factor} * {name}"
    factor, rest = divmod(known[0], column[0])
    if not rest and factor > 1 and all(other == factor * mine for mine, other in zip(column, known, strict=True)):
        return f"{name} // {factor}"
    return None


def layer_names(names: Sequence[Sequence[str]], parameters: Parameters) -> tuple[list[Any], bool]:
    """The names of a block's layers, ``names[repetition][spot]``, as values or Code; and whether the code calls
    ``numbered``."""
    spots = [list(column) for column in zip(*names, strict=True)]
    prefixed = _prefixed(names)
    if prefixed is not None:
        prefixes, suffixes = prefixed
        name = parameters.new(NAME, prefixes)
        return [Code(f'f"{{{name}}}{suffix}"' if suffix else name) for suffix in suffixes], False
    counted = [_numbered(column) for column in spots]
    made: list[Any] = [None] * len(spots)
    calls = False
    base: tuple[str, list[int]] | None = None
    steps = [numbers for found in counted if found is not None for numbers in (found[1],)]
    slowest = min(steps, key=lambda numbers: numbers[-1] - numbers[0], default=None)
    for spot, found in enumerate(counted):
        if found is None:
            continue
        stem, numbers = found
        if base is None and slowest is not None:
            base = parameters.new("number", slowest), slowest
        assert base is not None
        expression = linear(base[0], base[1], numbers) or parameters.new("number", numbers)
        if min(numbers) == 0:
            made[spot], calls = Code(f"numbered({quoted(stem)}, {expression})"), True
        else:
            made[spot] = Code(f'f"{stem}_{{{expression}}}"')
    rest = [spot for spot, value in enumerate(made) if value is None]
    if rest:
        listed = parameters.new("names", [[repetition[spot] for spot in rest] for repetition in names])
        for index, spot in enumerate(rest):
            made[spot] = Code(f"{listed}[{index}]")
    return made, calls


def _prefixed(names: Sequence[Sequence[str]]) -> tuple[list[str], list[str]] | None:
    prefixes = [common_prefix(mine) for mine in names]
    endings = [prefix[len(prefix.rstrip("_-.")) :] for prefix in prefixes]
    if len(set(endings)) == 1:
        prefixes = [prefix.rstrip("_-.") for prefix in prefixes]
    suffixes = [[name[len(prefix) :] for name in mine] for prefix, mine in zip(prefixes, names, strict=True)]
    plain = all(_PLAIN.fullmatch(name) for mine in names for name in mine)
    if not plain or any(suffix != suffixes[0] for suffix in suffixes) or not all(prefixes):
        return None
    return (prefixes, suffixes[0]) if len(set(prefixes)) == len(prefixes) else None


def _numbered(column: Sequence[str]) -> tuple[str, list[int]] | None:
    """``dense, dense_1, dense_2`` -> ``("dense", [0, 1, 2])``."""
    found = []
    for name in column:
        match = _NUMBERED.fullmatch(name)
        stem, number = (match[1], match[2]) if match else (name, "0")
        if not _PLAIN.fullmatch(name) or (match and (number.startswith("0"))):
            return None
        found.append((stem, int(number)))
    return (found[0][0], [number for _, number in found]) if len({stem for stem, _ in found}) == 1 else None


def linear(name: str, base: Sequence[int], wanted: Sequence[int]) -> str | None:
    """``wanted`` as ``factor * name + constant`` with whole numbers, or None."""
    span = base[-1] - base[0]
    if not span:
        return None
    factor, rest = divmod(wanted[-1] - wanted[0], span)
    constant = wanted[0] - factor * base[0]
    if rest or factor < 1 or any(w != factor * b + constant for w, b in zip(wanted, base, strict=True)):
        return None
    scaled = name if factor == 1 else f"{factor} * {name}"
    return scaled if not constant else f"{scaled} {'+' if constant > 0 else '-'} {abs(constant)}"


@dataclass(frozen=True, slots=True)
class Loop:
    """``for variables in source``, and what each parameter is inside."""

    variables: str
    source: Any
    values: Mapping[str, Any]


def loop(columns: Mapping[str, Sequence[Any]], fresh: Any) -> Loop:
    """A loop over at least two repetitions. ``fresh(name)`` finds names of variables."""
    fixed = {name: column[0] for name, column in columns.items() if all(value == column[0] for value in column)}
    moving = {name: list(column) for name, column in columns.items() if name not in fixed}
    count = len(next(iter(columns.values())))
    if not moving:
        return Loop("_", Code(f"range({count})"), fixed)
    if (counted := _by_count(moving, fixed, count, fresh)) is not None:
        return counted
    if len(moving) == 1:
        ((name, column),) = moving.items()
        split = _one_letter(column)
        if split is not None:
            head, letters, tail = split
            variable = fresh("letter")
            return Loop(variable, letters, {**fixed, name: Code(f'f"{head}{{{variable}}}{tail}"')})
        variable = fresh(name)
        return Loop(variable, column, {**fixed, name: Code(variable)})
    variables = {name: fresh(name) for name in moving}
    rows = [list(row) for row in zip(*moving.values(), strict=True)]
    return Loop(", ".join(variables.values()), rows, {**fixed, **{k: Code(v) for k, v in variables.items()}})


def _by_count(moving: Mapping[str, list[Any]], fixed: Mapping[str, Any], count: int, fresh: Any) -> Loop | None:
    """All moving parameters as functions of one running number."""
    numbers: dict[str, tuple[str, list[int], str]] = {}
    for name, column in moving.items():
        if all(isinstance(value, int) and not isinstance(value, bool) for value in column):
            numbers[name] = ("", column, "")
            continue
        matches = [re.fullmatch(r"(.*?)(\d+)([^0-9]*)", value) if isinstance(value, str) else None for value in column]
        if not all(matches) or not all(_PLAIN.fullmatch(value) for value in column):
            return None
        parts = [(m[1], m[2], m[3]) for m in matches if m is not None]
        padded = any(part[1] != str(int(part[1])) for part in parts)
        if padded or len({(part[0], part[2]) for part in parts}) > 1:
            return None
        numbers[name] = (parts[0][0], [int(part[1]) for part in parts], parts[0][2])
    base = min(numbers.values(), key=lambda item: item[1][1] - item[1][0])[1]
    step = base[1] - base[0]
    if step < 1 or any(later - earlier != step for earlier, later in pairwise(base)):
        return None
    variable = fresh("block")
    values: dict[str, Any] = dict(fixed)
    for name, (head, column, tail) in numbers.items():
        expression = linear(variable, base, column)
        if expression is None:
            return None
        whole = isinstance(moving[name][0], int)
        values[name] = Code(expression) if whole else Code(f'f"{head}{{{expression}}}{tail}"')
    last = base[-1] + 1
    source = f"range({base[0]}, {last})" if step == 1 else f"range({base[0]}, {last}, {step})"
    return Loop(variable, Code(source if base[0] or step > 1 else f"range({count})"), values)


def _one_letter(column: Sequence[Any]) -> tuple[str, str, str] | None:
    """``block2b, block2c`` -> ``("block2", "bc", "")``."""
    if not all(isinstance(value, str) and _PLAIN.fullmatch(value) for value in column):
        return None
    if len({len(value) for value in column}) > 1:
        return None
    differs = [spot for spot in range(len(column[0])) if len({value[spot] for value in column}) > 1]
    if len(differs) != 1:
        return None
    (spot,) = differs
    return column[0][:spot], "".join(value[spot] for value in column), column[0][spot + 1 :]
