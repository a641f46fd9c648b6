"""Questions that the files of one cluster share, and the files of answers that wait to be edited."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infer_convert.batch.answers import translated
from infer_convert.batch.pooling import pooled, voice
from infer_convert.hints import toml_key, toml_value
from infer_convert.report.text import visible


@dataclass(frozen=True, slots=True)
class Asked:
    """One file: its layer names, and the records of ``work.questions`` and ``work.heard``."""

    file: str
    names: tuple[str, ...]
    questions: Sequence[Mapping[str, Any]]
    heard: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Shared:
    """One question of a cluster, in the layer names of its first file.

    ``values`` are all chosen values and alternatives, best first, with the belief of ``pooled`` checkpoints together
    or, where that is 0, with the mean confidence over the files that ask. ``files`` ask; ``doubt`` is what answering
    it is worth: the sum over these files of -log(confidence), in nats.
    """

    layer: str
    field: str
    values: tuple[tuple[Any, float], ...]
    files: int
    doubt: float
    pooled: int = 0

    @property
    def confidence(self) -> float:
        """Of the best value."""
        return self.values[0][1]


_Key = tuple[str, str]


def shared_questions(asked: Sequence[Asked]) -> tuple[Shared, ...]:
    """The questions of files of one cluster, those that matter most first. Values are compared as JSON."""
    asking: dict[_Key, list[Mapping[str, Any]]] = defaultdict(list)
    hearing: dict[_Key, list[Mapping[str, Any]]] = defaultdict(list)
    for one in asked:
        same = len(one.names) == len(asked[0].names)
        names = dict(zip(one.names, asked[0].names, strict=True)) if same else {}
        for kept, decisions in ((asking, one.questions), (hearing, one.heard)):
            for decision in decisions:
                kept[translated("inbound", decision["layer"], names), decision["field"]].append(
                    _spoken(decision, names)
                )
    found = []
    for (layer, name), questions in asking.items():
        together = pooled([voice(decision) for decision in hearing[layer, name]])
        belief = together or _mean(questions)
        sure = [question["confidence"] if together is None else next(iter(belief.values())) for question in questions]
        found.append(
            Shared(
                layer,
                name,
                tuple((json.loads(value), share) for value, share in belief.items()),
                len(questions),
                math.fsum(-math.log(max(value, 1e-6)) for value in sure),
                len(hearing[layer, name]) if together else 0,
            )
        )
    return tuple(sorted(found, key=lambda item: (-item.doubt, item.layer, item.field)))


def _spoken(decision: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A decision with the layers that its values name renamed."""
    name = decision["field"]
    others = [[translated(name, value, names), share] for value, share in decision["alternatives"]]
    return {**decision, "value": translated(name, decision["value"], names), "alternatives": others}


def _mean(questions: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Mean confidence by value, best first."""
    weights: Counter[str] = Counter()
    for question in questions:
        for value, confidence in [[question["value"], question["confidence"]], *question["alternatives"]]:
            weights[json.dumps(value, sort_keys=True)] += confidence
    ordered = sorted(weights, key=lambda value: (-weights[value], value))
    return {value: weights[value] / len(questions) for value in ordered}


def agreed(questions: Sequence[Shared], least: float) -> str:
    """The hints that pooled checkpoints agree on with at least this confidence; empty when there are none."""
    by_layer: dict[str, list[str]] = defaultdict(list)
    for question in questions:
        if question.pooled and question.confidence >= least:
            table, line = _answer(question, question.values[0][0])
            by_layer[table].append(f"{line}   # {question.confidence:.1%}, {question.pooled} checkpoints")
    return "\n\n".join("\n".join([f"[{toml_key(layer)}]", *lines]) for layer, lines in by_layer.items())


def template(cluster: str, first: str, files: int, questions: Sequence[Shared]) -> str:
    """A hints file in which every answer is a comment: remove the ``#`` of those that are known."""
    lines = [
        f"# Cluster {cluster}: {files} files, in the layer names of {visible(first)}.",
        "# Remove the # before a table and the line that is right, then run the batch again with",
        f"#   --hints {cluster}=THIS_FILE      (or --hints FOLDER, with this file in it under its name)",
        "# Each answer then holds for every file of the cluster.",
    ]
    tables: dict[str, list[str]] = defaultdict(list)
    for question in questions:
        for value, confidence in question.values[:5]:
            table, line = _answer(question, value)
            tables[table].append(f"# {line}   # {confidence:.0%} {_said(question)}")
    for table, answers in tables.items():
        lines += ["", f"# [{toml_key(table)}]", *answers]
    return "\n".join(lines) + "\n"


def _answer(question: Shared, value: Any) -> tuple[str, str]:
    """Table and line of a hints file. An input's shape stands there without its batch axis, under ``input_shape``."""
    if question.field == "batch_shape" and isinstance(value, list) and value:
        sizes = ["?" if size is None else size for size in value[1:]]
        return "input_shape", f"{toml_key(question.layer)} = {toml_value(sizes)}"
    return question.layer, f"{toml_key(question.field)} = {toml_value(value)}"


def _said(question: Shared) -> str:
    said = f"in {question.files} files"
    return f"{said}, the numbers of {question.pooled} checkpoints together" if question.pooled else said
