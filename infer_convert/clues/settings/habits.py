"""How people set strides, paddings, pools and borders, as a log-linear model of a layer's place and of what the net did
before.

Weights are fitted by ``python -m benchmarks fit-settings`` (``habits.json`` names its data); they correct the published
``frequencies``. A *memory* is something that a net did last, by kind: a later layer keeps it or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from infer_convert.clues.settings.places import Place
from infer_convert.clues.settings.windows import border, first, kernel, pool
from infer_convert.layers.card import Config

Views = tuple[tuple[str, ...], ...]
Memory = tuple[str, Any]
"""A kind of memory and a value."""


@dataclass(frozen=True, slots=True)
class Group:
    """Layers whose settings are weighed alike: the parts of a setting that weigh by themselves, each with the views of
    the place that it may depend on, and the views for keeping what was done before."""

    name: str
    views: Mapping[str, Views]
    kept: Views


STYLE: Views = (("flattens", "pools"), ("convs", "flattens"), ("sums", "concats", "up", "transposed"), ("norms",))
STRIDE: Views = (
    *((), ("class",), ("k", "first"), ("k", "ratio"), ("joins", "ratio", "k"), ("padded", "k", "class", "sums")),
    *(("pools", "ratio"), ("pools", "convs"), ("prev", "next"), ("prev", "ratio"), ("next", "ratio", "pools")),
    *(("norms", "k", "first"), ("depthwise", "class", "ratio"), ("beside", "k", "sums")),
    *(("flattens", "pools", "first"), ("input", "k", "sums"), ("up", "transposed", "ratio")),
    *(("sums", "ratio", "prev"), ("then", "next"), ("next_class",), ("next_k", "k", "sums")),
    *(("bypassed",), ("bypassed", "class"), ("bypassed", "ratio", "k"), ("bypassed", "sums", "class")),
)
PADDING: Views = (
    *((), ("class",), ("k",), ("padded",), ("prev",), ("next",), ("first", "k"), ("zeros", "k"), ("input", "pools")),
    *(("beside", "next"), ("joins", "beside"), *STYLE),
)
WINDOW: Views = (
    *((), ("class",), ("padded",), ("prev",), ("next",), ("prev", "next"), ("beside",), ("joins", "beside")),
    *(("input",), ("pools",), ("then", "next"), ("depthwise", "norms"), *STYLE),
)
CONVOLUTION = Group(
    "conv",
    {"stride": STRIDE, "padding": PADDING, "both": ((), ("k", "sums"), ("first",), ("ratio",), ("prev", "next"))},
    ((), ("k",), ("next",), ("ratio",)),
)
TRANSPOSED = Group(
    "transposed",
    {
        "stride": ((), ("k",), ("k", "next"), ("ratio",), ("prev",), ("next",), ("then",), ("concats",), ("class",)),
        "padding": ((), ("k",), ("prev",), ("next",), ("concats",), ("flattens",), ("norms",)),
        "both": ((), ("k",)),
    },
    ((), ("k",)),
)
POOL = Group("pool", {"window": WINDOW, "padding": WINDOW}, ((), ("beside",), ("next",)))
ZEROS = Group(
    "zeros",
    {
        "border": ((), ("next",), ("next_k", "next_class"), ("first",), ("prev",), ("convs",)),
        "side": ((), ("next_class",), ("bordered",)),
    },
    ((), ("next_k", "next_class")),
)
SIGNATURE = ("class", "k", "step", "prev", "next", "joins", "padded")
"""Layers with the same words here play the same part in their blocks."""


def group_of(class_name: str, choice: Config) -> Group | None:
    """The group whose model weighs this layer's settings; None for settings that no model weighs."""
    if class_name.endswith("Transpose"):
        return TRANSPOSED
    if "strides" in choice and "pool_size" not in choice:
        return CONVOLUTION
    if class_name.startswith(("MaxPooling", "AveragePooling")):
        return POOL
    return ZEROS if class_name.startswith("ZeroPadding") else None


def _stride(config: Config, stride: int) -> str:
    longest = kernel(config)
    return "k" if stride > 2 and stride == longest else str(stride) if stride < 3 else "3+"


def _parts(group: Group, config: Config, choice: Config) -> Iterator[tuple[str, str]]:
    """The parts of a setting as words."""
    if group is ZEROS:
        before, after = border(choice)
        yield "border", f"{before},{after}"
        yield "side", str(after - before)
        return
    padding = str(choice["padding"])
    if group is POOL:
        yield "window", ",".join(map(str, pool(choice)))
        yield "padding", padding
        return
    stride = _stride(config, first(choice["strides"]))
    yield "stride", stride
    if kernel(config) > 1:
        yield "padding", padding
        yield "both", f"{stride},{padding}"


def features(group: Group, place: Place, config: Config, choice: Config) -> Iterator[str]:
    """What weighs for one setting at one place."""
    for part, value in _parts(group, config, choice):
        for view in group.views[part]:
            yield f"{group.name}.{part}={value}" + "".join(f"|{aspect}={place[aspect]}" for aspect in view)


def memories(group: Group, place: Place, config: Config, choice: Config) -> tuple[Memory, ...]:
    """What a net remembers of a setting."""
    if group is ZEROS:
        before, after = border(choice)
        return ((f"zeros/{place['next_k']}", (before, after)), ("zeros side", after - before))
    if group is POOL:
        return ((f"pool/{place['class']}", pool(choice)),)
    stride, padding = first(choice["strides"]), str(choice["padding"])
    if group is TRANSPOSED:
        return (("transposed", (stride, padding)),)
    signature = "/".join(place[aspect] for aspect in SIGNATURE)
    mine: tuple[Memory, ...] = ((f"stride/{signature}", stride),)
    if kernel(config) == 1 or place["padded"] == "yes":
        return mine
    return (("padding", padding), (f"padding of/{place['prev']}/{place['next']}", padding), *mine)


def reminders(group: Group, place: Place, config: Config, choice: Config) -> Iterator[tuple[Memory, tuple[str, ...]]]:
    """Every memory that a setting would keep, with the features of keeping it."""
    for kind, value in memories(group, place, config, choice):
        word = f"{group.name}.keeps {kind.partition('/')[0]}"
        yield (
            (kind, value),
            tuple(word + "".join(f"|{aspect}={place[aspect]}" for aspect in view) for view in group.kept),
        )
    if group in (POOL, TRANSPOSED):
        parts = dict(_parts(group, config, choice))
        word = f"{group.name}.like convolutions"
        whole = parts.get("window") or parts.get("both") or parts["stride"]
        yield ("padding", str(choice["padding"])), (word, f"{word}={whole}")


_OTHERS: ContextVar[Mapping[str, float] | None] = ContextVar("weights learned elsewhere", default=None)


def weights() -> Mapping[str, float]:
    """The fitted weights of all features, in nats."""
    others = _OTHERS.get()
    return _shipped() if others is None else others


@contextmanager
def learned(others: Mapping[str, float]) -> Iterator[None]:
    """Other weights than those of ``habits.json``, such as a benchmark fits without the families that it asks about."""
    token = _OTHERS.set(others)
    try:
        yield
    finally:
        _OTHERS.reset(token)


@cache
def _shipped() -> Mapping[str, float]:
    data = json.loads(files("infer_convert.clues.settings").joinpath("habits.json").read_text(encoding="utf-8"))
    found: dict[str, float] = data["weights"]
    return found
