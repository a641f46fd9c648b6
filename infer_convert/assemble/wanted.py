"""What the consumers of an input demand of its shape."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from infer_convert.assemble.operated import PICTURED
from infer_convert.draft import Draft, DraftLayer, Neighbourhood
from infer_convert.layers.card import Shape, same_shape
from infer_convert.layers.recognise import given_or_own

# fmt: off
PASSING = (
    "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Dropout", "SpatialDropout1D", "SpatialDropout2D",
    "GaussianNoise", "Masking", "Identity", "Rescaling", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D",
    "Cropping2D", "UpSampling2D", "Lambda", "Normalization", "RandomFlip", "RandomRotation", "RandomZoom",
    "RandomContrast",
)
# fmt: on
"""Classes behind which an input's consumers still tell its shape."""
AUGMENTING = ("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness",
              "RandomCrop", "CenterCrop", "Resizing")  # fmt: skip
"""Classes that scale, cut and change pictures; they have no weights."""
JOINING = ("Add", "Concatenate", "Multiply", "Subtract", "Average", "Reshape")
ANY_AXES = ("BatchNormalization", "LayerNormalization", "Normalization", "GroupNormalization")
"""Classes with weights for the last axis that stand behind any number of axes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the consumers of an input demand: the number of axes behind the batch, the channels, whether indices and
    whether the first axis is time; ``shape`` is the whole shape where a nested model says it."""

    axes: int | None = None
    channels: int | None = None
    indices: bool = False
    flat: int | None = None
    timed: bool = False
    shape: Shape | None = None
    shapes: tuple[tuple[Shape, float], ...] = ()


def wanted(draft: Draft, index: int) -> Wanted:
    """The strictest demand among the consumers of layer ``index``, through layers that pass shapes on."""
    near = Neighbourhood.of(draft)
    best = Wanted()
    seen: set[int] = set()
    front = list(near.consumers[index])
    flattened = False
    normalised: int | None = None
    while front:
        current = front.pop(0)
        if current in seen:
            continue
        seen.add(current)
        found = demand(draft, current)
        if draft.layers[current].class_name in ANY_AXES and not flattened:
            # It fixes the channels; what stands behind it tells the axes.
            normalised = found.channels if found is not None and normalised is None else normalised
            front.extend(near.consumers[current])
            continue
        if found is not None and draft.layers[current].class_name == "Dense" and not flattened:
            found = replace(found, axes=_axes_behind(draft, near, current))
        if found is not None:
            if flattened and found.axes == 1 and best.axes is None:
                # What is normalised along its last axis before it is flattened has more axes than that one.
                return Wanted(axes=normalised and 2, channels=normalised, flat=found.channels)
            if best.axes is None or (found.axes or 0) > best.axes or (best.channels is None and found.channels):
                best = found
            continue
        name = draft.layers[current].class_name
        if name == "Concatenate" and flattened and best.axes is None and (size := _picture_in(draft, near, current)):
            return Wanted(flat=size)
        if name == "Concatenate" and best.axes is None:
            rest = _rest_of_sum(draft, near, current, index)
            if rest is not None:
                best = rest
                continue
        if name.startswith("Global") and best.axes is None:
            best = _pooled(draft, near, current)
        if name == "Flatten":
            flattened = True
            front.extend(near.consumers[current])
        elif _passes(draft.layers[current]) or name in JOINING:
            front.extend(near.consumers[current])
    if normalised is not None and best.flat is None:
        pictured = any(_of_pictures(draft.layers[item].class_name) for item in seen)
        axes = best.axes if best.axes is not None else 3 if pictured else 1
        return replace(best, channels=normalised, axes=axes)
    return best


def _of_pictures(class_name: str) -> bool:
    """Whether a class takes pictures alone: augmentation, resizing and what Keras calls ``2D``."""
    return class_name.endswith("2D") or class_name in AUGMENTING


