"""Convolutions and transposed convolutions in one, two and three dimensions.

Kernel layouts (FORMATS §5): Keras 2 and later ``(*kernel_size, in, out)``, transposed ``(*kernel_size, out, in)``;
Keras 0/1 with ``dim_ordering='th'`` ``(out, in, *kernel_size)``; Keras 1 Conv1D ``(k, 1, in, out)`` (1.2) or
``(out, in, k, 1)`` (1.0, 1.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infer_convert.facts import Generation, Tensor
from infer_convert.layers.arithmetic import axes, convolved, transposed
from infer_convert.layers.card import RARE, Card, Config, Fit, Shape, Stored, layout, use, within
from infer_convert.plan import WeightUse
from infer_convert.solve.items import Variant

PLAUSIBLE_KERNEL = 11
"""Longer kernels are rare outside one dimension: AlexNet's 11 is the longest in keras.applications."""


TENSORFLOW_IN_KERAS_0 = 3.0
"""Nats against kernels laid out for TensorFlow: Keras 0 had ``dim_ordering='th'`` as its default."""


def _kernel_odds(kernel_size: tuple[int, ...]) -> float:
    if len(kernel_size) == 1:
        return 0.0
    square = len(set(kernel_size)) == 1
    return (0.0 if square else -0.7) - (2.0 if max(kernel_size) > PLAUSIBLE_KERNEL else 0.0)


def _config(kernel_size: tuple[int, ...], channels_in: int, filters: int, bias: bool) -> dict[str, Any]:
    return {
        "filters": filters,
        "kernel_size": list(kernel_size),
        "use_bias": bias,
        "_channels_in": channels_in,
    }


def _bias_fits(found: dict[str, Tensor], filters: int) -> bool:
    return "bias" not in found or found["bias"].shape == (filters,)


def _uses(found: dict[str, Tensor], shape: tuple[int, ...], *transforms: str) -> tuple[WeightUse, ...]:
    kernel = use("kernel", found["kernel"], *transforms, shape=shape)
    return (kernel, use("bias", found["bias"])) if "bias" in found else (kernel,)


def _old_readings(
    kernel: tuple[int, ...], rank: int, generation: Generation
) -> tuple[tuple[tuple[int, ...], tuple[str, ...]], ...]:
    """Keras 0/1 layouts of ``kernel`` as (*kernel_size, in, out), each with the transforms that get there. Keras 0 knew
    the older of the two of Conv1D alone."""
    if rank == 1 and len(kernel) == 4:
        readings: list[tuple[tuple[int, ...], tuple[str, ...]]] = []
        if kernel[1] == 1 and generation != "keras0":
            shape = (kernel[0], kernel[2], kernel[3])
            readings.append((shape, (f"reshape:{shape[0]},{shape[1]},{shape[2]}",)))
        if kernel[3] == 1:
            shape = (kernel[2], kernel[1], kernel[0])
            readings.append((shape, ("transpose:2,3,1,0", f"reshape:{shape[0]},{shape[1]},{shape[2]}")))
        return tuple(readings)
    if len(kernel) != rank + 2 or rank == 1:
        return ()
    order = (*range(2, rank + 2), 1, 0)
    return ((tuple(kernel[axis] for axis in order), (f"transpose:{','.join(map(str, order))}",)),)


def _fits(rank: int) -> Callable[[Stored], tuple[Fit, ...]]:
    def fits(stored: Stored) -> tuple[Fit, ...]:
        found = layout(within(stored.roles), "kernel", optional=("bias",))
        if found is None:
            return ()
        kernel = found["kernel"].shape
        readings = [(kernel, ())] if len(kernel) == rank + 2 else []
        old = stored.generation in ("keras0", "keras1")
        result = []
        for shape, transforms in (*readings, *(_old_readings(kernel, rank, stored.generation) if old else ())):
            *kernel_size, channels_in, filters = shape
            if _bias_fits(found, filters):
                config = _config(tuple(kernel_size), channels_in, filters, "bias" in found)
                odds = _kernel_odds(tuple(kernel_size))
                if stored.generation == "keras0" and not transforms and rank > 1:
                    odds -= TENSORFLOW_IN_KERAS_0
                result.append(Fit(config, _uses(found, shape, *transforms), odds))
        return tuple(result)

    return fits


