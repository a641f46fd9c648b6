"""Digests of every case's truth: a changed definition shows as a changed line.

``python -m benchmarks freeze`` writes ``frozen/zoo.json``; ``--check`` compares instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from benchmarks.canonical import canonical_digest
from benchmarks.configs import from_config
from benchmarks.paths import FROZEN
from benchmarks.zoo.cases import CASES, Case

FILE = FROZEN / "zoo.json"


def digest(case: Case) -> dict[str, Any]:
    """The frozen line of one case."""
    line: dict[str, Any] = {"family": case.family, "split": case.split, "trained": case.trained}
    for library in ("keras", "tf_keras"):
        model = case.build(library)
        line[library] = canonical_digest(from_config(json.loads(model.to_json())))
        line["parameters"] = model.count_params()
    return line


def frozen() -> dict[str, dict[str, Any]]:
    """What was committed."""
    return dict(json.loads(FILE.read_text()))


def changed(cases: Iterable[Case] = CASES) -> list[str]:
    """The cases whose truth is not the committed one."""
    stored = frozen()
    return [case.name for case in cases if stored.get(case.name) != digest(case)]


def write() -> None:
    """Freeze every case, one line each."""
    FROZEN.mkdir(exist_ok=True)
    lines = [f"{json.dumps(case.name)}: {json.dumps(digest(case))}" for case in CASES]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
