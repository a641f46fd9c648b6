"""What Keras 0 and 1, and Keras 2 on Theano, wrote, as weights alone with the config's answers told: does the model
compute what the config's own model computes? What is left are the numbers' traps: kernels that Theano turned round,
layouts of kernels, images and Dense rows, orders of gates, constants of old versions.

``python -m benchmarks pinned`` reads the corpus and writes ``benchmarks/results/pinned.tsv``, a line per file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infer_convert.plan import Plan

COLUMNS = ("file", "status", "function", "rewrites", "note")
FOLDERS = ("keras0*", "keras1*", "keras2*-theano")
TOLERANCE = 1e-3


def run(corpus: Path) -> Iterator[dict[str, str]]:
    """One line per weights-only file whose config stands beside it. ``function`` is 1 when both models give the same on
    random inputs; ``status`` says what kept the second from being made."""
    paths = sorted(path for folder in FOLDERS for path in (corpus / "written").glob(f"{folder}/*.h5"))
    for path in paths:
        side = path.with_name(f"{path.name.split('.')[0]}.config.json")
        if path.name.count(".") == 1 and side.is_file():
            yield dict.fromkeys(COLUMNS, "") | {"file": "/".join(path.parts[-2:])} | _line(path, side)


def _line(path: Path, side: Path) -> dict[str, str]:
    from benchmarks.probe import agree, outputs, random_inputs
    from infer_convert.configs import plan_from_config
    from infer_convert.errors import InferConvertError
    from infer_convert.hints import Hints
    from infer_convert.infer import infer
    from infer_convert.readers import open_tensors, read

    config = json.loads(side.read_text())
    facts = read(path)
    status = "no truth"
    try:
        with open_tensors(path) as store:
            known = replace(facts, model_config=json.loads(config) if isinstance(config, str) else config)
            true = plan_from_config(known).best
            original = _built(true, store)
            status = "no plan"
            shapes = {"": tuple(tuple(true.layer(ref.layer).config["batch_shape"][1:]) for ref in true.inputs)}
            first = infer(facts, Hints(shapes), store).best
            status = "contradiction"
            plan = infer(facts, Hints(shapes, _answers(first, true)), store).best
            status = "not built"
            model = _built(plan, store)
    except InferConvertError as error:
        return {"status": status, "function": "" if status == "no truth" else "0", "note": str(error)[:160]}
    line = {"status": "ok", "rewrites": str(len(plan.rewrites))}
    given = random_inputs(model, seed=0)
    try:
        same = agree(outputs(original, given), outputs(model, given), TOLERANCE)
    except (ValueError, TypeError) as error:
        return line | {"function": "0", "note": " ".join(str(error).split())[:160]}
    return line | {"function": str(int(same))}


def _built(plan: Plan, store: Any) -> Any:
    from infer_convert.build.assign import assign
    from infer_convert.build.model import build_model

    model = build_model(plan)
    assign(model, plan, store)
    return model


def _answers(plan: Plan, true: Plan) -> dict[tuple[str, str], Any]:
    """What the config says about every decision of a plan; layers by their names, nameless ones by their tensors."""
    from benchmarks.answers import in_words_of, truth

    found = in_words_of(plan, true)
    by_source = {use.sources: layer for _, layer in true.walk() for use in layer.weights}
    known = {
        name: found.get(name) or by_source.get(layer.weights[0].sources if layer.weights else ())
        for name, layer in plan.walk()
    }
    names = {name for name, layer in plan.walk() if not layer.hidden}
    answers: dict[tuple[str, str], Any] = {}
    for name, layer in plan.walk():
        for decision in layer.decisions:
            value = None if decision.field == "batch_shape" else truth(known, name, decision.field, names)
            if value is not None:
                answers[name, decision.field] = value
    return answers


def summary(rows: list[dict[str, str]]) -> Iterator[str]:
    """How many compute the same, and how many of those whose numbers must be turned or moved."""
    for name, mine in (("all", rows), ("rewritten", [row for row in rows if row["rewrites"] not in ("", "0")])):
        told = [row for row in mine if row["function"]]
        yield f"{name}: {sum(row['function'] == '1' for row in told)} of {len(told)} compute what their config computes"
