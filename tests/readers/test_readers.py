"""Every reader joins the conformance class."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import ClassVar

import pytest

from infer_convert.readers import (
    READERS,
    archive,
    dependencies,
    elephas,
    enclosed,
    flat,
    keras0,
    legacy,
    read,
    sharded,
    v3,
)

from . import samples
from .conformance import ReaderConformance

NAMED = ["input_layer", "dense", "batch_normalization", "bidirectional", "dense_1"]
BIDIRECTIONAL = [f"{way}_layer/cell/{i}" for way in ("backward", "forward") for i in range(3)]


def test_every_reader_has_a_conformance_class() -> None:
    assert {id(c.reader) for c in ReaderConformance.__subclasses__()} == {id(reader) for reader in READERS}


class TestKeras0(ReaderConformance):
    reader, generation, layout, order = keras0, "keras0", "numbered", "stored"
    names: ClassVar = ["layer_0", "layer_1", "layer_2"]
    roles: ClassVar = {"layer_0": ["0", "1"], "layer_1": []}

    def write(self, folder: Path) -> Path:
        return samples.keras0(folder / "w.h5")

    def write_other(self, folder: Path) -> Path:
        return samples.legacy(folder / "w.h5")


class TestLegacy(ReaderConformance):
    reader, generation, layout, order = legacy, "keras2", "legacy", "stored"
    names: ClassVar = list(samples.MLP)
    roles: ClassVar = {
        "dense_2": ["kernel", "bias"],
        "dropout_1": [],
        "bn_1": ["gamma", "beta", "moving_mean", "moving_variance"],
    }

    def write(self, folder: Path) -> Path:
        return samples.legacy(folder / "w.h5")

    def write_other(self, folder: Path) -> Path:
        return samples.v3(folder / "w.h5")


class TestLegacyFull(TestLegacy, ReaderConformance):
    def write(self, folder: Path) -> Path:
        return samples.full(folder / "w.keras")

    def test_configs_are_data(self, facts) -> None:
        assert facts.kind == "full" and facts.model_config == samples.CONFIG and facts.model_name == "mlp"
        assert facts.training_config == {"loss": "mse"}
        assert [slot.role for slot in facts.optimizer] == ["Adam/iterations", "training/Adam/Variable"]


class TestElephas(ReaderConformance):
    reader, generation, layout, order = elephas, "keras2", "elephas", "stored"
    names: ClassVar = list(samples.MLP)
    roles: ClassVar = {"dense_10": ["kernel", "bias"]}

    def write(self, folder: Path) -> Path:
        return samples.full(folder / "w.h5", distributed_config="{}")

    def write_other(self, folder: Path) -> Path:
        return samples.full(folder / "w.h5")


class TestV3(ReaderConformance):
    reader, generation, layout, order = v3, "keras3", "v3", "recovered"
    names: ClassVar = NAMED
    roles: ClassVar = {"dense": ["0", "1"], "input_layer": [], "bidirectional": BIDIRECTIONAL}

    def write(self, folder: Path) -> Path:
        return samples.v3(folder / "w.weights.h5")

    def write_other(self, folder: Path) -> Path:
        return samples.dependencies(folder / "w.weights.h5")

    def test_stems_and_keys(self, facts) -> None:
        assert [(layer.stem, layer.key) for layer in facts.layers][-1] == ("dense", "dense_1")
        assert not facts.names_are_real


class TestDependencies(ReaderConformance):
    reader, generation, layout, order = dependencies, "keras3", "v3-dependencies", "recovered"
    names: ClassVar = [*NAMED[:-1], "dense_2"]
    roles: ClassVar = {"dense_2": ["0", "1"], "bidirectional": BIDIRECTIONAL}

    def write(self, folder: Path) -> Path:
        return samples.dependencies(folder / "w.weights.h5")

    def write_other(self, folder: Path) -> Path:
        return samples.v3(folder / "w.weights.h5")


class TestArchive(ReaderConformance):
    reader, generation, layout, order = archive, "keras3", "v3+zip", "recovered"
    names: ClassVar = [*NAMED[:-1], "logits"]
    roles: ClassVar = {"logits": ["0", "1"], "bidirectional": BIDIRECTIONAL}

    def write(self, folder: Path) -> Path:
        return samples.archive(folder / "m.keras")

    def write_other(self, folder: Path) -> Path:
        return samples.full(folder / "m.keras")

    def test_documents(self, facts) -> None:
        assert (facts.kind, facts.keras_version, facts.training_config) == ("full", "3.15.1", {"loss": "mse"})
        assert facts.names_are_real and facts.model_config["class_name"] == "Sequential"

    def test_compressed_members_read_alike(self, facts, tmp_path: Path) -> None:
        packed = read(samples.archive(tmp_path / "packed.keras", zipfile.ZIP_DEFLATED))
        assert packed.layers == facts.layers and packed.order == "recovered"


class TestSharded(ReaderConformance):
    reader, generation, layout, order = sharded, "keras3", "v3+shards", "recovered"
    names: ClassVar = NAMED
    roles: ClassVar = {"bidirectional": BIDIRECTIONAL}

    def write(self, folder: Path) -> Path:
        return samples.shards(folder / "m.weights.json")

    def write_other(self, folder: Path) -> Path:
        self.write(folder)
        return folder / "m_00000.weights.h5"


class TestEnclosed(ReaderConformance):
    reader, generation, layout, order = enclosed, "keras2", "legacy", "stored"
    names: ClassVar = list(samples.MLP)
    roles: ClassVar = {"dense_2": ["kernel", "bias"]}

    def write(self, folder: Path) -> Path:
        return samples.enclosed(folder / "w.h5")

    def write_other(self, folder: Path) -> Path:
        return samples.flat(folder / "w.h5")

    def test_the_rest_is_named(self, facts) -> None:
        reason = "outside of /models/best, where the model's weights stand"
        assert dict(facts.unread) == {"/history/loss": reason, "/models/first/dense/dense/kernel:0": reason}
        assert "/models/first hold other models" in facts.warnings[0]


class TestFlat(ReaderConformance):
    reader, generation, layout, order = flat, "flat", "flat-groups", "recovered"
    names: ClassVar = ["stem", "conv2", "conv10", "body", "fc"]
    roles: ClassVar = {"fc": ["kernel", "bias"]}

    def write(self, folder: Path) -> Path:
        return samples.flat(folder / "w.h5")

    def write_other(self, folder: Path) -> Path:
        return samples.legacy(folder / "w.h5")


@pytest.mark.parametrize("listed", [samples.fixed, samples.vlen])
def test_all_kinds_of_attributes_read_alike(tmp_path: Path, listed) -> None:
    assert (
        read(samples.legacy(tmp_path / "a.h5", listed=listed)).layers == read(samples.legacy(tmp_path / "b.h5")).layers
    )
