"""Classes that a clue looks through on its way to the layers that say something."""

from __future__ import annotations

from infer_convert.layers.regularization import INERT

ACTIVATIONS = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax")
NORMALISATIONS = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization")
SCALINGS = ("Normalization", "Rescaling")
SHAPE_KEEPING = (*ACTIVATIONS, *NORMALISATIONS, *SCALINGS, *INERT, "Lambda", "Masking")
"""The shape behind them is the shape before them."""
