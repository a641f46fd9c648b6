"""What shapes an input could have: sizes that people use, where its consumers leave them open."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, permutations, product

from infer_convert.assemble.reshapes import reads_rows
from infer_convert.assemble.wanted import ANY_AXES, PASSING, Wanted, channels_of, demand, wanted
from infer_convert.clues.input_sizes import BOARDS, COLOURS, LENGTHS, RECTANGLES, ROWS, SQUARES, VOLUMES
from infer_convert.clues.settings.final_maps import Sides
from infer_convert.clues.settings.strips import strips
from infer_convert.draft import Draft, DraftLayer, Neighbourhood
from infer_convert.layers.card import RARE, Shape
from infer_convert.layers.names import as_created
from infer_convert.layers.normalization import LENGTH
from infer_convert.layers.resizing import FILLS


def candidates(
    draft: Draft, index: int, fixed: bool, nominal: Sides | None = None
) -> tuple[tuple[Shape, float], ...]:
    """Shapes of an input with their log priors. ``fixed`` asks for many sizes, because something in the net depends on
    the size; otherwise a few ``nominal`` ones are enough, which stand for an open size."""
    want = wanted(draft, index)
    if want.flat is not None:
        return tuple(_unflattened(want.flat))
    if want.shape is not None:
        return want.shapes or ((want.shape, 0.0),)
    axes = want.axes if want.axes is not None else 1
    if axes == 1:
        if want.indices:
            return _indices(draft, index) if fixed else (((None,), 0.0),)
        return (((want.channels,), 0.0),)
    channels = want.channels
    if want.timed and axes > 2:
        consumers = draft.consumers()
        flattened = any(item.class_name == "Flatten" and consumers[place] for place, item in enumerate(draft.layers))
        games = _reads_games(draft, index)
        return _clips(axes, channels, fixed, flattened and not _timed_flatten(draft), games)
    if axes == 2:
        series: list[tuple[Shape, float]] = [((length, channels), math.log(share)) for length, share in LENGTHS]
        if fixed:
            known = {length for length, _ in LENGTHS}
            odd = dict.fromkeys([*range(1, 400), *_lengths_before_flatten(draft)])
            series += [((length, channels), -8.0) for length in odd if length not in known]
        return tuple(series) if fixed else (((128, channels), -0.1), ((1024, channels), -2.0))
    if axes == 3:
        images = _images(channels, fixed, _square_kernels(draft), nominal or NOMINAL, _reads_games(draft, index))
        if not fixed and any(reads_rows(draft, place) for place in range(len(draft.layers))):
            images += [((None, side, channels), math.log(share)) for side, share in ROWS]
        if draft.layers[index].config.get(RARE):
            images += _odd_images(draft, index, channels)
        images = strips(draft, _lengths_of_strips(draft, fixed), channels, images)
        return tuple(images + _before_reshape(images) if _reshaped(draft, index) else images)
    if axes == 4:
        cubes = [
            ((size, size, size, channels), -0.3 * place) for place, size in enumerate(VOLUMES if fixed else VOLUMES[:2])
        ]
        if fixed:
            cubes += [
                ((depth, size, size, channels), -5.0)
                for depth in range(2, 33)
                for size in (16, 20, 24, 28, 32, 48, 64, 112)
                if depth != size
            ]
            cubes += [((size, size, size, channels), -6.0) for size in range(4, 65) if size not in VOLUMES]
        return tuple(cubes)
    return (((None,) * (axes - 1) + (channels,), 0.0),)


def kind_of(draft: Draft, index: int) -> str | None:
    """What an input is read as, where another one is read likewise and the sizes of both are open."""
    places = [place for place, layer in enumerate(draft.layers) if layer.class_name == "InputLayer"]
    if len(places) < 2:
        return None
    want = wanted(draft, index)
    if want.shape is not None or want.flat is not None or (want.axes or 1) < 2:
        return None
    alike = [place for place in places if wanted(draft, place) == want]
    return f"inputs of {want.axes} axes, {want.channels} channels" if len(alike) > 1 else None


SIDES = (1, 4, 8, 14, 16, 20, 22, 32, 40, 64, 80, 96, 128)
"""Shorter sides of signals of several channels and of spectrograms."""
FILLED = (8, 4, 16, 2, 32)
"""Zeros at either end of an axis that is filled up, as tried where no input's shape is told."""
ODD_IMAGE = -12.0
"""Nats for an image that is long and narrow, or has its channels first."""


