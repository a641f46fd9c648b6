"""Where the tensors of a checkpoint stand in its data files, so that they can be compared part by part.

TensorFlow's own reader puts every tensor into fresh memory, which takes longer than anything done with it afterwards.
The index is a sorted table of blocks (TensorFlow 2.21, ``core/lib/io/table_format.txt`` and ``format.cc``), its values
are ``BundleEntryProto`` (``core/protobuf/tensor_bundle.proto``). Its blocks' checksums are not looked at here: whoever
has opened the checkpoint with ``tf.train.load_checkpoint`` and asked for the shapes has had all of them checked.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from tensorflow.core.protobuf.tensor_bundle_pb2 import BundleEntryProto, BundleHeaderProto

from infer_convert.build.verify import same_bits

Array = NDArray[Any]

_AT_ONCE = 1 << 22
"""Bytes read at once. (Mapped whole, the file would count as memory of this process.)"""
_FOOTER = 48
_MAGIC = bytes.fromhex("57fb808b247547db")
"""``kTableMagicNumber`` as it stands in the file."""
_TRAILER = 5
"""Bytes behind a block: how it is compressed, its checksum."""


class _NoBundle(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Stored:
    """One tensor: where its bytes begin in which file."""

    file: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def holds(self, array: Array) -> bool:
        """Whether these are the array's bits. Reads a part at a time, into the same memory. Raises OSError."""
        if array.shape != self.shape or array.dtype != self.dtype:
            return False
        flat, at = np.ascontiguousarray(array).reshape(-1), 0
        memory = np.empty(max(1, min(flat.size, _AT_ONCE // self.dtype.itemsize)), self.dtype)
        with self.file.open("rb", buffering=0) as stream:
            stream.seek(self.offset)
            while at < flat.size:
                part = memory[: flat.size - at]
                count = stream.readinto(part.view("u1").data)
                if count != part.nbytes or not same_bits(flat[at : at + part.size], part):
                    return False
                at += part.size
        return True


def stored_tensors(prefix: Path) -> Mapping[str, Stored] | None:
    """Every tensor of the checkpoint by its key; None where the files are laid out in a way not known here. Strings are
    left out. Raises OSError."""
    table = Path(f"{prefix}.index").read_bytes()
    try:
        entries = dict(_entries(table))
        header = BundleHeaderProto.FromString(entries.pop(b""))
        if header.endianness != BundleHeaderProto.LITTLE or sys.byteorder != "little":
            return None
        shards = [Path(f"{prefix}.data-{number:05}-of-{header.num_shards:05}") for number in range(header.num_shards)]
        found = {}
        for key, value in entries.items():
            entry = BundleEntryProto.FromString(value)
            if entry.dtype != tf.string.as_datatype_enum:
                found[key.decode()] = _stored(shards[entry.shard_id], entry)
        return found
    except (_NoBundle, DecodeError, LookupError, ValueError, TypeError):
        return None


def _stored(shard: Path, entry: Any) -> Stored:
    dtype = np.dtype(tf.as_dtype(entry.dtype).as_numpy_dtype)
    shape = tuple(dimension.size for dimension in entry.shape.dim)
    if entry.slices or entry.size != math.prod(shape) * dtype.itemsize:
        raise _NoBundle
    return Stored(shard, entry.offset, shape, dtype)


def _entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a table: those of the blocks that its last block lists."""
    if len(table) < _FOOTER or not table.endswith(_MAGIC):
        raise _NoBundle
    footer, at = table[-_FOOTER:], 0
    for _ in range(2):  # the meta index' offset and size, which nobody needs
        _, at = _number(footer, at)
    start, at = _number(footer, at)
    size, _ = _number(footer, at)
    for _, handle in _pairs(table, start, size):
        first, at = _number(handle, 0)
        yield from _pairs(table, first, _number(handle, at)[0])


def _pairs(table: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one block; each key says how much of the last one it begins with."""
    if start + size + _TRAILER > len(table) or size < 4 or table[start + size]:
        raise _NoBundle
    block = table[start : start + size]
    restarts = int.from_bytes(block[-4:], "little")
    end, at, key = size - 4 * (restarts + 1), 0, b""
    while at < end:
        shared, at = _number(block, at)
        own, at = _number(block, at)
        length, at = _number(block, at)
        key = key[:shared] + block[at : at + own]
        yield key, block[at + own : at + own + length]
        at += own + length


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and where the next thing stands."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
