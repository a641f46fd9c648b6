"""The inference with and without the trained numbers, and with 16 example inputs, on the really trained cases of the
zoo."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from benchmarks import engine, row
from benchmarks.functional import compare
from benchmarks.item import Item
from benchmarks.naming import Naming, Renamed, show
from benchmarks.plans import Identity
from benchmarks.truth import truth_for
from infer_convert.plan import Plan

NAMINGS: tuple[Naming, ...] = ("class", "stripped", "kept")
MODES = ("never", "always")
EXAMPLES = 16
COLUMNS = (
    "case", "split", "naming", "mode", "status", "exact", "top5", "functional", "logits", "edges", "fields",
    "confidence", "decisions",
)  # fmt: skip
EXAMPLE_COLUMNS = ("case", "split", "naming", "among", "first", "unlabelled", "with outputs", "changed")
"""``among``: the rank of the first of the best five plans that computes the original's function (empty: none of them);
then whether that function is picked first by the inference, by unlabelled examples, by examples with outputs, and by
outputs when single answers may be changed too."""


def items(namings: Sequence[Naming] = NAMINGS) -> Iterator[tuple[Item, Naming]]:
    """The trained cases as Keras 3 files, as flat dumps where the names are stripped."""
    from benchmarks.sets import SETS

    for naming in namings:
        for item in SETS["zoo"](naming):
            if item.trained and item.form in ("keras3", "flat") and (naming == "stripped") == (item.form == "flat"):
                yield item, naming


def run(namings: Sequence[Naming] = NAMINGS) -> Iterator[dict[str, str]]:
    """One line per case, naming and mode."""
    for item, naming in items(namings):
        for mode in MODES:
            yield _line(item, naming, mode)


def _line(item: Item, naming: Naming, mode: str) -> dict[str, str]:
    loaded = item.load()
    truth = truth_for(loaded.graph, loaded.facts)
    shown = show(loaded.facts, naming, truth.leaf, truth.owner, truth.classes)
    identity = Identity(shown.leaf, shown.owner)
    listed = frozenset(shown.leaf.values()) | frozenset(shown.owner.values())
    start = time.monotonic()
    with row.store_of(loaded) as raw:
        store = Renamed(raw, shown.real)

        def infer(facts: Any, hints: Any, tensors: Any) -> tuple[Plan, ...]:
            return engine.plans(facts, replace(hints, numbers=mode), tensors)

        found = row._one(infer, loaded, shown, truth, identity, listed, store, False, False)
    known = {"case": item.name, "split": item.split, "naming": naming, "mode": mode}
    _forget()
    line = {column: str((known | found).get(column, "")) for column in COLUMNS}
    return line | {"seconds": f"{time.monotonic() - start:.1f}"}


def _forget() -> None:
    from benchmarks.runner import _forget as forget

    forget()


def examples(namings: Sequence[Naming] = ("class",), change: bool = False) -> Iterator[dict[str, str]]:
    """One line per case: which plan 16 examples pick. The examples are drawn as the training data were. ``change`` also
    tries single answers, up to 60 models for each case."""
    for item, naming in items(namings):
        line = _examples(item, naming, change)
        if line is not None:
            yield line
        _forget()


def _examples(item: Item, naming: Naming, change: bool = False) -> dict[str, str] | None:
    from benchmarks.probe import outputs
    from infer_convert.build.examples import Examples, loss
    from infer_convert.errors import InferConvertError
    from infer_convert.hints import Hints
    from infer_convert.pipeline import _improved, _tried, build

    loaded = item.load()
    truth = truth_for(loaded.graph, loaded.facts)
    shown = show(loaded.facts, naming, truth.leaf, truth.owner, truth.classes)
    known = {"case": item.name, "split": item.split, "naming": naming}
    with row.store_of(loaded) as raw:
        store: Any = Renamed(raw, shown.real)
        try:
            plans = engine.plans(shown.facts, Hints(library=False), store)[:5]
        except InferConvertError:
            return None
        original, inputs = _original(item)
        wanted = outputs(original, inputs)
        given = {f"x_{slot}": array for slot, array in enumerate(inputs)}
        bare, full = Examples(given), Examples(given, tuple(wanted))
        right, models = [], []
        for rank, plan in enumerate(plans, 1):
            try:
                built = build(plan, shown.facts, store, None, rank)
                models.append((loss(built.model, plan, bare), loss(built.model, plan, full), rank, built))
            except (InferConvertError, ValueError):
                continue
            if loaded.probes is not None and all(compare(built.model, loaded.probes)):
                right.append(rank)
        if not models:
            return None
        by_moments = min(models, key=lambda entry: (entry[0], entry[2]))
        by_outputs = min(models, key=lambda entry: (entry[1], entry[2]))
        changed = by_outputs[2] in right
        if change and not changed:

            def attempt(plan: Plan) -> Any:
                return _tried(plan, shown.facts, store, {}, 1, full)

            better = _improved(by_outputs[3], by_outputs[1], attempt)
            known_outputs = better is not None and loaded.probes is not None
            changed = known_outputs and all(compare(better[1].model, loaded.probes))
        first = right[0] if right else 0
        cells = (
            str(first or ""), str(int(1 in right)), str(int(by_moments[2] in right)), str(int(by_outputs[2] in right)),
            str(int(changed)) if change else "",
        )  # fmt: skip
        return known | dict(zip(EXAMPLE_COLUMNS[3:], cells, strict=True))


def _original(item: Item) -> tuple[Any, list[Any]]:
    """The original model with its weights, and inputs drawn like those that it was trained on."""
    import json

    import keras
    import numpy as np

    from benchmarks import writers
    from benchmarks.zoo import training
    from benchmarks.zoo.cases import case

    where = writers.folder(case(item.name))
    model = keras.models.model_from_json(json.dumps(writers.config(where, "keras")))
    model.load_weights(where / writers.FILES["keras3"])
    rng = np.random.default_rng(training.seed_of(item.name) + 99)
    images, labels = training._digits(rng)
    arrays = [training._input(tensor, images, labels, rng, model)[:EXAMPLES] for tensor in model.inputs]
    return model, arrays


def summary(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """Per naming and split: exact graphs, edge errors and functions without and with numbers, and calibration."""
    from benchmarks.summary import decisions

    for naming in NAMINGS:
        for split in ("tune", "report", "all"):
            mine = [r for r in rows if r["naming"] == naming and split in (r["split"], "all")]
            if not mine:
                continue
            parts = []
            for mode in MODES:
                lines = [r for r in mine if r["mode"] == mode]
                errors = sum(sum(map(int, r["edges"].split("/")[1:])) for r in lines)
                calibration = decisions(lines)
                parts.append(
                    f"{mode}: exact {_ones(lines, 'exact')}, top 5 {_ones(lines, 'top5')}, function"
                    f" {_ones(lines, 'functional')}, logits {_ones(lines, 'logits')}, edge errors {errors},"
                    f" nets with edge errors {sum(not r['edges'].endswith('/0/0') for r in lines)},"
                    f" ECE {calibration.ece:.3f}, Brier {calibration.brier:.3f}"
                )
            yield f"{naming} {split} ({len(mine) // 2}): " + "; ".join(parts)


def _ones(rows: Sequence[dict[str, str]], column: str) -> int:
    return sum(r[column] == "1" for r in rows)


def examples_summary(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """How often the true function is picked first, of the cases in which it is among the best five plans."""
    among = [r for r in rows if r["among"]]
    cells = ", ".join(f"{column} {_ones(among, column)}" for column in EXAMPLE_COLUMNS[4:7])
    yield f"{len(among)} of {len(rows)} cases have the function among the best five; picked first: {cells}"
    if any(r["changed"] for r in rows):
        yield f"with single answers changed {_ones(rows, 'changed')} of {len(rows)} have it"
