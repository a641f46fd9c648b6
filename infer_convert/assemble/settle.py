"""Open settings of a draft: shapes through the graph decide what they can, habits weigh the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from infer_convert import __version__
from infer_convert.assemble import inputs
from infer_convert.assemble.asked import about_sizes, told_before
from infer_convert.assemble.box_rows import along
from infer_convert.assemble.chains import ABSENT, NO_LAYER
from infer_convert.assemble.few_sizes import solved
from infer_convert.assemble.reshapes import targets
from infer_convert.assemble.sliding import at_once
from infer_convert.clues.settings import same_size
from infer_convert.clues.settings.blocks import blocks, with_blocks
from infer_convert.clues.settings.choices import LAST_STRIDE, Setting, settings
from infer_convert.clues.settings.dilation import dilated
from infer_convert.clues.settings.final_maps import favour, pictures
from infer_convert.clues.settings.places import Style
from infer_convert.clues.settings.presence import NO_POOL_BEHIND_STRIDES, pool_share
from infer_convert.clues.settings.whole import with_whole
from infer_convert.draft import Draft, DraftLayer, Neighbourhood
from infer_convert.errors import Ask
from infer_convert.hints import Hints, spread
from infer_convert.layers.card import Config, Shape
from infer_convert.layers.pooling import WHOLE, sized
from infer_convert.solve.draws import Draw
from infer_convert.solve.kept_sizes import known_sizes
from infer_convert.solve.notes import digest
from infer_convert.solve.options import ShapeFunction, SizeCall, SizeItem, SizeOption
from infer_convert.solve.sizes import SizeResult

SMALL_NET = 60
"""Up to so many calls many states are affordable, for a draft that is likely."""
MANY, FEW = 4000, 600
"""States that are kept."""
MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
"""Classes whose operands suit each other two by two."""
LIKE_ANOTHER = math.log(4.0)
"""Log odds that an input that is read like another one has its size, whatever that size is: pictures that are
compared, signals that several branches look at (set by hand)."""
LONG, FAR = 2**14, -2.0
"""A length that leaves something of a known net's series of any length, after all that is halved and cut off."""
KNOWN_SIZE = 1.5
"""Nats for a known architecture's input size over the most usual other one."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A draft with its settings: for every layer the settings tried, the chosen one, each one's marginal and peak
    (``SizeResult``) and the shape of every call's result; ``share`` is its probability among all assignments of the
    draft; ``draw`` draws from these."""

    draft: Draft
    settings: tuple[tuple[Setting, ...], ...]
    chosen: tuple[int, ...]
    marginals: tuple[tuple[float, ...], ...]
    shapes: Mapping[tuple[int, int], Shape]
    share: float
    size_fixed: bool
    peaks: tuple[tuple[float, ...], ...] = ()
    draw: Callable[[], tuple[Draw, ...]] = tuple

    def config(self, index: int) -> Config:
        """Fixed and chosen settings of a layer together."""
        return {**self.draft.layers[index].config, **self.settings[index][self.chosen[index]].config}


@dataclass(frozen=True, slots=True)
class SettledDraft:
    """The best assignments of one draft (empty when its shapes cannot agree) and the log of their whole mass; where
    there is none, the place and what to ask there."""

    answers: tuple[Settled, ...]
    log_mass: float
    cause: str = ""
    asks: tuple[Ask, ...] = ()


def settle(draft: Draft, hints: Hints, best: int = 8, likely: bool = True) -> SettledDraft:
    """Choose all open settings of a draft jointly."""
    failed: SettledDraft | None = None
    for given in inputs.allotments(draft, hints.input_shapes):
        found = _settle(draft, given, hints, best, likely)
        if found.answers:
            return found
        failed = failed or found
    assert failed is not None
    return failed


