"""File -> facts -> inference -> model -> OUT: what the command line does, as one function.

TensorFlow is imported only when a model is to be built.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from infer_convert import kept
from infer_convert.errors import ExitCode, InferConvertError, NoArchitecture, UsageError, VerificationFailed
from infer_convert.facts import WeightFile
from infer_convert.formats import FORMATS
from infer_convert.hints import Hints
from infer_convert.inference import Inference
from infer_convert.limits import DEFAULT, Limits
from infer_convert.outcome import TITLES, Verification, compared
from infer_convert.plan import Plan
from infer_convert.processes.digest import Digest
from infer_convert.publish import check_target, published
from infer_convert.report.document import Document, document
from infer_convert.report.json import dumps, report

if TYPE_CHECKING:
    from infer_convert.aside import Aside
    from infer_convert.build.assign import TensorStore
    from infer_convert.build.examples import Examples

MOST_TRIES = 60
"""Models that are built to please the examples, beside the plans themselves."""
AGREES = 1e-5
"""Mean absolute error of outputs that counts as the same function."""
IMPROVES = 0.9
"""A changed answer is kept when it brings the error below this part of what it was."""

Progress = Callable[[str], None]
Searches = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """A request. ``to`` may hold ``report`` alone: infer and report without TensorFlow. ``own_process``: the process
    ends with this conversion (the command line), so that Keras may start without what other work would need."""

    file: Path
    output: Path | None = None
    force: bool = False
    to: tuple[str, ...] = FORMATS
    hints: Hints = field(default_factory=Hints)
    top: int = 1
    strict: bool = False
    min_confidence: float = 0.9
    examples: Path | None = None
    custom_objects: tuple[str, ...] = ()
    limits: Limits = DEFAULT
    own_process: bool = False

    @property
    def target(self) -> Path:
        """OUT: the given folder, or ``<stem>.converted`` in the current one."""
        return self.output if self.output is not None else Path(f"{self.file.stem}.converted")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the document, OUT, the exit code and, unless it is 0, the line for standard error."""

    document: Document
    folder: Path
    exit_code: ExitCode
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """One plan as a verified model; ``rank`` counts from 1."""

    plan: Plan
    model: Any
    verification: Verification
    rank: int


def inspect(file: Path, digest: bool = False, limits: Limits = DEFAULT) -> WeightFile:
    """The facts alone. Raises UsageError when there is no such file, UnreadableFile when it is no weight file."""
    from infer_convert.sandbox import read

    if not file.is_file():
        raise UsageError(f"there is no file {file}")
    facts: WeightFile = read(file, digest=digest, limits=limits)
    return facts


def convert(options: Options, progress: Progress = lambda stage: None) -> Outcome:
    """Convert one file into OUT.

    When no architecture satisfies the file or the verification fails, OUT holds the report alone and the outcome says
    so; other failures raise from the tree in ``errors.py`` and write nothing.
    """
    check_target(options.target, options.force, options.file)
    if options.examples is not None and set(options.to) == {"report"}:
        raise UsageError("--examples are run through models, and --to report builds none")
    customs = _custom_objects(options.custom_objects, options.own_process)
    builds = set(options.to) != {"report"}
    inference: Inference | None = None
    from infer_convert.aside import Aside, worthwhile
    from infer_convert.sandbox import open_tensors
    from infer_convert.unheard import check_heard  # `inspect` needs nothing of stored configs

    with Aside() if builds and worthwhile() else nullcontext() as aside:
        progress("reading")
        if aside is not None:
            from infer_convert.build.engine import prepare

            Thread(target=prepare, daemon=True).start()
        facts = inspect(options.file, False, options.limits)
        digest = Digest(options.file)
        hints = replace(options.hints, customs=frozenset(customs))
        try:
            with open_tensors(options.file, limits=options.limits, facts=facts) as store:
                progress("inferring")
                if aside is None:
                    digest.begin()
                inference, searches = _inferred(options, facts, hints, store, aside)
                digest.begin()  # with a process aside no processor was idle before
                notes = check_heard(inference, hints)
                inference = replace(inference, notes=(*inference.notes, *notes))
                if not builds:
                    return _reported(options, _digested(inference, digest), searches)
                return _converted(options, inference, store, customs, searches, digest, progress)
        except (NoArchitecture, VerificationFailed) as error:
            return _failed(options, replace(facts, sha256=digest.result()), inference, error)


