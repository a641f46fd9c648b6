"""Which class could own a stored layer: shapes decide what is possible, names what is likely."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from infer_convert.facts import Generation, StoredLayer, Tensor
from infer_convert.layers import LAYERS
from infer_convert.layers.activation import ACTIVATION
from infer_convert.layers.card import Card, Config, Fit, Shape, Stored, own_uses, same_shape
from infer_convert.layers.merging import MERGE_VARIANTS
from infer_convert.layers.names import AUTOMATIC, stem, weigh, words
from infer_convert.layers.reshaping import INPUT
from infer_convert.plan import WeightUse
from infer_convert.solve.items import ANY_RANKS, SAME_RANKS, Variant

MOST_READINGS = 5
"""Readings of one layer that the wiring considers."""
SPREAD = 7.0
"""Readings this many nats behind the best are dropped."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One class for one stored layer. ``log_prior`` weighs it against the other readings; ``because`` says why."""

    card: Card
    fit: Fit
    log_prior: float
    because: str

    @property
    def class_name(self) -> str:
        """The Keras class."""
        return self.card.class_name


def _unknown_flow(config: object) -> tuple[Variant, ...]:
    return (
        Variant(label="Unknown", ranks=SAME_RANKS, channels="any", scale=None),
        Variant(label="Unknown", ranks=ANY_RANKS, operands=(1, 1), channels="any", scale=None, log_prior=-1.5),
        Variant(label="Unknown", ranks=ANY_RANKS, operands=(2, 2), channels="any", scale=None, log_prior=-2.0),
    )


WRAPPED = 6.0
"""Nats more for a wrapper that its automatic name tells: the layer inside has the same tensors, and that the wrapper
leaves no other trace is then no reason against it."""
BESIDE_AUTOMATIC = 2.0
"""Nats at most for a class whose words a name holds that Keras itself gives to another class."""
FIRST_IS_INPUT = 3.0
"""Nats for the first layer of a list being the InputLayer when it has no weights and its name says little: functional
models begin with one, Sequential models with a layer that has weights, and do not list their input."""
BEHIND_INPUTS = 1.4
"""The same for a later layer with nothing but inputs in front, where other names speak: so it is in four of five nets
of the tune split."""

NEW_IN_2 = (
    "LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization", "MultiHeadAttention",
    "GroupQueryAttention", "Attention", "AdditiveAttention", "EinsumDense", "DepthwiseConv1D", "DepthwiseConv2D",
)  # fmt: skip
"""Classes with weights that neither Keras 0 nor 1 had (FORMATS §1); people wrote some of them themselves."""
LATER = -5.0
"""Nats for such a class in a file of theirs."""

MAYBE_WEIGHTLESS = tuple(
    card
    for card in LAYERS
    if card.fits is None or card.class_name in ("TimeDistributed", "Attention", "Normalization")
)
"""What a layer without tensors may be; a Normalization where its numbers were given to the constructor."""

UNKNOWN = Card("Lambda", stems=("lambda",), flow=_unknown_flow)
"""A layer without weights whose name says nothing: a Lambda, a custom layer, an operator."""


HOLE = "Unknown"
"""The class of a layer whose tensors fit nothing that we know. No model is built with it; the rest is reported."""


GIVES = "_gives"
"""How many channels a layer gives of which nothing but its tensors is known; None is as many as it takes."""


