"""A layer's place in its net, in words: what its settings are learned from.

Words are pairs (aspect, value); a *view* joins some aspects to one feature. Layers that change no sizes are looked
through, so that the same words come out whether a file lists activations or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infer_convert.clues.settings.depthwise import block_widths
from infer_convert.clues.settings.ways import bypasses
from infer_convert.clues.settings.windows import kernel
from infer_convert.draft import DraftLayer, Neighbourhood
from infer_convert.layers.card import Config
from infer_convert.layers.passed import SHAPE_KEEPING

JOINS = ("Add", "Concatenate", "Multiply", "Average", "Maximum", "Subtract", "Operation")
BUCKETS = (0, 1, 2, 3, 6, 13, 30)
"""Counts are told apart up to these."""

Place = Mapping[str, str]


def count_word(count: int) -> str:
    """A count by its bucket."""
    return str(max(bucket for bucket in BUCKETS if bucket <= count))


@dataclass(frozen=True, slots=True)
class Style:
    """What the whole net is like, in numbers and in words."""

    pools: int
    convolutions: int
    flattens: bool
    merges: bool
    upsamples: bool
    layer_norms: bool
    words: Mapping[str, str]

    @classmethod
    def of(cls, near: Neighbourhood) -> Style:
        """Count what matters."""
        names = [layer.class_name for layer in near.draft.layers]
        joins = {name for index, name in enumerate(names) if name in JOINS and _joins_maps(near, index)}
        pools = sum(name.startswith(("MaxPooling", "AveragePooling")) for name in names)
        convolutions = sum("Conv" in name for name in names)
        transposed, up = (any(end(name) for name in names) for end in (_is_transposed, _is_upsampling))
        layer_norms = "LayerNormalization" in names
        words = {
            "pools": count_word(pools),
            "convs": count_word(convolutions),
            "transposed": "yes" if transposed else "no",
            "up": "yes" if up else "no",
            "sums": "yes" if joins & {"Add", "Operation"} else "no",
            "concats": "yes" if "Concatenate" in joins else "no",
            "flattens": "yes" if "Flatten" in names else "global" if _is_global(names) else "no",
            "norms": "layer" if layer_norms else "batch" if "BatchNormalization" in names else "no",
            "depthwise": "yes" if any(name.startswith("Depthwise") for name in names) else "no",
            "zeros": "yes" if any(name.startswith("ZeroPadding") for name in names) else "no",
            "bordered": _bordered(near),
            "gates": "yes" if _gates_convolutions(near) else "no",
            "input": _input_rank(near),
        }
        merges = bool(joins & {"Add", "Concatenate"})
        return cls(pools, convolutions, "Flatten" in names, merges, transposed or up, layer_norms, words)


PER_CHANNEL = ("Depthwise", "Separable")


def _bordered(near: Neighbourhood) -> str:
    """In front of what the net adds borders of zeros: of convolutions of single channels anywhere, or of others
    alone."""
    borders = [i for i, layer in enumerate(near.draft.layers) if layer.class_name.startswith("ZeroPadding")]
    behind = {near.draft.layers[item].class_name for index in borders for item in near.after(index, SHAPE_KEEPING)}
    return "channels" if any(name.startswith(PER_CHANNEL) for name in behind) else "maps" if borders else "no"


def _gates_convolutions(near: Neighbourhood) -> bool:
    """Whether two convolutions over one tensor multiply, as in the gated units of WaveNet."""
    for index, layer in enumerate(near.draft.layers):
        if layer.class_name == "Multiply":
            front = [near.draft.layers[i] for i in near.before(index, SHAPE_KEEPING)]
            alike = len(front) == 2 and front[0].operands == front[1].operands
            if alike and all("Conv" in item.class_name for item in front):
                return True
    return False


def _is_transposed(name: str) -> bool:
    return name.endswith("Transpose")


def _is_upsampling(name: str) -> bool:
    return name.startswith("UpSampling")


def _is_global(names: list[str]) -> bool:
    return any(name.startswith("Global") for name in names)


def _input_rank(near: Neighbourhood) -> str:
    """What the first layer reads: vectors, sequences, images, words."""
    for index, layer in enumerate(near.draft.layers):
        if layer.class_name == "InputLayer":
            for after in near.after(index, SHAPE_KEEPING):
                return _kind(near.draft.layers[after])
    return "none"


def _joins_maps(near: Neighbourhood, index: int) -> bool:
    """Whether a merge joins feature maps, not vectors."""
    for _ in range(len(near.draft.layers)):
        front = [near.draft.layers[i] for i in near.before(index, SHAPE_KEEPING)]
        if any("Conv" in layer.class_name or _kind(layer) in ("pool", "up") for layer in front):
            return True
        before = near.before(index, SHAPE_KEEPING)
        following = next((i for i in before if near.draft.layers[i].class_name in JOINS), None)
        if following is None:
            return False
        index = following
    return False


def _kind(layer: DraftLayer) -> str:
    name = layer.class_name
    if name == "TimeDistributed":
        return "td"
    if name.endswith("Transpose"):
        return "transposed"
    if "Conv" in name and "LSTM" not in name:
        return "conv1" if kernel(layer.config) == 1 else "conv"
    for start, word in (
        ("MaxPooling", "pool"),
        ("AveragePooling", "pool"),
        ("Global", "global"),
        ("UpSampling", "up"),
        ("ZeroPadding", "zeros"),
        ("Cropping", "crop"),
    ):
        if name.startswith(start):
            return word
    if name in ("Add", "Operation", "Average"):
        return "sum"
    known = {"Concatenate": "concat", "Multiply": "gate", "InputLayer": "input", "Flatten": "flatten", "Dense": "dense"}
    return known.get(name, "other")


def _kernel_word(config: Config) -> str:
    sizes = config.get("_inner", config).get("kernel_size", (1,))
    longest = max(sizes)
    word = str(longest) if longest <= 5 else "6+" if longest < 8 else "8e+" if longest % 2 == 0 else "8o+"
    return word if len(set(sizes)) == 1 else f"{word}flat"


def _ratio(config: Config) -> str:
    channels = config.get("_inner", config).get("_channels_in")
    found = widening(config)
    return "image" if found != "none" and channels <= 4 else found


def widening(config: Config) -> str:
    """How a convolution changes the number of channels."""
    found = config.get("_inner", config)
    return _wider(found.get("_channels_in"), found.get("filters"))


def block_widening(near: Neighbourhood, index: int) -> str:
    """How the block of a depthwise convolution changes the number of channels."""
    return _wider(*(block_widths(near, index) or (None, None)))


def _wider(before: int | None, after: int | None) -> str:
    if not before or not after:
        return "none"
    return "less" if after < before else "same" if after == before else "double" if after == 2 * before else "more"


def _step(config: Config) -> str:
    """The ratio, with halves of their own: a bottleneck's first convolution narrows to half where its stage begins and
    to a quarter behind."""
    found = config.get("_inner", config)
    before, after = found.get("_channels_in"), found.get("filters")
    return "half" if before and after and 2 * after == before and before > 4 else _ratio(config)


def _first_convolution(near: Neighbourhood, index: int, most: int = 12) -> bool:
    """Whether no convolution stands in front, as far as a few steps back show."""
    front = [index]
    seen: set[int] = set()
    for _ in range(most):
        front = [p for i in front for p in near.draft.producers(i) if p not in seen]
        seen.update(front)
        if any("Conv" in near.draft.layers[i].class_name for i in front):
            return False
    return True


def _first_kind(near: Neighbourhood, found: list[int], otherwise: str) -> str:
    return _kind(near.draft.layers[found[0]]) if found else otherwise


def place(near: Neighbourhood, style: Style, index: int) -> Place:
    """The words of one layer: its window and widths, what stands in front, behind and beside it."""
    layer = near.draft.layers[index]
    config = layer.config
    before, after = list(near.before(index, SHAPE_KEEPING)), list(near.after(index, SHAPE_KEEPING))
    direct = [near.draft.layers[i].class_name for i in near.before(index)]
    beside = [i for producer in before for i in near.after(producer, SHAPE_KEEPING) if i != index]
    kinds = {_kind(near.draft.layers[i]) for i in beside}
    following = _first_kind(near, after, "end")
    ahead = [i for i in after if i != index]
    ahead_kinds = {_kind(near.draft.layers[i]) for i in after}
    return {
        **style.words,
        "class": layer.class_name,
        "k": _kernel_word(config),
        "ratio": _ratio(config),
        "step": _step(config),
        "first": "yes" if _first_convolution(near, index) else "no",
        "padded": "yes" if any(name.startswith("ZeroPadding") for name in direct) else "no",
        "prev": _first_kind(near, before, "none"),
        "next": following,
        "then": _first_kind(near, [i for a in ahead[:1] for i in near.after(a, SHAPE_KEEPING)], "end"),
        "beside": next((kind for kind in ("pool", "conv1", "sum") if kind in kinds), "some" if beside else "none"),
        "bypassed": bypasses(near).get(index, "no"),
        "joins": next((kind for kind in ("sum", "concat") if kind in ahead_kinds), "no"),
        "next_k": _kernel_word(near.draft.layers[after[0]].config)
        if after and following.startswith("conv")
        else "none",
        "next_class": near.draft.layers[after[0]].class_name if after else "end",
    }
