"""Read a weight file of any Keras generation into facts. Only this room imports h5py.

``read`` tells what a file says; ``open_tensors`` gives the numbers. ``READERS`` is the table of contents: the first
reader that recognises the file reads it. See README.md beside this module for how to add a generation.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from infer_convert.errors import UnreadableFile
from infer_convert.facts import WeightFile
from infer_convert.limits import DEFAULT, Limits, beyond
from infer_convert.processes.digest import sha256
from infer_convert.readers import archive, dependencies, elephas, enclosed, flat, keras0, legacy, sharded, v3
from infer_convert.readers.container import one_line_errors
from infer_convert.readers.source import Reader, Source
from infer_convert.readers.tensors import TensorStore, open_tensors
from infer_convert.readers.unique import with_unique_names
from infer_convert.readers.visit import visit

__all__ = ["READERS", "Reader", "TensorStore", "open_tensors", "read"]

READERS: tuple[Reader, ...] = (archive, sharded, keras0, elephas, legacy, dependencies, v3, enclosed, flat)
"""In the order in which they are asked."""


def read(
    path: str | os.PathLike[str], *, digest: bool = False, limits: Limits = DEFAULT, remote: BinaryIO | None = None
) -> WeightFile:
    """What the file says about its layers, without reading any weight.

    ``remote`` is a seekable stream that is read in place of the disk (in small pieces: headers and names alone);
    ``path`` is then what messages call it, and ``digest`` must be False.

    ``digest`` adds the SHA-256 of the file (for a shard index: of the index). Raises UnreadableFile when it is
    missing, damaged, empty, not HDF5 or without weights, and RefusedForSafety beyond ``limits`` or for links and
    storage that leave the file. Nothing else escapes for a malformed file.
    """
    where = Path(path)
    with one_line_errors(where):
        source = visit(where, limits, remote)
        reader = next((reader for reader in READERS if reader.recognises(source)), None)
        if reader is None:
            raise UnreadableFile(f"{where}: expected Keras weights, found {_contents(source)}")
        facts = reader.read(source)
        if facts.model_config is None and next(facts.all_tensors(), None) is None:
            raise UnreadableFile(f"{where}: expected weights, found {facts.layout} layers without any")
        _check_layers(facts, limits)
        facts = with_unique_names(facts)
        return dataclasses.replace(facts, sha256=sha256(where)) if digest else facts


def _check_layers(facts: WeightFile, limits: Limits) -> None:
    """Raise RefusedForSafety when more layers are stored or configured than anyone builds: inference takes them all."""
    count, waiting = 0, list(facts.layers)
    while waiting:
        count += 1
        waiting.extend(waiting.pop().children)
    listed, documents = 0, [facts.model_config]
    while documents:
        value = documents.pop()
        if isinstance(value, Mapping):
            listed += len(value["layers"]) if isinstance(value.get("layers"), list) else 0
            documents.extend(value.values())
        elif isinstance(value, list):
            documents.extend(value)
    if max(count, listed) > limits.layers:
        beyond(facts.file, "layers", f"at most {limits.layers} layers", max(count, listed))


def _contents(source: Source) -> str:
    there = ", ".join(list(source.tree.children)[:5])
    return f"HDF5 with {there[:200]} and no weights" if there else "HDF5 with nothing in it"
