"""Lists that show only layers with weights and are no chain: what the numbers of channels say about branches.

A kernel that takes more channels than the layer in front gives takes several tensors side by side; one that takes
fewer reads an earlier tensor again; two tensors of one width that nothing has taken are summed. A beam search over the
list keeps the nets that need the fewest of these. Keras' order of layers judges what comes out, the trained numbers
choose among the best (``numbers.py``).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from infer_convert.assemble.chains import Link, link
from infer_convert.assemble.joined_draft import ADD, CAT, FOLDED, INPUT_KIND, ITEM, LARGER, POOLED, Step, draft_of
from infer_convert.assemble.typed import Typed
from infer_convert.draft import Draft

BEAM, MOST_FOUND, MOST_LAYERS = 40, 4, 160
"""Nets kept at each layer; drafts handed on; longer lists are not searched."""
MOST_READINGS, CLEAR = 3, 5.0
"""Readings of one layer, and nats within which they are looked at."""
MOST_WAITING, MOST_PARTS, MOST_SEEN = 8, 6, 6
"""Tensors that nothing has taken yet and operands of one join that are tried, and earlier tensors that are read again,
the latest first."""
JOIN, SUM, AGAIN, OLDER, WAITS, LEFT, SKIP = 1.5, 1.5, 2.0, 0.3, 0.1, 4.0, 0.7
"""Nats against a concatenation, a sum, reading a tensor again, passing over a later one, a tensor that waits while a
layer goes by, one output more, and an earlier tensor in front of the latest among the operands. Set by hand; they
decide only what no chain explains."""
NEW_INPUT, BRIDGE, ODD_ORDER = 4.0, 0.5, 3.0
"""Against one input more, a Flatten or global pooling, and a list that is not in Keras' order."""
INNER, TWICE = 2.0, 3.0
"""Against reading what a normalisation takes too, and a normalisation behind another."""
UP, MIXED, FAR = 0.7, 3.0, 2
"""Against a map that meets one from at least so many kernels before as it is, or a nearer one as large again as that;
against a net that does both."""
APART, SERIES = 2.0, 2
"""Nats against maps that are pooled each before they are joined, and against series (two axes) that are after."""
VECTORS = ("Dense",)
NORMS = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "PReLU")


@dataclass(frozen=True, slots=True)
class _Tensor:
    step: int
    axes: int | None
    channels: int | None
    taken: int = 0


@dataclass(frozen=True, slots=True)
class _Net:
    cost: float
    steps: tuple[Step, ...]
    tensors: tuple[_Tensor, ...]
    joins: int = 0
    level: bool = False
    grown: bool = False

    def key(self) -> tuple[float, int]:
        return self.cost, self.joins


def joined(typed: Sequence[Typed]) -> list[tuple[Draft, float]]:
    """Likely nets with branches and their shares against 1 for the best chain; nothing where a chain explains the list
    as well, or it is too long."""
    entries = [entry for entry in typed if entry.stored.tensors]
    if not 2 < len(entries) <= MOST_LAYERS:
        return []
    beam = [_Net(0.0, (Step(INPUT_KIND, ()),), (_Tensor(0, None, None),))]
    for place, entry in enumerate(entries):
        grown = (after for net in beam for after in _grown(net, place, entry))
        beam = heapq.nsmallest(BEAM, _different(grown), key=_Net.key)
        if not beam:
            return []
    found = []
    for net in beam:
        made = draft_of(net.steps, _outputs(net), entries)
        if made is not None:
            draft, ordered = made
            found.append((net.cost + LEFT * (len(_outputs(net)) - 1) + (0.0 if ordered else ODD_ORDER), net, draft))
    found.sort(key=lambda item: (item[0], item[1].joins))
    if not found or not found[0][1].joins:
        return []
    least = found[0][0]
    return [(draft, math.exp(least - cost)) for cost, net, draft in found[:MOST_FOUND] if net.joins]


