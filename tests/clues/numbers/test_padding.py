"""The row of the padding, in tables that were trained in every way that matters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from infer_convert.clues.numbers import padding
from infer_convert.hints import Hints
from infer_convert.infer import infer
from tests.assemble.files import facts
from tests.clues.numbers.test_orientation import Held


def table(kind: str) -> Any:
    """400 words, of which training touched the first hundred and, unless it is masked, the padding."""
    rng = np.random.default_rng(0)
    made = rng.normal(0, 0.1, (400, 16)) if kind == "drawn otherwise" else rng.uniform(-0.05, 0.05, (400, 16))
    if kind != "untrained":
        made[1:100] += rng.normal(0, 0.2, (99, 16))
    if kind == "used":
        made[0] += 0.2
    if kind == "learnt elsewhere":
        made[0] = 0
    return made.astype("float32")


def test_a_masked_row_stays_and_another_moves() -> None:
    masked, used = padding.masked(table("masked")), padding.masked(table("used"))
    assert masked is not None and used is not None and masked > 1 and used < -2


@pytest.mark.parametrize("kind", ["untrained", "drawn otherwise", "learnt elsewhere"])
def test_other_tables_say_nothing(kind: str) -> None:
    assert padding.masked(table(kind)) is None


def test_where_few_rows_moved_one_that_did_not_says_little() -> None:
    made = table("masked")
    made[8:21] = made[200:213]
    said = padding.masked(made)
    assert said is not None and 0 < said < 0.6
    made[5:21] = made[200:216]
    assert padding.masked(made) is None


@pytest.mark.parametrize(
    ("kind", "value", "least", "most"),
    [("masked", True, 0.5, 0.7), ("used", False, 0.95, 1.0), ("untrained", False, 0.75, 0.85)],
)
def test_a_plan_masks_as_its_table_says(kind: str, value: bool, least: float, most: float) -> None:
    text = "emb embeddings:400x16\nlstm cell/kernel:16x32 cell/recurrent_kernel:8x32 cell/bias:32\nd kernel:8x2 bias:2"
    found = facts(text)
    arrays = {each.path: np.zeros(each.shape, "float32") for each in found.all_tensors()}
    arrays["/emb/embeddings"] = table(kind)
    layer = infer(found, Hints(), Held(arrays)).best.layer("emb")
    decision = layer.decision("mask_zero")
    assert decision is not None and decision.value is value and least <= decision.confidence <= most
    assert layer.config.get("mask_zero", False) is value
    assert any(item.clue == "numbers/padding" for item in decision.evidence) is (kind != "untrained")
