"""What a worker does with one file: read its facts, or convert it. Pure requests in, plain records out.

Runs in a process of the pool or of a Dask worker; imports TensorFlow only when a model is to be built, once.
"""

from __future__ import annotations

import math
import tempfile
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infer_convert.batch import remote
from infer_convert.batch.families import tokens
from infer_convert.batch.identity import result_key
from infer_convert.batch.pooling import CLUE
from infer_convert.batch.sources import gather
from infer_convert.batch.state import State
from infer_convert.errors import ExitCode, InferConvertError, UsageError
from infer_convert.facts import WeightFile
from infer_convert.hints import Hints
from infer_convert.limits import DEFAULT, Limits
from infer_convert.pipeline import Options, convert, inspect
from infer_convert.plan import Basis, Decision
from infer_convert.processes.digest import sha256
from infer_convert.report.document import Document, count_layers
from infer_convert.report.json import plain

Record = dict[str, Any]
"""JSON values only: what is kept under ``.batch``."""

DOUBTFUL = 0.9
"""Decisions below this confidence are questions (as ``--min-confidence``'s default)."""
_ONE_AT_A_TIME = threading.Lock()
"""Keras' global state is not made for threads, which Dask workers use."""


@dataclass(frozen=True, slots=True)
class Inspect:
    """Read one file's facts and keep them under ``key``."""

    key: str
    name: str
    place: str
    bytes: int
    remote: bool
    outdir: Path
    limits: Limits = DEFAULT


@dataclass(frozen=True, slots=True)
class Convert:
    """Convert one file. ``key`` names the result; None for a remote file whose content is not known yet."""

    key: str | None
    name: str
    place: str
    bytes: int
    remote: bool
    outdir: Path
    to: tuple[str, ...]
    hints: Hints = field(default_factory=Hints)
    settings: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = DEFAULT


Task = Inspect | Convert


def work(task: Task) -> Record:
    """Do one task and keep its record; failures are records too. Nothing is raised but for a full or broken disk."""
    state = State(task.outdir)
    with _ONE_AT_A_TIME:
        if isinstance(task, Inspect):
            return _kept_facts(task, state)
        with tempfile.TemporaryDirectory(prefix="fetch.", dir=state.private) as folder:
            return _kept_result(task, state, Path(folder))


def failure(task: Task, message: str, code: int = int(ExitCode.BUG)) -> Record:
    """The record of a task that could not be finished."""
    return {"exit_code": code, "message": " ".join(message.split()), "folder": False, "source": task.name}


def _kept_facts(task: Inspect, state: State) -> Record:
    try:
        record = _facts(task)
    except InferConvertError as error:
        record = failure(task, str(error), int(error.exit_code))
    except Exception as error:
        record = failure(task, f"{type(error).__name__}: {error}") | {"traceback": _trace(error)}
    state.keep("facts", task.key, record)
    return record


def _facts(task: Inspect) -> Record:
    if not task.remote:
        return summary(inspect(Path(task.place), limits=task.limits))
    facts, fetched = remote_facts(task.place, task.name, task.bytes, State(task.outdir).private, task.limits)
    return summary(facts) | {"fetched_bytes": fetched}


def remote_facts(
    url: str, name: str, size: int, folder: Path | None, limits: Limits, digest: bool = False
) -> tuple[WeightFile, int]:
    """The facts of a remote file of ``size`` bytes, and how many of these were fetched: a part where the server sends
    parts and no digest is wanted, else all into a folder of its own inside ``folder``. Raises UnreadableFile and
    RefusedForSafety."""
    if remote.is_ranged(url, size) and not digest:
        from infer_convert.sandbox import read

        with remote.opened(url, size) as stream:
            return read(name, limits=limits, remote=stream), remote.fetched_bytes(stream)
    with tempfile.TemporaryDirectory(prefix="fetch.", dir=folder) as inner:
        path = Path(inner, Path(name).name)
        remote.fetch(url, path)
        return inspect(path, digest, limits), size


