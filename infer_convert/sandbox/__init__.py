"""``readers`` behind a process boundary: the same two calls, without opening the HDF5 file in this process.

``read`` and ``open_tensors`` start a child (``readers/child.py``) with limits on memory and time, hand it the path and
take back plain bytes whose form and size are checked; a crash of the HDF5 library ends the child and becomes
UnreadableFile. Contiguous tensors are read here, directly from the file, at offsets that the child names. On platforms
without ``resource`` limits (Windows) both run in this process, and the facts carry a warning that says so.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from infer_convert.facts import WeightFile
from infer_convert.limits import DEFAULT, Limits
from infer_convert.processes.digest import sha256
from infer_convert.sandbox.session import AVAILABLE, Session

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

__all__ = ["AVAILABLE", "TensorStore", "open_tensors", "read"]

UNCONFINED = "read without a process of its own: this platform has no limits on memory and processor time"


class TensorStore(Protocol):
    """The numbers of a weight file by their address."""

    def read(self, tensor_path: str, /) -> NDArray[Any]:
        """The array, in native byte order, of the shape and dtype that the facts declare."""
        ...


def read(
    path: str | os.PathLike[str], *, digest: bool = False, limits: Limits = DEFAULT, remote: BinaryIO | None = None
) -> WeightFile:
    """What the file says about its layers, without reading any weight.

    ``remote`` is a seekable stream that is read in place of the disk: the child asks for the pieces that it wants;
    ``path`` is then what messages call it, and ``digest`` must be False.

    ``digest`` adds the SHA-256 of the file (for a shard index: of the index). Raises UnreadableFile when it is
    missing, damaged, crashes the HDF5 library, is empty, not HDF5 or without weights, and RefusedForSafety beyond
    ``limits`` or for links and storage that leave the file.
    """
    where = Path(path)
    if not AVAILABLE:
        from infer_convert.readers import read as read_here

        facts = read_here(where, digest=digest, limits=limits, remote=remote)
        return dataclasses.replace(facts, warnings=(*facts.warnings, UNCONFINED))
    from infer_convert.sandbox.decode import decoded

    with Session(where, "facts", limits, remote) as session:
        digested = sha256(where) if digest and where.is_file() else None
        facts = decoded(session.facts(), where)
    return dataclasses.replace(facts, sha256=digested)


@contextlib.contextmanager
def open_tensors(
    path: str | os.PathLike[str], *, limits: Limits = DEFAULT, facts: WeightFile | None = None
) -> Iterator[TensorStore]:
    """Open a weight file for its numbers: ``with open_tensors(p) as store: store.read(tensor.path)``.

    With its ``facts``, where the numbers of many tensors stand is asked at once.

    The process starts now and is waited for at the first ``read``, which raises UnreadableFile and RefusedForSafety as
    the facts' ``read`` does.
    """
    where = Path(path)
    if not AVAILABLE:
        from infer_convert.readers import open_tensors as open_here

        with open_here(where, limits=limits) as store:
            yield store
        return
    from infer_convert.sandbox.numbers import Numbers

    with Session(where, "tensors", limits) as session:
        expected = () if facts is None else (tensor.path for tensor in facts.all_tensors())
        with Numbers(session, where, limits, expected) as numbers:
            yield numbers
