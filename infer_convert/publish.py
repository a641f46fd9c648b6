"""Write a folder beside its final place and rename it when everything is in it.

The folder beside is locked as long as its process lives. One that is not locked was left by a process that was killed:
the next run for the same target removes it, and first puts back the old output if that had been moved aside.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from infer_convert.errors import InferConvertError, UsageError

NO_ROOM: tuple[int, ...] = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)
"""What the user's disk may say; anything else is a bug of ours."""


def check_target(target: Path, force: bool, source: Path) -> None:
    """Refuse an output folder that exists (unless ``force``), is a file, or holds the input or the current folder.

    Raises UsageError.
    """
    if not (target.exists() or target.is_symlink()):
        if not target.absolute().parent.is_dir():
            raise UsageError(f"the output folder's parent {target.absolute().parent} does not exist")
        return
    if not force:
        raise UsageError(f"the output {target} exists already; --force replaces it")
    if target.is_symlink() or not target.is_dir():
        raise UsageError(f"the output {target} is no folder, --force replaces folders only")
    kept = (source.resolve(), Path.cwd())
    if any(path.is_relative_to(target.resolve()) for path in kept):
        raise UsageError(f"the output {target} holds the input file or the current folder and cannot be replaced")


_SUFFIX = ".partial"
_PROBE = bytes(1 << 20)


@contextmanager
def published(target: Path, force: bool = False) -> Iterator[Path]:
    """An empty folder that becomes ``target`` when the block ends without an exception.

    An old ``target`` stays until then, and comes back when the renaming itself fails. Raises UsageError when the
    parent folder cannot be written or has no room.
    """
    target = target.absolute()
    try:
        _remove_stale(target)
        beside, lock = _beside(target)
    except OSError as error:
        raise UsageError(f"cannot write beside {target}: {error.strerror}") from error
    try:
        fresh = beside / "new"
        fresh.mkdir()
        yield fresh
        _rename(fresh, target, beside / "old", force)
    except InferConvertError:
        raise
    except Exception as error:
        # TensorFlow and HDF5 word a full disk in their own ways; a block that fails on a sound disk is a bug of ours
        full = error if isinstance(error, OSError) and error.errno in NO_ROOM else _no_room(beside)
        if full is None:
            raise
        raise UsageError(f"cannot write {target}: {full.strerror}; nothing was left there") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _rename(fresh: Path, target: Path, old: Path, force: bool) -> None:
    if target.exists():
        if not force:
            raise UsageError(f"the output {target} has appeared in the meantime; --force replaces it")
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise


def _beside(target: Path) -> tuple[Path, int | None]:
    """A new folder of ours and its lock (None where folders cannot be locked)."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=_SUFFIX, dir=target.parent))
        lock = _locked(path)
        if lock is None or path.exists():  # else another run took it for a stale one before it was locked
            return path, lock
        os.close(lock)


def _locked(path: Path) -> int | None:
    """An open, locked descriptor of the folder; None when another process holds it or there are no such locks."""
    if find_spec("fcntl") is None:
        return None
    import fcntl

    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
        else:
            return descriptor
    return None


def _remove_stale(target: Path) -> None:
    for path in target.parent.iterdir():
        if not (path.name.startswith(f".{target.name}.") and path.name.endswith(_SUFFIX)) or path.is_symlink():
            continue
        lock = _locked(path)
        if lock is None:
            continue
        try:
            old = path / "old"
            if old.is_dir() and not target.exists():
                old.rename(target)
            shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(lock)


def _no_room(folder: Path) -> OSError | None:
    """What the disk says to a small file more; None when it takes it."""
    probe = folder / "probe"
    try:
        probe.write_bytes(_PROBE)
        probe.unlink()
    except OSError as error:
        return error
    return None