def _axes_behind(draft: Draft, near: Neighbourhood, index: int) -> int:
    """How many axes a Dense has, which works along the last of any number: those that what stands behind it takes."""
    front, seen = list(near.consumers[index]), set()
    while front:
        current = front.pop(0)
        layer = draft.layers[current]
        if current in seen:
            continue
        seen.add(current)
        name = layer.class_name
        if name == "Dense" or name in PASSING or name in ANY_AXES or name in ("Add", "Multiply", "Subtract"):
            front.extend(near.consumers[current])
            continue
        if name.startswith("Global") and name[-2:] in ("1D", "2D", "3D"):
            return int(name[-2]) + 1
        demanded = demand(draft, current)
        if demanded is not None and demanded.axes and not demanded.indices and name != "Functional":
            return demanded.axes
    return 1


def _passes(layer: DraftLayer) -> bool:
    """Whether a layer's consumers still tell the shape of what goes in; so do those of a model without weights."""
    if layer.class_name == "Functional":
        return "_input_shape" not in layer.config
    if layer.class_name == "Operation" and layer.config.get("function") in PICTURED:
        return True
    return layer.class_name in PASSING or (layer.card.shape in (same_shape, given_or_own) and layer.card.fits is None)


def _rest_of_sum(draft: Draft, near: Neighbourhood, merge: int, index: int) -> Wanted | None:
    """What an input must bring to a Concatenate whose sum and other operands are known."""
    total = _total(draft, near, merge)
    if total is None or total.channels is None:
        return None
    known, alike, parts = 0, 1, 0
    picture = _picture_in(draft, near, merge)
    for producer, _ in draft.layers[merge].operands[0]:
        if producer == index:
            continue
        channels = picture if _is_flat_input(draft, producer) else channels_of(draft, producer)
        if channels is None and draft.layers[producer].class_name == "Reshape":
            channels = min(even_shares(draft, producer, total.axes or 0, total.channels), default=None)
        part = _part_of(draft, producer) if channels is None else None
        if part:
            parts = math.gcd(parts, part)
            continue
        pooled = draft.layers[producer].class_name.startswith("Global")
        if channels is None and not pooled and draft.layers[producer].class_name != "InputLayer":
            return None
        known += channels or 0
        alike += channels is None
    left = total.channels - known
    if parts:
        left = left % parts or (parts if left > parts else 0)
    rest, odd = divmod(left, alike)  # inputs that are joined at once are taken to be of one kind
    return Wanted(axes=total.axes, channels=rest) if rest > 0 and not odd else None


def _total(draft: Draft, near: Neighbourhood, merge: int) -> Wanted | None:
    """What the layers behind a Concatenate demand."""
    found = (demand(draft, item) for item in near.after(merge, PASSING))
    return next((each for each in found if each is not None and each.channels), None)


PICTURES = (784, 1024, 2352, 3072, 4096, 12288)
"""Numbers of usual small pictures: 28, 32 and 64 pixels a side, grey and in colour."""


def _picture_in(draft: Draft, near: Neighbourhood, merge: int) -> int | None:
    """Of a Concatenate that joins one flattened input with a vector, as the discriminators of conditional GANs and
    BiGANs do: the numbers of that picture, the largest usual one that leaves something for the vector."""
    flat = [producer for producer, _ in draft.layers[merge].operands[0] if _is_flat_input(draft, producer)]
    total = _total(draft, near, merge)
    if len(flat) != 1 or len(draft.layers[merge].operands[0]) < 2 or total is None:
        return None
    return max((size for size in PICTURES if size < (total.channels or 0)), default=None)


def _is_flat_input(draft: Draft, index: int) -> bool:
    layer = draft.layers[index]
    return layer.class_name == "Flatten" and draft.layers[draft.producers(index)[0]].class_name == "InputLayer"


def _part_of(draft: Draft, index: int) -> int | None:
    """What the last axis of a flattened map is a multiple of: the map's channels. TimeDistributed around a layer
    without weights may flatten every frame. A vector that is joined with such maps is taken to be shorter."""
    flattened = False
    for _ in range(len(draft.layers)):
        layer = draft.layers[index]
        if layer.class_name == "Flatten" or (layer.class_name == "TimeDistributed" and "_inner" not in layer.config):
            flattened = True
        elif layer.class_name not in PASSING:
            break
        index = draft.producers(index)[0]
    return channels_of(draft, index) if flattened else None


