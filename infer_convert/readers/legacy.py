"""Keras 1 to 3 legacy ``.h5``: ``layer_names`` on the group, ``weight_names`` on each layer; full models around it.

Keras 1.2.2 engine/topology.py ``save_weights_to_hdf5_group``; Keras 2.15 and 3 legacy_h5_format.py. The order is the
attribute's, never the listing's (from tf.keras 2.5 on the groups stand sorted), and a ``/`` in a layer's or weight's
name is a nested group, so everything is found through the two lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from infer_convert.facts import Generation, StoredLayer, Tensor, WeightFile
from infer_convert.readers.names import keras1_role, keras1_split, roles, without_tag
from infer_convert.readers.source import Source, leftovers, missing, stored_json, tensor, unread
from infer_convert.readers.tree import Dataset, Group

MODEL_GROUP = "model_weights"
OPTIMIZER_GROUP = "optimizer_weights"
TOP_LEVEL = "top_level_model_weights"
"""tf.keras from 2.6–2.11 on: weights of the model object itself (a subclassed model's own variables)."""

_BY_MAJOR: dict[str, Generation] = {"1": "keras1", "2": "keras2", "3": "keras3"}


def weights_group(tree: Group) -> Group | None:
    """The group that carries ``layer_names``: the root, or ``model_weights`` of a full model."""
    inner = tree.group(MODEL_GROUP)
    for group in (inner, tree):
        if group is not None and group.names("layer_names") is not None:
            return group
    return inner


def recognises(file: Source) -> bool:
    """``layer_names`` (also in chunks) at the root, or a full model's group or config."""
    return weights_group(file.tree) is not None or "model_config" in file.tree.attributes


def read(file: Source) -> WeightFile:
    """Layers, optimizer and configs; raises UnreadableFile when a listed layer or weight is not there."""
    return read_as(file, "legacy")


def read_as(file: Source, layout: str) -> WeightFile:
    """As ``read``, under another layout's name (elephas adds one attribute to the same tree)."""
    root = file.tree
    group = weights_group(root)
    names = group.names("layer_names") if group is not None else None
    if group is None or names is None:
        raise missing(file, "layer_names", "a model without any (truncated while writing?)")
    version = group.text("keras_version") or root.text("keras_version")
    listed = [(name, _layer_group(file, group, name)) for name in names]
    weights = [_weight_names(item) for _, item in listed]
    generation = _generation(version, [name for found in weights for name in found])
    layers = tuple(
        _layer(file, name, item, found, generation) for (name, item), found in zip(listed, weights, strict=True)
    )
    optimizer, skipped = _optimizer(file, root)
    config, warned = stored_json(root, "model_config", file)
    training, warned_too = stored_json(root, "training_config", file)
    used = [item.path for layer in layers for item in layer.tensors] + [item.path for item in optimizer]
    if len(set(used)) != len(used):
        twice = next(path for path, count in Counter(used).items() if count > 1)
        raise missing(file, "one dataset per weight", f"two weights named {twice} (the broken writer of Keras 3.0)")
    top = group.group(TOP_LEVEL)
    own = [] if top is None else list(top.walk())
    skipped += unread(own, "a weight of the model itself, not of a layer")
    used += [path for path, _ in skipped]
    return WeightFile(
        file=file.path.name,
        bytes=file.bytes,
        generation=generation,
        layout=layout,
        kind="full" if config is not None or group is not root else "weights-only",
        order="stored",
        layers=layers,
        keras_version=version,
        backend=group.text("backend") or root.text("backend"),
        model_name=_model_name(config),
        model_config=config,
        training_config=training,
        optimizer=optimizer,
        unread=skipped + leftovers(root, used, "not listed in layer_names and weight_names"),
        warnings=warned + warned_too,
    )


def _layer_group(file: Source, group: Group, name: str) -> Group:
    found = group.group(name) if name else None
    if found is None:
        raise missing(file, f"the group {group.path.rstrip('/')}/{name} that layer_names lists", "none there")
    return found


def _weight_names(group: Group) -> tuple[str, ...]:
    """The list, or (hand-made copies without it) every dataset below in file order."""
    names = group.names("weight_names")
    if names is not None:
        return names
    prefix = len(group.path.rstrip("/")) + 1
    return tuple(item.path[prefix:] for item in group.walk())


def _generation(version: str | None, names: Sequence[str]) -> Generation:
    """By the version's major number; weights of Keras 1 carry no version and are told by their ``_W`` names."""
    if version and version[0] in _BY_MAJOR:
        return _BY_MAJOR[version[0]]
    if any("/" not in name and keras1_split(name) for name in names):
        return "keras1"
    return "keras2" if any("/" in name for name in names) else "keras1"


def _layer(file: Source, name: str, group: Group, names: tuple[str, ...], generation: Generation) -> StoredLayer:
    kinds = [keras1_role(name, item) for item in names] if generation == "keras1" else roles(name, names)
    tensors = []
    for weight, role in zip(names, kinds, strict=True):
        item = group.find(weight)
        if not isinstance(item, Dataset):
            raise missing(file, f"the dataset {group.path}/{weight} that weight_names lists", "none there")
        tensors.append(tensor(item, weight, role))
    return StoredLayer(name=name, path=group.path, tensors=tuple(tensors))


def _optimizer(file: Source, root: Group) -> tuple[tuple[Tensor, ...], tuple[tuple[str, str], ...]]:
    """The slots in the listed order; what is listed but absent (truncated files) or unlisted is left unread."""
    group = root.group(OPTIMIZER_GROUP)
    if group is None:
        return (), ()
    slots: list[Tensor] = []
    seen: set[str] = set()
    for name in _weight_names(group):
        item = group.find(name)
        if isinstance(item, Dataset) and item.dtype is not None and item.path not in seen:
            seen.add(item.path)
            slots.append(tensor(item, name, without_tag(name)))
    rest = [item for item in group.walk() if item.path not in seen]
    return tuple(slots), unread(rest, "an optimizer entry that weight_names does not list")


def _model_name(config: object) -> str | None:
    inner = config.get("config") if isinstance(config, dict) else None
    name = inner.get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else None