def _inferred(
    options: Options, facts: WeightFile, hints: Hints, store: TensorStore, aside: Aside | None
) -> tuple[Inference, Searches]:
    """The inference, in the process aside while this one starts Keras, or here; and its searches."""
    known = kept.load(options.target)
    if aside is not None:
        from infer_convert.build.engine import start

        aside.begin(options.file, facts, hints, options.limits, known)
        start(options.own_process)
        found = aside.result()
        if found is not None:
            return replace(found[0], facts=facts), found[1]
    from infer_convert.infer import infer
    from infer_convert.solve.notes import noting

    with noting(known, kept.state(options.file)) as searches:
        return infer(facts, hints, store, options.limits), searches


def _digested(inference: Inference, digest: Digest) -> Inference:
    return replace(inference, facts=replace(inference.facts, sha256=digest.result()))


def _reported(options: Options, inference: Inference, searches: Searches) -> Outcome:
    made = document(inference.facts, inference)
    with published(options.target, options.force) as folder:
        made = _write_report(made, folder, ())
        kept.save(folder, searches)
    return _outcome(options, made, inference)


def _failed(options: Options, facts: WeightFile, inference: Inference | None, error: InferConvertError) -> Outcome:
    verification = getattr(error, "verification", None)
    made = document(facts, inference, verification=verification, error=error)
    with published(options.target, options.force) as folder:
        made = _write_report(made, folder, ())
    return Outcome(made, options.target, error.exit_code, " ".join(str(error).split()))


def _converted(
    options: Options,
    inference: Inference,
    store: TensorStore,
    customs: Mapping[str, type],
    searches: Searches,
    digest: Digest,
    progress: Progress,
) -> Outcome:
    from infer_convert.build.engine import start

    progress("starting Keras")
    start(options.own_process)
    with _quiet_warnings():
        if options.examples is not None:
            inference = _with_their_shapes(options, inference, store, customs)
        progress("building and verifying")
        ranked, notes = _ranked(options, inference, store, customs)
        best, inference = ranked[0], _digested(inference, digest)
        with published(options.target, options.force) as folder:
            progress("exporting")
            best = _export(best, inference.facts, options.to, folder, customs)
            others = _alternatives(options, inference, ranked, store, customs, folder)
            made = document(inference.facts, inference, best.plan, best.verification, notes=notes)
            made = _write_report(made, folder, others)
            kept.save(folder, searches)
    return _outcome(options, made, inference)


def _ranked(
    options: Options, inference: Inference, store: TensorStore, customs: Mapping[str, type]
) -> tuple[list[Built], tuple[str, ...]]:
    """The plans that build and verify, best first; at least one, else the best plan's own error is raised."""
    if options.examples is not None:
        return _by_examples(options.examples, inference, store, customs)
    failures: list[InferConvertError] = []
    for rank, plan in enumerate(inference.plans, 1):
        try:
            built = build(plan, inference.facts, store, customs, rank)
        except (NoArchitecture, VerificationFailed) as error:
            failures.append(error)
            continue
        notes = tuple(f"plan {number} was passed over: {error}" for number, error in enumerate(failures, 1))
        return [built], notes
    raise failures[0]


def _with_their_shapes(
    options: Options, inference: Inference, store: TensorStore, customs: Mapping[str, type]
) -> Inference:
    """The inference once more with the examples' shapes, where the best plan takes others; the same one where nothing
    suits them."""
    from infer_convert.build.examples import load_examples, shaped
    from infer_convert.infer import infer

    assert options.examples is not None
    hints = replace(options.hints, customs=frozenset(customs))
    told = shaped(inference.best, load_examples(options.examples), hints)
    if told is None:
        return inference
    try:
        return infer(inference.facts, told, store, options.limits)
    except NoArchitecture:
        return inference


