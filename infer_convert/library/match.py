"""Which known architectures a file's layers look like, and how much that says.

Names are not needed. Layers with weights are compared by their tensors' shapes, the others by what the file's names
say about their classes; what differs in width alone still agrees *coarsely* (same ranks and windows). The weight of a
match, in nats against "some net of its own", grows with every layer with weights that agrees and with how much it
agrees: two Denses say nothing, fifty convolutions are nearly proof.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from infer_convert.library import store
from infer_convert.library.references import Known, Shapes, coarse, grams

PRIOR = -5.0
"""A file being a copy of one given reference, before anything is compared."""
SHIPPED = 2.0
"""What comes with Keras is used more than what people write like it."""
EXACT, COARSE = 1.3, 0.4
"""A layer with weights whose shapes are the reference's; one that agrees in windows and ranks."""
WIDTHS = 0.25
"""Its widths being the reference's times the same as elsewhere; as much against when they are not."""
WHOLE = 1.5
"""Nothing with weights left over on either side."""
FOREIGN = -1.5
"""A layer with weights in between that the reference has not."""
NAMED = 6.0
"""Names that people gave being the reference's throughout."""
ONLY_LISTED = ("keras_applications 1.0",)
"""Sources whose models compute what newer versions compute, with other layers without weights (borders as layers, at
even sizes): where the list does not show these, the newer ones stand for both."""
MOST_LOADED = 40
"""References that are compared layer by layer at most."""
CLEAR, MOST_CLEAR = 8, 12
"""Signatures of the very shapes from which on only references with half as many are compared, and how many of them."""
MOST_MATCHES = 8
LEAST_WEIGHT = 0.5

SAME_FUNCTION = (
    frozenset({"Activation", "ReLU", "Softmax", "LeakyReLU", "ELU"}),
    frozenset({"Add", "Operation"}),
    frozenset({"Multiply", "Operation"}),
)
"""Classes of which one can stand for the other."""
OPTIONAL: Mapping[str, float] = {
    "Dropout": -0.4, "SpatialDropout1D": -0.4, "SpatialDropout2D": -0.4, "GaussianNoise": -0.4, "Activation": -0.8,
    "Rescaling": -0.3, "Normalization": -0.3, "Lambda": -0.3, "InputLayer": 0.0, "Operation": -0.5, "ReLU": -0.8,
    "LeakyReLU": -1.5, "Softmax": -2.0, "Identity": -0.1, "Flatten": -1.5, "Reshape": -1.0,
}  # fmt: skip
"""What it costs when one side lists a layer of this class and the other does not."""
OTHERWISE = -4.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A layer of the file: variable shapes of its likeliest reading (sorted, () without weights), log priors of the
    classes it could be, and its name."""

    shapes: Shapes
    classes: Mapping[str, float]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """``pairs``: (layer of the file, layer of the reference). ``whole`` when every layer with weights of both is
    paired; ``prefix`` when the paired layers with weights are the reference's first ones. ``exact`` of the ``matched``
    layers with weights have the reference's very shapes."""

    reference: Known
    pairs: tuple[tuple[int, int], ...]
    log_weight: float
    matched: int
    exact: int
    whole: bool
    prefix: bool

    @property
    def first(self) -> int:
        """The first paired layer of the file."""
        return self.pairs[0][0]

    @property
    def last(self) -> int:
        """The last one."""
        return self.pairs[-1][0]

    @property
    def because(self) -> str:
        """A sentence for the report, layers counted from 1."""
        agree = f"{self.exact} of {self.matched} layers with weights have its very shapes"
        return f"layers {self.first + 1}..{self.last + 1} match {self.reference.title}: {agree}"


def find(
    seen: Sequence[Seen], listed: bool, without: frozenset[str] = frozenset(), references: Sequence[Known] | None = None
) -> tuple[Match, ...]:
    """Matches, the weightiest first. ``listed`` tells that the file lists layers without weights too; ``without`` names
    families to leave out. ``references`` replaces the stored library."""
    weighted = [index for index, item in enumerate(seen) if item.shapes]
    if len(weighted) < 2:
        return ()
    sequence = [coarse(seen[index].shapes) for index in weighted]
    shapes = [seen[index].shapes for index in weighted]
    known = _candidates(sequence, shapes, without) if references is None else references
    found = []
    for reference in known:
        if not listed and reference.source in ONLY_LISTED:
            continue
        match = compare(seen, weighted, reference if listed else reference.flat(), listed)
        if match is not None and match.log_weight > LEAST_WEIGHT:
            found.append(match)
    return tuple(sorted(found, key=lambda match: (-match.log_weight, match.reference.title))[:MOST_MATCHES])


