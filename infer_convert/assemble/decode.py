"""Branches of a net whose list shows only layers with weights, decoded from the moments of its normalisations.

The list keeps an order and hides every Add, activation and pool. But each BatchNormalization stores the moments of what
it takes, and each kernel predicts them from its source: so the list is read from front to back, and at every
BatchNormalization the source of its kernel is chosen among all tensors so far, activated or not, pooled or not, and
sums of two of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from infer_convert.assemble.typed import Typed, full_config
from infer_convert.clues.numbers import maps
from infer_convert.clues.numbers.budget import OutOfWork
from infer_convert.clues.numbers.flow import Flow
from infer_convert.clues.numbers.net import Node
from infer_convert.clues.numbers.signals import Signal
from infer_convert.draft import Draft, DraftLayer
from infer_convert.layers import CARD_OF
from infer_convert.layers.reshaping import INPUT

JOINS = ("add", "cat")
WORDS = {"act": "Activation", "add": "Add", "cat": "Concatenate", "gate": "Multiply"}
SQUEEZE = "GlobalAveragePooling{}D"
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


@dataclass(eq=False)
class _Tensor:
    """A tensor of the net in the making. ``kind`` is ``input``, ``item``, ``act``, ``pool``, ``add``, ``cat``,
    ``squeeze`` (a global pooling) or ``gate`` (channels weighed by what became of it)."""

    kind: str
    signal: Signal
    channels: int | None
    parents: tuple[_Tensor, ...] = ()
    entry: Typed | None = None
    taken: int = 0
    inner: bool = False
    layer: int | None = None
    placed: bool = False


@dataclass
class _State:
    flow: Flow
    spatial: int
    pool: list[_Tensor] = field(default_factory=list)
    made: dict[tuple[str, tuple[int, ...]], _Tensor] = field(default_factory=dict)
    heard: int = 0
    sure: int = 0


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
        widths = [_widths(other)[0] for other in entries[index + 1 :] if other.best.class_name == "BatchNormalization"]
        fitting = [
            reading
            for reading in entry.readings
            if reading.class_name in KERNELS and _widths(replace(entry, readings=(reading,)))[1] in widths[:2]
        ]
        found.append(replace(entry, readings=(fitting[0],)) if fitting else entry)
    return found


def _decode(entries: Sequence[Typed], flow: Flow) -> Draft | None:
    state = _State(flow, _spatial(entries))
    source = _Tensor("input", Signal(-2, moment=-2), None)
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
    return _draft(last, state, entries)


def _spatial(entries: Sequence[Typed]) -> int:
    for entry in entries:
        size = entry.best.fit.config.get("kernel_size")
        if size:
            return len(size)
    return 0


def _node(entry: Typed) -> Node:
    reading = entry.best
    uses = {use.variable: use for use in reading.fit.uses}
    return Node(entry.stored.name, reading.class_name, full_config(reading), (((0, 0),),), uses)


def _widths(entry: Typed) -> tuple[int | None, int | None]:
    """Channels that a kernel takes and gives."""
    variant = entry.best.card.flow(full_config(entry.best))[0]
    gives = variant.channels_out if variant.channels == "fixed" else variant.channels_in
    return variant.channels_in, gives


def _gated(pending: list[Typed], state: _State) -> None:
    """Squeeze and excitation: two kernels in a row without a normalisation, the second of which gives as many channels
    as the first takes, and fewer in between, weigh the channels of the latest tensor of that width."""
    for first, second in list(pairwise(pending)):
        (takes, between), (back, gives) = _widths(first), _widths(second)
        if takes != gives or between != back or not between or not takes or between >= takes or not state.spatial:
            continue
        if any(_area(entry) > 1 for entry in (first, second)) or second is pending[-1]:
            continue
        waiting = [t for t in state.pool if t.channels == takes and not t.taken and t.kind == "item" and not t.inner]
        if not waiting:
            continue
        squeezed = _made(state, "squeeze", (waiting[-1],))
        gate = _made(state, "gate", (waiting[-1], _item(second, _item(first, squeezed, state), state)))
        _take(gate, state)
        state.pool.append(gate)
        pending[:] = [entry for entry in pending if entry is not first and entry is not second]


def _area(entry: Typed) -> int:
    """Taps of a kernel."""
    return math.prod(entry.best.fit.config.get("kernel_size") or (1,))


def _attach(norm: Typed, pending: list[Typed], state: _State, source: _Tensor) -> bool:
    """Choose what a BatchNormalization takes: False when nothing has its width."""
    _gated(pending, state)
    behind = _node(norm)
    width = _widths(norm)[0]
    found: list[tuple[float | None, float, _Tensor, Typed | None]] = []
    nothing = 0.0
    for position, entry in enumerate(pending):
        takes, gives = _widths(entry)
        if gives != width:
            found.extend(_grown(entry, position, state, behind, width))
            continue
        others = [other for other in pending if other is not entry]
        sources = list(_sources(state, takes, others)) or [(source, 0.0)]
        trunks = sorted(sources, key=lambda item: -item[1])[:MOST_PROJECTED]
        options = [(_item(entry, tensor, state), prior) for tensor, prior in sources]
        options += [
            joined
            for tensor, prior in trunks
            for joined in _with_trunk(_item(entry, tensor, state), prior, state, width, others)
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
    _take(chosen[2], state)
    front = chosen[2]
    front.signal = state.flow.settled(behind, front.signal)
    front.inner = front.kind == "item"
    if front not in state.pool:
        state.pool.append(front)
    result = _Tensor("item", state.flow.result(behind, [front.signal]), width, (front,), norm, placed=True)
    front.taken += 1
    state.pool.append(result)
    return True


def _grown(
    entry: Typed, position: int, state: _State, behind: Node, width: int | None
) -> Iterator[tuple[float | None, float, _Tensor, Typed | None]]:
    """A kernel's result beside an earlier tensor (densely connected nets)."""
    takes, gives = _widths(entry)
    if not width or not gives or gives >= width or position:
        return
    for tensor, prior in list(_singles(state, takes))[:MOST_PROJECTED]:
        made = _item(entry, tensor, state)
        for other in [t for t in reversed(state.pool) if t.channels == width - gives][:MOST_RECENT]:
            for parents in ((other, made), (made, other)):
                total = _made(state, "cat", parents)
                said = state.flow.heard(behind, total.signal)
                yield None if said is None else said[0], prior + SUM, total, entry


