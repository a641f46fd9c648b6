"""Layers around another layer: Bidirectional and TimeDistributed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from infer_convert.facts import Tensor
from infer_convert.layers import (
    convolution,
    dense,
    embedding,
    normalization,
    pooling,
    recurrent,
    regularization,
    reshaping,
    separable,
)
from infer_convert.layers.card import Card, Config, Fit, Shape, Stored, public, use, within
from infer_convert.plan import WeightUse
from infer_convert.solve.items import Variant

UNNAMED = -4.0
"""A layer wrapped in TimeDistributed whose name does not say so: the wrapper leaves no trace in the shapes."""
SEQUENCE = -2.0
"""The same around an Embedding or a recurrent layer, beside other layers: public code reads words letter by letter so,
and texts sentence by sentence (set by hand)."""
TALL = 8
"""Rows for every column from which on a lone matrix is a vocabulary rather than a Dense without bias."""

_RECURRENT = {card.class_name: card for card in recurrent.CARDS}
_TIMED = {card.class_name: card for card in (*dense.CARDS, *convolution.CARDS, *separable.CARDS, *normalization.CARDS)}
_SEQUENCES = {
    card.class_name: card
    for card in (*embedding.CARDS, *recurrent.CARDS)
    if card.class_name in ("Embedding", "LSTM", "GRU", "SimpleRNN")
}
"""What people wrap to read the letters of every word, or the words of every sentence."""
_WEIGHTLESS = {
    card.class_name: card
    for card in (*pooling.CARDS, *reshaping.CARDS, *regularization.CARDS)
    if card.class_name
    in (
        "Flatten",
        "MaxPooling1D",
        "MaxPooling2D",
        "AveragePooling2D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
        "Dropout",
    )
}
"""What people wrap that has no weights; the file does not say which."""


def _prefixed(uses: tuple[WeightUse, ...], prefix: str) -> tuple[WeightUse, ...]:
    return tuple(replace(item, variable=f"{prefix}.{item.variable}") for item in uses)


def _half(roles: Mapping[str, Tensor], start: str) -> dict[str, Tensor]:
    return {role.partition("/")[2]: tensor for role, tensor in roles.items() if role.startswith(start) and "/" in role}


def _bidirectional_fits(stored: Stored) -> tuple[Fit, ...]:
    roles = dict(stored.roles)
    if not any(role.startswith("forward") for role in roles):
        roles = within(roles)
    halves = _half(roles, "forward"), _half(roles, "backward")
    if not any(halves):
        halves = _numbered_halves(roles)
    if not all(halves) or len(halves[0]) + len(halves[1]) != len(roles):
        return ()
    fits = []
    for name, card in _RECURRENT.items():
        if card.fits is None:
            continue
        forward, backward = (card.fits(replace(stored, roles=half)) for half in halves)
        if forward and backward and forward[0].config == backward[0].config:
            uses = _prefixed(forward[0].uses, "forward_layer") + _prefixed(backward[0].uses, "backward_layer")
            config = {"merge_mode": "concat", "_class": name, **{f"_{k}": v for k, v in forward[0].config.items()}}
            config["_inner"] = dict(forward[0].config)
            fits.append(Fit(config, uses))
            fits.append(Fit({**config, "merge_mode": "sum"}, uses, _MERGED))
    return tuple(fits)


def _numbered_halves(roles: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The first and the second half of tensors that are only numbered, if they have the same shapes."""
    if not all(role.isdigit() for role in roles) or len(roles) not in (4, 6):
        return {}, {}
    ordered = [roles[role] for role in sorted(roles, key=int)]
    half = len(ordered) // 2
    first, second = ordered[:half], ordered[half:]
    if [tensor.shape for tensor in first] != [tensor.shape for tensor in second]:
        return {}, {}
    return {str(i): tensor for i, tensor in enumerate(first)}, {str(i): tensor for i, tensor in enumerate(second)}


_MERGED = -3.0
"""Both directions added (or averaged) instead of joined, Keras' default; only a consumer's channels can tell."""


