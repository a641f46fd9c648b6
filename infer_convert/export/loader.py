"""The part of ``model.py`` that reads the original file: only keras, h5py and numpy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

from infer_convert.build.names import keras_names
from infer_convert.build.variables import variable_of
from infer_convert.export.layout import Group, Item, call, quoted, statement
from infer_convert.facts import WeightFile
from infer_convert.plan import Plan, PlanLayer, WeightUse

HELPERS: dict[str, str] = {
    "rotate180": '''
def rotate180(kernel):
    """Turn the spatial axes round: Theano computed true convolutions."""
    return np.flip(kernel, axis=tuple(range(kernel.ndim - 2)))
''',
    "flatten_first": '''
def flatten_first(kernel, channels, *spatial):
    """Reorder the rows of a Dense kernel that followed a channels_first Flatten."""
    moved = np.moveaxis(kernel.reshape(channels, *spatial, kernel.shape[-1]), 0, -2)
    return moved.reshape(-1, kernel.shape[-1])
''',
    "cudnn_kernel": '''
def cudnn_kernel(kernel, gates):
    """CuDNN stored each gate transposed."""
    return np.hstack([gate.T.reshape(gate.shape, order="F") for gate in np.hsplit(kernel, gates)])
''',
    "cudnn_bias": '''
def cudnn_bias(bias):
    """The sum of the two CuDNN bias halves."""
    return np.add(*np.split(bias, 2))
''',
    "add": '''
def add(array, constant):
    """The array plus a constant, in its own dtype."""
    return array + array.dtype.type(constant)
''',
    "lora": '''
def lora(kernel, down, up, scale):
    """A kernel with its low-rank update."""
    return kernel + np.matmul(down, up) * kernel.dtype.type(scale)
''',
    "local_patches": '''
def local_patches(array, *numbers):
    """A locally connected map as (places, patch, filters): each place's own window."""
    rank = len(numbers) // 2
    size, strides = numbers[:rank], numbers[rank:]
    patches = []
    for place in np.ndindex(*array.shape[rank + 1 : -1]):
        window = tuple(slice(p * s, p * s + k) for p, s, k in zip(place, strides, size))
        patches.append(array[(*window, slice(None), *place, slice(None))].reshape(-1, array.shape[-1]))
    return np.stack(patches)
''',
}
"""Functions that the source defines when a tensor needs them."""

READERS: dict[str, str] = {
    "plain": '''
def open_file(path):
    """The HDF5 file."""
    return h5py.File(path, "r")
''',
    "archive": '''
def open_file(path):
    """The HDF5 file, or the one inside a .keras archive."""
    if not zipfile.is_zipfile(path):
        return h5py.File(path, "r")
    with zipfile.ZipFile(path) as archive:
        return h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r")
''',
    "shards": '''
class open_file:
    """The tensors of a sharded checkpoint under their common paths."""

    def __init__(self, path):
        names = json.loads(Path(path).read_text())["weight_map"].values()
        flat = {name for entry in names for name in (entry if isinstance(entry, list) else [entry])}
        self.files = [h5py.File(Path(path).with_name(Path(name).name), "r") for name in sorted(flat)]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for file in self.files:
            file.close()

    def __getitem__(self, name):
        return next(file[name] for file in self.files if isinstance(file.get(name), h5py.Dataset))
