"""Dumps that list tensors and forgot which of them make a layer: ``for w in model.get_weights()`` and the like.

Keras hands weights out layer by layer, each layer's in a fixed order, so that shapes alone tell where a layer begins:
a kernel is followed by the bias of its filters, a BatchNormalization is four vectors of one length. The cut with the
best score wins; names that share a stem (``conv2d_1_0``, ``conv2d_1_1``) speak for one layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.library.references import Shapes

LONELY = 0.2
"""Part of the layers that are one vector each, from which on the list is taken for one of tensors, not of layers."""
CROWD = 9
"""More tensors than any layer of Keras owns beside a MultiHeadAttention."""
SAME_STEM, OTHER_STEM = 1.0, -3.0
"""Nats for a group whose names share a stem and count from 0, or do not although other names have several stems."""
Shape = tuple[int, ...]


class Style(NamedTuple):
    """``three``: nats for three vectors of one length; ``scaled``: for a Dense with a layer of scales behind it."""

    three: float = -3.0
    scaled: float | None = None


USUAL = Style()
STYLES = (USUAL, Style(three=1.2), Style(scaled=-0.3))
"""As most nets are; BatchNormalization without ``gamma`` behind convolutions without a bias (Inception), rather than
LayerNormalization behind a bias; residual branches that end in scales of their channels (ConvNeXt). The library tells
them apart."""


def regrouped(facts: WeightFile, known: Callable[[Sequence[Shapes]], int] | None = None) -> WeightFile:
    """The facts with tensors grouped into layers where the file lists tensors only; otherwise as they are. ``known``
    tells how much of a sequence of layers some known architecture has: of several cuts the best known is taken."""
    if facts.generation != "flat" or facts.lists_weightless or not facts.layers:
        return facts
    single = all(len(layer.tensors) == 1 for layer in facts.layers)
    lonely = sum(len(layer.tensors) == 1 and len(layer.tensors[0].shape) == 1 for layer in facts.layers)
    crowded = any(len(layer.tensors) > CROWD and not layer.children for layer in facts.layers)
    listed = lonely >= max(1.0, LONELY * len(facts.layers)) or (lonely and single)
    if not listed and not (crowded and len(facts.layers) == 1):
        return facts
    tensors = _ordered([tensor for layer in facts.layers for tensor in layer.tensors], facts.order == "lost")
    layers = cut(tensors) if known is None else _best_known(tensors, known)
    note = f"the file lists {len(tensors)} tensors without their layers; their shapes make them {len(layers)} layers"
    return replace(facts, layers=layers, names_are_real=False, warnings=(*facts.warnings, note))


def cut(tensors: Sequence[Tensor], style: Style = USUAL) -> tuple[StoredLayer, ...]:
    """Tensors in the order of ``get_weights()`` as the layers that their shapes make of them."""
    groups = _cut(tensors, style)
    return _named([_layer(group, number, _reads_words(groups)) for number, group in enumerate(groups)])


def _best_known(tensors: Sequence[Tensor], known: Callable[[Sequence[Shapes]], int]) -> tuple[StoredLayer, ...]:
    cuts = (cut(tensors, style) for style in STYLES)
    return max(cuts, key=lambda layers: known([_shapes(layer) for layer in layers]))


def _shapes(layer: StoredLayer) -> Shapes:
    """As references have them: sorted, without counters."""
    return tuple(sorted(tensor.shape for tensor in layer.tensors if tensor.shape))


def _ordered(tensors: list[Tensor], lost: bool) -> list[Tensor]:
    """By number where all names are one stem and a number; else as the file has them, or by stems where their order is
    lost."""
    split = [re.fullmatch(r"(.*?)(\d+)(?::0)?", _last(tensor)) for tensor in tensors]
    if all(match is not None for match in split) and len({match[1] for match in split if match}) == 1:
        return [tensor for _, tensor in sorted(zip(split, tensors, strict=True), key=lambda pair: int(pair[0][2]))]  # type: ignore[index]
    if lost:
        stems = list(dict.fromkeys(_stem(tensor) for tensor in tensors))
        return sorted(tensors, key=lambda tensor: (stems.index(_stem(tensor)), _number(tensor)))
    return tensors


def _number(tensor: Tensor) -> int:
    match = re.search(r"(\d+)(?::0)?$", _last(tensor))
    return int(match[1]) if match else 0


def _last(tensor: Tensor) -> str:
    return tensor.path.rsplit("/", 1)[-1]


def _cut(tensors: Sequence[Tensor], style: Style) -> list[list[Tensor]]:
    """The best cut into layers, by dynamic programming over the list."""
    stems = [_stem(tensor) for tensor in tensors]
    named = len(set(stems)) > 1
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(tensors) + 1):
        options = []
        for start in range(max(0, end - 16), end):
            score = _score([tensor.shape for tensor in tensors[start:end]], style)
            if score is None:
                continue
            if named:
                whole = len(set(stems[start:end])) == 1
                opened = start == 0 or stems[start - 1] != stems[start]
                closed = end == len(tensors) or stems[end] != stems[start]
                score += (SAME_STEM if opened and closed else 0.0) if whole else OTHER_STEM
            options.append((best[start][0] + score, start))
        best.append(max(options))
    groups: list[list[Tensor]] = []
    end = len(tensors)
    while end:
        start = best[end][1]
        group = list(tensors[start:end])
        groups += [group[2:], group[:2]] if _scaled([tensor.shape for tensor in group]) else [group]
        end = start
    return groups[::-1]


def _scaled(shapes: Sequence[Shape]) -> bool:
    """A Dense's kernel and bias, and a vector as long as the bias."""
    return len(shapes) == 3 and len(shapes[0]) == 2 and shapes[1] == shapes[2] == shapes[0][-1:]


