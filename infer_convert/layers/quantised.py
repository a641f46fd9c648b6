"""Quantised numbers of Keras 3 without a config: int8 or packed int4 beside their scales, float8 beside its histories.

Order of the tensors: ``_variable_serialization_spec`` of Keras 3.15 ``layers/core/dense.py`` and ``embedding.py``;
shapes as built with the policies ``int8_from_float32``, ``int4/-1_from_float32`` (one scale per channel),
``int4/128_from_float32`` (one per block of inputs, with zero points) and ``float8_from_float32``. The layer is rebuilt
with that policy, so that it computes what the original did; nothing is rounded again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from infer_convert.facts import Tensor
from infer_convert.layers.card import use
from infer_convert.plan import WeightUse

BLOCK = 128
"""Inputs per scale of int4, unless the shapes say otherwise (Keras 3.15 ``Int4QuantizationConfig``)."""
_FLOAT8 = ("inputs_scale", "inputs_amax_history", "kernel_scale", "kernel_amax_history", "outputs_grad_scale",
           "outputs_grad_amax_history")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quantised:
    """One matrix with its scales: rows, columns once unpacked, the dtype policy and the variables."""

    rows: int
    columns: int
    policy: str
    uses: tuple[WeightUse, ...]

    @property
    def has_bias(self) -> bool:
        """Whether a bias is among the variables."""
        return any(item.variable == "bias" for item in self.uses)


def is_quantised(roles: Mapping[str, Tensor]) -> bool:
    """Whether the first tensor is of integers, or the list is as long as float8's."""
    tensors = _ordered(roles)
    return bool(tensors) and (tensors[0].dtype == "int8" or len(tensors) in (7, 8)) and len(tensors[0].shape) == 2


def dense(roles: Mapping[str, Tensor]) -> Quantised | None:
    """A quantised kernel, perhaps a bias, and the rest; None when the shapes do not agree."""
    tensors = _ordered(roles)
    kernel, *rest = tensors
    if kernel.dtype != "int8":
        return _float8(kernel, rest)
    for names in (("bias", "kernel_scale"), ("kernel_scale",), ("bias", "kernel_scale", "kernel_zero", "g_idx"),
                  ("kernel_scale", "kernel_zero", "g_idx")):  # fmt: skip
        if len(names) != len(rest):
            continue
        found = dict(zip(names, rest, strict=True))
        columns = found["kernel_scale"].shape[-1] if found["kernel_scale"].shape else 0
        if "bias" in found and found["bias"].shape != (columns,):
            continue
        policy = _policy(kernel.shape[1], columns, kernel.shape[0], found.get("kernel_zero"))
        if policy is not None:
            scale = found["kernel_scale"]
            flat = (f"reshape:{columns}",) if len(scale.shape) > 1 and "kernel_zero" not in found else ()
            uses = [use("kernel", kernel)]
            uses += [
                use(name, tensor, *flat, shape=(columns,)) if name == "kernel_scale" and flat else use(name, tensor)
                for name, tensor in found.items()
            ]
            return Quantised(kernel.shape[0], columns, policy, tuple(uses))
    return None


def embedding(roles: Mapping[str, Tensor]) -> Quantised | None:
    """Quantised embeddings, one scale per word or per block of a word's numbers."""
    table, *rest = _ordered(roles)
    names = {1: ("embeddings_scale",), 3: ("embeddings_scale", "embeddings_zero", "g_idx")}.get(len(rest))
    if names is None or table.dtype != "int8" or rest[0].shape[:1] != table.shape[:1]:
        return None
    columns = rest[-1].shape[0] if len(rest) == 3 and rest[-1].shape else table.shape[1]
    zero = rest[1] if len(rest) == 3 else None
    groups = zero.shape[1] if zero is not None and len(zero.shape) == 2 else 1
    policy = "int8_from_float32" if zero is None else f"int4/{_block(columns, groups)}_from_float32"
    uses = (use("embeddings", table), *(use(name, tensor) for name, tensor in zip(names, rest, strict=True)))
    return Quantised(table.shape[0], columns, policy, uses)


def _policy(stored: int, columns: int, rows: int, zero: Tensor | None) -> str | None:
    packed = stored == (columns + 1) // 2
    if zero is not None:
        return f"int4/{_block(rows, zero.shape[0])}_from_float32" if packed and zero.shape else None
    if stored == columns:
        return "int8_from_float32"
    return "int4/-1_from_float32" if packed else None


def _block(rows: int, groups: int) -> int:
    return BLOCK if math.ceil(rows / BLOCK) == groups else math.ceil(rows / max(groups, 1))


def _float8(kernel: Tensor, rest: list[Tensor]) -> Quantised | None:
    bias, scales = (rest[:1], rest[1:]) if len(rest) == len(_FLOAT8) + 1 else ([], rest)
    if len(scales) != len(_FLOAT8) or any(len(tensor.shape) != number % 2 for number, tensor in enumerate(scales)):
        return None
    if bias and bias[0].shape != kernel.shape[1:]:
        return None
    uses = [use("kernel", kernel), *(use("bias", tensor) for tensor in bias)]
    uses += [use(name, tensor) for name, tensor in zip(_FLOAT8, scales, strict=True)]
    return Quantised(kernel.shape[0], kernel.shape[1], "float8_from_float32", tuple(uses))


def _ordered(roles: Mapping[str, Tensor]) -> list[Tensor]:
    return [roles[role] for role in sorted(roles, key=int)] if all(role.isdigit() for role in roles) else []