def even_shares(draft: Draft, index: int, axes: int, total: int) -> list[int]:
    """What a Reshape to so many axes may bring to a sum of ``total`` channels: fewer of them, so that the numbers that
    it takes (of one category, where they come from an Embedding) make a map of equal sides."""
    values = channels_of(draft, draft.producers(index)[0])
    if axes < 3 or values is None:
        return []
    return [share for share in range(1, total) if values % share == 0 and side_of(values // share, axes - 1) > 1]


def side_of(size: int, axes: int) -> int:
    """The side of a map of so many equal axes; 0 where the size makes none."""
    side: int = round(size ** (1 / axes))
    return side if side**axes == size else 0


def _pooled(draft: Draft, near: Neighbourhood, index: int) -> Wanted:
    """What goes into global pooling: as many axes as its name says, the channels that are wanted behind it."""
    axes = int(digit) + 1 if (digit := draft.layers[index].class_name[-2]).isdigit() else None
    for item in near.after(index, PASSING):
        merges = draft.layers[item].class_name == "Concatenate"
        found = _rest_of_sum(draft, near, item, index) if merges else demand(draft, item)
        if found is not None and found.channels:
            return Wanted(axes=axes, channels=found.channels)
    return Wanted(axes=axes)


def channels_of(draft: Draft, index: int) -> int | None:
    """The last axis of a layer's result, where the layers with weights fix it; an Embedding that is flattened holds
    one category."""
    for _ in range(len(draft.layers)):
        layer = draft.layers[index]
        if layer.class_name == "InputLayer":
            return None
        variant = layer.card.flow(layer.config)[0]
        if variant.channels == "fixed":
            return variant.channels_out
        producer = layer.operands[0][0][0] if layer.operands else index
        category = layer.class_name == "Flatten" and draft.layers[producer].class_name == "Embedding"
        if not category and (variant.channels != "same" or variant.operands[1] != 1):
            return None
        index = producer
    return None


def demand(draft: Draft, index: int) -> Wanted | None:
    """What one layer demands of what it reads; None where its class takes anything."""
    layer = draft.layers[index]
    name, config = layer.class_name, layer.config
    if name == "Embedding":
        return Wanted(axes=1, indices=True)
    channels = config.get("_channels_in")
    if name == "TimeDistributed" and "_inner" in config:
        inner = config["_inner"]
        if config["_class"] == "Embedding":
            return Wanted(axes=2, indices=True)
        sequences = config["_class"] in ("LSTM", "GRU", "SimpleRNN", "Bidirectional")
        axes = 2 + sequences if "kernel_size" not in inner else len(inner["kernel_size"]) + 2
        channels = (inner.get("_inner") or inner).get("_channels_in")
        return Wanted(axes=axes, channels=channels, timed=True)
    if name == "Bidirectional":
        inner = config["_inner"]
        axes = 2 if "kernel_size" not in inner else len(inner["kernel_size"]) + 2
        return Wanted(axes=axes, channels=inner["_channels_in"], timed=True)
    if "kernel_size" in config:
        timed = name.startswith("ConvLSTM")
        return Wanted(axes=len(config["kernel_size"]) + 1 + timed, channels=channels, timed=timed)
    if name in ("LSTM", "GRU", "SimpleRNN"):
        return Wanted(axes=2, channels=channels)
    if name in ("MultiHeadAttention", "GroupQueryAttention"):
        return Wanted(axes=2, channels=config["_channels"][0])
    if name in ("Dense", "BatchNormalization", "LayerNormalization", "Normalization"):
        return Wanted(axes=1, channels=channels)
    if "_input_shape" in config:
        shape = config["_input_shape"]
        if config.get("_timed"):
            return Wanted(axes=len(shape) + 1, channels=shape[-1], timed=True)
        whole = [(tuple(other), share) for other, share in config.get("_input_shapes", ()) if None not in other]
        scored = {other: math.log(max(share, 1e-9)) for other, share in reversed(whole)}
        exact = None if None in shape else tuple(shape)
        indices = bool(config.get("_indices"))
        return Wanted(len(shape), shape[-1], indices, shape=exact, shapes=tuple(scored.items()))
    return None
