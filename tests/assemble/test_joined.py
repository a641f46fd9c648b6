"""Lists of layers with weights alone that no chain explains."""

from __future__ import annotations

import pytest

from infer_convert.assemble.joined import joined
from infer_convert.draft import Draft
from infer_convert.infer import infer

from .files import facts, norm, typed

CELL = """
a kernel:3x3x3x16 bias:16
b kernel:1x1x16x12 bias:12
c kernel:1x1x16x4 bias:4
d kernel:1x1x16x8 bias:8
e kernel:3x3x12x16 bias:16
f kernel:5x5x4x8 bias:8
g kernel:40x10 bias:10
"""
UNET = """
a kernel:3x3x3x8 bias:8
b kernel:3x3x8x16 bias:16
c kernel:3x3x16x32 bias:32
d kernel:3x3x48x16 bias:16
e kernel:3x3x24x8 bias:8
f kernel:1x1x8x1 bias:1
"""


def fronts(draft: Draft, name: str) -> list[str]:
    """What a listed layer takes: listed layers, through all that no list shows, in the operands' order."""
    names = [layer.stored for layer in draft.layers]

    def listed(index: int) -> list[str]:
        found = names[index]
        if found is not None or not draft.layers[index].operands:
            return [found or "input"]
        return [each for item, _ in draft.layers[index].operands[0] for each in listed(item)]

    return [each for item, _ in draft.layers[names.index(name)].operands[0] for each in listed(item)]


def best(text: str) -> Draft:
    return joined(typed(text.strip(), False))[0][0]


def test_branches_stand_side_by_side() -> None:
    made = best(CELL.replace("40x10", "32x10"))
    assert [fronts(made, f"{name}") for name in "bcdefg"] == [["a"], ["a"], ["a"], ["b"], ["c"], ["d", "e", "f"]]
    assert sum(layer.class_name == "Concatenate" for layer in made.layers) == 1


def test_maps_grow_in_front_of_a_skip() -> None:
    made = best(UNET)
    assert fronts(made, "d") == ["c", "b"] and fronts(made, "e") == ["d", "a"]
    assert sum(layer.class_name == "UpSampling2D" for layer in made.layers) in (0, 2)
    assert any(
        sum(layer.class_name == "UpSampling2D" for layer in draft.layers) == 2
        for draft, _ in joined(typed(UNET.strip(), False))
    )


def test_two_tensors_of_one_width_are_summed() -> None:
    branches = f"c kernel:3x3x8x16\nd kernel:1x1x8x16\ne {norm(16)}\nf {norm(16)}"
    made = best(f"a kernel:3x3x3x8\nb {norm(8)}\n{branches}\ng kernel:3x3x16x4")
    assert fronts(made, "g") == ["e", "f"] and any(layer.class_name == "Add" for layer in made.layers)


def test_series_are_pooled_each() -> None:
    made = best("a embeddings:50x16\nb kernel:3x16x8 bias:8\nc kernel:4x16x8 bias:8\nd kernel:16x2 bias:2")
    assert fronts(made, "d") == ["b", "c"]
    assert sum(layer.class_name == "GlobalAveragePooling1D" for layer in made.layers) == 2


@pytest.mark.parametrize(
    "text",
    ["a kernel:4x8 bias:8\nb kernel:8x8 bias:8\nc kernel:8x2 bias:2",
     "a kernel:3x3x1x4 bias:4\nb kernel:3x3x4x8 bias:8\nc kernel:128x5 bias:5",
     "a kernel:10x64 bias:64\nb kernel:3x3x4x2 bias:2\nc kernel:3x3x2x1 bias:1"],
)  # fmt: skip
def test_a_chain_stays_one(text: str) -> None:
    assert joined(typed(text, False)) == []


def test_long_lists_are_not_searched() -> None:
    layers = [f"l{place} kernel:8x8 bias:8" for place in range(170)]
    assert joined(typed("\n".join([*layers, "x kernel:24x2"]), False)) == []


def test_the_whole_inference_finds_them() -> None:
    plan = infer(facts(CELL.replace("40x10", "32x10").strip(), weightless=False)).best
    cat = next(layer for layer in plan.layers if layer.class_name == "Concatenate")
    assert [ref.layer for ref in cat.inbound[0]] == ["d", "e", "f"]


def test_a_layer_of_no_known_axes_stops_nothing() -> None:
    """A kernel over volumes may be read as TimeDistributed, for which there is no number of axes."""
    volumes = """
        a kernel:20x16 bias:16
        b kernel:3x3x3x1x8 bias:8
        c kernel:3x3x3x8x8 bias:8
        d kernel:3x3x3x16x16 bias:16
        e kernel:16x10 bias:10
    """
    joined(typed("\n".join(line.strip() for line in volumes.strip().splitlines()), False))
