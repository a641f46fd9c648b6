"""Questions that the files of one cluster share, and the files of answers that wait to be edited."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infer_convert.batch.answers import translated
from infer_convert.hints import toml_key, toml_value
from infer_convert.report.text import visible


@dataclass(frozen=True, slots=True)
class Asked:
    """One file's open questions: its layer names and the records of ``work.questions``."""

    file: str
    names: tuple[str, ...]
    questions: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Shared:
    """One question of a cluster, in the layer names of its first file.

    ``values`` are all chosen values and alternatives with the mean confidence over the files that ask, best first;
    ``doubt`` is what answering it is worth: the sum over files of -log(confidence), in nats.
    """

    layer: str
    field: str
    values: tuple[tuple[Any, float], ...]
    files: int
    doubt: float

    @property
    def confidence(self) -> float:
        """Of the best value."""
        return self.values[0][1]


def shared_questions(asked: Sequence[Asked]) -> tuple[Shared, ...]:
    """The questions of files of one cluster, those that matter most first. Values are compared as JSON."""
    if not asked:
        return ()
    spoken = asked[0].names
    weights: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    counts: Counter[tuple[str, str]] = Counter()
    doubts: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in asked:
        names = dict(zip(one.names, spoken, strict=False)) if len(one.names) == len(spoken) else {}
        for question in one.questions:
            layer, name = question["layer"], question["field"]
            key = (translated("inbound", layer, names), name)
            counts[key] += 1
            doubts[key].append(-math.log(max(question["confidence"], 1e-6)))
            for value, confidence in [[question["value"], question["confidence"]], *question["alternatives"]]:
                weights[key][json.dumps(translated(name, value, names), sort_keys=True)] += confidence
    found = [
        Shared(
            layer,
            name,
            tuple(
                (json.loads(value), total / counts[layer, name])
                for value, total in sorted(weights[layer, name].items(), key=lambda item: (-item[1], item[0]))
            ),
            counts[layer, name],
            math.fsum(doubts[layer, name]),
        )
        for layer, name in counts
    ]
    return tuple(sorted(found, key=lambda item: (-item.doubt, item.layer, item.field)))


def template(cluster: str, first: str, files: int, questions: Sequence[Shared]) -> str:
    """A hints file in which every answer is a comment: remove the ``#`` of those that are known."""
    lines = [
        f"# Cluster {cluster}: {files} files, in the layer names of {visible(first)}.",
        "# Remove the # before a table and the line that is right, then run the batch again with",
        f"#   --hints {cluster}=THIS_FILE      (or --hints FOLDER, with this file in it under its name)",
        "# Each answer then holds for every file of the cluster.",
    ]
    by_layer: dict[str, list[Shared]] = defaultdict(list)
    for question in questions:
        by_layer[question.layer].append(question)
    for layer, asked in by_layer.items():
        lines += ["", f"# [{toml_key(layer)}]"]
        for question in asked:
            lines += [
                f"# {toml_key(question.field)} = {toml_value(value)}   # {confidence:.0%} in {question.files} files"
                for value, confidence in question.values[:5]
            ]
    return "\n".join(lines) + "\n"
