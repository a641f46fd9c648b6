"""The numbers behind ``Tensor.path``: opened on demand, checked like everything else from a stranger's file."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from infer_convert.errors import UnreadableFile
from infer_convert.limits import DEFAULT, Limits, Meter, beyond, refuse
from infer_convert.readers.container import Container, Member, one_line_errors, open_container
from infer_convert.readers.tree import describe

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Located:
    """Where a tensor's numbers stand. ``dtype`` is numpy's type string in the byte order of ``offset``'s bytes, or
    ``bfloat16``; ``offset`` counts from the first byte of the input (or of the shard of that name), and is None where
    the numbers must be decoded (chunks, filters, unusual formats, a compressed archive)."""

    shape: tuple[int, ...]
    dtype: str
    shard: str
    offset: int | None


class TensorStore:
    """Reads tensors by their address.

    An address is the absolute path inside the HDF5 file (``/layers/dense/vars/0``), the same for plain files,
    archives and shards. Only if two shards hold the same path is it preceded by the shard's file name and a colon
    (``x_00001.weights.h5:/layers/dense/vars/0``).
    """

    def __init__(self, container: Container, limits: Limits) -> None:
        self._container = container
        self._limits = limits

    def read(self, tensor_path: str) -> Array:
        """The array, in native byte order, of the shape and dtype that the facts declare (bfloat16 as ml_dtypes').

        Raises UnreadableFile when there is no such dataset or it is damaged, RefusedForSafety when it is reached
        through a link, stored outside the file, not numeric, or larger than the limits.
        """
        with one_line_errors(self._container.path):
            return self._read(tensor_path)

    def _read(self, tensor_path: str) -> Array:
        _, dataset, dtype = self._find(tensor_path)
        return _native(dataset[()], dtype)

    def locate(self, tensor_path: str) -> Located:
        """The tensor's shape and format and, if that is plain bytes of the input, where; raises as ``read`` does."""
        with one_line_errors(self._container.path):
            member, dataset, name = self._find(tensor_path)
            stored = "bfloat16" if name == "bfloat16" else np.dtype(dataset.dtype).str
            shape = tuple(int(size) for size in dataset.shape)
            offset = _plain_offset(member, dataset, name)
            if offset is None and stored != "bfloat16":
                stored = np.dtype(dataset.dtype).newbyteorder("=").str
            shard = member.name if self._container.kind == "shards" else ""
            return Located(shape, stored, shard, offset)

    def slabs(self, tensor_path: str, size: int) -> Iterator[Array]:
        """The tensor as ``read`` gives it, cut along the first axis into parts of about ``size`` bytes or one chunk."""
        with one_line_errors(self._container.path):
            _, dataset, dtype = self._find(tensor_path)
            if dataset.size == 0:
                return
            if dataset.ndim == 0 or dataset.size * dataset.dtype.itemsize <= size:
                yield _native(dataset[()], dtype)
                return
            chunk = dataset.chunks[0] if dataset.chunks else 1
            row = dataset.dtype.itemsize * math.prod(dataset.shape[1:])
            rows = max(chunk, size // row // chunk * chunk)
            needed = rows * row + math.prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
            allowed = self._limits.tensor_memory(self._container.bytes) - self._limits.memory_bytes // 2
            if needed > allowed:
                beyond(tensor_path, "memory_bytes", f"parts of at most {allowed} bytes", f"one that takes {needed}")
            for start in range(0, dataset.shape[0], rows):
                yield _native(dataset[start : start + rows], dtype)

    def _find(self, tensor_path: str) -> tuple[Member, h5py.Dataset, str]:
        """The dataset behind an address, checked; with the dtype that the facts declare."""
        before, colon, after = tensor_path.partition(":/")
        chosen = [member for member in self._container.members if colon and member.name == before]
        path = "/" + after if chosen else tensor_path
        for member in chosen or self._container.members:
            dataset = _open(member, path)
            if dataset is not None:
                meter = Meter(self._limits, self._container.bytes)
                declared = describe(dataset.id, tensor_path, meter)
                if declared.dtype is None:
                    refuse(tensor_path, "a numeric weight", declared.kind)
                return member, dataset, declared.dtype
        raise UnreadableFile(f"expected the dataset {tensor_path}, found none there")


def _plain_offset(member: Member, dataset: h5py.Dataset, name: str) -> int | None:
    """Where a contiguous dataset of an ordinary number format begins in the file on disk; None if it is anything
    else."""
    properties = dataset.id.get_create_plist()
    if member.start is None or properties.get_layout() != h5py.h5d.CONTIGUOUS or properties.get_nfilters():
        return None
    kind = dataset.id.get_type()
    if name != "bfloat16" and (
        kind.get_class() == h5py.h5t.ENUM or not kind.equal(h5py.h5t.py_create(np.dtype(dataset.dtype)))
    ):
        return None
    offset = dataset.id.get_offset()
    written = dataset.id.get_storage_size() == dataset.size * dataset.dtype.itemsize  # else it is filled when read
    return int(offset) + member.start if offset is not None and written else None


def _open(member: Member, path: str) -> h5py.Dataset | None:
    """The dataset at ``path`` through hard links alone."""
    node: h5py.Group = member.file
    parts = [part for part in path.split("/") if part]
    for at, part in enumerate(parts):
        link = node.get(part, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            refuse(path, "objects of the file itself", f"a {type(link).__name__}")
        child = node[part]
        if at == len(parts) - 1:
            return child if isinstance(child, h5py.Dataset) else None
        if not isinstance(child, h5py.Group):
            return None
        node = child
    return None


def _native(stored: object, dtype: str) -> Array:
    value: Array = np.asarray(stored)
    if dtype == "bfloat16":
        import ml_dtypes

        return np.frombuffer(value.tobytes(), ml_dtypes.bfloat16).reshape(value.shape).copy()
    return value.astype(value.dtype.newbyteorder("="), copy=False)


@contextlib.contextmanager
def open_tensors(path: str | os.PathLike[str], *, limits: Limits = DEFAULT) -> Iterator[TensorStore]:
    """Open a weight file for its numbers: ``with open_tensors(p) as store: store.read(tensor.path)``.

    Raises UnreadableFile and RefusedForSafety as ``read`` does.
    """
    where = Path(path)
    with contextlib.ExitStack() as stack:
        with one_line_errors(where):
            container, _ = stack.enter_context(open_container(where, limits))
        yield TensorStore(container, limits)
