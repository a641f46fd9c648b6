"""Layers whose tensors no card reads as the file stores them: old layouts, cells, wrappers.

Each placer is ``(Item, Context) -> Item | None``; None leaves the item to the cards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from infer_convert.configs.context import Context
from infer_convert.configs.graph import Item
from infer_convert.facts import Tensor
from infer_convert.layers.backend import DEVIATION
from infer_convert.layers.card import use, within
from infer_convert.plan import WeightUse

OLD = ("keras0", "keras1")


def transposed_convolution(item: Item, context: Context) -> Item | None:
    """Keras 1 Deconvolution2D: th (out, in, rows, cols), tf (rows, cols, in, out) -> (rows, cols, out, in) (FORMATS
    §5).
    """
    roles = within(item.tensors)
    if context.generation not in OLD:
        return None
    names = (
        dict(zip(("kernel", "bias"), (roles[k] for k in sorted(roles)), strict=False)) if _positional(roles) else roles
    )
    kernel = names.get("kernel")
    if kernel is None:
        return None
    rank = len(kernel.shape) - 2
    if item.config.get("data_format") == "channels_first":
        order = (*range(2, rank + 2), 0, 1)
    else:
        order = (*range(rank), rank + 1, rank)
    shape = tuple(kernel.shape[axis] for axis in order)
    if shape[-2] != item.config.get("filters") or list(shape[:-2]) != list(item.config.get("kernel_size", shape[:-2])):
        return None
    uses = [use("kernel", kernel, f"transpose:{','.join(map(str, order))}", shape=shape)]
    if "bias" in names:
        uses.append(use("bias", names["bias"]))
    return replace(item, weights=tuple(uses))


def separable_convolution(item: Item, context: Context) -> Item | None:
    """Keras 1 th: depthwise (m, i, rows, cols), pointwise (o, i·m, 1, 1)."""
    if context.generation not in OLD or item.config.get("data_format") != "channels_first":
        return None
    roles = within(item.tensors)
    uses = []
    for name, order in (("depthwise_kernel", (2, 3, 1, 0)), ("pointwise_kernel", (2, 3, 1, 0))):
        tensor = roles.get(name)
        if tensor is None or len(tensor.shape) != 4:
            return None
        shape = tuple(tensor.shape[axis] for axis in order)
        uses.append(use(name, tensor, "transpose:" + ",".join(map(str, order)), shape=shape))
    if "bias" in roles:
        uses.append(use("bias", roles["bias"]))
    return replace(item, weights=tuple(uses))


def gated_convolution(item: Item, context: Context) -> Item | None:
    """Keras 1 ConvLSTM2D: one kernel per gate, th (out, in, rows, cols) or tf (rows, cols, in, out)."""
    roles = within(item.tensors)
    if context.generation not in OLD:
        return None
    if _positional(roles) and len(roles) == 12:
        named = [f"{part}_{gate}" for gate in "icfo" for part in ("kernel", "recurrent_kernel", "bias")]
        roles = dict(zip(named, (roles[k] for k in sorted(roles, key=int)), strict=True))
    uses = []
    target: tuple[int, ...]
    transforms: tuple[str, ...]
    first = item.config.get("data_format") == "channels_first"
    for part in ("kernel", "recurrent_kernel", "bias"):
        tensors = [roles.get(f"{part}_{gate}") for gate in "ifco"]
        found = [tensor for tensor in tensors if tensor is not None]
        if len(found) != 4:
            return None
        shape = found[0].shape
        if part == "bias":
            target, transforms = (4 * shape[0],), ("merge-gates",)
        elif first:
            out, into, *size = shape
            target = (*size, into, 4 * out)
            transforms = ("stack", "transpose:3,4,2,0,1", f"reshape:{','.join(map(str, target))}")
        else:
            target, transforms = (*shape[:-1], 4 * shape[-1]), ("merge-gates",)
        paths = tuple(tensor.path for tensor in found)
        uses.append(WeightUse(f"cell.{part}", paths, target, found[0].dtype, part, transforms))
    return replace(item, weights=tuple(uses))


def old_normalization(item: Item, context: Context) -> Item | None:
    """Keras 0.3 divides by (std + epsilon): the variance is that squared, with no epsilon left (its
    ``normalization.py``).
    """
    if context.generation != "keras0":
        return None
    roles = within(item.tensors)
    if len(roles) != 4 or not _positional(roles):
        return None
    gamma, beta, mean, std = (roles[key] for key in sorted(roles, key=int))
    epsilon = float(item.config.get("epsilon", 1e-6))
    context.log.rewrite(item.name, DEVIATION.format(epsilon))
    uses = (
        use("gamma", gamma), use("beta", beta), use("moving_mean", mean),
        use("moving_variance", std, f"add:{epsilon!r}", "square"),
    )  # fmt: skip
    return replace(item, weights=uses, config={**item.config, "epsilon": 0.0})


def normalization(item: Item, context: Context) -> Item | None:
    """Preprocessing's Normalization: mean, variance, count."""
    roles = within(item.tensors)
    names = ("mean", "variance", "count")
    if _positional(roles):
        roles = dict(zip(names, (roles[key] for key in sorted(roles, key=int)), strict=False))
    if not set(roles) <= set(names) or "mean" not in roles or "variance" not in roles:
        return None
    uses = [use("adapt_mean", roles["mean"]), use("adapt_variance", roles["variance"])]
    if "count" in roles:
        count = roles["count"]
        cast = () if count.dtype == "int64" else (f"cast:{count.dtype}→int64",)
        uses.append(replace(use("count", count, *cast), dtype="int64"))
    return replace(item, weights=tuple(uses))


