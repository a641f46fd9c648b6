"""Preprocessing layers without weights."""

from __future__ import annotations

from infer_convert.layers.card import Card, Config
from infer_convert.solve.items import Variant


def _flow(config: Config) -> tuple[Variant, ...]:
    return (Variant(label="Rescaling"),)


CARDS = (
    Card(
        "Rescaling", words=(("rescaling", 5.0), ("rescale", 5.0)), flow=_flow, assumed={"scale": 1 / 255, "offset": 0.0}
    ),
    Card("RandomFlip", flow=_flow, assumed={"mode": "horizontal"}),
    Card("RandomRotation", flow=_flow, assumed={"factor": 0.1}),
    Card("RandomZoom", flow=_flow, assumed={"height_factor": 0.1}),
    Card("RandomContrast", flow=_flow, assumed={"factor": 0.1}),
)
