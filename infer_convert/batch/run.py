"""A whole batch as one function: gather, identify, read facts, cluster, convert, report."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from infer_convert.batch.answers import Answers, carried, check_answers
from infer_convert.batch.estate import Entry, clusters_of, index, row, write_parquet
from infer_convert.batch.families import Token, cluster_id, families
from infer_convert.batch.identity import digests, facts_key, result_key, stamp
from infer_convert.batch.memory import budget, estimate
from infer_convert.batch.page import page
from infer_convert.batch.pool import Lost, Pool
from infer_convert.batch.progress import Stage, silent
from infer_convert.batch.remote import fingerprint
from infer_convert.batch.shared import agreed, template
from infer_convert.batch.sources import Skipped, Source, gather
from infer_convert.batch.state import State, write_text
from infer_convert.batch.work import DOUBTFUL, Convert, Inspect, Record, Task, failure, work
from infer_convert.errors import ExitCode
from infer_convert.formats import FORMATS
from infer_convert.hints import Hints
from infer_convert.limits import DEFAULT, Limits
from infer_convert.report.json import dumps

READING_SECONDS = 600.0
"""For the facts of one file, unless ``--timeout`` says else: a slow server answers a thousand small requests in it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. ``inspect_only``: facts and clusters, no inference. ``seconds`` bounds one file."""

    paths: tuple[str, ...]
    outdir: Path
    to: tuple[str, ...] = FORMATS
    answers: Answers = field(default_factory=Answers)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_bytes: int | None = None
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    memory: int | None = None
    seconds: float | None = None
    scheduler: str | None = None
    inspect_only: bool = False
    fail_fast: bool = False
    dry_run: bool = False
    limits: Limits = DEFAULT

    @property
    def settings(self) -> dict[str, Any]:
        """The options that change what is written, for the names of results."""
        return {"to": sorted(self.to), "large": self.limits != DEFAULT}


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a run: every entry, and how many conversions and readings this run did itself."""

    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...]
    converted_now: int = 0
    inspected_now: int = 0
    unused: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """CONVERTED when every file is, else SOME_FAILED."""
        good = all(entry.status in ("converted", "inspected") for entry in self.entries)
        return ExitCode.CONVERTED if good else ExitCode.SOME_FAILED


class Engine(Protocol):
    """Where tasks run: ``pool.Pool`` or ``distributed.Cluster``."""

    def run(
        self,
        function: Callable[[Task], Record],
        tasks: Sequence[Task],
        cost: Callable[[Task], int],
        seconds: float | None = None,
    ) -> Generator[tuple[Task, Record | Lost], None, None]:
        """Every task once, with its record or the reason why there is none; ``seconds`` bounds one task."""
        ...

    def close(self) -> None:
        """Let go of the workers."""
        ...


def batch(request: Request, stage: Stage = silent) -> Finished:
    """Carry out a request; continues what an earlier run of the same folder has begun.

    Raises UsageError for paths that name nothing, a folder that holds something else, hints without a cluster, a
    scheduler that does not answer. What is wrong with single files is in the entries.
    """
    sources, skipped = gather(request.paths, request.include, request.exclude, request.max_bytes)
    state = State(request.outdir)
    if request.dry_run:
        return _planned(request, sources, skipped, state)
    state.prepare()
    with state.locked(), _engine(request) as engine:
        state.clean()
        run = _Run(request, state, engine, stage, sources)
        run.identify()
        run.inspect()
        run.name_results()
        if not request.inspect_only and not run.stopped:
            run.convert()
        return run.report(skipped)


@contextmanager
def _engine(request: Request) -> Iterator[Engine]:
    made: Engine
    if request.scheduler is not None:
        from infer_convert.batch.distributed import Cluster

        made = Cluster(request.scheduler)
    else:
        made = Pool(request.jobs, request.memory or budget())
    with closing(made):
        yield made


def _planned(request: Request, sources: Sequence[Source], skipped: tuple[Skipped, ...], state: State) -> Finished:
    """What a run would find done already; reads digests' memory, writes nothing."""
    run = _Run(request, state, None, silent, sources)
    run.identify(keep=False)
    run.inspect()
    run.name_results(strict=False)
    return Finished(run.entries(), skipped)


_Outcomes = closing[Generator[tuple[Task, Record | Lost], None, None]]


