"""Damaged files of every generation: does anything but an answer or one line ever come out?

``python -m benchmarks fuzz`` takes small files of ``fixtures/`` and the written corpus, cuts each at every 64th,
flips bytes and alters structure, and runs every copy through reading, inference and a check of the plan, without
TensorFlow; some of them through the whole command. ``--guided`` further copies of each are damaged in the direction
of what the readers have not done yet (``guided.py``). The outcomes are in ``results/fuzz.tsv``. A worker that dies or
hangs is counted and replaced; in the command that worker is the parsing process.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.guided import Line, Pool, watching
from benchmarks.mutate import MUTATIONS, PIECES
from benchmarks.paths import CACHE, HERE, RESULTS, corpus

Task = tuple[str, str, int]
"""Seed file, mutation, number."""

Result = dict[str, Any]
"""``outcome``: exit code as text, or ``died``, ``hang``, ``bug``; ``seconds``, ``note``, ``peak_mb``."""

TURNS = {"cut": PIECES, "flip": 64, "alter": 64}
SLOW = frozenset((
    "cnn", "cnn_bn", "conv_misc", "inception_small", "lenet_named", "mobilenet_small", "residual", "resnet_small",
    "seq_cnn", "tfoplambda", "transformer", "two_inputs", "unet",
))  # fmt: skip
"""Models whose inference takes the better part of a second or more: fewer copies of each."""

SLOW_TURNS = {"cut": PIECES, "flip": 2, "alter": 4}
MOST_SLOW = 12
"""How many of the seeds may be of such models."""

MOST_SEED_BYTES = 150_000
HANG_SECONDS = 20
"""Of processor time, so that a busy machine makes no hangs; ``PATIENCE`` is the clock's."""

PATIENCE = 120
WORKER_TASKS = 500
MEMORY = 3 * 2**30
COLUMNS = ("stage", "mutation", "outcome", "files", "slowest_s", "peak_mb", "example")


def seeds(count: int, skip: Sequence[str] = ()) -> list[Path]:
    """The fixtures, and files of the written corpus spread over its writers; those of slow models last."""
    found = _seeds(count, frozenset(skip))
    return sorted(found, key=lambda path: stem(path) in SLOW)


def stem(path: Path) -> str:
    """The model's name: ``unet`` of ``unet.trained.weights.h5``."""
    return path.name.partition(".")[0]


def _seeds(count: int, skip: frozenset[str]) -> list[Path]:
    found = [path for path in sorted((HERE.parent / "fixtures").glob("*.h5")) if path.stat().st_size < MOST_SEED_BYTES]
    found = [path for path in found if stem(path) not in skip]
    where = corpus()
    if where is None or not (where / "written").is_dir():
        return found[:count]
    shelves = []
    for folder in sorted(path for path in (where / "written").iterdir() if path.is_dir()):
        files = [path for path in folder.rglob("*") if path.suffix in (".h5", ".keras") and stem(path) not in skip]
        small = [path for path in files if 0 < path.stat().st_size < MOST_SEED_BYTES]
        shelves.append(sorted(small, key=lambda path: hashlib.sha256(path.name.encode()).hexdigest()))
    slow = sum(stem(path) in SLOW for path in found)
    while len(found) < count and any(shelves):
        for shelf in shelves:
            if shelf and len(found) < count:
                path = shelf.pop(0)
                slow += stem(path) in SLOW
                if stem(path) not in SLOW or slow <= MOST_SLOW:
                    found.append(path)
    return found


def tasks(paths: Iterable[Path]) -> list[Task]:
    """Every mutation of every seed."""
    found: list[Task] = []
    for path in paths:
        turns = SLOW_TURNS if stem(path) in SLOW else TURNS
        found += [(str(path), kind, number) for kind in turns for number in range(turns[kind])]
    return found


