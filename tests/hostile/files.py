"""The attack list as files: each written by a small function, from a sound model that Keras itself loads.

``ATTACKS`` is the table of contents; the tests and ``python -m benchmarks attacks`` both run through it.
"""

from __future__ import annotations

import codecs
import json
import marshal
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

SIZES = (6, 5, 3)
"""Inputs and units of the sound model's two Dense layers."""

Spoil = Callable[[h5py.File, h5py.Group], None]
"""Spoils a sound file, given also the group that holds the first layer's tensors."""


@dataclass(frozen=True)
class Attack:
    """``make`` writes into an empty folder and returns the file to convert. ``codes`` are the exit codes that
    ``convert`` may end with, ``says`` a part of its line. ``slow`` files take seconds to write: benchmark only."""

    name: str
    make: Callable[[Path], Path]
    codes: tuple[int, ...]
    says: str = ""
    slow: bool = False


def dense(name: str, units: int, **config: Any) -> dict[str, Any]:
    return {"class_name": "Dense", "config": {"name": name, "units": units, "activation": "linear", **config}}


def config(*layers: Mapping[str, Any], inputs: int = SIZES[0]) -> dict[str, Any]:
    """A stored Sequential as tf.keras 2 writes it."""
    first = {"name": "input_1", "batch_input_shape": [None, inputs], "dtype": "float32", "sparse": False}
    entry = {"class_name": "InputLayer", "config": first}
    return {"class_name": "Sequential", "config": {"name": "model", "layers": [entry, *layers]}}


SOUND = config(dense("dense", SIZES[1]), dense("dense_1", SIZES[2]))


def legacy(
    path: Path, spoil: Spoil | None = None, stored: Mapping[str, Any] | str | None = SOUND, libver: str = "earliest"
) -> Path:
    """A full model of tf.keras 2 (weights only with ``stored=None``), then spoilt."""
    with h5py.File(path, "w", libver=libver) as file:
        file.attrs["keras_version"], file.attrs["backend"] = "2.11.0", "tensorflow"
        if stored is not None:
            file.attrs["model_config"] = stored if isinstance(stored, str) else json.dumps(stored)
        weights = file if stored is None else file.create_group("model_weights")
        weights.attrs["layer_names"] = np.array([b"dense", b"dense_1"])
        for name, rows, columns in (("dense", *SIZES[:2]), ("dense_1", *SIZES[1:])):
            group = weights.create_group(name)
            group.attrs["weight_names"] = np.array([f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()])
            group[f"{name}/kernel:0"] = np.ones((rows, columns), "float32")
            group[f"{name}/bias:0"] = np.ones(columns, "float32")
        if spoil:
            spoil(file, weights["dense/dense"])
    return path


def tree(path: Path, spoil: Spoil | None = None) -> Path:
    """A ``.weights.h5`` of Keras 3, then spoilt."""
    with h5py.File(path, "w", libver="earliest") as file:
        file.create_group("vars")
        for name, rows, columns in (("dense", *SIZES[:2]), ("dense_1", *SIZES[1:])):
            group = file.create_group(f"layers/{name}/vars")
            group["0"] = np.ones((rows, columns), "float32")
            group["1"] = np.ones(columns, "float32")
        if spoil:
            spoil(file, file["layers/dense/vars"])
    return path