''',
}

IMPORTS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "archive": ("import io", "import zipfile"),
    "shards": ("import json", "from pathlib import Path"),
}
"""Standard imports that each kind of reader needs."""


def reader_kind(facts: WeightFile) -> str:
    """Which of READERS opens the original file."""
    if facts.file.endswith(".json"):
        return "shards"
    return "archive" if facts.file.endswith(".keras") else "plain"


def expression(use: WeightUse, bfloat16: frozenset[str]) -> Group | str:
    """The numpy expression that turns the stored tensors into one variable."""
    sources: list[Group | str] = [_read(path, path in bfloat16) for path in use.sources]
    for transform in use.transforms:
        name, _, argument = transform.partition(":")
        sources = [_transform(name, argument, sources)]
    return sources[0]


def _read(path: str, bfloat16: bool) -> Group:
    template = re.sub("\0([a-z]+)\0", r"{\1}", path)
    read = call("read", f'f"{template}"' if "\0" in path else quoted(path))
    return Group("", (Item(read),), ".view(ml_dtypes.bfloat16)") if bfloat16 else read


def _transform(name: str, argument: str, sources: list[Group | str]) -> Group | str:
    several = Group("[", tuple(Item(source) for source in sources), "]")
    numbers = Group("(", tuple(Item(str(int(part))) for part in argument.split(","))) if _numeric(argument) else ""
    one = sources[0]
    match name:
        case "merge-gates":
            return call("np.concatenate", several, Item("-1", "axis"))
        case "stack":
            return call("np.stack", several)
        case "transpose":
            return call("np.transpose", one, numbers)
        case "reshape":
            return call("np.reshape", one, numbers)
        case "rotate180":
            return call("rotate180", one)
        case "flatten-first":
            assert isinstance(numbers, Group)
            return call("flatten_first", one, *numbers.items)
        case "cudnn-kernel":
            return call("cudnn_kernel", one, str(int(argument)))
        case "cudnn-bias":
            return call("cudnn_bias", one)
        case "cudnn-bias-pair":
            return call("np.reshape", one, "(2, -1)")
        case "square":
            return call("np.square", one)
        case "add":
            return call("add", one, repr(float(argument)))
        case "negate":
            return call("np.negative", one)
        case "ones":
            return call("np.ones_like", one)
        case "srelu-right":
            return call("np.add", one, call("np.abs", sources[1]))
        case "same":
            return one
        case "lora":
            return call("lora", *sources, repr(float(argument)))
        case "local-patches":
            assert isinstance(numbers, Group)
            return call("local_patches", one, *numbers.items)
        case "cast":
            dtype = argument.partition("→")[2]
            wanted = "ml_dtypes.bfloat16" if dtype == "bfloat16" else quoted(dtype)
            return call("np.asarray", one, Item(wanted, "dtype"))
    raise KeyError(f"no source is known for the transform {name!r}")


def _numeric(argument: str) -> bool:
    return bool(argument) and all(part.isdigit() for part in argument.split(","))


PLAIN = re.compile(r"[A-Za-z0-9_./:-]+")
"""Names and paths that may stand in an f-string as they are."""

WORTH = 3
"""Layers of one kind from which on a loop copies their tensors."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """One layer's weights: the arrays in ``layer.get_weights()`` order."""

    owner: str
    layer: Any
    uses: tuple[WeightUse, ...]


def load_lines(model: Any, plan: Plan, facts: WeightFile) -> tuple[list[str], bool]:
    """The body of ``load_weights``, loops where many layers are read alike; and whether it calls ``numbered``."""
    bfloat16 = frozenset(tensor.path for tensor in facts.all_tensors() if tensor.dtype == "bfloat16")
    copies: dict[str, list[_Copy]] = {}
    models = {"model": model}
    for owner, name, item, layer in _owners(model, plan, "model", models=models):
        if not item.weights:
            continue
        order = {id(weight): number for number, weight in enumerate(layer.weights)}
        placed = sorted(item.weights, key=lambda use: order[id(variable_of(name, layer, use.variable))])
        copies.setdefault(owner, []).append(_Copy(owner, layer, tuple(placed)))
    lines: list[str] = []
    calls = False
    for owner, mine in copies.items():
        looped, done = _loops(models[owner], mine, bfloat16)
        counted, more = _counted(models[owner], [copy for copy in mine if copy.layer.name not in done], bfloat16)
        calls |= bool(counted)
        lines += [*looped, *counted]
        for copy in mine:
            if copy.layer.name not in done | more:
                lines += _alone(copy, bfloat16)
    return lines, calls


def _alone(copy: _Copy, bfloat16: frozenset[str]) -> list[str]:
    where = call(f"{copy.owner}.get_layer", quoted(copy.layer.name))
    lines = statement(call("put", where, *(expression(use, bfloat16) for use in copy.uses)), 8)
    return lines + (statement(where, 8, suffix=".finalize_state()") if hasattr(copy.layer, "finalize_state") else [])


def _by_class(model: Any, copies: Sequence[_Copy]) -> dict[str, list[_Copy]]:
    """Layers of Keras' own classes of which every one in the model has tensors, in the model's order."""
    position = {layer.name: number for number, layer in enumerate(model.layers)}
    groups: dict[str, list[_Copy]] = {}
    for copy in sorted(copies, key=lambda item: position[item.layer.name]):
        kind = type(copy.layer)
        if getattr(keras.layers, kind.__name__, None) is kind and not hasattr(copy.layer, "finalize_state"):
            groups.setdefault(kind.__name__, []).append(copy)
    return {
        kind: mine
        for kind, mine in groups.items()
        if len(mine) == sum(type(layer).__name__ == kind for layer in model.layers)
    }


def _loops(model: Any, copies: Sequence[_Copy], bfloat16: frozenset[str]) -> tuple[list[str], set[str]]:
    """One loop over the layers whose stored tensors are called like them."""
    branches: list[tuple[str, tuple[WeightUse, ...]]] = []
    done: set[str] = set()
    for kind, mine in _by_class(model, copies).items():
        by_count: dict[int, list[_Copy]] = {}
        for copy in mine:
            by_count.setdefault(len(copy.uses), []).append(copy)
        for count, group in by_count.items():
            shapes = {_shape(_renamed(copy, {copy.layer.name: "name"})) for copy in group}
            if len(group) < WORTH or len(shapes) > 1 or not all(_said(copy, copy.layer.name) for copy in group):
                continue
            counted = f" and len(layer.weights) == {count}" if len(by_count) > 1 else ""
            test = f"type(layer) is layers.{kind}{counted}"
            branches.append((test, _renamed(group[0], {group[0].layer.name: "name"})))
            done |= {copy.layer.name for copy in group}
    if not branches:
        return [], done
    lines = [f"        for layer in {copies[0].owner}.layers:", "            name = layer.name"]
    for number, (test, uses) in enumerate(branches):
        lines.append(f"            {'elif' if number else 'if'} {test}:")
        stored = _with_stored(uses, copies, bfloat16)
        lines += statement(call("put", "layer", *(expression(use, stored) for use in uses)), 16)
    return lines, done


def _counted(model: Any, copies: Sequence[_Copy], bfloat16: frozenset[str]) -> tuple[list[str], set[str]]:
    """Loops over the layers of a class that the file numbers: conv2d, conv2d_1, ..."""
    lines: list[str] = []
    done: set[str] = set()
    for kind, mine in _by_class(model, copies).items():
        parts = mine[0].uses[0].sources[0].split("/")
        for stem in parts[1:-1]:
            keys = [f"{stem}_{number}" if number else stem for number in range(len(mine))]
            told = zip(mine, keys, strict=True)
            shapes = {_shape(_renamed(copy, {key: "key"})) for copy, key in told}
            if len(mine) < WORTH or len(shapes) > 1 or not all(map(_said, mine, keys)):
                continue
            uses = _renamed(mine[0], {stem: "key"})
            stored = _with_stored(uses, mine, bfloat16)
            found = f"[layer for layer in {mine[0].owner}.layers if type(layer) is layers.{kind}]"
            lines += [f"        for number, layer in enumerate({found}):",
                      f"            key = numbered({quoted(stem)}, number)"]  # fmt: skip
            lines += statement(call("put", "layer", *(expression(use, stored) for use in uses)), 12)
            done |= {copy.layer.name for copy in mine}
            break
    return lines, done


def _renamed(copy: _Copy, names: Mapping[str, str]) -> tuple[WeightUse, ...]:
    """The uses with a variable between NULs (which no path can hold) for a name in their paths, where the paths may
    stand in an f-string."""
    return tuple(replace(use, sources=tuple(_template(path, names) for path in use.sources)) for use in copy.uses)


def _template(path: str, names: Mapping[str, str]) -> str:
    if not PLAIN.fullmatch(path):
        return path
    parts = []
    for part in path.split("/"):
        known = next((name for name in names if part == name or part.startswith((f"{name}_", f"{name}."))), None)
        parts.append(part if known is None else f"\0{names[known]}\0{part[len(known) :]}")
    return "/".join(parts)


def _said(copy: _Copy, name: str) -> bool:
    """Whether every path of a layer says ``name``, in plain letters."""
    paths = [path for use in copy.uses for path in use.sources]
    return bool(PLAIN.fullmatch(name)) and all("\0" in _template(path, {name: "x"}) for path in paths)


def _shape(uses: Sequence[WeightUse]) -> tuple[object, ...]:
    return tuple((use.sources, use.transforms) for use in uses)


def _with_stored(uses: Sequence[WeightUse], copies: Sequence[_Copy], bfloat16: frozenset[str]) -> frozenset[str]:
    """Templates that stand for tensors stored as bfloat16."""
    if not bfloat16:
        return bfloat16
    everything = {path for copy in copies for use in copy.uses for path in use.sources}
    return frozenset(path for use in uses for path in use.sources) if everything <= bfloat16 else frozenset()


def _owners(
    model: Any, plan: Plan, owner: str, prefix: str = "", *, models: dict[str, Any]
) -> list[tuple[str, str, PlanLayer, Any]]:
    """Every layer with the expression of the model that holds it; ``models`` collects what these expressions mean."""
    names = keras_names(plan)
    found: list[tuple[str, str, PlanLayer, Any]] = []
    for item in plan.layers:
        if item.class_name == "Operation":
            continue
        layer = model.get_layer(names[item.name])
        found.append((owner, prefix + item.name, item, layer))
        if item.inner is not None:
            wrapped = item.class_name == "TimeDistributed"
            path = f"{owner}.get_layer({quoted(layer.name)})" + (".layer" if wrapped else "")
            models[path] = layer.layer if wrapped else layer
            found += _owners(models[path], item.inner, path, f"{prefix}{item.name}/", models=models)
    return found


def used_helpers(plan: Plan) -> tuple[str, ...]:
    """Names in HELPERS that the plan's transforms call."""
    names = {transform.partition(":")[0].replace("-", "_") for _, item in plan.walk() for use in item.weights
             for transform in use.transforms}  # fmt: skip
    return tuple(name for name in HELPERS if name in names)


def uses_bfloat16(plan: Plan, facts: WeightFile) -> bool:
    """Whether the source must know the dtype bfloat16."""
    casts = any(
        "bfloat16" in transform for _, item in plan.walk() for use in item.weights for transform in use.transforms
    )
    return casts or any(tensor.dtype == "bfloat16" for tensor in facts.all_tensors())
