"""Fully connected layers: Dense."""

from __future__ import annotations

from infer_convert.layers import quantised
from infer_convert.layers.card import Card, Config, Fit, Shape, Stored, layout, plain_uses, within
from infer_convert.solve.items import Variant


def _fits(stored: Stored) -> tuple[Fit, ...]:
    if quantised.is_quantised(within(stored.roles)):
        made = quantised.dense(within(stored.roles))
        if made is None:
            return ()
        config = {"units": made.columns, "use_bias": made.has_bias, "_channels_in": made.rows, "dtype": made.policy}
        return (Fit(config, made.uses),)
    found = layout(within(stored.roles), "kernel", optional=("bias",))
    if found is None or len(found["kernel"].shape) != 2:
        return ()
    units = found["kernel"].shape[1]
    if "bias" not in found and stored.generation == "keras0":
        return ()  # Keras 0.3's Dense has no option to leave it out
    if "bias" in found and found["bias"].shape != (units,):
        return ()
    config = {"units": units, "use_bias": "bias" in found, "_channels_in": found["kernel"].shape[0]}
    return (Fit(config, plain_uses(found)),)


def _flow(config: Config) -> tuple[Variant, ...]:
    return (Variant(label="Dense", channels_in=config["_channels_in"], channels_out=config["units"], channels="fixed"),)


def _shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    (shape,) = shapes
    if not shape or shape[-1] not in (None, config["_channels_in"]):
        return None
    return (*shape[:-1], config["units"])


DENSE = Card(
    "Dense",
    stems=("timedistributeddense",),
    words=(("dense", 2.0), ("fc", 2.5), ("logits", 1.5), ("linear", 1.0), ("predictions", 1.0), ("hidden", 1.0)),
    fits=_fits,
    flow=_flow,
    shape=_shape,
    assumed={"activation": "linear"},
)

CARDS = (DENSE,)
