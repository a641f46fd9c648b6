"""Embedding: (vocabulary, dimension) -> a new last axis."""

from __future__ import annotations

from infer_convert.layers import quantised
from infer_convert.layers.card import Card, Config, Fit, Shape, Stored, layout, use, within
from infer_convert.solve.items import Variant

UNNAMED = -2.5
"""A lone rank-2 tensor that is not called ``embeddings``: more often a Dense without bias."""

QUANTISED = -1.0
"""Quantised numbers with one scale per row: a Dense has one per column."""


def _fits(stored: Stored) -> tuple[Fit, ...]:
    roles = within(stored.roles)
    if quantised.is_quantised(roles):
        made = quantised.embedding(roles)
        if made is None:
            return ()
        said = {"input_dim": made.rows, "output_dim": made.columns, "dtype": made.policy}
        return (Fit(said, made.uses, QUANTISED),)
    found = layout(roles, "embeddings") or layout(
        {"embeddings" if r == "kernel" else r: t for r, t in roles.items()}, "embeddings"
    )
    if found is None or len(found["embeddings"].shape) != 2:
        return ()
    vocabulary, dimension = found["embeddings"].shape
    config = {"input_dim": vocabulary, "output_dim": dimension}
    return (Fit(config, (use("embeddings", found["embeddings"]),), 0.0 if "embeddings" in roles else UNNAMED),)


def _flow(config: Config) -> tuple[Variant, ...]:
    return (
        Variant(
            label="Embedding",
            ranks=frozenset({(2, 3)}),
            channels="fixed",
            channels_out=config["output_dim"],
        ),
    )


def _shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    return (*shapes[0], config["output_dim"])


CARDS = (
    Card(
        "Embedding",
        words=(
            ("embedding", 3.0),
            ("embeddings", 3.0),
            ("embed", 3.0),
            ("emb", 2.5),
            ("embeding", 3.0),
            ("lookup", 1.0),
        ),
        fits=_fits,
        flow=_flow,
        shape=_shape,
        assumed={"mask_zero": False},
    ),
)