def _settle(draft: Draft, given: Mapping[str, Shape], hints: Hints, best: int, likely: bool) -> SettledDraft:
    near = Neighbourhood.of(draft)
    style = Style.of(near)
    fixed = inputs.depends_on_size(draft)
    all_settings: list[tuple[Setting, ...]] = []
    items: list[SizeItem] = []
    for index, layer in enumerate(draft.layers):
        tried, functions = _options(near, style, index, layer, fixed, given, hints)
        all_settings.append(tried)
        options = tuple(
            SizeOption(setting.log_prior, function, setting.reads, setting.writes)
            for setting, function in zip(tried, functions, strict=True)
        )
        told = any(function is _ruled_out for function in functions)
        known = None if told else at_once(layer, tried, functions)
        items.append(SizeItem(options, known, favour(near, index, given), layer.class_name in MERGES))
    calls, numbers = _calls(near)
    asked = None if fixed else same_size.ends(near)
    if asked is not None:
        calls.append(SizeCall(len(items), (numbers[asked[0], 0], numbers[asked[1]])))
        items.append(SizeItem((SizeOption(0.0, itemgetter(0)),), None, same_size.favour_same))
    states = MANY if likely and len(calls) <= SMALL_NET else FEW
    strata = [f"input/{layer.name}" for layer in draft.layers if layer.class_name == "InputLayer"]
    result = known_sizes(
        lambda: _question(draft, all_settings, hints, best, states),
        items,
        calls,
        lambda: solved(items, calls, best, states, strata),
    )
    if not result.answers:
        assert result.failed_at is not None
        asks = about_sizes(draft, calls[result.failed_at].item, hints)
        return SettledDraft((), -math.inf, _cause(draft, calls, result, hints), asks)
    count = len(draft.layers)
    answers = tuple(
        Settled(
            draft,
            _sized(draft, all_settings, {key: answer.shapes[position] for key, position in numbers.items()}),
            answer.options[:count],
            result.marginals[:count],
            {key: answer.shapes[position] for key, position in numbers.items()},
            answer.probability,
            fixed or bool(given),
            result.peaks[:count],
            lambda: tuple(replace(draw, options=draw.options[:count]) for draw in result.draw()),
        )
        for answer in result.answers
    )
    return SettledDraft(answers, result.log_mass)


def _question(
    draft: Draft, all_settings: Sequence[tuple[Setting, ...]], hints: Hints, best: int, states: int
) -> str:
    """Of all that the choice depends on; of the hints only what they say about the settings that are open."""
    layers = [(layer.class_name, layer.config, layer.operands) for layer in draft.layers]
    named = {name for name, _ in hints.answers}
    told = [
        (index, field, repr(hints.answer(layer.name, field)))
        for index, layer in enumerate(draft.layers)
        if layer.name in named
        for field in sorted({field for setting in all_settings[index] for field in setting.config})
    ]
    told = [each for each in told if each[2] != "None"]
    settings_tried = [
        [(setting.config, setting.log_prior, setting.reads, setting.writes) for setting in tried]
        for tried in all_settings
    ]
    return digest(("sizes", __version__, layers, draft.outputs, settings_tried, told, best, states))


def _sized(
    draft: Draft, tried: list[tuple[Setting, ...]], shapes: Mapping[tuple[int, int], Shape]
) -> tuple[tuple[Setting, ...], ...]:
    """The settings with the sizes of windows that are as large as their operand."""
    found = list(tried)
    for index, options in enumerate(tried):
        if any(option.config.get("pool_size") == WHOLE for option in options):
            operand = shapes[draft.layers[index].operands[0][0]]
            found[index] = tuple(replace(option, config=sized(option.config, operand)) for option in options)
    return tuple(found)


def _calls(near: Neighbourhood) -> tuple[list[SizeCall], dict[tuple[int, int], int]]:
    """Every call, parents first; what decides whether a block halves before the block's other ways, which can then be
    held against it one by one."""
    draft = near.draft
    calls: list[SizeCall] = []
    numbers: dict[tuple[int, int], int] = {}
    first = {index: max(draft.producers(index)) + 0.5 for index in blocks(near)}
    order = sorted(range(len(draft.layers)), key=lambda index: first.get(index, index))
    waiting = [(index, call) for index in order for call in range(max(1, len(draft.layers[index].operands)))]
    while waiting:
        rest = []
        for index, call in waiting:
            layer = draft.layers[index]
            operands = layer.operands[call] if layer.operands else ()
            if all(operand in numbers for operand in operands):
                numbers[index, call] = len(calls)
                calls.append(SizeCall(index, tuple(numbers[operand] for operand in operands)))
            else:
                rest.append((index, call))
        if len(rest) == len(waiting):
            raise AssertionError(f"the draft has a cycle through {draft.layers[rest[0][0]].name}")
        waiting = rest
    return calls, numbers


