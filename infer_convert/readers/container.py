"""Opening the input: a plain HDF5 file, a ``.keras`` archive, or the index of sharded weights.

All three become one or more HDF5 *members*; everything after this module sees the same trees. The kind is told by the
first bytes, never by the suffix (TensorFlow up to 2.12 wrote HDF5 under ``.keras``).
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

import h5py

from infer_convert.errors import InferConvertError, RefusedForSafety, UnreadableFile
from infer_convert.limits import Limits, Meter, beyond, parse_json, refuse
from infer_convert.readers.heap import HeapReader

WEIGHTS_MEMBER = "model.weights.h5"
"""The weights inside a ``.keras`` archive (keras/src/saving/saving_lib.py, ``_VARS_FNAME_H5``)."""

VOCABULARY = "vocabulary.txt"
"""What an adapted lookup layer keeps among an archive's assets (keras/src/layers/preprocessing/index_lookup.py)."""

SHARD_INDEX = "model.weights.json"
"""The index of a ``.keras`` archive written with shards."""


@dataclass(frozen=True, slots=True)
class Member:
    """One opened HDF5 file: the whole input, a member of an archive, or a shard."""

    name: str
    file: h5py.File
    heap: HeapReader
    start: int | None = 0
    """Where its first byte stands in the file on disk; None when it was decompressed in memory."""


@dataclass(frozen=True, slots=True)
class Container:
    """An opened input. ``documents`` are its parsed JSON parts: ``metadata``, ``config``, ``index``."""

    path: Path
    bytes: int
    kind: Literal["hdf5", "zip", "shards"]
    members: tuple[Member, ...]
    documents: dict[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def one_line_errors(path: Path) -> Iterator[None]:
    """The one place where a malformed file's exceptions become UnreadableFile with one clear line."""
    try:
        yield
    except InferConvertError as problem:
        message = str(problem) if str(path) in str(problem) else f"{path}: {problem}"
        problem.args = (_one_line(message), *problem.args[1:])
        raise
    except FileNotFoundError:
        raise UnreadableFile(f"{path}: expected a weight file, found nothing there") from None
    except IsADirectoryError:
        raise UnreadableFile(f"{path}: expected a weight file, found a folder") from None
    except PermissionError:
        raise UnreadableFile(f"{path}: expected a weight file, found one we may not read") from None
    except MemoryError:
        raise RefusedForSafety(_one_line(
            f"{path}: expected a file that is read in the memory allowed (limit memory_bytes), found one that needs"
            " more; refused for safety; --allow-large lifts it"
        )) from None  # fmt: skip
    except (
        OSError,
        LookupError,
        RuntimeError,
        ValueError,
        TypeError,
        ArithmeticError,
        EOFError,
        struct.error,
        zlib.error,
        zipfile.BadZipFile,
    ) as problem:
        detail = str(problem)[:300] or type(problem).__name__
        raise UnreadableFile(_one_line(f"{path}: expected an intact weight file, found damage ({detail})")) from None


def _one_line(message: str) -> str:
    """Names come from strangers: no line breaks, terminal controls or lone surrogates reach the user."""
    safe = message.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in " ".join(safe.split()))


@contextlib.contextmanager
def open_container(path: Path, limits: Limits, remote: BinaryIO | None = None) -> Iterator[tuple[Container, Meter]]:
    """Open the input read-only, whatever holds it; the meter counts for the whole container.

    ``remote`` is a seekable stream that is read instead of the disk; ``path`` is then its name in messages alone.

    Raises UnreadableFile (through ``one_line_errors``) and RefusedForSafety.
    """
    with contextlib.ExitStack() as stack:
        stream = remote if remote is not None else stack.enter_context(path.open("rb", buffering=0))
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        if size == 0:
            raise UnreadableFile(f"{path}: expected a weight file, found an empty file")
        meter = Meter(limits, size)
        head = stream.read(512)
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield _open_archive(path, stream, size, meter, stack), meter
        elif head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            if remote is not None:
                raise UnreadableFile(f"{path}: expected HDF5 or a .keras archive, found an index of shards; fetch them")
            yield _open_index(path, stream, size, meter, stack), meter
        else:
            if not (h5py.is_hdf5(str(path)) if remote is None else _is_hdf5(stream, size)):
                raise UnreadableFile(f"{path}: expected HDF5 or a .keras archive, found {_looks_like(head)}")
            file = stack.enter_context(h5py.File(path if remote is None else stream, "r"))
            yield Container(path, size, "hdf5", (_member("", file, stream),)), meter


