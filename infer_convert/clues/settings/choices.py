"""How likely each spatial setting of a layer is, from its place in the net: log priors for ``solve/sizes``, whose shape
constraints decide most of them.

Windows, strides, paddings and borders are weighed by the fitted model of ``habits``; the rest by rounded frequencies
that follow WIRING §6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from infer_convert.clues.settings.frequencies import frequency
from infer_convert.clues.settings.habits import CONVOLUTION, features, group_of, memories, reminders, weights
from infer_convert.clues.settings.places import Style, place
from infer_convert.clues.settings.repeats import per_channel, weighs_steps
from infer_convert.clues.settings.strips import across, strip
from infer_convert.clues.settings.windows import first, oblong, one_frame, over_words
from infer_convert.draft import DraftLayer, Neighbourhood, Preferred
from infer_convert.layers.card import Config
from infer_convert.layers.passed import SHAPE_KEEPING


@dataclass(frozen=True, slots=True)
class Setting:
    """One choice of a layer's spatial settings and its log prior; ``reads`` and ``writes`` are what it repeats and
    leaves behind, as in ``solve/sizes``."""

    config: Config
    log_prior: float
    reads: tuple[tuple[str, Any, float], ...] = ()
    writes: tuple[tuple[str, Any], ...] = ()


def settings(near: Neighbourhood, style: Style, index: int) -> tuple[Setting, ...]:
    """Every setting of layer ``index`` with its prior; a layer without open settings has one empty setting."""
    layer = near.draft.layers[index]
    choices = layer.card.choices(layer.config)
    choices = (*choices, *(choice for choice in per_channel(near, index) if choice not in choices))
    open_choices = [choice for choice in choices if _compatible(layer, choice)]
    if not open_choices:
        return (Setting({}, 0.0),)
    weighted = _weigh(near, style, index, layer, open_choices)
    total = math.log(math.fsum(math.exp(item.log_prior) for item in weighted))
    normal = tuple(replace(item, log_prior=item.log_prior - total) for item in weighted)
    known = near.draft.preferred.get(index)
    return normal if known is None or not choices[0] else _with_known(normal, choices[0], known)


SIZED = ("dilation_rate", "groups", "output_padding")
"""Settings that no choice varies and that a known architecture may have all the same."""


def _with_known(normal: tuple[Setting, ...], choice: Config, known: Preferred) -> tuple[Setting, ...]:
    """The settings mixed with the one of a known architecture, or, where it leaves some untold, with those that agree
    with the rest; no habit ties them then."""
    config = {key: known.config[key] for key in (*choice, *SIZED) if key in known.config}
    if not config:
        return normal
    rest = math.log(1 - known.trust)
    merged, agreeing = [], []
    for item in normal:
        agrees = all(_same(item.config[key], value) for key, value in config.items() if key in item.config)
        if agrees:
            agreeing.append(item)
        else:
            merged.append(Setting(item.config, item.log_prior + rest))
    if not known.untold or not agreeing:
        return (Setting({**config}, math.log(known.trust)), *merged)
    whole = math.log(math.fsum(math.exp(item.log_prior) for item in agreeing))
    told = [Setting({**item.config, **config}, math.log(known.trust) + item.log_prior - whole) for item in agreeing]
    return (*told, *merged)


def _compatible(layer: DraftLayer, choice: Config) -> bool:
    return all(key not in layer.config or _same(layer.config[key], value) for key, value in choice.items())


def _same(a: Any, b: Any) -> bool:
    def flat(value: Any) -> Any:
        return value[0] if isinstance(value, (list, tuple)) and len(set(map(str, value))) == 1 and len(value) else value

    return bool(a == b or flat(a) == flat(b))


def _weigh(
    near: Neighbourhood, style: Style, index: int, layer: DraftLayer, choices: Sequence[Config]
) -> list[Setting]:
    group = group_of(layer.class_name, choices[0])
    if group is None:
        return [_by_table(near, index, layer, choice) for choice in choices]
    there, learned = place(near, style, index), weights()
    over_strip = strip(near.draft) if any(map(oblong, choices)) else None
    found = []
    for choice in choices:
        score = frequency(near, style, index, choice)
        score += math.fsum(learned.get(feature, 0.0) for feature in features(group, there, layer.config, choice))
        reads = tuple(
            (kind, value, math.fsum(learned.get(name, 0.0) for name in names))
            for (kind, value), names in reminders(group, there, layer.config, choice)
        )
        writes = memories(group, there, layer.config, choice)
        if over_strip is not None and "pool_size" in choice:
            if choice["pool_size"][over_strip[0]] == 1 or not oblong(choice):
                nats = across(over_strip[0], choice["pool_size"])
                found.append(Setting(choice, score + nats, reads, writes))
            continue
        if oblong(choice):
            found.append(Setting(choice, score + (ONE_FRAME if one_frame(choice) else OBLONG)))
            continue
        if group is CONVOLUTION:
            writes = (*writes, (LAST_STRIDE, min(2, first(choice["strides"]))))
            if over_words(layer.config) and (choice["padding"] != "valid" or first(choice["strides"]) > 1):
                score += ACROSS_WORDS
        found.append(Setting(choice, score, reads, writes))
    return found


OBLONG = -4.0
"""Nats for a window or a stride that is not the same along all axes, beside what its first axis says."""
ONE_FRAME = -1.5
"""Nats for a window over one frame of a volume, beside what its first axis says: two of the published video nets begin
so for each that does not (C3D, I3D; set by hand)."""
ACROSS_WORDS = -5.0
"""Nats for zeros or strides of a kernel that is as wide as an embedding: it has one place across."""
LAST_STRIDE = "last stride"
"""The kind of memory that holds whether the last convolution had strides (2) or not (1)."""


KEEPS = 2.0
"""Nats for the same again where no model weighs it."""


def _by_table(near: Neighbourhood, index: int, layer: DraftLayer, choice: Config) -> Setting:
    name = layer.class_name
    if name.startswith("UpSampling"):
        size = first(choice["size"])
        return Setting(choice, {2: -0.1, 4: -3.0, 3: -4.0}.get(size, -5.0), (("up", size, KEEPS),), (("up", size),))
    if name.startswith("Cropping"):
        return Setting(choice, -0.3 * _amount(choice["cropping"]))
    if "return_sequences" in choice:
        return _recurrent(near, index, choice)
    if "_way" in choice:
        return Setting(choice, layer.config["_ways"][choice["_way"]][1])
    if "_class" in choice:
        return _per_frame(near, index, choice)
    if "groups" in choice:
        return _grouped(near, layer, choice["groups"])
    if "axes" in choice:
        made = any(near.draft.layers[item].class_name == "Reshape" for item in near.draft.producers(index))
        return Setting(choice, (MATRIX_AXES if made else AXES)[str(choice["axes"])])
    if "dims" in choice:
        return Setting(choice, TURNS.get(tuple(choice["dims"]), 0.0))
    if "keepdims" in choice:
        return Setting(choice, -3.0 if choice["keepdims"] else -0.05)
    return Setting(choice, 0.0)


GROUPS = {32: -0.3, 16: -2.3, 8: -1.6, 4: -2.6, 2: -4.0, 1: -2.3}
EACH, EACH_ENLARGED = -1.6, -0.2
"""Nats of numbers of groups, and of a group for every channel: generators that enlarge by transposed convolutions
normalise each picture's channels (CycleGAN), which Keras has no other layer for (set by hand)."""


