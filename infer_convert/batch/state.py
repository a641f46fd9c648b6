"""OUTDIR: what has been done, under names made from content.

::

    OUTDIR/
      index.html index.json [index.parquet]   the estate report, written last
      files/<name>.converted -> results/<key> one link per source
      questions/<cluster>.toml                what to answer, ready to be edited
      pooled/<cluster>.toml                   what the checkpoints of a cluster agree on: --hints OUTDIR/pooled
      results/<key>/                          what ``convert`` writes
      .batch/facts/<key>.json  .batch/results/<key>.json  .batch/digests.json  .batch/lock

A record is written after the folder it speaks of, by renaming; so whatever is recorded is whole, and a run that was
killed is continued by running it again.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from infer_convert.errors import UsageError

Kind = Literal["facts", "results"]


class State:
    """The folder of one batch. Nothing is created before ``prepare``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def results(self) -> Path:
        """Where the converted folders are."""
        return self.folder / "results"

    @property
    def private(self) -> Path:
        """Our own records."""
        return self.folder / ".batch"

    def prepare(self) -> None:
        """Create the folders. Raises UsageError when that is not possible or the folder holds something else."""
        if (
            self.folder.exists()
            and not self.private.is_dir()
            and (not self.folder.is_dir() or any(self.folder.iterdir()))
        ):
            raise UsageError(f"the output {self.folder} exists and is no folder of an earlier batch")
        try:
            for path in (self.results, self.private / "facts", self.private / "results"):
                path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write {self.folder}: {error.strerror}") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one run at a time. Raises UsageError when another run has it."""
        if find_spec("fcntl") is None:
            yield
            return
        import fcntl

        with (self.private / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageError(f"another batch is writing to {self.folder}") from error
            yield

    def record(self, kind: Kind, key: str) -> dict[str, Any] | None:
        """A record; None when there is none or the folder it speaks of is gone."""
        found = _read(self.private / kind / f"{key}.json")
        if found is not None and found.get("folder") and not (self.results / key).is_dir():
            return None
        return found

    def keep(self, kind: Kind, key: str, record: Mapping[str, Any]) -> None:
        """Write a record, whole or not at all."""
        write_text(self.private / kind / f"{key}.json", json.dumps(record, sort_keys=True) + "\n")

    def digests(self) -> dict[str, str]:
        """stamp -> SHA-256 of files seen before."""
        return {str(key): str(value) for key, value in (_read(self.private / "digests.json") or {}).items()}

    def keep_digests(self, known: Mapping[str, str]) -> None:
        """Replace the memory of digests."""
        write_text(self.private / "digests.json", json.dumps(dict(known), sort_keys=True) + "\n")

    def link(self, names: Mapping[str, str]) -> None:
        """Make ``files/`` anew: ``names`` maps a source's name to the key of its result."""
        fresh = Path(tempfile.mkdtemp(prefix=".files.", dir=self.folder))
        for name, key in names.items():
            place = fresh / f"{name}.converted"
            place.parent.mkdir(parents=True, exist_ok=True)
            depth = len(Path(name).parts)
            target = Path(*[".."] * depth, "results", key)
            try:
                place.symlink_to(target, target_is_directory=True)
            except (OSError, NotImplementedError):  # Windows without the right to link
                place.with_name(f"{place.name}.txt").write_text(f"{target}\n", encoding="utf-8")
        fresh.chmod(0o755)
        standing = self.folder / "files"
        if standing.exists():
            shutil.rmtree(standing)
        fresh.rename(standing)

    def clean(self) -> None:
        """Remove what killed runs have left beside the results; only under the lock, while nothing else writes."""
        for path in (*self.folder.glob(".files.*"), *self.results.glob(".*.partial"), *self.private.glob("fetch.*")):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.private.rglob("*.new"):
            path.unlink(missing_ok=True)

    def unused(self, keys: Iterable[str]) -> list[str]:
        """Results that no source of this run has: of other hints, versions, or files that are gone."""
        wanted = set(keys)
        return sorted(path.name for path in self.results.iterdir() if path.is_dir() and path.name not in wanted)


def write_text(path: Path, text: str) -> None:
    """Write beside and rename."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write beside and rename."""
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