def _is_hdf5(stream: BinaryIO, size: int) -> bool:
    """Whether the signature stands at 0, 512, 1024, 2048, … (HDF5 File Format Specification 3.0, II.A)."""
    at = 0
    while at < size:
        stream.seek(at)
        if stream.read(8) == b"\x89HDF\r\n\x1a\n":
            return True
        at = max(512, 2 * at)
    return False


def _looks_like(head: bytes) -> str:
    known = {
        b"version https://git-lfs": "a Git LFS pointer (the file itself was not downloaded)",
        b"<": "a web page or XML",
        b"\x80": "a Python pickle",
        b"\x93NUMPY": "a NumPy array",
        b"\x1f\x8b": "gzip data",
        b"\x08": "a protocol buffer",
    }
    for magic, what in known.items():
        if head.startswith(magic):
            return what
    return f"something that begins with {head[:8]!r}"


def _member(name: str, file: h5py.File, stream: BinaryIO, start: int | None = 0) -> Member:
    lock = threading.Lock()

    def sought(offset: int, length: int) -> bytes:
        with lock:
            stream.seek(offset)
            return stream.read(length)

    raw = partial(_pread, stream.fileno()) if isinstance(stream, io.FileIO) and hasattr(os, "pread") else sought
    return Member(name, file, HeapReader(raw, int(file.userblock_size)), start)


def _pread(descriptor: int, offset: int, length: int) -> bytes:
    return os.pread(descriptor, length, offset)


class _Window(io.RawIOBase):
    """A stored archive member as a read-only file, without copying it."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._stream, self._start, self._size, self._at = stream, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        room = max(0, min(len(buffer), self._size - self._at))
        self._stream.seek(self._start + self._at)
        data = self._stream.read(room)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _open_archive(path: Path, stream: BinaryIO, size: int, meter: Meter, stack: contextlib.ExitStack) -> Container:
    archive = stack.enter_context(zipfile.ZipFile(stream))
    if len(archive.infolist()) > meter.limits.members:
        beyond(str(path), "members", f"at most {meter.limits.members} archive members", len(archive.infolist()))
    members = {info.filename: info for info in archive.infolist()}
    documents: dict[str, Any] = {}
    for key, name in (("metadata", "metadata.json"), ("config", "config.json"), ("index", SHARD_INDEX)):
        if name in members:
            documents[key] = _document(archive, members[name], path, meter)
    documents["vocabularies"] = _vocabularies(archive, members, path, meter)
    if WEIGHTS_MEMBER in members:
        names = [WEIGHTS_MEMBER]
    elif "index" in documents:
        names = _shard_names(documents["index"], path, meter.limits)
    else:
        there = ", ".join(sorted(members)[:5]) or "nothing"
        raise UnreadableFile(f"{path}: expected {WEIGHTS_MEMBER} in the archive, found {there}")
    opened = []
    for name in names:
        if name not in members:
            raise UnreadableFile(f"{path}: expected the shard {name} in the archive, found no such member")
        inner, start = _inner(archive, stream, members[name], path, meter)
        file = stack.enter_context(h5py.File(inner, "r"))
        opened.append(_member(name if len(names) > 1 else "", file, inner, start))
    return Container(path, size, "zip", tuple(opened), documents)


def _vocabularies(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], path: Path, meter: Meter
) -> dict[str, list[str]]:
    """The words of adapted lookup layers, a line each, by the member's folder (``layers/text_vectorization``)."""
    found: dict[str, list[str]] = {}
    for name, info in members.items():
        if not (name.startswith("assets/") and name.endswith("/" + VOCABULARY)):
            continue
        if info.file_size > meter.limits.json_chars:
            beyond(f"{path}/{name}", "json_chars", f"at most {meter.limits.json_chars} characters", info.file_size)
        with archive.open(info) as member:
            text = member.read(meter.limits.json_chars + 1).decode("utf-8", "replace")
        found[name.removeprefix("assets/").removesuffix("/" + VOCABULARY)] = text.split("\n")
    return found


