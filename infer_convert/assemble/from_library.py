"""Known architectures as drafts: evidence with a weight, which must satisfy the file like any other draft.

A match of a reference's beginning (or of all of it) becomes a draft with the reference's wiring and settings and the
file's names; what the file has behind it follows as a chain. Shapes decide whether the draft can be: settings that
contradict the file are given up one by one first (``preferred`` is a prior), and the draft as a whole when nothing
fits. A match somewhere inside only informs the wiring and the settings there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from infer_convert.assemble.calls import layer_of
from infer_convert.assemble.channels import clash
from infer_convert.assemble.graphs import Known as KnownEdges
from infer_convert.assemble.graphs import pinned_orders
from infer_convert.assemble.settle import Settled, SettledDraft, settle
from infer_convert.assemble.sides import OTHER_WAY_ROUND
from infer_convert.assemble.transplant import ZEROS, transplant
from infer_convert.assemble.typed import Typed
from infer_convert.clues.settings.blocks import PADDING
from infer_convert.draft import Draft, Preferred
from infer_convert.facts import WeightFile
from infer_convert.hints import Hints
from infer_convert.layers.wrappers import unwrapped
from infer_convert.library.families import with_alike
from infer_convert.library.match import Match, Seen, overlap
from infer_convert.library.recalled import matches
from infer_convert.library.references import Shapes
from infer_convert.plan import WeightUse

NEGLIGIBLE = 0.01
"""Share left for a net of its own under which it is not worked out."""
CONTRADICTED = -3.0
"""Nats for a draft of which the file's shapes leave only a part of the settings."""
SURE = 9.0
"""More nats than this no match has: a copy with one line changed looks the same."""
MANY, ANEW, ALIKE = 40, 0.5, 3.0
"""Layers with weights of the very shapes that make a copy certain; probability of a reference's activation in a net
that has fewer; layers of a net without any difference that divide what is left of the doubt by e (set by hand: .74 for
a LeNet's four, .93 for eight layers; the few whole matches of the corpus are all right)."""
COPIED = 0.6
"""Part of the layers with the very shapes from which on a net counts as a copy with changes (set by hand)."""
STRENGTH = 3.0
"""Nats for or against an edge where a part of the file matches."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draft from the library that satisfies the file, its settings, and its probability."""

    draft: Draft
    settled: tuple[Settled, ...]
    share: float


def _matches(typed: Sequence[Typed], facts: WeightFile, hints: Hints) -> tuple[Match, ...]:
    if not hints.library or facts.order == "lost":
        return ()
    return matches([seen(entry) for entry in typed], facts.lists_weightless, with_alike(hints.without_families))


def overlapping(hints: Hints) -> Callable[[Sequence[Shapes]], int] | None:
    """How much of a sequence of layers some known architecture has; None where the library is off."""
    without = with_alike(hints.without_families)
    return (lambda shapes: overlap(shapes, without)) if hints.library else None


def seen(entry: Typed) -> Seen:
    """A layer as the matcher compares it."""
    readings = entry.readings
    inner = readings[0].fit.config.get("_plan") if readings else None
    if inner is not None:
        stored = {tensor.path: tensor.shape for tensor in entry.stored.all_tensors()}
        inside = [use for _, layer in inner.walk() for use in layer.weights]
        shapes = [shape for use in inside for shape in _as_kept(use, stored)]
    else:
        shapes = [use.shape for use in readings[0].fit.uses]
    classes = {reading.class_name: reading.log_prior for reading in reversed(readings)}
    # A number alone (how often a Normalization was adapted) is in no reference.
    return Seen(tuple(sorted(shape for shape in shapes if shape)), classes, entry.stored.name)


def _as_kept(use: WeightUse, stored: Mapping[str, tuple[int, ...]]) -> Shapes:
    """The shapes of a variable as references say them: those of the stored tensors where these are transformed."""
    return tuple(stored[path] for path in use.sources) if use.transforms else (use.shape,)


