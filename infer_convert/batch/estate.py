"""The estate: every file, what became of it, and the clusters; the data behind ``index.html``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infer_convert.batch.shared import Asked, Shared, shared_questions
from infer_convert.batch.sources import Skipped
from infer_convert.errors import ExitCode
from infer_convert.report.json import tool

SCHEMA_VERSION = 1

WRITTEN: tuple[int, ...] = (0, int(ExitCode.BELOW_CONFIDENCE), int(ExitCode.TENSORS_LEFT_OVER))
"""Exit codes with which a model (or, under ``--to report``, a report) was written."""

COLUMNS: tuple[str, ...] = (
    "name", "place", "status", "exit_code", "message", "generation", "kind", "keras_version", "order", "bytes",
    "sha256", "n_layers", "n_tensors", "parameters", "cluster", "family", "confidence", "n_questions", "result",
    "duplicate_of",
)  # fmt: skip
"""Keys of every entry of ``files``, in this order; None where something is not known."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One source with all that is known of it. ``facts`` and ``result`` are records of ``work``."""

    name: str
    place: str
    bytes: int
    sha256: str | None = None
    facts: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    cluster: str | None = None
    family: str | None = None
    key: str | None = None
    duplicate_of: str | None = None

    @property
    def status(self) -> str:
        """``converted``, ``failed``, ``inspected`` or ``pending`` (not reached)."""
        if self.result is not None:
            return "converted" if self.result["exit_code"] in WRITTEN else "failed"
        if self.facts is None:
            return "pending"
        return "inspected" if self.facts["exit_code"] == 0 else "failed"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Files of one structure, the first of which lends its layer names to the questions."""

    id: str
    family: str
    entries: tuple[Entry, ...]
    questions: tuple[Shared, ...]

    @property
    def doubt(self) -> float:
        """Nats that its answers would bring."""
        return sum(question.doubt for question in self.questions)


def clusters_of(entries: Sequence[Entry]) -> tuple[Cluster, ...]:
    """The clusters, those whose questions matter most first, then by size."""
    members: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.cluster is not None:
            members[entry.cluster].append(entry)
    found = []
    for name, group in members.items():
        asked = [
            Asked(
                entry.name,
                tuple(entry.facts["names"]),
                entry.result.get("questions", ()),
                entry.result.get("heard", ()),
            )
            for entry in group
            if entry.facts is not None and entry.result is not None
        ]
        found.append(Cluster(name, str(group[0].family), tuple(group), shared_questions(asked)))
    return tuple(sorted(found, key=lambda item: (-round(item.doubt, 6), -len(item.entries), item.id)))


def row(entry: Entry) -> dict[str, Any]:
    """One line of the estate."""
    facts, result = entry.facts or {}, entry.result or {}
    spoken = result or facts
    values: dict[str, Any] = {
        "name": entry.name,
        "place": entry.place,
        "status": entry.status,
        "exit_code": spoken.get("exit_code"),
        "message": spoken.get("message"),
        "bytes": entry.bytes,
        "sha256": entry.sha256,
        "cluster": entry.cluster,
        "family": entry.family,
        "confidence": result.get("confidence"),
        "n_questions": len(result["questions"]) if "questions" in result else None,
        "result": f"results/{entry.key}" if entry.key and result.get("folder") else None,
        "duplicate_of": entry.duplicate_of,
    }
    return {column: values.get(column, facts.get(column)) for column in COLUMNS}


def index(entries: Sequence[Entry], clusters: Sequence[Cluster], skipped: Iterable[Skipped]) -> dict[str, Any]:
    """``index.json``, schema_version 1. No times in it: the same state gives the same bytes."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": tool(),
        "counts": counts(entries),
        "files": [row(entry) for entry in entries],
        "clusters": [
            {
                "id": cluster.id,
                "family": cluster.family,
                "files": [entry.name for entry in cluster.entries],
                "names_of": cluster.entries[0].name,
                "questions": [
                    {
                        "layer": question.layer,
                        "field": question.field,
                        "values": [{"value": value, "confidence": confidence} for value, confidence in question.values],
                        "files": question.files,
                        "doubt": question.doubt,
                        "pooled": question.pooled,
                    }
                    for question in cluster.questions
                ],
            }
            for cluster in clusters
        ],
        "skipped": [{"name": item.name, "reason": item.reason} for item in skipped],
    }


def counts(entries: Iterable[Entry]) -> dict[str, int]:
    """How many files are in which state, duplicates, and in how many clusters and families."""
    listed = list(entries)
    states = [entry.status for entry in listed]
    return {
        "files": len(listed),
        **{state: states.count(state) for state in ("converted", "inspected", "failed", "pending")},
        "duplicates": sum(entry.duplicate_of is not None for entry in listed),
        "clusters": len({entry.cluster for entry in listed if entry.cluster}),
        "families": len({entry.family for entry in listed if entry.family}),
    }


def write_parquet(rows: Sequence[Mapping[str, Any]], path: Path) -> bool:
    """The files' lines as Parquet; False when pyarrow (extra ``[parquet]``) is not there."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return False
    kinds = {"bytes": "int64", "exit_code": "int64", "n_layers": "int64", "n_tensors": "int64", "parameters": "int64",
             "n_questions": "int64", "confidence": "float64"}  # fmt: skip
    schema = pyarrow.schema([(column, getattr(pyarrow, kinds.get(column, "string"))()) for column in COLUMNS])
    beside = path.with_name(f".{path.name}.new")
    cleaned = [{key: _valid(value) for key, value in line.items()} for line in rows]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(cleaned, schema=schema), beside)
    beside.replace(path)
    return True


def _valid(value: Any) -> Any:
    """Text without lone surrogates, which Parquet cannot hold."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
