"""Dilations: which convolutions may have one at all, and how people let it grow.

A dilated convolution leaves no trace in shapes where it is padded. Three patterns give it away: causal convolutions
over time double their dilation from block to block (WaveNet, van den Oord et al. 2016; TCN, Bai et al. 2018), parallel
convolutions of one size behind one tensor would be the same layer twice without it (atrous spatial pyramid pooling,
Chen et al. 2017), and maps of one channel that stay as small as the last pool left them have a back end that sees far
without pooling (CSRNet, Li et al. 2018, and the density maps copied from it). The nats are set by hand so that a second
block doubles in about three nets of four.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from infer_convert.clues.settings.choices import Setting
from infer_convert.clues.settings.places import JOINS
from infer_convert.clues.settings.windows import first, kernel
from infer_convert.draft import Neighbourhood
from infer_convert.layers.passed import SHAPE_KEEPING

KIND = "dilation"
OVER_TIME = (1, 2, 4, 8, 16, 32)
LEAST_OVER_TIME = 3
"""Convolutions over time that make a stack; a shorter one has no dilation to grow."""
BASE = {"causal": -4.0, "same": -7.5}
"""Nats of any dilation above 1 that nothing before it suggests, by padding."""
GROWS = KEEPS = 5.5
"""Nats for twice the last dilation in a new block, and for the last one inside a block."""
STAYS = 0.5
"""Nats for the last dilation in a new block."""
PYRAMID = {1: -2.0, 2: -1.8, 3: -3.0, 4: -2.5, 5: -4.0, 6: -0.9, 8: -4.0, 12: -4.0, 18: -4.5, 24: -5.0, 36: -5.0}
"""Log shares of the first dilation of parallel convolutions."""
STEPS = {(6, 12): 4.0, (12, 18): 4.5, (18, 24): 3.0, (12, 24): 3.0, (24, 36): 4.0}
SMALL_STEPS = {(1, 2): 2.0, (2, 4): 2.5, (4, 8): 4.0, (2, 3): 2.5, (3, 5): 3.5, (1, 3): 2.0, (3, 6): 1.0,
               (4, 6): 2.5, (6, 8): 2.0, (6, 9): 3.0}  # fmt: skip
BACK_END = {1: -0.5, 2: -1.1, 3: -4.0, 4: -3.5}
"""Log shares of the first dilation of a back end."""
NAMED = {1: -3.2, 2: -0.4, 3: -3.5, 4: -1.7, 6: -3.2, 8: -3.5, 12: -4.0}
"""Log shares of the dilation of a layer whose name speaks of one: Keras 1's AtrousConvolution2D, ``dilated_conv``."""
AS_NAMED = {**{(rate, rate): 2.0 for rate in NAMED}, (2, 4): 1.5, (4, 8): 2.0, (6, 12): 2.0}
SPOKEN = re.compile(r"(?:atrous|dilat[a-z]*|rate)(?:_?conv[a-z]*(?:\d+d)?)?_?(\d+)(?![\dd])")
"""A number behind a word for dilation, perhaps with the kind of layer between them."""
RATES = (1, 2, 4, 6, 8, 12, 16, 18, 24, 32, 36, 64, 128, 256, 512)
UNLIKE_NAME = -4.0
"""Nats for another dilation than the name states; set by hand."""
LEAST_IN_BACK_END = 3
"""Convolutions of windows behind the last pool that make one."""
AGAIN = -5.0
"""Nats for the dilation that the layer beside it has."""


@dataclass(frozen=True, slots=True)
class _Growth:
    """What may follow: dilations with their nats, and nats for a dilation behind the last one."""

    alone: dict[int, float]
    behind: dict[tuple[int, int], float]


def dilated(near: Neighbourhood, index: int, tried: Sequence[Setting]) -> tuple[Setting, ...]:
    """The settings, those with stride 1 and padding once per plausible dilation; the same where none is plausible."""
    layer = near.draft.layers[index]
    if not layer.class_name.startswith("Conv") or layer.class_name.endswith("Transpose"):
        return tuple(tried)
    if "dilation_rate" in layer.config or kernel(layer.config) < 2 or any("dilation_rate" in s.config for s in tried):
        return tuple(tried)
    rank = len(layer.config.get("kernel_size", ()))
    found: list[Setting] = []
    for setting in tried:
        growth = _growth(near, index, str(setting.config.get("padding")), rank)
        if growth is None:
            return tuple(tried)
        if first(setting.config.get("strides", 1)) != 1:
            growth = _Growth({1: 0.0}, {pair: nats for pair, nats in growth.behind.items() if nats == AGAIN})
        total = math.log(math.fsum(math.exp(nats) for nats in growth.alone.values()))
        for rate, nats in growth.alone.items():
            reads = tuple((KIND, last, gain) for (last, wanted), gain in growth.behind.items() if wanted == rate)
            found.append(
                replace(
                    setting,
                    config={**setting.config, "dilation_rate": [rate] * rank},
                    log_prior=setting.log_prior + nats - total,
                    reads=(*setting.reads, *reads),
                    writes=(*setting.writes, (KIND, rate)),
                )
            )
    return tuple(found)


