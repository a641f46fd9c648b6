"""Recovered, lost, and put right again."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from infer_convert.readers import read
from infer_convert.readers.order import by_slots, natural

from . import samples


def names(path: Path) -> list[str]:
    return [layer.name for layer in read(path).layers]


@pytest.mark.parametrize("user_block", [0, 1024])
def test_heap_order_with_a_user_block_and_many_layers(tmp_path: Path, user_block: int) -> None:
    """Enough links for several symbol-table nodes and a grown heap."""
    keys = [f"layer_{i * 37 % 211}" for i in range(211)]
    path = tmp_path / "w.h5"
    with h5py.File(path, "w", userblock_size=user_block) as file:
        for key in keys:
            file[f"{key}/kernel"] = samples.numbers((2, 2))
    facts = read(path)
    assert (facts.order, [layer.name for layer in facts.layers]) == ("recovered", keys)


def test_a_rewritten_file_has_lost_its_order(tmp_path: Path) -> None:
    path = samples.rewritten(samples.v3(tmp_path / "a.h5"), tmp_path / "b.h5")
    facts = read(path)
    assert facts.order == "lost" and facts.warnings
    assert set(names(path)) == set(names(tmp_path / "a.h5"))


def test_legacy_lists_survive_a_rewrite(tmp_path: Path) -> None:
    path = samples.rewritten(samples.legacy(tmp_path / "a.h5"), tmp_path / "b.h5")
    assert read(path).layers == read(tmp_path / "a.h5").layers and read(path).order == "stored"


def test_new_style_groups_know_no_order(tmp_path: Path) -> None:
    path = samples.rewritten(samples.v3(tmp_path / "a.h5"), tmp_path / "b.h5", libver="latest")
    assert read(path).order == "lost"


def test_tracked_creation_order_is_used(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w", track_order=True) as file:
        for key in "zyxwv":
            file.create_group(key, track_order=True)["kernel"] = samples.numbers((2,))
    assert (read(tmp_path / "w.h5").order, names(tmp_path / "w.h5")) == ("recovered", list("zyxwv"))


def test_few_children_are_believed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        for key in "abc":
            file[f"{key}/kernel"] = samples.numbers((2, 2))
    assert (read(tmp_path / "w.h5").order, names(tmp_path / "w.h5")) == ("recovered", list("abc"))


def test_sorted_is_believed_where_the_root_proves_the_writer(tmp_path: Path) -> None:
    tree = {f"layers/{key}": (("0", (2, 2)),) for key in ("add", "dense", "flatten", "lstm", "softmax")}
    path = samples.v3(tmp_path / "a.h5", tree)
    assert read(path).order == "recovered"
    assert read(samples.rewritten(path, tmp_path / "b.h5")).order == "lost"


def test_a_rewritten_tree_of_few_layers_is_lost_too(tmp_path: Path) -> None:
    path = samples.v3(tmp_path / "a.h5", {"layers/lstm": (("0", (2, 2)),), "layers/gru": (("0", (2, 2)),)})
    assert read(samples.rewritten(path, tmp_path / "b.h5")).order == "lost"


def test_one_class_is_ordered_by_its_counters(tmp_path: Path) -> None:
    tree = {"layers/dense": (("0", (2, 2)),)} | {f"layers/dense_{i}": (("0", (2, 2)),) for i in range(1, 12)}
    path = samples.rewritten(samples.v3(tmp_path / "a.h5", tree), tmp_path / "b.h5")
    assert (read(path).order, names(path)) == ("recovered", names(tmp_path / "a.h5"))


def test_optimizer_slots_put_a_rewritten_tree_right(tmp_path: Path) -> None:
    """Adam's slots in trainable order, with BatchNormalization's statistics missing."""
    path = samples.v3(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        slots = file.create_group("optimizer/vars")
        slots["0"], slots["1"] = np.int64(3), np.float32(0.1)
        cells = [(3, 8), (2, 8), (8,)]
        shapes = [(4, 3), (3,), (3,), (3,), *cells, *cells, (4, 2), (2,)]
        for number, shape in enumerate([shape for shape in shapes for _ in range(2)], start=2):
            slots[str(number)] = samples.numbers(shape)
    facts = read(samples.rewritten(path, tmp_path / "b.h5"))
    weighted = [layer.name for layer in facts.layers if layer.tensors]
    assert facts.order == "lost" and "optimizer" in facts.warnings[0]
    assert weighted == ["dense", "batch_normalization", "bidirectional", "dense_1"]


def test_the_shard_index_puts_rewritten_shards_right(tmp_path: Path) -> None:
    path = samples.shards(tmp_path / "m.weights.json")
    before = [layer.name for layer in read(path).layers if layer.tensors]
    for shard in tmp_path.glob("m_*.h5"):
        samples.rewritten(shard, tmp_path / "new.h5").replace(shard)
    facts = read(path)
    assert facts.order == "lost" and "index" in facts.warnings[0]
    assert [layer.name for layer in facts.layers if layer.tensors] == before


def test_slots_that_admit_two_orders_decide_nothing() -> None:
    shapes = {"dense": [(2, 2)], "conv": [(2, 2)]}
    assert by_slots(shapes, [(2, 2)] * 4) is None
    assert by_slots({"dense": [(2, 2)], "conv": [(3, 2)]}, [(3, 2), (3, 2), (2, 2), (2, 2)]) == ["conv", "dense"]
    assert by_slots(shapes, [(9, 9)]) is None


def test_natural_order() -> None:
    assert natural(["layer_10", "layer_2", "layer_0"]) == ["layer_0", "layer_2", "layer_10"]
    assert natural(["dense", "conv2d_1", "conv2d", "input_layer"]) == ["input_layer", "conv2d", "conv2d_1", "dense"]
    assert natural(["predictions", "fc2", "block2_conv1", "fc1", "block1_conv2", "block1_conv1"]) == [
        "block1_conv1", "block1_conv2", "block2_conv1", "fc1", "fc2", "predictions",
    ]  # fmt: skip
    assert natural(["conv2_1", "conv1_2", "conv10_1", "conv1_1"]) == ["conv1_1", "conv1_2", "conv2_1", "conv10_1"]


@pytest.mark.parametrize("stem", ["", "arr_", "weight_"])
def test_numbers_state_the_order_of_tensors(tmp_path: Path, stem: str) -> None:
    """A script that numbers what ``get_weights`` gives writes in the order of names, too."""
    shapes = [(3, 3, 1, 8), (8,), (3, 3, 8, 8), (8,), (72, 4), (4,)]
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        for number, shape in enumerate(shapes):
            file[f"{stem}{number}"] = np.zeros(shape, "f4")
    facts = read(path)
    assert (facts.order, [layer.tensors[0].shape for layer in facts.layers]) == ("stored", shapes)


def test_reading_twice_gives_the_same_facts(tmp_path: Path) -> None:
    path = samples.flat(tmp_path / "w.h5")
    assert read(path) == read(path)
