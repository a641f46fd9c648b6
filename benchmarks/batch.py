"""The batch against a shell loop over the single-file command, and killed at random times.

``python -m benchmarks batch`` takes real weights-only files of the corpus and writes ``benchmarks/results/batch.tsv``.
Throughput: the same files through ``infer-convert FILE`` one after another and through one ``infer-convert batch``,
which runs when the loop is half way, so that a machine that others use treats both alike.
Memory: the most that all processes of the batch held together, against its largest worker times their number.
Kills: a batch of every so-manieth of these files is killed (SIGKILL) at a random time and started again until it ends;
the outcome must be that of an undisturbed run: the same reports, sources, configs and tensors, apart from times.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

COLUMNS = ("measure", "files", "jobs", "value", "unit", "note")
_POLL = 0.1
_OBJECT = re.compile(rb'"shared_object_id": \d+')
"""Keras writes where an object stood in memory."""


def files(corpus: Path, count: int, most_bytes: int) -> list[Path]:
    """Weights-only files of the corpus that are not too large, smallest differences first: in the manifest's order."""
    found = []
    for entry in json.loads((corpus / "manifest.json").read_text()):
        path = corpus / entry["file"]
        if entry["kind"] == "weights-only" and path.stat().st_size <= most_bytes:
            found.append(path)
    written = sorted((corpus / "written").rglob("*.h5")) if (corpus / "written").is_dir() else []
    found += [path for path in written if ".full" not in path.name and "BROKEN" not in str(path)]
    return found[:count]


def run(chosen: Sequence[Path], jobs: int, kills: int, kill_files: int, seed: int = 0) -> Iterator[dict[str, str]]:
    """Lines of the results, as they are measured."""
    with tempfile.TemporaryDirectory(prefix="batch-benchmark-") as name:
        yield from _throughput(chosen, Path(name), jobs)
        if kills:
            yield from _kills(chosen[:: max(1, len(chosen) // kill_files)][:kill_files], Path(name), jobs, kills, seed)


def _line(chosen: Sequence[Path], jobs: int, measure: str, value: float, unit: str, note: str = "") -> dict[str, str]:
    return dict(zip(COLUMNS, (measure, str(len(chosen)), str(jobs), f"{value:.4g}", unit, note), strict=True))


def _throughput(chosen: Sequence[Path], folder: Path, jobs: int) -> Iterator[dict[str, str]]:
    half = len(chosen) // 2
    manifest = _manifest(chosen, folder / "files.txt")
    alone, codes = 0.0, list[int]()
    for number, path in enumerate(chosen):
        if number == half:
            together, memory, converted = _together(manifest, folder / "whole", jobs)
        started = time.monotonic()
        codes.append(_single(path, folder / "single"))
        alone += time.monotonic() - started
        shutil.rmtree(folder / "single", ignore_errors=True)
    yield _line(chosen, jobs, "shell loop", alone, "s", _counted(codes))
    yield _line(chosen, jobs, "batch", together, "s", _counted(converted))
    yield _line(chosen, jobs, "speed-up", alone / together, "times")
    yield _line(chosen, jobs, "memory, all", memory.all / 2**20, "MiB")
    yield _line(chosen, jobs, "memory, largest worker", memory.largest / 2**20, "MiB")
    yield _line(chosen, jobs, "memory, all / (largest x jobs)", memory.all / (memory.largest * jobs), "times")


def _manifest(chosen: Sequence[Path], path: Path) -> Path:
    path.write_text("".join(f"{file}\n" for file in chosen))
    return path


def _together(manifest: Path, out: Path, jobs: int) -> tuple[float, _Memory, list[int]]:
    """Seconds, memory and exit codes of one undisturbed batch."""
    memory = _Memory()
    started = time.monotonic()
    process = _batch(manifest, out, jobs)
    with memory.watching(process.pid):
        process.wait()
    seconds = time.monotonic() - started
    record = json.loads((out / "index.json").read_text())
    return seconds, memory, [entry["exit_code"] for entry in record["files"]]


def _kills(
    chosen: Sequence[Path], folder: Path, jobs: int, kills: int, seed: int
) -> Iterator[dict[str, str]]:
    manifest, dice, equal, struck = _manifest(chosen, folder / "few.txt"), random.Random(seed), 0, 0
    seconds, _, _ = _together(manifest, folder / "undisturbed", jobs)
    wanted = content(folder / "undisturbed")
    for number in range(kills):
        out = folder / f"killed-{number}"
        struck += _until_done(manifest, out, jobs, dice, seconds)
        found = content(out)
        equal += found == wanted
        if found != wanted:
            keys = [key for key in {*found, *wanted} if found.get(key) != wanted.get(key)]
            yield _line(chosen, jobs, "differs", number, "run", ", ".join(sorted(keys)[:4]))
        shutil.rmtree(out, ignore_errors=True)
    yield _line(chosen, jobs, "equal after kills", equal, f"of {kills}", f"{struck} kills")


def _counted(codes: Sequence[int]) -> str:
    return ", ".join(f"exit {code}: {codes.count(code)}" for code in sorted(set(codes)))


def _single(path: Path, out: Path) -> int:
    command = [sys.executable, "-m", "infer_convert", str(path), "-o", str(out), "-q"]
    return subprocess.run(command, capture_output=True).returncode


def _batch(manifest: Path, out: Path, jobs: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "infer_convert", "batch", str(manifest), "-o", str(out), "--jobs", str(jobs), "-q"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _until_done(manifest: Path, out: Path, jobs: int, dice: random.Random, seconds: float) -> int:
    """Start again until a run ends by itself; returns how many were killed."""
    for kills in range(20):
        process = _batch(manifest, out, jobs)
        try:
            process.wait(dice.uniform(0.2, max(seconds, 1.0)))
            return kills
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    _batch(manifest, out, jobs).wait()
    return 20


def content(out: Path) -> dict[str, str]:
    """Digest of everything that a run leaves, apart from times and from how TensorFlow numbers its graph's nodes."""
    found = {"index.json": _digest((out / "index.json").read_bytes())}
    for path in sorted((out / "results").rglob("*")):
        name = str(path.relative_to(out))
        if path.suffix in (".json", ".html", ".py") or path.name.startswith("variables."):
            found[name] = _digest(path.read_bytes())
        elif path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                found[f"{name}/config.json"] = _digest(_OBJECT.sub(b"", archive.read("config.json")))
        elif path.is_dir() or path.suffix == ".pb":
            found[name] = ""
        else:
            found[name] = _digest(path.read_bytes())
    found |= {str(path.relative_to(out)): str(path.readlink()) for path in (out / "files").rglob("*.converted")}
    return found


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Memory:
    """Memory of a process and its descendants, looked at ten times a second (Linux): of all together, with pages that
    several share counted once; and of the largest, with what it shares."""

    def __init__(self) -> None:
        self.all = self.largest = 0

    def watching(self, pid: int) -> _Watch:
        return _Watch(self, pid)

    def look(self, pid: int) -> None:
        processes = _descendants(pid)
        self.all = max(self.all, sum(map(_share, processes)))
        self.largest = max([self.largest, *map(_resident, processes)])


class _Watch:
    def __init__(self, memory: _Memory, pid: int) -> None:
        self._memory, self._pid, self._stop = memory, pid, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stop.wait(_POLL):
            self._memory.look(self._pid)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def _descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def _share(pid: int) -> int:
    """Bytes of resident memory, each page divided by the number of processes that have it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