def cells(item: Item, context: Context) -> Item | None:
    """RNN around one cell or a stack: every cell's tensors in order (kernel, recurrent_kernel, bias)."""
    cell = item.config.get("cell")
    if not isinstance(cell, Mapping):
        return None
    inner = (cell.get("config") or {}).get("cells") if cell.get("class_name") == "StackedRNNCells" else None
    listed = inner if isinstance(inner, list) else [cell]
    tensors = list(item.tensors.values())
    uses: list[WeightUse] = []
    for number, each in enumerate(listed):
        config: Mapping[str, Any] = each.get("config") or {}
        parts = (
            ("kernel", "recurrent_kernel", "bias") if config.get("use_bias", True) else ("kernel", "recurrent_kernel")
        )
        own, tensors = tensors[: len(parts)], tensors[len(parts) :]
        if len(own) != len(parts):
            return None
        path = "cell" if inner is None else f"cell.cells.{number}"
        uses += [use(f"{path}.{part}", tensor) for part, tensor in zip(parts, own, strict=True)]
    return replace(item, weights=tuple(uses)) if not tensors else None


def shared_slopes(item: Item, context: Context) -> Item | None:
    """PReLU of Keras 1 did not store its ``shared_axes`` (1.2.2 ``advanced_activations.py``): axes of length 1 tell."""
    roles = within(item.tensors)
    if len(roles) != 1:
        return None
    (alpha,) = roles.values()
    stored = item.config.get("shared_axes")
    if stored is not None:
        fits = all(0 < axis <= len(alpha.shape) and alpha.shape[axis - 1] == 1 for axis in stored)
        return replace(item, weights=(use("alpha", alpha),)) if fits else None
    shared = [axis + 1 for axis, length in enumerate(alpha.shape) if length == 1]
    config = dict(item.config)
    if context.generation in OLD and shared:
        config["shared_axes"] = shared
        context.log.rewrite(
            item.name, f"the slopes {alpha.shape} are shared over the axes {shared}; Keras 1 did not store that"
        )
    return replace(item, config=config, weights=(use("alpha", alpha),))


def low_rank(item: Item, context: Context) -> Item | None:
    """Dense with LoRA in a legacy file: kernel + alpha/rank · a b, merged as ``.keras`` files are (Keras 3
    ``dense.py``).
    """
    roles = within(item.tensors)
    if "lora_kernel_a" not in roles or "lora_kernel_b" not in roles or "kernel" not in roles:
        return None
    rank = roles["lora_kernel_a"].shape[-1]
    scale = float(item.config.get("lora_alpha") or rank) / rank
    sources = tuple(roles[name].path for name in ("kernel", "lora_kernel_a", "lora_kernel_b"))
    kernel = roles["kernel"]
    uses = [WeightUse("kernel", sources, kernel.shape, kernel.dtype, "kernel", (f"lora:{scale!r}",))]
    if "bias" in roles:
        uses.append(use("bias", roles["bias"]))
    context.log.rewrite(item.name, "the low-rank update (LoRA) is added to the kernel")
    return replace(item, weights=tuple(uses))


