"""The inference with and without the trained numbers, and with 16 example inputs, on the really trained cases of the
zoo."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from benchmarks import engine, row, runner
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
EXAMPLE_COLUMNS = ("case", "split", "naming", "status", "among", "first", "unlabelled", "with outputs", "changed")
"""``status``: ``ok``, or why the case asks nothing of the examples: ``not among`` (none of the best five plans computes
the original's function), ``no plan`` or ``not built``. ``among``: the rank of the first that does; then whether that
function is picked first by the inference, by unlabelled examples, by examples with outputs, and by outputs when single
answers may be changed too."""


def items(naming: Naming) -> list[Item]:
    """The trained cases as Keras 3 files, as flat dumps where the names are stripped."""
    from benchmarks.sets import SETS

    form = "flat" if naming == "stripped" else "keras3"
    return [item for item in SETS["zoo"](naming) if item.trained and item.form == form]


def run(
    namings: Sequence[Naming] = NAMINGS, jobs: int = 1, only: Sequence[str] = ()
) -> Iterator[dict[str, str]]:
    """One line per case, naming and mode."""
    for naming in namings:
        keys = [(item.name, mode) for item in _chosen(naming, only) for mode in MODES]
        yield from runner.resumed(f"numbers-ablation-{naming}", partial(_line, naming), keys, jobs)


def _chosen(naming: Naming, only: Sequence[str]) -> list[Item]:
    return [item for item in items(naming) if not only or item.name in only or item.family in only]


@lru_cache(maxsize=4)
def _by_name(naming: Naming) -> dict[str, Item]:
    return {item.name: item for item in items(naming)}


def _line(naming: Naming, key: tuple[str, str]) -> dict[str, str]:
    """The line of one (case, mode)."""
    item, mode = _by_name(naming)[key[0]], key[1]
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

        found = row._one(infer, loaded, shown, truth, identity, listed, store, False, False, frozenset(), {})
    known = {"case": item.name, "split": item.split, "naming": naming, "mode": mode}
    runner._forget()
    line = {column: str((known | found).get(column, "")) for column in COLUMNS}
    return line | {"seconds": f"{time.monotonic() - start:.1f}"}


def examples(
    namings: Sequence[Naming] = ("class",), change: bool = False, jobs: int = 1, only: Sequence[str] = ()
) -> Iterator[dict[str, str]]:
    """One line per case: which plan 16 examples pick. The examples are drawn as the training data were. ``change`` also
    tries single answers, up to 60 models for each case."""
    for naming in namings:
        keys = [(item.name, "changed" if change else "") for item in _chosen(naming, only)]
        yield from runner.resumed(f"numbers-examples-{naming}", partial(_examples, naming), keys, jobs)


def _examples(naming: Naming, key: tuple[str, str]) -> dict[str, str]:
    """The line of one case."""
    item, change = _by_name(naming)[key[0]], bool(key[1])
    try:
        return _picked(item, naming, change)
    finally:
        runner._forget()


def _picked(item: Item, naming: Naming, change: bool) -> dict[str, str]:
    from benchmarks.probe import outputs
    from infer_convert.build.examples import Examples, shaped
    from infer_convert.errors import InferConvertError
    from infer_convert.hints import Hints
    from infer_convert.pipeline import _improved, _tried, build

    loaded = item.load()
    truth = truth_for(loaded.graph, loaded.facts)
    shown = show(loaded.facts, naming, truth.leaf, truth.owner, truth.classes)
    known = dict.fromkeys(EXAMPLE_COLUMNS, "") | {"case": item.name, "split": item.split, "naming": naming}
    with row.store_of(loaded) as raw:
        store: Any = Renamed(raw, shown.real)
        original, inputs = _original(item)
        wanted = outputs(original, inputs)
        given = {f"x_{slot}": array for slot, array in enumerate(inputs)}
        bare, full = Examples(given), Examples(given, tuple(wanted))
        try:
            hints = Hints(library=False)
            plans = engine.plans(shown.facts, hints, store)
            told = shaped(plans[0], bare, hints)
            plans = (plans if told is None else engine.plans(shown.facts, told, store))[:5]
        except (InferConvertError, engine.OutOfTime):
            return known | {"status": "no plan"}
        right, models = [], []
        for rank, plan in enumerate(plans, 1):
            try:
                built = build(plan, shown.facts, store, None, rank)
            except (InferConvertError, ValueError):
                continue
            models.append((_judged(built, bare), _judged(built, full), rank, built))
            if loaded.probes is not None and all(compare(built.model, loaded.probes)):
                right.append(rank)
        if not models:
            return known | {"status": "not built"}
        by_moments = min(models, key=lambda entry: (entry[0], entry[2]))
        by_outputs = min(models, key=lambda entry: (entry[1], entry[2]))
        if change:
            changed = by_outputs[2] in right

            def attempt(plan: Plan) -> Any:
                return _tried(plan, shown.facts, store, {}, 1, full)

            better = None if changed else _improved(by_outputs[3], by_outputs[1].error, attempt)
            if better is not None and loaded.probes is not None:
                changed = all(compare(better[1].model, loaded.probes))
            known["changed"] = str(int(changed))
        if not right:
            return known | {"status": "not among"}
        picks = (1, by_moments[2], by_outputs[2])
        cells = zip(EXAMPLE_COLUMNS[5:8], (str(int(pick in right)) for pick in picks), strict=True)
        return known | {"status": "ok", "among": str(right[0])} | dict(cells)


def _judged(built: Any, examples: Any) -> Any:
    from infer_convert.build.examples import Judged, judge
    from infer_convert.errors import InferConvertError

    try:
        return judge(built.model, built.plan, examples)
    except (InferConvertError, ValueError):
        return Judged(math.inf, math.inf)


def _original(item: Item) -> tuple[Any, list[Any]]:
    """The original model with its weights, and inputs of the distribution that it was trained on, which it has not
    seen: other digits, with the same strength of every channel."""
    import copy
    import json

    import keras
    import numpy as np

    from benchmarks import writers
    from benchmarks.zoo import training
    from benchmarks.zoo.cases import case

    where = writers.folder(case(item.name))
    model = keras.models.model_from_json(json.dumps(writers.config(where, "keras")))
    rng = np.random.default_rng(training.seed_of(item.name))
    training._disturb(model, rng)  # draws what the training drew before it made its inputs
    unseen, its_labels = training.unseen(copy.deepcopy(rng))
    images, labels = training._digits(rng)
    arrays = []
    for tensor in model.inputs:
        twin = copy.deepcopy(rng)
        arrays.append(training._input(tensor, unseen[:EXAMPLES], its_labels[:EXAMPLES], twin, model))
        training._input(tensor, images, labels, rng, model)
    model.load_weights(where / writers.FILES["keras3"])
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
    for split in ("tune", "report", "all"):
        mine = [r for r in rows if split in (r["split"], "all")]
        among = [r for r in mine if r["status"] == "ok"]
        rest = {name: sum(r["status"] == name for r in mine) for name in ("not among", "not built", "no plan")}
        cells = ", ".join(f"{column} {_ones(among, column)}/{len(among)}" for column in EXAMPLE_COLUMNS[5:8])
        told = ", ".join(f"{count} {name}" for name, count in rest.items())
        yield f"{split}: {len(among)} of {len(mine)} cases have the function among the best five ({told})"
        yield f"{split}: picked first: {cells}"
        if any(r["changed"] for r in mine):
            yield f"{split}: with single answers changed {_ones(mine, 'changed')} of {len(mine)} have it"
