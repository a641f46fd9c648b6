"""Lists of tensors become layers by their shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from infer_convert.assemble.regroup import regrouped
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.infer import infer
from infer_convert.library.references import Shapes

from .files import facts


def dump(shapes: str, names: str = "weight_{}", order: str = "recovered") -> WeightFile:
    """Datasets at the root, as ``for i, w in enumerate(model.get_weights())`` leaves them: a layer per tensor."""
    found = []
    for number, text in enumerate(shapes.split()):
        name = names.format(number) if "{" in names else names.split()[number]
        shape = tuple(int(size) for size in text.split("x"))
        found.append(StoredLayer(str(number), "/", (Tensor(f"/{name}", name, "weight", shape, "float32"),)))
    return WeightFile("f.h5", 1, "flat", "flat-datasets", "weights-only", order, tuple(found), False)  # type: ignore[arg-type]


BILSTM = "6x32 8x32 32"


@pytest.mark.parametrize(
    ("shapes", "sizes"),
    [
        ("3x3x1x8 8 3x3x8x16 16 400x10 10", [2, 2, 2]),
        ("3x3x3x8 8 8 8 8 8x4 4", [1, 4, 2]),
        ("3x3x3x8 8 8 8 8 8 8x4 4", [2, 4, 2]),
        (f"50x6 {BILSTM} {BILSTM} 16x2 2", [1, 6, 2]),
        ("4x24 8x24 2x24 8x1 1", [3, 2]),
        ("9x8 8x2x4 2x4 8x2x4 2x4 8x2x4 2x4 2x4x8 8 8 8 8x3 3", [1, 8, 2, 2]),
        ("3x3x3x1 1x1x3x8 8 8x2 2", [3, 2]),
        ("3x3x3x1 1x1x3x8 8 8 8 8 8x2 2", [2, 4, 2]),
        ("1x1x6x8 1x7x8x8 8 8 8 8 8 8 8 8 8x2 2", [1, 1, 4, 4, 2]),
    ],
)
def test_shapes_cut_a_list_of_tensors_into_layers(shapes: str, sizes: list[int]) -> None:
    layers = regrouped(dump(shapes)).layers
    assert [len(layer.tensors) for layer in layers] == sizes
    assert [tensor.role for tensor in layers[-1].tensors] == ["0", "1"]


@pytest.mark.parametrize("shapes", ["3x3x3x8 8 8 8 8x4 4", "6x8 8 8 8 8x4 4"])
def test_of_several_cuts_the_best_known_is_taken(shapes: str) -> None:
    def sizes(*wanted: int) -> list[int]:
        def known(layers: Sequence[Shapes]) -> int:
            return int([len(layer) for layer in layers] == list(wanted))

        return [len(layer.tensors) for layer in regrouped(dump(shapes), known).layers]

    assert sizes(2, 2, 2) == [2, 2, 2]
    assert sizes(1, 3, 2) == [1, 3, 2]
    assert sizes() == [2, 2, 2]


def test_an_adapted_normalization_has_a_counter() -> None:
    found = dump("3 3 1 3x3x3x8 8 8 8 8 8x4 4")
    counter = replace(found.layers[2].tensors[0], shape=())
    layers = (*found.layers[:2], replace(found.layers[2], tensors=(counter,)), *found.layers[3:])
    assert [len(layer.tensors) for layer in regrouped(replace(found, layers=layers)).layers] == [3, 1, 4, 2]


def test_a_lone_matrix_in_front_of_sequences_is_an_embedding() -> None:
    for shapes, role in ((f"50x6 {BILSTM} 8x2 2", "embeddings"), ("50x6 6 6 6 6 6x2 2", "0"), ("50x6 6x2 2", "0")):
        assert regrouped(dump(shapes)).layers[0].tensors[0].role == role


def test_names_with_one_stem_keep_together_and_lost_orders_go_by_stem() -> None:
    names = "a_0 b_0 a_1 b_1"
    layers = regrouped(dump("4x3 3x2 3 2", names, "lost")).layers
    assert [(layer.name, len(layer.tensors)) for layer in layers] == [("a", 2), ("b", 2)]


def test_ten_and_more_tensors_stand_by_number() -> None:
    names = "w_0 w_1 w_10 w_11 w_2 w_3 w_4 w_5 w_6 w_7 w_8 w_9"
    layers = regrouped(dump("2x3 3 7x8 8 3x4 4 4x5 5 5x6 6 6x7 7", names, "lost")).layers
    assert [layer.tensors[0].shape for layer in layers] == [(2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8)]


def test_layers_that_the_file_knows_stay() -> None:
    known = replace(facts("conv kernel:3x3x1x8 bias:8\ndense kernel:8x2 bias:2", weightless=False), generation="flat")
    assert regrouped(known) is known
    legacy = dump("4x3 3")
    assert regrouped(replace(legacy, generation="keras2")).layers == legacy.layers


def test_a_list_of_tensors_is_inferred() -> None:
    plan = infer(dump("3x3x1x8 8 3x3x8x16 16 400x10 10")).best
    assert [layer.class_name for layer in plan.layers if layer.stored] == ["Conv2D", "Conv2D", "Dense"]
