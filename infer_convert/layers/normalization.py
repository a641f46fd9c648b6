"""Normalisations: each keeps shape and channels.

Epsilon defaults by generation (FORMATS §5): 1e-6 in Keras 0.3, 1e-5 in 1.0, 1e-3 from 1.2 on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from infer_convert.facts import Tensor
from infer_convert.layers.card import Card, Config, Fit, Shape, Stored, plain_uses, use, within
from infer_convert.solve.items import Variant

ONLY_BETA = -1.0
"""A lone positional tensor of a LayerNormalization being its offset, not its scale."""

LONE_MAP = -5.0
"""Nats for a lone positional tensor of three axes or more being a scale over all of them: it is a kernel or a slope."""

_STATISTICS = ("moving_mean", "moving_variance")


def _vector(found: dict[str, Tensor]) -> int | None:
    shapes = {tensor.shape for tensor in found.values()}
    if len(shapes) != 1:
        return None
    (shape,) = shapes
    return shape[0] if len(shape) == 1 else None


def _batch_fits(stored: Stored) -> tuple[Fit, ...]:
    roles = within(stored.roles)
    if roles and all(role.isdigit() for role in roles):
        names = {
            4: (("gamma", "beta", *_STATISTICS),),
            3: (("beta", *_STATISTICS), ("gamma", *_STATISTICS)),
            2: (_STATISTICS,),
        }.get(len(roles), ())
        ordered = [roles[role] for role in sorted(roles, key=int)]
        candidates = [dict(zip(name, ordered, strict=True)) for name in names]
    else:
        if not set(_STATISTICS) <= set(roles) <= {"gamma", "beta", *_STATISTICS}:
            return ()
        candidates = [{name: roles[name] for name in ("gamma", "beta", *_STATISTICS) if name in roles}]
    fits = []
    for number, found in enumerate(candidates):
        channels = _vector(found)
        if channels is not None:
            config = {"center": "beta" in found, "scale": "gamma" in found, "_channels_in": channels}
            fits.append(Fit(config, plain_uses(found), -0.7 * number))
    return tuple(fits)


LENGTH = "_length"
"""Entry for the size of another axis than the channels that a BatchNormalization is over."""
RARE_AXIS = -0.4
"""BatchNormalization along another axis than the channels (spectrograms): little, since it is only asked when nothing
else satisfies the file."""


def _batch_rare(stored: Stored) -> tuple[Fit, ...]:
    fits = []
    for fit in _batch_fits(stored):
        config = {**fit.config, "_channels_in": None, LENGTH: fit.config["_channels_in"]}
        fits.append(Fit(config, fit.uses, fit.log_odds + RARE_AXIS))
    return tuple(fits)


def _batch_choices(config: Config) -> tuple[Config, ...]:
    return ({"axis": 1}, {"axis": 2}, {"axis": 3}) if LENGTH in config else ({},)


def _batch_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    if LENGTH not in config:
        return _shape(config, shapes)
    (shape,) = shapes
    axis = config.get("axis", 1)
    return shape if len(shape) > axis and shape[axis - 1] == config[LENGTH] else None


def _layer_fits(stored: Stored) -> tuple[Fit, ...]:
    roles = within(stored.roles)
    if set(roles) == {"0"}:
        odd = LONE_MAP if len(roles["0"].shape) > 2 else 0.0
        gamma = _layer_fit({"gamma": roles["0"]}, odd)
        beta = _layer_fit({"beta": roles["0"]}, odd + ONLY_BETA)
        return (*gamma, *beta)
    if set(roles) == {"0", "1"}:
        return _layer_fit({"gamma": roles["0"], "beta": roles["1"]})
    if not roles or not set(roles) <= {"gamma", "beta"}:
        return ()
    return _layer_fit({name: roles[name] for name in ("gamma", "beta") if name in roles})


def _layer_fit(found: dict[str, Tensor], log_odds: float = 0.0) -> tuple[Fit, ...]:
    shapes = {tensor.shape for tensor in found.values()}
    if len(shapes) != 1 or () in shapes:
        return ()
    (shape,) = shapes
    if len(shape) > 2 and set(shape[:-1]) == {1}:
        return ()  # nobody normalises over axes of one element; a PReLU with shared axes looks so
    axis: int | list[int] = -1 if len(shape) == 1 else list(range(-len(shape), 0))
    config: dict[str, Any] = {"center": "beta" in found, "scale": "gamma" in found, "axis": axis}
    config["_channels_in"] = shape[-1]
    if len(shape) > 1:
        config["_normalised"] = shape
    return (Fit(config, plain_uses(found), log_odds),)


def _group_fits(stored: Stored) -> tuple[Fit, ...]:
    fits = _layer_fits(stored)
    return tuple(
        Fit({**{k: v for k, v in fit.config.items() if k not in ("axis", "_normalised")}, "axis": -1}, fit.uses, -4.0)
        for fit in fits
        if fit.config["axis"] == -1
    )


USUAL_GROUPS = (32, 16, 8, 4, 2, 1)
"""Numbers of groups that people write; 32 is Keras' default and the paper's (Wu & He 2018)."""


def _group_choices(config: Config) -> tuple[Config, ...]:
    """The usual numbers that divide the channels, and a group for every channel (instance normalisation)."""
    channels = config["_channels_in"]
    return tuple({"groups": count} for count in dict.fromkeys((*USUAL_GROUPS, channels)) if channels % count == 0)


def _rms_fits(stored: Stored) -> tuple[Fit, ...]:
    roles = within(stored.roles)
    if set(roles) not in ({"scale"}, {"0"}):
        return ()
    (tensor,) = roles.values()
    if len(tensor.shape) != 1:
        return ()
    return (Fit({"_channels_in": tensor.shape[0]}, (use("scale", tensor),), 0.0 if "scale" in roles else -1.0),)


def _normalization_fits(stored: Stored) -> tuple[Fit, ...]:
    roles = within(stored.roles)
    named = set(roles) == {"mean", "variance", "count"}
    if not named and set(roles) != {"0", "1", "2"}:
        return ()
    mean, variance, count = (roles[role] for role in (("mean", "variance", "count") if named else ("0", "1", "2")))
    if mean.shape != variance.shape or count.shape != ():
        return ()
    channels = mean.shape[-1] if mean.shape else None
    config = {"axis": -1 if mean.shape else None, "_channels_in": channels}
    cast = () if count.dtype == "int64" else (f"cast:{count.dtype}→int64",)
    counted = replace(use("count", count, *cast), dtype="int64")
    return (Fit(config, (use("adapt_mean", mean), use("adapt_variance", variance), counted)),)


def _shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    """The operand's shape, whose last axis (for several: axes) must be the one that was normalised."""
    (shape,) = shapes
    wanted = config.get("_channels_in")
    normalised = config.get("_normalised", ())
    if normalised:
        last = shape[-len(normalised) :]
        fits = len(last) == len(normalised) and all(a in (None, b) for a, b in zip(last, normalised, strict=True))
        return shape if fits else None
    return shape if not shape or wanted is None or shape[-1] in (None, wanted) else None


