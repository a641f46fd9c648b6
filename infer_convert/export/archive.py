"""A ``.keras`` archive whose weights are written once: HDF5 writes them where they lie in the archive.

Keras 3.15.1 (``saving_lib._save_model_to_fileobj``) writes the weights to a file of their own or to memory and copies
them into the archive. Here HDF5 leaves room in front of its data (a user block), which the entry's header then fills.
"""

from __future__ import annotations

import mmap
import struct
import zipfile
from pathlib import Path
from typing import Any

import h5py
from keras.src.saving import saving_lib

ROOM = 512
"""Bytes in front of the weights: the smallest user block that HDF5 allows (file format specification, II.A)."""

_CHUNK = 1 << 24
_PADDING = 0xD935
"""Identifies an extra field that only aligns the data behind it (Android's ``zipalign``)."""

_NEEDED = (
    "H5IOStore", "_serialize_model_as_json", "_save_state", "_METADATA_FILENAME", "_CONFIG_FILENAME", "_VARS_FNAME_H5",
)  # fmt: skip


def suits(model: Any) -> bool:
    """Whether this Keras has the parts that are used here and no layer of the model keeps files beside its weights."""
    parts = all(hasattr(saving_lib, name) for name in _NEEDED)
    return parts and not any(hasattr(layer, "save_assets") for layer in model._flatten_layers())


def write_archive(model: Any, target: Path) -> None:
    """Write ``target`` as ``model.save`` would; the weights come first, stored.

    Raises OSError where the disk does not take it, RuntimeError where HDF5 lays the file out in a way not known here.
    """
    config, metadata = saving_lib._serialize_model_as_json(model)
    store = _store(target)
    try:
        saving_lib._save_state(
            model, weights_store=store, assets_store=None, inner_path="", visited_saveables=set()
        )
    finally:
        store.close()
    with target.open("r+b") as file:
        _moved(file)
        file.seek(0)
        with zipfile.ZipFile(_Around(file), "w") as archive:
            _entry(archive, saving_lib._VARS_FNAME_H5, file)
            archive.writestr(zipfile.ZipInfo(saving_lib._METADATA_FILENAME), metadata)
            archive.writestr(zipfile.ZipInfo(saving_lib._CONFIG_FILENAME), config)


def _store(target: Path) -> Any:
    """Keras' writer of weights, with room in front of them."""

    class Store(saving_lib.H5IOStore):  # type: ignore[misc]  # keras has no types
        def _get_h5_file(self, path_or_io: Any, mode: str | None = None) -> h5py.File:
            return h5py.File(path_or_io, mode or self.mode, userblock_size=ROOM)

    return Store(target, mode="w")


def _moved(file: Any) -> None:
    """Let the superblock (version 0) say that the file begins with it: outside the archive it does.

    HDF5 itself also opens files that were moved (``H5Fsuper.c``); other readers need not.
    """
    file.seek(ROOM)
    head = file.read(64)
    base, _, end = struct.unpack_from("<QQQ", head, 24)
    if head[:9] != b"\x89HDF\r\n\x1a\n\0" or head[13] != 8 or base != ROOM:
        raise RuntimeError("HDF5 wrote a superblock that is not of version 0")
    file.seek(ROOM + 24)
    file.write(struct.pack("<Q", 0))
    file.seek(ROOM + 40)
    file.write(struct.pack("<Q", end - ROOM))


def _entry(archive: zipfile.ZipFile, name: str, file: Any) -> None:
    """The entry for what already lies behind the room, its header filling the room."""
    around: Any = archive.fp
    file.flush()
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        entry = zipfile.ZipInfo(name)
        entry.file_size, entry.CRC = len(mapped) - ROOM, 0  # summed when written
        large = entry.file_size * 1.05 > zipfile.ZIP64_LIMIT  # what ``ZipFile.open`` asks
        missing = ROOM - len(entry.FileHeader(large)) - 4
        entry.extra = struct.pack("<HH", _PADDING, missing) + bytes(missing)
        with memoryview(mapped) as everything, archive.open(entry, "w") as inside:
            around.present = True
            for at in range(ROOM, len(everything), _CHUNK):
                with everything[at : at + _CHUNK] as part:
                    inside.write(part)
            around.present = False


class _Around:
    """A file to which what is ``present`` need not be written again."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.present = False

    def write(self, data: Any) -> int:
        if not self.present:
            return int(self.file.write(data))
        self.file.seek(len(data), 1)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)
