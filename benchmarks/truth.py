"""Which stored layer and tensor belongs to which layer of the truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from benchmarks.canonical import fold
from benchmarks.graph import Graph, Scope
from benchmarks.naming import snake
from infer_convert.facts import StoredLayer, WeightFile


@dataclass(frozen=True, slots=True)
class Truth:
    """A case's answer for one file. ``raw`` is the listed graph and ``graph`` the folded one, both with keys for the
    layers that own tensors in the file; ``leaf``: stored layer path -> leaf; ``owner``: tensor path -> leaf."""

    raw: Graph
    graph: Graph
    leaf: dict[str, str]
    owner: dict[str, str]
    classes: dict[str, str]


def truth_for(graph: Graph, facts: WeightFile) -> Truth:
    """Align a truth with a file's facts.

    Raises ``ValueError`` when the layers that own tensors cannot be told apart.
    """
    leaf: dict[str, str] = {}
    owner: dict[str, str] = {}
    _align(graph.scope, facts.layers, "", leaf, owner)
    keys = set(owner.values())
    calls = tuple(replace(call, key=call.leaf if call.leaf in keys else None) for call in graph.calls)
    raw = replace(graph, calls=calls)
    classes = dict(_classes(graph.scope, ""))
    return Truth(raw, fold(raw), leaf, owner, classes)


def _classes(scope: Scope, prefix: str) -> Iterator[tuple[str, str]]:
    for name, class_name in scope.names:
        yield prefix + name, class_name
        if name in scope.inner:
            yield from _classes(scope.inner[name], f"{prefix}{name}/")


def _align(
    scope: Scope, layers: tuple[StoredLayer, ...], prefix: str, leaf: dict[str, str], owner: dict[str, str]
) -> None:
    for name, layer in _pairs(scope, layers, prefix):
        full = f"{prefix}{name}"
        leaf[layer.path] = full
        inner = _descend(scope, name)
        if inner is not None and layer.children:
            _align(inner, layer.children, f"{full}/", leaf, owner)
        own = [path for path, _ in _classes(inner, f"{full}/")] if inner is not None else []
        for tensor in layer.tensors:
            owner[tensor.path] = _inside(own, tensor.role) or full
        if inner is None:
            owner.update({tensor.path: full for child in layer.children for tensor in child.all_tensors()})


def _descend(scope: Scope, name: str) -> Scope | None:
    for part in name.split("/")[:-1]:
        scope = scope.inner.get(part, scope)
    return scope.inner.get(name.rpartition("/")[2])


def _inside(leaves: Iterable[str], role: str) -> str | None:
    parts = role.split("/")
    fitting = [
        leaf
        for leaf in leaves
        if leaf.rpartition("/")[2] in parts[:-1]
        or any(f"/{leaf}/".endswith(f"/{'/'.join(parts[:count])}/") for count in range(1, len(parts)))
    ]
    return max(fitting, key=len) if fitting else None


def _pairs(scope: Scope, layers: tuple[StoredLayer, ...], prefix: str) -> list[tuple[str, StoredLayer]]:
    names = dict(scope.names)
    if all(layer.name in names for layer in layers):
        return [(layer.name, layer) for layer in layers]
    everything = {
        path.removeprefix(prefix).rpartition("/")[2]: path.removeprefix(prefix) for path, _ in _classes(scope, prefix)
    }
    if all(layer.name in everything for layer in layers):
        return [(everything[layer.name], layer) for layer in layers]
    if len(layers) == len(scope.names) and not any(layer.stem for layer in layers):
        return [(name, layer) for (name, _), layer in zip(scope.names, layers, strict=True)]
    return _by_stem(scope, layers)


def _by_stem(scope: Scope, layers: tuple[StoredLayer, ...]) -> list[tuple[str, StoredLayer]]:
    """The k-th group of a class is the k-th layer of that class (Keras 3 trees without names)."""
    waiting: dict[str, list[str]] = {}
    for name, class_name in scope.names:
        waiting.setdefault(_stem(class_name), []).append(name)
    found = []
    for layer in layers:
        queue = waiting.get(_stem(layer.stem or layer.name.rstrip("0123456789").rstrip("_")))
        if queue:
            found.append((queue.pop(0), layer))
        elif list(layer.all_tensors()):
            raise ValueError(f"{layer.path}: no layer of the truth for it among {scope.names}")
    return found


def _stem(class_name: str) -> str:
    stem = snake(class_name.rpartition(">")[2])
    return "model" if stem in ("functional", "model") else stem