_SCALED = ("inputs_scale", "inputs_amax_history", "kernel_scale", "kernel_amax_history", "outputs_grad_scale",
           "outputs_grad_amax_history")  # fmt: skip


def quantised(item: Item, context: Context) -> Item | None:
    """A quantised layer's numbers as Keras 3 writes them in order (3.15 ``dense.py``,
    ``_variable_serialization_spec``)."""
    policy = str(item.config.get("dtype"))
    if "_from_" not in policy:
        return low_rank(item, context) if item.class_name == "Dense" else None
    roles = within(item.tensors)
    if _positional(roles):
        main = "embeddings" if item.class_name.endswith("Embedding") else "kernel"
        names = [main]
        if main == "kernel" and (item.config.get("bias_axes") if item.class_name == "EinsumDense"
                                 else item.config.get("use_bias", True)):  # fmt: skip
            names.append("bias")
        names += _SCALED if policy.startswith("float8") else (f"{main}_scale", f"{main}_zero", "g_idx")
        roles = dict(zip(names, (roles[key] for key in sorted(roles, key=int)), strict=False))
    return replace(item, weights=tuple(use(name, tensor) for name, tensor in roles.items()))


def spectral(item: Item, context: Context) -> Item | None:
    """SpectralNormalization: the wrapped layer's tensors, whose kernel a Keras 3 tree holds twice, and ``vector_u``."""
    own = {role: tensor for role, tensor in item.tensors.items() if "/" not in role}
    inner = {role.rpartition("/")[2]: tensor for role, tensor in item.tensors.items() if "/" in role}
    wrapped = item.config.get("layer")
    class_name = str(wrapped.get("class_name")) if isinstance(wrapped, Mapping) else ""
    kernel = "embeddings" if class_name == "Embedding" else "kernel"
    if inner and _positional(inner):
        inner = dict(zip((kernel, "bias"), (inner[key] for key in sorted(inner, key=int)), strict=False))
    if not inner:  # SpectralNormalization of tf.keras names all of them in one place
        inner = {role: tensor for role, tensor in own.items() if role in ("kernel", "bias", "embeddings")}
        own = {role: tensor for role, tensor in own.items() if role not in inner}
    if "vector_u" not in own and _positional(own):
        own = dict(zip((kernel, "vector_u")[-len(own) :], (own[key] for key in sorted(own, key=int)), strict=True))
    sn = next((own[role] for role in ("vector_u", "sn_u", "u") if role in own), None)
    if sn is None or kernel not in inner:
        return None
    uses = [use("vector_u", sn)]
    for role, tensor in inner.items():
        made = use(f"layer.{role}", tensor)
        twin = own.get(role)
        if twin is not None:
            made = replace(made, sources=(tensor.path, twin.path), transforms=("same",))
        uses.append(made)
    return replace(item, weights=tuple(uses))


def grouped_attention(item: Item, context: Context) -> Item | None:
    """GroupQueryAttention: four einsums, named or numbered."""
    uses = []
    names = {"query": "query", "key": "key", "value": "value", "attention_output": "output", "output": "output"}
    for role, tensor in item.tensors.items():
        head, _, tail = role.rpartition("/")
        head = head.rpartition("/")[2].lstrip("_").removesuffix("_dense")
        if head not in names:
            return None
        uses.append(use(f"{names[head]}_dense.{ {'0': 'kernel', '1': 'bias'}.get(tail, tail) }", tensor))
    return replace(item, weights=tuple(uses))


def _positional(roles: Mapping[str, Tensor]) -> bool:
    return bool(roles) and all(role.isdigit() for role in roles)


Placer = Callable[[Item, Context], Item | None]

PLACERS: dict[str, Placer] = {
    "Conv2DTranspose": transposed_convolution,
    "Conv3DTranspose": transposed_convolution,
    "SeparableConv2D": separable_convolution,
    "ConvLSTM2D": gated_convolution,
    "BatchNormalization": old_normalization,
    "Normalization": normalization,
    "RNN": cells,
    "PReLU": shared_slopes,
    "Dense": quantised,
    "EinsumDense": quantised,
    "Embedding": quantised,
    "ReversibleEmbedding": quantised,
    "SpectralNormalization": spectral,
    "GroupQueryAttention": grouped_attention,
}
"""By the Keras 3 class."""
