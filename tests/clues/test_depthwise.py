"""How wide the blocks around depthwise convolutions are, and what that says about their strides."""

from __future__ import annotations

import pytest

from infer_convert.clues.settings.depthwise import block_widths
from infer_convert.clues.settings.frequencies import frequency
from infer_convert.clues.settings.places import Style, block_widening, widening
from infer_convert.draft import Neighbourhood

from .drafts import conv, near, place

INVERTED = """
    x InputLayer
    c Conv2D
    e Conv2D
    a Activation
    d DepthwiseConv2D
    b BatchNormalization
    p Conv2D
"""
GATED = """
    x InputLayer
    c Conv2D
    e Conv2D
    d DepthwiseConv2D
    g GlobalAveragePooling2D
    s Reshape
    f Conv2D
    h Conv2D
    m Multiply < d h
    p Conv2D
"""


def block(text: str, before: int, wide: int, after: int, **more: dict[str, object]) -> Neighbourhood:
    configs = {
        "c": conv(3, 3, before), "e": conv(1, before, wide), "p": conv(1, wide, after), "f": conv(1, wide, 4),
        "h": conv(1, 4, wide), "d": {"kernel_size": [3, 3], "_channels_in": wide}, **more,
    }  # fmt: skip
    there = {line.split()[0] for line in text.strip().splitlines()}
    return near(text, **{name: config for name, config in configs.items() if name in there})


@pytest.mark.parametrize("text", [INVERTED, GATED])
@pytest.mark.parametrize(
    ("widths", "expected", "word"),
    [
        ((16, 96, 24), (16, 24), "more"),
        ((24, 144, 24), (24, 24), "same"),
        ((32, 64, 128), (64, 128), "double"),  # no bottleneck: MobileNet
    ],
)
def test_an_inverted_bottleneck_is_as_wide_as_its_ends(
    text: str, widths: tuple[int, int, int], expected: tuple[int, int], word: str
) -> None:
    there = block(text, *widths)
    assert block_widths(there, place(there, "d")) == expected
    assert block_widening(there, place(there, "d")) == word


def test_other_convolutions_tell_for_themselves() -> None:
    there = block(INVERTED, 16, 96, 24)
    assert block_widening(there, place(there, "e")) == "none"
    assert widening(there.draft.layers[place(there, "e")].config) == "more"


def halves(there: Neighbourhood) -> float:
    """Log odds of a stride of 2."""
    index, style = place(there, "d"), Style.of(there)
    one, two = ({"padding": "same", "strides": [stride, stride]} for stride in (1, 2))
    return frequency(there, style, index, two) - frequency(there, style, index, one)


def test_a_block_that_widens_may_halve() -> None:
    assert halves(block(INVERTED, 16, 96, 24)) > 0 > halves(block(INVERTED, 24, 144, 24))


def test_who_writes_borders_out_writes_them_for_every_stride() -> None:
    text = INVERTED + "    z ZeroPadding2D\n    d2 DepthwiseConv2D\n"
    more = {"d2": {"kernel_size": [3, 3], "_channels_in": 24}}
    there = near(text, **{"c": conv(3, 3, 16), "e": conv(1, 16, 96), "p": conv(1, 96, 24),
                          "d": {"kernel_size": [3, 3], "_channels_in": 96}, **more})  # fmt: skip
    assert halves(there) < -3
