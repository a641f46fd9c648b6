"""Genuine files: written by the real libraries, and published by strangers. Skipped where the corpus is not there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infer_convert.errors import UnreadableFile
from infer_convert.facts import StoredLayer, WeightFile
from infer_convert.readers import read

from .conformance import check_accounting, check_numbers

CORPUS = Path(
    os.environ.get("INFER_CONVERT_CORPUS") or Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
)
WRITTEN = CORPUS / "written"
SUFFIXES = (".h5", ".keras")
GENERATIONS = sorted(path.name for path in WRITTEN.iterdir()) if WRITTEN.is_dir() else []

pytestmark = pytest.mark.skipif(
    not GENERATIONS, reason=f"no corpus in {CORPUS.name}: set INFER_CONVERT_CORPUS to run over genuine files"
)

VARIANTS = (
    (".h5", ".full.h5"),
    (".h5", ".trained.h5"),
    (".weights.h5", ".keras"),
    (".weights.h5", ".trained.weights.h5"),
    (".weights.h5", ".trained.keras"),
)
"""Files of one model that must give the same layers and roles."""


def files(generation: str) -> Iterator[Path]:
    return (path for path in sorted((WRITTEN / generation).iterdir()) if path.name.endswith(SUFFIXES))


def architecture(path: Path) -> str:
    return path.name.split(".")[0]


def shapes(layers: list[list[list[int]]]) -> list[list[tuple[int, ...]]]:
    """Per layer with weights: its shapes, sorted (Bidirectional writes its halves in either order)."""
    return [sorted(tuple(shape) for shape in layer) for layer in layers if layer]


def agrees(facts: WeightFile, truth: list[dict]) -> bool:
    """Exactly the true layers in the true order: by name, or by their weights' shapes where names are not stored."""
    mine = [[list(tensor.shape) for tensor in layer.all_tensors()] for layer in facts.layers]
    if shapes(mine) != shapes([[weight[1] for weight in layer["weights"]] for layer in truth]):
        return False
    return not facts.names_are_real or [layer.name for layer in facts.layers] == [layer["name"] for layer in truth]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_intact_file_opens_in_the_true_order(generation: str) -> None:
    wrong = []
    for path in files(generation):
        facts = read(path)
        check_accounting(path, facts)
        truth = path.with_name(f"{architecture(path)}.truth.json")
        if truth.exists() and not agrees(facts, json.loads(truth.read_text())["model_layers"]):
            wrong.append(path.name)
        if truth.exists() and facts.order == "lost":
            wrong.append(f"{path.name}: lost")
    assert wrong == []


@pytest.mark.parametrize("generation", GENERATIONS)
def test_variants_of_one_model_read_alike(generation: str) -> None:
    wrong, there = [], set(files(generation))
    for path in there:
        for plain, other in VARIANTS:
            twin = path.with_name(f"{architecture(path)}{other}")
            if path.name == architecture(path) + plain and twin in there:
                one, two = read(path), read(twin)
                if one.layout.startswith("legacy") != two.layout.startswith("legacy"):
                    continue  # TF 2.12 wrote legacy HDF5 under .keras
                if one.generation != two.generation or outline(one.layers) != outline(two.layers):
                    wrong.append(twin.name)
    assert wrong == []


def outline(layers: tuple[StoredLayer, ...]) -> list[object]:
    return [
        (layer.name, layer.key, [(t.name, t.role, t.shape, t.dtype) for t in layer.tensors], outline(layer.children))
        for layer in layers
    ]


def test_numbers_of_one_model_per_generation() -> None:
    for generation in GENERATIONS:
        path = next(files(generation))
        check_numbers(path, read(path))


def test_truncated_files_of_keras_3_0_are_unreadable() -> None:
    broken = sorted((WRITTEN / "keras3.0.5" / "BROKEN-WRITER").glob("*.h5"))
    assert len(broken) == 12
    for path in broken:
        with pytest.raises(UnreadableFile, match="expected"):
            read(path)


def entries() -> list[dict]:
    return json.loads((CORPUS / "manifest.json").read_text()) if GENERATIONS else []


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry["id"])
def test_files_of_strangers(entry: dict) -> None:
    path = CORPUS / entry["file"]
    if entry["kind"] == "other":
        with pytest.raises(UnreadableFile):
            read(path)
        return
    facts = read(path, digest=True)
    check_accounting(path, facts)
    assert facts.sha256 == entry["sha256"] and facts.keras_version == entry["keras_version"]
    assert (facts.kind == "weights-only") == (entry["kind"] == "weights-only")
    assert len(list(facts.all_tensors())) == entry["n_weight_tensors"]
    if facts.layout.endswith("subclassed+zip"):  # the manifest counts groups there
        assert [(layer.name, len(layer.children)) for layer in facts.layers] == [("dec", 5), ("enc", 4)]
    else:
        assert len(facts.layers) == entry["n_layers_listed"]
