"""The numbers behind ``Tensor.path``: opened on demand, checked like everything else from a stranger's file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import h5py
import ml_dtypes
import numpy as np
import numpy.typing as npt

from infer_convert.errors import UnreadableFile
from infer_convert.limits import DEFAULT, Limits, Meter, refuse
from infer_convert.readers.container import Container, Member, one_line_errors, open_container
from infer_convert.readers.tree import describe

Array = npt.NDArray[np.generic]


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
                return _native(dataset, declared.dtype)
        raise UnreadableFile(f"expected the dataset {tensor_path}, found none there")


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


def _native(dataset: h5py.Dataset, dtype: str) -> Array:
    if dtype == "bfloat16":
        raw: Array = np.asarray(dataset[()])
        return np.frombuffer(raw.tobytes(), ml_dtypes.bfloat16).reshape(raw.shape).copy()
    value = np.asarray(dataset[()])
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
