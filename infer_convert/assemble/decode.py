"""Branches of a net whose list shows only layers with weights, decoded from the moments of its normalisations.

The list keeps an order and hides every Add, activation and pool. But each BatchNormalization stores the moments of what
it takes, and each kernel predicts them from its source: so the list is read from front to back, and at every
BatchNormalization the source of its kernel is chosen among all tensors so far, activated or not, pooled or not, and
sums of two of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from infer_convert.assemble.growing import (
    JOINS,
    State,
    Tensor,
    draft_of,
    item_of,
    made_of,
    node_of,
    take,
    widths,
)
from infer_convert.assemble.typed import Typed
from infer_convert.clues.numbers import maps
from infer_convert.clues.numbers.budget import OutOfWork
from infer_convert.clues.numbers.flow import Flow
from infer_convert.clues.numbers.net import Node
from infer_convert.clues.numbers.signals import Signal
from infer_convert.draft import Draft

KERNELS = ("Conv1D", "Conv2D", "Conv3D", "SeparableConv1D", "SeparableConv2D", "DepthwiseConv2D", "Dense")
LEAST_HEARD = 3
"""Normalisations that must say something; fewer are a chain's business."""
LEAST_SURE = 0.8
"""Part of the normalisations that must know their source better than nothing."""
MOST_PROJECTED = 5
MOST_RECENT = 6
"""Tensors of the same width that are paired with each other, the latest first."""
NOT_ACTIVATED, POOLED, SUM, AGAIN, INNER, OLDER = -1.5, -2.5, -1.5, -0.7, -4.0, -0.3
"""Nats for a source that is not activated, is pooled, is a sum, was taken before, stands between a kernel and its
normalisation, or is older than another of its width. People add what is activated to a shortcut that was taken before,
and what is not to one that was not, or that was taken as it is.
"""
SHORTCUT, LEFT, GATED, SHORT = 1.0, 1.2, 0.8, -1.0
"""Nats for a sum with a tensor that something else takes too; for one of two that nothing has taken yet, which must be
taken somewhere, the more so a gate's result; and for one with what the other's own kernel took: blocks have two."""


def decode(typed: Sequence[Typed], flow: Flow) -> Draft | None:
    """The net that the normalisations of a stripped list speak for; None when they do not say enough, when other layers
    are in the list, or when it is but a chain."""
    entries = _read([entry for entry in typed if entry.stored.tensors])
    names = [entry.best.class_name for entry in entries]
    if any(name not in (*KERNELS, "BatchNormalization") for name in names):
        return None
    if names.count("BatchNormalization") < LEAST_HEARD:
        return None
    try:
        return _decode(entries, flow)
    except OutOfWork:
        return None


def _read(entries: list[Typed]) -> list[Typed]:
    """Every kernel in the reading whose width a normalisation soon behind it has: (3, 3, 96, 1) is depthwise there."""
    found = []
    for index, entry in enumerate(entries):
        behind = [widths(other)[0] for other in entries[index + 1 :] if other.best.class_name == "BatchNormalization"]
        fitting = [
            reading
            for reading in entry.readings
            if reading.class_name in KERNELS and widths(replace(entry, readings=(reading,)))[1] in behind[:2]
        ]
        found.append(replace(entry, readings=(fitting[0],)) if fitting else entry)
    return found


def _decode(entries: Sequence[Typed], flow: Flow) -> Draft | None:
    state = State(flow, _spatial(entries))
    source = Tensor("input", Signal(-2, moment=-2), None)
    pending: list[Typed] = []
    for entry in entries:
        if entry.best.class_name != "BatchNormalization":
            pending.append(entry)
            continue
        if not _attach(entry, pending, state, source):
            return None
    _gated(pending, state)
    if state.heard < LEAST_HEARD or state.sure < LEAST_SURE * state.heard:
        return None
    last = _finish(pending, state, source)
    if last is None or not any(tensor.kind in JOINS for tensor in state.made.values() if tensor.placed):
        return None
    return draft_of(last, state, entries)


def _spatial(entries: Sequence[Typed]) -> int:
    for entry in entries:
        size = entry.best.fit.config.get("kernel_size")
        if size:
            return len(size)
    return 0


def _gated(pending: list[Typed], state: State) -> None:
    """Squeeze and excitation: two kernels in a row without a normalisation, the second of which gives as many channels
    as the first takes, and fewer in between, weigh the channels of the latest tensor of that width."""
    for first, second in list(pairwise(pending)):
        (takes, between), (back, gives) = widths(first), widths(second)
        if takes != gives or between != back or not between or not takes or between >= takes or not state.spatial:
            continue
        if any(_area(entry) > 1 for entry in (first, second)) or second is pending[-1]:
            continue
        waiting = [t for t in state.pool if t.channels == takes and not t.taken and t.kind == "item" and not t.inner]
        if not waiting:
            continue
        squeezed = made_of(state, "squeeze", (waiting[-1],))
        gate = made_of(state, "gate", (waiting[-1], item_of(second, item_of(first, squeezed, state), state)))
        take(gate, state)
        state.pool.append(gate)
        pending[:] = [entry for entry in pending if entry is not first and entry is not second]


