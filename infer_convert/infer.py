"""Facts -> plans: the whole inference as one function."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from infer_convert.assemble import from_library
from infer_convert.assemble.across import read_across, with_swaps
from infer_convert.assemble.asked import told_apart
from infer_convert.assemble.chains import check_any, sequential, stripped
from infer_convert.assemble.cuts import cut_chain
from infer_convert.assemble.decide import Context, plan_of
from infer_convert.assemble.distinct import assignment, distinct
from infer_convert.assemble.dtypes import with_stored_dtypes
from infer_convert.assemble.formats import with_formats
from infer_convert.assemble.frozen import with_frozen
from infer_convert.assemble.graphs import obey, wire
from infer_convert.assemble.joined import joined
from infer_convert.assemble.known_order import in_known_order
from infer_convert.assemble.layout import channels_first, hints_inside, with_stored_layout
from infer_convert.assemble.nested import Way, following, inner_facts, nested_reading
from infer_convert.assemble.numbers import Numbers, decoded, flattened, weighed
from infer_convert.assemble.operands import inbound_decisions
from infer_convert.assemble.oriented import oriented
from infer_convert.assemble.otherwise import otherwise
from infer_convert.assemble.rare import with_rare_settings
from infer_convert.assemble.regroup import regrouped
from infer_convert.assemble.reorder import reordered
from infer_convert.assemble.revise import revised
from infer_convert.assemble.settle import Settled, SettledDraft, settle
from infer_convert.assemble.towers import towers
from infer_convert.assemble.typed import Typed, type_layers
from infer_convert.assemble.unnamed import beside, in_a_row, merged, spelled
from infer_convert.assemble.wholes import wholes_of
from infer_convert.clues.settings.strips import strip
from infer_convert.confidence import LIBRARY, calibrated
from infer_convert.configs import has_config, plan_from_config
from infer_convert.draft import Draft
from infer_convert.errors import NoArchitecture
from infer_convert.facts import METRIC_STATE, StoredLayer, WeightFile
from infer_convert.hints import Hints, inner_hints
from infer_convert.inference import Inference, LeftOver
from infer_convert.kinds import check_kinds
from infer_convert.layers.card import Shape
from infer_convert.layers.recognise import Reading
from infer_convert.limits import DEFAULT, Limits, check_model
from infer_convert.plan import Plan
from infer_convert.processes.collector import few_collections
from infer_convert.processes.threads import one_thread
from infer_convert.solve import patience

MOST_PLANS, MOST_MADE, LEAST_MADE = 10, 16, 0.0005
"""Plans of an inference; candidates that are made into plans, some of which are one model; what share of the best one's
a candidate must have."""
ALWAYS_MADE, MOST_LAYERS_MADE = 5, 4_000
"""Plans that even the largest nets get, and layers of all plans behind which there are no others: a plan of 800 layers
takes a quarter of a second, with ten of them more than everything before."""
MOST_SETTLED = 7
"""Drafts whose sizes are solved, the likeliest first; more only while none of them fits."""
NUMBERED = 0.2
"""Share of a chain that is read as people write such nets, against 1 for the wirings of the list (set by hand)."""
LIKELY = 0.25
"""Drafts whose share is at least this part of the likeliest one's are settled with more care."""
MOST_SETTINGS, MOST_INNER = 8, 64
"""Assignments of one draft that are looked at; more in nested models, whose result's shape the outer model may need."""
MOST_ASKS = 6
"""Questions that a failure ends with."""
MOST_WAYS = 10
"""Plans of a nested model that the outer model chooses from."""
_UNWEIGHED = (
    "activation",
    "arguments",
    "class_name",
    "epsilon",
    "negative_slope",
    "max_value",
    "recurrent_activation",
    "mask_zero",
    "alpha",
    "theta",
    "interpolation",
    "scale",
)
"""Fields that neither wiring nor sizes weigh."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    draft_number: int
    settled: Settled
    share: float


def infer(
    facts: WeightFile, hints: Hints | None = None, tensors: object | None = None, limits: Limits = DEFAULT
) -> Inference:
    """The likeliest architectures of a weight file, best first.

    Tensor data is read only where ``hints.numbers`` allows it and ``tensors`` (a TensorStore) is there. Raises
    UsageError for a hint that no layer takes, NoArchitecture, with the failing constraints as its causes, when nothing
    satisfies the file, and RefusedForSafety when nothing is found in ``limits.infer_seconds`` of processor time, or
    when the tensors of a small file would become a large model.
    """
    if tensors is not None:
        check_model("the model", (tensor.nbytes for tensor in facts.all_tensors()), facts.bytes, limits)
    hints = hints or Hints()
    check_kinds(hints)
    with patience.bounded(limits.infer_seconds), few_collections(), one_thread():
        if has_config(facts):
            return plan_from_config(facts, hints, tensors)
        found = uncalibrated(facts, hints, tensors)
        plans = (with_stored_layout(plan, facts, hints) for plan in calibrated(found.plans))
        plans = (with_frozen(with_stored_dtypes(with_swaps(plan)), facts) for plan in plans)
        return replace(found, plans=tuple(plans))


def uncalibrated(facts: WeightFile, hints: Hints | None = None, tensors: object | None = None) -> Inference:
    """The same for files without a config, with the shares as the clues give them: what ``confidence`` is fitted on."""
    said = hints_inside(hints or Hints(), facts)
    numbers = Numbers.of(tensors, said, channels_first(facts))
    facts = regrouped(facts, from_library.overlapping(said))
    nests = any(inner_facts(layer, facts) is not None for layer in facts.layers)
    ways = [{}, *([{"handed_on": False}] if said.input_shapes and nests else []), {"rare": True}, {"across": True}]
    first: NoArchitecture | None = None
    for way in ways:
        try:
            return _infer(facts, said, numbers, **way)
        except NoArchitecture as error:
            first = first or error
    assert first is not None
    raise first


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Candidates, likeliest first, and what turns each of them into a plan."""

    candidates: tuple[_Candidate, ...]
    context: Context
    numbers: Numbers | None

    def plan(self, candidate: _Candidate) -> Plan:
        """With the candidate's share times what sizes and wiring do not weigh as its confidence."""
        plan = plan_of(candidate.settled, self.context)
        plan = with_formats(plan, candidate.settled, self.numbers, self.context.facts)
        plan = revised(plan, self.numbers)
        return replace(plan, confidence=candidate.share * _settled_confidence(plan))


