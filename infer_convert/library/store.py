"""The library on disk: one zlib-packed JSON per family with interned layers, and a small index.

A family's file holds ``layers`` (distinct layers; operands as distances, so that repeated blocks repeat) and
``references`` (name, source, layer numbers, outputs, names of the layers that people know them by). The index holds,
per reference, the number of layers with weights and the checksums of its signatures; it alone is read on a miss.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from infer_convert.library.references import Known, KnownLayer, KnownUse, Signature, coarse, grams

DATA = Path(__file__).parent / "data"
_INDEX = "index.z"


def checksum(gram: str) -> int:
    """A signature as the index keeps it."""
    return zlib.crc32(gram.encode())


def pack(data: Any) -> bytes:
    """JSON, compact and compressed."""
    return zlib.compress(json.dumps(data, separators=(",", ":")).encode(), 9)


def unpack(path: Path) -> Any:
    """What ``pack`` wrote."""
    return json.loads(zlib.decompress(path.read_bytes()))


def family_file(family: str, folder: Path = DATA) -> Path:
    """Where a family is stored."""
    return folder / f"{family}.z"


def write_family(family: str, references: Iterable[Known], folder: Path = DATA) -> int:
    """Store a family; returns the size in bytes."""
    table: dict[str, int] = {}
    rows = []
    for known in references:
        numbers = []
        for index, layer in enumerate(known.layers):
            text = json.dumps(_to_json(layer, index), sort_keys=True)
            numbers.append(table.setdefault(text, len(table)))
        rows.append([known.name, known.source, numbers, known.outputs, _names(known)])
    path = family_file(family, folder)
    path.write_bytes(pack({"layers": [json.loads(text) for text in table], "references": rows}))
    return path.stat().st_size


def _names(known: Known) -> str:
    """The names in order, one a line; nothing when most are automatic and say nothing."""
    spoken = sum(not _is_automatic(layer) for layer in known.layers if layer.listed)
    if spoken * 2 < len(known.layers):
        return ""
    return "\n".join(layer.name for layer in known.layers)


def _is_automatic(layer: KnownLayer) -> bool:
    bare = re.sub(r"_\d+$", "", layer.name).replace("_", "")
    return bare in (layer.class_name.lower(), "input")


def _to_json(layer: KnownLayer, index: int) -> list[Any]:
    return [
        layer.class_name,
        dict(layer.config),
        [[use.variable, use.shape, use.sources if use.transforms else 0, use.transforms] for use in layer.uses],
        [[[index - item, call] for item, call in inbound] for inbound in layer.operands],
        int(layer.listed),
        [_to_json(item, number) for number, item in enumerate(layer.inner)],
        layer.outputs,
    ]


def _from_json(data: list[Any], index: int, name: str = "") -> KnownLayer:
    class_name, config, uses, operands, listed, inner, outputs = data
    return KnownLayer(
        class_name,
        config,
        tuple(_use(*item) for item in uses),
        tuple(tuple((index - distance, call) for distance, call in inbound) for inbound in operands),
        bool(listed),
        name,
        tuple(_from_json(item, number) for number, item in enumerate(inner)),
        tuple(outputs),
    )


def _use(variable: str, shape: list[int], sources: Any, transforms: list[str]) -> KnownUse:
    found = tuple(tuple(source) for source in sources) if sources else (tuple(shape),)
    return KnownUse(variable, tuple(shape), found, tuple(transforms))


@lru_cache(maxsize=8)
def _family(path: Path) -> Mapping[str, Any]:
    return dict(unpack(path))


@lru_cache(maxsize=64)
def reference(family: str, number: int, folder: Path = DATA) -> Known:
    """One reference of a family."""
    data = _family(family_file(family, folder))
    name, source, numbers, outputs, names = data["references"][number]
    spoken = names.split("\n") if names else [""] * len(numbers)
    layers = tuple(_from_json(data["layers"][item], index, spoken[index]) for index, item in enumerate(numbers))
    return Known(name, family, source, layers, tuple(outputs), number)


def count(family: str, folder: Path = DATA) -> int:
    """How many references a family has; 0 for one that is not stored."""
    stored = {path.stem for path in folder.glob("*.z")} - {Path(_INDEX).stem}
    return len(_family(family_file(family, folder))["references"]) if family in stored else 0


def write_index(folder: Path = DATA) -> int:
    """Compute the index from the families' files; returns its size in bytes."""
    signatures: dict[int, int] = {}
    lines = []
    for path in sorted(folder.glob("*.z")):
        if path.name == _INDEX:
            continue
        rows = []
        for number in range(len(_family(path)["references"])):
            known = reference(path.stem, number, folder).flat()
            shapes = [known.layers[item].shapes() for item in known.weighted]
            rows.append(
                [
                    len(shapes),
                    *(
                        sorted({signatures.setdefault(checksum(gram), len(signatures)) for gram in grams(sequence)})
                        for sequence in ([coarse(item) for item in shapes], shapes)
                    ),
                ]
            )
        lines.append([path.stem, rows])
    (folder / _INDEX).write_bytes(pack({"grams": list(signatures), "families": lines}))
    return (folder / _INDEX).stat().st_size


@lru_cache(maxsize=2)
def index(folder: Path = DATA) -> tuple[Signature, ...]:
    """Every reference of the library in short; empty when there is no library."""
    path = folder / _INDEX
    if not path.is_file():
        return ()
    data = unpack(path)
    words = data["grams"]
    return tuple(
        Signature(family, number, weighted, *(frozenset(words[item] for item in found) for found in rest))
        for family, rows in data["families"]
        for number, (weighted, *rest) in enumerate(rows)
    )