def _holds(tensor: _Tensor, entry: Typed) -> bool:
    return tensor.entry is entry or any(_holds(parent, entry) for parent in tensor.parents if not parent.placed)


def _singles(state: _State, width: int | None) -> Iterator[tuple[_Tensor, float]]:
    """Single tensors of a width, activated or not, the likelier first."""
    singles = [tensor for tensor in reversed(state.pool) if tensor.channels == width and tensor.kind != "act"]
    for age, tensor in enumerate(singles):
        activated = _made(state, "act", (tensor,))
        habit = OLDER * age + (INNER if tensor.inner else 0.0)
        yield activated, habit + (AGAIN if tensor.taken and not activated.taken else 0.0)
        yield tensor, habit + NOT_ACTIVATED + (AGAIN if tensor.taken else 0.0)


def _projections(state: _State, width: int | None, waiting: Sequence[Typed]) -> Iterator[tuple[_Tensor, float]]:
    """Results of kernels that have no normalisation yet and may never get one."""
    for entry in waiting:
        takes, gives = _widths(entry)
        if gives == width:
            for tensor, prior in list(_singles(state, takes))[:MOST_PROJECTED]:
                yield _item(entry, tensor, state), prior


def _sources(
    state: _State, width: int | None, waiting: Sequence[Typed] = ()
) -> Iterator[tuple[_Tensor, float]]:
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
        activated = _made(state, "act", (tensor,))
        yield activated, prior
        if state.spatial:
            yield _made(state, "pool", (activated,)), prior + POOLED
    recent = singles[:MOST_RECENT]
    seconds = [*list(_singles(state, width))[: 2 * MOST_RECENT], *_projections(state, width, waiting)]
    if state.spatial:  # a branch that ends in a pooling, beside a strided shortcut
        seconds += [(_made(state, "pool", (tensor,)), POOLED) for tensor in recent if not tensor.taken]
    for age, first in enumerate(recent):
        for second, habit in seconds:
            if first.taken or first.inner or second is first or first in second.parents:
                continue
            total = _made(state, "add", (first, second))
            bare = second.kind != "act" and not _made(state, "act", (second,)).placed
            strange = NOT_ACTIVATED if not bare and (second.kind == "act") != bool(second.taken) else 0.0
            usual = POOLED if second.kind == "pool" else max(habit, -2.0) / 2
            usual += (SHORTCUT if second.taken else LEFT) + (SHORT if second in _fronts(first) else 0.0)
            usual += GATED if "gate" in (first.kind, second.kind) and not second.taken else 0.0
            prior = SUM + OLDER * age + usual + strange
            yield total, prior + NOT_ACTIVATED
            yield _made(state, "act", (total,)), prior


