"""Exactness against the number of truthfully answered questions: what the review loop is worth.

For each case of the zoo (as stored by tf.keras, real names) the oracle answers the question that matters most, the
inference runs again, and so on. One question is one ``Ask``: a (layer, field), or a motif, one field of the layers of
one kind (of pools their windows), whose answer may differ from layer to layer ("1, but 2 at conv3 and conv6"). The
oracle says of the layers that were asked about what the source says, and nothing else; a question about which the truth
says nothing is skipped and not counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import engine, oracle, table
from benchmarks.answers import in_words_of, truth
from benchmarks.functional import function
from benchmarks.item import Item
from benchmarks.naming import Renamed, show
from benchmarks.paths import RESULTS
from benchmarks.runner import Key, resumed
from benchmarks.sets import SETS
from benchmarks.truth import truth_for
from infer_convert.errors import InferConvertError
from infer_convert.facts import Tensor
from infer_convert.hints import Hints
from infer_convert.plan import Plan
from infer_convert.report.document import document
from infer_convert.report.questions import Ask, asks
from infer_convert.report.units import Choice, Target

MOST = 5
COLUMNS: tuple[str, ...] = ("case", "family", "split", *(f"after.{n}" for n in range(MOST + 1)), "asked", "note")
"""``after.N``: 1 when the model with N answers computes what the original does. ``asked``: the questions; those whose
true answer was not among the options and had to be written are marked."""
UNLISTED = "*"
BELOW = 0.999
"""Decisions surer than this are never asked about."""


def run(
    cases: Sequence[str] = (), library: bool = False, every: int = 1, jobs: int = 1
) -> list[dict[str, str]]:
    """The line of each Nth case that can be judged; ``library`` as in the other benchmarks."""
    items = [item for item in SETS["zoo"]("kept") if item.form == "legacy"][::every]
    keys = [item.key for item in items if not cases or item.name in cases or item.family in cases]
    lines = resumed(f"questions{'' if library else '-no-library'}", partial(_task, library), keys, jobs)
    return [line for line in lines if line]


def _task(library: bool, key: Key) -> dict[str, str]:
    """In a worker; nothing for a case that cannot be judged."""
    item = next(item for item in SETS["zoo"]("kept") if item.key == key)
    return _line(item, library, MOST) or {}


def write(rows: Iterable[dict[str, str]], path: Path = RESULTS / "questions.tsv") -> None:
    """The results as they stand in git."""
    table.write(path, COLUMNS, sorted(rows, key=lambda row: row["case"]))


def curve(rows: Sequence[dict[str, str]]) -> list[str]:
    """Exactness per number of answers, over everything and per split, and how many answers had to be written."""
    lines = []
    for split in ("all", *sorted({row["split"] for row in rows})):
        mine = [row for row in rows if split in ("all", row["split"])]
        shares = [sum(row[f"after.{n}"] == "1" for row in mine) / len(mine) for n in range(MOST + 1)] if mine else []
        lines.append(f"{split} ({len(mine)}): " + "  ".join(f"{n}: {share:.0%}" for n, share in enumerate(shares)))
    asked = [question for row in rows for question in row["asked"].split(", ") if question]
    listed = sum(not question.endswith(UNLISTED) for question in asked)
    lines.append(f"{listed} of {len(asked)} answers were among the options")
    return lines


def _line(item: Item, library: bool, most: int) -> dict[str, str] | None:
    from infer_convert.infer import infer
    from infer_convert.readers import open_tensors

    loaded = item.load()
    if loaded.path is None or loaded.probes is None:
        return None
    truth = truth_for(loaded.graph, loaded.facts)
    shown = show(loaded.facts, "kept", truth.leaf, truth.owner, truth.classes)
    tensors: dict[str, list[Tensor]] = {}
    for tensor in shown.facts.all_tensors():
        tensors.setdefault(shown.owner[tensor.path], []).append(tensor)
    stored = {leaf: name.rpartition("/")[2] for name, leaf in shown.leaf.items()}
    right = oracle.plan_of(oracle._config_of(item), tensors, stored)
    hints = engine.hints_for(truth.raw.input_shapes, False, library)
    line = {"case": item.name, "family": item.family, "split": item.split}
    asked: list[str] = []
    notes: list[str] = []
    passed: set[tuple[str, str]] = set()
    with open_tensors(loaded.path) as raw:
        store = Renamed(raw, shown.real)
        exact = "0"
        for count in range(most + 1):
            try:
                with engine.limited():
                    inference = infer(shown.facts, hints, store)
                with engine.limited():
                    found = function(inference.best, shown.facts, store, loaded.probes)
                exact = "1" if found.built and found.exact else "0"
            except (InferConvertError, engine.OutOfTime) as error:
                notes.append(f"after {count}: {type(error).__name__}")
                line[f"after.{count}"] = "0"
                break
            line[f"after.{count}"] = exact
            if exact == "1" or count == most:
                break
            answered = _answered(asks(document(shown.facts, inference), BELOW), right, inference.best, hints, passed)
            if answered is None:
                notes.append(f"nothing to ask after {count}")
                break
            hints, question = answered
            asked.append(question)
    known = [n for n in range(most + 1) if f"after.{n}" in line]
    for number in range(MOST + 1):
        line.setdefault(f"after.{number}", line[f"after.{known[-1]}"])
    return line | {"asked": ", ".join(asked), "note": "; ".join(notes)}


def _answered(
    questions: Sequence[Ask], right: Plan, best: Plan, hints: Hints, passed: set[tuple[str, str]]
) -> tuple[Hints, str] | None:
    """The hints with the first question that the truth can answer, and that question."""
    truths = in_words_of(best, right)
    names = {name for name, _ in best.walk()}
    for ask in questions:
        if ask.standing.targets[0] in passed:
            continue
        passed.add(ask.standing.targets[0])
        values = {(layer, field): truth(truths, layer, field, names) for layer, field in ask.standing.targets}
        answers = {key: value for key, value in values.items() if value is not None}
        if answers:
            told = Hints(hints.input_shapes, {**hints.answers, **answers}, hints.outputs, hints.library)
            mark = "" if any(_says(option, answers) for option in ask.options) else UNLISTED
            return told, f"{ask.layers[0]}.{'+'.join(ask.fields)}{mark}"
    return None


def _says(option: Choice, answers: Mapping[Target, Any]) -> bool:
    """Whether an option is the true answer, as far as the truth says anything."""
    return all(_equal(value, answers.get(target, value)) for target, value in option.answers.items())


def _equal(one: Any, other: Any) -> bool:
    """Keras writes a slope of 0.2 into its configs as float32 has it."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6)
    return bool(one == other)
