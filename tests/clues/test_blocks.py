"""Whether residual blocks with a projection halve their maps."""

from __future__ import annotations

from typing import Any

import pytest

from infer_convert.assemble.settle import _calls, settle
from infer_convert.clues.settings.blocks import blocks
from infer_convert.draft import Neighbourhood
from infer_convert.hints import Hints

from .drafts import conv, draft


def bottlenecks(stages: int = 3, rank: int = 2) -> tuple[str, dict[str, Any]]:
    """A stem and stages of two bottlenecks that double their width from stage to stage."""
    lines, configs, last, width = ["x InputLayer", f"stem Conv{rank}D"], {"stem": conv(3, 3, 32, rank)}, "stem", 32
    for stage in range(stages):
        inner, outer = 16 * 2**stage, 64 * 2**stage
        for block in "ab":
            a, b, c, s, j = (f"{kind}{stage}{block}" for kind in "abcsj")
            lines += [f"{a} Conv{rank}D < {last}", f"{b} Conv{rank}D"]
            configs |= {a: conv(1, width, inner, rank), b: conv(3, inner, inner, rank), c: conv(1, inner, outer, rank)}
            if block == "a":
                lines += [f"{s} Conv{rank}D < {last}"]
                configs[s] = conv(1, width, outer, rank)
            lines += [f"{c} Conv{rank}D < {b}", f"{j} Add < {s if block == 'a' else last} {c}"]
            last, width = j, outer
    return "\n".join(lines), configs


def strides(rank: int = 2) -> dict[str, int]:
    text, configs = bottlenecks(rank=rank)
    made = draft(text, **configs)
    best = settle(made, Hints()).answers[0]
    return {layer.name: best.config(i).get("strides", [1])[0] for i, layer in enumerate(made.layers)}


def test_blocks_are_known_by_their_shortcut() -> None:
    text, configs = bottlenecks()
    near = Neighbourhood.of(draft(text, **configs))
    names = [layer.name for layer in near.draft.layers]
    found = {names[index]: block for index, block in blocks(near).items()}
    assert list(found) == ["s0a", "s1a", "s2a"]
    assert [(block.ratio, block.leads) for block in found.values()] == [
        ("double", True), ("double", False), ("double", False),
    ]  # fmt: skip
    assert [sorted(names[i] for way in block.ways for i in way) for block in found.values()] == [
        [f"{kind}{stage}a" for kind in "abc"] for stage in range(3)
    ]


def test_stages_that_widen_halve_their_maps_once() -> None:
    """Both ways of a block, the first stage not, the blocks behind not."""
    found = strides()
    assert [found[f"s{stage}a"] for stage in range(3)] == [1, 2, 2]
    for stage in range(3):
        way = [found[f"{kind}{stage}a"] for kind in "abc"]
        assert sorted(way) == ([1, 1, 1] if stage == 0 else [1, 1, 2]) and way[2] == 1
        assert [found[f"{kind}{stage}b"] for kind in "abc"] == [1, 1, 1]


def test_over_time_they_do_not() -> None:
    assert {stride for name, stride in strides(rank=1).items() if name != "stem"} == {1}


def inner(text: str, **configs: Any) -> dict[str, tuple[list[list[str]], str]]:
    there = Neighbourhood.of(draft(text, **configs))
    names = [layer.name for layer in there.draft.layers]
    return {
        names[index]: ([[names[i] for i in way] for way in block.ways], block.ratio)
        for index, block in blocks(there).items()
    }


WAYS = "x InputLayer\nc0 Conv2D\na Conv2D < c0\nb Conv2D < c0\nb2 Conv2D\np MaxPooling2D < c0"
REDUCTION = f"{WAYS}\nj Concatenate < a b2 p"


def test_a_pool_in_a_concatenation_halves_with_the_convolutions_beside_it() -> None:
    configs = {"c0": conv(3, 3, 64), "a": conv(3, 64, 64), "b": conv(1, 64, 32), "b2": conv(3, 32, 64)}
    assert inner(REDUCTION, **configs) == {"p": ([["a"], ["b2", "b"]], "Concatenate")}
    made = draft(REDUCTION, **configs)
    best = settle(made, Hints()).answers[0]
    found = {layer.name: best.config(i).get("strides", [1])[0] for i, layer in enumerate(made.layers)}
    assert found["a"] == found["p"] == found["b"] * found["b2"] == 2


def test_a_pool_with_a_convolution_behind_it_is_no_such_block() -> None:
    configs = {"c0": conv(3, 3, 64), "a": conv(3, 64, 64), "b": conv(1, 64, 32), "b2": conv(3, 32, 64)}
    assert not inner(f"{WAYS}\nq Conv2D < p\nj Concatenate < a b2 q", **configs, q=conv(1, 64, 32))


def test_a_pool_that_a_sum_goes_around_with_halves() -> None:
    text = "x InputLayer\nc0 Conv2D\na Conv2D < c0\nb Conv2D\np MaxPooling2D < c0\nj Add < p b"
    configs = {"c0": conv(3, 3, 64), "a": conv(3, 64, 64), "b": conv(3, 64, 64)}
    assert inner(text, **configs) == {"p": ([["b", "a"]], "Add")}


@pytest.mark.parametrize("between", ["MaxPooling2D", "UpSampling2D"])
def test_a_way_that_changes_sizes_otherwise_is_no_block(between: str) -> None:
    text = f"x InputLayer\nc0 Conv2D\na Conv2D < c0\np {between}\ns Conv2D < c0\nj Add < s p"
    made = draft(text, c0=conv(3, 3, 8), a=conv(3, 8, 16), s=conv(1, 8, 16))
    assert not blocks(Neighbourhood.of(made))


def test_what_halves_is_decided_before_the_other_ways() -> None:
    """Behind the convolutions of the other ways a narrow search would hold few states with strides."""
    near = Neighbourhood.of(draft(REDUCTION))
    order = [near.draft.layers[call.item].name for call in _calls(near)[0]]
    assert order == ["x", "c0", "p", "a", "b", "b2", "j"]


@pytest.mark.parametrize(("merge", "known"), [("Add", {"p": "Add"}), ("Concatenate", {})])
def test_a_pool_and_a_projection_stand_for_strides_where_ways_are_summed(merge: str, known: dict[str, str]) -> None:
    """Nets for ECGs and ResNet-D. Inception's pool with a projection keeps the map."""
    text = f"""x InputLayer
        stem Conv1D
        r ReLU
        a Conv1D < r
        b Conv1D
        s Conv1D < r
        p MaxPooling1D
        j {merge} < b p
        g GlobalAveragePooling1D"""
    kernels = {"stem": (16, 1, 32), "a": (16, 32, 32), "b": (1, 32, 32), "s": (1, 32, 32)}
    made = draft(text, **{name: conv(*sizes, rank=1) for name, sizes in kernels.items()})
    found = blocks(Neighbourhood.of(made))
    assert {made.layers[index].name: block.ratio for index, block in found.items()} == known