def _by_examples(
    path: Path, inference: Inference, store: TensorStore, customs: Mapping[str, type]
) -> tuple[list[Built], tuple[str, ...]]:
    from infer_convert.build.examples import Judged, judge, load_examples

    examples = load_examples(path)
    scored: list[tuple[Judged, int, Built]] = []
    failures: list[InferConvertError] = []
    for rank, plan in enumerate(inference.plans, 1):
        try:
            built = build(plan, inference.facts, store, customs, rank)
            scored.append((judge(built.model, plan, examples), rank, built))
        except (NoArchitecture, VerificationFailed) as error:
            failures.append(error)
    if not scored:
        raise failures[0]
    scored.sort(key=lambda item: item[:2])
    found, rank, best = scored[0]
    answered = bool(examples.outputs) or examples.labels is not None
    said = f"the examples prefer plan {rank} of {len(inference.plans)}"
    said += f" (error {found.error:.3g})" if answered else " by what their inputs give"
    if answered:

        def attempt(plan: Plan) -> Tried | None:
            return _tried(plan, inference.facts, store, customs, rank, examples)

        improved = _improved(best, found.error, attempt)
        if improved is not None:
            said += f", with {improved[2]} more answers changed (error {improved[0]:.3g})"
            scored.insert(0, (Judged(improved[0], improved[0]), rank, improved[1]))
    said += "; the confidences are those without them"
    return [built for _, _, built in scored], (said,)


Tried = tuple[float, Built]


def _tried(
    plan: Plan, facts: WeightFile, store: TensorStore, customs: Mapping[str, type], rank: int, examples: Examples
) -> Tried | None:
    from infer_convert.build.examples import judge

    try:
        built = build(plan, facts, store, customs, rank)
        return judge(built.model, plan, examples).error, built
    except (NoArchitecture, VerificationFailed):
        return None


def _improved(best: Built, error: float, attempt: Callable[[Plan], Tried | None]) -> tuple[float, Built, int] | None:
    """The best plan with single answers changed as long as the examples agree better: its error, the model and the
    number of changes; None when nothing helps. At most ``MOST_TRIES`` models are built."""
    from infer_convert.assemble.variants import variants

    steps, tries, found = 0, 0, best
    moved = True
    while moved and error > AGREES and tries < MOST_TRIES:
        moved = False
        for plan in variants(found.plan):
            tries += 1
            made = attempt(plan)
            if made is not None and made[0] < IMPROVES * error:
                error, found, steps, moved = made[0], made[1], steps + 1, True
                break
            if tries >= MOST_TRIES:
                break
    return (error, found, steps) if steps else None


def build(
    plan: Plan, facts: WeightFile, store: TensorStore, customs: Mapping[str, type] | None = None, rank: int = 1
) -> Built:
    """Plan -> model with the file's numbers, verified.

    Raises NoArchitecture when the plan cannot be built, VerificationFailed when the numbers are not the file's.
    """
    from infer_convert.build.assign import assign
    from infer_convert.build.model import build_model
    from infer_convert.build.verify import verify

    model = build_model(plan, customs)
    assign(model, plan, store)
    verification = verify(model, plan, store, facts)
    if not verification.passed:
        missing = ", ".join(verification.unassigned[:5])
        what = f"no tensor of the file fills {missing}" if missing else verification.warnings[0]
        raise _with(VerificationFailed(f"built, but {what}"), verification)
    return Built(plan, model, verification, rank)


def _with(error: VerificationFailed, verification: Verification) -> VerificationFailed:
    error.verification = verification  # type: ignore[attr-defined]  # for the report alone
    return error


def _export(built: Built, facts: WeightFile, to: Sequence[str], folder: Path, customs: Mapping[str, type]) -> Built:
    from infer_convert.export.exporters import EXPORTERS, saving
    from infer_convert.export.subject import Subject

    verification, subject = built.verification, Subject(built.model, built.plan, facts)
    wanted = [exporter for exporter in EXPORTERS if exporter.name in to]
    with saving(subject, wanted, folder) as save:
        for exporter in wanted:
            try:
                save(exporter)
            except (InferConvertError, OSError):
                raise
            except Exception as error:
                if not _refused_by_library(error, exporter.name):
                    raise
                said = " ".join(str(error).split())[:300]
                what = f"built, but {exporter.name} cannot be written ({type(error).__name__}: {said})"
                raise _with(VerificationFailed(what), verification) from error
            if exporter.compare is not None:
                found = exporter.compare(subject, folder / exporter.target)
                verification = compared(verification, exporter.name, found.largest, found.reason)
                if not found.agrees:
                    raise _with(
                        VerificationFailed(
                            f"the reloaded {TITLES[exporter.name]} differs from the Keras model by {found.largest:.3g}"
                            f" where outputs reach {found.scale:.3g}"
                        ),
                        verification,
                    )
    return replace(built, verification=verification)


