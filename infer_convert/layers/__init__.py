"""One card per Keras layer class: which tensors it owns, what it does to ranks, channels and sizes.

``LAYERS`` is the table of contents. A new class is one card in the module of its family and, for a new family, one line
here. Earlier cards win ties.
"""

from __future__ import annotations

from infer_convert.layers import (
    activation,
    attention,
    convolution,
    dense,
    embedding,
    merging,
    normalization,
    pooling,
    preprocessing,
    recurrent,
    regularization,
    reshaping,
    resizing,
    separable,
    wrappers,
)
from infer_convert.layers.card import Card

LAYERS: tuple[Card, ...] = (
    *reshaping.CARDS,
    *dense.CARDS,
    *convolution.CARDS,
    *separable.CARDS,
    *normalization.CARDS,
    *activation.CARDS,
    *embedding.CARDS,
    *recurrent.CARDS,
    *wrappers.CARDS,
    *attention.CARDS,
    *merging.CARDS,
    *pooling.CARDS,
    *resizing.CARDS,
    *regularization.CARDS,
    *preprocessing.CARDS,
)

CARD_OF: dict[str, Card] = {card.class_name: card for card in LAYERS}