def _options(
    near: Neighbourhood,
    style: Style,
    index: int,
    layer: DraftLayer,
    fixed: bool,
    given: Mapping[str, Shape],
    hints: Hints,
) -> tuple[tuple[Setting, ...], tuple[ShapeFunction, ...]]:
    if layer.class_name == "InputLayer":
        return _input_options(near, index, layer, fixed, given)
    if layer.class_name == "Reshape":
        return targets(near, index, layer)
    tried = with_blocks(near, style, index, settings(near, style, index))
    tried = along(near, index, with_whole(near, index, dilated(near, index, tried)))
    if layer.config.get("_supposed"):
        tried = _with_absence(tried, pool_share(near, index))
    tried, told = _told(tried, layer, hints)
    takes = layer.class_name == "Dense" or "_channels_in" in layer.config.get("_inner", ())
    made = tuple(
        _shape_function(layer, setting) if told is None or place in told else _ruled_out
        for place, setting in enumerate(tried)
    )
    return tried, tuple(_known_channels(function) if takes else function for function in made)


def _told(
    tried: tuple[Setting, ...], layer: DraftLayer, hints: Hints
) -> tuple[tuple[Setting, ...], frozenset[int] | None]:
    """The settings and the places of those that agree with the user (None: all). The others are ruled out and not
    taken away: what the answer is worth beside them is what it tells about the layers before (a dilation of 8 here
    speaks for 4 there)."""
    pinned = {key: spread(value, tried[0].config.get(key)) for key, value in _pinned(tried, layer, hints).items()}
    agreeing = frozenset(
        place
        for place, setting in enumerate(tried)
        if all(_agrees(setting.config.get(key), value) for key, value in pinned.items())
    )
    if not pinned or agreeing:
        return tried, agreeing if pinned else None
    if any(not _alike(tried[0].config.get(key), value) for key, value in pinned.items()):
        return tried, agreeing
    return (Setting({**_nearest(tried, pinned).config, **pinned}, 0.0),), None


def _pinned(tried: tuple[Setting, ...], layer: DraftLayer, hints: Hints) -> dict[str, Any]:
    """What the user says of a layer's settings. A pool that the list does not show is told whole, or as ``none``."""
    whole = hints.answer(layer.name, "pool_size") if layer.config.get("_supposed") else None
    if whole == NO_LAYER:
        return {ABSENT: True}
    if isinstance(whole, Mapping):
        return dict(whole)
    pinned = {key: hints.answer(layer.name, key) for setting in tried for key in setting.config}
    return {key: value for key, value in pinned.items() if value is not None}


def _nearest(tried: tuple[Setting, ...], pinned: Mapping[str, Any]) -> Setting:
    """The setting that agrees in most of what was told, the likeliest of them."""
    agreed = [sum(_agrees(item.config.get(key), value) for key, value in pinned.items()) for item in tried]
    return max(zip(agreed, tried, strict=True), key=lambda each: (each[0], each[1].log_prior))[1]


def _ruled_out(shapes: tuple[Shape, ...]) -> Shape | None:
    return None


def _known_channels(function: ShapeFunction) -> ShapeFunction:
    """Nothing for an open number of channels, behind which Keras builds no layer with weights for them."""
    return lambda shapes: None if shapes and shapes[0] and shapes[0][-1] is None else function(shapes)


def _alike(value: Any, wanted: Any) -> bool:
    """Whether what was told is a word where the layer takes one, and a list has an entry for each axis."""
    if isinstance(value, str):
        return isinstance(wanted, str)
    lists = isinstance(value, (list, tuple)) and isinstance(wanted, (list, tuple))
    return not lists or len(value) == len(wanted)