def _odd_images(draft: Draft, index: int, channels: int | None) -> list[tuple[Shape, float]]:
    """Long and narrow images (one-hot sequences, signals of several channels, spectrograms), those with a side that
    a layer along another axis than the channels demands, and images whose channels stand first though the layer reads
    them last."""
    sides = sorted({side for layer in draft.layers for side in _narrow_sides(layer.config.get("kernel_size", ()))})
    lengths = [length for length, _ in LENGTHS]
    found: dict[Shape, float] = {}
    for side in dict.fromkeys((*sides, *SIDES)):
        longer = [*lengths, *_lengths_before_flatten(draft)] if side in sides else lengths
        for length in longer:
            score = ODD_IMAGE + (3.0 if side in sides else 0.0) + (1.0 if length in lengths else 0.0)
            found.setdefault((side, length, channels), score)
    zeros = FILLED if any(FILLS in layer.config for layer in draft.layers) else ()
    for normal in {layer.config[LENGTH] for layer in draft.layers if LENGTH in layer.config}:
        for side in (*SIDES, *lengths):
            for length in [normal, *(normal - 2 * each for each in zeros if normal > 4 * each)]:
                score = ODD_IMAGE + (5.0 if length == normal else 4.0)
                found[side, length, channels] = found[length, side, channels] = score
    if channels is not None and channels > COLOURS:
        found[1, channels, channels] = ODD_IMAGE + 5.0
    for height, width, by in _sides_before_flatten(draft):
        found.setdefault((height, width, channels), ODD_IMAGE + (5.0 if by == 1 else 2.0))
    return list(found.items())


OBLONG = 3
"""How much longer one side of an image is than the other, at most, where the Dense behind its Flatten alone tells."""


def _sides_before_flatten(draft: Draft) -> Iterator[tuple[int, int, int]]:
    """Heights and widths that differ, which halvings and kernels without padding bring down to a map of so many places
    as the Dense behind a Flatten takes; with what they are divided by."""
    for places in dict.fromkeys(_places_before_flatten(draft)):
        for short in range(2, math.isqrt(places) + 1):
            long, rest = divmod(places, short)
            if rest or not short < long <= OBLONG * short:
                continue
            for by, more in product((1, 2, 4, 8, 16, 32), range(0, 9, 2)):
                yield short * by + more, long * by + more, by
                yield long * by + more, short * by + more, by


def _square_kernels(draft: Draft) -> bool:
    """As nets that look at boards have them."""
    kernels = (layer.config.get("kernel_size", ()) for layer in draft.layers)
    return all(len(set(kernel)) < 2 for kernel in kernels)


def _lengths_of_strips(draft: Draft, fixed: bool) -> list[tuple[int, float]]:
    if not fixed:
        return [(128, math.log(0.6)), (1000, math.log(0.4))]
    usual = [(length, math.log(share)) for length, share in LENGTHS]
    known = {length for length, _ in LENGTHS}
    return usual + [(length, -8.0) for length in dict.fromkeys(_lengths_before_flatten(draft)) if length not in known]


def _narrow_sides(kernel: Sequence[int]) -> tuple[int, ...]:
    """The shorter side of a kernel that is much longer along the other axis, or spans a whole short axis."""
    return (
        (min(kernel),)
        if len(kernel) == 2 and max(kernel) > 2 * min(kernel) and min(kernel) > 1
        else ((max(kernel),) if len(kernel) == 2 and min(kernel) == 1 and max(kernel) > 1 else ())
    )


TIMES = (10, 16, 5, 8, 20, 30, 4, 6, 12, 15, 24, 25, 40)
"""Numbers of frames of short clips."""


def _timed_flatten(draft: Draft) -> bool:
    """Whether something turns every frame into a vector of its own."""
    return any(item.class_name == "TimeDistributed" for item in draft.layers)


def _clips(
    axes: int, channels: int | None, fixed: bool, flattened: bool, games: bool
) -> tuple[tuple[Shape, float], ...]:
    """Frames over time: their number is mostly left open, and where it is not it is small. ``flattened``: a Flatten
    wants every length known."""
    if axes == 3:
        frames: list[tuple[Shape, float]] = [((length, channels), math.log(share)) for length, share in LENGTHS]
    else:
        frames = _images(channels, fixed, False, NOMINAL, games)
    if flattened:
        likely = [(shape, score) for shape, score in frames if score > LIKELY]
        timed = enumerate(TIMES)
        return tuple(((time, *shape), score - 0.2 * place) for place, time in timed for shape, score in likely)
    still = [((None, *shape), score) for shape, score in frames]
    return (*still, *(((time, *shape), score - 3.0) for time in TIMES for shape, score in frames[:LIKELIEST_FRAMES]))