class _Run:
    """The stages of one run, in the order of ``batch``."""

    def __init__(
        self, request: Request, state: State, engine: Engine | None, stage: Stage, sources: Sequence[Source]
    ) -> None:
        self.request, self.state, self.engine, self.stage, self.sources = request, state, engine, stage, sources
        self.known = state.digests()
        self.marks: dict[str, str | None] = {}
        self.sha: dict[str, str | None] = {}
        self.facts: dict[str, Record] = {}
        self.results: dict[str, Record] = {}
        self.keys: dict[str, str | None] = {}
        self.hints: dict[str, Hints] = {}
        self.cluster: dict[str, str] = {}
        self.family: Mapping[str, str] = {}
        self.done = Counter[str]()
        self.stopped = False

    def identify(self, keep: bool = True) -> None:
        """Digests of local files; of remote ones only those that earlier runs have seen."""
        found = digests([source for source in self.sources if not source.remote], self.known)
        for source in self.sources:
            mark, sha = found[source.place] if not source.remote else (stamp(source), None)
            self.marks[source.name] = mark
            self.sha[source.name] = sha or (self.known.get(mark) if mark else None)
            if mark and self.sha[source.name]:
                self.known[mark] = str(self.sha[source.name])
        if keep:
            self.state.keep_digests(self.known)

    def _content(self, source: Source) -> str:
        """What the facts are filed under: a digest, or what is known of a remote file without fetching it."""
        if source.remote:
            return fingerprint(source.place, source.bytes, source.tag)
        return self.sha[source.name] or f"unreadable {source.place}"

    def _facts_key(self, source: Source) -> str:
        return facts_key(self._content(source), self.request.settings["large"])

    def inspect(self) -> None:
        """Facts of every content that has none yet."""
        tasks: dict[str, Inspect] = {}
        for source in self.sources:
            key = self._facts_key(source)
            record = self.state.record("facts", key)
            if record is not None and (not source.remote or source.tag is not None) and not _again(record):
                self.facts[key] = record
            else:
                request = self.request
                tasks.setdefault(key, Inspect(
                    key, source.name, source.place, source.bytes, source.remote, self.state.folder, request.limits,
                ))  # fmt: skip
        if self.engine is None:
            return
        step = self.stage("reading", len(tasks))
        seconds = self.request.seconds or READING_SECONDS
        with closing(
            self.engine.run(work, tuple(tasks.values()), lambda task: estimate(task.bytes, False), seconds)
        ) as done:
            for task, outcome in done:
                assert isinstance(task, Inspect)
                self.facts[task.key] = self._recorded("facts", task, task.key, outcome)
                self.done["inspected"] += 1
                step(task.name)
                if self.request.fail_fast and self.facts[task.key]["exit_code"] != 0:
                    self.stopped = True
                    return

    def _working(self, tasks: Mapping[str, Task], builds: bool, seconds: float | None) -> _Outcomes:
        assert self.engine is not None

        def cost(task: Task) -> int:
            return estimate(task.bytes, builds)

        return closing(self.engine.run(work, tuple(tasks.values()), cost, seconds))

    def _recorded(self, kind: Any, task: Task, key: str | None, outcome: Record | Lost) -> Record:
        if not isinstance(outcome, Lost):
            return outcome
        record = failure(task, f"{task.name} was given up: {outcome.reason}")
        if key is not None:
            self.state.keep(kind, key, record)
        return record

    def _facts_of(self, source: Source) -> Record | None:
        return self.facts.get(self._facts_key(source))

    def name_results(self, strict: bool = True) -> None:
        """Clusters, each file's hints, and from both the name of its result."""
        structures: dict[str, Sequence[Token]] = {}
        members: dict[str, list[Source]] = {}
        for source in self.sources:
            facts = self._facts_of(source)
            if facts is not None and facts["exit_code"] == 0:
                structure = _structure(facts)
                name = self.cluster[source.name] = cluster_id(structure)
                structures[name] = structure
                members.setdefault(name, []).append(source)
        self.family = families(structures, {name: len(group) for name, group in members.items()}).of
        if strict:
            check_answers(self.request.answers, [*self.family, *self.family.values()])
        for source in self.sources:
            hints = self.request.answers.common
            cluster = self.cluster.get(source.name)
            if cluster is not None:
                spoken = self._facts_of(members[cluster][0])
                own = self._facts_of(source)
                assert spoken is not None and own is not None
                hints = carried(self.request.answers.of(cluster, self.family[cluster]), spoken["names"], own["names"])
            self.hints[source.name] = hints
            sha = self.sha[source.name]
            key = self.keys[source.name] = result_key(sha, self.request.settings, hints) if sha else None
            record = self.state.record("results", key) if key else None
            if key and record is not None and not _again(record):
                self.results[key] = record

    def convert(self) -> None:
        """Every result that is not there yet, once."""
        request = self.request
        tasks: dict[str, Convert] = {}
        for source in self.sources:
            facts = self._facts_of(source)
            if facts is None or facts["exit_code"] != 0:
                continue
            key = self.keys[source.name]
            if key is None or (key not in self.results and key not in tasks):
                tasks[key or source.name] = Convert(
                    key, source.name, source.place, source.bytes, source.remote, self.state.folder, request.to,
                    self.hints[source.name], request.settings, request.limits,
                )  # fmt: skip
        step = self.stage("converting", len(tasks))
        marks = {source.name: self.marks[source.name] for source in self.sources}
        with self._working(tasks, set(request.to) != {"report"}, request.seconds) as done:
            for task, outcome in done:
                assert isinstance(task, Convert)
                record = dict(self._recorded("results", task, task.key, outcome))
                key, sha = record.pop("key", task.key), record.pop("sha256", None)
                mark = marks[task.name]
                if sha is not None:
                    self.sha[task.name] = sha
                    if mark is not None:
                        self.known[mark] = sha
                        self.state.keep_digests(self.known)
                self.keys[task.name] = key or task.name
                self.results[key or task.name] = record
                self.done["converted"] += 1
                step(task.name)
                if request.fail_fast and record["exit_code"] not in (0, 7, 8):
                    return

    def entries(self) -> tuple[Entry, ...]:
        """Every source with what is known now."""
        first: dict[str, str] = {}
        found = []
        for source in self.sources:
            key, cluster = self.keys.get(source.name), self.cluster.get(source.name)
            same = first.setdefault(self.sha[source.name] or source.name, source.name)
            found.append(
                Entry(
                    source.name,
                    source.place,
                    source.bytes,
                    self.sha[source.name] or None,
                    self._facts_of(source),
                    None if key is None or self.request.inspect_only else self.results.get(key),
                    cluster,
                    self.family.get(cluster) if cluster else None,
                    key,
                    same if same != source.name else None,
                )
            )
        return tuple(found)

    def report(self, skipped: tuple[Skipped, ...]) -> Finished:
        """Write links, questions and the estate; the index is renamed into place last."""
        entries = self.entries()
        clusters = clusters_of(entries)
        folder = self.state.folder
        written = {entry.name: entry.key for entry in entries if entry.key and (entry.result or {}).get("folder")}
        self.state.link(written)
        questions, pooled = folder / "questions", folder / "pooled"
        for place in (questions, pooled):
            place.mkdir(exist_ok=True)
        for path in questions.glob("c*.toml"):  # not the pooled ones: they may be the hints of this very run
            path.unlink()
        for cluster in clusters:
            first, name = cluster.entries[0].name, f"{cluster.id}.toml"
            if cluster.questions:
                write_text(questions / name, template(cluster.id, first, len(cluster.entries), cluster.questions))
            if text := agreed(cluster.questions, DOUBTFUL):
                write_text(pooled / name, f"{text}\n")
        write_parquet([row(entry) for entry in entries], folder / "index.parquet")
        write_text(folder / "index.html", page(entries, clusters, skipped, not self.request.inspect_only))
        write_text(folder / "index.json", dumps(index(entries, clusters, skipped)))
        unused = tuple(self.state.unused(key for key in written.values() if key))
        return Finished(entries, skipped, self.done["converted"], self.done["inspected"], unused)


def _again(record: Mapping[str, Any]) -> bool:
    """Our own failures and dead workers are tried anew by the next run."""
    return bool(record["exit_code"] == ExitCode.BUG)


def _structure(facts: Mapping[str, Any]) -> tuple[Token, ...]:
    return tuple((name, tuple(tuple(shape) for shape in shapes)) for name, shapes in facts["structure"])
