"""Which convolution every normalisation reads."""

from __future__ import annotations

from infer_convert.solve.norms import normed

from .nets import Net, net

STAGGERED = """
    x Input
    c0 Conv/k in=3 out=8 < x
    a0 Activation < c0
    c1 Conv/k in=8 out=8 < a0
    c2 Conv/1 in=8 out=8 < a0
    n1 BatchNorm in=8 < c1
    p Pool < a0
    n2 BatchNorm in=8 < c2
    one Add < n1 p
    two Add < n2 p
    cat Concatenate < one two
    out Conv/k in=16 out=3 < cat
    -> out
"""


def pairs(made: Net) -> set[tuple[str, str]]:
    return {(made.items[a].name, made.items[b].name) for a, b in normed(made.items).items()}


def test_both_stand_in_one_order_whatever_stands_between_them() -> None:
    assert pairs(net(STAGGERED)) == {("c1", "n1"), ("c2", "n2")}


def test_widths_tell_who_is_not_normalised() -> None:
    assert pairs(net(STAGGERED.replace("c1 Conv/k in=8 out=8", "c1 Conv/k in=8 out=9"))) == {("c0", "n1"), ("c2", "n2")}


def test_a_concatenate_is_normalised_where_no_convolution_is_left_for_it() -> None:
    joined = """
        x Input
        c1 Conv/k in=3 out=8 < x
        c2 Conv/1 in=3 out=8 < x
        cat Concatenate < c1 c2
        n BatchNorm in=16 < cat
        c3 Conv/1 in=16 out=4 < n
        m BatchNorm in=4 < c3
        -> m
    """
    assert pairs(net(joined)) == {("cat", "n"), ("c3", "m")}
