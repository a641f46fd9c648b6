"""The numbers of a file: read here at checked offsets, or taken from the parsing process in checked slabs."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator
from io import FileIO
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from infer_convert.errors import UnreadableFile
from infer_convert.limits import Limits, beyond
from infer_convert.sandbox.session import Session

_FORMAT = re.compile(r"[<>|=](b1|[iu][1248]|f(2|4|8|12|16))")
_MOST_RANK = 32
_AT_ONCE = 1 << 30
_ALIGNMENT = 64
"""``build/buffers.py``"""
_PIECE = 1 << 24
_ASKED_AT_ONCE = 250
"""Tensors whose places are asked for together: each question alone costs two changes of process."""


class Numbers:
    """A tensor store (see ``readers.TensorStore`` for the addresses). ``expected`` are addresses that are likely to be
    read. Not thread-safe."""

    def __init__(self, session: Session, path: Path, limits: Limits, expected: Iterable[str] = ()) -> None:
        self._session, self._path, self._limits = session, path, limits
        self._files: dict[str, FileIO] = {}
        self._expected = dict.fromkeys(expected)
        self._places: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Numbers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in self._files.values():
            stream.close()

    def read(self, tensor_path: str, /) -> NDArray[Any]:
        """The array, in native byte order, of the shape and dtype that the facts declare (bfloat16 as ml_dtypes').

        Raises UnreadableFile when there is no such dataset or it is damaged, RefusedForSafety when it is reached
        through a link, stored outside the file, not numeric, or larger than the limits.
        """
        return self._whole(self._header(tensor_path), tensor_path)

    def pieces(self, tensor_path: str, /) -> Iterator[NDArray[Any]]:
        """What ``read`` gives, flat. Where the file holds it in one piece: in parts of at most ``_PIECE`` bytes that
        share one buffer. Raises as ``read``."""
        header = self._header(tensor_path)
        if "offset" not in header:
            yield self._whole(header, tensor_path).reshape(-1)
            return
        shape, dtype = self._declared(header, tensor_path)
        size = math.prod(shape) * dtype.itemsize
        most = _PIECE // dtype.itemsize * dtype.itemsize
        memory = _aligned(min(size, most))
        for at in range(0, size, most):
            part = memory[: size - at]
            self._copy(header, part.data, tensor_path, at)
            yield part.view(dtype).astype(dtype.newbyteorder("="), copy=False)

    def _whole(self, header: dict[str, Any], tensor_path: str) -> NDArray[Any]:
        shape, dtype = self._declared(header, tensor_path)
        size = math.prod(shape) * dtype.itemsize
        if size > self._limits.declared_bytes:
            beyond(tensor_path, "declared_bytes", f"at most {self._limits.declared_bytes} bytes in all", size)
        try:
            memory = _aligned(size)
        except MemoryError:
            beyond(tensor_path, "memory_bytes", "a tensor that fits the memory", f"{size} bytes")
        if size:
            if "offset" in header:
                self._copy(header, memory.data, tensor_path)
            else:
                self._session.fill(memory.data)
        return memory.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)

    def _header(self, tensor_path: str) -> dict[str, Any]:
        """Shape, dtype and place of a tensor, or what comes before its slabs."""
        if tensor_path in self._expected:
            asked = list(islice(self._expected, _ASKED_AT_ONCE))
            asked = asked if tensor_path in asked else [tensor_path, *asked[1:]]
            for path, header in zip(asked, self._session.locate(asked), strict=True):
                del self._expected[path]
                if isinstance(header, dict) and "offset" in header:
                    self._places[path] = header
        return self._places.get(tensor_path) or self._session.ask(tensor_path)

    def _declared(self, header: dict[str, Any], tensor_path: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        shape, name = header.get("shape"), header.get("dtype")
        if not (isinstance(shape, list) and len(shape) <= _MOST_RANK and all(map(_is_size, shape))):
            self._nonsense(tensor_path)
        if name == "bfloat16":
            import ml_dtypes

            return tuple(shape), np.dtype(ml_dtypes.bfloat16)
        if not (isinstance(name, str) and _FORMAT.fullmatch(name)):
            self._nonsense(tensor_path)
        return tuple(shape), np.dtype(name)

    def _copy(self, header: dict[str, Any], buffer: memoryview, tensor_path: str, skipped: int = 0) -> None:
        """Fill ``buffer`` from the file itself, from so many bytes behind the tensor's beginning."""
        shard, offset = header.get("shard"), header["offset"]
        if not (isinstance(shard, str) and _is_size(offset)):
            self._nonsense(tensor_path)
        offset += skipped
        stream = self._file(shard, tensor_path)
        there = os.fstat(stream.fileno()).st_size
        if offset + len(buffer) > there:
            raise UnreadableFile(
                f"{self._path}: expected {len(buffer)} bytes of {tensor_path} at {offset},"
                f" found the file's end at {there}"
            )
        at = 0
        while at < len(buffer):
            try:
                got = os.preadv(stream.fileno(), [buffer[at : at + _AT_ONCE]], offset + at)
            except OSError as problem:
                raise UnreadableFile(f"{self._path}: expected {tensor_path}, found {problem.strerror}") from None
            if got == 0:
                raise UnreadableFile(f"{self._path}: expected {tensor_path}, found a file that became shorter")
            at += got

    def _file(self, shard: str, tensor_path: str) -> FileIO:
        if shard not in self._files:
            if shard and (Path(shard).name != shard or "\0" in shard):
                self._nonsense(tensor_path)
            try:
                self._files[shard] = FileIO(self._path.with_name(shard) if shard else self._path)
            except OSError as problem:
                raise UnreadableFile(f"{self._path}: expected {tensor_path}, found {problem.strerror}") from None
        return self._files[shard]

    def _nonsense(self, tensor_path: str) -> NoReturn:
        raise UnreadableFile(f"{self._path}: expected {tensor_path}, found an answer about it that is none")


def _aligned(size: int) -> NDArray[np.uint8]:
    """So many bytes that begin where TensorFlow can use them as they are. Raises MemoryError."""
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size]


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 62
