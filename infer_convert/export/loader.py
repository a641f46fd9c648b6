"""The part of ``model.py`` that reads the original file: only keras, h5py and numpy."""

from __future__ import annotations

from typing import Any

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
    read = call("read", quoted(path))
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


def load_lines(model: Any, plan: Plan, facts: WeightFile) -> list[str]:
    """The body of ``load_weights``: one statement per layer with weights, arrays in ``layer.get_weights()`` order."""
    bfloat16 = frozenset(tensor.path for tensor in facts.all_tensors() if tensor.dtype == "bfloat16")
    lines: list[str] = []
    for owner, name, item, layer in _owners(model, plan, "model"):
        if not item.weights:
            continue
        where = call(f"{owner}.get_layer", quoted(layer.name))
        order = {id(weight): number for number, weight in enumerate(layer.weights)}
        placed = sorted(item.weights, key=lambda use: order[id(variable_of(name, layer, use.variable))])
        arrays = [expression(use, bfloat16) for use in placed]
        lines += statement(call("put", where, *arrays), 8)
        if hasattr(layer, "finalize_state"):
            lines += statement(where, 8, suffix=".finalize_state()")
    return lines


def _owners(model: Any, plan: Plan, owner: str, prefix: str = "") -> list[tuple[str, str, PlanLayer, Any]]:
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
            found += _owners(layer.layer if wrapped else layer, item.inner, path, f"{prefix}{item.name}/")
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
