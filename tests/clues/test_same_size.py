"""Pictures of the size that a net took."""

from __future__ import annotations

from typing import Any

import pytest

from infer_convert.assemble.settle import settle
from infer_convert.clues.settings.same_size import LARGER, SMALLER, ends, favour_same
from infer_convert.hints import Hints

from .drafts import conv, draft, near

DOWN_AND_UP = """x InputLayer
    a Conv2D
    p MaxPooling2D
    b Conv2D
    q MaxPooling2D
    c Conv2D
    r MaxPooling2D
    d Conv2D
    t Conv2DTranspose"""
KERNELS: dict[str, Any] = {
    "a": conv(3, 3, 16), "b": conv(3, 16, 32), "c": conv(3, 32, 64), "d": conv(1, 64, 5), "t": conv(16, 5, 5)
}  # fmt: skip


def test_what_three_pools_took_away_one_wide_kernel_gives_back() -> None:
    made = draft(DOWN_AND_UP, **KERNELS)
    best = settle(made, Hints()).answers[0]
    assert best.config(len(made.layers) - 1)["strides"] == [8, 8]
    assert best.shapes[0, 0][:2] == best.shapes[len(made.layers) - 1, 0][:2]
    rows = (best.chosen, best.marginals, best.peaks, best.draw()[0].options)
    assert {len(row) for row in rows} == {len(made.layers)}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (DOWN_AND_UP, True),
        (DOWN_AND_UP.replace("t Conv2DTranspose", "t Conv2D"), False),
        ("x InputLayer\na Conv2D\nt Conv2DTranspose", False),
        (DOWN_AND_UP + "\ny InputLayer\nz Conv2D < y", False),
    ],
    ids=["down and up", "down alone", "up alone", "two inputs"],
)
def test_of_which_nets_it_is_asked(text: str, asked: bool) -> None:
    assert (ends(near(text, **KERNELS, z=conv(3, 3, 8))) is not None) == asked


def test_nats() -> None:
    assert favour_same(((64, 64, 3), (64, 64, 1))) == 0 == favour_same(((64, 64, 3), (10,)))
    assert favour_same(((64, 64, 3), (32, 32, 1))) == SMALLER > LARGER == favour_same(((64, 64, 3), (128, 128, 1)))