def _different(nets: Iterator[_Net]) -> Iterator[_Net]:
    seen: dict[tuple[Step, ...], float] = {}
    for net in nets:
        if seen.get(net.steps, math.inf) > net.cost:
            seen[net.steps] = net.cost
            yield net


def _outputs(net: _Net) -> list[int]:
    return [tensor.step for tensor in net.tensors if not tensor.taken and net.steps[tensor.step].kind != INPUT_KIND]


def _grown(net: _Net, place: int, entry: Typed) -> Iterator[_Net]:
    best = entry.readings[0].log_prior
    for number, reading in enumerate(entry.readings[:MOST_READINGS]):
        if reading.log_prior < best - CLEAR:
            continue
        takes = link(reading)
        normed, large = reading.class_name in NORMS, reading.class_name.endswith("Transpose")
        for cost, source, before in _sources(net, takes, reading.class_name, normed, place):
            yield _with(before, source, place, number, takes, cost + best - reading.log_prior, large, normed)


def _with(net: _Net, source: int, place: int, number: int, takes: Link, cost: float, large: bool, normed: bool) -> _Net:
    """The net with one listed layer more behind the tensor ``source``."""
    tensors = list(net.tensors)
    taken = tensors[source]
    tensors[source] = replace(taken, taken=taken.taken + 1)
    axes = takes.axes_out.get(taken.axes) if taken.axes is not None else next(iter(takes.axes_out.values()), None)
    channels = takes.channels_out if takes.channels_out is not None else taken.channels
    waiting = sum(not tensor.taken for tensor in tensors)
    step = Step(ITEM, (taken.step,), place, number, large=large, norm=normed)
    tensors.append(_Tensor(len(net.steps), axes, channels))
    return replace(net, cost=net.cost + cost + WAITS * waiting, steps=(*net.steps, step), tensors=tuple(tensors))


def _sources(
    net: _Net, takes: Link, class_name: str, normed: bool, place: int
) -> Iterator[tuple[float, int, _Net]]:
    """(cost, tensor, net in which it exists) of what a layer may take."""
    wanted = takes.channels_in
    waiting = [index for index, t in enumerate(net.tensors) if not t.taken and net.steps[t.step].kind != INPUT_KIND]
    if not place:
        yield 0.0, 0, _as_input(net, takes)
        return
    if class_name == "Embedding":
        yield NEW_INPUT, len(net.tensors), _new_input(net, takes)
        return
    for age, index in enumerate(reversed(waiting)):
        tensor = net.tensors[index]
        if _suits(tensor, takes):
            yield OLDER * age + (TWICE if normed and net.steps[tensor.step].norm else 0.0), index, net
        elif not normed and wanted and _bridges(tensor, takes, class_name):
            made = _pooled(net, index, wanted)
            yield OLDER * age + BRIDGE, len(made.tensors) - 1, made
        elif not normed and wanted and _folds(tensor, takes):
            made = _folded(net, index, takes.axes_in[0], wanted)
            yield OLDER * age + BRIDGE, len(made.tensors) - 1, made
    yield from _joins(net, waiting, takes, class_name)
    if normed:
        return
    seen = [index for index, t in enumerate(net.tensors) if t.taken and _suits(t, takes)]
    for age, index in enumerate(list(reversed(seen))[:MOST_SEEN]):
        if net.tensors[index].channels is not None:
            once = replace(net, joins=net.joins + 1)
            yield AGAIN + OLDER * age + _inner(net, index), index, once
    if net.tensors[0].channels is not None and wanted:
        yield NEW_INPUT, len(net.tensors), _new_input(net, takes)


def _inner(net: _Net, index: int) -> float:
    """What speaks against reading a tensor again when a normalisation has taken it."""
    return INNER if any(step.norm and index in step.operands for step in net.steps) else 0.0


def _suits(tensor: _Tensor, takes: Link) -> bool:
    """Whether a layer can take a tensor as it is."""
    if takes.channels_in is not None and tensor.channels not in (None, takes.channels_in):
        return False
    return tensor.axes is None or tensor.axes in takes.axes_in


