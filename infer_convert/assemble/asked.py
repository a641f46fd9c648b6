"""What to ask when nothing satisfies the file: questions that a user can answer, each with the option that answers it.

The first is the one whose answer most likely mends it: a layer whose name says nothing where the search got stuck, the
size of the input where sizes depend on it and none was told, then operands and strides near the place.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from infer_convert.assemble.typed import Typed
from infer_convert.assemble.wanted import wanted
from infer_convert.draft import Draft
from infer_convert.errors import Ask
from infer_convert.hints import Hints, toml_key, toml_value
from infer_convert.layers.recognise import UNKNOWN

MOST = 5
"""Questions for one failure."""
BACK = 12
"""Layers before the failing one that are asked about."""
SPATIAL = ("Conv", "Pooling", "ZeroPadding", "Cropping", "UpSampling")


def about_sizes(draft: Draft, index: int, hints: Hints) -> tuple[Ask, ...]:
    """Where no sizes and settings suit layer ``index``."""
    before = list(_before(draft, index))
    asks = [_what_is(draft.layers[item].name) for item in (index, *before) if draft.layers[item].card is UNKNOWN]
    if not hints.input_shapes:
        asks += [_shape_of(draft, item) for item in before if draft.layers[item].class_name == "InputLayer"]
    layer = draft.layers[index]
    if layer.operands and len(layer.operands[0]) > 1:
        asks.append(_fed(layer.name, [draft.layers[item].name for item, _ in layer.operands[0]]))
    for item in before:
        name = draft.layers[item].class_name
        if any(word in name for word in SPATIAL) and not name.startswith("Global") and len(asks) < MOST:
            asks.append(_stepping(draft.layers[item].name, name))
    if layer.operands and len(layer.operands[0]) == 1:
        asks.append(_fed(layer.name, [draft.layers[item].name for item, _ in layer.operands[0]]))
    return tuple(dict.fromkeys(asks))[:MOST]


def told_before(draft: Draft, index: int, hints: Hints) -> tuple[str, ...]:
    """What the user told of layer ``index`` and of those in front of it, the nearest first; of any where nothing was
    told of these."""
    found: list[str] = []
    for item in (index, *_before(draft, index)):
        layer = draft.layers[item]
        shapes = hints.input_shapes.get(layer.name) or hints.input_shapes.get("", ())
        if layer.class_name == "InputLayer" and shapes:
            found += [f"{layer.name} takes {' or '.join(map(_sizes, shapes))}"]
        told = ((key, value) for (name, key), value in hints.answers.items() if name == layer.name)
        found += [f"{layer.name}.{key} = {toml_value(value)}" for key, value in told if key != "batch_shape"]
    return tuple(dict.fromkeys(found or _told(hints)))[:MOST]


def told_of_wiring(hints: Hints) -> str:
    """What the user told of operands and outputs, for the end of a sentence; nothing where nothing was."""
    found = [said for said in _told(hints) if ".inbound = " in said]
    found += [f"outputs = {toml_value(hints.outputs)}"] if hints.outputs else []
    return f", with what was told: {'; '.join(found[:MOST])}" if found else ""


def _told(hints: Hints) -> list[str]:
    return [f"{name}.{key} = {toml_value(value)}" for (name, key), value in hints.answers.items()]


def _sizes(shape: Sequence[int | None]) -> str:
    return ",".join("?" if size is None else str(size) for size in shape) or "()"


def about_wiring(typed: Sequence[Typed], places: Sequence[int], hints: Hints) -> tuple[Ask, ...]:
    """Where no wiring suits the layers at ``places`` of the list, the one where the search got stuck first."""
    near = range(max(0, min(places, default=0) - 2), min(len(typed), max(places, default=0) + 3))
    asks = [_what_is(typed[item].stored.name) for item in near if _nameless(typed[item])]
    asks += [_fed(typed[item].stored.name) for item in places[1:2]]
    asks += [_what_is(entry.stored.name) for entry in typed if _nameless(entry)]
    asks += [_fed(typed[item].stored.name) for item in places[2:]]
    return tuple(dict.fromkeys(asks))[:MOST]


def told_apart(causes: Sequence[str], asks: Sequence[Ask]) -> str:
    """The line that a failure ends with: the first cause, and the first question's option."""
    return causes[0] + (f"; {asks[0].question} {asks[0].option}" if asks else "")


def _before(draft: Draft, index: int) -> Iterator[int]:
    """The layers whose results lead to ``index``, the nearest first; the inputs whatever their distance."""
    seen, waiting, far = {index}, list(draft.producers(index)), 0
    while waiting:
        item = waiting.pop(0)
        if item in seen:
            continue
        seen.add(item)
        far += 1
        if far <= BACK or draft.layers[item].class_name == "InputLayer":
            yield item
        waiting += draft.producers(item)


def _nameless(entry: Typed) -> bool:
    return not entry.stored.tensors and not entry.stored.children and any(r.card is UNKNOWN for r in entry.readings)


def _set(name: str, field: str, value: str) -> str:
    """``value`` is TOML or a bare word. In single quotes for the shell, whatever the file calls its layers."""
    return "--set '" + f"{toml_key(name)}.{field}={value}".replace("'", "'\"'\"'") + "'"


def _what_is(name: str) -> Ask:
    return Ask(f"what is the layer {name}, whose name says nothing?", _set(name, "class_name", "Flatten"))


def _shape_of(draft: Draft, index: int) -> Ask:
    want = wanted(draft, index)
    axes, channels = want.axes or 1, want.channels or "?"
    words = {1: "", 2: "LENGTH,", 3: "HEIGHT,WIDTH,", 4: "DEPTH,HEIGHT,WIDTH,"}.get(axes, "")
    name = draft.layers[index].name
    several = sum(layer.class_name == "InputLayer" for layer in draft.layers) > 1
    into = shlex.quote(f"{name}=") if several else ""
    return Ask(f"what shape goes into {name}?", f"--input-shape {into}{words}{channels}")


def _fed(name: str, operands: Sequence[str] = ()) -> Ask:
    """Operands that nothing proposes are the reader's to fill in."""
    return Ask(f"what feeds {name}?", _set(name, "inbound", toml_value(list(operands)) if operands else '["…"]'))


def _stepping(name: str, class_name: str) -> Ask:
    field = {"ZeroPadding": "padding", "Cropping": "cropping", "UpSampling": "size"}
    word = next((value for key, value in field.items() if class_name.startswith(key)), "strides")
    return Ask(f"what are the {word} of {name}?", _set(name, word, "2"))