def given_or_own(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    """The operand's shape, or with the channels that were chosen (``GIVES``)."""
    width = config.get(GIVES)
    if width is None or not shapes[0]:
        return same_shape(config, shapes)
    return (*shapes[0][:-1], width)


def hole(layer: StoredLayer, class_name: str = HOLE) -> Reading:
    """A layer of which nothing but its tensors is known, or one of the user's own class (its variables by name). It
    gives what it takes, or as many channels as some tensor has columns."""
    shapes = ", ".join(f"{tensor.role} {tensor.shape}" for tensor in list(layer.all_tensors())[:6])
    because = (
        f"the tensors {shapes or '(none)'} at {layer.path} suit no layer class that we know; a class of your own is"
        f" given with --custom-objects MODULE:NAME and --set '{layer.name}.class_name=NAME'"
    )
    uses = own_uses({tensor.role: tensor for tensor in layer.tensors})
    widths = dict.fromkeys(tensor.shape[-1] for tensor in layer.all_tensors() if tensor.shape)
    ways: tuple[Config, ...] = ({GIVES: None}, *({GIVES: width} for width in widths))
    card = Card(class_name, flow=_unknown_flow, shape=given_or_own, choices=lambda config: ways)
    return Reading(card, Fit({}, () if class_name == HOLE else uses), 0.0, because)


def recognise(
    layer: StoredLayer,
    generation: Generation = "keras2",
    backend: str | None = None,
    spatial: Iterable[int] = (2,),
    begins: float = 0.0,
    rare: bool = False,
) -> tuple[Reading, ...]:
    """Readings of one layer, best first; empty when its tensors fit no class.

    ``begins`` are the nats for an InputLayer where nothing but inputs stands in front of the layer in its list.
    ``spatial`` are the numbers of spatial axes that occur in the model (2 for images): a hand-given name such as
    ``pool1`` does not say how many its layer has. ``rare`` asks for unusual readings too.
    """
    if layer.tensors:
        return _weighted(layer, generation, backend, rare)
    return _weightless(layer, frozenset(spatial), begins, rare)


def told(layer: StoredLayer, class_name: str) -> tuple[Reading, ...]:
    """A layer without tensors as the class that the user names; empty where that class keeps tensors or is unknown."""
    cards = () if layer.tensors else tuple(c for c in LAYERS if c.class_name == class_name and c.fits is None)
    return tuple(Reading(card, Fit({}), 0.0, "told by the user") for card in cards)


def _weighted(
    layer: StoredLayer, generation: Generation, backend: str | None, rare: bool = False
) -> tuple[Reading, ...]:
    paths = {tensor.role: tensor.path for tensor in layer.tensors}
    anonymous = tuple(replace(tensor, path=tensor.role, name="") for tensor in layer.tensors)
    readings = []
    for card, fits in _fitting(anonymous, generation, backend, rare):
        for fit in fits:
            named = max(weigh(card, layer.name), AUTOMATIC if _stem_says(card, layer) else 0.0)
            if named >= AUTOMATIC and "_inner" in fit.config:
                named += WRAPPED
            late = LATER if generation in ("keras0", "keras1") and card.class_name in NEW_IN_2 else 0.0
            placed = replace(fit, uses=tuple(_placed(use, paths) for use in fit.uses))
            readings.append(Reading(card, placed, fit.log_odds + named + late, _because(card, layer, named)))
    return _best(readings)


def _placed(use: WeightUse, paths: Mapping[str, str]) -> WeightUse:
    """The use of tensors that stand at ``paths``, by role."""
    sources = tuple(paths[role] for role in use.sources)
    return WeightUse(use.variable, sources, use.shape, use.dtype, use.role, use.transforms)


@lru_cache(maxsize=1024)
def _fitting(
    tensors: tuple[Tensor, ...], generation: Generation, backend: str | None, rare: bool
) -> tuple[tuple[Card, tuple[Fit, ...]], ...]:
    """How the cards read such tensors, wherever these stand (their paths are their roles): nets repeat their layers."""
    stored = Stored({tensor.role: tensor for tensor in tensors}, generation, backend)
    fitted = ((card, _fits(card, stored, rare)) for card in LAYERS)
    return tuple((card, fits) for card, fits in fitted if fits)


def _fits(card: Card, stored: Stored, rare: bool) -> tuple[Fit, ...]:
    if card.fits is None:
        return ()
    return (*card.fits(stored), *(card.rare(stored) if rare and card.rare is not None else ()))


def _weightless(
    layer: StoredLayer, spatial: frozenset[int], begins: float, rare: bool = False
) -> tuple[Reading, ...]:
    readings: list[Reading] = []
    name_stem = layer.stem.replace("_", "") if layer.stem else stem(layer.name)
    if name_stem == "merge":
        for place, class_name in enumerate(MERGE_VARIANTS):
            card = next(card for card in LAYERS if card.class_name == class_name)
            readings.append(Reading(card, Fit({}), -0.7 * place, "Keras 1 called every merge `merge`"))
        return _best(readings)
    if is_function(layer):
        own = f"`{layer.name}` is the name Keras gives a function of the user's own, which the file does not hold"
        function = Reading(UNKNOWN, Fit({}), 0.0, own)
        return _best([function, *(_silent(spatial, set()) if rare else ())], MOST_READINGS + len(SILENT))
    said = [(card, weigh(card, layer.name)) for card in MAYBE_WEIGHTLESS]
    automatic = any(named >= AUTOMATIC for _, named in said)
    for card, spoken in said:
        named = max(spoken, AUTOMATIC if _stem_says(card, layer) else 0.0)
        if named <= 0.0:
            continue
        if automatic and named < AUTOMATIC:
            named = min(named, BESIDE_AUTOMATIC)
        if named < AUTOMATIC:
            rank = _spatial_axes(card)
            if rank is not None and rank not in spatial:
                named -= 4.0
        readings.append(Reading(card, Fit({}), named, _because(card, layer, named)))
    if not readings or max(reading.log_prior for reading in readings) < AUTOMATIC:
        silent = "its name says nothing that we know"
        readings.append(Reading(UNKNOWN, Fit({}), REFUTED if rare else -2.0 if readings else -1.0, silent))
        if not any(reading.card is ACTIVATION for reading in readings):
            readings.append(Reading(ACTIVATION, Fit({}), -1.5 if readings[:-1] else 0.0, silent))
        if layer.stem is None and not any(reading.card is INPUT for reading in readings):
            where = "nothing but inputs stands in front of it in the list" if begins else silent
            readings.append(Reading(INPUT, Fit({}), begins or -1.5, where))
        if rare and layer.stem is None and begins < FIRST_IS_INPUT:
            readings += _silent(spatial, {reading.class_name for reading in readings})
            return _best(readings, MOST_READINGS + len(SILENT))
    return _best(readings)


def is_silent(layer: StoredLayer) -> bool:
    """Whether neither tensors nor the name of a stored layer tell anything about its class."""
    if layer.tensors or layer.children or layer.stem is not None or stem(layer.name) == "merge" or is_function(layer):
        return False
    return all(weigh(card, layer.name) <= 0.0 for card in MAYBE_WEIGHTLESS)


def is_function(layer: StoredLayer) -> bool:
    """Whether the layer has the name or the folder that Keras gives a Lambda."""
    return weigh(UNKNOWN, layer.name) >= AUTOMATIC or _stem_says(UNKNOWN, layer)


REFUTED = -4.0
"""Nats for an unknown layer where no such wiring has sizes: to sizes it does nothing."""
SILENT = (
    ("Add", -0.7),
    ("Concatenate", -1.0),
    ("Flatten", -2.0),
    ("MaxPooling{}D", -2.2),
    ("GlobalAveragePooling{}D", -2.6),
    ("UpSampling{}D", -3.0),
    ("Reshape", -3.0),
    ("AveragePooling{}D", -3.5),
    ("Multiply", -3.5),
)
"""What a layer of a name like ``F0`` or ``M2`` is that changes shapes, with nats: tried where nothing else suits."""


def _silent(spatial: frozenset[int], known: set[str]) -> list[Reading]:
    because = "its name says nothing that we know, and nothing that keeps the shape suits"
    wanted = {name.format(axes): nats for name, nats in SILENT for axes in sorted(spatial)}
    return [
        Reading(card, Fit({}), wanted[card.class_name], because)
        for card in LAYERS
        if card.class_name in wanted and card.class_name not in known
    ]


def _stem_says(card: Card, layer: StoredLayer) -> bool:
    if layer.stem is None:
        return False
    found = layer.stem.replace("_", "")
    return found == card.stem or found in card.stems


def _spatial_axes(card: Card) -> int | None:
    digits = [int(letter) for letter in card.class_name if letter.isdigit()]
    return digits[0] if digits else None


def _because(card: Card, layer: StoredLayer, named: float) -> str:
    shapes = ", ".join(f"{tensor.role} {tensor.shape}" for tensor in layer.tensors[:3])
    if _stem_says(card, layer):
        name = f"its group is called `{layer.key}`"
    elif named >= AUTOMATIC:
        name = f"`{layer.name}` is the name Keras gives a {card.class_name}"
    elif named > 0:
        spoken = [word for word, _ in card.words if word in words(layer.name)]
        name = f"its name says {', '.join(spoken)}"
    else:
        name = "its name says nothing"
    return f"{shapes} suit a {card.class_name}; {name}" if shapes else name


def _best(readings: list[Reading], most: int = MOST_READINGS) -> tuple[Reading, ...]:
    if not readings:
        return ()
    ordered = sorted(readings, key=lambda reading: -reading.log_prior)[:most]
    top = ordered[0].log_prior
    kept = [reading for reading in ordered if reading.log_prior > top - SPREAD]
    total = math.log(math.fsum(math.exp(reading.log_prior - top) for reading in kept))
    return tuple(replace(reading, log_prior=reading.log_prior - top - total) for reading in kept)
