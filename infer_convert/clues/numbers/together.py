"""What layers of one belief say together: people build the blocks of a net alike, with exceptions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Nats = Mapping[str, float]
OWN = 0.1
"""Part of the layers that do not follow the style of their net (set by hand: first and last blocks, projections)."""


def together(prior: Mapping[str, float], said: Sequence[Nats]) -> list[dict[str, float]]:
    """For each layer the nats of every value of ``prior`` once the others are heard too. ``said`` are the layers' own
    nats, ``prior`` the shares that all of them start with.

    A net has a style s of probability ``prior[s]``; a layer follows it, or (``OWN``) goes by ``prior`` alone."""
    total = math.fsum(prior.values())
    share = {value: part / total for value, part in prior.items()}
    follows = []
    for nats in said:
        alone = math.fsum(share[value] * math.exp(nats[value]) for value in share)
        follows.append({s: math.log((1 - OWN) * math.exp(nats[s]) + OWN * alone) for s in share})
    whole = {s: math.log(share[s]) + math.fsum(layer[s] for layer in follows) for s in share}
    found = []
    for nats, layer in zip(said, follows, strict=True):
        rest = {s: whole[s] - layer[s] for s in share}
        top = max(rest.values())
        weights = {s: math.exp(value - top) for s, value in rest.items()}
        every = math.fsum(weights.values())
        found.append(
            {
                value: nats[value]
                + math.log(((1 - OWN) * weights[value] / every + OWN * share[value]) / share[value])
                for value in share
            }
        )
    return found


def doubted(prior: Mapping[str, float], nats: Nats, trust: float) -> dict[str, float]:
    """``nats`` of a clue that is about the net itself with probability ``trust`` only."""
    every = math.fsum(share * math.exp(nats[value]) for value, share in prior.items()) / math.fsum(prior.values())
    return {value: math.log(trust * math.exp(nats[value]) / every + (1 - trust)) for value in prior}