def _growth(near: Neighbourhood, index: int, padding: str, rank: int) -> _Growth | None:
    if index in (rates := _spoken_rates(near)):
        return _Growth({**dict.fromkeys(NAMED, UNLIKE_NAME), rates[index]: 0.0}, {})
    if any(word in near.draft.layers[index].name.lower() for word in ("atrous", "dilat")):
        return _Growth(dict(NAMED), dict(AS_NAMED))
    if rank == 1 and _stack(near) >= LEAST_OVER_TIME:
        if padding not in BASE:
            return _Growth({1: 0.0}, {})
        alone = {rate: 0.0 if rate == 1 else BASE[padding] for rate in OVER_TIME}
        if _in_block(near, index):
            return _Growth(alone, {(rate, rate): KEEPS for rate in OVER_TIME})
        grown = {(rate, 2 * rate): GROWS for rate in OVER_TIME}
        return _Growth(alone, {**grown, **{(rate, rate): STAYS for rate in OVER_TIME}})
    if rank == 2 and len(_parallel(near, index)) >= LEAST_OVER_TIME:
        leads = _parallel(near, index)[0] == index
        if padding != "same":
            return _Growth({1: 0.0}, {} if leads else {(1, 1): AGAIN})
        if leads:
            return _Growth(dict(PYRAMID), {})
        again = {(rate, rate): AGAIN for rate in PYRAMID}
        return _Growth(dict.fromkeys(PYRAMID, 0.0), {**STEPS, **SMALL_STEPS, **again})
    if rank == 2 and index in _back_end(near):
        kept = {(rate, rate): KEEPS for rate in BACK_END}
        return _Growth(dict(BACK_END), kept) if padding == "same" else _Growth({1: 0.0}, {})
    return None


def _spoken_rates(near: Neighbourhood) -> dict[int, int]:
    """The dilations that names state (``dilated_conv_8_tanh``): the numbers behind such a word, where they are powers
    of two or multiples of six and cannot be a count from layer to layer."""
    found: dict[int, int] | None = near.notes.get("spoken rates")
    if found is None:
        said = {
            index: int(match[1])
            for index, layer in enumerate(near.draft.layers)
            if "Conv" in layer.class_name and (match := SPOKEN.search(layer.name.lower()))
        }
        rates = set(said.values())
        usual = all(rate in RATES for rate in rates)
        found = near.notes["spoken rates"] = said if usual and rates - set(range(len(rates) + 1)) else {}
    return found


def _back_end(near: Neighbourhood) -> tuple[int, ...]:
    """The convolutions with windows behind the last pool of a chain that ends in one channel and is never made larger
    again."""
    found = near.notes.get("back end")
    if found is None:
        found = near.notes["back end"] = _found_back_end(near)
    return tuple(found)


def _found_back_end(near: Neighbourhood) -> tuple[int, ...]:
    layers = near.draft.layers
    if len(near.draft.outputs) != 1:
        return ()
    last, item = "", near.draft.outputs[0][0]
    windows: list[int] = []
    while len(near.draft.producers(item)) == 1:
        layer = layers[item]
        if layer.class_name.startswith("MaxPooling"):
            return tuple(windows) if len(windows) >= LEAST_IN_BACK_END else ()
        if layer.class_name == "Conv2D":
            if not last and layer.config.get("filters") != 1:
                return ()
            last = layer.name
            windows += [item] * (kernel(layer.config) > 1)
        elif layer.class_name not in (*SHAPE_KEEPING, "ReLU"):
            return ()
        (item,) = near.draft.producers(item)
    return ()


def _stack(near: Neighbourhood) -> int:
    """Convolutions over time with windows, where no pool or stride layer shortens the sequence."""
    found = near.notes.get("convolutions over time")
    if found is None:
        names = [layer.class_name for layer in near.draft.layers]
        windows = [i for i, layer in enumerate(near.draft.layers) if _over_time(near, i) and kernel(layer.config) > 1]
        pooled = any(name.startswith(("MaxPooling1D", "AveragePooling1D", "UpSampling1D")) for name in names)
        found = near.notes["convolutions over time"] = 0 if pooled else len(windows)
    return int(found)


def _over_time(near: Neighbourhood, index: int) -> bool:
    return near.draft.layers[index].class_name == "Conv1D"


def _in_block(near: Neighbourhood, index: int) -> bool:
    """Whether the convolution before belongs to the same block: it reads the same tensor, as the two halves of a gated
    unit do, or it stands directly in front in a net of residual blocks."""
    beside = [i for producer in near.draft.producers(index) for i in near.consumers[producer] if i < index]
    if any(_over_time(near, i) and kernel(near.draft.layers[i].config) > 1 for i in beside):
        return True
    if not any(layer.class_name in JOINS for layer in near.draft.layers):
        return False
    front = list(near.before(index, SHAPE_KEEPING))
    return any(_over_time(near, i) and kernel(near.draft.layers[i].config) > 1 for i in front)


def _parallel(near: Neighbourhood, index: int) -> tuple[int, ...]:
    """Convolutions of one window and width behind one tensor that all end in one Concatenate, in the list's order."""
    layer = near.draft.layers[index]
    producers = near.draft.producers(index)
    if len(producers) != 1:
        return ()
    aims = {i for i in near.after(index, SHAPE_KEEPING) if near.draft.layers[i].class_name == "Concatenate"}
    twins = (
        i
        for i in near.consumers[producers[0]]
        if near.draft.layers[i].class_name == layer.class_name
        and near.draft.layers[i].config.get("kernel_size") == layer.config.get("kernel_size")
        and near.draft.layers[i].config.get("filters") == layer.config.get("filters")
    )
    return tuple(sorted(i for i in twins if aims & set(near.after(i, SHAPE_KEEPING)))) if aims else ()
