"""Where convolutions may be dilated, and how dilations follow each other."""

from __future__ import annotations

from typing import Any

from infer_convert.assemble.settle import settle
from infer_convert.hints import Hints

from .drafts import conv, draft


def dilations(text: str, names: str, padding: str | None = None, **configs: Any) -> list[int | None]:
    """The dilation that is settled on for each named layer; None where it is no question."""
    answers = {(name, "padding"): padding for name in names.split()} if padding else {}
    best = settle(draft(text, **configs), Hints(answers=answers)).answers[0]
    found = {layer.name: best.config(index).get("dilation_rate") for index, layer in enumerate(best.draft.layers)}
    return [rate[0] if (rate := found[name]) else None for name in names.split()]


BLOCKS = """x InputLayer
    a Conv1D
    b Conv1D
    s Add < a b
    c Conv1D
    d Conv1D
    t Add < s d
    e Conv1D
    f Conv1D
    u Add < t f
    """


def test_causal_blocks_double() -> None:
    same = {name: conv(3, 8, 8, 1) for name in "abcdef"}
    assert dilations(BLOCKS, "a b c d e f", "causal", **same) == [1, 1, 2, 2, 4, 4]
    assert dilations(BLOCKS, "a b c d e f", "same", **same) == [1] * 6


def test_a_causal_chain_doubles_from_layer_to_layer() -> None:
    chain = "x InputLayer\na Conv1D\nb Conv1D\nc Conv1D\nd Conv1D"
    sizes = {name: conv(2, 8, 8, 1) for name in "abcd"}
    assert dilations(chain, "a b c d", "causal", **sizes) == [1, 2, 4, 8]
    assert dilations(chain.rpartition("\nc")[0], "a b", "causal", **sizes) == [None, None]


def test_gated_pairs_are_causal_and_share_their_dilation() -> None:
    lines, last = ["x InputLayer", "o Conv1D"], "o"
    for number in range(3):
        lines += [f"f{number} Conv1D < {last}", f"g{number} Conv1D < {last}"]
        lines += [f"m{number} Multiply < f{number} g{number}", f"r{number} Conv1D", f"s{number} Add < {last} r{number}"]
        last = f"s{number}"
    sizes = {f"{kind}{number}": conv(2, 8, 8, 1) for kind in "fg" for number in range(3)}
    sizes |= {"o": conv(1, 1, 8, 1)} | {f"r{number}": conv(1, 8, 8, 1) for number in range(3)}
    assert dilations("\n".join(lines), "f0 g0 f1 g1 f2 g2", **sizes) == [1, 1, 2, 2, 4, 4]


def test_parallel_convolutions_differ_in_their_dilation() -> None:
    text = "x InputLayer\na Conv2D < x\nb Conv2D < x\nc Conv2D < x\nj Concatenate < a b c"
    rates = dilations(text, "a b c", **{name: conv(3, 8, 8) for name in "abc"})
    assert len(set(rates)) == 3 and None not in rates
    assert dilations(text, "a b c", a=conv(3, 8, 8), b=conv(5, 8, 8), c=conv(1, 8, 8)) == [None] * 3