def _grouped(near: Neighbourhood, layer: DraftLayer, groups: int) -> Setting:
    """A net has one number of groups throughout, or one rule. A number that is that of the channels is both."""
    choice, each = {"groups": groups}, groups == layer.config["_channels_in"]
    enlarged = any("Transpose" in item.class_name for item in near.draft.layers)
    nats = GROUPS.get(groups, -math.inf)
    if each:
        nats = max(nats, EACH_ENLARGED if enlarged else EACH)
    reads: tuple[tuple[str, Any, float], ...] = (("groups", groups, KEEPS),) if groups in GROUPS else ()
    reads += (("groups each", True, KEEPS),) if each else ()
    return Setting(choice, nats, reads, (("groups", groups), ("groups each", each)))


EVERY_FRAME = {"Flatten": -1.0, "MaxPooling2D": -1.2}
"""Nats of what TimeDistributed does to every frame without weights; ``RARER`` for the rest."""
RARER = -2.5
IN_A_ROW = {
    ("MaxPooling2D", "MaxPooling2D"): -3.0, ("MaxPooling2D", "Dropout"): 1.5, ("Dropout", "Dropout"): -3.0,
    ("Dropout", "MaxPooling2D"): -2.0, ("GlobalAveragePooling2D", "Dropout"): 1.0, ("Flatten", "Dropout"): 1.0,
    **{(first, second): -6.0 for first in ("Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D")
       for second in ("Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D")},
}  # fmt: skip
"""Nats for one of these directly behind another: nobody pools twice in a row or flattens a vector, and dropout follows
a pool (set by hand)."""


