"""What shapes an input could have, from what its consumers demand.

Image sizes that people use, with their shares: set by hand from public tutorials and keras.applications; the size
constraints of the net decide among them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from infer_convert.draft import Draft, Neighbourhood

Shape = tuple[int | None, ...]

SQUARES: tuple[tuple[int, float], ...] = (
    (224, 0.2), (28, 0.12), (32, 0.12), (64, 0.08), (128, 0.08), (256, 0.06), (150, 0.03), (299, 0.03), (48, 0.03), (96, 0.03),
    (100, 0.02), (84, 0.02), (227, 0.02), (160, 0.015), (192, 0.015), (512, 0.015), (300, 0.01), (200, 0.01), (8, 0.01), (16, 0.01),
    (50, 0.01), (80, 0.01), (120, 0.006), (180, 0.006), (416, 0.006), (320, 0.006), (384, 0.006), (400, 0.004), (240, 0.005),
    (72, 0.004), (75, 0.004), (24, 0.004), (20, 0.004), (12, 0.004), (10, 0.004), (40, 0.004), (60, 0.004), (56, 0.004), (112, 0.004),
    (572, 0.003), (331, 0.003), (36, 0.002), (30, 0.002), (14, 0.003), (19, 0.004), (9, 0.002), (15, 0.002), (21, 0.002), (6, 0.001),
    (18, 0.002), (27, 0.001), (29, 0.001), (33, 0.001), (64 + 32 + 4, 0.001), (250, 0.003), (280, 0.001), (140, 0.001), (90, 0.002),
    (7, 0.002), (5, 0.001), (4, 0.002), (35, 0.001), (45, 0.001), (42, 0.001), (105, 0.003), (144, 0.002), (196, 0.001), (220, 0.002),
    (260, 0.001), (380, 0.001), (456, 0.001), (528, 0.001), (600, 0.001), (608, 0.002), (768, 0.001), (1024, 0.001),
)
RECTANGLES: tuple[tuple[int, int], ...] = (
    (66, 200), (80, 160), (160, 320), (120, 160), (240, 320), (480, 640), (128, 64), (64, 128), (96, 1366), (128, 256), (256, 128),
    (160, 80), (64, 200), (50, 200), (32, 128), (60, 160), (60, 80), (40, 80), (75, 100), (105, 80), (110, 84), (210, 160), (96, 96 * 2),
    (90, 160), (180, 320), (360, 640), (720, 1280), (224, 112), (112, 224), (48, 96), (32, 100), (36, 120), (112, 92), (200, 66),
    (13, 44), (128, 130), (128, 44), (40, 44), (20, 44), (40, 173), (40, 174), (99, 40), (98, 40), (96, 64), (22, 1000), (64, 480),
)
LENGTHS: tuple[tuple[int, float], ...] = (
    (100, 0.1), (50, 0.06), (200, 0.06), (500, 0.06), (128, 0.08), (256, 0.05), (64, 0.05), (60, 0.04), (30, 0.04), (20, 0.04),
    (10, 0.06), (400, 0.04), (1000, 0.04), (300, 0.03), (40, 0.03), (32, 0.03), (80, 0.02), (187, 0.01), (512, 0.02), (24, 0.02),
    (16, 0.02), (12, 0.02), (8, 0.02), (28, 0.02), (120, 0.02), (150, 0.02), (250, 0.02), (180, 0.01), (140, 0.01), (1024, 0.01),
)
VOLUMES = (32, 16, 64, 28, 48, 24, 128, 96, 20, 40, 10, 12, 8, 112)

PASSING = (
    "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise",
    "Masking", "Identity", "Rescaling", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "MaxPooling1D", "MaxPooling2D",
    "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "Cropping2D", "UpSampling2D", "Lambda", "Normalization",
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the consumers of an input demand: the number of axes behind the batch, the channels, whether indices."""

    axes: int | None = None
    channels: int | None = None
    indices: bool = False
    flat: int | None = None


