"""Filters, geometry, outputs, signs and inputs: each clue on numbers that it must read and on some that say nothing."""

from __future__ import annotations

import numpy as np
import pytest

from infer_convert.clues.numbers import geometry, gram, inputs, output, signs
from infer_convert.clues.numbers.kernels import Kernel
from infer_convert.clues.numbers.signals import Units

RNG = np.random.default_rng(0)


def balanced(units: int = 32) -> tuple[Units, np.ndarray]:
    """Filters, and the slices of a kernel that training balanced with them."""
    columns = RNG.normal(size=(20, units)) @ np.diag(RNG.uniform(0.5, 2, units))
    rotation = np.linalg.qr(RNG.normal(size=(20, 20)))[0]
    return Units((columns,), units), rotation @ columns + 0.3 * RNG.normal(size=(20, units))


def test_filters_know_who_takes_them() -> None:
    for _ in range(5):
        units, slices = balanced()
        _, strange = balanced()
        said, other = gram.score(units, slices), gram.score(units, strange)
        assert said is not None and other is not None and said > other + 5


def test_filters_are_silent() -> None:
    units, slices = balanced()
    assert gram.score(Units(units.flats, 32, normed=True), slices) is None
    (columns,) = units.flats
    assert gram.score(Units((columns / np.sqrt((columns**2).sum(0)),), 32), slices) is None
    few, its = balanced(6)
    assert gram.score(few, its) is None
    assert gram.score(few, slices) is None


def test_untrained_filters_have_no_favourite() -> None:
    scores = []
    for _ in range(40):
        columns, slices = RNG.normal(size=(50, 32)), RNG.normal(size=(40, 32))
        scores.append(gram.score(Units((columns,), columns.shape[1]), slices))
    known = [score for score in scores if score is not None]
    assert abs(float(np.mean(known))) < 0.7


def test_a_flattened_kernel_is_summed_over_positions() -> None:
    kernel = Kernel(np.arange(24, dtype=np.float32).reshape(1, 12, 2), None)
    matrix = kernel.matrix(3)
    assert matrix is not None
    np.testing.assert_array_equal(matrix, np.arange(24).reshape(4, 3, 2).sum(0))
    assert kernel.matrix(5) is None
    slices = kernel.slices(3)
    assert slices is not None and slices.shape == (8, 3)


def smooth(height: int, width: int, channels: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    waves = [
        np.sin(rows * RNG.uniform(0.2, 0.8) + RNG.uniform(0, 6)) * np.cos(columns * RNG.uniform(0.2, 0.8))
        for _ in range(channels * 16)
    ]
    return np.stack(waves, -1).reshape(height * width * channels, 16)


def test_geometry_is_read_from_neighbours() -> None:
    kernel = smooth(6, 8, 4)
    shapes = ((6, 8, 4), (8, 6, 4), (4, 12, 4), (12, 4, 4), (1, 48, 4), (4, 4, 12))
    assert geometry.choose(kernel, shapes) == (6, 8, 4)
    assert geometry.strength(kernel, 6, 8, 4) > 3 * geometry.strength(kernel, 6, 8, 4, channels_first=True)
    first = np.moveaxis(kernel.reshape(6, 8, 4, 16), 2, 0).reshape(-1, 16)
    assert geometry.strength(first, 6, 8, 4, channels_first=True) > geometry.LEAST_STRENGTH


def test_geometry_is_silent_without_neighbours() -> None:
    assert geometry.choose(RNG.normal(size=(192, 16)), ((6, 8, 4), (8, 6, 4))) is None
    assert geometry.choose(smooth(2, 2, 8), ((2, 2, 8), (1, 4, 8))) is None
    assert geometry.choose(smooth(6, 8, 4), ((6, 8, 4),)) is None


def test_a_softmax_keeps_the_sum_of_its_biases() -> None:
    bias = RNG.normal(size=10)
    kept, wandered = output.softmax(bias - bias.mean()), output.softmax(np.abs(bias))
    assert kept is not None and kept > 2
    assert wandered is not None and wandered < -1
    assert output.softmax(np.zeros(10)) is None
    assert output.softmax(np.ones(1)) is None
    assert output.softmax(RNG.normal(size=400)) is None


def test_signs_bound_the_activation() -> None:
    names = ("relu", "linear", "sigmoid", "tanh", "elu")
    positive = signs.log_likelihoods(np.linspace(0.01, 3, 16), names)
    assert positive is not None
    assert positive["relu"] > positive["linear"] + 4 and positive["sigmoid"] == signs.IMPOSSIBLE
    mixed = signs.log_likelihoods(np.linspace(-0.9, 3, 16), names)
    assert mixed is not None
    assert mixed["relu"] == mixed["tanh"] == signs.IMPOSSIBLE and mixed["linear"] == 0 > mixed["elu"] > -2
    assert signs.log_likelihoods(np.zeros(16), names) is None
    assert signs.log_likelihoods(np.ones(4), names) is None


@pytest.mark.parametrize(
    ("means", "deviation", "wanted"),
    [((0.49, 0.48, 0.45), 0.25, "0..1"), ((125.0, 122.0, 114.0), 63.0, "0..255"), ((0.0, 0.02, -0.1), 0.5, "-1..1"),
     ((0.01, 0.0, -0.02), 1.0, "standardised")],
)  # fmt: skip
def test_the_inputs_scale_is_inverted(means: tuple[float, ...], deviation: float, wanted: str) -> None:
    kernel = RNG.normal(size=(9, 3, 32)) * 0.2
    pixels = np.array(means) + deviation * RNG.normal(size=(20_000, 9, 3))
    outs = np.einsum("ntc,tco->no", pixels, kernel)
    found = inputs.invert(kernel.sum(0), None, outs.mean(0), outs.var(0), (kernel**2).sum((0, 1)))
    assert found is not None and found.range == wanted
    np.testing.assert_allclose(found.means, means, atol=0.05 * max(1.0, deviation))


def test_inputs_are_silent() -> None:
    kernel = RNG.normal(size=(9, 3, 32))
    squares = (kernel**2).sum((0, 1))
    assert inputs.invert(kernel.sum(0), None, np.zeros(32), np.ones(32), squares) is None
    assert inputs.invert(kernel.sum(0), None, RNG.normal(size=32) * 3, np.ones(32), squares) is None
    assert inputs.invert(np.ones((8, 32)), None, np.ones(32), np.ones(32), np.ones(32)) is None