def modern(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored Sequential as Keras 3 writes it."""
    made = json.loads(json.dumps(stored))
    for entry in (made, *made["config"]["layers"]):
        entry.setdefault("module", "keras" if entry is made else "keras.layers")
        entry.setdefault("registered_name", None)
        if entry["class_name"] == "InputLayer":
            entry["config"]["batch_shape"] = entry["config"].pop("batch_input_shape")
    return made


def archive(path: Path, stored: Mapping[str, Any] | str, compression: int = zipfile.ZIP_STORED) -> Path:
    """A ``.keras`` archive around ``tree``."""
    inner = tree(path.with_name("inner.weights.h5"))
    with zipfile.ZipFile(path, "w", compression) as made:
        made.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        made.writestr("config.json", stored if isinstance(stored, str) else json.dumps(modern(stored)))
        made.write(inner, "model.weights.h5")
    inner.unlink()
    return path


def _kernel(group: h5py.Group) -> str:
    return next(name for name in group if name in ("kernel:0", "0"))


def _secret(folder: Path) -> Path:
    """A file that the attack would like to pull in."""
    with h5py.File(folder / "secret.h5", "w") as file:
        file["kernel"] = np.full(SIZES[:2], 42, "float32")
        file["group/kernel:0"] = file["group/0"] = np.full(SIZES[:2], 42, "float32")
    (folder / "secret.bin").write_bytes(b"*" * 4096)
    return folder / "secret.h5"


def external_link(file: h5py.File, group: h5py.Group) -> None:
    secret, name = _secret(Path(file.filename).parent), _kernel(group)
    del group[name]
    group[name] = h5py.ExternalLink(str(secret), "/kernel")


def external_group(file: h5py.File, group: h5py.Group) -> None:
    """The link is an inner component of the path: h5py reports only the last one."""
    secret, where = _secret(Path(file.filename).parent), group.name
    del file[where]
    file[where] = h5py.ExternalLink(str(secret), "/group")


def soft_link(file: h5py.File, group: h5py.Group) -> None:
    where = group.name
    file.move(where, "/aside")
    file[where] = h5py.SoftLink("/aside")


def external_storage(file: h5py.File, group: h5py.Group) -> None:
    _secret(Path(file.filename).parent)
    name = _kernel(group)
    del group[name]
    group.create_dataset(name, SIZES[:2], "f4", external=[("secret.bin", 0, 4096)])


def virtual(file: h5py.File, group: h5py.Group) -> None:
    secret, name = _secret(Path(file.filename).parent), _kernel(group)
    del group[name]
    layout = h5py.VirtualLayout(SIZES[:2], "f4")
    layout[:] = h5py.VirtualSource(str(secret), "kernel", SIZES[:2])
    group.create_virtual_dataset(name, layout)


def _chunked(group: h5py.Group, name: str, shape: tuple[int, ...], **options: Any) -> None:
    if name in group:
        del group[name]
    group.create_dataset(name, shape, "f4", chunks=True, **options)


def huge_shape(file: h5py.File, group: h5py.Group) -> None:
    _chunked(group, _kernel(group), (1 << 40, 5))


def medium_shapes(file: h5py.File, group: h5py.Group) -> None:
    """64 × 3.9 GiB that were never written."""
    for number in range(64):
        _chunked(group, f"more_{number}", (1024, 1020, 1000))
    _chunked(group, _kernel(group), (1024, 1020, 1000))


def gzip_bomb(file: h5py.File, group: h5py.Group) -> None:
    name = _kernel(group)
    del group[name]
    made = group.create_dataset(name, (8192, 8192), "f4", chunks=(512, 8192), compression="gzip")
    packed = zlib.compress(bytes(512 * 8192 * 4), 9)
    for row in range(0, 8192, 512):
        made.id.write_direct_chunk((row, 0), packed)


def shared_array(file: h5py.File, group: h5py.Group) -> None:
    """One array of 4.2 MB under 2,000 names."""
    group["a"] = np.ones((1024, 1024), "float32")
    for number in range(2000):
        group[f"a_{number}"] = group["a"]


def shared_layers(path: Path) -> Path:
    """The same as 2,000 layers of a weights-only file."""
    names = [f"dense_{number}" for number in range(2000)]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([name.encode() for name in names])
        array = file.create_dataset("a", data=np.ones((1024, 1024), "float32"))
        for name in names:
            group = file.create_group(name)
            group.attrs["weight_names"] = np.array([f"{name}/kernel:0".encode()])
            group[f"{name}/kernel:0"] = array
    return path


def cycle(file: h5py.File, group: h5py.Group) -> None:
    group["up"] = file["/"]


def deep(file: h5py.File, group: h5py.Group) -> None:
    inner = group
    for _ in range(5000):
        inner = inner.create_group("g")


def long_names_list(file: h5py.File, group: h5py.Group) -> None:
    """200 MB of ``layer_names`` as 2,000 texts."""
    parent = group.parent.parent
    del parent.attrs["layer_names"]
    parent.attrs.create("layer_names", ["x" * 100_000] * 2000, dtype=h5py.string_dtype())


def many_names(file: h5py.File, group: h5py.Group) -> None:
    """``layer_names`` of 30 million one-letter names."""
    del group.parent.parent.attrs["layer_names"]
    group.parent.parent.attrs["layer_names"] = np.full(30_000_000, b"a")


def one_long_name(file: h5py.File, group: h5py.Group) -> None:
    group["n" * 60_000] = 1.0


def many_layers() -> dict[str, Any]:
    """A config of 20,000 layers, which no weight contradicts."""
    names = (f"activation_{number}" for number in range(20_000))
    idle = [{"class_name": "Activation", "config": {"name": name, "activation": "relu"}} for name in names]
    return config(dense("dense", SIZES[1]), *idle, dense("dense_1", SIZES[2]))


def many_objects(path: Path) -> Path:
    with h5py.File(path, "w", libver="latest") as file:
        for outer in range(400):
            group = file.create_group(f"layers/a_{outer}")
            for number in range(500):
                group.create_group(str(number))
    return path


def compound(file: h5py.File, group: h5py.Group) -> None:
    name = _kernel(group)
    del group[name]
    group[name] = np.zeros(SIZES[:2], [("re", "f4"), ("im", "f4")])


def reference(file: h5py.File, group: h5py.Group) -> None:
    name = _kernel(group)
    del group[name]
    group.create_dataset(name, SIZES[:2], h5py.ref_dtype)[:] = file.ref


def lists(file: h5py.File, group: h5py.Group) -> None:
    name = _kernel(group)
    del group[name]
    group.create_dataset(name, SIZES[:2], h5py.vlen_dtype("f4"))[0, 0] = [1.0, 2.0]


def not_a_number(file: h5py.File, group: h5py.Group) -> None:
    group[_kernel(group)][0, :2] = np.nan, np.inf


def strange_filter(file: h5py.File, group: h5py.Group) -> None:
    _chunked(group, _kernel(group), SIZES[:2], scaleoffset=2)


def filter_of_a_plugin(file: h5py.File, group: h5py.Group) -> None:
    """A filter number that HDF5 would look for among the plug-ins on disk."""
    name = _kernel(group)
    del group[name]
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk(SIZES[:2])
    properties.set_filter(31_999, h5py.h5z.FLAG_OPTIONAL, ())
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple(SIZES[:2]), properties)


def many_filters(file: h5py.File, group: h5py.Group) -> None:
    name = _kernel(group)
    del group[name]
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk(SIZES[:2])
    for _ in range(20):
        properties.set_filter(h5py.h5z.FILTER_DEFLATE, 0, (9,))
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple(SIZES[:2]), properties)


TRAP = "sprung"
"""Every attack that would run code creates a file of this name in the current folder."""


def _code() -> list[Any]:
    scope: dict[str, Any] = {}
    exec(f"bait = lambda x: open({TRAP!r}, 'w').close() or x", scope)
    return [codecs.encode(marshal.dumps(scope["bait"].__code__), "base64").decode("ascii"), None, None]


def lambda_code() -> dict[str, Any]:
    bait = {"name": "bait", "function": _code(), "function_type": "lambda", "output_shape": [SIZES[0]]}
    layers = ({"class_name": "Lambda", "config": bait}, dense("dense", SIZES[1]), dense("dense_1", SIZES[2]))
    return config(*layers)


def lambda_code_3() -> dict[str, Any]:
    """As Keras 3 stores it."""
    function = {"class_name": "__lambda__", "config": {"code": _code()[0], "defaults": None, "closure": None}}
    bait = {"class_name": "Lambda", "config": {"name": "bait", "function": function}, "module": "keras.layers"}
    return config(bait, dense("dense", SIZES[1]), dense("dense_1", SIZES[2]))


def module_path() -> dict[str, Any]:
    """CVE-2025-1550: a class that is any function of any module."""
    arguments = {"args": [f"touch {TRAP}"], "kwargs": {}}
    bait = {"class_name": "function", "module": "os", "config": "system", "registered_name": "system"}
    layer = {"module": "os", "class_name": "system", "config": arguments, "registered_name": "system"}
    return config({**dense("dense", SIZES[1]), "config": {**dense("dense", SIZES[1])["config"], "activation": bait}},
                  layer, dense("dense_1", SIZES[2]))  # fmt: skip


def saved_model_layer() -> dict[str, Any]:
    bait = {"class_name": "TFSMLayer", "module": "keras.layers", "config": {"filepath": "/tmp/evil", "name": "bait"}}
    return config(bait, dense("dense", SIZES[1]), dense("dense_1", SIZES[2]))


def vocabulary_path() -> dict[str, Any]:
    """CVE-2025-12058: a layer that reads any file of the machine."""
    bait = {"name": "bait", "vocabulary": "/etc/passwd", "max_tokens": 100, "output_mode": "int"}
    layer = {"class_name": "StringLookup", "config": bait, "module": "keras.layers"}
    return config(layer, dense("dense", SIZES[1]), dense("dense_1", SIZES[2]))


def enormous_layer() -> dict[str, Any]:
    """160 GB by a config of 3 KB."""
    return config(dense("dense", 200_000), dense("dense_1", SIZES[2]), inputs=200_000)


def enormous_constant() -> dict[str, Any]:
    """No weight is needed to ask for memory."""
    layers = (
        dense("dense", SIZES[1]),
        {"class_name": "RepeatVector", "config": {"name": "repeat", "n": 2_000_000_000}},
        {"class_name": "ZeroPadding1D", "config": {"name": "pad", "padding": [10**9, 10**9]}},
        dense("dense_1", SIZES[2]),
    )
    return config(*layers)


def deep_json(depth: int) -> str:
    return '{"class_name": "Sequential", "config": ' + "[" * depth + "]" * depth + "}"


HOSTILE_NAMES = (
    "../../evil",
    "/etc/evil",
    "..",
    "C:\\evil",
    "a\nb",
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07",
    "\u202eexe.h5",
    "<script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    f'"); open("{TRAP}", "w").close(); ("',
    f"'''\"\"\"\nopen('{TRAP}', 'w')\n#",
    "{}{0}{x!r}%s%n$(touch sprung)`touch sprung`",
    "\\N{BULLET}\\u0000\\",
    "__import__('os').system('touch sprung')",
    "\u00e9\u0301\U0001f600\ufeff\u2028",
    " ",
    "-o",
    "con",
)
"""For paths, terminals, HTML, JSON and Python."""


def hostile_names(path: Path) -> Path:
    """A weights-only file whose layers bear them."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in HOSTILE_NAMES]
        for number, name in enumerate(HOSTILE_NAMES):
            shape = (4, 4) if number else (6, 4)
            weight = f"{name}/kernel:0".strip("/")
            group = file.require_group(name)
            group.attrs["weight_names"] = np.array([weight.encode()])
            group[weight] = np.ones(shape, "float32")
    return path


def hostile_config(path: Path) -> Path:
    """The same names in a stored config."""
    units = [SIZES[1]] * len(HOSTILE_NAMES)
    layers = [dense(name, size) for name, size in zip(HOSTILE_NAMES, units, strict=True)]
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = "2.11.0", "tensorflow"
        file.attrs["model_config"] = json.dumps(config(*layers))
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [name.encode() for name in HOSTILE_NAMES]
        for number, name in enumerate(HOSTILE_NAMES):
            group = weights.require_group(name.strip("/"))
            group.attrs["weight_names"] = np.array([b"kernel:0", b"bias:0"])
            group["kernel:0"] = np.ones((SIZES[1] if number else SIZES[0], SIZES[1]), "float32")
            group["bias:0"] = np.ones(SIZES[1], "float32")
    return path


def outside_shard(path: Path) -> Path:
    tree(path.parent.parent / "outside.weights.h5")
    path.write_text(json.dumps({"metadata": {}, "weight_map": {"/layers/dense/vars": "../outside.weights.h5"}}))
    return path


def zip_bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("metadata.json", "{}")
        made.writestr("config.json", json.dumps(modern(SOUND)))
        made.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(256 * 2**20))
    return path