def _bridges(tensor: _Tensor, takes: Link, class_name: str) -> bool:
    """Whether it can with a Flatten or a global pooling between."""
    if class_name not in VECTORS or not tensor.channels or tensor.axes is None or tensor.axes < 2:
        return False
    return bool(takes.channels_in) and (takes.channels_in or 0) % tensor.channels == 0


def _folds(tensor: _Tensor, takes: Link) -> bool:
    """Whether it can with a Reshape of a vector between."""
    channels = tensor.channels or 0
    maps = bool(takes.axes_in) and 1 not in takes.axes_in
    return maps and tensor.axes == 1 and channels > 0 and channels % (takes.channels_in or 1) == 0


def _as_input(net: _Net, takes: Link) -> _Net:
    return replace(net, tensors=(_Tensor(0, takes.axes_in[0] if len(takes.axes_in) == 1 else None, takes.channels_in),))


def _new_input(net: _Net, takes: Link) -> _Net:
    tensor = _Tensor(len(net.steps), takes.axes_in[0] if takes.axes_in else None, takes.channels_in)
    return replace(net, steps=(*net.steps, Step(INPUT_KIND, ())), tensors=(*net.tensors, tensor), joins=net.joins + 1)


def _pooled(net: _Net, index: int, wanted: int) -> _Net:
    """With the tensor's map flattened or averaged, as the width that is wanted tells."""
    tensor = net.tensors[index]
    step = Step(POOLED, (tensor.step,), flat=wanted != tensor.channels)
    tensors = list(net.tensors)
    tensors[index] = replace(tensor, taken=tensor.taken + 1)
    tensors.append(_Tensor(len(net.steps), 1, wanted))
    return replace(net, steps=(*net.steps, step), tensors=tuple(tensors))


def _folded(net: _Net, index: int, axes: int, wanted: int) -> _Net:
    """With the tensor's vector as a map."""
    tensor = net.tensors[index]
    tensors = list(net.tensors)
    tensors[index] = replace(tensor, taken=tensor.taken + 1)
    tensors.append(_Tensor(len(net.steps), axes, wanted))
    step = Step(FOLDED, (tensor.step,), map=(axes, wanted))
    return replace(net, steps=(*net.steps, step), tensors=tuple(tensors))


def _joins(
    net: _Net, waiting: list[int], takes: Link, class_name: str
) -> Iterator[tuple[float, int, _Net]]:
    """Concatenations and sums of tensors of which at least one waits."""
    wanted = takes.channels_in
    if not wanted:
        return
    waiting = waiting[-MOST_WAITING:]
    recent = [
        index
        for index, tensor in reversed(list(enumerate(net.tensors)))
        if tensor.taken and tensor.channels and net.steps[tensor.step].kind != INPUT_KIND
    ]
    for size in range(2, min(MOST_PARTS, len(waiting)) + 1):
        for parts in combinations(waiting, size):
            yield from _joined(net, parts, takes, class_name, OLDER * _passed(waiting, parts))
    for index in waiting[-2:]:
        fitting = [item for item in recent if item != index and _adds_up(net, (index, item), wanted)]
        for age, item in enumerate(fitting[:MOST_SEEN]):
            cost = SKIP / 2 + _inner(net, item) + OLDER * age + OLDER * (len(waiting) - 1 - waiting.index(index))
            if net.tensors[index].channels == wanted:
                yield from _joined(net, (index, item), takes, class_name, cost)
                continue
            for before, first, more in _skipping(net, index, item):
                yield from _joined(before, (first, item), takes, class_name, cost + more)
                yield from _joined(before, (item, first), takes, class_name, cost + more + SKIP)