def _document(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, meter: Meter) -> Any:
    where = f"{path}/{info.filename}"
    if info.file_size > meter.limits.json_chars:
        beyond(where, "json_chars", f"at most {meter.limits.json_chars} characters of JSON", info.file_size)
    with archive.open(info) as member:
        text = member.read(meter.limits.json_chars + 1)
    return parse_json(text.decode("utf-8", "replace"), where, meter.limits)


def _inner(
    archive: zipfile.ZipFile, stream: BinaryIO, info: zipfile.ZipInfo, path: Path, meter: Meter
) -> tuple[BinaryIO, int | None]:
    """The member as a seekable file and its offset: a window when it is stored (all Keras archives), else decompressed
    in memory."""
    if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 0x1:
        stream.seek(info.header_offset)
        header = stream.read(30)
        if header[:4] != b"PK\x03\x04" or len(header) != 30:
            raise UnreadableFile(f"{path}: expected the member {info.filename}, found a damaged archive")
        name_length, extra_length = struct.unpack("<HH", header[26:30])
        start = info.header_offset + 30 + name_length + extra_length
        return io.BufferedReader(_Window(stream, start, info.file_size), 1 << 16), start
    meter.data(f"{path}/{info.filename}", info.file_size)
    with archive.open(info) as member:
        return io.BytesIO(member.read(info.file_size)), None


def _open_index(path: Path, stream: BinaryIO, size: int, meter: Meter, stack: contextlib.ExitStack) -> Container:
    stream.seek(0)
    text = stream.read(meter.limits.json_chars + 1).decode("utf-8", "replace")
    try:
        index = parse_json(text, str(path), meter.limits)
    except ValueError:
        raise UnreadableFile(f"{path}: expected HDF5, a .keras archive or a shard index, found other text") from None
    members = []
    for name in _shard_names(index, path, meter.limits):
        shard = path.with_name(name)
        if not shard.is_file():
            raise UnreadableFile(f"{path}: expected the shard {name} beside the index, found no such file")
        inner = stack.enter_context(shard.open("rb"))
        meter.file_bytes += os.fstat(inner.fileno()).st_size
        members.append(_member(name, stack.enter_context(h5py.File(shard, "r")), inner))
    total = size + sum(path.with_name(member.name).stat().st_size for member in members)
    return Container(path, total, "shards", tuple(members), {"index": index})


def _shard_names(index: Any, path: Path, limits: Limits) -> list[str]:
    """Shards in the order in which the index first names them; only plain file names are accepted."""
    weight_map = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        raise UnreadableFile(f"{path}: expected a shard index with a weight_map, found other JSON")
    names: dict[str, None] = {}
    for value in weight_map.values():
        for name in value if isinstance(value, list) else [value]:
            if not isinstance(name, str) or not name or Path(name).name != name or "\\" in name or "\0" in name:
                refuse(str(path), "shards that are plain file names beside the index", repr(name)[:80])
            names[name] = None
    if len(names) > limits.members:
        beyond(str(path), "members", f"at most {limits.members} shards", len(names))
    return sorted(names)
