"""Lists of layers without names, as Keras 0 wrote them: what stands between two layers with weights.

A run of layers of which nothing is known is read as people wrote such nets: activation, pool, dropout, Flatten. The
shares are set by hand after the examples that Keras 0.3 shipped (mnist_cnn, cifar10_cnn, imdb_lstm and their like) and
VGG nets that were converted for it; the sizes choose among them.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from infer_convert.assemble.typed import Typed, full_config
from infer_convert.layers import CARD_OF
from infer_convert.layers.card import Fit
from infer_convert.layers.recognise import UNKNOWN, Reading, is_function

MOST = 8
"""Readings of a whole list that are handed on."""
UNLIKE = 0.1
"""Factor for reading two runs of one length between the same kinds of layers differently."""
LETTERS = {
    "A": "Activation", "D": "Dropout", "F": "Flatten", "I": "InputLayer", "P": "MaxPooling{}D", "Z": "ZeroPadding{}D",
}  # fmt: skip
Options = Mapping[int, tuple[tuple[str, float], ...]]
RUNS: Mapping[tuple[str, str], Options] = {
    ("", "conv"): {1: (("Z", 1.0),)},
    ("conv", "conv"): {
        1: (("A", 0.75), ("Z", 0.15), ("P", 0.1)),
        2: (("AP", 0.6), ("AD", 0.15), ("PZ", 0.1), ("AZ", 0.1), ("PD", 0.05)),
        3: (("APD", 0.7), ("APZ", 0.2), ("ADP", 0.1)),
    },
    ("conv", "dense"): {
        1: (("F", 1.0),),
        2: (("AF", 0.6), ("PF", 0.4)),
        3: (("APF", 0.7), ("ADF", 0.15), ("PDF", 0.15)),
        4: (("APDF", 0.8), ("ADPF", 0.2)),
    },
    ("conv", ""): {1: (("A", 1.0),), 2: (("AF", 0.5), ("PA", 0.5))},
    ("dense", "dense"): {1: (("A", 0.7), ("D", 0.3)), 2: (("AD", 1.0),)},
    ("dense", ""): {1: (("A", 1.0),), 2: (("DA", 0.5), ("AD", 0.5))},
    ("recurrent", "recurrent"): {1: (("D", 0.8), ("A", 0.2)), 2: (("AD", 1.0),)},
    ("recurrent", "dense"): {1: (("D", 0.8), ("A", 0.2)), 2: (("AD", 1.0),)},
    ("recurrent", ""): {1: (("A", 1.0),)},
    ("embedding", "recurrent"): {1: (("D", 1.0),)},
    ("embedding", "conv"): {1: (("D", 1.0),)},
    ("embedding", "dense"): {1: (("F", 1.0),), 2: (("DF", 0.5), ("FD", 0.5))},
}
"""By the kinds of the layers with weights before and behind (nothing at the ends) and the length of the run."""
BEGINS: Options = {1: (("I", 1.0),), 2: (("IZ", 0.9), ("IA", 0.1))}
"""In front of the first of them, where lists begin with an input: in all but those of Keras 0."""


def spelled(typed: Sequence[Typed], inputs: bool = False) -> tuple[tuple[tuple[Typed, ...], float], ...]:
    """The list with every run of nameless layers read, likeliest first, with shares; the list itself when there is
    none that we can read. ``inputs`` tells that the list may begin with an input."""
    runs = list(_runs(typed, inputs))
    if not runs:
        return ((tuple(typed), 1.0),)
    combined = itertools.product(*(options for _, options in runs))
    some = itertools.islice(combined, 4096)
    scored = heapq.nlargest(MOST, ((_share(pick), pick) for pick in some), key=lambda x: x[0])
    total = math.fsum(share for share, _ in scored)
    found = []
    for share, pick in scored:
        entries = list(typed)
        for (start, _), (classes, _) in zip(runs, pick, strict=True):
            for offset, class_name in enumerate(classes):
                entries[start + offset] = _read(entries[start + offset], class_name)
        found.append((tuple(entries), share / total))
    return tuple(found)


def _share(pick: Sequence[tuple[tuple[str, ...], float]]) -> float:
    """The product of the shares, less where runs of one length differ: people repeat what they do."""
    lengths: dict[int, set[tuple[str, ...]]] = {}
    for classes, _ in pick:
        lengths.setdefault(len(classes), set()).add(classes)
    unlike = sum(len(found) - 1 for found in lengths.values())
    return math.prod(share for _, share in pick) * UNLIKE**unlike


def _runs(typed: Sequence[Typed], inputs: bool) -> Iterator[tuple[int, list[tuple[tuple[str, ...], float]]]]:
    """(first index, the classes that it could be with shares) of every run that the table knows. Who pads with zeros
    begins with it."""
    index = 0
    before, axes = "", None
    while index < len(typed):
        if not _nameless(typed[index]):
            before, axes = _kind(typed[index], before), _axes(typed[index]) or axes
            index += 1
            continue
        end = index
        while end < len(typed) and _nameless(typed[end]):
            end += 1
        after = _kind(typed[end], before) if end < len(typed) else ""
        ahead = axes or (_axes(typed[end]) if end < len(typed) else None)
        begins = inputs and index == 0
        options = (BEGINS if begins else RUNS.get((before, after), {})).get(end - index, ())
        first = typed[1 if inputs and len(typed) > 1 else 0]
        usual = [(word, part) for word, part in options if not index or ("Z" in word) <= _nameless(first)]
        if usual:
            yield index, [(tuple(LETTERS[letter].format(ahead or 2) for letter in word), part) for word, part in usual]
        index = end


def _nameless(entry: Typed) -> bool:
    """No weights, and a name that says nothing."""
    stored = entry.stored
    silent = not stored.tensors and not stored.children and not is_function(stored)
    return silent and any(reading.card is UNKNOWN for reading in entry.readings)


def _kind(entry: Typed, before: str) -> str:
    name = entry.best.class_name
    if name in ("BatchNormalization", "PReLU", "LeakyReLU"):
        return before
    if "Conv" in name and "LSTM" not in name:
        return "conv"
    return {"Dense": "dense", "Embedding": "embedding", "LSTM": "recurrent", "GRU": "recurrent",
            "SimpleRNN": "recurrent", "Bidirectional": "recurrent"}.get(name, "other")  # fmt: skip


def _axes(entry: Typed) -> int | None:
    size = entry.best.fit.config.get("kernel_size")
    return len(size) if size is not None else None


def _read(entry: Typed, class_name: str) -> Typed:
    return replace(entry, readings=(Reading(CARD_OF[class_name], Fit({}), 0.0, BECAUSE),))


BECAUSE = "the list has no names; people wrote activation, pool, dropout and Flatten in this order"


def merged(typed: Sequence[Typed], ways: Sequence[tuple[tuple[Typed, ...], float]]) -> tuple[Typed, ...]:
    """The list with what every layer is in any of the ways that ``spelled`` found, each with its share."""
    found = []
    for index, entry in enumerate(typed):
        shares: dict[str, tuple[Reading, float]] = {}
        for way, share in ways:
            reading = way[index].best
            shares[reading.class_name] = (reading, shares.get(reading.class_name, (reading, 0.0))[1] + share)
        if len(ways) == 1 or entry.readings == ways[0][0][index].readings:
            found.append(ways[0][0][index])
            continue
        likeliest = sorted(shares.values(), key=lambda pair: -pair[1])
        found.append(replace(entry, readings=tuple(replace(r, log_prior=math.log(part)) for r, part in likeliest)))
    return tuple(found)


def in_a_row(typed: Sequence[Typed]) -> bool:
    """Whether the list can be a chain behind its first layer: none takes several tensors, and none is an input."""
    return all(entry.best.card.flow(full_config(entry.best))[0].operands[0] == 1 for entry in typed[1:])


def beside(typed: Sequence[Typed], read: Sequence[Typed], share: float) -> tuple[Typed, ...]:
    """The list with what each layer is in ``read``, too, at this share of what is said there."""
    found = []
    for entry, other in zip(typed, read, strict=True):
        known = {reading.class_name for reading in entry.readings}
        new = [replace(r, log_prior=r.log_prior + math.log(share)) for r in other.readings if r.class_name not in known]
        found.append(replace(entry, readings=(*entry.readings, *new)) if new else entry)
    return tuple(found)