def wanted(draft: Draft, index: int) -> Wanted:
    """The strictest demand among the consumers of layer ``index``, through layers that pass shapes on."""
    near = Neighbourhood.of(draft)
    best = Wanted()
    seen: set[int] = set()
    front = list(near.consumers[index])
    flattened = False
    while front:
        current = front.pop(0)
        if current in seen:
            continue
        seen.add(current)
        found = _demand(draft, current)
        if found is not None:
            if flattened and found.axes == 1 and best.axes is None:
                return Wanted(flat=found.channels)
            if best.axes is None or (found.axes or 0) > best.axes or (best.channels is None and found.channels):
                best = found
            continue
        name = draft.layers[current].class_name
        if name == "Flatten":
            flattened = True
            front.extend(near.consumers[current])
        elif name in PASSING or name in ("Add", "Concatenate", "Multiply", "Subtract", "Average", "Reshape"):
            front.extend(near.consumers[current])
    return best


def _demand(draft: Draft, index: int) -> Wanted | None:
    layer = draft.layers[index]
    name, config = layer.class_name, layer.config
    if name == "Embedding":
        return Wanted(axes=1, indices=True)
    channels = config.get("_channels_in")
    if name == "TimeDistributed" and "_inner" in config:
        inner = config["_inner"]
        axes = 2 if "kernel_size" not in inner else len(inner["kernel_size"]) + 2
        return Wanted(axes=axes, channels=inner.get("_channels_in"))
    if name == "Bidirectional":
        inner = config["_inner"]
        return Wanted(axes=2 if "kernel_size" not in inner else len(inner["kernel_size"]) + 2, channels=inner["_channels_in"])
    if "kernel_size" in config:
        extra = 1 if name.startswith("ConvLSTM") else 0
        return Wanted(axes=len(config["kernel_size"]) + 1 + extra, channels=channels)
    if name in ("LSTM", "GRU", "SimpleRNN"):
        return Wanted(axes=2, channels=channels)
    if name in ("MultiHeadAttention",):
        return Wanted(axes=2, channels=config["_channels"][0])
    if name in ("Dense", "BatchNormalization", "LayerNormalization", "Normalization"):
        return Wanted(axes=1, channels=channels)
    if "_input_shape" in config:
        shape = config["_input_shape"]
        return Wanted(axes=len(shape), channels=shape[-1])
    return None


def candidates(draft: Draft, index: int, fixed: bool) -> tuple[tuple[Shape, float], ...]:
    """Shapes of an input with their log priors. ``fixed`` asks for many sizes, because something in the net depends on
    the size; otherwise a few nominal ones are enough, which stand for an open size."""
    want = wanted(draft, index)
    if want.flat is not None:
        return tuple(_unflattened(want.flat))
    axes = want.axes if want.axes is not None else 1
    if axes == 1:
        if want.indices:
            lengths = [((length,), math.log(share)) for length, share in LENGTHS] + [((n,), -7.0) for n in (1, 2, 3, 4, 5, 6)]
            return tuple(lengths) if fixed else (((None,), 0.0),)
        return (((want.channels,), 0.0),)
    channels = want.channels
    if axes == 2:
        lengths = [((length, channels), math.log(share)) for length, share in LENGTHS]
        if fixed:
            known = {length for length, _ in LENGTHS}
            lengths += [((length, channels), -8.0) for length in range(1, 400) if length not in known]
        return tuple(lengths) if fixed else (((128, channels), -0.1), ((1024, channels), -2.0))
    if axes == 3:
        images = _images(channels, fixed)
        return tuple(images + _before_reshape(images) if _reshaped(draft, index) else images)
    if axes == 4:
        cubes = [((size, size, size, channels), -0.3 * place) for place, size in enumerate(VOLUMES if fixed else VOLUMES[:2])]
        if fixed:
            cubes += [
                ((depth, size, size, channels), -5.0) for depth in range(2, 33) for size in (16, 20, 24, 28, 32, 48, 64, 112) if depth != size
            ]
            cubes += [((size, size, size, channels), -6.0) for size in range(4, 65) if size not in VOLUMES]
        return tuple(cubes)
    return (((None,) * (axes - 1) + (channels,), 0.0),)


