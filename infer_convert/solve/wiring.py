"""From an ordered list of items to the graphs that explain it: a backward parser with a beam.

Keras lists the layers of a functional model by falling depth, ties in the order of a walk from the outputs (see
``order.py``). Reading the list backward, every item must fill at least one open operand of the depth group just placed,
so that most choices vanish (``moves.py``). What remains is a distribution over the moves of a step: a log-linear model
of features (``features.py``) with fitted weights, which sees the kinds of layers, names, spans, and whether a choice
repeats one that was made in the same context (real nets are motifs repeated).

Every answer is checked by simulating Keras' order on it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from infer_convert.solve.bundles import bound, bundled
from infer_convert.solve.causes import nothing_gives, nothing_open
from infer_convert.solve.cells import RIGHT, completed
from infer_convert.solve.copies import twins
from infer_convert.solve.fans import fanning, fans
from infer_convert.solve.features import Affinity, Names, Scene, Weights
from infer_convert.solve.finish import complete
from infer_convert.solve.flips import flipped
from infer_convert.solve.follow import after, fills
from infer_convert.solve.heads import blended
from infer_convert.solve.hidden import Expanded, expanded, likewise
from infer_convert.solve.items import Item, Wiring
from infer_convert.solve.moves import Move, Rules, moves
from infer_convert.solve.norms import normed
from infer_convert.solve.pace import Pace
from infer_convert.solve.pyramids import TOLD, may_have_levels, with_levels
from infer_convert.solve.roles import surprise
from infer_convert.solve.state import State
from infer_convert.solve.steps import Step, steps
from infer_convert.solve.supply import Supply, supplies
from infer_convert.solve.twins import in_order, once, unlike
from infer_convert.solve.weights import weights
from infer_convert.solve.whole import features, score
from infer_convert.solve.widths import adds_up

BEAM = 96
"""States kept after each item of a small net; of a large one fewer, see ``affordable``."""
LEAST_BEAM = 14
"""States kept after each item of the largest nets: there the motifs of the first blocks guide the others."""
EXPANSIONS = 4500
"""Items x states that are expanded: with 12 or with 64 states the best answers of the applications are the same."""
WIDER = 5
"""How much wider the beam is when a narrow one has lost every wiring."""
PER_FRONTIER = 48
"""States kept with the same open operands; the rest differ only in what is already settled."""
PER_WAITING = 2
"""States with the same number of open operands take at most this part of the beam: putting a decision off looks cheap
until late."""
LONG = 450
"""Items of a list in which full sums are closed behind ``FARTHEST`` depths, for time: open ones are looked at in every
step. In shorter ones they stay, as they did when the weights were fitted."""
FARTHEST = 24
MOST_CALLS = 5
"""Calls of one layer."""
ODD = 10.0
"""Nats that a wiring found by widening may cost: true ones cost up to 8, also of the largest nets, and where the list
is read wrongly (kernels that are not what they seem) a wide search finds something all the same."""
REPEATED = 0.5
"""Share of a list that must stand in it more than once, for its cells to be copied."""
NEEDED = 2.0
"""Nats that sums which no list shows must save an odd wiring before they are believed."""
ADDS_UP = 0.04
"""Nats that the choices of every layer may add to what is odd."""
WORST = 16.0
"""States this many nats behind the best are dropped."""
WORK = 12_000_000
"""Units of one search, up to a microsecond each; a search that needs more gets a narrower beam."""
MORE_WORK = 4
"""How much more a search may work that comes after one without any wiring, unless the list is long."""
MOVE, STEP, STATE = 40, 20, 100
"""Units of finding a move, of weighing it in one state, and of a state; every open operand that is looked at is one."""


def _silent(producer: int, consumer: int) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class WiringProblem:
    """The items, what else speaks for single edges (``affinity`` in nats, ``names`` as fitted words), and how many
    outputs there are when that is known. ``hidden`` allows sums that the list does not show; ``roles`` are the items'
    roles as their names tell (``roles.py``), empty where they tell none."""

    items: tuple[Item, ...]
    affinity: Affinity
    outputs: int | None = None
    names: Names = _silent
    hidden: bool = False
    roles: tuple[str, ...] = ()

    @property
    def calls(self) -> tuple[int, ...]:
        """How often layers may be called besides once: twice where two tensors of one kind can come from, in nets with
        several inputs or with two global pools, and as often as there are inputs."""
        inputs = sum(item.variants[0].operands[1] == 0 for item in self.items)
        twice = inputs > 1 or sum(item.variants[0].label == "GlobalPool" for item in self.items) > 1
        return ((2, inputs) if 2 < inputs <= MOST_CALLS else (2,)) if twice else ()

    def rules(self, all_subsets: bool = False) -> Rules:
        """The search's rules."""
        farthest = FARTHEST if len(self.items) > LONG else math.inf
        return Rules(self.outputs, self.hidden, self.calls, all_subsets, farthest)