def _infer(
    facts: WeightFile,
    hints: Hints,
    numbers: Numbers | None,
    rare: bool = False,
    handed_on: bool = True,
    across: bool = False,
) -> Inference:
    found = _weighed(facts, hints, numbers, rare, handed_on, across=across)
    made: list[Plan] = []
    candidates = _models(found.candidates)
    for candidate in candidates[:MOST_MADE]:
        if made and (patience.hurried() or candidate.share < LEAST_MADE * candidates[0].share):
            break
        if len(made) >= ALWAYS_MADE and sum(len(plan.layers) for plan in made) > MOST_LAYERS_MADE:
            break
        made.append(found.plan(candidate))
    rows = distinct(made)
    best = max(rows, key=lambda row: row[1])
    rows = [best, *(row for row in rows if row is not best)]
    first, *others = [replace(plan, confidence=min(1.0, share)) for plan, share, _ in rows]
    others += otherwise(first, MOST_PLANS - 1)
    plans = [first, *sorted(others, key=lambda plan: -plan.confidence)]
    left_over, wholes = tuple(_left_over(facts, plans[0])), wholes_of(candidates[best[2]].settled)
    return Inference(facts, tuple(plans[:MOST_PLANS]), left_over, wholes=wholes)


def _models(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """The candidates with those that make the same model as one before added to it, likeliest first."""
    found: dict[object, _Candidate] = {}
    for candidate in candidates:
        key = candidate.draft_number, assignment(candidate.settled)
        before = found.setdefault(key, candidate)
        if before is not candidate:
            found[key] = replace(before, share=before.share + candidate.share)
    return sorted(found.values(), key=lambda candidate: -candidate.share)


def _weighed(
    facts: WeightFile,
    hints: Hints,
    numbers: Numbers | None,
    rare: bool = False,
    handed_on: bool = False,
    inner: bool = False,
    across: bool = False,
) -> _Weighed:
    """``handed_on``: a nested model may be what the input's shape was told for; ``across``: pools and upsamplings take
    rows and channels."""

    def infer_nested(inside: WeightFile, name: str, fixed: tuple[Shape, ...]) -> tuple[Way, ...]:
        told = inner_hints(hints, name)
        if fixed and not told.input_shapes:
            return infer_inner(inside, replace(told, input_shapes={"": fixed}), numbers)
        shapes = dict.fromkeys(shape for each in hints.input_shapes.values() for shape in each)
        for shape in shapes if handed_on and not told.input_shapes else ():
            with suppress(NoArchitecture):
                return infer_inner(inside, replace(told, input_shapes={"": (shape,)}), numbers)
        return infer_inner(inside, told, numbers)

    def nest(layer: StoredLayer) -> Reading | None:
        return nested_reading(layer, facts, infer_nested, following(layer, facts.layers))

    typed = type_layers([layer for layer in facts.layers if _matters(layer.name)], facts, hints, nest, rare)
    if across and (turned := read_across(typed)) != typed:
        typed = turned
    elif across:
        raise NoArchitecture("no layer takes rows and channels for its two axes", ())
    typed, facts = in_known_order(typed, facts, hints)
    typed = typed if facts.lists_weightless else oriented(typed, numbers)
    check_any(typed)
    known = from_library.propose(typed, facts, hints)
    drafts: list[tuple[Draft, float]] = [(item.draft, item.share) for item in known]
    candidates = [
        _Candidate(number, settled, item.share * settled.share)
        for number, item in enumerate(known)
        for settled in item.settled
    ]
    rest = 1.0 - math.fsum(item.share for item in known)
    causes: list[SettledDraft] = []
    if rest > from_library.NEGLIGIBLE or not candidates:
        best = MOST_INNER if inner else MOST_SETTINGS
        candidates, causes = _with_own(candidates, drafts, rest, typed, facts, hints, numbers, best, rare)
    if not candidates:
        asks = tuple(dict.fromkeys(ask for cause in causes for ask in cause.asks))[:MOST_ASKS]
        said = tuple(dict.fromkeys(cause.cause for cause in causes))
        raise NoArchitecture(f"no architecture satisfies the file: {told_apart(said, asks)}", said, asks=asks)
    candidates = _remembered(candidates, flattened([item.settled for item in candidates], numbers))
    by_name = {entry.stored.name: entry for entry in _as_read(typed, facts)}
    inbound = inbound_decisions(drafts, _draft_shares(candidates), hints, not facts.lists_weightless)
    classes = _class_shares(drafts, candidates)
    context = Context(facts, by_name, hints, inbound=inbound, classes=classes, inner=inner)
    return _Weighed(tuple(candidates), context, numbers)


def infer_inner(facts: WeightFile, hints: Hints, numbers: Numbers | None = None) -> tuple[Way, ...]:
    """The likeliest plan of a nested model and those with other shapes of inputs and outputs, with their shares: which
    of them it is, the outer model's sizes may tell. Raises NoArchitecture."""
    found = _weighed(facts, hints, numbers, inner=True)
    kept: dict[object, Way] = {}
    for candidate in found.candidates:
        settled = candidate.settled
        given = [item for item, layer in enumerate(settled.draft.layers) if layer.class_name == "InputLayer"]
        result = (
            tuple(settled.shapes[item, 0] for item in given),
            tuple(settled.shapes[item] for item in settled.draft.outputs),
        )
        if result not in kept and len(kept) < MOST_WAYS:
            kept[result] = Way(found.plan(candidate), settled, candidate.share)
    return tuple(kept.values())


def _with_own(
    candidates: list[_Candidate],
    drafts: list[tuple[Draft, float]],
    rest: float,
    typed: tuple[Typed, ...],
    facts: WeightFile,
    hints: Hints,
    numbers: Numbers | None,
    best: int,
    rare: bool,
) -> tuple[list[_Candidate], list[SettledDraft]]:
    """The candidates of known architectures and, with the share that these leave, those of a net of its own."""
    failure: NoArchitecture | None = None
    try:
        own = weighed(_drafts(typed, facts, hints, numbers, rare), numbers, hints)
    except NoArchitecture as error:
        own, failure = [], error
    found, causes = _settled(own, hints, best)
    refuted = [] if found else [_unscored(draft) for draft, _ in own]
    done = found or candidates or failure is not None or any(draft.guessed for draft, _ in own)
    for way, told in () if done else _other_ways(typed, hints):
        with suppress(NoArchitecture):
            made = weighed(_drafts(way, facts, told, numbers, rare), numbers, told)
            own = [(draft, share) for draft, share in made if _unscored(draft) not in refuted]
            found, _ = _settled(own, told, best)
            refuted += [_unscored(draft) for draft, _ in own]
        if found:
            break
    resort = None if found or candidates else _last_resort(typed, facts, hints, rare)
    if resort is not None:
        own = obey([(resort, 1.0)], hints)
        found, _ = _settled(own, hints, best)
    if failure is not None and not found and not candidates:
        raise failure
    first = len(drafts)
    drafts.extend(own)
    found = [replace(item, draft_number=item.draft_number + first, share=item.share * rest) for item in found]
    return _ranked([*candidates, *found]), causes


def _unscored(draft: Draft) -> Draft:
    """As the sizes see it: what suits one suits its like, however likely their wiring is."""
    return replace(draft, log_score=0.0, heard=0.0)


def _last_resort(typed: tuple[Typed, ...], facts: WeightFile, hints: Hints, rare: bool) -> Draft | None:
    """What is tried when no usual draft suits: towers side by side, or slices that the list does not show."""
    if facts.generation in TOWERS and not any(entry.is_input() for entry in typed):
        return towers(typed, hints)
    return cut_chain(typed) if rare and facts.lists_weightless and not _unordered(typed, facts) else None


TOWERS = ("keras0", "keras1")
"""Generations whose Sequential may begin with a ``Merge`` of others; in a dump a fork breaks a chain as often."""


def _other_ways(typed: tuple[Typed, ...], hints: Hints) -> Iterator[tuple[tuple[Typed, ...], Hints]]:
    """What else to try where no sizes suit any wiring: only the readings that names speak for (to the wiring an unknown
    layer may do anything, to sizes nothing); then without likenesses, which may call for edges that do not fit."""
    clear = tuple(
        replace(entry, readings=tuple(r for r in entry.readings if r.log_prior > entry.best.log_prior - CLEAR))
        for entry in typed
    )
    if clear != typed:
        yield clear, hints
    if hints.library:
        yield clear, replace(hints, library=False)


CLEAR = 2.5
"""Nats between the readings that a name speaks for and the rest."""


def _ranked(candidates: list[_Candidate]) -> list[_Candidate]:
    return sorted(candidates, key=lambda item: -item.share)


def _matters(name: str) -> bool:
    return name != "top_level_model_weights"


def _drafts(
    typed: tuple[Typed, ...], facts: WeightFile, hints: Hints, numbers: Numbers | None, rare: bool = False
) -> list[tuple[Draft, float]]:
    found = obey(_usual_drafts(typed, facts, hints, numbers), hints)
    return [(with_rare_settings(draft) if rare or strip(draft) else draft, share) for draft, share in found]


def _usual_drafts(
    typed: tuple[Typed, ...], facts: WeightFile, hints: Hints, numbers: Numbers | None
) -> list[tuple[Draft, float]]:
    if _unordered(typed, facts):
        return [(stripped(way), share) for way, share in reordered(typed)]
    if not facts.lists_weightless:
        chain = (stripped([entry for entry in typed if entry.stored.tensors]), 1.0)
        told = decoded(typed, numbers, hints)
        return [*(told or joined(typed)), chain]
    if not any(entry.is_input() for entry in typed):
        return [(sequential(way), share) for way, share in _spelled(typed, facts)]
    wired = list(wire(typed, hints, from_library.affinity(typed, facts, hints)))
    ways = _spelled(typed, facts)
    return [*wired, *((sequential(way), NUMBERED * share) for way, share in ways if way != typed and in_a_row(way))]


def _unordered(typed: tuple[Typed, ...], facts: WeightFile) -> bool:
    """Whether nothing but the numbers of channels tells the order of the layers."""
    return facts.order == "lost" and not any(entry.is_input() for entry in typed)


def _as_read(typed: tuple[Typed, ...], facts: WeightFile) -> tuple[Typed, ...]:
    """The list with the readings of layers that have no name."""
    if not facts.lists_weightless or _unordered(typed, facts):
        return typed
    found = merged(typed, _spelled(typed, facts))
    return beside(typed, found, NUMBERED) if any(entry.is_input() for entry in typed) else found


def _spelled(typed: tuple[Typed, ...], facts: WeightFile) -> tuple[tuple[tuple[Typed, ...], float], ...]:
    """A list without names may begin with an InputLayer in all generations but Keras 0, whose Sequential models list
    none."""
    return spelled(typed, facts.generation != "keras0")


def _settled(drafts: list[tuple[Draft, float]], hints: Hints, best: int) -> tuple[list[_Candidate], list[SettledDraft]]:
    found: list[tuple[int, Settled, float]] = []
    causes: list[SettledDraft] = []
    for number, (draft, share) in enumerate(drafts):
        if found and (number >= MOST_SETTLED or patience.hurried()):
            break
        result = settle(draft, hints, best, share >= LIKELY * drafts[0][1])
        if not result.answers:
            causes.append(result)
            continue
        found.extend((number, answer, math.log(max(share, 1e-12)) + result.log_mass) for answer in result.answers)
    if not found:
        return [], causes
    top = max(score for _, _, score in found)
    masses = {number: math.exp(score - top) for number, _, score in found}
    total = math.fsum(masses.values())
    candidates = []
    for number, settled, _ in found:
        sure = GUESSED if drafts[number][0].guessed else 1.0
        candidates.append(_Candidate(number, settled, masses[number] / total * settled.share * sure))
    return sorted(candidates, key=lambda item: -item.share), causes


GUESSED = 0.02
"""How likely wirings found by copying cells are right as wholes: of one net, the only one known that needs them, a
fifth of the edges was wrong."""


def _remembered(candidates: list[_Candidate], nats: list[float]) -> list[_Candidate]:
    """Shares revised by what the numbers say about sizes; their sum stays."""
    if not any(nats):
        return candidates
    weights = [item.share * math.exp(value) for item, value in zip(candidates, nats, strict=True)]
    whole = math.fsum(item.share for item in candidates) / math.fsum(weights)
    revised_ones = [replace(item, share=w * whole) for item, w in zip(candidates, weights, strict=True)]
    return sorted(revised_ones, key=lambda item: -item.share)


def _settled_confidence(plan: Plan) -> float:
    """Probability that everything the sizes and the wiring do not weigh is right too; a reason shared by several
    layers counts once."""
    seen: set[tuple[str, object, str]] = set()
    confidence = 1.0
    for _, layer in plan.walk():
        for decision in layer.decisions:
            if decision.field not in _UNWEIGHED or (decision.evidence and decision.evidence[0].clue == LIBRARY):
                continue
            key = decision.reason(layer.name)
            if key not in seen:
                seen.add(key)
                confidence *= decision.confidence
    return confidence


def _draft_shares(candidates: list[_Candidate]) -> dict[int, float]:
    """By draft, the share of its candidates, the likeliest candidate's first."""
    shares: dict[int, float] = {}
    for candidate in candidates:
        shares[candidate.draft_number] = shares.get(candidate.draft_number, 0.0) + candidate.share
    return shares


def _class_shares(drafts: list[tuple[Draft, float]], candidates: list[_Candidate]) -> dict[str, dict[str, float]]:
    """By layer, the share of the candidates in which it is of each class."""
    result: dict[str, dict[str, float]] = {}
    total = math.fsum(candidate.share for candidate in candidates)
    for candidate in candidates:
        for layer in drafts[candidate.draft_number][0].layers:
            shares = result.setdefault(layer.name, {})
            shares[layer.class_name] = shares.get(layer.class_name, 0.0) + candidate.share / total
    return result


def _left_over(facts: WeightFile, plan: Plan) -> list[LeftOver]:
    used = {source for _, layer in plan.walk() for use in layer.weights for source in use.sources}
    rest = [
        LeftOver(tensor.path, "no layer of the model has a place for it")
        for tensor in facts.all_tensors()
        if tensor.path not in used
    ]
    return rest + [LeftOver(path, reason) for path, reason in facts.unread if reason != METRIC_STATE]
