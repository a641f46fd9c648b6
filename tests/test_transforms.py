"""Each transform against an independent statement of what it means."""

from __future__ import annotations

import numpy as np
import pytest

from infer_convert import transforms

RNG = np.random.default_rng(5)


def array(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype("float32")


def test_nothing_is_a_plain_copy_of_one_tensor() -> None:
    one = array(2, 3)
    assert transforms.apply((), [one]) is one
    with pytest.raises(ValueError, match="2 tensors"):
        transforms.apply((), [one, one])
    with pytest.raises(ValueError, match="expected one tensor"):
        transforms.apply(("rotate180",), [one, one])
    with pytest.raises(KeyError):
        transforms.apply(("turn",), [one])


def test_merge_gates_keeps_the_order_given() -> None:
    gates = [array(3, 2) for _ in range(4)]
    merged = transforms.apply(("merge-gates",), gates)
    assert merged.shape == (3, 8)
    for number, gate in enumerate(gates):
        np.testing.assert_array_equal(merged[:, 2 * number : 2 * number + 2], gate)


def test_stack_adds_an_axis_in_front() -> None:
    halves = [array(6), array(6)]
    stacked = transforms.apply(("stack",), halves)
    assert stacked.shape == (2, 6)
    np.testing.assert_array_equal(stacked[1], halves[1])


def test_a_theano_kernel_becomes_a_correlation() -> None:
    """Theano convolved (out, in, rows, columns); Keras correlates (rows, columns, in, out)."""
    kernel, picture = array(4, 2, 3, 3), array(2, 5, 5)
    convolved = np.zeros((4, 3, 3), "float32")
    for out, y, x in np.ndindex(4, 3, 3):
        for channel, i, j in np.ndindex(2, 3, 3):
            convolved[out, y, x] += kernel[out, channel, i, j] * picture[channel, y + 2 - i, x + 2 - j]
    ours = transforms.apply(("transpose:2,3,1,0", "rotate180"), [kernel])
    assert ours.shape == (3, 3, 2, 4)
    correlated = np.zeros_like(convolved)
    for out, y, x in np.ndindex(4, 3, 3):
        for channel, i, j in np.ndindex(2, 3, 3):
            correlated[out, y, x] += ours[i, j, channel, out] * picture[channel, y + i, x + j]
    np.testing.assert_allclose(correlated, convolved, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 4, 2), (2, 5), (2, 3, 2, 2)])
def test_flatten_first_moves_the_rows_of_a_dense_kernel(shape: tuple[int, ...]) -> None:
    """``shape`` is channels first; the same picture flattened channels last must give the same product."""
    picture, kernel = array(*shape), array(int(np.prod(shape)), 5)
    ours = transforms.apply((f"flatten-first:{','.join(map(str, shape))}",), [kernel])
    np.testing.assert_allclose(
        np.moveaxis(picture, 0, -1).ravel() @ ours, picture.ravel() @ kernel, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(("channels", "units"), [(3, 2), (2, 5), (3, 3)])
def test_cudnn_kernels_are_transposed_gate_by_gate(channels: int, units: int) -> None:
    """Keras 2.2.4 ``saving.py`` line 811: to CuDNN, each gate was ``kernel.T.reshape(kernel.shape)``."""
    gates = [array(channels, units) for _ in range(4)]
    stored = np.hstack([gate.T.reshape(gate.shape) for gate in gates])
    np.testing.assert_array_equal(transforms.apply(("cudnn-kernel:4",), [stored]), np.hstack(gates))


def test_cudnn_biases() -> None:
    stored = array(2 * 4 * 3)
    np.testing.assert_array_equal(transforms.apply(("cudnn-bias:4",), [stored]), stored[:12] + stored[12:])
    pair = transforms.apply(("cudnn-bias-pair:3",), [array(2 * 3 * 2)])
    assert pair.shape == (2, 6)


def test_a_deviation_becomes_a_variance() -> None:
    deviation = np.abs(array(4))
    np.testing.assert_allclose(transforms.apply(("square",), [deviation]), deviation**2, rtol=1e-6)


def test_reshape_and_cast() -> None:
    found = transforms.apply(("reshape:3,2", "cast:float32→float16"), [array(3, 1, 2, 1)])
    assert (found.shape, found.dtype) == ((3, 2), np.dtype("float16"))


def test_every_transform_is_documented() -> None:
    for name in transforms.names():
        assert f"``{name}" in (transforms.__doc__ or "")


def test_same_takes_one_of_equal_tensors_and_no_others() -> None:
    one = array(2, 3)
    assert transforms.apply(("same",), [one, one.copy()]) is one
    with pytest.raises(ValueError, match="not"):
        transforms.apply(("same",), [one, one + 1])