@dataclass(frozen=True, slots=True)
class WiringResult:
    """Wirings, best first (empty when none fits) and the item where every reading failed, with the reason;
    ``places`` are that item and those that still lack an operand there. ``cost`` are the parser's nats for the wiring
    that it finds likeliest; ``narrowed`` tells that the search kept fewer states than it was asked to, for its work."""

    wirings: tuple[Wiring, ...]
    failed_at: int | None = None
    cause: str = ""
    places: tuple[int, ...] = ()
    cost: float = 0.0
    narrowed: bool = False


def affordable(count: int) -> int:
    """The beam for a list of ``count`` items, so that time grows no worse than linearly."""
    return max(LEAST_BEAM, min(BEAM, EXPANSIONS // max(count, 1)))


def solve(
    problem: WiringProblem,
    beam: int | None = None,
    learned: Weights | None = None,
    worst: float = math.inf,
    work: float = WORK,
) -> WiringResult:
    """The best wirings of ``problem``.

    ``probability`` of each is its share of the exponentiated scores among the complete states of the beam. Work grows
    with items x beam; ``beam`` is ``affordable`` when not given, and becomes narrower beyond ``work``. Wirings that
    cost the parser more than ``worst`` nats are none. Raises RefusedForSafety when ``patience`` ends.
    """
    learned = weights() if learned is None else learned
    dearest = worst if worst < math.inf and _only_costs(problem) else math.inf
    found = candidates(problem, beam, learned, dearest, work)
    if isinstance(found, WiringResult):
        return found
    likely = [wiring for wiring in found if -wiring.log_score <= worst]
    least = -max(wiring.log_score for wiring in found)
    if not likely:
        return WiringResult((), 0, f"the likeliest wiring would need choices that are too odd ({least:.0f} nats)")
    return WiringResult(_ranked([_judged(problem, learned, wiring) for wiring in likely]), cost=least)


def _only_costs(problem: WiringProblem) -> bool:
    """Whether nothing speaks for any edge: then the cost of a state never falls."""
    count = len(problem.items)
    return all(problem.affinity(producer, item) >= 0 for item in range(count) for producer in range(item))


def candidates(
    problem: WiringProblem, beam: int | None, learned: Weights, dearest: float = math.inf, work: float = WORK
) -> list[Wiring] | WiringResult:
    """The wirings that are weighed as wholes, with the parser's own scores; a result that tells why, when there are
    none. States that cost more than ``dearest`` nats are dropped on the way."""
    beam = affordable(len(problem.items)) if beam is None else beam
    scene = Scene(problem.items, learned, problem.affinity, problem.names)
    last = len(problem.items) - 1
    states = [State(last)]
    supply = supplies(problem.items)
    rules = problem.rules()
    pace = Pace(work, len(problem.items), beam)
    for index in range(last, -1, -1):
        states_before, states = states, _advance(scene, rules, states, index, supply[index], pace, dearest)
        if not states and dearest < math.inf:
            return WiringResult((), index, "every wiring would need choices that are too odd", narrowed=pace.narrowed)
        if not states:
            lacking = dict.fromkeys(slot.item for slot in states_before[0].slots)
            cause = nothing_open(problem.items, states_before[0], index)
            return WiringResult((), index, cause, (index, *lacking), narrowed=pace.narrowed)
    complete_states = [state for state in states if not state.unfilled()]
    if not complete_states:
        lacking = dict.fromkeys(slot.item for slot in states[0].unfilled())
        return WiringResult((), 0, nothing_gives(problem.items, states[0]), (0, *lacking))
    wirings = [wiring for state in complete_states if (wiring := complete(problem.items, state)) is not None]
    if not wirings:
        return WiringResult((), 0, "no wiring reproduces the order in which the file lists its layers")
    wirings = [wiring for wiring in wirings if adds_up(problem.items, wiring)]
    if not wirings:
        return WiringResult((), 0, "in every wiring some layer gets other channels than its weights take")
    if not learned.wholes:
        return wirings

    def judge(wiring: Wiring) -> float:
        return _judged(problem, learned, wiring).log_score

    wirings.sort(key=lambda wiring: (-judge(wiring), wiring.operands))
    return [*wirings, *flipped(problem.items, wirings, judge, partial(replayed, scene, rules, supply))]


def replayed(scene: Scene, rules: Rules, supply: Sequence[Supply], wiring: Wiring) -> Wiring | None:
    """A wiring as the parser reads it, with its score; None when it is not among the parser's."""
    last = len(scene.items) - 1
    consumers: list[set[tuple[int, int, int]]] = [set() for _ in scene.items]
    for consumer, calls in enumerate(wiring.operands):
        for call, operands in enumerate(calls):
            for producer, own in operands:
                consumers[producer].add((consumer, call, own))
    state = State(last)
    for index in range(last, -1, -1):
        twice = len(wiring.operands[index]) > 1
        found = [
            step
            for step in steps(scene, state, index, moves(scene, rules, state, index, supply[index]))
            if step.move.shared == twice
            and step.move.number == wiring.variants[index]
            and {(slot.item, slot.call, own) for slot, own in fills(step.move)} == consumers[index]
        ]
        if not found:
            return None
        step = min(found, key=lambda step: step.cost)
        state = after(state, index, step, state.cost + step.cost)
    made = None if state.unfilled() else complete(scene.items, state)
    return made if made is not None and adds_up(scene.items, made) else None


def _judged(problem: WiringProblem, learned: Weights, wiring: Wiring) -> Wiring:
    """The wiring with the score that it has as a whole. What its items are read as counts in full: the weight of the
    parser's score was fitted where names leave no doubt about that."""
    if not learned.wholes:
        return wiring
    found = features(problem.items, wiring, problem.names)
    read = math.fsum([item.variants[v].log_prior for item, v in zip(problem.items, wiring.variants, strict=True)])
    said = score(learned.wholes, found, wiring.log_score - read)
    odd = blended(problem.items, wiring) + unlike(problem.items, wiring) + once(problem.items, wiring)
    if problem.roles:
        odd += surprise(problem.items, problem.roles, wiring)
    return replace(wiring, log_score=read + said - odd)


def solve_widening(problem: WiringProblem, beam: int | None = None) -> WiringResult:
    """The best wirings, searched for as ``_widening`` tells, each with its twin where a head may be called on every
    level of a pyramid (``pyramids.py``): where several outputs are known, the twin has them and the wiring has one."""
    def search(outputs: int | None) -> WiringResult:
        return _widening(replace(problem, outputs=outputs), beam)

    found = search(problem.outputs)
    wanted = problem.outputs
    if not may_have_levels(problem.items):
        return found
    if wanted is None or wanted == 1:
        return replace(found, wirings=with_levels(problem.items, found.wirings, wanted))
    single = search(1)
    twins = [twin for twin in with_levels(problem.items, single.wirings, wanted) if len(twin.outputs) == wanted]
    return _mixed(replace(single, wirings=tuple(twins)), found, TOLD) if twins else found


def _widening(problem: WiringProblem, beam: int | None) -> WiringResult:
    """As ``solve``; parallel branches side by side in the list are tied first (``bundles.py``). When no wiring fits,
    rows that bring what a Concatenate joins are tied to it (``fans.py``); then once more with a wider beam, whose
    wirings must not be too odd (and, unless the list is long, with more work), and then, if work allows, with sums that
    the list does not show; with these also where the wirings are odd. Where repeated blocks call for such sums
    (``hidden.py``) they are tried in any case."""
    beam = affordable(len(problem.items)) if beam is None else beam
    longer = expanded(problem.items)
    first = _with_called_sums(problem, _with_ties(problem, beam), longer, beam)
    if not first.wirings and (told := fans(problem.items)):
        fanned = solve(replace(problem, affinity=fanning(problem.affinity, told)), beam)
        if fanned.wirings:
            return fanned
    if problem.hidden or (first.wirings and (first.narrowed or longer is not None or not _is_odd(problem, first))):
        return first
    if not first.wirings and (not first.narrowed or len(problem.items) <= LONG):
        wider = solve(problem, WIDER * beam, worst=ODD, work=MORE_WORK * WORK if first.narrowed else WORK)
        if wider.wirings:
            return wider
    if first.narrowed:
        return first
    return _with_needed_sums(replace(problem, hidden=True), first, beam)


def _with_cells(problem: WiringProblem) -> WiringResult:
    """The wirings of a net of repeated cells in which every cell is wired like the first of its kind; none where too
    little is repeated. All are marked as guessed."""
    found = twins(problem.items)
    if sum([twin is not None for twin in found]) < REPEATED * len(found):
        return WiringResult(())
    learned, ties = weights(), {**bundled(problem.items), **normed(problem.items)}
    scene = Scene(problem.items, learned, bound(problem.affinity, ties), problem.names)
    rules = replace(problem.rules(), hidden=False, farthest=-1.0)
    states = completed(scene, rules, supplies(problem.items), ties, found)
    wirings = [complete(problem.items, state) for state in states if not state.unfilled()]
    judged = [
        _judged(problem, learned, replace(wiring, guessed=True))
        for wiring in wirings
        if wiring is not None and adds_up(problem.items, wiring)
    ]
    ranked = _ranked(judged) if judged else ()
    return WiringResult(tuple([replace(wiring, probability=RIGHT * wiring.probability) for wiring in ranked]))


def _with_ties(problem: WiringProblem, beam: int) -> WiringResult:
    """The wirings in which parallel branches stay apart; in a long list without any, those of a net of repeated
    cells (``cells.py``); where these are odd or none either, the best of all."""
    ties = bundled(problem.items)
    if ties:
        found = solve(replace(problem, affinity=bound(problem.affinity, ties)), beam)
        if found.wirings and not _is_odd(problem, found):
            return found
        if not found.wirings and len(problem.items) > LONG:
            repeated = _with_cells(problem)
            if repeated.wirings:
                return repeated
    return solve(problem, beam)


def _is_odd(problem: WiringProblem, found: WiringResult) -> bool:
    return found.cost > ODD + ADDS_UP * len(problem.items)


def _with_needed_sums(problem: WiringProblem, plain: WiringResult, beam: int) -> WiringResult:
    """The wirings with sums wherever they help in front of the odd ones without any, where they cost less and are not
    odd themselves."""
    summed = solve(problem, beam, worst=ODD)
    if not summed.wirings or (plain.wirings and summed.cost + NEEDED > plain.cost):
        return plain
    found = _with_called_sums(problem, summed, likewise(problem.items, summed.wirings[0]), beam)
    return _mixed(found, plain, 1 / (1 + math.exp(summed.cost - plain.cost)))


def _mixed(found: WiringResult, plain: WiringResult, share: float) -> WiringResult:
    """Wirings that have ``share`` of the probability, and others."""
    if not plain.wirings:
        return found
    both = [
        replace(wiring, probability=part * wiring.probability)
        for result, part in ((found, share), (plain, 1 - share))
        for wiring in result.wirings
    ]
    return WiringResult(tuple(sorted(both, key=lambda wiring: -wiring.probability)), cost=found.cost)


def _with_called_sums(
    problem: WiringProblem, plain: WiringResult, longer: Expanded | None, beam: int
) -> WiringResult:
    """The wirings with the sums that blocks call for (``longer``) beside those without."""
    if longer is None:
        return plain

    def affinity(producer: int, consumer: int) -> float:
        return longer.affinity(producer, consumer, problem.affinity)

    def names(producer: int, consumer: int) -> str:
        return longer.names(producer, consumer, problem.names)

    roles = longer.roles(problem.roles)
    found = solve(WiringProblem(longer.items, affinity, problem.outputs, names, problem.hidden, roles), beam)
    if not found.wirings:
        return plain
    shorter = WiringResult(tuple([longer.contracted(wiring) for wiring in found.wirings]), cost=found.cost)
    return _mixed(shorter, plain, longer.share)


def _advance(
    scene: Scene, rules: Rules, states: list[State], index: int, supply: Supply, pace: Pace, dearest: float
) -> list[State]:
    """The beam after one more item."""
    known: dict[object, list[Move]] = {}
    candidates: list[tuple[float, int, State, Step]] = []
    for state in states:
        key = (state.frontier(), len(state.outputs) if state.depth == 0 else 0)
        found = known.get(key)
        if found is None:
            found = known[key] = moves(scene, rules, state, index, supply)
            pace.spend(len(state.slots) + MOVE * len(found))
        pace.spend(STATE + STEP * len(found) + len(state.slots))
        for step in steps(scene, state, index, found):
            candidates.append((state.cost + step.cost, len(candidates), state, step))
    heapq.heapify(candidates)
    beam = pace.width(len(states))
    kept: list[State] = []
    seen: dict[object, int] = {}
    waiting: dict[int, int] = {}
    worst = min(candidates[0][0] + WORST, dearest) if candidates else 0.0
    while candidates and len(kept) < beam:
        cost, _, state, step = heapq.heappop(candidates)
        if cost > worst:
            break
        frontier = step.move.frontier()
        open_operands = sum([slot.need for slot in frontier[1]])
        if index and (waiting.get(open_operands, 0) >= beam // PER_WAITING or seen.get(frontier, 0) >= PER_FRONTIER):
            continue
        seen[frontier] = seen.get(frontier, 0) + 1
        waiting[open_operands] = waiting.get(open_operands, 0) + 1
        kept.append(after(state, index, step, cost))
    return kept


def _ranked(wirings: Sequence[Wiring]) -> tuple[Wiring, ...]:
    best: dict[tuple[object, ...], Wiring] = {}
    for wiring in map(in_order, wirings):
        key = (wiring.variants, wiring.operands, wiring.outputs)
        if key not in best or wiring.log_score > best[key].log_score:
            best[key] = wiring
    ordered = sorted(best.values(), key=lambda w: (-w.log_score, w.operands))
    top = ordered[0].log_score
    total = math.fsum(math.exp(w.log_score - top) for w in ordered)
    return tuple(
        replace(w, probability=math.exp(w.log_score - top) / total) for w in ordered
    )
