"""Layers that do nothing at inference."""

from __future__ import annotations

from infer_convert.layers.card import Card, Config
from infer_convert.solve.items import Variant


def _flow(config: Config) -> tuple[Variant, ...]:
    return (Variant(label="Dropout"),)


def _card(class_name: str, *words: tuple[str, float], **assumed: object) -> Card:
    return Card(class_name, words=words, flow=_flow, assumed=assumed)


CARDS = (
    _card("Dropout", ("dropout", 5.0), ("drop", 4.5), ("do", 1.5), rate=0.5),
    _card("SpatialDropout1D", ("spatial", 3.0), rate=0.5),
    _card("SpatialDropout2D", ("spatial", 3.0), rate=0.5),
    _card("SpatialDropout3D", ("spatial", 3.0), rate=0.5),
    _card("AlphaDropout", ("alpha", 2.0), rate=0.5),
    _card("GaussianNoise", ("noise", 4.0), ("gaussian", 3.0), stddev=0.1),
    _card("GaussianDropout", ("gaussian", 2.5), rate=0.5),
    _card("ActivityRegularization", ("regularization", 3.0)),
    _card("Masking", ("masking", 5.0), ("mask", 4.0), mask_value=0.0),
    _card("Identity", ("identity", 3.0)),
)

INERT = tuple(card.class_name for card in CARDS if card.class_name != "Masking")
"""Classes that pass their input through unchanged when a model predicts."""
