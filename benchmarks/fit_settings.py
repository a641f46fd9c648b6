"""The weights of ``clues/settings/habits``, fitted on the reference library and the zoo's tune split.

``python -m benchmarks fit-settings`` writes ``infer_convert/clues/settings/habits.json``. Every layer whose stride,
padding, window or border is open is one choice among what its card offers, seen from its place in the net and behind
what the net did before. Families count alike as far as they go: a reference of a family of n weighs 1/sqrt(n), a net
as many choices as it has, 30 at most.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from benchmarks.paths import CACHE, FROZEN, HERE
from infer_convert.assemble.transplant import OPERATION, STATED
from infer_convert.clues.settings.frequencies import frequency
from infer_convert.clues.settings.habits import features, group_of, memories, reminders
from infer_convert.clues.settings.places import Style, place
from infer_convert.clues.settings.windows import kernel
from infer_convert.draft import Draft, DraftLayer, Neighbourhood
from infer_convert.layers import CARD_OF
from infer_convert.layers.card import Card, Config
from infer_convert.library import store
from infer_convert.library.references import Known, KnownLayer

TARGET = HERE.parent / "infer_convert" / "clues" / "settings" / "habits.json"
MOST_CHOICES = 30
RIDGE = 3.0
"""Half the inverse variance of a weight: the best of 0.3, 1 and 3 by ``leave_one_out``."""

DEARER = (0.3, 1.0, 2.0, 4.0)
"""The ridge's factor by the number of aspects that a feature joins."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One layer's options as features, beside the published frequencies that the weights correct, and the right one."""

    options: tuple[tuple[str, ...], ...]
    offsets: tuple[float, ...]
    gold: int
    sort: str


@dataclass(frozen=True, slots=True)
class Net:
    """A net's choices in the order of its layers."""

    name: str
    family: str
    choices: tuple[Choice, ...]


def nets() -> Iterator[Net]:
    """The choices of every known net."""
    for family, known in known_nets():
        yield Net(known.name, family, tuple(choices(known)))


def known_nets() -> Iterator[tuple[str, Known]]:
    """References and tune cases, each with its family."""
    for signature in store.index():
        known = store.reference(signature.family, signature.number)
        yield known.family, known
    for known in _tune():
        yield f"zoo {known.family}", known


def _tune() -> Iterator[Known]:
    from benchmarks import writers
    from benchmarks.freeze import frozen, stamp
    from benchmarks.library.make import _layers
    from benchmarks.zoo.cases import CASES
    from infer_convert.configs import plan_from_config
    from infer_convert.readers import read

    lines = frozen()
    for case in CASES:
        if case.split != "tune":
            continue
        where = writers.ensure(case, stamp(lines[case.name]))
        facts = replace(read(where / writers.FILES["keras3"]), model_config=writers.config(where, "keras"))
        try:
            plan = plan_from_config(facts).best
            layers, outputs = _layers(plan, {tensor.path: tensor.shape for tensor in facts.all_tensors()})
        except (ValueError, KeyError) as error:
            print(f"{case.name} is left out: {error}")
            continue
        yield Known(case.name, case.family, "zoo", layers, outputs)


def choices(known: Known) -> Iterator[Choice]:
    """The open settings of a known net."""
    known = known.flat()
    near = Neighbourhood.of(draft_of(known))
    style = Style.of(near)
    last: dict[str, Any] = {}
    for index, layer in enumerate(near.draft.layers):
        if "kernel_size" not in layer.config and not layer.class_name.startswith(WEIGHTLESS):
            continue
        tried = layer.card.choices(layer.config)
        group = group_of(layer.class_name, tried[0])
        if group is None:
            continue
        there = place(near, style, index)
        gold = _gold(known.layers[index], layer, tried)
        if gold is None:
            continue
        options = []
        for choice in tried:
            found = list(features(group, there, layer.config, choice))
            for (kind, value), names in reminders(group, there, layer.config, choice):
                if kind in last and last[kind] == value:
                    found += names
            options.append(tuple(found))
        offsets = tuple(frequency(near, style, index, choice) for choice in tried)
        yield Choice(tuple(options), offsets, gold, group.name)
        last |= dict(memories(group, there, layer.config, tried[gold]))


WEIGHTLESS = ("MaxPooling", "AveragePooling", "ZeroPadding")