def some(everything: Sequence[Task], count: int) -> list[Task]:
    """``count`` of them, spread evenly and the same every time; mostly altered ones, which get furthest."""

    def chance(task: Task) -> bytes:
        return hashlib.sha256(repr((Path(task[0]).name, *task[1:])).encode()).digest()

    ranked = sorted(everything, key=chance)
    altered = [task for task in ranked if task[1] == "alter"]
    others = [task for task in ranked if task[1] != "alter"]
    return altered[: count * 2 // 3] + others[: count - count * 2 // 3]


def mutated(task: Task) -> bytes:
    """The damaged copy itself."""
    path, kind, number = task
    return MUTATIONS[kind](Path(path).read_bytes(), number)


def suffix(path: str) -> str:
    """What the copy is called: readers go by content, the command's stem by name."""
    return ".keras" if path.endswith(".keras") else ".h5"


def without_tensorflow(path: Path) -> str:
    """Read, infer, read every tensor, check the plan: the exit code that the command would come to, as text.

    Raises AssertionError when the answer is wrong, and whatever is a bug.
    """
    from infer_convert.errors import InferConvertError
    from infer_convert.infer import infer
    from infer_convert.readers import open_tensors, read

    try:
        facts = read(path)
        with open_tensors(path) as store:
            shapes = {}
            for tensor in facts.all_tensors():
                array = store.read(tensor.path)
                assert array.shape == tensor.shape, f"{tensor.path} is {array.shape}, the facts say {tensor.shape}"
                shapes[tensor.path] = array
            inference = infer(facts, None, store)
    except InferConvertError as error:
        assert int(error.exit_code) in (3, 4, 5, 6), str(error)
        return str(int(error.exit_code))
    _check(inference, shapes)
    return "8" if inference.left_over else "0"


def _check(inference: Any, arrays: dict[str, np.ndarray]) -> None:
    from infer_convert import transforms

    used = set()
    for name, layer in inference.best.walk():
        for use in layer.weights:
            used.update(use.sources)
            assert all(source in arrays for source in use.sources), f"{name}: no tensor {use.sources}"
            with contextlib.suppress(KeyError, ValueError, TypeError), np.errstate(all="ignore"):
                made = transforms.apply(use.transforms, [arrays[source] for source in use.sources])
                assert made.shape == tuple(use.shape), f"{name}.{use.variable} is {use.shape}, its tensor {made.shape}"
    lost = set(arrays) - used - {item.path for item in inference.left_over}
    assert not lost, f"neither used nor listed: {sorted(lost)[:3]}"


def whole_command(path: Path) -> str:
    """The real command with every default format; checks what is left in the folder."""
    from infer_convert.cli import run

    before, said = Path.cwd(), io.StringIO()
    digest = path.read_bytes()
    os.chdir(path.parent)
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = run([path.name, "-o", "out"])
        lines = [line for line in said.getvalue().splitlines() if line.startswith("infer-convert: ")]
        assert len(lines) == (code != 0), said.getvalue()
        there = {item.name for item in path.parent.iterdir()} - {path.name}
        assert there == ({"out"} if code in (0, 4, 6, 7, 8) else set()), f"exit {code} left {sorted(there)}"
        if there:
            written = {item.name for item in Path("out").iterdir()}
            report = {"report.html", "report.json"}
            whole = report | {"saved_model", "model.keras", "model.py"}
            assert written == (report if code in (4, 6) else whole), f"exit {code} wrote {sorted(written)}"
            json.loads(Path("out/report.json").read_text())
        assert path.read_bytes() == digest, "the input was touched"
        return str(code)
    finally:
        os.chdir(before)
        shutil.rmtree(path.parent / "out", ignore_errors=True)


STAGES: dict[str, Callable[[Path], str]] = {
    "read+infer": without_tensorflow,
    "guided": without_tensorflow,
    "command": whole_command,
}


def guided(paths: Sequence[Path], copies: int) -> list[Task]:
    """So many copies of every file that is quickly inferred, one file after the other."""
    return [(str(path), "guided", number) for path in paths if stem(path) not in SLOW for number in range(copies)]


def _reached(path: Path) -> set[Line]:
    """The lines that reading the file and all its numbers reaches."""
    from infer_convert.readers import open_tensors, read

    with watching() as lines, contextlib.suppress(Exception):
        facts = read(path)
        with open_tensors(path) as store:
            for tensor in facts.all_tensors():
                store.read(tensor.path)
    return lines


def _serve(stage: str, pipe: Connection, folder: str) -> None:
    """A worker: one task after the other until the pipe closes."""
    import warnings

    warnings.simplefilter("ignore")
    if stage != "command":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    pool = Pool()
    while True:
        try:
            task: Task = pipe.recv()
        except EOFError:
            return
        path = Path(folder) / f"damaged{suffix(task[0])}"
        note = ""
        start = time.monotonic()
        try:
            copy = pool.copy(task[0], task[2]) if stage == "guided" else mutated(task)
            path.write_bytes(copy)
            if stage == "guided":
                pool.reached(task[0], copy, _reached(path))
            start = time.monotonic()
            outcome = STAGES[stage](path)
        except Exception as error:
            outcome, where = "bug", traceback.extract_tb(error.__traceback__)[-1]
            note = f"{type(error).__name__}: {str(error)[:200]} at {Path(where.filename).name}:{where.lineno}"
        seconds = time.monotonic() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        path.unlink(missing_ok=True)
        result = {"outcome": outcome, "seconds": round(seconds, 2), "note": note, "peak_mb": peak}
        pipe.send(result | ({"promising": pool.promising, "lines": pool.lines} if stage == "guided" else {}))
        if stage == "command":
            _forget()


def _forget() -> None:
    import gc
    import sys

    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()
    gc.collect()


class _Worker:
    """A process that does tasks of one stage; replaced when it dies, hangs or has done its share."""

    def __init__(self, stage: str, folder: str) -> None:
        self.stage, self.folder = stage, folder
        self.done = 10**9
        self.process: Any = None

    def run(self, task: Task) -> Result:
        if self.done >= {"read+infer": WORKER_TASKS, "guided": 10**9, "command": 60}[self.stage]:
            self.stop()
            context = multiprocessing.get_context("spawn")
            self.pipe, theirs = context.Pipe()
            self.process = context.Process(target=_serve, args=(self.stage, theirs, self.folder), daemon=True)
            self.process.start()
            theirs.close()
            self.done = 0
        self.pipe.send(task)
        start, spent = time.monotonic(), self._spent()
        limit = HANG_SECONDS if self.done or self.stage != "command" else 4 * HANG_SECONDS  # TensorFlow starts
        self.done += 1
        try:
            while not self.pipe.poll(0.5):
                if self._spent() - spent > limit or time.monotonic() - start > PATIENCE:
                    break
            if self.pipe.poll():
                found: Result = self.pipe.recv()
                return found
            outcome, note = "hang", ""
        except (EOFError, ConnectionError):
            self.process.join(5)
            outcome, note = "died", f"signal {-(self.process.exitcode or 0)}"
        self.stop()
        self.done = 10**9
        return {"outcome": outcome, "seconds": round(time.monotonic() - start, 2), "note": note, "peak_mb": 0}

    def _spent(self) -> float:
        """Processor seconds of the worker so far."""
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    def stop(self) -> None:
        if self.process is not None:
            self.pipe.close()
            self.process.kill()
            self.process.join()
            self.process = None


def confirmed(task: Task, folder: str) -> Result:
    """What the command makes of a file on which the worker died: the parsing process dies, one line, exit 3."""
    from infer_convert.errors import InferConvertError
    from infer_convert.sandbox import read

    path = Path(folder) / f"damaged{suffix(task[0])}"  # the worker could not remove it
    try:
        read(path)
    except InferConvertError as error:
        return {"outcome": f"died, exit {int(error.exit_code)}", "note": str(error).replace(folder, "")[:200]}
    finally:
        path.unlink()
    return {"outcome": "died", "note": "not in the parsing process"}


def run(
    stage: str, wanted: Sequence[Task], say: Callable[[str], None], fresh: bool = False
) -> list[tuple[Task, Result]]:
    """Every task's result; those of the same code that are cached are taken from the cache."""
    from benchmarks.runner import source_digest

    cache = CACHE / "fuzz" / f"{stage.replace('+', '-')}-{source_digest()}.jsonl"
    cache.parent.mkdir(parents=True, exist_ok=True)
    known: dict[Task, Result] = {}
    if cache.is_file() and not fresh:
        for line in cache.read_text().splitlines():
            with contextlib.suppress(ValueError):
                task, result = json.loads(line)
                known[tuple(task)] = result
    todo = [task for task in wanted if task not in known]
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, cache.open("w" if fresh else "a") as log:
        worker = _Worker(stage, folder)
        for number, task in enumerate(todo, 1):
            result = worker.run(task)
            if result["outcome"] == "died" and stage != "command":
                result |= confirmed(task, folder)
            known[task] = result
            log.write(json.dumps([task, result]) + "\n")
            log.flush()
            if result["outcome"] in ("bug", "hang", "died"):
                name = "/".join(Path(task[0]).parts[-2:])
                say(f"{result['outcome']}: {name} {task[1]} {task[2]}: {result['note']}")
            if number % 500 == 0 or number == len(todo):
                rate = number / (time.monotonic() - start)
                counts = Counter(result["outcome"] for result in known.values())
                way = f", {result['promising']} promising, {result['lines']} lines" if "lines" in result else ""
                say(f"{stage}: {number} of {len(todo)}, {rate:.1f}/s, {dict(counts)}{way}")
        worker.stop()
    return [(task, known[task]) for task in wanted]


def rows(stage: str, results: Sequence[tuple[Task, Result]]) -> Iterator[dict[str, str]]:
    """Lines of the table: one per mutation and outcome. Clocks are rounded up to seconds, memory to 50 MB."""
    groups: dict[tuple[str, str], list[tuple[Task, Result]]] = {}
    for task, result in results:
        groups.setdefault((task[1], result["outcome"]), []).append((task, result))
    for (mutation, outcome), group in sorted(groups.items()):
        odd = outcome in ("bug", "hang", "died")
        first = group[0]
        yield {
            "stage": stage,
            "mutation": mutation,
            "outcome": outcome,
            "files": str(len(group)),
            "slowest_s": str(int(max(result["seconds"] for _, result in group)) + 1),
            "peak_mb": str(-(-max(result["peak_mb"] for _, result in group) // 50) * 50),
            "example": f"{Path(first[0][0]).name} {first[0][2]}: {first[1]['note']}" if odd else "",
        }


def save(lines: Iterable[dict[str, str]], path: Path = RESULTS / "fuzz.tsv") -> None:
    """Write the outcomes that git keeps."""
    text = ["\t".join(COLUMNS), *("\t".join(row[column] for column in COLUMNS).rstrip() for row in lines)]
    path.write_text("\n".join(text) + "\n")
