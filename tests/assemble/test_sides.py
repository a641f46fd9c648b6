"""On which side of a Concatenate an enlarged map stands."""

from __future__ import annotations

import pytest

from infer_convert.assemble.sides import AS_ELSEWHERE, OTHER_WAY_ROUND, share_turned, turned_round

from ..clues.drafts import draft

NET = """
    x InputLayer
    a Conv2D < x
    p MaxPooling2D < a
    b Conv2D < p
    u UpSampling2D < b
    t Activation < u
    j Concatenate < t a
    c Conv2D < j
    v UpSampling2D < b
    k Concatenate < {operands}
    d Conv2D < k
    s Add < c d
"""


@pytest.mark.parametrize(
    ("operands", "ordered", "share"),
    [
        ("a c v", {"k"}, AS_ELSEWHERE),
        ("v a c", {"k"}, 1 - AS_ELSEWHERE),
        ("a v c", {"k"}, OTHER_WAY_ROUND),
        ("a c v", set(), OTHER_WAY_ROUND),
    ],
)
def test_the_side_is_that_of_the_others(operands: str, ordered: set[str], share: float) -> None:
    assert share_turned(draft(NET.format(operands=operands)), frozenset(ordered)) == share


def test_only_what_is_free_is_turned() -> None:
    made = draft("x InputLayer\na Conv2D < x\nb Conv2D < x\nj Concatenate < a b\nc Conv2D")
    assert turned_round(made, frozenset({"j"})) is None
