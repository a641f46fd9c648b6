"""From a list of layers to its graph: the motifs that real nets are made of, as text."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from infer_convert.solve import wiring
from infer_convert.solve.features import Scene, Weights
from infer_convert.solve.follow import after
from infer_convert.solve.items import Item, Wiring
from infer_convert.solve.moves import Rules, moves
from infer_convert.solve.order import reproduces
from infer_convert.solve.state import State
from infer_convert.solve.steps import steps
from infer_convert.solve.subsets import best_first
from infer_convert.solve.supply import supplies
from infer_convert.solve.weights import weights
from infer_convert.solve.wiring import (
    BEAM,
    EXPANSIONS,
    FARTHEST,
    LEAST_BEAM,
    LONG,
    MORE_WORK,
    WIDER,
    WORK,
    WiringProblem,
    WiringResult,
    affordable,
    solve,
    solve_widening,
)

from .nets import VARIANTS, Net, net

CHAIN = """
    x Input
    conv Conv/k in=3 out=8 < x
    pool Pool < conv
    flat Flatten < pool
    fc Dense in=128 out=10 < flat
    -> fc
"""
RESIDUAL = """
    x Input
    c0 Conv/k in=3 out=8 < x
    b0 BatchNorm in=8 < c0
    a0 Activation < b0
    c1 Conv/k in=8 out=8 < a0
    b1 BatchNorm in=8 < c1
    a1 Activation < b1
    c2 Conv/k in=8 out=8 < a1
    b2 BatchNorm in=8 < c2
    add Add < a0 b2
    a2 Activation < add
    gap GlobalPool < a2
    fc Dense in=8 out=10 < gap
    -> fc
"""
PROJECTION = """
    x Input
    c0 Conv/k in=3 out=8 < x
    a0 Activation < c0
    c1 Conv/k in=8 out=16 < a0
    b1 BatchNorm in=16 < c1
    a1 Activation < b1
    c2 Conv/k in=16 out=16 < a1
    short Conv/1 in=8 out=16 < a0
    b2 BatchNorm in=16 < c2
    bs BatchNorm in=16 < short
    add Add < b2 bs
    a2 Activation < add
    gap GlobalPool < a2
    fc Dense in=16 out=10 < gap
    -> fc
"""
SHORTCUT = PROJECTION.replace("    bs BatchNorm in=16 < short\n", "").replace("< b2 bs", "< short b2")
BOTTLENECK = """
    x Input
    stem Conv/k in=3 out=8 < x
    bs BatchNorm in=8 < stem
    as Activation < bs
    p0 Conv/1 in=8 out=4 < as
    b0 BatchNorm in=4 < p0
    e1 Conv/1 in=4 out=24 < b0
    be1 BatchNorm in=24 < e1
    ae1 Activation < be1
    d1 Depthwise in=24 out=24 < ae1
    bd1 BatchNorm in=24 < d1
    ad1 Activation < bd1
    p1 Conv/1 in=24 out=4 < ad1
    bp1 BatchNorm in=4 < p1
    add Add < b0 bp1
    gap GlobalPool < add
    fc Dense in=4 out=10 < gap
    -> fc
"""
UNET = """
    x Input
    d1 Conv/k in=1 out=8 < x
    p1 Pool < d1
    d2 Conv/k in=8 out=16 < p1
    p2 Pool < d2
    mid Conv/k in=16 out=32 < p2
    u2 ConvTranspose/k in=32 out=16 < mid
    j2 Concatenate < u2 d2
    e2 Conv/k in=32 out=16 < j2
    u1 ConvTranspose/k in=16 out=8 < e2
    j1 Concatenate < u1 d1
    e1 Conv/k in=16 out=8 < j1
    head Conv/1 in=8 out=1 < e1
    -> head
"""
JOINED = """
    a Input
    b Input
    left Dense in=5 out=4 < a
    right Dense in=6 out=3 < b
    join Concatenate < left right
    fc Dense in=7 out=1 < join
    -> fc
"""
SQUEEZE = """
    x Input
    conv Conv/k in=3 out=16 < x
    act Activation < conv
    gap GlobalPool < act
    shape Reshape < gap
    down Conv/1 in=16 out=4 < shape
    up Conv/1 in=4 out=16 < down
    gate Multiply < act up
    head GlobalPool < gate
    fc Dense in=16 out=10 < head
    -> fc
"""
SIAMESE = """
    a Input
    b Input
    shared Dense in=6 out=4 < a ; b
    join Concatenate < shared shared:1
    fc Dense in=8 out=1 < join
    -> fc
