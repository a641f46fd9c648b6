"""Attention. MultiHeadAttention's kernels: query/key (in, heads, key_dim), value (in, heads, value_dim), output
(heads, value_dim, out); each with a bias of its trailing axes (FORMATS §5)."""

from __future__ import annotations

from typing import Any

from infer_convert.facts import Tensor
from infer_convert.layers.card import Card, Config, Fit, Shape, Stored, use, within
from infer_convert.solve.items import Variant

_ALIASES = {
    "query_dense": "query",
    "key_dense": "key",
    "value_dense": "value",
    "output_dense": "output",
    "attention_output": "output",
}


def _parts(stored: Stored) -> dict[tuple[str, str], Tensor] | None:
    roles = dict(stored.roles)
    if roles and all(role.isdigit() for role in roles):
        return _numbered_parts([roles[role] for role in sorted(roles, key=int)])
    while roles and not any(_head(role) for role in roles):
        shorter = within(roles)
        if shorter == roles:
            return None
        roles = shorter
    parts = {}
    for role, tensor in roles.items():
        head, tail = _head(role), role.rpartition("/")[2]
        kind = {"0": "kernel", "1": "bias"}.get(tail, tail)
        if head is None or kind not in ("kernel", "bias"):
            return None
        parts[head, kind] = tensor
    return parts


def _numbered_parts(tensors: list[Tensor]) -> dict[tuple[str, str], Tensor] | None:
    """Tensors that are only numbered, in the order in which Keras lists them."""
    kinds = {4: ("kernel",), 8: ("kernel", "bias")}.get(len(tensors))
    if kinds is None:
        return None
    names = [(name, kind) for name in ("query", "key", "value", "output") for kind in kinds]
    return dict(zip(names, tensors, strict=True))


def _head(role: str) -> str | None:
    head = role.partition("/")[0].lstrip("_")
    return _ALIASES.get(head, head if head in ("query", "key", "value", "output") else None) if "/" in role else None


def _multi_head_fits(stored: Stored) -> tuple[Fit, ...]:
    parts = _parts(stored)
    names = ("query", "key", "value", "output")
    if parts is None or any((name, "kernel") not in parts for name in names):
        return ()
    query, key, value, output = (parts[name, "kernel"].shape for name in names)
    if any(len(shape) != 3 for shape in (query, key, value, output)):
        return ()
    if query[1:] != key[1:] or value[1] != query[1] or output[:2] != value[1:]:
        return ()
    config: dict[str, Any] = {
        "num_heads": query[1],
        "key_dim": query[2],
        "use_bias": ("query", "bias") in parts,
        "_channels": (query[0], value[0], key[0]),
        "_out": output[2],
    }
    if value[2] != query[2]:
        config["value_dim"] = value[2]
    if output[2] != query[0]:
        config["output_shape"] = output[2]
    uses = tuple(use(f"{name}_dense.{kind}", tensor) for (name, kind), tensor in parts.items())
    return (Fit(config, uses),)


def _grouped_fits(stored: Stored) -> tuple[Fit, ...]:
    """Fewer heads of keys and values than of queries (Keras 3 ``layers/attention/grouped_query_attention.py``)."""
    parts = _parts(stored)
    names = ("query", "key", "value", "output")
    if parts is None or any((name, "kernel") not in parts for name in names):
        return ()
    query, key, value, output = (parts[name, "kernel"].shape for name in names)
    if any(len(shape) != 3 for shape in (query, key, value, output)) or key[1:] != value[1:] or not key[1]:
        return ()
    if key[1] >= query[1] or query[1] % key[1] or key[2] != query[2] or output[:2] != query[1:]:
        return ()
    config: dict[str, Any] = {
        "head_dim": query[2],
        "num_query_heads": query[1],
        "num_key_value_heads": key[1],
        "use_bias": ("query", "bias") in parts,
        "_channels": (query[0], value[0], key[0]),
        "_out": output[2],
    }
    return (Fit(config, tuple(use(f"{name}_dense.{kind}", tensor) for (name, kind), tensor in parts.items())),)


def _multi_head_flow(config: Config) -> tuple[Variant, ...]:
    query, value, _ = config["_channels"]
    common = {"ranks": frozenset({(3, 3), (4, 4)}), "channels_out": config["_out"], "channels": "fixed"}
    variants = [Variant(label="Attention/cross", operands=(2, 2), log_prior=-1.5, **common)]
    if query == value:
        variants.insert(0, Variant(label="Attention/self", channels_in=query, **common))
    return tuple(variants)


def _multi_head_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    query, value, _ = config["_channels"]
    last = shapes[1] if len(shapes) > 1 else shapes[0]
    if shapes[0][-1] not in (None, query) or last[-1] not in (None, value):
        return None
    return (*shapes[0][:-1], config["_out"])


def _dot_fits(stored: Stored) -> tuple[Fit, ...]:
    roles = within(stored.roles)
    if set(roles) not in ({"scale"}, {"0"}):
        return ()
    (scale,) = roles.values()
    return (Fit({"use_scale": True}, (use("scale", scale),)),) if scale.shape == () else ()


# Query and key are multiplied, and the key is the value where no third operand is given
# (Keras 3 ``layers/attention/attention.py``): both have the same channels, and so has the result.
def _dot_flow(config: Config) -> tuple[Variant, ...]:
    return (
        Variant(label="Attention/self", ranks=frozenset({(3, 3)}), log_prior=-1.0),
        Variant(label="Attention/cross", operands=(2, 2), ranks=frozenset({(3, 3)})),
        Variant(label="Attention/cross", operands=(3, 3), ranks=frozenset({(3, 3)}), channels="any", log_prior=-2.0),
    )


def _dot_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    value = shapes[1] if len(shapes) > 1 else shapes[0]
    return (*shapes[0][:-1], value[-1])


CARDS = (
    Card(
        "MultiHeadAttention",
        words=(("attention", 3.0), ("mha", 5.0), ("attn", 3.0), ("heads", 2.0)),
        fits=_multi_head_fits,
        flow=_multi_head_flow,
        shape=_multi_head_shape,
    ),
    Card(
        "GroupQueryAttention",
        stems=("groupedqueryattention",),
        words=(("gqa", 5.0), ("attention", 2.0), ("attn", 2.0), ("grouped", 3.0)),
        fits=_grouped_fits,
        flow=_multi_head_flow,
        shape=_multi_head_shape,
    ),
    Card("Attention", words=(("attention", 3.0), ("attn", 2.0)), fits=_dot_fits, flow=_dot_flow, shape=_dot_shape),
)