def _agrees(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, int) and isinstance(value, (list, tuple)):
        return all(item == wanted for item in value)
    return bool(value == wanted)


def _with_absence(tried: tuple[Setting, ...], present: float) -> tuple[Setting, ...]:
    there = tuple(replace(setting, log_prior=setting.log_prior + math.log(present)) for setting in tried)
    return (*there, Setting({ABSENT: True}, math.log(1 - present), ((LAST_STRIDE, 2, NO_POOL_BEHIND_STRIDES),)))


def _shape_function(layer: DraftLayer, setting: Setting) -> ShapeFunction:
    config = {**layer.config, **setting.config}
    card = layer.card
    if config.get(ABSENT):
        return lambda shapes: shapes[0]

    def shape(shapes: tuple[Shape, ...]) -> Shape | None:
        if not shapes:
            return None
        return card.shape(config, shapes)

    return shape


def _input_options(
    near: Neighbourhood, index: int, layer: DraftLayer, fixed: bool, given: Mapping[str, Shape]
) -> tuple[tuple[Setting, ...], tuple[ShapeFunction, ...]]:
    if layer.name in given:
        candidates: tuple[tuple[Shape, float], ...] = ((tuple(given[layer.name]), 0.0),)
    else:
        nominal = None if fixed else pictures(near)
        candidates = _with_known_size(near, index, inputs.candidates(near.draft, index, fixed, nominal), fixed)
    total = math.log(math.fsum(math.exp(score) for _, score in candidates))
    kind = inputs.kind_of(near.draft, index) if layer.name not in given else None
    tried = tuple(
        Setting(
            {"batch_shape": [None, *shape]},
            score - total,
            ((kind, shape, LIKE_ANOTHER - score + total),) if kind else (),
            ((f"input/{layer.name}", shape), *(((kind, shape),) if kind else ())),
        )
        for shape, score in candidates
    )
    return tried, tuple(_constant(shape) for shape, _ in candidates)


def _with_known_size(
    near: Neighbourhood, index: int, candidates: tuple[tuple[Shape, float], ...], fixed: bool
) -> tuple[tuple[Shape, float], ...]:
    """The input size of a known architecture in front, if there is one; people often keep it. Where nothing depends on
    the size one nominal shape is enough."""
    known = near.draft.preferred.get(index)
    shape = tuple(known.config.get("batch_shape") or ())[1:] if known is not None else ()
    if known is not None and not fixed and len(shape) == 2 and shape[0] is None:  # of any length, often a great one
        return (*candidates, *(((LONG, *item[1:]), score + FAR) for item, score in candidates[-1:] if len(item) == 2))
    if known is not None and not fixed and len(candidates) > 1:
        candidates = (max(candidates, key=lambda item: item[1]),)
    if len(shape) < 2 or None in shape[:-1] or not candidates or len(candidates[0][0]) != len(shape):
        return candidates
    wanted: Shape = (*shape[:-1], candidates[0][0][-1])
    if not fixed:
        return ((wanted, 0.0),)
    best = max(score for _, score in candidates)
    return ((wanted, best + KNOWN_SIZE), *(item for item in candidates if item[0] != wanted))


def _constant(shape: Shape) -> Callable[[tuple[Shape, ...]], Shape | None]:
    return lambda shapes: shape


def _cause(draft: Draft, calls: list[SizeCall], result: SizeResult, hints: Hints) -> str:
    assert result.failed_at is not None
    call = calls[result.failed_at]
    layer = draft.layers[call.item]
    feeding = ", ".join(draft.layers[calls[operand].item].name for operand in call.operands) or "nothing"
    wants = layer.config.get("_channels_in")
    demand = f" ({layer.class_name} takes {wants} channels)" if wants else f" ({layer.class_name})"
    said = told_before(draft, call.item, hints)
    given = f", with what was told: {'; '.join(said)}" if said else ""
    return f"no sizes and settings suit {layer.name}{demand} behind {feeding}{given}"
