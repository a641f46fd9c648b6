"""Depthwise and separable convolutions.

Kernels: depthwise (*kernel_size, in, multiplier), pointwise (1…, in·m, out).
"""

from __future__ import annotations

from collections.abc import Callable

from infer_convert.layers.arithmetic import convolved
from infer_convert.layers.card import Card, Config, Fit, Shape, Stored, layout, plain_uses, use, within
from infer_convert.solve.items import Variant

UNNAMED_DEPTHWISE = -3.0
"""A kernel whose role does not say ``depthwise``: much rarer than a plain convolution of the same shape."""


def _depthwise_fits(rank: int) -> Callable[[Stored], tuple[Fit, ...]]:
    def fits(stored: Stored) -> tuple[Fit, ...]:
        roles = within(stored.roles)
        named = layout(roles, "depthwise_kernel", optional=("bias",))
        found = named or layout(
            {("depthwise_kernel" if role == "kernel" else role): tensor for role, tensor in roles.items()},
            "depthwise_kernel",
            optional=("bias",),
        )
        if found is None or len(found["depthwise_kernel"].shape) != rank + 2:
            return ()
        *kernel_size, channels, multiplier = found["depthwise_kernel"].shape
        if "bias" in found and found["bias"].shape != (channels * multiplier,):
            return ()
        config = {
            "kernel_size": kernel_size,
            "depth_multiplier": multiplier,
            "use_bias": "bias" in found,
            "_channels_in": channels,
        }
        certain = "depthwise_kernel" in roles or (multiplier == 1 and "bias" in found and channels > 1)
        uses = tuple(use("kernel" if name == "depthwise_kernel" else name, tensor) for name, tensor in found.items())
        return (Fit(config, uses, 0.0 if certain else UNNAMED_DEPTHWISE),)

    return fits


def _separable_fits(rank: int) -> Callable[[Stored], tuple[Fit, ...]]:
    def fits(stored: Stored) -> tuple[Fit, ...]:
        found = layout(within(stored.roles), "depthwise_kernel", "pointwise_kernel", optional=("bias",))
        if found is None or len(found["depthwise_kernel"].shape) != rank + 2:
            return ()
        *kernel_size, channels, multiplier = found["depthwise_kernel"].shape
        if found["pointwise_kernel"].shape[:-1] != (1,) * rank + (channels * multiplier,):
            return ()
        filters = found["pointwise_kernel"].shape[-1]
        if "bias" in found and found["bias"].shape != (filters,):
            return ()
        config = {
            "filters": filters,
            "kernel_size": kernel_size,
            "depth_multiplier": multiplier,
            "use_bias": "bias" in found,
            "_channels_in": channels,
        }
        return (Fit(config, plain_uses(found)),)

    return fits


def _filters(config: Config) -> int:
    return int(config.get("filters", config["_channels_in"] * config["depth_multiplier"]))


def _flow(label: str, rank: int) -> Callable[[Config], tuple[Variant, ...]]:
    def flow(config: Config) -> tuple[Variant, ...]:
        return (
            Variant(
                label=label,
                ranks=frozenset({(rank + 2, rank + 2)}),
                channels_in=config["_channels_in"],
                channels_out=_filters(config),
                channels="fixed",
                scale=None,
            ),
        )

    return flow


def _shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    *sizes, channels = shapes[0]
    if len(sizes) != len(config["kernel_size"]) or channels not in (None, config["_channels_in"]):
        return None
    out = convolved(config, sizes)
    return None if out is None else (*out, _filters(config))


def _choices(config: Config) -> tuple[Config, ...]:
    rank = len(config["kernel_size"])
    paddings = ("valid",) if max(config["kernel_size"]) == 1 else ("same", "valid")
    return tuple({"padding": padding, "strides": [stride] * rank} for padding in paddings for stride in (1, 2))


def _card(class_name: str, rank: int, depthwise: bool, old: tuple[str, ...] = ()) -> Card:
    return Card(
        class_name,
        stems=old,
        words=(("depthwise", 4.0), ("dw", 3.0), ("dwconv", 4.0))
        if depthwise
        else (("sepconv", 4.0), ("separable", 4.0)),
        fits=_depthwise_fits(rank) if depthwise else _separable_fits(rank),
        flow=_flow("Depthwise" if depthwise else "Separable", rank),
        shape=_shape,
        choices=_choices,
        assumed={"activation": "linear"},
    )


CARDS = (
    _card("DepthwiseConv1D", 1, True),
    _card("DepthwiseConv2D", 2, True),
    _card("SeparableConv1D", 1, False),
    _card("SeparableConv2D", 2, False, ("separableconvolution2d",)),
)