"""
HEADS = """
    x Input
    body Dense in=6 out=5 < x
    left Dense in=5 out=3 < body
    right Dense in=5 out=1 < body
    -> left right
"""
NETS = {
    "chain": CHAIN, "residual": RESIDUAL, "projection": PROJECTION, "bare projection": SHORTCUT,
    "linear bottleneck": BOTTLENECK, "U-Net": UNET,
    "two inputs": JOINED, "squeeze and excite": SQUEEZE, "siamese": SIAMESE, "heads": HEADS,
}  # fmt: skip


AMBIGUOUS = ("siamese",)
"""``b`` may as well go into the merge itself, with four channels: the list does not tell."""


@pytest.mark.parametrize("name", NETS)
def test_the_truth_is_among_the_likely_wirings(name: str) -> None:
    truth = net(NETS[name])
    assert any(truth.is_told_by(wiring) and wiring.probability > 0.05 for wiring in truth.solved().wirings)


@pytest.mark.parametrize(
    "name",
    [name for name in NETS if name not in AMBIGUOUS],
)
def test_the_best_wiring_is_the_true_one(name: str) -> None:
    truth = net(NETS[name])
    assert reproduces(truth.operands, truth.outputs), "the text is no list that Keras would write"
    best = truth.solved().wirings[0]
    assert best.outputs == truth.outputs
    for item, mine, true in zip(truth.items, best.operands, truth.operands, strict=True):
        assert [sorted(call) for call in mine] == [sorted(call) for call in true], item.name


@pytest.mark.parametrize("name", NETS)
def test_every_wiring_reproduces_the_list(name: str) -> None:
    wirings = net(NETS[name]).solved().wirings
    assert wirings and all(reproduces(wiring.operands, wiring.outputs) for wiring in wirings)
    assert math.isclose(math.fsum(wiring.probability for wiring in wirings), 1.0)
    assert [w.log_score for w in wirings] == sorted((w.log_score for w in wirings), reverse=True)
    assert len({(wiring.variants, wiring.operands, wiring.outputs) for wiring in wirings}) == len(wirings)


def test_the_list_fixes_the_order_of_operands() -> None:
    """``left`` stands in front of ``right``, so it is the first operand, and the engine says that it knows."""
    truth = net(JOINED)
    result = truth.solved()
    assert all(truth.is_told_by(wiring) for wiring in result.wirings)
    assert result.wirings[0].ordered == {truth.index("join")}


def test_a_chain_leaves_no_doubt() -> None:
    (wiring,) = net(CHAIN).solved().wirings
    assert wiring.probability == 1.0 and wiring.edges() == {(0, 1), (1, 2), (2, 3), (3, 4)}


def test_what_cannot_be_fed_is_named() -> None:
    result = net(CHAIN.replace("pool Pool", "bn BatchNorm in=9").replace("< pool", "< bn")).solved()
    assert result.wirings == () and result.failed_at is not None
    assert "conv" in result.cause or "bn" in result.cause


def test_an_input_alone_cannot_be_a_merge() -> None:
    result = solve(WiringProblem((Item("x", (VARIANTS["Input"],)), Item("sum", (VARIANTS["Add"],))), lambda p, c: 0.0))
    assert result.wirings == () and "sum" in result.cause


def forbidding(truth: Net, producer: str, consumer: str) -> dict[str, float]:
    edge = truth.index(producer), truth.index(consumer)
    result = truth.solved(lambda p, c: math.inf if (p, c) == edge else 0.0)
    return {"found": len(result.wirings), "with the edge": sum(edge in w.edges() for w in result.wirings)}


def test_a_forbidden_edge_is_not_used() -> None:
    counts = forbidding(net(RESIDUAL), "a0", "add")
    assert counts["found"] and not counts["with the edge"]
    assert not forbidding(net(CHAIN), "pool", "flat")["found"]


def test_affinity_decides_between_wirings() -> None:
    """The skip starts at the normalisation when names speak for it."""
    truth = net(RESIDUAL)
    wanted = truth.index("b0"), truth.index("add")
    best = truth.solved(lambda p, c: -12.0 if (p, c) == wanted else 0.0).wirings[0]
    assert wanted in best.edges()


@pytest.mark.parametrize("count", [1, 2])
def test_the_number_of_outputs_can_be_pinned(count: int) -> None:
    result = net(HEADS).solved(outputs=count)
    assert all(len(wiring.outputs) == count for wiring in result.wirings)
    assert bool(result.wirings) == (count == 2), "two heads cannot end in one output"


def test_a_flattened_map_is_a_multiple_of_its_channels() -> None:
    assert net(CHAIN.replace("in=128", "in=136")).solved().wirings
    assert not net(CHAIN.replace("in=128", "in=130")).solved().wirings


def test_a_sum_that_no_list_shows() -> None:
    """Two branches of equal width and one consumer: nothing else fits, so that ``x + y`` must stand in between."""
    branches = net("""
        x Input
        c0 Conv/k in=3 out=8 < x
        c1 Conv/k in=8 out=6 < c0
        c2 Conv/k in=8 out=6 < c0
        gap GlobalPool < c1 c2
        fc Dense in=6 out=2 < gap
        -> fc
    """)
    problem = WiringProblem(branches.items, lambda producer, consumer: 0.0, outputs=1)
    assert not solve(problem).wirings
    found = solve_widening(problem).wirings
    assert (branches.index("c1"), branches.index("gap")) in found[0].edges()
    assert (branches.index("c2"), branches.index("gap")) in found[0].edges()


def test_layers_behind_two_pools_may_be_called_twice() -> None:
    items = net(SQUEEZE).items
    assert not WiringProblem(items[:3], lambda producer, consumer: 0.0).calls
    assert WiringProblem(items, lambda producer, consumer: 0.0).calls == (2,)


@pytest.mark.parametrize(("count", "beam"), [(1, BEAM), (40, BEAM), (100, EXPANSIONS // 100), (3000, LEAST_BEAM)])
def test_long_lists_get_a_narrower_beam(count: int, beam: int) -> None:
    assert affordable(count) == beam


def test_a_wider_beam_is_tried_when_a_narrow_one_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[int | None, bool]] = []

    def failing(
        problem: WiringProblem, beam: int | None = None, worst: float = math.inf, work: float = WORK
    ) -> WiringResult:
        tried.append((beam, problem.hidden))
        return WiringResult(())

    monkeypatch.setattr(wiring, "solve", failing)
    solve_widening(WiringProblem(net(RESIDUAL).items, lambda p, c: 0.0))
    assert tried == [(BEAM, False), (WIDER * BEAM, False), (BEAM, True)]


@pytest.mark.parametrize("deep", [(True, True, True), (False, False, True), (True, False, False)])
def test_sets_come_by_falling_gain_and_hold_a_deep_member(deep: tuple[bool, ...]) -> None:
    gains = (1.0, -0.5, -2.0)
    found = list(best_first(gains, (False, False, False), deep))
    worth = [sum(gain for i, gain in enumerate(gains) if mask >> i & 1) for _, mask in found]
    assert worth == sorted(worth, reverse=True)
    allowed = [mask for mask in range(1, 8) if any(mask >> i & 1 and deep[i] for i in range(3))]
    assert sorted(mask for _, mask in found) == allowed
    forced = {mask for _, mask in best_first(gains, (False, True, False), deep)}
    assert forced and all(mask >> 1 & 1 for mask in forced)


def test_single_operands_are_tried_where_all_of_them_look_likely() -> None:
    """Five heads, each of which a normalisation could feed: that it feeds one alone must be among the moves."""
    heads = "\n".join(f"h{i} Activation < b" for i in range(5))
    truth = net("x Input\nc Conv/k in=3 out=8 < x\nb BatchNorm in=8 < c\n" + heads + "\n-> h0 h1 h2 h3 h4")
    likely = {("+", "BatchNorm", "Activation"): 9.0}
    scene = Scene(truth.items, Weights({}, likely), lambda p, c: 0.0, lambda p, c: "")
    supply = supplies(truth.items)
    state = State(len(truth.items) - 1)
    for index in range(len(truth.items) - 1, 2, -1):
        found = steps(scene, state, index, moves(scene, Rules(), state, index, supply[index]))
        state = after(state, index, next(step for step in found if not step.move.chosen), 0.0)
    sets = {tuple(slot.item for slot in move.chosen) for move in moves(scene, Rules(), state, 2, supply[2])}
    assert {(item,) for item in range(3, 8)} <= sets


def test_a_layer_called_twice_may_feed_two_merges() -> None:
    made = net("""
        a Input
        b Input
        fc Dense in=8 out=4 < a ; b
        mul Multiply < fc fc:1
        cat Concatenate < fc fc:1 mul
        out Dense in=12 out=1 < cat
        -> out
    """)
    assert any(wiring.edges() == _edges(made) for wiring in made.solved().wirings)


def test_parallel_branches_each_feed_their_own() -> None:
    """None of the five norms takes an activation away from another, though channels would allow it."""
    branches = range(5)
    made = net(
        "x Input\nc Conv/k in=3 out=16 < x\n"
        + "".join(f"c{n} Conv/1 in=16 out=8 < c\n" for n in branches)
        + "".join(f"b{n} BatchNorm in=8 < c{n}\n" for n in branches)
        + "".join(f"a{n} Activation < b{n}\n" for n in branches)
        + "cat Concatenate < a0 a1 a2 a3 a4\nout Conv/k in=40 out=3 < cat\n-> out"
    )
    assert made.solved().wirings[0].edges() == _edges(made)


def _edges(made: Net) -> frozenset[tuple[int, int]]:
    return frozenset(
        (producer, consumer)
        for consumer, calls in enumerate(made.operands)
        for call in calls
        for producer, _ in call
    )


def test_what_only_a_wide_search_finds_must_not_be_odd(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown cause is told rather than a wiring that nobody would draw."""
    problem = WiringProblem(net(RESIDUAL).items, lambda p, c: 0.0)
    least = -max(wiring.log_score for wiring in candidates_of(problem))
    assert solve(problem, worst=least + 1).wirings
    refused = solve(problem, worst=least - 0.01)
    assert not refused.wirings and "odd" in refused.cause
    monkeypatch.setattr(wiring, "ODD", least - 0.01)
    assert solve_widening(problem).wirings, "the first search is not bounded so"


