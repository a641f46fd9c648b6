"""Damaged copies of a weight file: cut short, bytes flipped, or its structure altered by h5py; the same every time."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

PIECES = 64
"""A file is cut at every 1/64th of its length."""

WEIGHTS = "model.weights.h5"
HOSTILE = (
    "../../x", "/abs", "a/b/c", "..", "", " ", "\x1b[31m", "\u202e", "<script>", '"; import os', "n" * 300, "dense",
    "{0!r}%s", "\udcff\udcfe", "\u00e9\U0001f600", "1", "None", "layers", "vars", "kernel:0", "a\nb",
)  # fmt: skip


def cut(data: bytes, number: int) -> bytes:
    """The first ``number`` / 64 of the file."""
    return data[: len(data) * number // PIECES]


def flip(data: bytes, number: int) -> bytes:
    """1, 4, 16 or 64 random bytes; every second time among those of the structure, where damage is felt."""
    rng = random.Random(f"flip{number}{len(data)}")
    made = bytearray(data)
    places = _structure(data) if number % 2 else range(len(data))
    for _ in range((1, 4, 16, 64)[number // 2 % 4]):
        at = rng.choice(places)
        made[at] = rng.choice((0, 1, 0x7F, 0xFF, made[at] ^ 1 << rng.randrange(8), rng.randrange(256)))
    return bytes(made)


def _structure(data: bytes) -> range | list[int]:
    """Positions outside the numbers of contiguous datasets."""
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            taken = bytearray(len(data))
            for dataset in _datasets(file):
                offset, size = dataset.id.get_offset(), dataset.id.get_storage_size()
                if offset is not None and size:
                    taken[offset : offset + size] = b"\1" * size
            return [at for at, used in enumerate(taken[: len(data)]) if not used]
    except (OSError, RuntimeError, ValueError):
        return range(len(data))


def alter(data: bytes, number: int) -> bytes:
    """One to three changes that leave a sound HDF5 file with another meaning."""
    rng = random.Random(f"alter{number}{len(data)}")
    if data[:2] == b"PK":
        return _altered_archive(data, number, rng)
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        for _ in range(rng.choice((1, 1, 2, 3))):
            change = rng.choice(CHANGES)
            try:
                change(file, rng)
            except (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError):
                continue  # this file has nothing of the kind
    return buffer.getvalue()


def _altered_archive(data: bytes, number: int, rng: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if rng.random() < 0.5 and "config.json" in parts:
        parts["config.json"] = spoilt_json(parts["config.json"].decode(), rng).encode("utf-8", "surrogatepass")
    elif rng.random() < 0.2:
        parts.pop(rng.choice(list(parts)))
    elif WEIGHTS in parts:
        parts[WEIGHTS] = alter(parts[WEIGHTS], number)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def spoilt_json(text: str, rng: random.Random) -> str:
    """A config with one value, key or list altered."""
    value = json.loads(text)
    spots: list[tuple[Any, Any]] = []
    stack = [value]
    while stack:
        node = stack.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in keys:
            spots.append((node, key))
            stack.append(node[key])
    if not spots:
        return text
    for _ in range(rng.choice((1, 1, 3))):
        node, key = rng.choice(spots)
        odd = rng.choice((None, -1, 0, 10**12, 1e400, True, [], {}, [[]], "", "relu", rng.choice(HOSTILE), [None, -1]))
        if isinstance(node, dict) and rng.random() < 0.3:
            node.pop(key, None)
        elif isinstance(node, list) and key < len(node) and rng.random() < 0.3:
            node.insert(key, node[rng.randrange(len(node))])
        elif isinstance(node, dict) or key < len(node):
            node[key] = odd
    return json.dumps(value)


def _datasets(file: h5py.File) -> list[h5py.Dataset]:
    found: list[h5py.Dataset] = []
    file.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
    return found


def _objects(file: h5py.File) -> list[Any]:
    found: list[Any] = [file]
    file.visititems(lambda _, item: found.append(item))
    return found


def _attributes(file: h5py.File) -> list[tuple[Any, str]]:
    return [(item, name) for item in _objects(file) for name in item.attrs]


def _drop_attribute(file: h5py.File, rng: random.Random) -> None:
    item, name = rng.choice(_attributes(file))
    del item.attrs[name]


def _retype_attribute(file: h5py.File, rng: random.Random) -> None:
    item, name = rng.choice(_attributes(file))
    odd = (3, -1, 2.5, b"", "x", [], [1, 2], np.zeros((2, 2)), [b"a", b"a"], "{", "null", "[[]]", '"x"', b"\xff\xfe")
    item.attrs[name] = rng.choice(odd)


def _reorder_names(file: h5py.File, rng: random.Random) -> None:
    item, name = rng.choice([pair for pair in _attributes(file) if "names" in pair[1]])
    names = list(item.attrs[name])
    change = rng.choice(("shuffle", "drop", "twice", "odd", "swap"))
    if change == "shuffle":
        rng.shuffle(names)
    elif change == "drop":
        names.pop(rng.randrange(len(names)))
    elif change == "twice":
        names.append(rng.choice(names))
    elif change == "odd":
        names[rng.randrange(len(names))] = rng.choice(HOSTILE).encode("utf-8", "surrogateescape")
    else:
        one, other = rng.randrange(len(names)), rng.randrange(len(names))
        names[one], names[other] = names[other], names[one]
    texts = [name if isinstance(name, bytes) else str(name).encode() for name in names]
    item.attrs[name] = np.array(texts) if texts else []


def _config(file: h5py.File, rng: random.Random) -> None:
    text = file.attrs["model_config"]
    file.attrs["model_config"] = spoilt_json(text if isinstance(text, str) else text.decode(), rng)


def _rename(file: h5py.File, rng: random.Random) -> None:
    """A layer of another name, everywhere."""
    item = rng.choice([item for item in _objects(file) if item.name != "/"])
    parent, new = item.parent, rng.choice(HOSTILE).encode("utf-8", "surrogateescape")
    old = item.name.rpartition("/")[2].encode()
    if new:
        parent.id.links.move(old, parent.id, new.replace(b"/", b"_") if rng.random() < 0.5 else new)
        for owner in (file, parent):
            for name in ("layer_names", "weight_names"):
                if name in owner.attrs:
                    listed = [part if isinstance(part, bytes) else part.encode() for part in owner.attrs[name]]
                    owner.attrs[name] = np.array([new if part == old else part for part in listed])


def _move(file: h5py.File, rng: random.Random) -> None:
    one, other = (rng.choice([item for item in _objects(file) if item.name != "/"]).name for _ in range(2))
    file.move(one, "/swapped")
    file.move(other, one)
    file.move("/swapped", other)


def _delete(file: h5py.File, rng: random.Random) -> None:
    del file[rng.choice([item for item in _objects(file) if item.name != "/"]).name]


def _other_shape(file: h5py.File, rng: random.Random) -> None:
    dataset = rng.choice(_datasets(file))
    where, shape = dataset.name, list(dataset.shape)
    change = rng.choice(("grow", "drop", "add", "empty", "turn"))
    if change == "add" or not shape:
        shape.insert(rng.randrange(len(shape) + 1), rng.choice((1, 2, 3)))
    elif change == "drop":
        shape.pop(rng.randrange(len(shape)))
    elif change == "turn":
        shape.reverse()
    else:
        shape[rng.randrange(len(shape))] = 0 if change == "empty" else rng.choice((1, 7, 64, 513))
    kind = dataset.dtype
    del file[where]
    file[where] = np.ones(shape, kind)


def _other_type(file: h5py.File, rng: random.Random) -> None:
    dataset = rng.choice(_datasets(file))
    where, value = dataset.name, np.asarray(dataset[()])
    del file[where]
    file[where] = value.astype(rng.choice(("f2", "f8", ">f4", "i4", "u1", "c8", "S4", "?")))


def _numbers(file: h5py.File, rng: random.Random) -> None:
    dataset = rng.choice(_datasets(file))
    if dataset.shape:
        dataset[...] = np.full(dataset.shape, rng.choice((np.nan, np.inf, -np.inf, 0.0, 1e38, -1.0)), dataset.dtype)


def _copy(file: h5py.File, rng: random.Random) -> None:
    item = rng.choice([item for item in _objects(file) if item.name != "/"])
    file.copy(item, item.parent, rng.choice(("copy", "dense_99", "z", "0", "layers")))


def _link(file: h5py.File, rng: random.Random) -> None:
    item = rng.choice([item for item in _objects(file) if item.name != "/"])
    links = (h5py.SoftLink(item.name), h5py.ExternalLink("other.h5", "/"), item, file["/"])
    item.parent[rng.choice(("link", "dense_98", "1"))] = rng.choice(links)


Change = Callable[[h5py.File, random.Random], None]
CHANGES: tuple[Change, ...] = (
    _drop_attribute, _retype_attribute, _reorder_names, _reorder_names, _config, _config, _rename, _rename, _move,
    _delete, _other_shape, _other_shape, _other_type, _numbers, _copy, _link,
)  # fmt: skip

MUTATIONS: dict[str, Callable[[bytes, int], bytes]] = {"cut": cut, "flip": flip, "alter": alter}