def inspect_url(url: str, digest: bool, limits: Limits) -> WeightFile:
    """``pipeline.inspect`` for one remote file. Raises UsageError when there is nothing or more than one file."""
    sources, _ = gather([url])
    if len(sources) != 1:
        raise UsageError(f"expected one weight file at {url}, found {len(sources)}; use batch --inspect-only")
    source = sources[0]
    return remote_facts(source.place, source.name, source.bytes, None, limits, digest)[0]


def summary(facts: WeightFile) -> Record:
    """What the estate report and the clusters need of a file's facts (about a tenth of them)."""
    return {
        "exit_code": 0,
        "message": None,
        "folder": False,
        "generation": facts.generation,
        "layout": facts.layout,
        "kind": facts.kind,
        "order": facts.order,
        "keras_version": facts.keras_version,
        "backend": facts.backend,
        "stored_config": facts.model_config is not None,
        "n_layers": count_layers(facts.layers),
        "n_tensors": sum(1 for _ in facts.all_tensors()),
        "parameters": sum(tensor.size for tensor in facts.all_tensors()),
        "structure": [[name, [list(shape) for shape in shapes]] for name, shapes in tokens(facts)],
        "names": [layer.name for layer in facts.layers],
        "warnings": list(facts.warnings),
    }


def _kept_result(task: Convert, state: State, folder: Path) -> Record:
    path, content = Path(task.place), None
    try:
        if task.remote:
            path = folder / Path(task.name).name
            remote.fetch(task.place, path)
            content = sha256(path)
            task = replace(task, key=result_key(content, task.settings, task.hints))
        assert task.key is not None
        record = state.record("results", task.key)
        if record is None or record["exit_code"] == ExitCode.BUG:
            record = _converted(task, path, state)
            state.keep("results", task.key, record)
    except InferConvertError as error:
        record = failure(task, str(error), int(error.exit_code))
    return record | {"key": task.key, "sha256": content}


def _converted(task: Convert, path: Path, state: State) -> Record:
    assert task.key is not None
    _forget(task.to)
    target = state.results / task.key
    try:
        outcome = convert(Options(path, target, force=True, to=task.to, hints=task.hints, limits=task.limits))
    except InferConvertError as error:
        return failure(task, str(error), int(error.exit_code))
    except Exception as error:
        return failure(task, f"{type(error).__name__}: {error}") | {"traceback": _trace(error)}
    return {
        "exit_code": int(outcome.exit_code),
        "message": outcome.message,
        "folder": True,
        "source": task.name,
        "confidence": outcome.document.confidence,
        "questions": questions(outcome.document),
        "heard": heard(outcome.document),
    }


def questions(document: Document) -> list[Record]:
    """The open decisions of one file, the least certain first."""
    return [_decision(question.layer, question.decision) for question in document.questions(below=DOUBTFUL)]


def heard(document: Document) -> list[Record]:
    """The decisions, certain ones too, about which the file's trained numbers had something to say, and how much."""
    found = []
    for layer in document.layers:
        for decision in layer.decisions:
            said = [item.weight for item in decision.evidence if item.clue.startswith(CLUE)]
            if said and decision.basis is Basis.INFERRED:
                found.append(_decision(layer.name, decision) | {"nats": math.fsum(said)})
    return found


def _decision(layer: str, decision: Decision) -> Record:
    made: Record = plain({
        "layer": layer,
        "field": decision.field,
        "value": decision.value,
        "confidence": decision.confidence,
        "alternatives": [[item.value, item.confidence] for item in decision.alternatives[:5]],
    })  # fmt: skip
    return made


def _forget(to: tuple[str, ...]) -> None:
    """Start from a clean Keras: no memory of the last model, names that count from one."""
    if set(to) != {"report"}:
        from infer_convert.build.engine import forget

        forget()


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))[-8000:]