def overlap(shapes: Sequence[Shapes], without: frozenset[str] = frozenset()) -> int:
    """How many signatures of the very shapes of such layers some one reference has."""
    very = frozenset(store.checksum(gram) for gram in grams(shapes))
    found = (len(very & signature.exact) for signature in store.index() if signature.family not in without)
    return max(found, default=0)


def _candidates(
    sequence: Sequence[tuple[object, ...]], shapes: Sequence[Shapes], without: frozenset[str]
) -> Iterator[Known]:
    mine = frozenset(store.checksum(gram) for gram in grams(sequence))
    very = frozenset(store.checksum(gram) for gram in grams(shapes))
    scored = []
    for signature in store.index():
        shared = len(mine & signature.grams)
        if shared and signature.family not in without and 2 * shared >= min(len(mine), len(signature.grams)):
            spread = len(mine | signature.grams) - shared
            apart = abs(signature.weighted - len(sequence))
            scored.append((-len(very & signature.exact), spread, apart, signature.family, signature.number))
    scored.sort()
    most = -scored[0][0] if scored else 0
    for same, *_, family, number in scored[: MOST_LOADED if most < CLEAR else MOST_CLEAR]:
        if most < CLEAR or -same >= most / 2:
            yield store.reference(family, number)


def compare(seen: Sequence[Seen], weighted: Sequence[int], known: Known, listed: bool) -> Match | None:
    """The best alignment of one reference; None when nothing aligns."""
    mine = [seen[index].shapes for index in weighted]
    theirs = [known.layers[index].shapes() for index in known.weighted]
    aligned = _aligned([coarse(shapes) for shapes in mine], [coarse(shapes) for shapes in theirs])
    aligned = _without_head(aligned, mine, theirs)
    if len(aligned) < 2:
        return None
    exact = sum(mine[a] == theirs[b] for a, b in aligned)
    whole = len(aligned) == len(mine) == len(theirs)
    score = PRIOR + _likeness(aligned, mine, theirs) + (SHIPPED if known.source.endswith("applications") else 0.0)
    inside = aligned[-1][0] - aligned[0][0] + 1 - len(aligned)
    missing = aligned[-1][1] + 1 - len(aligned)
    score += FOREIGN * (inside + missing + 0.3 * aligned[0][0])
    pairs = [(weighted[a], known.weighted[b]) for a, b in aligned]
    if listed:
        pairs, listing = _with_weightless(seen, known, pairs, whole)
        score += listing
    score += _names(seen, known, pairs) + (WHOLE if whole else 0.0)
    prefix = not missing and not inside and aligned[0][1] == 0
    return Match(known, tuple(pairs), score, len(aligned), exact, whole, prefix)


def _aligned(mine: Sequence[object], theirs: Sequence[object]) -> list[tuple[int, int]]:
    """Common start and end, and what is common in between."""
    start = 0
    while start < min(len(mine), len(theirs)) and mine[start] == theirs[start]:
        start += 1
    pairs = [(place, place) for place in range(start)]
    words: dict[object, int] = {}
    a, b = ([words.setdefault(item, len(words)) for item in rest[start:]] for rest in (mine, theirs))
    if a and b:
        blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
        pairs += [
            (start + block.a + step, start + block.b + step)
            for block in blocks
            if block.size > 1 or len(a) == len(b) == 1
            for step in range(block.size)
        ]
    return pairs


def _without_head(
    aligned: list[tuple[int, int]], mine: Sequence[Shapes], theirs: Sequence[Shapes]
) -> list[tuple[int, int]]:
    """The last pairs dropped where only their ranks agree and one side goes on: another head, not the reference's."""
    whole = len(aligned) == len(mine) == len(theirs)
    while aligned and not whole and mine[aligned[-1][0]] != theirs[aligned[-1][1]] and _is_dense(mine[aligned[-1][0]]):
        aligned = aligned[:-1]
    return aligned


def _is_dense(shapes: Shapes) -> bool:
    return max(len(shape) for shape in shapes) == 2 and len(shapes) <= 2