def test_states_that_are_too_dear_are_dropped_unless_an_edge_may_still_be_spoken_for() -> None:
    """The bound is met on the way, so that hopeless searches end early; where an edge is spoken for, costs may fall."""
    items = net(RESIDUAL).items
    least = -max(wiring.log_score for wiring in candidates_of(WiringProblem(items, lambda p, c: 0.0)))
    refused = solve(WiringProblem(items, lambda p, c: 0.0), worst=least / 2)
    assert refused.failed_at and "nats" not in refused.cause
    spoken = WiringProblem(items, lambda p, c: -least if (p, c) == (0, 1) else 0.0)
    assert solve(spoken, worst=least / 2).wirings


def candidates_of(problem: WiringProblem) -> list[Wiring]:
    found = wiring.candidates(problem, None, weights())
    assert isinstance(found, list)
    return found


def test_what_a_name_says_of_a_kind_counts_in_full() -> None:
    """A third input would make the fewest kinds of edges, but the name speaks against one with five nats."""
    made = net("""
        a Input
        odd Activation < a
        b Input
        join Concatenate < odd b
        -> join
    """)
    either = Item("odd", (*made.items[1].variants, replace(VARIANTS["Input"], log_prior=-5.0)))
    found = solve(WiringProblem((made.items[0], either, *made.items[2:]), lambda p, c: 0.0)).wirings
    assert made.is_told_by(found[0]) and any(wiring.variants[1] == 1 for wiring in found)