def _refused_by_library(error: Exception, exporter: str) -> bool:
    """Whether TensorFlow or Keras does not write what Keras built; ``model.py`` is written by us alone."""
    theirs = type(error).__module__.partition(".")[0] in ("tensorflow", "keras")
    return exporter != "python" and (theirs or isinstance(error, (ValueError, TypeError, RuntimeError)))


def _alternatives(
    options: Options,
    inference: Inference,
    ranked: Sequence[Built],
    store: TensorStore,
    customs: Mapping[str, type],
    folder: Path,
) -> tuple[str, ...]:
    """Write the ``--top`` next best models; one that cannot be built is left out (the report still lists it)."""
    written: list[str] = []
    others = [plan for plan in inference.plans if plan is not ranked[0].plan]
    for rank, plan in enumerate(others[: max(options.top - 1, 0)], 2):
        place = folder / "alternatives" / str(rank)
        place.mkdir(parents=True)
        try:
            built = build(plan, inference.facts, store, customs, rank)
            built = _export(built, inference.facts, options.to, place, customs)
        except (NoArchitecture, VerificationFailed) as error:
            (place / "FAILED.txt").write_text(f"{error}\n", encoding="utf-8")
        written.append(f"alternatives/{rank}/")
    return tuple(written)


def _write_report(made: Document, folder: Path, others: tuple[str, ...]) -> Document:
    from infer_convert.report import html  # `inspect` writes none

    names = sorted(path.name + ("/" if path.is_dir() else "") for path in folder.iterdir())
    made = replace(made, files=(*names, "report.html", "report.json"))
    (folder / "report.html").write_text(html.page(made), encoding="utf-8")
    (folder / "report.json").write_text(dumps(report(made)), encoding="utf-8")
    return made


def _outcome(options: Options, made: Document, inference: Inference) -> Outcome:
    folder = options.target
    doubtful = made.questions(below=options.min_confidence)
    if options.strict and doubtful:
        first = doubtful[0]
        return Outcome(made, folder, ExitCode.BELOW_CONFIDENCE, (
            f"{len(doubtful)} decisions are below {options.min_confidence:g}, the least certain is"
            f" {first.layer}.{first.decision.field} at {first.decision.confidence:.2f}; everything is in {folder}"
        ))  # fmt: skip
    if made.left_over:
        first_left = made.left_over[0]
        return Outcome(made, folder, ExitCode.TENSORS_LEFT_OVER, (
            f"{len(made.left_over)} tensors of the file have no place in the model, the first is {first_left.path}"
            f" ({first_left.reason}); everything is in {folder}"
        ))  # fmt: skip
    return Outcome(made, folder, ExitCode.CONVERTED)


def _custom_objects(names: Sequence[str], own_process: bool) -> dict[str, type]:
    """Import what the user named, never what a file names. Keras, which such a module imports, is started first, so
    that TensorFlow keeps off standard error. Raises UsageError."""
    found: dict[str, type] = {}
    if names:
        from infer_convert.build.engine import start

        start(own_process)
    if names and "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    for name in names:
        module, _, attribute = name.partition(":")
        if not module or not attribute:
            raise UsageError(f"--custom-objects {name!r}: expected MODULE:NAME")
        try:
            found[attribute] = getattr(importlib.import_module(module), attribute)
        except Exception as error:  # whatever a module of the user's does when it is imported
            raise UsageError(f"--custom-objects {name}: {type(error).__name__}: {error}") from error
        if not isinstance(found[attribute], type):
            raise UsageError(f"--custom-objects {name}: expected a class, found {found[attribute]!r}")
    return found


@contextmanager
def _quiet_warnings() -> Iterator[None]:
    """Keras' and TensorFlow's warnings are for developers; standard error belongs to our one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