def kept(match: Match) -> float:
    """Probability that someone who copied this much kept a given setting: people change one, in small nets sooner."""
    likeness = match.exact / match.matched
    size = min(1.0, match.matched / 30)
    return 0.9 + 0.095 * likeness * size if likeness > COPIED else 0.85 + 0.1 * size


def traceless(match: Match) -> float:
    """The same for what no shape confirms: small nets are written anew more often than copied, and what agrees in
    windows and ranks alone says nothing. Where nothing at all differs, every layer more makes chance less likely."""
    likeness = match.exact / match.matched
    if match.exact >= MANY and likeness > COPIED:
        return 1.0
    if match.whole and match.exact == match.matched:
        return 1.0 - (1.0 - ANEW) * math.exp(-(match.exact - 2) / ALIKE)
    return ANEW * min(1.0, likeness / COPIED)


def _operand_habit(draft: Draft) -> float:
    """Nats against joins with the upsampled operand last, where the order leaves no trace in the file: references with
    the same tensors differ in it."""
    first = last = 0
    for layer in draft.layers:
        if layer.class_name == "Concatenate" and layer.operands and len(layer.operands[0]) == 2:
            one, other = (_grown(draft, producer) for producer, _ in layer.operands[0])
            first, last = first + (one and not other), last + (other and not one)
    return math.log(OTHER_WAY_ROUND / (1 - OTHER_WAY_ROUND)) if last > first else 0.0


def _grown(draft: Draft, index: int) -> bool:
    """Whether a tensor was upsampled at most three layers before."""
    for _ in range(4):
        layer = draft.layers[index]
        if layer.class_name.startswith("UpSampling") or layer.class_name.endswith("Transpose"):
            return True
        if not layer.operands or len(layer.operands[0]) != 1:
            return False
        index = layer.operands[0][0][0]
    return False


def propose(typed: Sequence[Typed], facts: WeightFile, hints: Hints) -> tuple[Proposal, ...]:
    """Settled drafts of known architectures, the likeliest first; none when the library is off or nothing matches."""
    found: dict[object, tuple[Draft, tuple[Settled, ...], float, Match]] = {}
    matching = _matches(typed, facts, hints)
    above = max(0.0, matching[0].log_weight - SURE) if matching else 0.0
    for match in matching:
        draft = transplant(match, typed, facts.lists_weightless, kept(match))
        if draft is None or not _obeys(draft, hints):
            continue
        weight = match.log_weight - above + _operand_habit(draft)
        if weight < -SURE:
            break
        settled = SettledDraft((), -math.inf) if clash(draft) else settle(pinned(draft, hints), hints)
        if not settled.answers:
            draft = transplant(match, typed, facts.lists_weightless, kept(match), soft=True)
            if draft is None or clash(draft):
                continue
            settled = settle(draft, hints)
            weight += CONTRADICTED + min(0.0, settled.log_mass)
        if not settled.answers:
            continue
        key = _key(settled.answers[0])
        if key not in found or found[key][2] < weight:
            found[key] = (draft, settled.answers, weight, match)
    if not found:
        return ()
    # Variants with the same facts share what one of them would get: their number is no evidence.
    weights = [weight for _, _, weight, _ in found.values()]
    best = max(weights)
    together = 1 / (1 + math.exp(-best))
    total = math.fsum(math.exp(weight - best) for weight in weights)
    shares = [together * math.exp(weight - best) / total for weight in weights]
    rows = [
        (draft, answers, share, match) for (draft, answers, _, match), share in zip(found.values(), shares, strict=True)
    ]
    proposals = []
    for place, (draft, answers, share, match) in enumerate(rows):
        rivals = [(other, part) for number, (other, _, part, _) in enumerate(rows) if number != place]
        informed = _with_rivals(draft, rivals, together, traceless(match))
        moved = tuple(replace(answer, draft=replace(answer.draft, preferred=informed)) for answer in answers)
        proposals.append(Proposal(replace(draft, preferred=informed), moved, share))
    return tuple(sorted(proposals, key=lambda item: -item.share))