def _area(entry: Typed) -> int:
    """Taps of a kernel."""
    return math.prod(entry.best.fit.config.get("kernel_size") or (1,))


def _attach(norm: Typed, pending: list[Typed], state: State, source: Tensor) -> bool:
    """Choose what a BatchNormalization takes: False when nothing has its width."""
    _gated(pending, state)
    behind = node_of(norm)
    width = widths(norm)[0]
    found: list[tuple[float | None, float, Tensor, Typed | None]] = []
    nothing = 0.0
    for position, entry in enumerate(pending):
        takes, gives = widths(entry)
        if gives != width:
            found.extend(_grown(entry, position, state, behind, width))
            continue
        others = [other for other in pending if other is not entry]
        sources = list(_sources(state, takes, others)) or [(source, 0.0)]
        trunks = sorted(sources, key=lambda item: -item[1])[:MOST_PROJECTED]
        options = [(item_of(entry, tensor, state), prior) for tensor, prior in sources]
        options += [
            joined
            for tensor, prior in trunks
            for joined in _with_trunk(item_of(entry, tensor, state), prior, state, width, others)
        ]
        for option, weight in options:
            said = state.flow.heard(behind, option.signal)
            nothing = said[1] if said is not None else nothing
            found.append((None if said is None else said[0], weight - 2.0 * position, option, entry))
    if not found:
        for tensor, prior in _sources(state, width, pending):
            said = state.flow.heard(behind, tensor.signal)
            nothing = said[1] if said is not None else nothing
            found.append((None if said is None else said[0], prior, tensor, None))
    if not found:
        return False
    best = max((said if said is not None else nothing) for said, *_ in found)
    chosen = max(found, key=lambda item: item[1] - maps.rank(best - (item[0] if item[0] is not None else nothing)))
    if chosen[0] is not None:
        state.heard += 1
        state.sure += chosen[0] > nothing + 1
    pending[:] = [entry for entry in pending if not _holds(chosen[2], entry)]
    take(chosen[2], state)
    front = chosen[2]
    front.signal = state.flow.settled(behind, front.signal)
    front.inner = front.kind == "item"
    if front not in state.pool:
        state.pool.append(front)
    result = Tensor("item", state.flow.result(behind, [front.signal]), width, (front,), norm, placed=True)
    front.taken += 1
    state.pool.append(result)
    return True


def _grown(
    entry: Typed, position: int, state: State, behind: Node, width: int | None
) -> Iterator[tuple[float | None, float, Tensor, Typed | None]]:
    """A kernel's result beside an earlier tensor (densely connected nets)."""
    takes, gives = widths(entry)
    if not width or not gives or gives >= width or position:
        return
    for tensor, prior in list(_singles(state, takes))[:MOST_PROJECTED]:
        made = item_of(entry, tensor, state)
        for other in [t for t in reversed(state.pool) if t.channels == width - gives][:MOST_RECENT]:
            for parents in ((other, made), (made, other)):
                total = made_of(state, "cat", parents)
                said = state.flow.heard(behind, total.signal)
                yield None if said is None else said[0], prior + SUM, total, entry


def _holds(tensor: Tensor, entry: Typed) -> bool:
    return tensor.entry is entry or any(_holds(parent, entry) for parent in tensor.parents if not parent.placed)


def _singles(state: State, width: int | None) -> Iterator[tuple[Tensor, float]]:
    """Single tensors of a width, activated or not, the likelier first."""
    singles = [tensor for tensor in reversed(state.pool) if tensor.channels == width and tensor.kind != "act"]
    for age, tensor in enumerate(singles):
        activated = made_of(state, "act", (tensor,))
        habit = OLDER * age + (INNER if tensor.inner else 0.0)
        yield activated, habit + (AGAIN if tensor.taken and not activated.taken else 0.0)
        yield tensor, habit + NOT_ACTIVATED + (AGAIN if tensor.taken else 0.0)


def _projections(state: State, width: int | None, waiting: Sequence[Typed]) -> Iterator[tuple[Tensor, float]]:
    """Results of kernels that have no normalisation yet and may never get one."""
    for entry in waiting:
        takes, gives = widths(entry)
        if gives == width:
            for tensor, prior in list(_singles(state, takes))[:MOST_PROJECTED]:
                yield item_of(entry, tensor, state), prior


