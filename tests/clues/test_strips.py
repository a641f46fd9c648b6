"""One-hot sequences and signals of several channels, written as images."""

from __future__ import annotations

import pytest

from infer_convert.clues.settings.strips import across, strip, strips
from tests.clues.drafts import conv, dense, draft

CHAIN = """
    input InputLayer
    one Conv2D
    two Conv2D
    pool MaxPooling2D
    flatten Flatten
    head Dense
"""


def _conv(height: int, width: int, channels: int = 1) -> dict[str, object]:
    return {**conv(1, channels, 15), "kernel_size": [height, width]}


@pytest.mark.parametrize(
    ("one", "two", "found"),
    [
        ((4, 10), (1, 10), (0, 4)),  # DragoNN
        ((1, 64), (22, 1), (0, 22)),  # EEGNet
        ((10, 4), (10, 1), (1, 4)),
        ((3, 3), (3, 3), None),
        ((4, 10), (4, 10), None),
        ((3, 3), (1, 1), None),  # no kernel extends along it
    ],
)
def test_a_strip_has_one_kernel_across(one: tuple[int, int], two: tuple[int, int], found: tuple[int, int]) -> None:
    made = strip(draft(CHAIN, one=_conv(*one), two=_conv(*two, channels=15), head=dense(405, 1)))
    assert (made and made[:2]) == found


def test_kernels_over_words_are_no_strips() -> None:
    text = "input InputLayer\none Conv2D\nflatten Flatten\nhead Dense"
    assert strip(draft(text, one=_conv(3, 300), head=dense(45, 1))) is None
    assert strip(draft(text, one=_conv(4, 10), head=dense(45, 1)))


def test_strips_stand_before_other_shapes() -> None:
    made = draft(CHAIN, one=_conv(4, 10), two=_conv(1, 10, channels=15), head=dense(405, 1))
    shapes = dict(strips(made, [(1000, -3.0)], 1, [((28, 28, 1), -1.0), ((4, 1000, 1), -9.0)]))
    assert shapes[4, 1000, 1] > shapes[28, 28, 1] - 1.0 > -9.0
    plain = draft(CHAIN, one=_conv(3, 3), two=_conv(3, 3, channels=15), head=dense(405, 1))
    assert strips(plain, [(1000, -3.0)], 1, [((28, 28, 1), -1.0)]) == [((28, 28, 1), -1.0)]


def test_windows_along_a_strip() -> None:
    assert across(0, (1, 2)) > across(0, (1, 35)) > across(0, (1, 37)) > across(0, (2, 2))
    assert across(1, (5, 1)) > across(1, (1, 5))
