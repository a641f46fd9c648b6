"""What names say without their layer's class."""

from __future__ import annotations

import pytest

from infer_convert.layers.names import as_created


@pytest.mark.parametrize(
    ("listed", "created"),
    [
        (["input_10", "input_9"], ["input_9", "input_10"]),
        (["input_layer_1", "input_layer"], ["input_layer", "input_layer_1"]),
        (["image_2", "image_1"], ["image_2", "image_1"]),
        (["input_2", "query"], ["input_2", "query"]),
        ([], []),
    ],
)
def test_inputs_stand_in_the_order_of_their_counters(listed: list[str], created: list[str]) -> None:
    assert as_created(listed) == created
