"""The cases of our own that are written by the real libraries when they are first asked for: zoo and gallery."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from benchmarks import writers
from benchmarks.configs import from_config
from benchmarks.freeze import frozen, stamp
from benchmarks.item import Item, Loaded


def items(group: str, cases: Sequence[writers.Case], forms: Sequence[str]) -> list[Item]:
    """Every case in those of these formats that it is written in."""
    lines = frozen(group)
    return [
        Item(case.name, case.family, case.split, form, case.trained, partial(_load, case, form, lines[case.name]))
        for case in cases
        for form in forms
        if form in case.forms
    ]


def _load(case: writers.Case, form: str, line: dict[str, Any]) -> Loaded:
    from infer_convert.readers import read

    where = writers.ensure(case, stamp(line))
    library = writers.LIBRARY[form]
    path = where / writers.FILES[form]
    return Loaded(read(path), from_config(writers.config(where, library)), path, writers.probes(where, library))