def _sources(
    state: State, width: int | None, waiting: Sequence[Typed] = ()
) -> Iterator[tuple[Tensor, float]]:
    """Every tensor of a width, with the nats of people's habits."""
    fitting = [
        tensor
        for tensor in reversed(state.pool)
        if tensor.channels == width
    ]
    singles = [tensor for tensor in fitting if tensor.kind != "act"]
    for age, tensor in enumerate(singles):
        prior = OLDER * age + (AGAIN if tensor.taken else 0.0) + (INNER if tensor.inner else 0.0)
        yield tensor, prior + (NOT_ACTIVATED if tensor.kind != "input" else 0.0)
        activated = made_of(state, "act", (tensor,))
        yield activated, prior
        if state.spatial:
            yield made_of(state, "pool", (activated,)), prior + POOLED
    recent = singles[:MOST_RECENT]
    seconds = [*list(_singles(state, width))[: 2 * MOST_RECENT], *_projections(state, width, waiting)]
    if state.spatial:  # a branch that ends in a pooling, beside a strided shortcut
        seconds += [(made_of(state, "pool", (tensor,)), POOLED) for tensor in recent if not tensor.taken]
    for age, first in enumerate(recent):
        for second, habit in seconds:
            if first.taken or first.inner or second is first or first in second.parents:
                continue
            total = made_of(state, "add", (first, second))
            bare = second.kind != "act" and not made_of(state, "act", (second,)).placed
            strange = NOT_ACTIVATED if not bare and (second.kind == "act") != bool(second.taken) else 0.0
            usual = POOLED if second.kind == "pool" else max(habit, -2.0) / 2
            usual += (SHORTCUT if second.taken else LEFT) + (SHORT if second in _fronts(first) else 0.0)
            usual += GATED if "gate" in (first.kind, second.kind) and not second.taken else 0.0
            prior = SUM + OLDER * age + usual + strange
            yield total, prior + NOT_ACTIVATED
            yield made_of(state, "act", (total,)), prior


def _fronts(tensor: Tensor) -> tuple[Tensor, ...]:
    """What the kernel behind a normalisation or gate took."""
    while tensor.parents and (tensor.kind == "gate" or tensor.entry is None or not _is_kernel(tensor.entry)):
        tensor = tensor.parents[0]
    return tensor.parents


def _is_kernel(entry: Typed) -> bool:
    return entry.best.class_name in KERNELS


def _with_trunk(
    made: Tensor, prior: float, state: State, width: int | None, waiting: Sequence[Typed]
) -> Iterator[tuple[Tensor, float]]:
    """A kernel's result added to an earlier tensor in front of the normalisation (pre-activation nets)."""
    for age, tensor in enumerate([t for t in reversed(state.pool) if t.channels == width][:MOST_RECENT]):
        yield made_of(state, "add", (tensor, made)), prior + SUM + OLDER * age
    for tensor, habit in _projections(state, width, waiting):
        yield made_of(state, "add", (tensor, made)), prior + SUM + habit


def _finish(pending: Sequence[Typed], state: State, source: Tensor) -> Tensor | None:
    """The kernels without a normalisation: the last is the head and takes what is left over, summed where two are and
    activated where sums are; those before it are shortcuts into that sum, or a chain in front of the head."""
    if not pending:
        return None
    *rest, head = pending
    takes, _ = widths(head)
    while rest and not _left(state, takes):
        entry, *rest = rest
        front = _leftover(widths(entry)[0], (), state)
        if front is None:
            return None
        made = item_of(entry, front, state)
        take(made, state)
        state.pool.append(made)
    last = _leftover(takes, rest, state)
    if last is None:
        return None
    made = item_of(head, last, state)
    take(made, state)
    return made


def _left(state: State, takes: int | None) -> list[Tensor]:
    """What nothing has taken and a kernel could take, as it is or flattened."""
    return [t for t in state.pool if not t.taken and t.channels and takes and takes % t.channels == 0]


def _leftover(takes: int | None, rest: Sequence[Typed], state: State) -> Tensor | None:
    """What a kernel without a normalisation takes of what is left over."""
    used = [tensor for tensor in state.made.values() if tensor.placed]
    activates = any(tensor.kind == "act" and tensor.parents[0].kind == "add" for tensor in used)
    pools = any(tensor.kind == "add" and any(p.kind == "pool" for p in tensor.parents) for tensor in used)
    left = _left(state, takes)
    if not left:
        return None
    last = left[-1]
    others = [tensor for tensor in left[:-1] if tensor.channels == last.channels]
    shortcuts = [tensor for tensor, _ in _projections(state, last.channels, rest)]
    if shortcuts:
        others = shortcuts[:1]
    elif pools and others:
        others = [made_of(state, "pool", (others[0],))]
    elif activates and not others:
        trunks = [tensor for tensor, _ in _singles(state, last.channels) if tensor.placed and tensor.kind == "act"]
        others = [tensor for tensor in trunks if tensor.parents[0].kind == "add"][:1]
    if others:
        last = made_of(state, "add", (last, others[0]))
    if activates or last.kind in ("item", "gate"):
        last = made_of(state, "act", (last,))
    return last