def _with_rivals(
    draft: Draft, rivals: Sequence[tuple[Draft, float]], together: float, loose: float
) -> dict[int, Preferred]:
    """The draft's known settings with the shares of what its rivals have in the same layers."""
    places = [({layer.name: index for index, layer in enumerate(other.layers)}, other, part) for other, part in rivals]
    result = {}
    for index, known in draft.preferred.items():
        others = {}
        for field, value in known.config.items():
            found = []
            for place, other, part in places:
                twin = other.preferred.get(place.get(draft.layers[index].name, -1))
                if twin is not None and field in twin.config and twin.config[field] != value:
                    found.append((twin.config[field], part / together))
            if found:
                others[field] = tuple(found)
        result[index] = replace(known, trust=known.trust * together, others=others, loose=loose)
    return result


def _key(settled: Settled) -> object:
    """What two references must share to be one answer."""
    quiet = ("rate", "mean", "variance")
    return tuple(
        (
            layer.class_name,
            layer.operands,
            repr(
                sorted(
                    (key, value)
                    for key, value in {**settled.draft.preferred[index].config, **settled.config(index)}.items()
                    if key not in quiet and not key.startswith("_")
                )
            )
            if index in settled.draft.preferred
            else "",
        )
        for index, layer in enumerate(settled.draft.layers)
        if layer.class_name not in ("Dropout", "InputLayer")
    )


def pinned(draft: Draft, hints: Hints) -> Draft:
    """The draft with the user's answers in place of the reference's settings."""
    if not hints.answers:
        return draft
    layers = []
    for layer in draft.layers:
        mine = {field: value for (name, field), value in hints.answers.items() if name == layer.name}
        sizes = {field: value for field, value in mine.items() if field in layer.config}
        layers.append(replace(layer, config={**layer.config, **sizes}))
    return replace(draft, layers=tuple(layers))


COMMUTATIVE = ("Add", "Multiply", "Average", "Maximum", "Minimum")
"""Merges whose operands have no order."""


def _obeys(draft: Draft, hints: Hints) -> bool:
    """Whether classes, operands and outputs that the user names are the draft's."""
    number = {layer.name: index for index, layer in enumerate(draft.layers)}
    for (name, field), value in hints.answers.items():
        if name not in number:
            continue
        layer = draft.layers[number[name]]
        if field == "class_name" and layer.class_name != value:
            return False
        if field == "inbound":
            mine = [[draft.layers[item].name for item, _ in call] for call in layer.operands]
            told = [[layer_of(each, number) for each in call] for call in pinned_orders(hints)[name]]
            alike = sorted if layer.class_name in COMMUTATIVE else list
            if [alike(call) for call in mine] != [alike(call) for call in told]:
                return False
    return not hints.outputs or list(hints.outputs) == [draft.layers[item].name for item, _ in draft.outputs]


def affinity(typed: Sequence[Typed], facts: WeightFile, hints: Hints) -> KnownEdges | None:
    """What the weightiest match says about edges and settings, for a net that is not the known one as a whole."""
    matches = _matches(typed, facts, hints)
    if not matches or matches[0].log_weight < STRENGTH:
        return None
    match = matches[0]
    place = {theirs: ours for ours, theirs in match.pairs}
    trust = kept(match) / (1 + math.exp(-min(match.log_weight, SURE)))
    operands: dict[int, frozenset[int]] = {}
    preferred: dict[int, Preferred] = {}
    for ours, theirs in match.pairs:
        layer = match.reference.layers[theirs]
        producers = [item for call in layer.operands for item, _ in call]
        if producers and all(item in place for item in producers):
            operands[ours] = frozenset(place[item] for item in producers)
        if layer.class_name == typed[ours].best.class_name and layer.class_name not in ("InputLayer", "Reshape"):
            fixed = typed[ours].best.fit.config
            told = unwrapped(layer.class_name, layer.config)
            lacks = any(item not in place and match.reference.layers[item].class_name in PADDING for item in producers)
            untold = ZEROS if lacks else frozenset()
            config = {key: value for key, value in told.items() if key not in fixed and key not in untold}
            preferred[ours] = Preferred(config, trust, match.because, loose=traceless(match), untold=untold)
    return KnownEdges(operands, preferred, STRENGTH)
