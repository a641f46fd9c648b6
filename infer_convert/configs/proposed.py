"""Layers of a class that nobody knows: what their weights fit is proposed, else they stay visible holes.

A proposal wants the stored tensors to fit a known class completely, every argument that both know to agree, and either
the class's name (``MyDense``) or an argument that fixes a size (``units``, ``filters``) to point to it.
"""

from __future__ import annotations

from dataclasses import replace

from infer_convert.configs.arguments import ARGUMENTS
from infer_convert.configs.context import Context
from infer_convert.configs.graph import Item
from infer_convert.configs.removed import REMOVED
from infer_convert.configs.weights import different
from infer_convert.layers import LAYERS
from infer_convert.layers.card import Card, Fit, Stored, public
from infer_convert.plan import Basis, Decision, Evidence, Option

BOTH = 0.7
"""Confidence when the name and the sizes point to a class that the tensors fit."""
ONE = 0.5
"""The same for one of them."""
NAMED = 0.6
"""A layer without tensors whose name ends like a class that has none either."""

_SIZES = ("units", "filters", "output_dim", "num_heads", "key_dim", "kernel_size", "depth_multiplier")
_SPECIFIC = ("Dropout", "Noise", "ReLU", "Rescaling", "Flatten", "Softmax", "Identity", "Masking", "Activation",
             "GlobalAveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling1D", "GlobalMaxPooling1D",
             "MaxPooling2D", "AveragePooling2D", "ZeroPadding2D", "UpSampling2D")  # fmt: skip
_NOT_LAYERS = ("InputLayer", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "Lambda", "Operation")


def is_known(item: Item, context: Context) -> bool:
    """Whether a class is Keras', ours, or the user's."""
    name = item.class_name
    known = name in ARGUMENTS or name in REMOVED or name in _NOT_LAYERS or name.startswith("_")
    return known or name in context.hints.customs or item.inner is not None or ".ops" in (item.module or "")


def proposed(item: Item, context: Context) -> Item:
    """The item as the known class that it fits best; unchanged, with a decision that says so, when it fits none."""
    if is_known(item, context):
        return item
    found = _by_tensors(item, context) if item.tensors else _by_name(item)
    if found is None:
        context.log.confidence = 0.0
        return _hole(item)
    class_name, config, confidence, because = found
    context.log.guess(item.name, because, confidence)
    decision = Decision(
        "class_name", class_name, confidence, Basis.INFERRED, (Option(item.class_name, 1 - confidence),),
        (Evidence("shapes" if item.tensors else "class name", 0.8, because),),
    )  # fmt: skip
    return replace(item, class_name=class_name, config=config, decisions=(*item.decisions, decision))


def _hole(item: Item) -> Item:
    shapes = ", ".join(f"{tensor.role} {tensor.shape}" for tensor in list(item.tensors.values())[:6]) or "no tensors"
    because = (
        f"{item.class_name} is no class of Keras and none that is known here; it has {shapes}, which fit no known class"
        f" that its name or arguments point to. --custom-objects MODULE:{item.class_name} gives the class,"
        f" --set '{item.name}.class_name=CLASS' takes a known one"
    )
    decision = Decision("class_name", item.class_name, 0.99, Basis.READ, (), (Evidence("stored config", 0.0, because),))
    return replace(item, decisions=(*item.decisions, decision))


Proposal = tuple[str, dict[str, object], float, str]


def _by_tensors(item: Item, context: Context) -> Proposal | None:
    best: tuple[float, Card, Fit, bool] | None = None
    stored = Stored(item.tensors, context.generation, context.backend)
    for card in LAYERS:
        for fit in card.fits(stored) if card.fits is not None else ():
            agreeing = not different(item.config, {k: v for k, v in fit.config.items() if k in item.config})
            sized = any(key in item.config and key in fit.config for key in _SIZES)
            named = card.class_name.lower() in item.class_name.lower()
            if not agreeing or not (sized or named):
                continue
            score = (BOTH if sized and named else ONE) + 0.001 * fit.log_odds + 0.0001 * len(card.class_name)
            if best is None or score > best[0]:
                best = (score, card, fit, sized and named)
    if best is None:
        return None
    _, card, fit, both = best
    known = ARGUMENTS.get(card.class_name, frozenset())
    kept = {k: v for k, v in item.config.items() if k in known or k in ("dtype", "trainable") or k.startswith("_")}
    config = {**public(fit.config), **kept}
    because = f"the class {item.class_name} is unknown; its tensors and arguments fit a {card.class_name}"
    return card.class_name, config, BOTH if both else ONE, because


def _by_name(item: Item) -> Proposal | None:
    for name in _SPECIFIC:
        if item.class_name.lower().endswith(name.lower()):
            known = ARGUMENTS.get(name, frozenset())
            kept = {key: value for key, value in item.config.items() if key in known}
            because = f"the class {item.class_name} is unknown; its name ends in {name} and it has no tensors either"
            if name in ("Dropout", "Noise"):
                return "Identity", {}, NAMED, because + ", so it is taken to act in training only"
            return name, kept, NAMED, because
    return None
