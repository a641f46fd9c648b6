"""The parsing process: started by ``sandbox``, it alone opens the HDF5 file and answers with plain bytes.

Requests are JSON lines on standard input; answers are frames on standard output: ``FRAME`` (length of the header,
length of the payload), a JSON header, the payload. The first request names the file and the limits, which are applied
before the file is opened; then ``facts`` or any number of ``tensor`` and ``locate``. A file elsewhere (on a server) is
read by the other process, piece by piece as this one asks.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import struct
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from infer_convert.errors import InferConvertError
from infer_convert.limits import Limits, beyond
from infer_convert.processes.collector import collect_seldom, no_collections

if TYPE_CHECKING:
    from infer_convert.readers.tensors import TensorStore

FRAME = struct.Struct("<IQ")
PIECE_BYTES = 1 << 20
"""Of a file elsewhere at once."""
SLAB_BYTES = 32 * 2**20
"""Tensors that go through the pipe are read in slabs along their first axis of about this size."""


def main() -> None:
    """Serve one file until standard input ends."""
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints must not reach the answers
    try:
        with no_collections():
            import infer_convert.readers  # noqa: F401  # perhaps before there is anything to read
        collect_seldom()
        line = asked.readline()
        if not line:
            return
        start = json.loads(line)
        limits = Limits(**start["limits"])
        _confine(start["memory"], start["cpu"])
        path = Path(os.fsdecode(bytes.fromhex(start["path"])))
        if start["purpose"] == "facts":
            elsewhere = None if start["remote"] is None else _Elsewhere(start["remote"], asked, answers)
            _facts(path, limits, answers, elsewhere)
        else:
            _tensors(path, limits, asked, answers)
    except BaseException as problem:
        _failed(problem, answers)


def _confine(memory: int, cpu: int) -> None:
    """Bound this process: address space (bytes), processor time (seconds), no core dump, no file written."""
    import resource

    def lower(kind: int, soft: int, hard: int) -> None:
        with contextlib.suppress(ValueError, OSError):  # macOS knows some of them by name only
            _, most = resource.getrlimit(kind)
            bound = [value if most == resource.RLIM_INFINITY else min(value, most) for value in (soft, hard)]
            resource.setrlimit(kind, (bound[0], bound[1]))

    lower(resource.RLIMIT_AS, memory, memory)
    lower(resource.RLIMIT_CPU, cpu, cpu + 2)
    lower(resource.RLIMIT_CORE, 0, 0)
    lower(resource.RLIMIT_FSIZE, 0, 0)


def _send(answers: BinaryIO, header: Mapping[str, Any], payload: bytes | memoryview = b"") -> None:
    head = json.dumps(header).encode("ascii")
    answers.write(FRAME.pack(len(head), len(payload)))
    answers.write(head)
    answers.write(payload)
    answers.flush()


def _failed(problem: BaseException, answers: BinaryIO) -> None:
    if isinstance(problem, InferConvertError):
        _send(answers, {"error": type(problem).__name__, "message": str(problem)[:4000]})
    elif isinstance(problem, MemoryError):
        _send(answers, {"error": "memory"})
    elif not isinstance(problem, BrokenPipeError):
        _send(answers, {"error": "bug", "message": "".join(traceback.format_exception(problem))[-8000:]})


class _Elsewhere(io.RawIOBase):
    """A file of ``size`` bytes that this process cannot open: each piece is asked for in a frame (``want``: offset and
    length) and comes back on standard input as it is."""

    def __init__(self, size: int, asked: BinaryIO, answers: BinaryIO) -> None:
        self._size, self._asked, self._answers = size, asked, answers
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")[: max(0, self._size - self._at)]
        done = 0
        while done < len(view):
            count = min(len(view) - done, PIECE_BYTES)
            _send(self._answers, {"want": [self._at, count]})
            piece = self._asked.read(count)
            if len(piece) < count:
                raise OSError("the file elsewhere ended")
            view[done : done + count] = piece
            done += count
            self._at += count
        return done


def _facts(path: Path, limits: Limits, answers: BinaryIO, elsewhere: _Elsewhere | None) -> None:
    from infer_convert.readers import read

    remote = None if elsewhere is None else cast(BinaryIO, elsewhere)
    payload = json.dumps(read(path, limits=limits, remote=remote).to_json()).encode("ascii")
    if len(payload) > limits.facts_bytes:
        beyond(str(path), "facts_bytes", f"facts of at most {limits.facts_bytes} bytes", len(payload))
    _send(answers, {}, payload)


def _tensors(path: Path, limits: Limits, asked: BinaryIO, answers: BinaryIO) -> None:
    from infer_convert.readers.tensors import open_tensors

    with open_tensors(path, limits=limits) as store:
        for line in asked:
            request = json.loads(line)
            try:
                if "locate" in request:
                    places = [_place(store, path) for path in request["locate"]]
                    _send(answers, {}, json.dumps(places).encode("ascii"))
                    continue
                for header, payload in _answer(store, request["tensor"]):
                    _send(answers, header, payload)
            except (InferConvertError, MemoryError) as problem:
                _failed(problem, answers)


def _header(store: TensorStore, tensor_path: str) -> dict[str, Any]:
    """Shape and dtype and, for plain contiguous data, where to read it."""
    found = store.locate(tensor_path)
    header: dict[str, Any] = {"shape": found.shape, "dtype": found.dtype}
    return header if found.offset is None else header | {"shard": found.shard, "offset": found.offset}


def _place(store: TensorStore, tensor_path: str) -> dict[str, Any] | None:
    """The header of a tensor whose numbers this process need not send; None for any other."""
    try:
        header = _header(store, tensor_path)
    except (InferConvertError, MemoryError):
        return None
    return header if "offset" in header else None


def _answer(store: TensorStore, tensor_path: str) -> Iterator[tuple[dict[str, Any], bytes | memoryview]]:
    """One header with shape, dtype and, for plain contiguous data, where to read it; else the numbers in slabs."""
    header = _header(store, tensor_path)
    yield header, b""
    if "offset" in header:
        return
    for slab in store.slabs(tensor_path, SLAB_BYTES):
        contiguous = slab if slab.flags.c_contiguous else slab.copy()
        yield {}, contiguous.reshape(-1).view("u1").data
