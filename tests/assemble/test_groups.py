"""Kernels that hold the channels of one group only."""

from __future__ import annotations

from infer_convert.assemble.typed import type_layers
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints


def conv(name: str, *kernel: int) -> StoredLayer:
    return StoredLayer(name, f"/{name}", (Tensor(f"/{name}/kernel", "kernel", "kernel", kernel, "float32"),))


def groups(*layers: StoredLayer) -> list[set[int]]:
    facts = WeightFile("w.h5", 0, "keras3", "v3", "weights-only", "insertion", layers)
    typed = type_layers(layers, facts, Hints(), lambda layer: None)
    return [{reading.fit.config.get("groups", 1) for reading in entry.readings} for entry in typed]


def test_channels_that_nothing_in_front_gives_are_one_group_of_several() -> None:
    first, second = groups(conv("conv2d", 3, 3, 3, 16), conv("conv2d_1", 3, 3, 4, 32))
    assert first == {1}
    assert 4 in second


def test_channels_that_fit_need_no_groups() -> None:
    assert groups(conv("conv2d", 3, 3, 3, 16), conv("conv2d_1", 3, 3, 16, 32))[1] == {1}


def test_filters_must_divide_among_the_groups() -> None:
    assert groups(conv("conv2d", 3, 3, 3, 16), conv("conv2d_1", 3, 3, 4, 30))[1] == {1}


def test_the_widths_of_a_gate_are_no_channels_of_maps() -> None:
    gate = StoredLayer("dense", "/dense", (Tensor("/dense/kernel", "kernel", "kernel", (16, 4), "float32"),))
    assert 4 in groups(conv("conv2d", 3, 3, 3, 16), gate, conv("conv2d_1", 3, 3, 4, 32))[2]