OUTSIDE: Mapping[str, tuple[str, ...]] = {
    "Bidirectional": ("return_sequences", "activation", "recurrent_activation", "padding"),
    "TimeDistributed": ("activation", "strides", "padding", "pool_size", "return_sequences"),
    "SpectralNormalization": ("activation", "strides", "padding"),
}
"""Settings of the wrapped layer that a wrapper's card takes beside its own."""


def unwrapped(class_name: str, config: Config) -> Config:
    """Keras' config of a wrapper with the wrapped layer's settings where its card takes them; others as they are."""
    inside = config.get("layer")
    if class_name not in OUTSIDE or not isinstance(inside, Mapping):
        return config
    settings = {key: value for key, value in inside["config"].items() if key in OUTSIDE[class_name]}
    beside = {key: value for key, value in config.items() if key != "layer"}
    return {**beside, **settings, "_class": inside["class_name"]}


def _bidirectional_inner(config: Config) -> dict[str, Any]:
    inner = dict(config["_inner"])
    for key in OUTSIDE["Bidirectional"]:
        if key in config:
            inner[key] = config[key]
    return inner


def _bidirectional_flow(config: Config) -> tuple[Variant, ...]:
    card = _RECURRENT[config["_class"]]
    factor = 2 if config.get("merge_mode", "concat") == "concat" else 1
    return tuple(
        replace(variant, channels_out=factor * variant.channels_out if variant.channels_out else None, state="")
        for variant in card.flow(_bidirectional_inner(config))
        if not variant.takes_state
    )


def _bidirectional_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    shape = _RECURRENT[config["_class"]].shape(_bidirectional_inner(config), shapes)
    if shape is None or shape[-1] is None:
        return shape
    return (*shape[:-1], shape[-1] * (2 if config.get("merge_mode", "concat") == "concat" else 1))


def _bidirectional_choices(config: Config) -> tuple[Config, ...]:
    return _RECURRENT[config["_class"]].choices(_bidirectional_inner(config))


def _bidirectional_finish(config: Config) -> dict[str, Any]:
    inner = {"class_name": config["_class"], "config": public(_bidirectional_inner(config))}
    return {"layer": inner, "merge_mode": config.get("merge_mode", "concat")}


def _timed_fits(stored: Stored) -> tuple[Fit, ...]:
    fits = []
    inside = replace(stored, roles=within(stored.roles))
    for name, card in _timed_cards().items():
        for fit in card.fits(inside) if card.fits else ():
            config = {"_class": name, "_inner": dict(fit.config)}
            odds = fit.log_odds if name in _TIMED else SEQUENCE + (fit.log_odds if not _is_tall(fit.config) else 0.0)
            fits.append(Fit(config, _prefixed(fit.uses, "layer"), UNNAMED + odds))
    return tuple(fits)


def _is_tall(config: Config) -> bool:
    return bool(config.get("input_dim", 0) > TALL * config.get("output_dim", 0))


@cache
def _timed_cards() -> Mapping[str, Card]:
    """What TimeDistributed wraps that has weights."""
    return {**_TIMED, **_SEQUENCES, BIDIRECTIONAL.class_name: BIDIRECTIONAL}


def _timed_inner(config: Config) -> dict[str, Any]:
    inner = dict(config.get("_inner", {}))
    for key in OUTSIDE["TimeDistributed"]:
        if key in config:
            inner[key] = config[key]
    return inner


def _timed_flow(config: Config) -> tuple[Variant, ...]:
    if "_inner" not in config:
        ranks = frozenset((rank, other) for rank in (3, 4, 5) for other in (3, 4, 5) if other <= rank)
        return (Variant(label="TimeDistributed", ranks=ranks, channels="any", scale=None),)
    card = _timed_cards()[config["_class"]]
    variants = []
    for variant in card.flow(_timed_inner(config)):
        ranks = frozenset((a + 1, b + 1) for a, b in variant.ranks if b + 1 <= 5 and a + 1 <= 6)
        variants.append(replace(variant, ranks=ranks))
    return tuple(variants)


def _timed_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    time, *rest = shapes[0]
    if not rest:
        return None
    card = _WEIGHTLESS.get(config["_class"]) or _timed_cards()[config["_class"]]
    inner = card.shape(_timed_inner(config), (tuple(rest),))
    return None if inner is None else (time, *inner)


