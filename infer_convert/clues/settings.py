"""How likely each spatial setting of a layer is, from its place in the net.

Frequencies follow WIRING §6 (41 families, 1,366 convolutions) and are rounded; they are log priors for ``solve/sizes``,
whose shape constraints decide most of them. A *habit* ties settings that people choose once for a whole net.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infer_convert.draft import DraftLayer, Neighbourhood, Preferred
from infer_convert.layers.card import Config

PASSED = (
    "Activation",
    "ReLU",
    "LeakyReLU",
    "PReLU",
    "ELU",
    "BatchNormalization",
    "Dropout",
    "SpatialDropout2D",
    "LayerNormalization",
)
_POOLS = ("MaxPooling", "AveragePooling")


@dataclass(frozen=True, slots=True)
class Setting:
    """One choice of a layer's spatial settings, its log prior and its habit."""

    config: Config
    log_prior: float
    habit: tuple[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """What the whole net is like, for priors that depend on it."""

    pools: int
    flattens: bool
    merges: bool
    upsamples: bool
    convolutions: int
    layer_norms: bool

    @classmethod
    def of(cls, near: Neighbourhood) -> Style:
        """Count what matters."""
        names = [layer.class_name for layer in near.draft.layers]
        return cls(
            pools=sum(name.startswith(_POOLS) for name in names),
            flattens="Flatten" in names,
            merges=any(_joins_maps(near, index) for index, name in enumerate(names) if name in ("Add", "Concatenate")),
            upsamples=any(name.startswith("UpSampling") or name.endswith("Transpose") for name in names),
            convolutions=sum("Conv" in name for name in names),
            layer_norms="LayerNormalization" in names,
        )


def _joins_maps(near: Neighbourhood, index: int) -> bool:
    """Whether a merge joins feature maps, not vectors."""
    front = near.draft.producers(index)
    for _ in range(len(near.draft.layers)):
        kinds = {near.draft.layers[i].class_name for i in front}
        if any(
            "Conv" in kind or ("Pooling" in kind and not kind.startswith("Global")) or "UpSampling" in kind
            for kind in kinds
        ):
            return True
        front = tuple(
            p
            for i in front
            if near.draft.layers[i].class_name in (*PASSED, "Add", "Concatenate", "Multiply")
            for p in near.draft.producers(i)
        )
        if not front:
            return False
    return False


def settings(near: Neighbourhood, style: Style, index: int) -> tuple[Setting, ...]:
    """Every setting of layer ``index`` with its prior; a layer without open settings has one empty setting."""
    layer = near.draft.layers[index]
    choices = layer.card.choices(layer.config)
    open_choices = [choice for choice in choices if _compatible(layer, choice)]
    if not open_choices:
        return (Setting({}, 0.0),)
    weighted = [_weigh(near, style, index, layer, choice) for choice in open_choices]
    total = math.log(math.fsum(math.exp(item.log_prior) for item in weighted))
    normal = tuple(Setting(item.config, item.log_prior - total, item.habit) for item in weighted)
    known = near.draft.preferred.get(index)
    return normal if known is None or not choices[0] else _with_known(normal, choices[0], known)


SIZED = ("dilation_rate", "groups", "output_padding")
"""Settings that no choice varies and that a known architecture may have all the same."""


def _with_known(normal: tuple[Setting, ...], choice: Config, known: Preferred) -> tuple[Setting, ...]:
    """The settings mixed with the one of a known architecture; no habit ties them then."""
    config = {key: known.config[key] for key in (*choice, *SIZED) if key in known.config}
    if not config:
        return normal
    rest = math.log(1 - known.trust)
    merged = []
    for item in normal:
        agrees = all(_same(item.config[key], value) for key, value in config.items() if key in item.config)
        if not agrees:
            merged.append(Setting(item.config, item.log_prior + rest))
    return (Setting({**config}, math.log(known.trust)), *merged)


def _compatible(layer: DraftLayer, choice: Config) -> bool:
    return all(key not in layer.config or _same(layer.config[key], value) for key, value in choice.items())


def _same(a: Any, b: Any) -> bool:
    def flat(value: Any) -> Any:
        return value[0] if isinstance(value, (list, tuple)) and len(set(map(str, value))) == 1 and len(value) else value

    return bool(a == b or flat(a) == flat(b))


def _weigh(near: Neighbourhood, style: Style, index: int, layer: DraftLayer, choice: Config) -> Setting:
    name = layer.class_name
    if name.endswith("Transpose"):
        return _transposed(layer, choice)
    if name.startswith(("Conv1D", "Conv2D", "Conv3D", "Depthwise", "Separable")) or (
        name == "TimeDistributed" and "strides" in choice and "pool_size" not in choice
    ):
        return _convolution(near, style, index, layer, choice)
    if name.startswith(_POOLS):
        return _pool(near, style, index, layer, choice)
    if name.startswith("ZeroPadding"):
        return _zero_padding(near, index, layer, choice)
    if name.startswith("UpSampling"):
        size = choice["size"] if isinstance(choice["size"], int) else choice["size"][0]
        return Setting(choice, {2: -0.1, 4: -3.0, 3: -4.0}.get(size, -5.0), ("up", size))
    if name.startswith("Cropping"):
        return Setting(choice, -0.3 * _amount(choice["cropping"]))
    if "return_sequences" in choice:
        return _recurrent(near, index, choice)
    if "_class" in choice:
        return Setting(choice, {"Flatten": -1.0, "MaxPooling2D": -1.2}.get(choice["_class"], -2.5))
    if "keepdims" in choice:
        return Setting(choice, -3.0 if choice["keepdims"] else -0.05)
    return Setting(choice, 0.0)


def _first(value: Any) -> int:
    return int(value) if isinstance(value, int) else int(value[0])


def _amount(value: Any) -> int:
    while not isinstance(value, int):
        value = max(value, key=lambda item: _amount(item))
    return value


def _kernel(layer: DraftLayer) -> int:
    config: Mapping[str, Any] = layer.config.get("_inner", layer.config)
    return int(max(config["kernel_size"]))


def _convolution(near: Neighbourhood, style: Style, index: int, layer: DraftLayer, choice: Config) -> Setting:
    kernel, padding = _kernel(layer), choice["padding"]
    stride = _first(choice["strides"])
    padded = any(near.draft.layers[i].class_name.startswith("ZeroPadding") for i in near.before(index))
    strided = _stride_prior(near, style, index, layer, kernel, padded)
    score = math.log(strided.get(stride, 0.001))
    if kernel == 1:
        return Setting(choice, score)
    if padded:
        return Setting(choice, score + (-0.02 if padding == "valid" else -5.0))
    if len(layer.config.get("_inner", layer.config)["kernel_size"]) == 1:
        share = {"same": 0.5, "valid": 0.42, "causal": 0.08}
    elif style.merges or style.upsamples:
        share = {"same": 0.93, "valid": 0.07}
    else:
        share = {"same": 0.45, "valid": 0.55} if style.flattens else {"same": 0.8, "valid": 0.2}
    return Setting(choice, score + math.log(share[padding]), ("padding", padding))


def _stride_prior(
    near: Neighbourhood, style: Style, index: int, layer: DraftLayer, kernel: int, padded: bool
) -> dict[int, float]:
    depthwise = layer.class_name.startswith("Depthwise")
    widens = _widens(layer)
    if kernel == 1:
        if _projects(near, index):
            return {1: 0.3, 2: 0.7} if widens and not style.pools > 2 else {1: 0.85, 2: 0.15}
        return {1: 0.99, 2: 0.01}
    if padded:
        return {1: 0.02, 2: 0.98} if depthwise else {1: 0.3, 2: 0.7}
    if stride_is_patch := _cuts_patches(near, style, kernel):
        return {1: 1 - stride_is_patch, kernel: stride_is_patch}
    first = not any(_is_convolution(near.draft.layers[i]) for i in _ancestors(near, index))
    if kernel >= 8 and not first:
        return {1: 0.8, 2: 0.15, 4: 0.05}
    if kernel in (8, 11) and first:
        return {1: 0.25, 2: 0.1, 4: 0.65}
    if kernel == 7 and first:
        return {1: 0.3, 2: 0.65, 4: 0.05}
    if first:
        deep = style.convolutions > 30
        return (
            {1: 0.45, 2: 0.54, 4: 0.01} if deep else {1: 0.85, 2: 0.15} if style.pools else {1: 0.6, 2: 0.38, 4: 0.02}
        )
    if kernel == 4 and style.pools == 0:
        return {1: 0.2, 2: 0.8}
    if style.pools > 1:
        return {1: 0.965, 2: 0.033, 3: 0.001, 4: 0.001}
    if kernel == 4:
        return {1: 0.25, 2: 0.75}
    if widens:
        return {1: 0.45, 2: 0.54, 3: 0.005, 4: 0.005}
    return {1: 0.93, 2: 0.07}


def _cuts_patches(near: Neighbourhood, style: Style, kernel: int) -> float:
    """Probability that a convolution cuts the image into patches (stride = kernel size), as in vision transformers,
    mixers and ConvNeXt: nets with layer normalisation and large even kernels."""
    if kernel < 2 or kernel % 2 or not style.layer_norms:
        return 0.0
    return 0.9


def _widens(layer: DraftLayer) -> bool:
    config = layer.config.get("_inner", layer.config)
    return bool(config.get("_channels_in")) and config.get("filters", 0) > config["_channels_in"]


def _projects(near: Neighbourhood, index: int) -> bool:
    """A 1×1 convolution whose result goes (through a normalisation at most) into an Add."""
    return any(near.draft.layers[i].class_name == "Add" for i in near.after(index, ("BatchNormalization", "Dropout")))


def _is_convolution(layer: DraftLayer) -> bool:
    return "Conv" in layer.class_name


def _ancestors(near: Neighbourhood, index: int, most: int = 12) -> set[int]:
    """The layers in front, a few steps back: enough to see whether a convolution is the first."""
    found: set[int] = set()
    front = [index]
    for _ in range(most):
        front = [p for i in front for p in near.draft.producers(i) if p not in found]
        found.update(front)
    return found


def _transposed(layer: DraftLayer, choice: Config) -> Setting:
    kernel, stride = _kernel(layer), _first(choice["strides"])
    share = {2: {1: 0.05, 2: 0.95}, 3: {1: 0.25, 2: 0.74, 4: 0.01}, 4: {1: 0.12, 2: 0.8, 4: 0.08}}.get(
        kernel, {1: 0.35, 2: 0.6, 4: 0.05}
    )
    score = math.log(share.get(stride, 0.002)) + (-0.2 if choice["padding"] == "same" else -1.7)
    return Setting(choice, score, ("transposed", (choice["padding"], stride)))


_POOL_SHARES = {
    (2, 2, "valid"): 0.68,
    (2, 2, "same"): 0.08,
    (3, 2, "same"): 0.06,
    (3, 2, "valid"): 0.05,
    (3, 3, "valid"): 0.03,
    (3, 1, "same"): 0.02,
    (2, 1, "same"): 0.004,
    (4, 4, "valid"): 0.02,
    (2, 1, "valid"): 0.004,
    (5, 5, "valid"): 0.006,
}


def _pool(near: Neighbourhood, style: Style, index: int, layer: DraftLayer, choice: Config) -> Setting:
    key = (_first(choice["pool_size"]), _first(choice["strides"]), choice["padding"])
    share = _POOL_SHARES.get(key, 0.002)
    padded = any(near.draft.layers[i].class_name.startswith("ZeroPadding") for i in near.before(index))
    joined = any(
        near.draft.layers[i].class_name == "Concatenate"
        for i in near.after(index, ("Conv2D", "Activation", "BatchNormalization"))
    )
    if padded:
        share = {(3, 2, "valid"): 0.9, (2, 2, "valid"): 0.08}.get(key, 0.002)
    elif layer.class_name.startswith("Average") and any(
        near.draft.layers[i].class_name in ("Flatten", "Dense") for i in near.after(index, ("Dropout",))
    ):
        share = {(2, 2, "valid"): 0.3, (8, 8, "valid"): 0.2, (7, 7, "valid"): 0.2, (4, 4, "valid"): 0.1}.get(key, 0.01)
    elif joined and key == (3, 1, "same"):
        share = 0.3
    return Setting(choice, math.log(share), (f"pool/{layer.class_name}", key))


def _zero_padding(near: Neighbourhood, index: int, layer: DraftLayer, choice: Config) -> Setting:
    amounts = choice["padding"]
    pair = tuple(amounts) if isinstance(amounts[0], int) else tuple(amounts[0])
    following = next((near.draft.layers[i] for i in near.after(index)), None)
    if following is not None and "kernel_size" in following.config:
        kernel = _kernel(following)
        half = kernel // 2
        if following.class_name.startswith("Depthwise"):
            shares = {(half - 1, half): 0.8, (half, half): 0.18}
        else:
            shares = {(half, half): 0.9, (half - 1, half): 0.05}
        return Setting(choice, math.log(shares.get(pair, 0.004)))
    return Setting(choice, math.log({(1, 1): 0.9, (0, 1): 0.04}.get(pair, 0.006)))


def _recurrent(near: Neighbourhood, index: int, choice: Config) -> Setting:
    after = [near.draft.layers[i].class_name for i in near.after(index, (*PASSED, "Masking"))]
    ends = not after or all(
        name in ("Dense", "Concatenate", "RepeatVector", "Add", "Multiply", "Subtract", "Dot") for name in after
    )
    share = 0.88 if ends else 0.1
    return Setting(choice, math.log(1 - share if choice["return_sequences"] else share))
