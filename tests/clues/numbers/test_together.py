"""What layers of one belief say together, on figures that can be followed by hand."""

from __future__ import annotations

import math

import pytest

from infer_convert.clues.numbers.together import doubted, together

PRIOR = {"linear": 0.97, "relu": 0.03}
RELU, LINEAR = {"linear": -4.5, "relu": 0.0}, {"linear": 0.0, "relu": -8.0}


def share(nats: dict[str, float], value: str = "relu") -> float:
    weights = {name: PRIOR[name] * math.exp(nats[name]) for name in PRIOR}
    return weights[value] / sum(weights.values())


def test_one_layer_says_what_it_says_alone() -> None:
    (alone,) = together(PRIOR, [RELU])
    assert share(alone) == pytest.approx(share(RELU), abs=1e-9)


def test_layers_convince_each_other_but_not_against_what_is_impossible() -> None:
    heard = together(PRIOR, [RELU, RELU, RELU, LINEAR])
    assert share(RELU) < 0.75 < 0.99 < min(share(nats) for nats in heard[:3])
    assert share(heard[3]) < 0.1


def test_the_order_of_the_layers_does_not_matter() -> None:
    there, back = together(PRIOR, [RELU, LINEAR, RELU]), together(PRIOR, [RELU, RELU, LINEAR])
    assert there[1] == pytest.approx(back[2])


def test_doubt_leaves_a_part_to_the_prior() -> None:
    (sure,) = together(PRIOR, [{"linear": -50.0, "relu": 0.0}])
    assert share(sure) > 0.999
    assert share(doubted(PRIOR, sure, 0.9)) == pytest.approx(0.9 + 0.1 * 0.03, abs=1e-6)
    assert share(doubted(PRIOR, sure, 1.0)) == pytest.approx(share(sure))
