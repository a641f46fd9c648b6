"""Tensor names of all generations, turned into roles relative to their layer."""

from __future__ import annotations

import re
from collections.abc import Sequence

KERAS1_WORDS = {
    "W": "kernel",
    "b": "bias",
    "U": "recurrent_kernel",
    "gamma": "gamma",
    "beta": "beta",
    "running_mean": "moving_mean",
    "running_std": "moving_variance",
    "alphas": "alpha",
    "betas": "beta",
    "depthwise_kernel": "depthwise_kernel",
    "pointwise_kernel": "pointwise_kernel",
    "t_left": "t_left",
    "a_left": "a_left",
    "t_right": "t_right",
    "a_right": "a_right",
}
"""Suffixes that Keras 1.0.8 to 1.2.2 layers append to their name (keras/layers/*.py, ``name='{}_W'``), in Keras 2
words. ``running_std`` holds a variance in these versions (theano_backend.py:463)."""

_GATES = "i|f|c|o|z|r|h|carry"
"""LSTM and ConvLSTM2D i f c o, GRU z r h, Highway carry."""

_KERAS1_SUFFIX = re.compile(
    rf"(?:(?P<layer>.*)_)?(?:(?P<gated>W|U|b)_(?P<gate>{_GATES})|(?P<plain>{'|'.join(KERAS1_WORDS)}))"
)

_FLAT_WORDS = (
    "kernel|bias|gamma|beta|moving_mean|moving_variance|recurrent_kernel|depthwise_kernel|pointwise_kernel|"
    "embeddings|alpha|weight|weights|scale|running_mean|running_var|mean|variance|W|b|U"
)
_FLAT_NAME = re.compile(rf"(?P<layer>.+?)[._\-/](?P<word>{_FLAT_WORDS})")
_NUMBERED_LETTER = re.compile(r"(?P<word>[Wwb]|weight|weights|bias|kernel)_?(?P<number>\d+)")


def without_tag(name: str) -> str:
    """The name without TensorFlow's output index ``:0`` (or ``:1`` …)."""
    return re.sub(r":\d+$", "", name)


def keras1_split(name: str) -> tuple[str, str] | None:
    """(prefix, role in Keras 2 words) of a Keras 1 weight name, None when it ends in no Keras 1 suffix.

    ``dense_1_W`` -> (``dense_1``, ``kernel``); ``lstm_1_U_f`` -> (``lstm_1``, ``recurrent_kernel_f``). TensorFlow's
    uniquifying counter (``dense_1_W_1:0``) is dropped.
    """
    bare = without_tag(name)
    match = _KERAS1_SUFFIX.fullmatch(bare) or _KERAS1_SUFFIX.fullmatch(re.sub(r"_\d+$", "", bare))
    if match is None:
        return None
    prefix = match["layer"] or ""
    if match["gated"]:
        return prefix, f"{KERAS1_WORDS[match['gated']]}_{match['gate']}"
    return prefix, KERAS1_WORDS[match["plain"]]


def keras1_role(layer: str, name: str) -> str:
    """The role of a Keras 1 weight: ``kernel``, ``forward_gru_1/kernel_z``, ``c1/kernel`` (nested), or its index."""
    if numbered := re.fullmatch(r"param_(\d+)(:0)?", name):
        return numbered[1]
    split = keras1_split(name)
    if split is None:
        bare = without_tag(name)
        return bare.removeprefix(f"{layer}_") or bare
    prefix, role = split
    return role if prefix in ("", layer) else f"{prefix}/{role}"


def roles(layer: str, names: Sequence[str]) -> list[str]:
    """Roles of a layer's Keras 2 (or later) legacy weight names, in order.

    Everything up to the layer's own name goes: ``sequential/dense/kernel`` of ``dense`` -> ``kernel``. When TensorFlow
    made the scope unique (``dense_1_1/kernel:0`` of ``dense_1``) that scope goes too, if all weights share it. A name
    that does not mention its layer (nested models, ``mean:0``) stays whole.
    """
    bare = [without_tag(name).strip("/") for name in names]
    own = layer.split("/")
    cut = [_after(name.split("/"), own) for name in bare]
    if all(found is None for found in cut):
        unique = re.compile(re.escape(own[-1]) + r"_\d+")
        scopes = {name.split("/")[0] for name in bare if "/" in name}
        if len(scopes) == 1 and all("/" in name for name in bare) and unique.fullmatch(next(iter(scopes))):
            return [name.split("/", 1)[1] for name in bare]
    return [found or name for found, name in zip(cut, bare, strict=True)]


def _after(parts: list[str], own: list[str]) -> str | None:
    for at in range(len(parts) - len(own)):
        if parts[at : at + len(own)] == own:
            return "/".join(parts[at + len(own) :])
    return None


def flat_split(name: str) -> tuple[str, str] | None:
    """(layer, role) of a dataset whose one name spells both: ``dense_1_kernel``, ``conv1.W``, ``W3``; else None."""
    bare = without_tag(name)
    if match := _NUMBERED_LETTER.fullmatch(bare):
        return match["number"], flat_role(match["word"].replace("w", "W") if match["word"] == "w" else match["word"])
    if match := _FLAT_NAME.fullmatch(bare):
        return match["layer"], flat_role(match["word"])
    if (split := keras1_split(bare)) and split[0]:
        return split
    return None


def flat_role(name: str) -> str:
    """A hand-made dataset's role: without ``:0`` and, where it is a Keras 1 suffix alone, in Keras 2 words."""
    split = keras1_split(name)
    return split[1] if split and not split[0] else without_tag(name)


def stem(key: str) -> str:
    """The class that a Keras 3 group key spells: ``conv2d`` for ``conv2d_4`` (saving_lib.py, ``_name_key``)."""
    return re.sub(r"_\d+$", "", key)


def counter(name: str) -> tuple[str, int]:
    """(stem, trailing number) of a name; the first of a class has no number and counts as 0."""
    match = re.fullmatch(r"(.*?)[_\-.]?(\d+)", name)
    return (match[1], int(match[2])) if match else (name, 0)
