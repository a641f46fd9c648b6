"""Activations, with and without weights."""

from __future__ import annotations

from infer_convert.layers.card import Card, Config, Fit, Shape, Stored, layout, use, within
from infer_convert.solve.items import SAME_RANKS, Variant


def _flow(config: Config) -> tuple[Variant, ...]:
    return (Variant(label="Activation"),)


def _prelu_fits(stored: Stored) -> tuple[Fit, ...]:
    found = layout(within(stored.roles), "alpha")
    if found is None:
        return ()
    shape = found["alpha"].shape
    if not shape:
        return ()
    shared = [axis + 1 for axis, length in enumerate(shape[:-1]) if length == 1] if len(shape) > 1 else []
    named = "alpha" in within(stored.roles)
    config = {"shared_axes": shared or None, "_alpha": list(shape)}
    return (Fit(config, (use("alpha", found["alpha"]),), 0.0 if named else -2.0 - (0.0 if len(shape) > 1 else 2.0)),)


def _prelu_flow(config: Config) -> tuple[Variant, ...]:
    alpha = config["_alpha"]
    rank = len(alpha) + 1
    return (
        Variant(
            label="Activation",
            ranks=SAME_RANKS & {(rank, rank)},
            channels_in=alpha[-1],
            channels_out=alpha[-1],
            channels="fixed",
        ),
    )


def _prelu_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    (shape,) = shapes
    alpha, shared = config["_alpha"], config["shared_axes"] or []
    if len(shape) != len(alpha):
        return None
    for axis, (found, wanted) in enumerate(zip(shape, alpha, strict=True), start=1):
        if axis not in shared and found is not None and found != wanted:
            return None
    return shape


def _card(class_name: str, *words: tuple[str, float], **assumed: object) -> Card:
    return Card(class_name, words=words, flow=_flow, assumed=assumed)


ACTIVATION = _card(
    "Activation",
    ("relu", 2.0),
    ("act", 3.0),
    ("activation", 3.0),
    ("sigmoid", 3.0),
    ("tanh", 3.0),
    ("softmax", 2.5),
    ("swish", 3.0),
    ("gelu", 3.0),
    ("elu", 2.0),
    ("selu", 3.0),
    ("hswish", 3.0),
    ("hard", 1.0),
    ("softplus", 3.0),
    ("prob", 2.0),
    ("probs", 2.0),
    ("relu6", 2.5),
    ("silu", 3.0),
    ("nonlinearity", 3.0),
)

CARDS = (
    ACTIVATION,
    _card("ReLU", ("relu", 2.1), ("relu6", 2.6)),
    _card("LeakyReLU", ("leaky", 4.0), ("lrelu", 4.0), ("leakyrelu", 5.0)),
    _card("ELU", ("elu", 1.5)),
    _card("Softmax", ("softmax", 2.4)),
    _card("ThresholdedReLU", ("thresholded", 4.0), theta=1.0),
    Card("PReLU", words=(("prelu", 5.0),), fits=_prelu_fits, flow=_prelu_flow, shape=_prelu_shape),
)
