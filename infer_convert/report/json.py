"""The document as ``report.json``, schema_version 1; ``schema.json`` beside this file describes it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib import resources
from typing import Any

from infer_convert import __version__
from infer_convert.facts import WeightFile
from infer_convert.outcome import Verification
from infer_convert.plan import Decision, InputStatistics, WeightUse
from infer_convert.report.document import Document, LayerEntry, count_layers

SCHEMA_VERSION = 1


def report(document: Document) -> dict[str, Any]:
    """The report as JSON values; no NaN or infinity in it."""
    made: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": tool(),
        "source": source(document.facts),
        "confidence": document.confidence,
        "architecture": {
            "inputs": list(document.inputs),
            "outputs": list(document.outputs),
            "layers": [_layer(layer) for layer in document.layers],
        },
        "alternatives": [
            {
                "rank": item.rank,
                "confidence": item.confidence,
                "differs": [{"layer": d.layer, "field": d.field, "value": d.value} for d in item.differs],
            }
            for item in document.alternatives
        ],
        "verification": _verification(document.verification) if document.verification else None,
        "input_statistics": _input_statistics(document.input_statistics),
        "left_over": [{"source": item.path, "reason": item.reason} for item in document.left_over],
        "notes": list(document.notes),
        "rewrites": list(document.rewrites),
    }
    if document.failure is not None:
        failure = document.failure
        made["failure"] = {
            "exit_code": failure.exit_code,
            "message": failure.message,
            "causes": list(failure.causes),
            "conflicts": [
                {
                    "layer": each.layer,
                    "field": each.field,
                    "config": each.config,
                    "weights": each.weights,
                    "tensors": list(each.tensors),
                    "answer": each.answer,
                }
                for each in failure.conflicts
            ],
            "asks": [{"question": each.question, "option": each.option} for each in failure.asks],
        }
    clean: dict[str, Any] = plain(made)
    return clean


def dumps(value: Mapping[str, Any]) -> str:
    """JSON text with a final newline."""
    return json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema that ships with the package."""
    loaded: dict[str, Any] = json.loads((resources.files(__package__) / "schema.json").read_text(encoding="utf-8"))
    return loaded


def tool() -> dict[str, str]:
    """Who wrote the report."""
    return {"name": "infer-convert", "version": __version__}


def source(facts: WeightFile) -> dict[str, Any]:
    """What the file is."""
    return {
        "file": facts.file,
        "sha256": facts.sha256,
        "generation": facts.generation,
        "kind": facts.kind,
        "keras_version": facts.keras_version,
        "backend": facts.backend,
        "order": facts.order,
        "n_layers": count_layers(facts.layers),
        "n_tensors": sum(1 for _ in facts.all_tensors()),
        "bytes": facts.bytes,
    }


def _input_statistics(found: InputStatistics | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"range": found.range, "channel_means": list(found.means)}


def _layer(layer: LayerEntry) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": layer.name,
        "class_name": layer.class_name,
        "config": dict(layer.config),
        "inbound": [list(operands) for operands in layer.inbound],
        "weights": [_weight(use) for use in layer.weights],
        "decisions": [_decision(decision) for decision in layer.decisions],
    }
    if layer.hidden:
        made["hidden"] = True
    if layer.parent is not None:
        made["parent"] = layer.parent
    if layer.inputs:
        made["inputs"], made["outputs"] = list(layer.inputs), list(layer.outputs)
    return made


def _weight(use: WeightUse) -> dict[str, Any]:
    made: dict[str, Any] = {
        "source": use.sources[0],
        "role": use.role,
        "shape": list(use.shape),
        "dtype": use.dtype,
        "transforms": list(use.transforms),
        "variable": use.variable,
    }
    if len(use.sources) > 1:
        made["sources"] = list(use.sources)
    return made


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "field": decision.field,
        "value": decision.value,
        "confidence": decision.confidence,
        "basis": str(decision.basis),
        "alternatives": [{"value": option.value, "confidence": option.confidence} for option in decision.alternatives],
        "evidence": [{"clue": e.clue, "weight": e.weight, "because": e.because} for e in decision.evidence],
        "motif": decision.motif,
    }


def _verification(verification: Verification) -> dict[str, Any]:
    return {
        "tensors_assigned": verification.tensors_assigned,
        "tensors_total": verification.tensors_total,
        "bit_exact": verification.bit_exact,
        "order_reproduced": verification.order_reproduced,
        "unassigned": list(verification.unassigned),
        "savedmodel_max_abs_diff": verification.savedmodel_max_abs_diff,
        "warnings": list(verification.warnings),
        **({"other_max_abs_diffs": dict(others)} if (others := verification.other_max_abs_diffs) else {}),
    }


def plain(value: Any) -> Any:
    """JSON values only: tuples as lists, NaN and infinities as null, anything else as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)
