"""Layers of one role read layers of one role."""

from __future__ import annotations

import math
from dataclasses import replace

from infer_convert.solve.items import Wiring
from infer_convert.solve.roles import surprise
from infer_convert.solve.wiring import WiringProblem, solve

from .nets import Net, net


def blocks(*read: str) -> Net:
    """Blocks of two convolutions and an Add, whose skip's convolution reads what is told of every block: ``x`` is the
    block's input, ``a`` the activation of its first convolution."""
    lines, last = ["x Input", "stem Conv/1 in=3 out=8 < x"], "stem"
    for number, source in enumerate(read):
        it = {"x": last, "a": f"act{number}"}[source]
        lines += [
            f"one{number} Conv/1 in=8 out=8 < {last}",
            f"act{number} Activation < one{number}",
            f"skip{number} Conv/1 in=8 out=8 < {it}",
            f"two{number} Conv/1 in=8 out=8 < act{number}",
            f"add{number} Add < skip{number} two{number}",
        ]
        last = f"add{number}"
    return net("\n".join([*lines, f"-> {last}"]))


def roles(made: Net) -> tuple[str, ...]:
    return tuple(item.name.rstrip("0123456789") if item.name[-1].isdigit() else "" for item in made.items)


def charged(*read: str) -> float:
    made = blocks(*read)
    return surprise(made.items, roles(made), made.wiring())


def test_an_exception_is_charged() -> None:
    assert charged(*"xxxxxxxa") > charged(*"xxxxxxxx") + 3


def test_what_all_blocks_do_is_no_exception() -> None:
    assert abs(charged("a", "a", "a", "a") - charged("x", "x", "x", "x")) < 4


def test_where_every_block_is_wired_in_its_own_way_little_is_charged_for_one_more() -> None:
    mixed = charged("x", "a", "x", "a", "x", "a", "x", "x") - charged("x", "a", "x", "a", "x", "a", "x", "a")
    assert abs(mixed) < 1 < charged(*"xxxxxxxa") - charged(*"xxxxxxxx")


def test_items_without_roles_and_sums_that_no_list_shows() -> None:
    made = blocks("x", "x")
    assert surprise(made.items, ("",) * len(made.items), made.wiring()) == 0
    hidden = list(made.operands)
    hidden[made.index("one1")] = (((len(made.items), 0),),)
    found = Wiring((0,) * len(made.items), tuple(hidden), made.outputs, sums=(((3, 0), (4, 0)),))
    assert math.isfinite(surprise(made.items, roles(made), found))


def test_wirings_are_ranked_by_roles_too() -> None:
    """One block of eight looks different by its numbers, the others are known; roles weigh more."""
    made = blocks(*"xxxxxxxx")
    wrong = (made.index("act4"), made.index("skip4"))
    known = {made.index(f"skip{number}"): made.index(f"add{number - 1}") for number in (1, 2, 3, 5, 6, 7)}
    known[made.index("skip0")] = made.index("stem")

    def affinity(producer: int, consumer: int) -> float:
        return -2.0 if (producer, consumer) == wrong else math.inf if known.get(consumer, producer) != producer else 0.0

    plain = WiringProblem(made.items, affinity, 1)
    told = replace(plain, roles=roles(made))
    shares = [
        math.fsum(found.probability for found in solve(problem).wirings if wrong in found.edges())
        for problem in (plain, told)
    ]
    assert shares[0] > 0.5 > 5 * shares[1]