def _transpose_fits(rank: int) -> Callable[[Stored], tuple[Fit, ...]]:
    def fits(stored: Stored) -> tuple[Fit, ...]:
        found = layout(within(stored.roles), "kernel", optional=("bias",))
        if found is None or len(found["kernel"].shape) != rank + 2:
            return ()
        kernel = found["kernel"].shape
        readings: list[tuple[tuple[int, ...], tuple[str, ...]]] = [(kernel, ())]
        if stored.generation == "keras1" and rank == 2:
            readings.append(((*kernel[2:], *kernel[:2]), ("transpose:2,3,0,1",)))
            readings.append(((*kernel[:2], kernel[3], kernel[2]), ("transpose:0,1,3,2",)))
        result = []
        for shape, transforms in readings:
            *kernel_size, filters, channels_in = shape
            if _bias_fits(found, filters):
                config = _config(tuple(kernel_size), channels_in, filters, "bias" in found)
                odds = _kernel_odds(tuple(kernel_size)) - 2.0
                result.append(Fit(config, _uses(found, shape, *transforms), odds))
        return tuple(result)

    return fits


def _flow(label: str, rank: int, scale: int | None) -> Callable[[Config], tuple[Variant, ...]]:
    def flow(config: Config) -> tuple[Variant, ...]:
        kernel = "1" if max(config["kernel_size"]) == 1 else "k"
        return (
            Variant(
                label=f"{label}/{kernel}",
                ranks=frozenset({(rank + 2, rank + 2)}),
                channels_in=config["_channels_in"] * config.get("groups", 1),
                channels_out=config["filters"],
                channels="fixed",
                scale=scale,
            ),
        )

    return flow


def _shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    *sizes, channels = shapes[0]
    if len(sizes) != len(config["kernel_size"]) or channels not in (
        None,
        config["_channels_in"] * config.get("groups", 1),
    ):
        return None
    out = convolved(config, sizes)
    return None if out is None else (*out, config["filters"])


def _transpose_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    *sizes, channels = shapes[0]
    rank = len(config["kernel_size"])
    if len(sizes) != rank or channels not in (None, config["_channels_in"]):
        return None
    strides, dilation = axes(config.get("strides", 1), rank), axes(config.get("dilation_rate", 1), rank)
    padding = config.get("padding", "valid")
    out = (
        transposed(size, kernel, stride, rate, padding)
        for size, kernel, stride, rate in zip(sizes, config["kernel_size"], strides, dilation, strict=True)
    )
    return (*out, config["filters"])


def _choices(config: Config) -> tuple[Config, ...]:
    rank = len(config["kernel_size"])
    pointwise = max(config["kernel_size"]) == 1
    paddings = ("valid",) if pointwise else ("same", "valid", "causal") if rank == 1 else ("same", "valid")
    largest = max(config["kernel_size"])
    strides = [1, 2] + ([3, 4] if largest >= 5 else [])
    if largest % 2 == 0 and largest not in strides:
        strides.append(largest)
    usual = [[stride] * rank for stride in strides]
    if config.get(RARE):
        usual += [[stride] * rank for stride in range(3, largest + 1) if stride not in strides]
        usual += [[1, 2], [2, 1], [1, 4], [4, 1]] if rank == 2 else []
    return tuple({"padding": padding, "strides": stride} for padding in paddings for stride in usual)


def _transpose_choices(config: Config) -> tuple[Config, ...]:
    rank = len(config["kernel_size"])
    largest = max(config["kernel_size"])
    strides = [2, 1] + ([4] if largest >= 4 else []) + ([3] if largest >= 5 or config.get(RARE) else [])
    strides += [5] if config.get(RARE) else []
    strides += [size for size in (largest // 2, largest) if largest % 2 == 0 and size > 4]
    return tuple(
        {"padding": padding, "strides": [stride] * rank} for padding in ("same", "valid") for stride in strides
    )


def _conv(class_name: str, rank: int, old: tuple[str, ...]) -> Card:
    return Card(
        class_name,
        stems=old,
        words=(("conv", 2.0), ("convolution", 2.0), ("cnn", 1.0)),
        fits=_fits(rank),
        flow=_flow("Conv", rank, None),
        shape=_shape,
        choices=_choices,
        assumed={"activation": "linear"},
    )


def _deconv(class_name: str, rank: int, old: tuple[str, ...]) -> Card:
    return Card(
        class_name,
        stems=old,
        words=(
            ("transpose", 4.0),
            ("deconv", 4.5),
            ("convt", 4.0),
            ("upconv", 3.5),
            ("tconv", 4.0),
            ("convtranspose", 4.5),
        ),
        fits=_transpose_fits(rank),
        flow=_flow("ConvTranspose", rank, 1),
        shape=_transpose_shape,
        choices=_transpose_choices,
        assumed={"activation": "linear"},
    )


CARDS = (
    _conv("Conv1D", 1, ("convolution1d", "atrousconvolution1d")),
    _conv("Conv2D", 2, ("convolution2d", "atrousconvolution2d")),
    _conv("Conv3D", 3, ("convolution3d",)),
    _deconv("Conv1DTranspose", 1, ()),
    _deconv("Conv2DTranspose", 2, ("deconvolution2d", "deconv2d")),
    _deconv("Conv3DTranspose", 3, ("deconvolution3d",)),
)
