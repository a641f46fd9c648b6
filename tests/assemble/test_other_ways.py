"""What is tried where no sizes suit the likeliest readings."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from infer_convert.assemble import graphs
from infer_convert.assemble.settle import settle
from infer_convert.draft import Draft
from infer_convert.errors import NoArchitecture
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.solve import recall
from infer_convert.solve.wiring import WiringProblem, WiringResult, solve_widening

from .files import facts, norm

KERNELS = {
    1: "3x3x3x8", 2: "3x3x8x16", 3: "3x3x16x32", 4: "3x3x32x32", 5: "1x1x32x16", 6: "3x3x16x32", 7: "1x1x16x8",
    8: "3x3x24x32",
}  # fmt: skip


def block(number: int) -> list[str]:
    width = int(KERNELS[number].rpartition("x")[2])
    return [f"conv{number} kernel:{KERNELS[number]}", f"bn{number} {norm(width)}"]


def test_a_name_that_could_be_an_unknown_layer() -> None:
    """A detector with two heads; wired as a layer of unknown kind, ``cat1`` would have to make 24 channels of 8."""
    lines = ["input_1"]
    for number in (1, 2, 3, 4, 5):
        lines += [*block(number), f"leaky_re_lu_{number}", *([f"pool{number}"] if number < 4 else [])]
    lines += [*block(7), "leaky_re_lu_7", "up1", "cat1"]
    six, eight = block(6), block(8)
    lines += [six[0], eight[0], six[1], eight[1], "leaky_re_lu_6", "leaky_re_lu_8"]
    lines += ["head1 kernel:1x1x32x21 bias:21", "head2 kernel:1x1x32x21 bias:21"]
    plan = infer(facts("\n".join(lines))).best
    joined = plan.layer("cat1")
    assert joined.class_name == "Concatenate" and len(joined.inbound[0]) == 2


def test_a_draft_that_no_sizes_suit_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last kernel takes 16 times a prime, which no map has places; without a library its wiring is the same."""
    tried: list[tuple[Draft, Hints]] = []

    def noted(draft: Draft, hints: Hints, best: int, likely: bool) -> object:
        tried.append((draft, hints))
        return settle(draft, hints, best, likely)

    monkeypatch.setattr(sys.modules["infer_convert.infer"], "settle", noted)
    with pytest.raises(NoArchitecture):
        infer(facts("input_1\na kernel:3x3x3x8 bias:8\nb kernel:3x3x8x16 bias:16\nflatten\nc kernel:126704x3 bias:3"))
    usual = [draft for draft, _ in tried if not any("_rare" in layer.config for layer in draft.layers)]
    assert usual and all(draft.layers != other.layers for place, draft in enumerate(usual) for other in usual[:place])


def guessing(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every wiring is a guess; what other ways are asked for is noted."""
    asked: list[object] = []
    usual = graphs.solve_widening

    def guessed(problem: WiringProblem) -> WiringResult:
        found = usual(problem)
        return replace(found, wirings=tuple(replace(wiring, guessed=True) for wiring in found.wirings))

    def noted(typed: object, hints: Hints) -> tuple[()]:
        asked.append(typed)
        return ()

    monkeypatch.setattr(graphs, "solve_widening", guessed)
    monkeypatch.setattr(recall, "_KNOWN", type(recall._KNOWN)())
    monkeypatch.setattr(sys.modules["infer_convert.infer"], "_other_ways", noted)
    return asked


@pytest.mark.parametrize("guesses", [True, False])
def test_no_other_way_is_tried_where_the_wiring_is_a_guess(monkeypatch: pytest.MonkeyPatch, guesses: bool) -> None:
    """It takes long, and a guess that no sizes suit says nothing about the readings."""
    asked = guessing(monkeypatch)
    if not guesses:
        monkeypatch.setattr(graphs, "solve_widening", solve_widening)
    with pytest.raises(NoArchitecture):
        infer(facts("input_1\na kernel:3x3x3x8 bias:8\nb kernel:3x3x8x16 bias:16\nflatten\nc kernel:126704x3 bias:3"))
    assert bool(asked) != guesses


def test_a_guessed_wiring_is_hardly_right_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ("input_1", "a kernel:3x3x3x8 bias:8", "global_average_pooling2d", "c kernel:8x3 bias:3")
    made = facts("\n".join(lines))
    usual = infer(made).best
    guessing(monkeypatch)
    assert infer(made).best.confidence < 0.3 * usual.confidence
