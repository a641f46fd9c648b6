"""Digests of every case's truth: a changed definition shows as a changed line.

``python -m benchmarks freeze`` writes ``frozen/zoo.json`` and ``frozen/gallery.json``; ``--check`` compares instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.canonical import canonical_digest
from benchmarks.configs import from_config
from benchmarks.gallery.cases import CASES as GALLERY
from benchmarks.paths import FROZEN
from benchmarks.writers import Case, libraries
from benchmarks.zoo.cases import CASES as ZOO

SETS: dict[str, Sequence[Case]] = {"zoo": ZOO, "gallery": GALLERY}


def digest(case: Case) -> dict[str, Any]:
    """The frozen line of one case."""
    line: dict[str, Any] = {"family": case.family, "split": case.split, "trained": case.trained}
    for library in libraries(case):
        model = case.build(library)
        line[library] = canonical_digest(from_config(json.loads(model.to_json())))
        line["parameters"] = model.count_params()
    return line


def frozen(group: str = "zoo") -> dict[str, dict[str, Any]]:
    """What was committed of a set."""
    return dict(json.loads((FROZEN / f"{group}.json").read_text()))


def stamp(line: dict[str, Any]) -> str:
    """The digest under which a case's files are cached."""
    return str(line["keras"]) + str(line.get("tf_keras", ""))


def changed(cases: Iterable[Case]) -> list[str]:
    """The cases whose truth is not the committed one."""
    stored = {group: frozen(group) for group in SETS}
    return [case.name for case in cases if stored[case.group].get(case.name) != digest(case)]


def write(group: str) -> None:
    """Freeze every case of a set, one line each."""
    FROZEN.mkdir(exist_ok=True)
    lines = [f"{json.dumps(case.name)}: {json.dumps(digest(case))}" for case in SETS[group]]
    (FROZEN / f"{group}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
