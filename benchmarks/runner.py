"""Run a set under a naming: in parallel, resumable, with a progress bar."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path

from benchmarks import alike, oracle, table
from benchmarks.item import Item
from benchmarks.naming import Naming
from benchmarks.paths import CACHE, HERE, RESULTS
from benchmarks.row import COLUMNS
from benchmarks.row import run as run_row
from infer_convert.clues.settings.habits import learned

Key = tuple[str, str]
Task = Callable[[Key], dict[str, str]]
ROWS_PER_WORKER = 60
"""A worker is replaced after so many lines: what one case leaks must not reach the last."""


def result_file(
    name: str, naming: Naming, library: bool = True, without_own: bool = False, folder: Path = RESULTS
) -> Path:
    """Where a set's outcomes are kept; those with less of the library have a table of their own."""
    return folder / f"{name}-{naming}{_word(library, without_own)}.tsv"


def source_digest() -> str:
    """A word for the code under test and the benchmark's own: cached lines of other code are not used."""
    import infer_convert

    digest = hashlib.sha256()
    for root in (Path(infer_convert.__file__).parent, HERE):
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root).parts
            if (
                path.is_file()
                and path.suffix in (".py", ".json", ".gz", ".npz", ".toml", ".z")
                and not {".cache", "results", "__pycache__"} & set(inside)
            ):
                digest.update("/".join(inside).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def run(
    name: str,
    naming: Naming,
    jobs: int = 1,
    engine: str = "infer",
    library: bool = True,
    only: Sequence[str] = (),
    fresh: bool = False,
    without_own: bool = False,
) -> list[dict[str, str]]:
    """Every line of a set, in the set's order. Lines of the same code that are cached are taken from the cache."""
    from benchmarks.sets import SETS

    items = [item for item in SETS[name](naming) if not only or item.name in only or item.family in only]
    task = partial(_task, name, naming, engine, library, without_own)
    stem = f"{name}-{naming}-{engine}{_word(library, without_own)}"
    return resumed(stem, task, [item.key for item in items], jobs, fresh)


def resumed(stem: str, task: Task, keys: Sequence[Key], jobs: int = 1, fresh: bool = False) -> list[dict[str, str]]:
    """One line for each key, in their order, from a picklable task. Lines of the same code that are cached under the
    stem are taken from the cache."""
    cache = CACHE / "rows" / source_digest() / stem
    cache.mkdir(parents=True, exist_ok=True)
    files = {key: _file(cache, key) for key in keys}
    rows = {} if fresh else {key: json.loads(file.read_text()) for key, file in files.items() if file.is_file()}
    missing = [key for key in keys if key not in rows]
    for key, row in _progress(_lines(task, missing, jobs), len(missing), stem):
        files[key].write_text(json.dumps(row))
        rows[key] = row
    return [rows[key] for key in keys]


def _task(name: str, naming: Naming, engine: str, library: bool, without_own: bool, key: Key) -> dict[str, str]:
    return work(name, naming, key, engine, library, without_own)


def _word(library: bool, without_own: bool) -> str:
    return "" if library and not without_own else "-without-own-family" if library else "-no-library"


def _file(cache: Path, key: Key) -> Path:
    return cache / f"{key[0]}.{key[1]}.json".replace("/", "+")


def _progress(
    lines: Iterable[tuple[Key, dict[str, str]]], total: int, title: str
) -> Iterator[tuple[Key, dict[str, str]]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total, last="")
        for key, row in lines:
            progress.update(task, advance=1, last=f"{key[0]} {row.get('status', '')}")
            yield key, row


def _lines(task: Task, keys: Sequence[Key], jobs: int) -> Iterator[tuple[Key, dict[str, str]]]:
    waiting, attempts = list(keys), dict.fromkeys(keys, 0)
    while waiting:
        context = multiprocessing.get_context("spawn")
        workers = 1 if any(attempts[key] for key in waiting) else jobs
        some = waiting[: 1 if workers < jobs else ROWS_PER_WORKER * workers]
        # A pool of its own for every so many lines: max_tasks_per_child deadlocks (CPython 3.11, gh-115634).
        with ProcessPoolExecutor(workers, context, _prepare, (jobs,)) as pool:
            futures: dict[Future[dict[str, str]], Key] = {
                pool.submit(task, key): key for key in some
            }
            for future in as_completed(futures):
                try:
                    row = future.result()
                except BrokenProcessPool:
                    continue
                waiting.remove(futures[future])
                yield futures[future], row
        if waiting and waiting[0] in some:
            first = waiting[0]
            attempts[first] += 1
            if attempts[first] > 1:
                waiting.remove(first)
                yield first, {"case": first[0], "form": first[1], "status": "died", "converted": "0"}


def _prepare(jobs: int) -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    if jobs > 1:
        os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"
        os.environ["OMP_NUM_THREADS"] = "1"


@lru_cache(maxsize=8)
def _items(name: str, naming: Naming) -> dict[Key, Item]:
    from benchmarks.sets import SETS

    return {item.key: item for item in SETS[name](naming)}


def work(
    name: str, naming: Naming, key: Key, engine: str, library: bool, without_own: bool = False
) -> dict[str, str]:
    """One line, in a worker. ``seconds`` stays in the cache: the results' files hold nothing that a clock changes."""
    item = _items(name, naming)[key]
    start = time.monotonic()
    without = alike.library_families(item) if without_own else frozenset[str]()
    with _habits(without):
        row = (
            oracle.run(item, naming) if engine == "truth" else run_row(item, naming, library=library, without=without)
        )
    _forget()
    return row | {"seconds": f"{time.monotonic() - start:.1f}"}


@contextmanager
def _habits(without: frozenset[str]) -> Iterator[None]:
    """What people set is then learned without these families and their kin, too."""
    if not without:
        yield
        return
    from benchmarks import fit_settings

    with learned(fit_settings.without(without)):
        yield


def _forget() -> None:
    import gc
    import sys

    for library in ("keras", "tf_keras"):
        if library in sys.modules:
            sys.modules[library].backend.clear_session()
    gc.collect()
    gc.freeze()  # what outlives a row (TensorFlow, caches) is not looked at again: half a second each time


def save(
    name: str, naming: Naming, rows: Sequence[dict[str, str]], library: bool = True, without_own: bool = False
) -> Path:
    """Write the outcomes that git keeps."""
    path = result_file(name, naming, library, without_own)
    table.write(path, COLUMNS, rows)
    return path
