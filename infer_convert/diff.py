"""``infer-convert diff A B``: two results, weight files or model configs, layer beside layer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from infer_convert.aligned import Pair, Row, aligned, rows_of_plan, rows_of_report
from infer_convert.errors import InferConvertError, UsageError
from infer_convert.facts import WeightFile
from infer_convert.report.json import plain
from infer_convert.report.text import shown, visible

IN_FOLDER = ("report.json", "model.keras")
"""What a result folder is read from; those under ``alternatives/`` have no report of their own."""


def layers_of(path: Path) -> tuple[Row, ...]:
    """The architecture in ``path``: a result folder, its report.json, a model config as JSON, or a weight file
    (a ``.keras`` archive or full HDF5 file serves as reference model).

    Raises UsageError when it is none of these, and what reading and inferring a weight file raises.
    """
    if path.is_dir():
        path = next((path / name for name in IN_FOLDER if (path / name).is_file()), path)
    if not path.is_file():
        raise UsageError(f"diff: there is no result, config or weight file {path}")
    if path.suffix != ".json" or path.name.endswith(".weights.json"):
        from infer_convert.infer import infer
        from infer_convert.sandbox import open_tensors, read

        facts = read(path)
        with open_tensors(path) as store:
            return rows_of_plan(infer(facts, None, store).best)
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(data, dict) and "architecture" in data:
            return rows_of_report(data)
        if isinstance(data, dict) and "config" in data:
            return _of_config(data, path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"diff {path}: {error}") from error
    raise UsageError(f"diff {path}: expected a report.json or a model config, found neither architecture nor config")


def _of_config(config: dict[str, Any], path: Path) -> tuple[Row, ...]:
    """What a stored config lists, without asking whether its tensors are there."""
    from infer_convert.configs import plan_from_config

    facts = WeightFile(path.name, 0, "keras3", "config", "full", "lost", (), model_config=config)
    try:
        return rows_of_plan(plan_from_config(facts).best)
    except InferConvertError:
        return tuple(_listed(config, ""))


def _listed(config: dict[str, Any], prefix: str) -> Iterator[Row]:
    """The layers as the config spells them; wiring of the form ``inbound_nodes`` is followed where it is plain."""
    inner = config["config"]
    layers = inner if isinstance(inner, list) else inner["layers"]
    before: str | None = None
    for layer in layers:
        own = layer.get("config", {})
        name = prefix + str(layer.get("name") or own.get("name"))
        nodes = layer.get("inbound_nodes")
        calls = tuple(tuple(prefix + found for found in _names(node)) for node in nodes or ())
        if nodes is None and before is not None:
            calls = ((before,),)
        flat = {key: value for key, value in own.items() if key != "layers"}
        yield Row(name, str(layer["class_name"]), flat, calls)
        if "layers" in own:
            yield from _listed(layer, f"{name}/")
        before = name


def _names(node: Any) -> list[str]:
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            return [str(node["config"]["keras_history"][0])]
        return [name for value in node.values() for name in _names(value)]
    if isinstance(node, list):
        if node and isinstance(node[0], str) and len(node) > 1 and isinstance(node[1], int):
            return [node[0]]
        return [name for value in node for name in _names(value)]
    return []


def difference(one: Path, other: Path) -> tuple[Pair, ...]:
    """The aligned layers of two architectures."""
    return aligned(layers_of(one), layers_of(other))


def lines(pairs: Sequence[Pair], everything: bool = False) -> Iterator[str]:
    """The differences as text: ``-`` left alone, ``+`` right alone, ``~`` differs; equal layers only when asked."""
    for pair in pairs:
        if pair.left is None and pair.right is not None:
            yield f"+ {_title(pair.right)}"
        elif pair.right is None and pair.left is not None:
            yield f"- {_title(pair.left)}"
        elif pair.left is not None and pair.right is not None and (pair.differs or everything):
            renamed = "" if pair.left.name == pair.right.name else f" | {visible(pair.right.name)}"
            fields = "; ".join(f"{visible(key)} {shown(a)} | {shown(b)}" for key, a, b in pair.differs)
            yield f"{'~' if pair.differs else '='} {_title(pair.left)}{renamed}{': ' if fields else ''}{fields}"
    left, right = sum(p.left is not None for p in pairs), sum(p.right is not None for p in pairs)
    same, both = sum(p.same for p in pairs), sum(p.left is not None and p.right is not None for p in pairs)
    yield (
        f"{left} layers | {right} layers: {same} the same, {both - same} differ, {left - both} only in the first,"
        f" {right - both} only in the second"
    )


def _title(row: Row) -> str:
    return visible(f"{row.name} ({row.class_name})")


def as_json(pairs: Sequence[Pair]) -> dict[str, Any]:
    """The same as JSON values."""
    made: dict[str, Any] = plain({
        "layers": [
            {"left": pair.left.name if pair.left else None, "right": pair.right.name if pair.right else None,
             "differs": [{"field": key, "left": a, "right": b} for key, a, b in pair.differs]}
            for pair in pairs
        ]
    })  # fmt: skip
    return made