def draft_of(known: Known) -> Draft:
    """The net as a draft whose settings are open."""
    layers = tuple(
        DraftLayer(layer.name or str(index), _card(layer), _fixed(layer), layer.operands)
        for index, layer in enumerate(known.layers)
    )
    return Draft(layers, tuple((item, 0) for item in known.outputs))


def _card(layer: KnownLayer) -> Card:
    return CARD_OF.get(layer.class_name, OPERATION)


def _fixed(layer: KnownLayer) -> Config:
    """What the tensors state."""
    config: dict[str, Any] = {key: value for key, value in layer.config.items() if key in STATED}
    kernels = [use.shape for use in layer.uses if use.variable.endswith(("kernel", "depthwise_kernel"))]
    if "kernel_size" in config and kernels:
        config["_channels_in"] = kernels[0][-1 if layer.class_name.endswith("Transpose") else -2]
    return config


def _gold(layer: KnownLayer, drafted: DraftLayer, tried: Sequence[Config]) -> int | None:
    """The option that the net has; padding says nothing about a window of one."""
    config = layer.config
    rank = _rank(drafted)
    if any(rate != 1 for rate in _each(config.get("dilation_rate", 1), rank)):
        return None
    wanted = {
        "strides": _each(config.get("strides") or config.get("pool_size", 1), rank),
        "pool_size": _each(config.get("pool_size", 2), rank),
        "padding": config.get("padding", "valid"),
    }
    if "kernel_size" in drafted.config and kernel(drafted.config) == 1:
        del wanted["padding"]
    fitting = (
        number
        for number, choice in enumerate(tried)
        if all(choice[key] == value for key, value in wanted.items() if key in choice)
    )
    return next(fitting, None)


def _rank(layer: DraftLayer) -> int:
    """How many axes a window has."""
    return len(layer.config.get("kernel_size", ())) or int(layer.class_name[-2])


def _each(value: Any, rank: int) -> list[int]:
    return [value] * rank if isinstance(value, int) else list(value)


@dataclass(slots=True)
class Fit:
    """Choices in flat arrays."""

    numbers: dict[str, int] = field(default_factory=dict)

    def matrix(self, found: Iterable[Choice], grow: bool) -> tuple[csr_matrix, np.ndarray, np.ndarray, np.ndarray]:
        """Features of every option, their offsets, the first option of every choice and the right one."""
        columns: list[int] = []
        offsets: list[float] = []
        ends, starts, golds = [0], [0], []
        for choice in found:
            golds.append(starts[-1] + choice.gold)
            offsets += choice.offsets
            for option in choice.options:
                for name in option:
                    if grow:
                        self.numbers.setdefault(name, len(self.numbers))
                    number = self.numbers.get(name)
                    if number is not None:
                        columns.append(number)
                ends.append(len(columns))
            starts.append(starts[-1] + len(choice.options))
        shape = (len(ends) - 1, len(self.numbers))
        matrix = csr_matrix((np.ones(len(columns)), columns, ends), shape)
        return matrix, np.array(offsets), np.array(starts), np.array(golds)


def _log_shares(scores: np.ndarray, starts: np.ndarray) -> np.ndarray:
    sizes = np.diff(starts)
    top = np.repeat(np.maximum.reduceat(scores, starts[:-1]), sizes)
    total = np.add.reduceat(np.exp(scores - top), starts[:-1])
    return np.asarray(scores - top - np.repeat(np.log(total), sizes))


def weigh(found: Sequence[Net]) -> np.ndarray:
    """The weight of every choice."""
    sizes = Counter(net.family for net in found)
    rows = [
        [min(1.0, MOST_CHOICES / len(net.choices)) / math.sqrt(sizes[net.family])] * len(net.choices) for net in found
    ]
    return np.array([value for row in rows for value in row])


def fit(found: Sequence[Net], ridge: float = RIDGE) -> dict[str, float]:
    """Weights by feature."""
    flat = Fit()
    matrix, offsets, starts, golds = flat.matrix((choice for net in found for choice in net.choices), True)
    weight = weigh(found)
    sizes = np.diff(starts)
    each = np.repeat(weight, sizes)
    dear = ridge * np.array([DEARER[min(3, name.count("|"))] for name in flat.numbers])
    right = np.zeros(matrix.shape[0])
    right[golds] = weight

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        shares = _log_shares(offsets + matrix @ values, starts)
        slope = matrix.T @ (each * np.exp(shares) - right)
        return float(-(weight * shares[golds]).sum() + (dear * values**2).sum()), slope + 2 * dear * values

    values = minimize(loss, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 400}).x
    return {name: float(values[number]) for name, number in flat.numbers.items()}


