"""Which decisions are one motif, what answers to it are likely together, and what its answer gains.

An author settles one thing at a time: how the convolutions' windows move, the activations, the epsilon of the
normalisations. A *motif* is such a field over the layers of one kind; what moves a window (strides, padding, dilation,
of pools their class and size too) is one motif, because sizes tell these only together: whoever learns that nothing is
padded judges the strides anew. Its answer is a pattern, a value for each of these layers ("1, but 2 at conv3 and
conv6"). How likely a pattern is, ``Wholes`` say of what sizes weigh; other reasons know nothing of each other and are
multiplied.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from infer_convert.inference import Wholes
from infer_convert.plan import Decision
from infer_convert.report.document import LayerEntry
from infer_convert.report.events import Event, events, together
from infer_convert.report.units import Choice, Target, Unit

MOST_PATTERNS = 5
"""Patterns that are offered beside the one of the plan."""
KINDS = (
    ("Transpose", "transposed"),
    ("Pooling", "pool"),
    ("ConvLSTM", "recurrent"),
    ("LSTM", "recurrent"),
    ("GRU", "recurrent"),
    ("RNN", "recurrent"),
    ("Bidirectional", "recurrent"),
    ("Conv", "convolution"),
)
"""Parts of class names and the kind of layer, the first that is found."""
SPATIAL = ("strides", "padding", "dilation_rate", "size", "return_sequences")
"""Fields that layers of one kind share whatever their class."""
OF_CLASS = (
    "epsilon", "negative_slope", "alpha", "theta", "max_value", "recurrent_activation", "mask_zero", "interpolation",
    "keepdims",
)  # fmt: skip
"""Fields that layers of one class share."""
WINDOW = ("pool_size", "strides", "padding", "dilation_rate")
"""Fields that move the windows of these kinds of layers, asked together."""
MOVING = ("pool", "convolution", "transposed")
WINDOWED = ("MaxPooling", "AveragePooling")
POOL = "pool window"
"""The motif of pools with windows: their class and ``WINDOW`` are all there is."""


def motif(layer: LayerEntry, argument: str) -> str | None:
    """The motif that an argument of a layer belongs to; None for classes (but a pool's), operands and shapes of inputs,
    which stand alone."""
    name = layer.class_name
    kind = next((kind for part, kind in KINDS if part in name), name)
    if kind in MOVING and argument in WINDOW:
        return f"{kind} window"
    if argument in SPATIAL:
        return f"{kind} {argument}"
    if argument in OF_CLASS:
        return f"{name} {argument}"
    if argument == "activation":
        return "recurrent activation" if kind == "recurrent" else "activation"
    if argument == "class_name" and kind == "pool":
        return POOL if name.startswith(WINDOWED) else "pool class"
    return None


def turned(layers: Iterable[tuple[LayerEntry, Decision]]) -> dict[str, str]:
    """Layers whose operands change places, each with its motif: the operands of one layer among themselves (who writes
    the skip first does so in every Concatenate), or those of two layers, of which each may read what the other one
    reads, and so in every block that is built alike."""
    open_ones = [
        (layer, each)
        for layer, each in layers
        if each.field == "inbound" and len(each.alternatives) == 1 and each.motif is None
    ]
    both = {layer.name: frozenset((repr(each.value), repr(each.alternatives[0].value))) for layer, each in open_ones}
    pairs = Counter(both.values())
    found = {}
    for layer, each in open_ones:
        if _same_operands(each.value, each.alternatives[0].value):
            found[layer.name] = f"inbound order {layer.class_name}"
        elif pairs[both[layer.name]] > 1:
            found[layer.name] = f"inbound {layer.class_name}"
    return found


def _same_operands(one: Any, other: Any) -> bool:
    return [sorted(map(str, call)) for call in one] == [sorted(map(str, call)) for call in other]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One question: the plan's answer, others (the likeliest first), and the nats by which the true answer raises the
    chance that the whole plan computes the right function. ``apart`` is the part of the gain that nothing drawn speaks
    of, ``drawn`` the spelling of the answer in every drawn whole (empty where none speaks of it)."""

    standing: Choice
    others: tuple[Choice, ...]
    gain: float
    apart: float
    drawn: tuple[str, ...]


def weighed(units: Sequence[Unit], wholes: Wholes) -> Weighed:
    """The question about these units, which are one motif."""
    joint = [unit for unit in units if _drawn(unit, wholes)]
    drawn = _together(joint, wholes) if joint else _NOTHING
    if len(units) == 1 and (len(units[0].layers) == 1 or not joint):
        return _single(units[0], drawn)
    apart = events([unit for unit in units if unit not in joint])
    sure = math.prod(event.right for event in apart)
    standing = {target: decision.value for unit in units for target, decision in unit.members()}
    mine = tuple(standing[target] for target in drawn.targets)

    def choice(told: Mapping[Target, Any], confidence: float) -> Choice:
        found = _without_window({**standing, **told})
        return Choice(tuple(found), tuple(found.values()), confidence)

    patterns = Event(
        drawn.targets,
        drawn.shares.get(repr(mine), (0.0, mine))[0],
        tuple((dict(zip(drawn.targets, values, strict=True)), share) for share, values in drawn.shares.values()
              if values != mine),
    )  # fmt: skip
    ways = [way for way in together([patterns, *apart], MOST_PATTERNS + 1) if way[0]]
    alone = -math.log(max(sure, 1e-9))
    others = _merged([choice(*way) for way in ways])[:MOST_PATTERNS]
    return Weighed(choice({}, sure * patterns.right), others, drawn.gain + alone, alone, drawn.rows)


def _merged(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """The choices, those that say the same as one."""
    found: dict[str, Choice] = {}
    for each in choices:
        key = repr(each.answers)
        found[key] = replace(each, confidence=each.confidence + found[key].confidence) if key in found else each
    return tuple(sorted(found.values(), key=lambda choice: -choice.confidence))


def _without_window(told: Mapping[Target, Any]) -> dict[Target, Any]:
    """No window of a layer that is told to be of a class without one."""
    classes = {layer: str(value) for (layer, argument), value in told.items() if argument == "class_name"}
    bare = {layer for layer, name in classes.items() if not name.startswith(WINDOWED)}
    return {(layer, argument): value for (layer, argument), value in told.items()
            if not (layer in bare and argument in WINDOW)}  # fmt: skip


def _single(unit: Unit, drawn: _Patterns) -> Weighed:
    """One unit: the options of its decision."""

    def all_of(value: Any, share: float) -> Choice:
        return Choice(tuple(target for target, _ in unit.members()), (value,) * len(unit.layers), share)

    decision = unit.decision
    ranked = sorted(decision.alternatives, key=lambda option: -option.confidence)
    others = tuple(all_of(option.value, option.confidence) for option in ranked)
    alone = 0.0 if drawn.rows else decision.gain
    gain = max(alone, drawn.gain * _believed(decision, drawn))
    return Weighed(all_of(decision.value, decision.confidence), others, gain, alone, drawn.rows)


def _believed(decision: Decision, drawn: _Patterns) -> float:
    """The part of what was drawn for one layer that its confidence, which is fitted, leaves in doubt."""
    share = drawn.shares.get(repr((decision.value,)), (0.0, ()))[0]
    if not 0.0 < share < 1.0 or not 0.0 < decision.confidence <= 1.0:
        return 1.0
    return min(1.0, math.log(decision.confidence) / math.log(share))


def _drawn(unit: Unit, wholes: Wholes) -> bool:
    return any(target in wholes.fields for target, _ in unit.members())


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Values that were drawn for these targets, by their spelling, each with its share; their spelling in every drawn
    whole; and what telling the right ones gains."""

    targets: tuple[Target, ...] = ()
    shares: Mapping[str, tuple[float, tuple[Any, ...]]] = field(default_factory=lambda: {repr(()): (1.0, ())})
    rows: tuple[str, ...] = ()
    gain: float = 0.0


_NOTHING = _Patterns()


def told_apart(peaks: Iterable[float]) -> float:
    """Nats that it gains to know which of several patterns is right, where these are the log chances of the best whole
    of each."""
    found = list(peaks)
    top = max(found)
    return math.log(math.fsum(math.exp(peak - top) for peak in found))


def _together(units: Sequence[Unit], wholes: Wholes) -> _Patterns:
    """The drawn patterns of these units. The best whole that is left by the right one has the chance of the best whole
    of its pattern, so the gain is the sum of these over that of the best of all. Values that compute what the plan's
    value computes are the plan's."""
    members = [member for unit in units for member in unit.members()]
    numbers = {key: number for number, key in enumerate(wholes.fields)}
    columns = [numbers.get(target) for target, _ in members]
    same = [{repr(option.value) for option in decision.alternatives if option.same} for _, decision in members]
    shares: dict[str, tuple[float, tuple[Any, ...]]] = {}
    peaks: dict[str, float] = {}
    rows = []
    for row in wholes.rows:
        pattern = tuple(
            decision.value if number is None or repr(row.values[number]) in alike else row.values[number]
            for number, (_, decision), alike in zip(columns, members, same, strict=True)
        )
        key = repr(pattern)
        rows.append(key)
        shares[key] = shares.get(key, (0.0, pattern))[0] + row.share, pattern
        peaks[key] = max(peaks.get(key, -math.inf), row.log_probability)
    gain = max(told_apart(peaks.values()), *(decision.coupled for _, decision in members))
    return _Patterns(tuple(target for target, _ in members), shares, tuple(rows), gain)