def _skipping(net: _Net, index: int, other: int) -> Iterator[tuple[_Net, int, float]]:
    """How a tensor may meet an earlier one that is beside it in a concatenation: as it is, or as large again as that.
    Nets do it in one way throughout."""
    if net.steps[net.tensors[index].step].large:
        yield net, index, 0.0
        return
    far = _distance(net, index, other) >= FAR
    as_it_is = replace(net, level=True)
    yield as_it_is, index, (UP if far else 0.0) + (MIXED if net.grown else 0.0)
    larger = _enlarged(net, index)
    if larger is not None:
        yield replace(larger, grown=True), len(larger.tensors) - 1, (0.0 if far else UP) + (MIXED if net.level else 0.0)


def _enlarged(net: _Net, index: int) -> _Net | None:
    """With a map as large again as before some pool. None for vectors."""
    tensor = net.tensors[index]
    step = net.steps[tensor.step]
    if tensor.axes is None or tensor.axes < 2 or step.kind != ITEM:
        return None
    tensors = list(net.tensors)
    tensors[index] = replace(tensor, taken=tensor.taken + 1)
    tensors.append(_Tensor(len(net.steps), tensor.axes, tensor.channels))
    return replace(net, steps=(*net.steps, Step(LARGER, (tensor.step,))), tensors=tuple(tensors))


def _distance(net: _Net, index: int, other: int) -> int:
    """Listed kernels on the shortest way from one tensor back to another; 0 where it does not come from it."""
    reached, layer = {index}, 0
    while reached:
        if other in reached:
            return layer
        fronts = {front for item in reached for front in net.steps[item].operands}
        layer, reached = layer + 1, fronts
    return 0


def _passed(waiting: list[int], parts: tuple[int, ...]) -> int:
    """Tensors that were made later than the earliest of the parts and are not among them."""
    return sum(index > parts[0] and index not in parts for index in waiting)


def _adds_up(net: _Net, parts: tuple[int, ...], wanted: int) -> bool:
    widths = [net.tensors[index].channels or 0 for index in parts]
    return sum(widths) == wanted or set(widths) == {wanted}


def _joined(
    net: _Net, parts: tuple[int, ...], takes: Link, class_name: str, cost: float
) -> Iterator[tuple[float, int, _Net]]:
    chosen = [net.tensors[index] for index in parts]
    axes = {tensor.axes for tensor in chosen}
    if len(axes) != 1 or not _adds_up(net, parts, takes.channels_in or 0):
        return
    kind = ADD if chosen[0].channels == takes.channels_in else CAT
    if kind == ADD and len(parts) > 2:
        return
    axis = axes.pop()
    cost += SUM if kind == ADD else JOIN
    dense = class_name in VECTORS and axis is not None and axis > 1
    if axis is None or (axis in takes.axes_in and not dense):
        after = _side_by_side(net, kind, parts, axis, takes.channels_in)
        yield cost, len(after.tensors) - 1, after
    elif class_name in VECTORS:
        whole = _side_by_side(net, kind, parts, axis, takes.channels_in)
        after = _pooled(whole, len(whole.tensors) - 1, takes.channels_in or 0)
        yield cost + BRIDGE + (APART if axis == SERIES else 0.0), len(after.tensors) - 1, after
        made, members = net, []
        for index in parts:
            made = _pooled(made, index, net.tensors[index].channels or 0)
            members.append(len(made.tensors) - 1)
        after = _side_by_side(made, kind, members, 1, takes.channels_in)
        yield cost + BRIDGE + (0.0 if axis == SERIES else APART), len(after.tensors) - 1, after


def _side_by_side(net: _Net, kind: str, parts: Sequence[int], axis: int | None, width: int | None) -> _Net:
    tensors = list(net.tensors)
    for index in parts:
        tensors[index] = replace(tensors[index], taken=tensors[index].taken + 1)
    step = Step(kind, tuple(net.tensors[index].step for index in parts))
    tensors.append(_Tensor(len(net.steps), axis, width))
    return replace(net, steps=(*net.steps, step), tensors=tuple(tensors), joins=net.joins + 1)
