"""Exactness against the number of truthfully answered questions: what the review loop is worth.

For each case of the zoo (as stored by tf.keras, real names) the oracle answers the question that matters most, the
inference runs again, and so on. One question is one ``Ask``: a (layer, field), or a motif whose layers have the same
answer; of a motif whose layers differ only the first one is answered. A question about which the truth says nothing is
skipped and not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import engine, oracle, table
from benchmarks.functional import function
from benchmarks.item import Item
from benchmarks.naming import Renamed, show
from benchmarks.paths import RESULTS
from benchmarks.sets import SETS
from benchmarks.truth import truth_for
from infer_convert.errors import InferConvertError
from infer_convert.facts import Tensor
from infer_convert.hints import Hints
from infer_convert.plan import Plan, PlanLayer, Ref
from infer_convert.report.document import document
from infer_convert.report.questions import Ask, asks

MOST = 5
COLUMNS: tuple[str, ...] = ("case", "family", "split", *(f"after.{n}" for n in range(MOST + 1)), "asked", "note")
"""``after.N``: 1 when the model with N answers computes what the original does. ``asked``: the questions."""

WRAPPERS = ("Bidirectional", "TimeDistributed")
"""Classes whose plan asks about the arguments of the layer inside."""
BELOW = 0.999
"""Decisions surer than this are never asked about."""


def run(
    cases: Sequence[str] = (), library: bool = False, every: int = 1, most: int = MOST
) -> Iterator[dict[str, str]]:
    """The line of each Nth case that can be judged; ``library`` as in the other benchmarks."""
    stored = [item for item in SETS["zoo"]("kept") if item.form == "legacy"]
    for item in stored[::every]:
        if not cases or item.name in cases or item.family in cases:
            line = _line(item, library, most)
            if line is not None:
                yield line


def write(rows: Iterable[dict[str, str]], path: Path = RESULTS / "questions.tsv") -> None:
    """The results as they stand in git."""
    table.write(path, COLUMNS, sorted(rows, key=lambda row: row["case"]))


def curve(rows: Sequence[dict[str, str]]) -> list[str]:
    """Exactness per number of answers, over everything and per split."""
    lines = []
    for split in ("all", *sorted({row["split"] for row in rows})):
        mine = [row for row in rows if split in ("all", row["split"])]
        shares = [sum(row[f"after.{n}"] == "1" for row in mine) / len(mine) for n in range(MOST + 1)] if mine else []
        lines.append(f"{split} ({len(mine)}): " + "  ".join(f"{n}: {share:.0%}" for n, share in enumerate(shares)))
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
    right = oracle.plan_of(oracle._config_of(item, loaded), tensors, stored)
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
    truths = _in_words_of(best, right)
    names = {name for name, _ in best.walk()}
    for ask in questions:
        field = ask.decision.field
        if (ask.layers[0], field) in passed:
            continue
        passed.add((ask.layers[0], field))
        answers = {}
        for layer in ask.layers:
            value = _truth(truths, layer, field, names)
            if value is not None and (not answers or value == next(iter(answers.values()))):
                answers[layer, field] = value
        if answers and (ask.layers[0], field) in answers:
            told = Hints(hints.input_shapes, {**hints.answers, **answers}, hints.outputs, hints.library)
            return told, f"{ask.layers[0]}.{field}"
    return None


def _in_words_of(best: Plan, right: Plan) -> dict[str, PlanLayer]:
    """The true layers by the names that ``best`` gives them: a file that lists no input (a Sequential's) leaves its
    name to the inference, but whoever knows the net knows what goes in."""
    mine, true = dict(best.walk()), dict(right.walk())
    names: dict[str, str] = {}
    for prefix in {name.rpartition("/")[0] for name in true}:
        made_up, lost = (_inputs(there, prefix, here) for there, here in ((mine, true), (true, mine)))
        if len(made_up) == len(lost) == 1:
            names[lost[0]] = made_up[0]
    return {
        names.get(name, name): replace(layer, inbound=_renamed(layer.inbound, names, name))
        for name, layer in true.items()
    }


def _inputs(layers: Mapping[str, PlanLayer], prefix: str, others: Mapping[str, PlanLayer]) -> list[str]:
    """The inputs of one (nested) model that only ``layers`` has."""
    return [
        name
        for name, layer in layers.items()
        if layer.class_name == "InputLayer" and name.rpartition("/")[0] == prefix and name not in others
    ]


def _renamed(
    inbound: tuple[tuple[Ref, ...], ...], names: Mapping[str, str], reader: str
) -> tuple[tuple[Ref, ...], ...]:
    prefix = f"{reader.rpartition('/')[0]}/" if "/" in reader else ""

    def renamed(ref: Ref) -> Ref:
        return replace(ref, layer=names.get(prefix + ref.layer, prefix + ref.layer).removeprefix(prefix))

    return tuple(tuple(map(renamed, call)) for call in inbound)


def _truth(truths: Any, name: str, field: str, names: set[str]) -> Any:
    """The true value of a field, None when the truth does not say it in the plan's words."""
    layer = truths.get(name)
    if layer is None:
        return None
    if field == "class_name":
        return layer.class_name
    if field == "inbound":
        prefix = name.rpartition("/")[0]
        calls = [[(f"{prefix}/" if prefix else "") + str(ref) for ref in call] for call in layer.inbound]
        return calls if all(ref.split(":")[0] in names for call in calls for ref in call) else None
    config = layer.config.get("layer", {}).get("config", {}) if layer.class_name in WRAPPERS else layer.config
    value = config.get(field, layer.config.get(field))
    if field == "batch_shape" and value is not None:
        return [None if size is None else int(size) for size in value]
    return list(value) if isinstance(value, tuple) else value
