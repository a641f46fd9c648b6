"""One line of the results: run one item under one naming and score it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from benchmarks import engine
from benchmarks.baseline import chain
from benchmarks.calibration import histogram, judge
from benchmarks.canonical import fold, same
from benchmarks.functional import Function, function
from benchmarks.graph import Graph
from benchmarks.item import Item, Loaded
from benchmarks.naming import Naming, Renamed, Shown, show
from benchmarks.plans import Identity, from_plan
from benchmarks.reference import loads
from benchmarks.scores import Structure, structure
from benchmarks.truth import Truth, truth_for
from infer_convert.hints import Hints
from infer_convert.plan import Plan

Infer = Callable[[Any, Hints, Any], tuple[Plan, ...]]
FIELDS = (
    "strides",
    "padding",
    "pool_size",
    "activation",
    "dilation_rate",
    "size",
    "epsilon",
    "axis",
    "return_sequences",
    "target_shape",
)
"""Fields with a column of their own; ``fields`` counts all of them and the rest."""

_OUTCOME = ("exact", "top5", "functional", "logits", "class", "edges", "f1", "fields", "strides_over_1")
COLUMNS: tuple[str, ...] = (
    "case",
    "family",
    "split",
    "form",
    "trained",
    "status",
    "converted",
    "bit_exact",
    *_OUTCOME,
    *(f"field.{name}" for name in FIELDS),
    "confidence",
    "decisions",
    "shape.status",
    *(f"shape.{name}" for name in ("exact", "top5", "functional", "logits", "f1", "fields", "confidence", "decisions")),
    "base.class",
    "base.f1",
    "base.exact",
    "base.fields",
    "base.load_model",
    "note",
)
"""Stable order. Pairs are ``right/total``, ``strides_over_1`` is ``true/false positives/missed``; ``shape.`` columns
are with the input shapes given, ``base.`` columns the baseline; ``decisions`` is ``calibration.Histogram.text``."""


def run(
    item: Item,
    naming: Naming,
    infer: Infer = engine.plans,
    library: bool = True,
    without: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """The item's line; ``without`` are families that the library leaves out. Whatever goes wrong in the code under
    test is a status, never an exception."""
    line = {
        "case": item.name,
        "family": item.family,
        "split": item.split,
        "form": item.form,
        "trained": _flag(item.trained),
    }
    try:
        loaded = item.load()
        truth = truth_for(loaded.graph, loaded.facts)
        shown = show(loaded.facts, naming, truth.leaf, truth.owner, truth.classes)
    except Exception as error:
        return line | {"status": "no-truth", "note": _short(error)}
    listed = frozenset(shown.leaf.values()) | frozenset(shown.owner.values())
    identity = Identity(shown.leaf, shown.owner)
    line |= _baseline(truth, shown, identity, listed)
    if loaded.config is not None and loaded.path is not None:
        line["base.load_model"] = _flag(loads(loaded.config, loaded.path, loaded.probes))
    with store_of(loaded) as raw:
        store = Renamed(raw, shown.real) if raw is not None else None
        known: dict[object, dict[str, str]] = {}
        free = _one(infer, loaded, shown, truth, identity, listed, store, False, library, without, known)
        given = _one(infer, loaded, shown, truth, identity, listed, store, True, library, without, known)
    line |= free | {f"shape.{key}": value for key, value in given.items() if f"shape.{key}" in COLUMNS}
    return {column: line.get(column, "") for column in COLUMNS}


def store_of(loaded: Loaded) -> AbstractContextManager[Any]:
    from infer_convert.readers import open_tensors

    return open_tensors(loaded.path) if loaded.path is not None else nullcontext(None)


def _baseline(truth: Truth, shown: Shown, identity: Identity, listed: frozenset[str]) -> dict[str, str]:
    found = structure(truth, from_plan(chain(shown.facts), identity), listed)
    return {
        "base.class": _pair(found.classes),
        "base.f1": f"{found.edge_f1:.3f}",
        "base.exact": _flag(found.exact),
        "base.fields": _pair(found.all_fields),
    }


def _one(
    infer: Infer,
    loaded: Loaded,
    shown: Shown,
    truth: Truth,
    identity: Identity,
    listed: frozenset[str],
    store: Any,
    given: bool,
    library: bool,
    without: frozenset[str],
    known: dict[object, dict[str, str]],
) -> dict[str, str]:
    from infer_convert.errors import InferConvertError

    hints = engine.hints_for(truth.raw.input_shapes, given, library, without)
    if given and not hints.input_shapes:
        return {"status": "no-shape"}
    failed = _failed(truth, loaded, listed)
    try:
        plans = infer(shown.facts, hints, store)
    except engine.OutOfTime:
        return failed | {"status": "timeout"}
    except InferConvertError as error:
        return failed | {"status": type(error).__name__, "note": _short(error)}
    except Exception as error:
        return failed | {"status": f"crash:{type(error).__name__}", "note": _where(error)}
    try:
        graphs = [from_plan(plan, identity) for plan in plans[:5]]
    except Exception as error:
        return failed | {"status": f"bad-plan:{type(error).__name__}", "note": _short(error)}
    scores = structure(truth, graphs[0], listed)
    line = _scored(scores) | {"confidence": f"{plans[0].confidence:.3f}"}
    line["top5"] = _flag(scores.exact or any(same(truth.graph, fold(graph)) for graph in graphs[1:]))
    line["decisions"] = histogram(judge(plans[0], graphs[0], truth, identity)).text()
    if store is None:
        return line | {"status": "inferred", "converted": "1"}
    computes = _computes(plans[0])
    found = known.get(computes)
    if found is None or found.get("functional") != "1":  # sizes that were supposed may not take the probes
        found = known[computes] = _function(plans[0], loaded, shown, store)
    return line | found


def _failed(truth: Truth, loaded: Loaded, listed: frozenset[str]) -> dict[str, str]:
    """What a case scores for which there is no plan: nothing right out of everything asked."""
    line = _scored(structure(truth, Graph((), (), ()), listed)) | {"converted": "0", "f1": "0.000", "top5": "0"}
    if loaded.path is not None:
        line["bit_exact"] = "0"
    if loaded.probes is not None:
        line |= {"functional": "0", "logits": "0"}
    return line


def _computes(plan: Plan) -> object:
    """Equal for plans that are one function of inputs of the original's shape: all of a plan but the sizes of its
    inputs, which the probes have anyway, and how sure it is."""
    return repr(
        [
            (
                layer.name,
                layer.class_name,
                sorted((key, value) for key, value in layer.config.items() if key != "batch_shape"),
                layer.inbound,
                layer.weights,
                sorted(layer.keywords.items()),
                layer.inner and _computes(layer.inner),
            )
            for layer in plan.layers
        ]
        + [plan.inputs, plan.outputs]
    )


def _function(plan: Plan, loaded: Loaded, shown: Shown, store: Any) -> dict[str, str]:
    try:
        with engine.limited():
            found = function(plan, shown.facts, store, loaded.probes)
    except engine.OutOfTime:
        found = Function(error="building and comparing took too long")
    except Exception as error:
        found = Function(error=_where(error))
    return {
        "status": "ok" if found.built else "not-built",
        "converted": _flag(found.built),
        "bit_exact": _flag(found.bit_exact),
        "functional": _maybe(found.exact, loaded, found),
        "logits": _maybe(found.logits, loaded, found),
        "note": found.error,
    }


def _maybe(value: bool | None, loaded: Loaded, found: Function) -> str:
    if loaded.probes is None:
        return ""
    return _flag(bool(value)) if found.built else "0"


def _scored(scores: Structure) -> dict[str, str]:
    fields: Mapping[str, tuple[int, int]] = scores.fields
    return {
        "exact": _flag(scores.exact),
        "class": _pair(scores.classes),
        "edges": "/".join(map(str, scores.edges)),
        "f1": f"{scores.edge_f1:.3f}",
        "fields": _pair(scores.all_fields),
        "strides_over_1": "/".join(map(str, scores.strides)),
        **{f"field.{name}": _pair(fields[name]) for name in FIELDS if name in fields},
    }


def _flag(value: bool) -> str:
    return "1" if value else "0"


def _pair(value: tuple[int, int]) -> str:
    return f"{value[0]}/{value[1]}"


def _short(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:160]


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    return f"{_short(error)} at {last.filename.rpartition('/')[2]}:{last.lineno}"