def judge(found: Sequence[Net], learned: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Mean log share of the truth and accuracy by group, a net counting once."""
    flat = Fit({name: number for number, name in enumerate(learned)})
    values = np.array(list(learned.values()))
    rows: dict[str, list[tuple[float, float]]] = {}
    for net in found:
        mine: dict[str, list[tuple[float, float]]] = {}
        for choice in net.choices:
            matrix, offsets, starts, golds = flat.matrix((choice,), False)
            shares = _log_shares(offsets + matrix @ values, starts)
            mine.setdefault(choice.sort, []).append((float(shares[golds[0]]), float(shares.argmax() == golds[0])))
        for sort, pairs in mine.items():
            rows.setdefault(sort, []).append(tuple(np.mean(pairs, axis=0)))
    return {sort: tuple(np.mean(pairs, axis=0)) for sort, pairs in rows.items()}


def leave_one_out(found: Sequence[Net], ridge: float = RIDGE) -> dict[str, dict[str, tuple[float, float]]]:
    """By family: how its nets fare under weights fitted on the other families; look-alikes go together."""
    result = {}
    for family in dict.fromkeys(_relatives(net.family) for net in found):
        rest = [net for net in found if _relatives(net.family) != family]
        result[family] = judge([net for net in found if _relatives(net.family) == family], fit(rest, ridge))
    return result


def without(families: frozenset[str]) -> Mapping[str, float]:
    """Weights fitted on the families of other kinds than these; kept in the cache, as long as the shipped ones and the
    zoo stay as they are."""
    kinds = sorted({_relatives(family) for family in families})
    state = hashlib.sha256(TARGET.read_bytes() + (FROZEN / "zoo.json").read_bytes()).hexdigest()[:16]
    path = CACHE / "habits" / f"{'-'.join(kinds)}-{state}.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(f".{os.getpid()}")
        made.write_text(json.dumps(fit([net for net in nets() if net.choices and _relatives(net.family) not in kinds])))
        made.replace(path)
    found: dict[str, float] = json.loads(path.read_text())
    return found


def _relatives(family: str) -> str:
    """Families of one kind."""
    bare = family.removeprefix("zoo ").partition("_")[0]
    for kind, words in KINDS.items():
        if bare in words:
            return kind
    return bare


KINDS: Mapping[str, tuple[str, ...]] = {
    "residual": ("resnet", "regnet", "residual", "facenet"),
    "mobile": ("mobilenet", "efficientnet", "mobile", "convnext", "xception"),
    "plain": ("vgg", "classic", "examples", "faces", "driving", "agents", "mlp"),
    "cells": ("inception", "nasnet", "squeezenet", "densenet", "dense"),
    "decoders": ("unet", "segnet"),
    "generators": ("gan", "autoencoder"),
    "sequences": ("recurrent", "text", "temporal", "sequence", "c3d"),
}


def write(learned: Mapping[str, float], found: Sequence[Net], target: Path = TARGET) -> None:
    """Keep what weighs anything."""
    kept = {name: round(value, 3) for name, value in sorted(learned.items()) if abs(value) >= LEAST}
    data = f"{sum(len(net.choices) for net in found)} choices of {len(found)} nets"
    lines = ",\n".join(f"{json.dumps(name)}: {value}" for name, value in kept.items())
    target.write_text(f'{{"data": {json.dumps(data)},\n"weights": {{\n{lines}\n}}}}\n', encoding="utf-8")


LEAST = 0.02
"""Weights below are left out."""


def run(only: str = "") -> tuple[int, int, dict[str, dict[str, tuple[float, float]]]]:
    """Fit, write, and what leaving families out gives. Returns nets, choices and that. ``only`` writes the weights of
    one group of layers (``zeros``), which share no feature with the others'."""
    found = [net for net in nets() if net.choices]
    fitted = fit(found)
    if only:
        shipped: dict[str, float] = json.loads(TARGET.read_text(encoding="utf-8"))["weights"]
        mine = {name: value for name, value in fitted.items() if name.startswith(f"{only}.")}
        fitted = {name: value for name, value in shipped.items() if not name.startswith(f"{only}.")} | mine
    write(fitted, found)
    return len(found), sum(len(net.choices) for net in found), leave_one_out(found)