def _fronts(tensor: _Tensor) -> tuple[_Tensor, ...]:
    """What the kernel behind a normalisation or gate took."""
    while tensor.parents and (tensor.kind == "gate" or tensor.entry is None or not _is_kernel(tensor.entry)):
        tensor = tensor.parents[0]
    return tensor.parents


def _is_kernel(entry: Typed) -> bool:
    return entry.best.class_name in KERNELS


def _with_trunk(
    made: _Tensor, prior: float, state: _State, width: int | None, waiting: Sequence[Typed]
) -> Iterator[tuple[_Tensor, float]]:
    """A kernel's result added to an earlier tensor in front of the normalisation (pre-activation nets)."""
    for age, tensor in enumerate([t for t in reversed(state.pool) if t.channels == width][:MOST_RECENT]):
        yield _made(state, "add", (tensor, made)), prior + SUM + OLDER * age
    for tensor, habit in _projections(state, width, waiting):
        yield _made(state, "add", (tensor, made)), prior + SUM + habit


def _made(state: _State, kind: str, parents: tuple[_Tensor, ...]) -> _Tensor:
    key = (kind, tuple(id(parent) for parent in parents))
    if key not in state.made:
        name = f"decoded/{kind}/{len(state.made)}"
        pool = f"MaxPooling{max(state.spatial, 1)}D"
        class_name = {**WORDS, "pool": pool, "squeeze": SQUEEZE.format(max(state.spatial, 1))}[kind]
        config = {"activation": "relu"} if kind == "act" else {"pool_size": 2} if kind == "pool" else {}
        node = Node(name, class_name, config, (((0, 0),),), {})
        signal = state.flow.result(node, [parent.signal for parent in parents])
        wide = sum(parent.channels or 0 for parent in parents) if kind == "cat" else parents[0].channels
        state.made[key] = _Tensor(kind, signal, wide, parents)
    return state.made[key]


def _item(entry: Typed, source: _Tensor, state: _State) -> _Tensor:
    key = (entry.stored.name, (id(source),))
    if key not in state.made:
        signal = state.flow.result(_node(entry), [source.signal])
        state.made[key] = _Tensor("item", signal, _widths(entry)[1], (source,), entry)
    return state.made[key]


def _take(tensor: _Tensor, state: _State) -> None:
    """Count what a chosen tensor takes; what was made on the way becomes part of the net."""
    if tensor.placed:
        return
    tensor.placed = True
    for parent in tensor.parents:
        parent.taken += 1
        _take(parent, state)
        if parent.kind in JOINS and parent not in state.pool:
            state.pool.append(parent)