def zip_of_text(path: Path) -> Path:
    return archive(path, "[" + "0," * 50_000_000 + "0]", zipfile.ZIP_DEFLATED)


def lying_length(path: Path) -> Path:
    """A text attribute that claims 4 GB."""
    data = bytearray(legacy(path).read_bytes())
    size = len(json.dumps(SOUND)).to_bytes(4, "little")
    at = data.index(size, data.index(b"model_config"))
    data[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    return path


def looping_tree(path: Path) -> Path:
    """A group whose B-tree contains itself."""
    data = bytearray(legacy(path, stored=None).read_bytes())
    at = data.index(b"TREE")
    data[at + 24 + 8 : at + 24 + 16] = at.to_bytes(8, "little")
    data[at + 5] = 1  # its children are nodes like itself
    path.write_bytes(data)
    return path


def _spoilt(name: str, spoil: Spoil, codes: tuple[int, ...], says: str, **options: Any) -> tuple[Attack, Attack]:
    """An attack in both forms: a full model for ``load_model``, a weights file for ``KerasFileEditor``."""
    return (
        Attack(name, lambda folder: legacy(folder / "w.h5", spoil, **options), codes, says),
        Attack(f"{name}_v3", lambda folder: tree(folder / "w.weights.h5", spoil), codes, says),
    )


def _legacy(name: str, spoil: Spoil, codes: tuple[int, ...], says: str, **options: Any) -> Attack:
    return Attack(name, lambda folder: legacy(folder / "w.h5", spoil, **options), codes, says)


def _config(name: str, stored: Callable[[], Mapping[str, Any] | str], codes: tuple[int, ...]) -> tuple[Attack, Attack]:
    """A hostile config in both containers."""
    return (
        Attack(name, lambda folder: legacy(folder / "w.h5", stored=stored()), codes),
        Attack(f"{name}_v3", lambda folder: archive(folder / "w.keras", stored()), codes),
    )


def _file(name: str, make: Callable[[Path], Path], file: str, codes: tuple[int, ...], says: str = "") -> Attack:
    return Attack(name, lambda folder: make(folder / file), codes, says)


REFUSED, DAMAGED, SAFE = (5,), (3,), (0, 4, 8)

ATTACKS: tuple[Attack, ...] = (
    *_spoilt("external_link", external_link, REFUSED, "external link"),
    *_spoilt("external_group", external_group, REFUSED, "external link"),
    *_spoilt("soft_link", soft_link, REFUSED, "soft link"),
    *_spoilt("external_storage", external_storage, REFUSED, "external storage"),
    *_spoilt("virtual_dataset", virtual, REFUSED, "virtual"),
    *_spoilt("huge_shape", huge_shape, REFUSED, "declared_bytes"),
    *_spoilt("medium_shapes", medium_shapes, REFUSED, "--allow-large"),
    *_spoilt("gzip_bomb", gzip_bomb, REFUSED, "declared_ratio"),
    _legacy("shared_array", shared_array, SAFE, ""),
    Attack("shared_array_v3", lambda folder: tree(folder / "w.weights.h5", shared_array), REFUSED, "declared_ratio"),
    _file("shared_layers", shared_layers, "w.h5", REFUSED, "declared_ratio"),
    *_spoilt("cycle", cycle, REFUSED, "hard link"),
    *_spoilt("deep_groups", deep, REFUSED, "depth"),
    _legacy("long_names_list", long_names_list, REFUSED, "attribute_bytes"),
    _legacy("many_names", many_names, REFUSED, "limit", libver="latest"),
    *_spoilt("one_long_name", one_long_name, REFUSED, "name_chars"),
    *_spoilt("compound", compound, REFUSED, "compound"),
    *_spoilt("reference", reference, REFUSED, "numeric"),
    *_spoilt("lists", lists, REFUSED, "variable-length"),
    *_spoilt("not_a_number", not_a_number, SAFE, ""),
    *_spoilt("strange_filter", strange_filter, REFUSED, "filter"),
    *_spoilt("filter_of_a_plugin", filter_of_a_plugin, REFUSED, "filter"),
    *_spoilt("many_filters", many_filters, REFUSED, "limit filters"),
    *_config("deep_json", lambda: deep_json(200_000), REFUSED),
    *_config("lambda_code", lambda_code, (*SAFE, 5)),
    *_config("lambda_code_3", lambda_code_3, (*SAFE, 5)),
    *_config("module_path", module_path, (*SAFE, 5)),
    *_config("saved_model_layer", saved_model_layer, (*SAFE, 5)),
    *_config("vocabulary_path", vocabulary_path, (*SAFE, 5)),
    *_config("enormous_layer", enormous_layer, (4, 5, 6)),
    *_config("many_layers", many_layers, REFUSED),
    *_config("enormous_constant", enormous_constant, (*SAFE, 5)),
    _file("hostile_names", hostile_names, "w.h5", (*SAFE, 3)),
    _file("hostile_config", hostile_config, "w.h5", (*SAFE, 3)),
    _file("outside_shard", outside_shard, "w.weights.json", REFUSED, "plain file names"),
    _file("zip_bomb", zip_bomb, "w.keras", REFUSED, "declared_ratio"),
    _file("zip_of_text", zip_of_text, "w.keras", REFUSED, "json_chars"),
    _file("lying_length", lying_length, "w.h5", DAMAGED, "heap"),
    _file("looping_tree", looping_tree, "w.h5", DAMAGED),
    Attack("many_objects", lambda folder: many_objects(folder / "w.weights.h5"), REFUSED, "objects", slow=True),
)