LIKELY = -8.0
"""Log prior of frame sizes above which they are tried with every number of frames."""
LIKELIEST_FRAMES = 12
"""Frame sizes that are tried with a number of frames."""
SHRINKS = (1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 16, 20, 25, 27, 32, 50, 64, 81, 100, 125, 128, 256)
"""By how much a chain of pools and strides may shrink a sequence."""
LONGEST, BORDER = 20_000, 24
"""Sequences tried at most; steps that kernels without padding may take away, in all."""


def _lengths_before_flatten(draft: Draft) -> Iterator[int]:
    """Lengths that pools and strides can bring down to what the Dense behind a Flatten takes."""
    for last in _places_before_flatten(draft):
        yield from (last * by + more for by in SHRINKS for more in range(BORDER) if last * by < LONGEST)


def _places_before_flatten(draft: Draft) -> Iterator[int]:
    """How many vectors of its channels each Flatten takes, where a Dense behind it tells."""
    consumers = draft.consumers()
    for index, layer in enumerate(draft.layers):
        if layer.class_name != "Flatten":
            continue
        channels = channels_of(draft, layer.operands[0][0][0])
        widths = [draft.layers[item].config.get("_channels_in") for item in consumers[index]]
        for width in widths:
            if channels and width and width % channels == 0:
                yield width // channels


def _indices(draft: Draft, index: int) -> tuple[tuple[Shape, float], ...]:
    """Lengths of what an Embedding reads. Flattened behind it, alone or joined with others, it is one category;
    otherwise a text."""
    consumers, near = draft.consumers(), Neighbourhood.of(draft)
    behind = {draft.layers[last].class_name for first in consumers[index] for last in near.after(first, JOINING)}
    tokens = any(_joins_rows(draft.layers[last]) for first in consumers[index] for last in consumers[first])
    single = 2.0 if tokens or behind & {"Flatten", "Reshape", "Lambda"} else -7.0
    texts: list[tuple[Shape, float]] = [((length,), math.log(share)) for length, share in LENGTHS]
    found = [((1,), single), *texts, *(((length,), -7.0) for length in (2, 3, 4, 5, 6))]
    known = {shape for shape, _ in found}
    return (*found, *(((length,), -8.0) for length in _asked_lengths(draft) if (length,) not in known))


def _joins_rows(layer: DraftLayer) -> bool:
    """Whether every operand is one or more rows: of several Embeddings those are tokens of a category each."""
    return layer.class_name == "Concatenate" and layer.config.get("axis") == 1


JOINING = ("Add", "Concatenate", "Dot", "Multiply")
"""What joins the vectors of several categories before they are flattened."""


def _asked_lengths(draft: Draft) -> dict[int, None]:
    """Lengths of sequences that a Flatten or a layer with weights for every step may ask for."""
    stepwise = (layer.config.get("_input_shape", ()) for layer in draft.layers)
    steps = [shape[0] for shape in stepwise if len(shape) == 2 and shape[0]]
    return dict.fromkeys([*steps, *_lengths_before_flatten(draft), *_lengths_as_channels(draft)])


def _lengths_as_channels(draft: Draft) -> Iterator[int]:
    """Lengths that a layer with weights takes for channels behind a Permute or a Dot, alone or beside other channels
    that are joined to them."""
    if not any(layer.class_name in ("Permute", "Dot") for layer in draft.layers):
        return
    widths = {channels_of(draft, index) or 0 for index in range(len(draft.layers))} | {0}
    for index in range(len(draft.layers)):
        taken = demand(draft, index)
        if taken is not None and taken.channels:
            yield from (taken.channels - width for width in sorted(widths) if width < taken.channels)


def _reshaped(draft: Draft, index: int) -> bool:
    """Whether the input's first consumer is a Reshape."""
    consumers = draft.consumers()[index]
    return bool(consumers) and all(draft.layers[item].class_name == "Reshape" for item in consumers)


def _before_reshape(images: Sequence[tuple[Shape, float]]) -> list[tuple[Shape, float]]:
    """What is reshaped into images: the same without the channel axis, or flat."""
    found: list[tuple[Shape, float]] = []
    for (height, width, channels), score in images:
        if height is None or width is None:
            continue
        if channels == 1:
            found.append(((height, width), score + 0.7))
        if channels is not None:
            found.append(((height * width * channels,), score + 0.5))
    return found


NOMINAL = ((224, -0.5), (256, -0.9), (64, -12.0), (32, -12.0))
"""Sides that stand for an open size, with nats: on small ones strides would end in a single place, where they cost
nothing and mean nothing, so these are for nets that no larger one suits."""


GAME, WINDOW = 84, [8, 8]
"""Sides of the frames that agents see, and the first kernel that reads them (Mnih et al. 2015, "Human-level control
through deep reinforcement learning", and nearly every agent since)."""


