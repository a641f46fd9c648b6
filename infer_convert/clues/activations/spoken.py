"""What a layer's name says of its activation."""

from __future__ import annotations

from infer_convert.clues.activations.belief import ActivationBelief, Shares
from infer_convert.draft import DraftLayer
from infer_convert.layers.names import words
from infer_convert.plan import Evidence

SPOKEN = (
    "relu6",
    "relu",
    "softmax",
    "sigmoid",
    "tanh",
    "swish",
    "silu",
    "gelu",
    "elu",
    "selu",
    "softplus",
    "softsign",
    "hard_sigmoid",
    "hard_swish",
    "linear",
    "exponential",
)
"""Functions as names spell them."""

WORD_FOR = {
    "hswish": "hard_swish",
    "sigm": "sigmoid",
    "prob": "softmax",
    "probs": "softmax",
    "probabilities": "softmax",
    "swish": "silu",
    "logits": "linear",
    "logit": "linear",
    "mu": "linear",
    "mean": "linear",
    "var": "linear",
    "sigma": "linear",
    "value": "linear",
    "q": "linear",
    "bbox": "linear",
}
"""Words that stand for a function."""


def spoken(layer: DraftLayer) -> ActivationBelief | None:
    """What the name of a layer that is an activation says; None for a name that says nothing."""
    function = spoken_function(layer)
    if function is not None:
        return ActivationBelief(shares(function, 0.97), Evidence("names", 3.5, f"its name says {function}"))
    parts = words(layer.name)
    for word, function in WORD_FOR.items():
        if word in parts:
            return ActivationBelief(shares(function, 0.85), Evidence("names", 1.7, f"its name says {word}"))
    return None


def spoken_function(layer: DraftLayer) -> str | None:
    """The activation that a layer's name spells; the longest, so that ``hard_sigmoid`` is not read as ``sigmoid``."""
    parts, joined = words(layer.name), layer.name.lower()
    found = [name for name in SPOKEN if name in parts or ("_" in name and name in joined)]
    return max(found, key=len) if found else None


def shares(function: str, share: float) -> Shares:
    """One function and, for the rest, none at all (for ``linear`` itself: relu)."""
    return {function: share, ("relu" if function == "linear" else "linear"): 1 - share}