@pytest.mark.parametrize("long", [True, False])
def test_a_long_list_gets_no_wider_beam_where_work_narrowed_the_first(
    monkeypatch: pytest.MonkeyPatch, long: bool
) -> None:
    """A short one gets it with more work."""
    monkeypatch.setattr(wiring, "LONG", 3 if long else 450)
    impossible = net(RESIDUAL.replace("c0 Conv/k in=3 out=8", "c0 Conv/k in=3 out=9")).items
    assert wiring.solve(WiringProblem(impossible, lambda p, c: 0.0), work=2000).narrowed
    tried: list[tuple[int | None, float]] = []
    once = wiring.solve

    def counting(
        problem: WiringProblem, beam: int | None = None, worst: float = math.inf, work: float = WORK
    ) -> WiringResult:
        tried.append((beam, work))
        return once(problem, beam, worst=worst, work=2000)

    monkeypatch.setattr(wiring, "solve", counting)
    assert not solve_widening(WiringProblem(impossible, lambda p, c: 0.0)).wirings
    assert tried == [(BEAM, WORK), *(() if long else ((WIDER * BEAM, MORE_WORK * WORK),))]


@pytest.mark.parametrize(("farthest", "waits"), [(math.inf, True), (3, False)])
def test_full_sums_are_closed_far_behind_where_that_is_asked(farthest: float, waits: bool) -> None:
    chain = "".join(f"a{n} Activation < {f'a{n - 1}' if n else 'c0'}\n" for n in range(5))
    truth = net(
        "x Input\nc0 Conv/k in=3 out=8 < x\n" + chain + "l Activation < a4\nr Activation < a4\n"
        "add Add < l r\ngap GlobalPool < add\n-> gap"
    )
    scene = Scene(truth.items, weights(), lambda p, c: 0.0, lambda p, c: "")
    supply = supplies(truth.items)
    state = State(len(truth.items) - 1)
    rules = Rules(farthest=farthest)
    for index in range(len(truth.items) - 1, truth.index("c0"), -1):
        fed = {consumer for producer, consumer in _edges(truth) if producer == index}
        found = steps(scene, state, index, moves(scene, rules, state, index, supply[index]))
        right = next(step for step in found if {slot.item for slot in step.move.chosen} == fed)
        state = after(state, index, right, 0.0)
    assert waits == any(slot.item == truth.index("add") for slot in state.slots)


