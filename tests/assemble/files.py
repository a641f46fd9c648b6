"""Facts as text: one stored layer per line, ``name role:3x3x1x8 role:8``."""

from __future__ import annotations

from typing import Any

from infer_convert.assemble.typed import Typed, type_layers
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints


def facts(text: str, weightless: bool = True) -> WeightFile:
    return WeightFile("f.h5", 1, "keras2", "legacy", "weights-only", "stored", layers(text), weightless)


def layers(text: str) -> tuple[StoredLayer, ...]:
    found = []
    for line in text.strip().splitlines():
        name, *weights = line.split()
        tensors = []
        for weight in weights:
            role, _, sizes = weight.partition(":")
            shape = tuple(int(size) for size in sizes.split("x") if size)
            tensors.append(Tensor(f"/{name}/{role}", f"{name}/{role}:0", role, shape, "float32"))
        found.append(StoredLayer(name, f"/{name}", tuple(tensors)))
    return tuple(found)


def typed(text: str, weightless: bool = True, **hints: Any) -> tuple[Typed, ...]:
    file = facts(text, weightless)
    return type_layers(file.layers, file, Hints(**hints), lambda layer: None)


def norm(channels: int) -> str:
    return f"gamma:{channels} beta:{channels} moving_mean:{channels} moving_variance:{channels}"


CNN = "conv2d kernel:3x3x1x32 bias:32\nmax_pooling2d\nflatten\ndense kernel:5408x10 bias:10"
STRIPPED = "layer_0 kernel:3x3x1x32 bias:32\nlayer_1 kernel:5408x10 bias:10"
FUNCTIONAL = f"""
input_1
conv2d kernel:3x3x3x8 bias:8
activation
conv2d_1 kernel:3x3x8x8 bias:8
batch_normalization {norm(8)}
add
global_average_pooling2d
dense kernel:8x3 bias:3
"""
TWO = "a\nb\nleft kernel:5x4 bias:4\nright kernel:6x3 bias:3\nconcatenate\ndense kernel:7x1 bias:1".replace(
    "a\nb\n", "input_1\ninput_2\n"
)