def _timed_choices(config: Config) -> tuple[Config, ...]:
    if "_inner" in config:
        return _timed_cards()[config["_class"]].choices(_timed_inner(config))
    pool = {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}
    return tuple(
        {"_class": name, **(pool if name.endswith("Pooling2D") and not name.startswith("Global") else {})}
        for name in _WEIGHTLESS
        if name != "MaxPooling1D"
    )


def _timed_finish(config: Config) -> dict[str, Any]:
    if config["_class"] in _WEIGHTLESS:
        inner = {**_WEIGHTLESS[config["_class"]].assumed, **_timed_inner(config)}
        return {"layer": {"class_name": config["_class"], "config": public(inner)}}
    return {"layer": {"class_name": config["_class"], "config": public(_timed_inner(config))}}


def _spectral_fits(stored: Stored) -> tuple[Fit, ...]:
    """The wrapped layer's tensors, its kernel perhaps a second time, and ``vector_u`` (1, out)."""
    own = {role: tensor for role, tensor in stored.roles.items() if "/" not in role}
    inner = {role: tensor for role, tensor in stored.roles.items() if "/" in role}
    vectors = [role for role, tensor in own.items() if role == "vector_u" or (len(tensor.shape) == 2 and role == "1")]
    if len(vectors) != 1 or not inner:
        return ()
    vector = own.pop(vectors[0])
    fits = []
    for name, card in _TIMED.items():
        for fit in card.fits(replace(stored, roles=within(inner))) if card.fits and name in _SPECTRAL else ():
            kernel = next((item for item in fit.uses if item.variable == "kernel"), None)
            if kernel is None or vector.shape != (1, kernel.shape[-1]) or len(own) > 1:
                continue
            twins = tuple(tensor.path for tensor in own.values() if tensor.shape == kernel.shape)
            doubled = replace(kernel, sources=(*kernel.sources, *twins), transforms=(*kernel.transforms, "same"))
            uses = tuple(doubled if item is kernel and twins else item for item in fit.uses)
            config = {**fit.config, "_class": name, "_inner": dict(fit.config)}
            fits.append(Fit(config, (*_prefixed(uses, "layer"), use("vector_u", vector)), fit.log_odds))
    return tuple(fits)


_SPECTRAL = ("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose")


def _spectral_inner(config: Config) -> dict[str, Any]:
    inner = {**_TIMED[config["_class"]].assumed, **config["_inner"]}
    inner.update({key: config[key] for key in (*OUTSIDE["SpectralNormalization"], "_channels_in") if key in config})
    return inner


def _spectral_flow(config: Config) -> tuple[Variant, ...]:
    return _TIMED[config["_class"]].flow(_spectral_inner(config))


def _spectral_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    return _TIMED[config["_class"]].shape(_spectral_inner(config), shapes)


def _spectral_choices(config: Config) -> tuple[Config, ...]:
    return _TIMED[config["_class"]].choices(_spectral_inner(config))


def _spectral_finish(config: Config) -> dict[str, Any]:
    return {"layer": {"class_name": config["_class"], "config": public(_spectral_inner(config))}}


BIDIRECTIONAL = Card(
    "Bidirectional",
    words=(("bidirectional", 5.0), ("bi", 2.0), ("bilstm", 5.0), ("bigru", 5.0), ("blstm", 4.0)),
    fits=_bidirectional_fits,
    flow=_bidirectional_flow,
    shape=_bidirectional_shape,
    choices=_bidirectional_choices,
    finish=_bidirectional_finish,
)

CARDS = (
    Card(
        "SpectralNormalization",
        words=(("spectral", 5.0), ("sn", 2.0)),
        fits=_spectral_fits,
        flow=_spectral_flow,
        shape=_spectral_shape,
        choices=_spectral_choices,
        finish=_spectral_finish,
    ),
    BIDIRECTIONAL,
    Card(
        "TimeDistributed",
        words=(("timedistributed", 5.0), ("td", 3.0), ("distributed", 4.0)),
        fits=_timed_fits,
        flow=_timed_flow,
        shape=_timed_shape,
        choices=_timed_choices,
        finish=_timed_finish,
    ),
)