def _reshaped(draft: Draft, index: int) -> bool:
    """Whether the input's first consumer is a Reshape."""
    consumers = draft.consumers()[index]
    return bool(consumers) and all(draft.layers[item].class_name == "Reshape" for item in consumers)


def _before_reshape(images: Sequence[tuple[Shape, float]]) -> list[tuple[Shape, float]]:
    """What is reshaped into images: the same without the channel axis, or flat."""
    found: list[tuple[Shape, float]] = []
    for (height, width, channels), score in images:  # type: ignore[misc]
        if height is None or width is None:
            continue
        if channels == 1:
            found.append(((height, width), score + 0.7))
        if channels is not None:
            found.append(((height * width * channels,), score + 0.5))
    return found


def _images(channels: int | None, fixed: bool) -> list[tuple[Shape, float]]:
    if not fixed:
        return [((size, size, channels), math.log(share)) for size, share in ((224, 0.5), (256, 0.3), (32, 0.1), (64, 0.1))]
    result: list[tuple[Shape, float]] = []
    for size, share in SQUARES:
        score = math.log(share)
        if size == 28:
            score += 1.5 if channels == 1 else -2.0
        if size == 32 and channels == 3:
            score += 0.7
        if size == 84 and channels == 4:
            score += 4.0
        if size in (224, 299, 227) and channels not in (1, 3):
            score -= 1.0
        result.append(((size, size, channels), score))
    known = {size for size, _ in SQUARES}
    result += [((size, size, channels), -9.0) for size in range(4, 200) if size not in known]
    result += [((height, width, channels), -6.5) for height, width in RECTANGLES]
    return result


def _unflattened(total: int) -> list[tuple[Shape, float]]:
    """Shapes with so many elements: square images first."""
    result: list[tuple[Shape, float]] = []
    for channels, score in ((None, -0.3), (1, -1.2), (3, -0.8), (4, -2.5)):
        count = channels or 1
        side = math.isqrt(total // count)
        if side * side * count == total and side > 1:
            shape: Shape = (side, side) if channels is None else (side, side, channels)
            result.append((shape, score))
    result.append(((total,), -3.0))
    for rows in (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 15, 16, 20, 24, 30, 40, 50):
        if total % rows == 0 and total // rows > 1:
            result.append(((rows, total // rows), -4.0))
    return result


def depends_on_size(draft: Draft) -> bool:
    """Whether any layer's tensors or settings depend on the spatial size of an input."""
    for index, layer in enumerate(draft.layers):
        if layer.class_name == "Flatten" and any(
            "_channels_in" in draft.layers[i].config or draft.layers[i].class_name in ("Dense", "BatchNormalization", "Dropout")
            for i in Neighbourhood.of(draft).after(index)
        ):
            return True
        if layer.class_name == "PReLU" and len(layer.config.get("_alpha", ())) > 1 and any(
            length > 1 for length in layer.config["_alpha"][:-1]
        ):
            return True
        if layer.class_name == "LayerNormalization" and isinstance(layer.config.get("axis"), list):
            return True
        if layer.class_name == "Permute" or "_input_shape" in layer.config:
            return True
    return False


def by_name(names: Sequence[str], shapes: dict[str, tuple[Shape, ...]]) -> dict[str, Shape]:
    """The user's ``--input-shape`` options spread over the inputs: named ones by name, the others in order."""
    result = {name: shapes[name][0] for name in names if name in shapes}
    rest = [name for name in names if name not in result]
    result.update(zip(rest, shapes.get("", ()), strict=False))
    return result
