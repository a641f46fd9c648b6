"""What every reader must satisfy: inherit, name the module, write a sample, say what to expect."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import ClassVar

import h5py
import pytest

from infer_convert.facts import StoredLayer, WeightFile
from infer_convert.limits import DEFAULT
from infer_convert.readers import READERS, Reader, open_tensors, read
from infer_convert.readers.visit import visit


def datasets(path: Path) -> dict[str, tuple[tuple[int, ...], bool]]:
    """Every dataset of the input, found without the readers: path -> (shape, holds numbers)."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return _datasets(h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r"))
    if path.suffix == ".json":
        names = [
            v
            for value in json.loads(path.read_text())["weight_map"].values()
            for v in ([value] if isinstance(value, str) else value)
        ]
        found: dict[str, tuple[tuple[int, ...], bool]] = {}
        for name in sorted(set(names)):
            found |= _datasets(h5py.File(path.with_name(name), "r"))
        return found
    return _datasets(h5py.File(path, "r"))


def _datasets(file: h5py.File) -> dict[str, tuple[tuple[int, ...], bool]]:
    found: dict[str, tuple[tuple[int, ...], bool]] = {}

    def visitor(name: str, node: object) -> None:
        if isinstance(node, h5py.Dataset):
            found[f"/{name}"] = (node.shape, node.dtype.kind in "fiubV")

    with file:
        file.visititems(visitor)
    return found


def check_accounting(path: Path, facts: WeightFile) -> None:
    """Every dataset is a layer's tensor, an optimizer slot or unread with a reason: exactly one of the three."""
    listed = [t.path for t in facts.all_tensors()] + [t.path for t in facts.optimizer] + [p for p, _ in facts.unread]
    assert sorted(listed) == sorted(datasets(path))
    assert all(reason for _, reason in facts.unread)


def check_numbers(path: Path, facts: WeightFile) -> None:
    """``open_tensors`` finds every tensor with the declared shape and dtype."""
    with open_tensors(path) as store:
        for tensor in (*facts.all_tensors(), *facts.optimizer):
            array = store.read(tensor.path)
            assert (array.shape, array.dtype.name) == (tensor.shape, tensor.dtype), tensor.path
            assert array.dtype.isnative


def roles(layer: StoredLayer) -> list[str]:
    """A layer's roles in order."""
    return [tensor.role for tensor in layer.tensors]


class ReaderConformance:
    """Inherit this for a new reader."""

    reader: ClassVar[Reader]
    generation: ClassVar[str]
    layout: ClassVar[str]
    order: ClassVar[str]
    names: ClassVar[list[str]]
    """Layer names, in order."""
    roles: ClassVar[dict[str, list[str]]]
    """Roles of some layers, in order."""

    def write(self, folder: Path) -> Path:
        """A sample of this layout."""
        raise NotImplementedError

    def write_other(self, folder: Path) -> Path:
        """A near relative on which this reader must stay silent."""
        raise NotImplementedError

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Path:
        return self.write(tmp_path)

    @pytest.fixture
    def facts(self, sample: Path) -> WeightFile:
        return read(sample)

    def test_it_speaks(self, sample: Path) -> None:
        source = visit(sample, DEFAULT)
        assert next(reader for reader in READERS if reader.recognises(source)) is self.reader

    def test_it_stays_silent(self, tmp_path: Path) -> None:
        source = visit(self.write_other(tmp_path), DEFAULT)
        assert next(reader for reader in READERS if reader.recognises(source)) is not self.reader

    def test_generation_and_layout(self, facts: WeightFile) -> None:
        assert (facts.generation, facts.layout) == (self.generation, self.layout)

    def test_json_round_trip(self, facts: WeightFile) -> None:
        assert WeightFile.from_json(json.loads(json.dumps(facts.to_json()))) == facts

    def test_every_dataset_is_accounted_for(self, sample: Path, facts: WeightFile) -> None:
        check_accounting(sample, facts)

    def test_numbers_are_as_declared(self, sample: Path, facts: WeightFile) -> None:
        check_numbers(sample, facts)

    def test_order(self, facts: WeightFile) -> None:
        assert (facts.order, [layer.name for layer in facts.layers]) == (self.order, self.names)

    def test_roles(self, facts: WeightFile) -> None:
        found = {layer.name: roles(layer) for layer in facts.layers}
        assert {name: found[name] for name in self.roles} == self.roles
