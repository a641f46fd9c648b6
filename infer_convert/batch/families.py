"""Which files hold the same network: a *cluster* shares its layers and shapes exactly, a *family* nearly so."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from infer_convert.facts import WeightFile
from infer_convert.layers.names import stem
from infer_convert.layers.recognise import recognise

Token = tuple[str, tuple[tuple[int, ...], ...]]
"""One stored layer: its likeliest class (or the stem of its name) and the shapes of its tensors."""

NEAR = 0.8
"""Clusters at least this similar are one family: same trunk, other head or other number of classes."""


def tokens(facts: WeightFile) -> tuple[Token, ...]:
    """The layers in file order, without their names' numbers."""
    found: list[Token] = []
    for layer in facts.layers:
        shapes = tuple(tensor.shape for tensor in layer.all_tensors())
        readings = recognise(layer, facts.generation, facts.backend) if layer.tensors and not layer.children else ()
        found.append((readings[0].class_name if readings else stem(layer.stem or layer.name), shapes))
    return tuple(found)


def cluster_id(structure: Sequence[Token]) -> str:
    """``c`` and ten hexadecimal digits: equal for equal structures."""
    return "c" + hashlib.sha256(json.dumps(structure).encode("utf-8", "surrogatepass")).hexdigest()[:10]


def similarity(left: Sequence[Token], right: Sequence[Token]) -> float:
    """Shared layers with weights over all of them, 0 to 1, whatever their order (weighted Jaccard index)."""
    a, b = _bag(left), _bag(right)
    union = (a | b).total()
    return (a & b).total() / union if union else float(not left and not right)


def _bag(structure: Sequence[Token]) -> Counter[Token]:
    return Counter(token for token in structure if token[1])


@dataclass(frozen=True, slots=True)
class Families:
    """``of``: cluster -> family, which bears the name of its largest cluster."""

    of: Mapping[str, str]


def families(clusters: Mapping[str, Sequence[Token]], sizes: Mapping[str, int]) -> Families:
    """Group clusters around leaders: the largest cluster first, each joins the most similar leader at ``NEAR`` or more.

    Only leaders that share a token are compared, so thousands of different clusters stay cheap.
    """
    leaders: dict[Hashable, list[str]] = defaultdict(list)
    of: dict[str, str] = {}
    for name in sorted(clusters, key=lambda item: (-sizes[item], item)):
        structure = clusters[name]
        near = {leader for token in set(_bag(structure)) for leader in leaders[token]}
        likes = sorted((-similarity(structure, clusters[leader]), leader) for leader in near)
        if likes and -likes[0][0] >= NEAR:
            of[name] = "f" + likes[0][1][1:]
        else:
            of[name] = "f" + name[1:]
            for token in set(_bag(structure)):
                leaders[token].append(name)
    return Families(of)
