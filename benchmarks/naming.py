"""What the inference is shown: facts with their names kept, reduced to classes, or stripped.

``class``: every layer is called ``<class>_<k>`` by list order, tensors by their role alone. ``stripped``: only layers
with tensors, called ``w0``, ``w1`` ...; nested models are dissolved. Stored configs, optimizer slots and the file's
name are hidden always. Paths are renamed too, so that nothing can be read from them; ``Shown.real`` leads back.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from infer_convert.facts import StoredLayer, Tensor, WeightFile

Naming = Literal["kept", "class", "stripped"]
NAMINGS: tuple[Naming, ...] = ("kept", "class", "stripped")


@dataclass(frozen=True, slots=True)
class Shown:
    """Facts for the inference. ``real``: shown tensor path -> the file's; ``leaf``: shown layer (full name through
    nested models) -> leaf of the truth; ``owner``: shown tensor path -> leaf of the truth."""

    facts: WeightFile
    real: Mapping[str, str] = field(default_factory=dict)
    leaf: Mapping[str, str] = field(default_factory=dict)
    owner: Mapping[str, str] = field(default_factory=dict)


class Renamed:
    """A tensor store that is asked by shown paths."""

    def __init__(self, store: Any, real: Mapping[str, str]) -> None:
        self._store, self._real = store, real

    def read(self, path: str) -> Any:
        """The array behind a shown path."""
        return self._store.read(self._real.get(path, path))


def snake(class_name: str) -> str:
    """Keras 3's snake case of a class name (keras/src/utils/naming.py, 3.15.1)."""
    name = re.sub(r"\W+", "", class_name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)).lower()


def show(
    facts: WeightFile, naming: Naming, leaf: Mapping[str, str], owner: Mapping[str, str], classes: Mapping[str, str]
) -> Shown:
    """The facts under one naming. ``leaf``: stored layer path -> leaf of the truth; ``owner``: tensor path -> leaf;
    ``classes``: leaf -> class name."""
    hidden = dataclasses.replace(
        facts,
        file="weights.h5",
        kind="weights-only",
        model_config=None,
        training_config=None,
        sha256=None,
        model_name=None,
        optimizer=(),
        unread=(),
    )
    if naming == "kept":
        names = {full: leaf[layer.path] for full, layer in _walk(hidden.layers) if layer.path in leaf}
        return Shown(hidden, {}, names, owner)
    work = _Work(leaf, owner, classes)
    layers = work.classes_only(hidden.layers, "", "") if naming == "class" else work.stripped(hidden.layers)
    facts = dataclasses.replace(hidden, layers=layers, names_are_real=False)
    if naming == "stripped":
        facts = dataclasses.replace(
            facts,
            lists_weightless=False,
            names_are_real=False,
            generation="flat",
            layout="stripped",
            keras_version=None,
            backend=None,
        )
    return Shown(facts, work.real, work.shown_leaf, work.shown_owner)


def _walk(layers: tuple[StoredLayer, ...], prefix: str = "") -> Iterator[tuple[str, StoredLayer]]:
    for layer in layers:
        yield prefix + layer.name, layer
        yield from _walk(layer.children, f"{prefix}{layer.name}/")


class _Work:
    def __init__(self, leaf: Mapping[str, str], owner: Mapping[str, str], classes: Mapping[str, str]) -> None:
        self._leaf, self._owner, self._classes = leaf, owner, classes
        self.real: dict[str, str] = {}
        self.shown_leaf: dict[str, str] = {}
        self.shown_owner: dict[str, str] = {}

    def _tensors(self, layer: StoredLayer, path: str, roles: Mapping[str, str]) -> tuple[Tensor, ...]:
        found = []
        for tensor in layer.tensors:
            role = roles.get(tensor.path, tensor.role)
            shown = f"{path}/{role}"
            self.real[shown] = tensor.path
            if tensor.path in self._owner:
                self.shown_owner[shown] = self._owner[tensor.path]
            found.append(dataclasses.replace(tensor, path=shown, name=role, role=role))
        return tuple(found)

    def _roles(self, layer: StoredLayer) -> dict[str, str]:
        """Roles without the names of nested or wrapped layers: ``my_conv/kernel`` -> ``conv2d_1/kernel``."""
        counts: Counter[str] = Counter()
        names: dict[str, str] = {}
        found = {}
        for tensor in layer.tensors:
            parts = tensor.role.split("/")
            owner = self._owner.get(tensor.path, "").split("/")
            for index, part in enumerate(parts[:-1]):
                if part in owner[1:]:
                    if part not in names:
                        stem = snake(self._classes.get("/".join(owner), "layer"))
                        counts[stem] += 1
                        names[part] = f"{stem}_{counts[stem]}"
                    parts[index] = names[part]
                elif part.startswith(("forward_", "backward_")):
                    parts[index] = part.split("_")[0] + "_layer"
            found[tensor.path] = "/".join(parts)
        return found

    def classes_only(self, layers: tuple[StoredLayer, ...], prefix: str, root: str) -> tuple[StoredLayer, ...]:
        counts: Counter[str] = Counter()
        found = []
        for layer in layers:
            leaf = self._leaf.get(layer.path)
            stem = snake(self._classes[leaf]) if leaf in self._classes else layer.stem or "layer"
            counts[stem] += 1
            name = f"{stem}_{counts[stem]}"
            path = f"{root}/{name}"
            if leaf is not None:
                self.shown_leaf[prefix + name] = leaf
            found.append(
                dataclasses.replace(
                    layer,
                    name=name,
                    path=path,
                    stem=layer.stem,
                    key=name if layer.key else None,
                    tensors=self._tensors(layer, path, self._roles(layer)),
                    children=self.classes_only(layer.children, f"{prefix}{name}/", path),
                )
            )
        return tuple(found)

    def stripped(self, layers: tuple[StoredLayer, ...]) -> tuple[StoredLayer, ...]:
        groups: dict[str, list[Tensor]] = {}
        for layer in layers:
            for tensor in layer.all_tensors():
                groups.setdefault(self._owner.get(tensor.path, layer.path), []).append(tensor)
        found = []
        for number, (leaf, tensors) in enumerate(groups.items()):
            name = f"w{number}"
            self.shown_leaf[name] = leaf
            whole = StoredLayer(name, f"/{name}", tuple(tensors))
            inner = {item.path: _inner_role(item.role, leaf) for item in tensors}
            found.append(dataclasses.replace(whole, tensors=self._tensors(whole, f"/{name}", inner)))
        return tuple(found)


def _inner_role(role: str, leaf: str) -> str:
    parts = [part for part in role.split("/") if part not in leaf.split("/")]
    return "/".join(
        part.split("_")[0] + "_layer" if part.startswith(("forward_", "backward_")) else part for part in parts
    )