def _per_frame(near: Neighbourhood, index: int, choice: Config) -> Setting:
    name = choice["_class"]
    front = near.draft.layers[near.draft.producers(index)[0]]
    follows = front.class_name == "TimeDistributed" and "_inner" not in front.config
    reads = tuple(("every frame", first, nats) for (first, second), nats in IN_A_ROW.items() if second == name)
    return Setting(choice, EVERY_FRAME.get(name, RARER), reads if follows else (), (("every frame", name),))


AXES = {"-1": -0.3, "[2, 1]": -1.6, "1": -3.0, "[1, 2]": -4.0}
MATRIX_AXES = {"-1": -2.0, "[2, 1]": -0.2, "1": -4.0, "[1, 2]": -4.0}
"""Nats of a Dot's axes where the shapes leave several, and where one operand is reshaped into a matrix: rows times a
matrix, as in PointNet (set by hand)."""

TURNS = {(2, 1, 3): -0.3, (3, 1, 2): -2.0, (2, 3, 1): -2.0}
"""Nats of a Permute of three axes: columns of a picture of text become steps; channels rarely move (set by hand)."""


def _amount(value: Any) -> int:
    while not isinstance(value, int):
        value = max(value, key=lambda item: _amount(item))
    return value


STARTED = 0.9
"""Share of sequences among the layers that start from another one's state: decoders."""


OVER_STEPS = ("LSTM", "GRU", "SimpleRNN", "Bidirectional")
CTC = 0.4
"""Share of one result for all steps at the end of nets that turn rows of a map into steps: most read text and give a
character for each (set by hand)."""


def _reads_map(near: Neighbourhood, index: int) -> bool:
    """Whether what a recurrent layer reads was made of a map by a Reshape, other recurrent layers looked through."""
    for _ in range(len(near.draft.layers)):
        producers = near.draft.producers(index)
        if len(producers) != 1:
            return False
        (index,) = producers
        name = near.draft.layers[index].class_name
        if name == "Reshape":
            front = near.before(index, (*SHAPE_KEEPING, "Permute", "MaxPooling2D", "AveragePooling2D"))
            return any("Conv2D" in near.draft.layers[item].class_name for item in front)
        if name not in (*SHAPE_KEEPING, "Dense", "TimeDistributed", "Permute", *OVER_STEPS):
            return False
    return False


def _recurrent(near: Neighbourhood, index: int, choice: Config) -> Setting:
    layers = near.draft.layers
    after = [
        layers[item].class_name
        for item in near.after(index, SHAPE_KEEPING)
        if not any(index in [operand for operand, _ in call[1:]] for call in layers[item].operands)
    ]
    if any(len(call) > 1 for call in layers[index].operands):
        return Setting(choice, math.log(STARTED if choice["return_sequences"] else 1 - STARTED))
    ends = not after or all(
        name in ("Dense", "Concatenate", "RepeatVector", "Add", "Multiply", "Subtract", "Dot") for name in after
    )
    share = (CTC if _reads_map(near, index) else 0.88) if ends and not weighs_steps(near, index) else 0.1
    return Setting(choice, math.log(1 - share if choice["return_sequences"] else share))