def _stem(tensor: Tensor) -> str:
    """The name without the number that counts a layer's tensors."""
    return re.sub(r"[_.\-]?\d+$", "", _last(tensor).removesuffix(":0"))


def _score(shapes: Sequence[Shape], style: Style) -> float | None:
    """How well shapes in this order are one layer's; None when they cannot be."""
    first, *rest = shapes
    if not rest:
        return -1.5 if len(first) > 1 else -6.0
    if _scaled(shapes):
        return style.scaled
    if all(shape == first for shape in shapes) and len(first) == 1:
        return {4: 0.0, 2: -0.7, 3: style.three}.get(len(shapes))
    if len(shapes) == 3 and len(first) == 1 and first == rest[0] and rest[1] == ():
        return 0.5  # a Normalization: mean, variance and how often it was adapted
    if len(shapes) in (2, 3) and _separable(first, rest[0], *rest[1:]):
        return 0.3
    if len(shapes) == 2 and len(first) > 1:
        return _with_bias(first, rest[0])
    if len(shapes) in (2, 3) and _recurrent(shapes):
        return 0.2
    if len(shapes) in (4, 6) and _bidirectional(shapes):
        return 0.6
    return 0.5 if len(shapes) in (4, 8) and _attention(shapes) else None


def _with_bias(kernel: Shape, bias: Shape) -> float | None:
    if bias == kernel[-1:]:
        return 0.0
    if len(kernel) > 2 and bias in ((kernel[-2],), (kernel[-1] * kernel[-2],)):
        return -0.3
    return -0.5 if _recurrent((kernel, bias)) else None


def _recurrent(shapes: Sequence[Shape]) -> bool:
    """Kernel (…, i, n u), recurrent kernel (…, u, n u), bias: gates n of LSTM 4, GRU 3, SimpleRNN 1."""
    kernel, recurrent, *bias = shapes
    if min(len(kernel), len(recurrent)) < 2 or kernel[:-2] != recurrent[:-2]:
        return False
    if kernel[-1] != recurrent[-1] or not recurrent[-2]:
        return False
    gates, rest = divmod(kernel[-1], recurrent[-2])
    flat = not bias or bias[0] in ((kernel[-1],), (2, kernel[-1]))
    return rest == 0 and gates in ((1, 3, 4) if bias else (3, 4)) and flat


def _bidirectional(shapes: Sequence[Shape]) -> bool:
    half = len(shapes) // 2
    return list(shapes[:half]) == list(shapes[half:]) and _recurrent(shapes[:half])


def _separable(depthwise: Shape, pointwise: Shape, bias: Shape | None = None) -> bool:
    plain = len(depthwise) == len(pointwise) > 2 and set(pointwise[:-2]) == {1} and bias in (None, pointwise[-1:])
    return plain and set(depthwise[:-2]) != {1} and depthwise[-1] * depthwise[-2] == pointwise[-2]


def _attention(shapes: Sequence[Shape]) -> bool:
    """Query, key, value (d, h, k) and the output (h, k, d), each followed by its bias where there are biases."""
    query, key, value, output = shapes[:: len(shapes) // 4]
    if any(len(shape) != 3 for shape in (query, key, value, output)):
        return False
    biased = len(shapes) == 4 or [*shapes[1::2]] == [query[1:], key[1:], value[1:], output[2:]]
    return query[1:] == key[1:] and output[:2] == value[1:] and biased


def _reads_words(groups: Sequence[Sequence[Tensor]]) -> bool:
    """Whether the first layer is a lone matrix in front of what reads sequences: an Embedding, not a Dense."""
    lone = len(groups) > 1 and len(groups[0]) == 1 and len(groups[0][0].shape) == 2
    if not lone:
        return False
    behind = groups[1]
    return len(behind[0].shape) == 3 or (len(behind[0].shape) == 2 and len(behind) > 2)


def _layer(tensors: Sequence[Tensor], number: int, words: bool) -> StoredLayer:
    """A layer with positional roles, as Keras 3 numbers them."""
    if words and not number:
        return StoredLayer("embedding", "/", (replace(tensors[0], role="embeddings"),))
    if len(tensors) == 1 and len(tensors[0].shape) > 2 and set(tensors[0].shape[:-1]) == {1}:
        return StoredLayer(f"layer_{number}", "/", (replace(tensors[0], role="alpha"),))  # slopes shared over a map
    stems = {_stem(tensor) for tensor in tensors}
    stem = stems.pop() if len(stems) == 1 else ""
    made = tuple(replace(tensor, role=str(place)) for place, tensor in enumerate(tensors))
    return StoredLayer(stem or f"layer_{number}", tensors[0].path.rsplit("/", 1)[0] or "/", made)


def _named(layers: Sequence[StoredLayer]) -> tuple[StoredLayer, ...]:
    """Every layer under a name of its own."""
    names = [layer.name for layer in layers]
    return tuple(
        layer if names.count(layer.name) == 1 else replace(layer, name=f"layer_{number}")
        for number, layer in enumerate(layers)
    )
