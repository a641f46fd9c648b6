"""Decisions that a known architecture informs: its settings become answers, its rivals' alternatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from infer_convert.confidence import LIBRARY
from infer_convert.draft import Draft, Preferred
from infer_convert.layers.recognise import Reading
from infer_convert.library.references import KnownLayer
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan

SETTLED = ("batch_shape", "target_shape", "function", "arguments", "mean", "variance")
"""Fields of a known config that sizes or the reference itself settle without a question."""
SILENT = ("rate", "stddev", "factor", "height_factor", "width_factor", "mode", "fill_mode", "fill_value", "data_format")
"""Fields without any effect on what the model computes, or on what is asked: taken over without a decision."""
TRACELESS = ("activation", "recurrent_activation", "negative_slope", "max_value", "alpha", "theta", "epsilon")
"""Fields that no shape can confirm."""
LEAST = 0.002


LEAST_LOOSE = 0.1
"""Trust in what leaves no trace below which a known architecture says nothing of it: habits do."""


def inform(draft: Draft, index: int, config: dict[str, Any], decisions: list[Decision]) -> None:
    """Put the known settings of a layer into ``config`` and ``decisions``, both changed in place. What the sizes have
    decided against the known architecture stays."""
    known = draft.preferred.get(index)
    if known is None:
        return
    fixed = draft.layers[index].config
    for field, value in known.config.items():
        if field in SETTLED:
            if field in ("mean", "variance", "function", "arguments"):
                config.setdefault(field, value)
            continue
        if field in SILENT:
            config[field] = value
            continue
        old = next((item for item in decisions if item.field == field), None)
        if old is None and field in fixed and not _same(fixed[field], value) and field not in known.others:
            continue
        if old is not None and old.evidence and old.evidence[0].clue == "sizes" and not _same(old.value, value):
            continue
        if old is not None and field in TRACELESS and known.loose < LEAST_LOOSE:
            continue
        decision = _informed(field, value, old, known)
        decisions[:] = [item for item in decisions if item.field != field] + [decision]
        config[field] = decision.value


def _informed(field: str, value: Any, old: Decision | None, known: Preferred) -> Decision:
    shares: dict[str, tuple[float, Any]] = {}

    def add(choice: Any, share: float) -> None:
        key = repr(choice)
        shares[key] = (shares.get(key, (0.0, choice))[0] + share, choice)

    trust = min(known.trust, known.loose) if field in TRACELESS else known.trust
    rivals = known.others.get(field, ())
    mine = 1.0 - math.fsum(share for _, share in rivals)
    add(value, trust * mine)
    for choice, share in rivals:
        add(choice, trust * share)
    if old is not None:
        add(old.value, (1 - trust) * old.confidence)
        for option in old.alternatives:
            add(option.value, (1 - trust) * option.confidence)
    share, _ = shares.pop(repr(value))
    others = sorted((Option(choice, part) for part, choice in shares.values()), key=lambda option: -option.confidence)
    weight = math.log(max(share, 1e-9) / max(1 - share, 1e-9))
    return Decision(
        field,
        value,
        min(share, 1.0),
        Basis.INFERRED,
        tuple(option for option in others if option.confidence > LEAST)[:5],
        (Evidence(LIBRARY, weight, known.because),),
    )


def _same(a: Any, b: Any) -> bool:
    def flat(value: Any) -> Any:
        return (
            value[0]
            if isinstance(value, list | tuple) and value and all(item == value[0] for item in value)
            else (list(value) if isinstance(value, tuple) else value)
        )

    return bool(a == b or flat(a) == flat(b))


def known_class(draft: Draft, index: int, readings: Sequence[Reading]) -> Decision:
    """The class that a known architecture has at a place where the file's names leave it open or say another."""
    known, name = draft.preferred[index], draft.layers[index].class_name
    shares = {reading.class_name: math.exp(reading.log_prior) for reading in reversed(readings)}
    share = known.trust + (1 - known.trust) * shares.pop(name, 0.0)
    return Decision(
        "class_name",
        name,
        share,
        Basis.INFERRED,
        tuple(Option(other, (1 - known.trust) * part) for other, part in shares.items()),
        (Evidence(LIBRARY, math.log(share / max(1 - share, 1e-9)), known.because),),
    )


def within(plan: Plan, known: KnownLayer, trust: float, because: str) -> Plan:
    """A nested model's plan with the settings of the known one, where both are the same row of classes."""
    inside = [layer for layer in known.inner if layer.class_name != "InputLayer"]
    mine = [layer for layer in plan.layers if layer.class_name != "InputLayer"]
    if [layer.class_name for layer in inside] != [layer.class_name for layer in mine]:
        return plan
    twins = {layer.name: twin for layer, twin in zip(mine, inside, strict=True)}
    layers = []
    for layer in plan.layers:
        twin = twins.get(layer.name)
        if twin is None:
            layers.append(layer)
            continue
        config, decisions = dict(layer.config), list(layer.decisions)
        wanted = {key: value for key, value in twin.config.items() if key not in ("filters", "units", "kernel_size")}
        if "activation" in config:
            wanted.setdefault("activation", "linear")
        for field, value in wanted.items():
            if field in SETTLED or field in SILENT:
                continue
            old = next((item for item in decisions if item.field == field), None)
            if old is not None or not _same(config.get(field), value):
                decision = _informed(field, value, old, Preferred(wanted, trust, because))
                decisions[:] = [item for item in decisions if item.field != field] + [decision]
                config[field] = value
        layers.append(replace(layer, config=config, decisions=tuple(decisions)))
    return plan.with_layers(tuple(layers))
