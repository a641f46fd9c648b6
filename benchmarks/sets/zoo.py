"""The zoo: all three formats with names, the Keras 3 file with class names only, the flat dump stripped."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks import writers
from benchmarks.configs import from_config
from benchmarks.freeze import frozen
from benchmarks.item import Item, Loaded
from benchmarks.naming import Naming
from benchmarks.zoo.cases import CASES, Case

SHOWN: dict[Naming, tuple[str, ...]] = {"kept": writers.FORMATS, "class": ("keras3",), "stripped": ("flat",)}


def items(naming: Naming) -> list[Item]:
    """Every case in every format that this naming shows."""
    lines = frozen()
    return [
        Item(case.name, case.family, case.split, form, case.trained, partial(_load, case, form, lines[case.name]))
        for case in CASES
        for form in SHOWN[naming]
    ]


def _load(case: Case, form: str, line: dict[str, Any]) -> Loaded:
    from infer_convert.readers import read

    where = writers.ensure(case, stamp(line))
    library = writers.LIBRARY[form]
    path = where / writers.FILES[form]
    return Loaded(read(path), from_config(writers.config(where, library)), path, writers.probes(where, library))


def stamp(line: dict[str, Any]) -> str:
    """The digest under which a case's files are cached."""
    return str(line["keras"]) + str(line["tf_keras"])
