"""Write a folder beside its final place and rename it when everything is in it."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infer_convert.errors import UsageError

NO_ROOM: tuple[int, ...] = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
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


@contextmanager
def published(target: Path, force: bool = False) -> Iterator[Path]:
    """An empty folder that becomes ``target`` when the block ends without an exception.

    An old ``target`` stays until then, and comes back when the renaming itself fails. Raises UsageError when the
    parent folder cannot be written.
    """
    target = target.absolute()
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    except OSError as error:
        raise UsageError(f"cannot write beside {target}: {error.strerror}") from error
    try:
        fresh = beside / "new"
        fresh.mkdir()
        yield fresh
        old = beside / "old"
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
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise UsageError(f"cannot write {target}: {error.strerror}; nothing was left there") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
