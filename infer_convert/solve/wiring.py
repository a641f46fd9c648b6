"""From an ordered list of items to the graphs that explain it: a backward parser with a beam.

Keras lists the layers of a functional model by falling depth, ties in the order of a walk from the outputs (see
``order.py``). Reading the list backward, every item must fill at least one open operand of the depth group just placed,
so that most choices vanish; what remains is weighed by ``priors.py``, by the caller's ``affinity`` and by repetition:
a choice already made in the same context is cheap, another one is dear (real nets are motifs repeated).

Every answer is checked by simulating Keras' order on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from infer_convert.solve import priors
from infer_convert.solve.demand import Demand, meet
from infer_convert.solve.finish import complete
from infer_convert.solve.items import Item, Variant, Wiring
from infer_convert.solve.state import Slot, State
from infer_convert.solve.supply import Supply, alive, supplies

BEAM = 128
"""States kept after each item."""
PER_FRONTIER = 6
"""States kept with the same open operands; the rest differ only in what is already settled."""
PER_WAITING = 3
"""States with the same number of open operands take at most this part of the beam: putting a decision off looks cheap
until late."""
MOST_CANDIDATES = 7
"""Open operands considered at once for one item; the shallowest are preferred."""

Affinity = Callable[[int, int], float]
"""(producer, consumer) -> cost in nats from names, numbers or hints; ``math.inf`` forbids."""


@dataclass(frozen=True, slots=True)
class WiringProblem:
    """The items, what else speaks for single edges, and what is pinned."""

    items: tuple[Item, ...]
    affinity: Affinity
    outputs: int | None = None

    @property
    def may_share(self) -> bool:
        """Layers are called twice only where two tensors can come from: nets with several inputs."""
        return sum(item.variants[0].operands[1] == 0 for item in self.items) > 1


@dataclass(frozen=True, slots=True)
class WiringResult:
    """Wirings, best first (empty when none fits) and the item where every reading failed, with the reason."""

    wirings: tuple[Wiring, ...]
    failed_at: int | None = None
    cause: str = ""


def solve(problem: WiringProblem, beam: int = BEAM) -> WiringResult:
    """The best wirings of ``problem``.

    ``probability`` of each is its share of the exponentiated scores among the complete states of the beam. Time grows
    with items x beam.
    """
    states = [State()]
    last = len(problem.items) - 1
    pools = any(v.label == "Pool" for item in problem.items for v in item.variants)
    supply = supplies(problem.items)
    for index in range(last, -1, -1):
        following: list[State] = []
        for state in states:
            following.extend(_weighed(state, _extend(problem, state, index, pools), supply[index]))
        if not following:
            return WiringResult((), index, _cause(problem, states, index))
        states = _prune(following, beam)
    complete_states = [state for state in states if not state.unfilled()]
    if not complete_states:
        return WiringResult((), 0, _unfilled_cause(problem, states))
    wirings: list[Wiring] = []
    for state in complete_states:
        wiring = complete(problem.items, state)
        if wiring is not None:
            wirings.append(wiring)
    if not wirings:
        return WiringResult((), 0, "no wiring reproduces the order in which the file lists its layers")
    return WiringResult(_ranked(wirings))


def _ranked(wirings: Sequence[Wiring]) -> tuple[Wiring, ...]:
    best: dict[tuple[object, ...], Wiring] = {}
    for wiring in wirings:
        key = (wiring.variants, wiring.operands, wiring.outputs)
        if key not in best or wiring.log_score > best[key].log_score:
            best[key] = wiring
    ordered = sorted(best.values(), key=lambda w: (-w.log_score, w.operands))
    top = ordered[0].log_score
    total = math.fsum(math.exp(w.log_score - top) for w in ordered)
    return tuple(
        Wiring(w.variants, w.operands, w.outputs, w.log_score, math.exp(w.log_score - top) / total, w.ordered)
        for w in ordered
    )


def _prune(states: list[State], beam: int) -> list[State]:
    states.sort(key=lambda state: state.cost)
    kept: list[State] = []
    seen: dict[tuple[object, ...], int] = {}
    waiting: dict[int, int] = {}
    for state in states:
        open_operands = sum(slot.need for slot in state.slots)
        if waiting.get(open_operands, 0) >= beam // PER_WAITING:
            continue
        key = state.frontier()
        count = seen.get(key, 0)
        if count >= PER_FRONTIER:
            continue
        seen[key] = count + 1
        waiting[open_operands] = waiting.get(open_operands, 0) + 1
        kept.append(state)
        if len(kept) == beam:
            break
    return kept


def _weighed(state: State, proposals: Iterable[State], supply: Supply) -> list[State]:
    """The proposals that can still be completed, each charged with its negative log share among them: a step without
    a choice is free."""
    living = [new for new in proposals if alive(supply, new)]
    if not living:
        return []
    least = min(new.cost for new in living)
    total = math.log(math.fsum(math.exp(least - new.cost) for new in living))
    return [replace(new, cost=state.cost + (new.cost - least) + total) for new in living]


def _extend(problem: WiringProblem, state: State, index: int, pools: bool) -> Iterator[State]:
    for number, variant in enumerate(problem.items[index].variants):
        if (
            state.depth == 0
            and variant.operands[1] > 0
            and (problem.outputs is None or len(state.outputs) < problem.outputs)
        ):
            cost = -variant.log_prior + (priors.EXTRA_OUTPUT if state.outputs and problem.outputs is None else 0.0)
            yield state.place(index, number, variant, (), cost)
        if problem.outputs is not None and len(state.outputs) < problem.outputs:
            continue
        fitting = [slot for slot in state.slots if _fits(problem, state, index, variant, slot)]
        if not fitting:
            continue
        fitting = sorted(fitting, key=lambda slot: (-slot.group, slot.item))[:MOST_CANDIDATES]
        for chosen in _subsets(fitting, state.depth):
            yield from _fill(problem, state, index, number, variant, chosen, fitting, pools)
        yield from _share(problem, state, index, number, variant, fitting)


def _subsets(fitting: Sequence[Slot], depth: int) -> Iterator[tuple[Slot, ...]]:
    for size in range(1, len(fitting) + 1):
        for chosen in combinations(fitting, size):
            if max(slot.group for slot in chosen) in (depth, depth - 1):
                yield chosen


def _fits(problem: WiringProblem, state: State, index: int, variant: Variant, slot: Slot) -> bool:
    if not math.isfinite(problem.affinity(index, slot.item)):
        return False
    out_ranks = {b for _, b in variant.ranks}
    if not out_ranks & slot.ranks and not (slot.broadcasts and out_ranks and min(out_ranks) < max(slot.ranks)):
        return False
    return meet(state, variant, (slot,)) is not None


def _fill(
    problem: WiringProblem,
    state: State,
    index: int,
    number: int,
    variant: Variant,
    chosen: tuple[Slot, ...],
    fitting: Sequence[Slot],
    pools: bool,
) -> Iterator[State]:
    if meet(state, variant, chosen) is None or len({slot.item for slot in chosen}) < len(chosen):
        return
    firm = [slot.ranks for slot in chosen if not slot.broadcasts]
    if firm and not frozenset.intersection(*firm) & {rank for _, rank in variant.ranks}:
        return
    group = 1 + max(slot.group for slot in chosen)
    cost = -variant.log_prior + math.fsum(problem.affinity(index, slot.item) for slot in chosen)
    context, pattern = _motif(problem, index, variant, chosen, fitting)
    known = state.memory.get(context)
    if known is not None and known == pattern:
        cost += priors.REPEATED
    else:
        cost += _fresh_cost(problem, index, variant, chosen, fitting, pools) + (
            priors.CHANGED if known is not None else 0.0
        )
    placed = state.place(index, number, variant, chosen, cost)
    if placed.memory.get(context) != pattern:
        placed = placed.remembering(context, pattern)
    if group == state.depth:
        order = placed.visited_before(index, index + 1)
        if order is False:
            return
        if isinstance(order, tuple):
            placed = placed.constrained(order)
    yield placed


def _fresh_cost(
    problem: WiringProblem,
    index: int,
    variant: Variant,
    chosen: tuple[Slot, ...],
    fitting: Sequence[Slot],
    pools: bool,
) -> float:
    """Cost of a choice that has no precedent in the same net."""
    before = tuple(problem.items[i].variants[0].label if i >= 0 else "" for i in (index - 1, index - 2))
    cost = _skip_cost(variant, before, chosen) + _level_cost(chosen, pools)
    for slot in chosen:
        cost += priors.feeds(variant.label, slot.label)
        if slot.elementwise and slot.filled >= 2:
            cost += priors.EXTRA_OPERAND
        elif slot.merges and slot.filled >= 2 and slot.demand == 0 and variant.operands[1] == 0:
            cost += priors.UNCHECKED_INPUT
        if slot.elementwise and slot.filled and not slot.broadcasts and len(chosen) > 1:
            cost += priors.span(_weighted_between(problem, index, slot.item))
    return cost + math.fsum(
        priors.passed_by(
            variant.label,
            slot.label,
            slot.merges,
            slot.elementwise,
            slot.filled,
            _weighted_between(problem, index, slot.item) if slot.elementwise else 0,
        )
        for slot in fitting
        if slot not in chosen
    )


def _weighted_between(problem: WiringProblem, index: int, merge: int) -> int:
    return sum(
        priors.spanned(problem.items[position].variants[0].label)
        for position in range(index + 1, min(merge, index + 40))
    )


def _skip_cost(variant: Variant, before: tuple[str, ...], chosen: tuple[Slot, ...]) -> float:
    """Cost of one tensor with several consumers."""
    if len(chosen) == 1:
        return 0.0
    merges = [slot for slot in chosen if slot.merges]
    others = [slot for slot in chosen if not slot.merges]
    cost = math.fsum(priors.fork(variant.label, slot.label) for slot in others)
    cost += priors.GATE_ELSEWHERE * sum(slot.label == "Multiply" and not slot.filled for slot in merges)
    if merges:
        cost += priors.skip_source(variant.label, *before)
        if len(others) == 1:
            cost += priors.skipped_over(others[0].label)
    return cost


def _level_cost(chosen: tuple[Slot, ...], pools: bool) -> float:
    levels: dict[int, set[int]] = {}
    for slot in chosen:
        levels.setdefault(slot.frame, set()).add(slot.level)
    penalty = priors.LEVEL_MISMATCH if pools else priors.LEVEL_MISMATCH / 2
    return penalty * sum(len(found) - 1 for found in levels.values())


def _motif(
    problem: WiringProblem, index: int, variant: Variant, chosen: tuple[Slot, ...], fitting: Sequence[Slot]
) -> tuple[tuple[object, ...], tuple[object, ...]]:
    items = problem.items
    around = tuple(
        items[position].variants[0].label if 0 <= position < len(items) else ""
        for position in (index - 1, index + 1, index + 2)
    )
    described = {id(slot): _described(problem, index, slot) for slot in fitting}
    context = (variant.label, around, tuple(sorted(described.values())))
    pattern = tuple(sorted(described[id(slot)] for slot in chosen))
    return context, pattern


def _described(problem: WiringProblem, index: int, slot: Slot) -> tuple[str, int, int]:
    """A slot as a motif sees it: its kind, how far it is filled and, for a skip, how many weights it spans."""
    spanned = _weighted_between(problem, index, slot.item) if slot.elementwise and slot.filled else 0
    return slot.label, slot.filled, min(spanned, 5)


def _share(
    problem: WiringProblem,
    state: State,
    index: int,
    number: int,
    variant: Variant,
    fitting: Sequence[Slot],
) -> Iterator[State]:
    """One layer called twice: for two operands of one merge, or for two calls of one consumer."""
    if variant.operands != (1, 1) or not problem.may_share:
        return
    pairs: list[tuple[Slot, Slot]] = []
    for slot in fitting:
        if slot.merges and slot.filled == 0 and slot.need == 2:
            pairs.append((slot, slot))
    for first, second in combinations(fitting, 2):
        if first.item == second.item and first.call != second.call:
            pairs.append((first, second))
    for first, second in pairs:
        if max(first.group, second.group) not in (state.depth, state.depth - 1):
            continue
        cost = -variant.log_prior + priors.feeds(variant.label, first.label) + problem.affinity(index, first.item)
        if first is second:
            cost += priors.SHARED
        placed = state.place_shared(index, number, variant, (first, second), cost)
        if placed is not None:
            yield placed


def _cause(problem: WiringProblem, states: Sequence[State], index: int) -> str:
    name = problem.items[index].name
    state = states[0]
    wanted = "; ".join(
        f"{problem.items[slot.item].name} needs {_demand(slot.demand)} at rank {sorted(slot.ranks)}"
        for slot in state.slots[:4]
    )
    variants = ", ".join(
        f"{v.label} giving {v.channels_out or 'any number of'} channels" for v in problem.items[index].variants
    )
    return f"{name} ({variants}) can feed nothing that is still open: {wanted or 'nothing is open'}"


def _unfilled_cause(problem: WiringProblem, states: Sequence[State]) -> str:
    slot = states[0].unfilled()[0]
    return f"{problem.items[slot.item].name} needs an input of {_demand(slot.demand)} and no earlier layer gives it"


def _demand(demand: Demand) -> str:
    return f"{demand} channels" if isinstance(demand, int) and demand else "any channels"