def _flow(label: str) -> Callable[[Config], tuple[Variant, ...]]:
    def flow(config: Config) -> tuple[Variant, ...]:
        channels = config.get("_channels_in")
        return (
            Variant(
                label=label,
                channels_in=channels,
                channels_out=channels,
                channels="same" if channels is None else "fixed",
            ),
        )

    return flow


CARDS = (
    Card(
        "BatchNormalization",
        words=(("bn", 3.0), ("batchnorm", 3.0), ("norm", 1.0), ("batch", 1.0)),
        fits=_batch_fits,
        rare=_batch_rare,
        flow=_flow("BatchNorm"),
        shape=_batch_shape,
        choices=_batch_choices,
        assumed={"epsilon": 1e-3, "momentum": 0.99},
    ),
    Card(
        "LayerNormalization",
        words=(("ln", 3.0), ("layernorm", 3.0), ("norm", 1.0)),
        fits=_layer_fits,
        flow=_flow("LayerNorm"),
        shape=_shape,
        assumed={"epsilon": 1e-3},
    ),
    Card(
        "GroupNormalization",
        words=(("gn", 3.0), ("groupnorm", 3.0), ("norm", 1.0), ("group", 1.0)),
        fits=_group_fits,
        flow=_flow("GroupNorm"),
        shape=_shape,
        choices=_group_choices,
        assumed={"epsilon": 1e-3},
    ),
    Card(
        "RMSNormalization",
        words=(("rms", 3.0),),
        fits=_rms_fits,
        flow=_flow("RMSNorm"),
        shape=_shape,
        assumed={"epsilon": 1e-6},
    ),
    Card(
        "Normalization",
        words=(("normalization", 2.0), ("normalizer", 2.0)),
        fits=_normalization_fits,
        flow=_flow("Normalization"),
        shape=_shape,
    ),
)
