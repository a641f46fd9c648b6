"""Keras' list order on graphs drawn by hand; ``tests/test_recovery.py`` compares it with real models."""

from __future__ import annotations

import pytest

from infer_convert.solve.order import keras_order, reproduces

INPUT = ((),)


def fed(*calls: tuple[int, ...]) -> tuple[tuple[tuple[int, int], ...], ...]:
    """One call per argument, on the first results of these items."""
    return tuple(tuple((item, 0) for item in call) for call in calls)


GRAPHS = {
    "chain": ([INPUT, fed((0,)), fed((1,))], [2], [0, 1, 2]),
    "chain, listed backward": ([fed((1,)), fed((2,)), INPUT], [0], [2, 1, 0]),
    "diamond": ([INPUT, fed((0,)), fed((0,)), fed((1, 2))], [3], [0, 1, 2, 3]),
    "diamond, operands the other way round": ([INPUT, fed((0,)), fed((0,)), fed((2, 1))], [3], [0, 2, 1, 3]),
    "a short branch stands beside the end of the long one": (
        [INPUT, fed((0,)), fed((0,)), fed((2,)), fed((1, 3))], [4], [0, 2, 1, 3, 4],
    ),
    "late second input": ([INPUT, fed((0,)), INPUT, fed((1, 2))], [3], [0, 1, 2, 3]),
    "two outputs, ties in their order": ([INPUT, fed((0,)), fed((0,))], [2, 1], [0, 2, 1]),
    "an output that feeds on is not at depth 0": ([INPUT, fed((0,)), fed((1,))], [1, 2], [0, 1, 2]),
    "what no output needs is left out": ([INPUT, fed((0,)), fed((0,))], [1], [0, 1]),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_order(name: str) -> None:
    operands, outputs, expected = GRAPHS[name]
    ends = [(item, 0) for item in outputs]
    assert keras_order(operands, ends) == expected
    assert reproduces(operands, ends) == (expected == list(range(len(operands))))


def test_a_shared_layer_stands_at_the_depth_of_its_deepest_call() -> None:
    """Items: two inputs, the shared layer (2), a layer behind its second call (3), the merge (4)."""
    operands = [INPUT, INPUT, fed((0,), (1,)), (((2, 1),),), (((2, 0), (3, 0)),)]
    assert keras_order(operands, [(4, 0)]) == [0, 1, 2, 3, 4]
    siamese = [INPUT, INPUT, fed((0,), (1,)), (((2, 0), (2, 1)),)]
    assert keras_order(siamese, [(3, 0)]) == [0, 1, 2, 3]
    swapped = [INPUT, INPUT, fed((0,), (1,)), (((2, 1), (2, 0)),)]
    assert keras_order(swapped, [(3, 0)]) == [1, 0, 2, 3]


def test_a_deep_chain_needs_no_recursion() -> None:
    count = 5000
    assert reproduces([INPUT, *(fed((i,)) for i in range(count))], [(count, 0)])