def _reads_games(draft: Draft, index: int) -> bool:
    """Whether the first kernel over an input is that of agents."""
    near = Neighbourhood.of(draft)
    firsts = (draft.layers[item].config for item in near.after(index, PASSING))
    return any(list(config.get("_inner", config).get("kernel_size", ())) == WINDOW for config in firsts)


def _images(
    channels: int | None, fixed: bool, boards: bool, nominal: Sides, games: bool
) -> list[tuple[Shape, float]]:
    """``boards``: whether planes may be those of a board; ``games``: whether a net reads frames as agents do."""
    if not fixed:
        return [((size, size, channels), nats) for size, nats in nominal]
    result: list[tuple[Shape, float]] = []
    for size, share in SQUARES:
        score = math.log(share)
        if size == 28:
            score += 1.5 if channels == 1 else -2.0
        if size == 32 and channels == 3:
            score += 0.7
        if size == GAME and (channels == 4 or games):
            score += 4.0
        if size in (224, 299, 227) and channels not in (1, 3):
            score -= 1.0
        if boards and channels is not None and channels > COLOURS:
            score += dict(BOARDS).get(size, 0.0)
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
    consumers = draft.consumers()
    for index, layer in enumerate(draft.layers):
        if layer.class_name == "Flatten" and consumers[index]:
            return True
        if layer.class_name == "Reshape" and _of_tokens(draft, index):
            return True
        if layer.class_name == "TimeDistributed" and "_inner" not in layer.config:
            return True
        if "ConvLSTM" in layer.class_name or "ConvLSTM" in str(layer.config.get("_class", "")):
            return True  # Keras builds them for known sizes only
        if (
            layer.class_name == "PReLU"
            and len(layer.config.get("_alpha", ())) > 1
            and any(length > 1 for length in layer.config["_alpha"][:-1])
        ):
            return True
        if layer.class_name == "LayerNormalization" and isinstance(layer.config.get("axis"), list):
            return True
        if layer.config.get("_flat") and consumers[index]:
            return True
        if LENGTH in layer.config or layer.class_name == "Permute" or any(layer.config.get("_input_shape", ())[:-1]):
            return True
    return False


def _of_tokens(draft: Draft, index: int) -> bool:
    """Whether a Reshape puts the vectors of an Embedding's tokens in another form: how many there are tells how many
    numbers it takes."""
    before = Neighbourhood.of(draft).before(index, (*PASSING, *ANY_AXES, "Dense"))
    return any(draft.layers[item].class_name == "Embedding" for item in before)


MOST_ORDERS = 6
"""Orders of the user's shapes that are tried."""


def allotments(draft: Draft, shapes: Mapping[str, tuple[Shape, ...]]) -> Iterator[dict[str, Shape]]:
    """The user's ``--input-shape`` options spread over the inputs, by layer name: named ones by name, the others in
    the order in which the model took its inputs as far as names tell it; then with channels that stand first put last.
    A list of layers does not keep that order, so the next ones are those that suit what more of the inputs' consumers
    demand."""
    indices = {layer.name: index for index, layer in enumerate(draft.layers) if layer.class_name == "InputLayer"}
    named = {name: shapes[name][0] for name in indices if name in shapes}
    rest = as_created([name for name in indices if name not in named])
    told = shapes.get("", ())
    made = {**named, **dict(zip(rest, told, strict=False))}
    yield made
    turned = {name: _channels_last(shape, wanted(draft, indices[name])) for name, shape in made.items()}
    if turned != made:
        yield turned
    if len(rest) < 2 or len(told) != len(rest) or len(set(told)) < 2:
        return
    demands = [wanted(draft, indices[name]) for name in rest]
    orders = dict.fromkeys(islice(permutations(told), math.factorial(MOST_ORDERS)))
    del orders[tuple(told)]
    suited = sorted(orders, key=lambda order: -sum(map(_suits, order, demands)))
    for order in suited[: MOST_ORDERS - 1]:
        yield {**named, **dict(zip(rest, order, strict=True))}


def _channels_last(shape: Shape, want: Wanted) -> Shape:
    """A shape with its channels first, as the original's code may have them, as our models take it."""
    first = len(shape) > 2 and want.axes == len(shape) and want.channels == shape[0] != shape[-1]
    return (*shape[1:], shape[0]) if first else shape


def _suits(shape: Shape, want: Wanted) -> bool:
    if want.flat is not None:
        return None in shape or math.prod(size or 0 for size in shape) == want.flat
    return want.axes in (None, len(shape)) and (want.channels is None or shape[-1:] == (want.channels,))