def _finish(pending: Sequence[Typed], state: _State, source: _Tensor) -> _Tensor | None:
    """The kernels without a normalisation: the last is the head and takes what is left over, summed where two are and
    activated where sums are; those before it are shortcuts into that sum, or a chain in front of the head."""
    if not pending:
        return None
    *rest, head = pending
    takes, _ = _widths(head)
    while rest and not _left(state, takes):
        entry, *rest = rest
        front = _leftover(_widths(entry)[0], (), state)
        if front is None:
            return None
        made = _item(entry, front, state)
        _take(made, state)
        state.pool.append(made)
    last = _leftover(takes, rest, state)
    if last is None:
        return None
    made = _item(head, last, state)
    _take(made, state)
    return made


def _left(state: _State, takes: int | None) -> list[_Tensor]:
    """What nothing has taken and a kernel could take, as it is or flattened."""
    return [t for t in state.pool if not t.taken and t.channels and takes and takes % t.channels == 0]


def _leftover(takes: int | None, rest: Sequence[Typed], state: _State) -> _Tensor | None:
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
        others = [_made(state, "pool", (others[0],))]
    elif activates and not others:
        trunks = [tensor for tensor, _ in _singles(state, last.channels) if tensor.placed and tensor.kind == "act"]
        others = [tensor for tensor in trunks if tensor.parents[0].kind == "add"][:1]
    if others:
        last = _made(state, "add", (last, others[0]))
    if activates or last.kind in ("item", "gate"):
        last = _made(state, "act", (last,))
    return last


def _draft(last: _Tensor, state: _State, entries: Sequence[Typed]) -> Draft | None:
    """The chosen tensors as a draft; None when a stored layer has found no place."""
    layers = [DraftLayer("input", INPUT, {}, ())]
    taken = {entry.stored.name for entry in entries} | {"input"}
    mobile = any(entry.best.class_name == "DepthwiseConv2D" for entry in entries)
    pool, squeeze = f"MaxPooling{state.spatial}D", SQUEEZE.format(max(state.spatial, 1))
    words = {**WORDS, "act": "ReLU" if mobile else "Activation", "pool": pool, "squeeze": squeeze}

    def place(tensor: _Tensor) -> int:
        if tensor.kind == "input":
            return 0
        if tensor.layer is None:
            operands = tuple((place(parent), 0) for parent in tensor.parents)
            if tensor.entry is not None:
                reading = tensor.entry.best
                operands = ((_vector(reading.class_name, reading.fit.config, tensor.parents[0], operands[0][0]), 0),)
                name = tensor.entry.stored.name
                made = DraftLayer(name, reading.card, full_config(reading), (operands,), reading.fit.uses, name)
            else:
                made = supposed(words[tensor.kind], operands)
                if tensor.kind == "squeeze":
                    made = replace(made, config={**made.config, "keepdims": True})
            layers.append(made)
            tensor.layer = len(layers) - 1
        return tensor.layer

    def supposed(class_name: str, operands: tuple[tuple[int, int], ...]) -> DraftLayer:
        card = CARD_OF[class_name]
        stem = name = class_name.lower()
        number = 0
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name)
        return DraftLayer(name, card, dict(card.assumed), (operands,))

    def _vector(class_name: str, config: object, parent: _Tensor, front: int) -> int:
        """A pooling or Flatten in front of the first Dense behind maps."""
        behind = parent.kind == "squeeze" or (parent.entry and parent.entry.best.class_name == "Dense")
        if class_name != "Dense" or not state.spatial or behind:
            return front
        assert isinstance(config, dict)
        if config["_channels_in"] == parent.channels:
            made = supposed(f"GlobalAveragePooling{state.spatial}D", ((front, 0),))
            made = DraftLayer(made.name, made.card, {**made.config, "keepdims": False}, made.operands)
        else:
            made = supposed("Flatten", ((front, 0),))
        layers.append(made)
        return len(layers) - 1

    end = place(last)
    stored = {layer.stored for layer in layers if layer.stored is not None}
    if len(stored) < len(entries):
        return None
    return Draft(tuple(layers), ((end, 0),))
