"""Channels that cannot agree are seen without sizes, and nothing else is called a clash."""

from __future__ import annotations

from typing import Any

import pytest

from infer_convert.assemble.channels import clash
from infer_convert.assemble.settle import settle
from infer_convert.hints import Hints
from tests.clues.drafts import conv, draft

CHAIN = "x InputLayer\na Conv2D\nr Activation\np MaxPooling2D\nb Conv2D\ng GlobalAveragePooling2D"
SUM = "x InputLayer\na Conv2D\nb Conv2D < x\ns Add < a b\nc Conv2D"
JOIN = "x InputLayer\na Conv2D\nb Conv2D < x\ns Concatenate < a b\nc Conv2D"


@pytest.mark.parametrize(
    ("text", "sizes", "wanted"),
    [
        (CHAIN, {"a": conv(3, 3, 8), "b": conv(3, 8, 4)}, False),
        (CHAIN, {"a": conv(3, 3, 8), "b": conv(3, 16, 4)}, True),
        (SUM, {"a": conv(1, 3, 8), "b": conv(1, 3, 8), "c": conv(1, 8, 4)}, False),
        (SUM, {"a": conv(1, 3, 8), "b": conv(1, 3, 8), "c": conv(1, 16, 4)}, True),
        (JOIN, {"a": conv(1, 3, 8), "b": conv(1, 3, 8), "c": conv(1, 16, 4)}, False),
    ],
)
def test_a_clash_is_what_no_sizes_suit(text: str, sizes: dict[str, Any], wanted: bool) -> None:
    made = draft(text, **sizes)
    assert clash(made) is wanted
    assert bool(settle(made, Hints()).answers) is not wanted
