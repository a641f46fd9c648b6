"""Where convolutions may be dilated, and how dilations follow each other."""

from __future__ import annotations

from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("numbers", "rates"), [((1, 2, 4, 8), [1, 2, 4, 8]), ((6, 12, 18), [6, 12, 18]), ((1, 2, 3, 4), None)]
)
def test_names_state_dilations_unless_they_count(numbers: tuple[int, ...], rates: list[int] | None) -> None:
    names = [f"dilated_conv_{number}_tanh" for number in numbers]
    chain = "\n".join(["x InputLayer", *(f"{name} Conv1D" for name in names)])
    found = dilations(chain, " ".join(names), "same", **{name: conv(3, 8, 8, 1) for name in names})
    assert found == rates if rates else found != list(numbers)


def test_a_name_that_says_causal_is_believed() -> None:
    made = draft("x InputLayer\ncausal_a Conv1D\nb Conv1D", causal_a=conv(2, 8, 8, 1), b=conv(2, 8, 8, 1))
    assert settle(made, Hints()).answers[0].config(1)["padding"] == "causal"


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


def test_an_answer_speaks_for_the_layers_in_front_too() -> None:
    """A dilation of 4 in the last block is what doubling leads to, padded in front or not."""
    same = {name: conv(3, 8, 8, 1) for name in "abcdef"}
    free = settle(draft(BLOCKS, **same), Hints()).answers[0]
    told = settle(draft(BLOCKS, **same), Hints(answers={("f", "dilation_rate"): [4]})).answers[0]
    rates = {layer.name: told.config(index).get("dilation_rate") for index, layer in enumerate(told.draft.layers)}
    assert [rates[name] for name in "abcdef"] == [[1], [1], [2], [2], [4], [4]]

    def sure(settled: Any, name: str) -> float:
        place = next(index for index, layer in enumerate(settled.draft.layers) if layer.name == name)
        pairs = zip(settled.settings[place], settled.marginals[place], strict=True)
        return sum(share for setting, share in pairs if setting.config["dilation_rate"] == [2])

    assert sure(told, "c") > 0.9 > sure(free, "c")


def test_parallel_dilations_grow_evenly_to_the_one_that_is_told() -> None:
    text = "x InputLayer\na Conv2D < x\nb Conv2D < x\nc Conv2D < x\nj Concatenate < a b c"
    sizes = {name: conv(3, 8, 8) for name in "abc"}
    best = settle(draft(text, **sizes), Hints(answers={("c", "dilation_rate"): [18, 18]})).answers[0]
    rates = [best.config(index).get("dilation_rate") for index in (1, 2, 3)]
    assert rates == [[6, 6], [12, 12], [18, 18]]


CROWD = "x InputLayer\nf Conv2D\np MaxPooling2D\na Conv2D\nb Conv2D\nc Conv2D\no Conv2D"


def test_a_map_of_one_channel_has_a_back_end_that_may_be_dilated() -> None:
    sizes = {name: conv(3, 8, 8) for name in "fabc"} | {"o": conv(1, 8, 1)}
    assert dilations(CROWD, "f a b c o", "same", **sizes) == [None, 1, 1, 1, None]
    hints = Hints(answers={("a", "dilation_rate"): 2})
    best = settle(draft(CROWD, **sizes), hints).answers[0]
    rates = [best.config(index).get("dilation_rate") for index in range(3, 6)]
    assert rates == [[2, 2]] * 3, "what is said of one is kept by the others"
    for other in (CROWD.replace("o Conv2D", "u UpSampling2D\no Conv2D"), CROWD.rpartition("\nc")[0] + "\no Conv2D"):
        assert set(dilations(other, "a b", "same", **sizes)) == {None}
    assert set(dilations(CROWD, "a b c", "same", **{**sizes, "o": conv(1, 8, 4)})) == {None}


def test_a_name_that_speaks_of_a_dilation_asks_for_it() -> None:
    """Keras 1's AtrousConvolution2D, and hand-given names."""
    text = "x InputLayer\nconv1 Conv2D\natrousconvolution2d_1 Conv2D\ndilated_2 Conv2D"
    sizes = {name: conv(3, 8, 8) for name in ("conv1", "atrousconvolution2d_1", "dilated_2")}
    assert dilations(text, "conv1 atrousconvolution2d_1 dilated_2", **sizes) == [None, 2, 2]