def _likeness(aligned: Sequence[tuple[int, int]], mine: Sequence[Shapes], theirs: Sequence[Shapes]) -> float:
    score = []
    widths: dict[int, int] = {}
    for a, b in aligned:
        if mine[a] == theirs[b]:
            score.append(EXACT)
            continue
        ours = [size for shape in mine[a] for size in shape[-2:]]
        known = [size for shape in theirs[b] for size in shape[-2:]]
        same = len(ours) == len(known) and all(widths.setdefault(k, o) == o for k, o in zip(known, ours, strict=True))
        score.append(COARSE + (WIDTHS if same else -WIDTHS))
    return math.fsum(score)


def _with_weightless(
    seen: Sequence[Seen], known: Known, pairs: Sequence[tuple[int, int]], whole: bool
) -> tuple[list[tuple[int, int]], float]:
    """Pairs of the layers between those with weights, and what their agreement weighs."""
    found: list[tuple[int, int]] = []
    total = []
    before = (-1, -1)
    for pair in pairs:
        run, score = _run(seen, known, before, pair, closed=True)
        found += [*run, pair]
        total.append(score)
        before = pair
    end = (len(seen), len(known.layers))
    if not whole:
        following = (index for index in range(before[0] + 1, len(seen)) if seen[index].shapes)
        theirs = (index for index in known.weighted if index > before[1])
        end = next(following, len(seen)), next(theirs, len(known.layers))
    run, score = _run(seen, known, before, end, closed=whole)
    return [*found, *run], math.fsum([*total, score])


def _run(
    seen: Sequence[Seen], known: Known, start: tuple[int, int], end: tuple[int, int], closed: bool
) -> tuple[list[tuple[int, int]], float]:
    ours = tuple(index for index in range(start[0] + 1, end[0]) if not seen[index].shapes)
    theirs = tuple(
        index for index in range(start[1] + 1, end[1]) if known.layers[index].listed and not known.layers[index].uses
    )

    @cache
    def best(a: int, b: int) -> tuple[float, tuple[tuple[int, int], ...]]:
        if a == len(ours) and b == len(theirs):
            return 0.0, ()
        options = []
        if a < len(ours) and b < len(theirs):
            score, rest = best(a + 1, b + 1)
            fit = _fit(seen[ours[a]], known.layers[theirs[b]].class_name)
            options.append((fit + score, ((ours[a], theirs[b]), *rest)))
        if a < len(ours):
            score, rest = best(a + 1, b)
            likeliest = max(seen[ours[a]].classes, key=lambda name: seen[ours[a]].classes[name], default="")
            options.append((score + _skipped(likeliest, closed), rest))
        if b < len(theirs):
            score, rest = best(a, b + 1)
            options.append((score + _skipped(known.layers[theirs[b]].class_name, closed), rest))
        return max(options, key=lambda option: option[0])

    if len(ours) > 60 or len(theirs) > 60:
        return [], OTHERWISE
    score, pairs = best(0, 0)
    return list(pairs), score


def _skipped(class_name: str, closed: bool) -> float:
    return OPTIONAL.get(class_name, OTHERWISE) if closed else max(-0.3, OPTIONAL.get(class_name, OTHERWISE))


def _fit(item: Seen, class_name: str) -> float:
    """How well a layer without weights agrees with a class of the reference."""
    if class_name in item.classes:
        return 0.3 if item.classes[class_name] > -0.7 else max(-1.5, 0.4 * item.classes[class_name])
    if any(class_name in group and group & item.classes.keys() for group in SAME_FUNCTION):
        # A name that says nothing (a Lambda could have it, too) speaks for no spelling of a function.
        return 0.3 if "Lambda" in item.classes else -0.3
    return -0.6 if "Lambda" in item.classes else OTHERWISE


def _names(seen: Sequence[Seen], known: Known, pairs: Sequence[tuple[int, int]]) -> float:
    """Names that are the reference's speak for it, if they are more than what Keras counts by itself."""
    spoken = [(seen[a].name, known.layers[b].name) for a, b in pairs if known.layers[b].name]
    if len(spoken) < 4:
        return 0.0
    share = sum(ours == theirs for ours, theirs in spoken) / len(spoken)
    return NAMED * share if share > 0.5 else 0.0