BLOCK = """
    c{n} Conv/1 in={wide} out=8 < {start}
    b{n} BatchNorm in=8 < c{n}
    a{n} Activation < b{n}
    d{n} Conv/k in=8 out=8 < a{n}
    e{n} BatchNorm in=8 < d{n}
    f{n} Activation < e{n}
    g{n} Conv/1 in=8 out=16 < f{n}
    s{n} Conv/1 in={wide} out=16 < {start}
    h{n} BatchNorm in=16 < g{n}
    t{n} BatchNorm in=16 < s{n}
    add{n} Add < h{n} t{n}
    o{n} Activation < add{n}
"""


def test_every_block_may_have_its_branches_in_either_order() -> None:
    """Which of two like projections ends the long branch is open in both blocks: all four ways are told."""
    made = net(
        "x Input\nstem Conv/k in=3 out=8 < x\nn BatchNorm in=8 < stem\nr Activation < n\n"
        + BLOCK.format(n=1, wide=8, start="r")
        + BLOCK.format(n=2, wide=16, start="o1").replace("=8", "=16")
        + "gap GlobalPool < o2\nfc Dense in=16 out=10 < gap\n-> fc"
    )
    ways = {
        tuple(made.items[wired.operands[made.index(name)][0][0][0]].name for name in ("g1", "s1", "g2", "s2"))
        for wired in made.solved().wirings
    }
    both = [(("f1", "r"), ("r", "f1")), (("f2", "o1"), ("o1", "f2"))]
    assert {(*one, *two) for one in both[0] for two in both[1]} <= ways


def test_only_long_lists_close_them() -> None:
    items = net(CHAIN).items
    assert WiringProblem(items, lambda p, c: 0.0).rules().farthest == math.inf
    assert WiringProblem(items * LONG, lambda p, c: 0.0).rules().farthest == FARTHEST


ACROSS = """
    x Input
    c1 Conv/k in=3 out=8 < x
    down Pool < c1
    c2 Conv/k in=4 out=16 < down
    up UpSampling < c2
    cat Concatenate < c1 up
    c3 Conv/k in=40 out=2 < cat
    -> c3
"""


def test_channels_that_a_layer_halves_or_doubles() -> None:
    made = net(ACROSS)
    turned = list(made.items)
    turned[2] = Item("down", (replace(VARIANTS["Pool"], channels="halved"),))
    turned[4] = Item("up", (replace(VARIANTS["UpSampling"], channels="doubled"),))
    found = solve(WiringProblem(tuple(turned), lambda p, c: 0.0)).wirings
    assert found[0].edges() == made.edges()
    assert not solve(WiringProblem(made.items, lambda p, c: 0.0)).wirings


def test_no_odd_number_of_channels_is_a_double() -> None:
    made = net("x Input\nc1 Conv/k in=3 out=4 < x\nup UpSampling < c1\nc2 Conv/k in=9 out=2 < up\n-> c2")
    items = tuple(
        replace(item, variants=(replace(item.variants[0], channels="doubled"),)) if item.name == "up" else item
        for item in made.items
    )
    assert not solve(WiringProblem(items, lambda p, c: 0.0)).wirings


def test_an_embedding_looks_up_no_results_of_weights() -> None:
    """The second table reads the second input, though a Dense in front gives a vector, too."""
    made = net("""
        x Input
        y Input
        a Embedding out=8 < x
        f Flatten < a
        d Dense in=8 out=8 < f
        b Embedding out=8 < y
        g Flatten < b
        s Add < d g
        end Dense in=8 out=1 < s
        -> end
    """)
    found = made.solved()
    assert found.wirings
    assert all((made.index("d"), made.index("b")) not in each.edges() for each in found.wirings)
