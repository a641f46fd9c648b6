"""Which stored tensors belong to which layer of the config: by name, else by class or order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from infer_convert.configs.expected import expected_roles
from infer_convert.configs.graph import Graph, Item
from infer_convert.errors import NoArchitecture
from infer_convert.facts import StoredLayer, Tensor, WeightFile


def supplied(graph: Graph, facts: WeightFile) -> Graph:
    """The graph with every item's ``stored`` and ``tensors``; raises NoArchitecture when a weighted stored layer fits
    no layer of the config by name, class or order."""
    graph = _with_words(graph, facts) if facts.vocabularies else graph
    if facts.layout == "graph":
        return _distribute(graph, facts.layers[0].tensors, facts.layers[0].name)
    return _match(graph, facts.layers, facts)


LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization")


def _with_words(graph: Graph, facts: WeightFile) -> Graph:
    """Adapted lookup layers with the vocabulary that the archive keeps for them: by class, in the order of the groups'
    counters (``string_lookup``, ``string_lookup_1``), which is that of the layers."""
    waiting: dict[str, dict[int, tuple[str, ...]]] = {}
    for place, words in facts.vocabularies:
        folders = [part for part in place.split("/") if part not in ("layers", "_lookup_layer")]
        stem, _, count = folders[-1].rpartition("_") if folders[-1:] and folders[-1][-1].isdigit() else ("", "", "")
        key = stem or folders[-1]
        waiting.setdefault(key.replace("_", ""), {})[int(count or 0)] = words

    def given(item: Item) -> Item:
        queue = waiting.get(item.class_name.lower(), {})
        if item.class_name not in LOOKUPS or item.config.get("vocabulary") is not None or not queue:
            return item
        words: list[Any] = list(queue.pop(min(queue)))
        if item.class_name == "IntegerLookup":
            words = [int(word) for word in words]
        return replace(item, config={**item.config, "vocabulary": words})

    return graph.mapped(given)


def _match(graph: Graph, layers: Sequence[StoredLayer], facts: WeightFile) -> Graph:
    pairs = _pairs(graph, layers, facts)
    items = []
    for item in graph.items:
        layer = pairs.get(item.name)
        items.append(item if layer is None else _given(item, layer, facts))
    return replace(graph, items=tuple(items))


def _given(item: Item, layer: StoredLayer, facts: WeightFile) -> Item:
    if item.inner is None:
        return replace(item, stored=layer.name, tensors={tensor.role: tensor for tensor in layer.all_tensors()})
    children = layer.children
    if item.class_name == "TimeDistributed" and len(children) == 1:
        children = children[0].children
    if children:
        return replace(item, stored=layer.name, inner=_match(item.inner, children, facts))
    return replace(item, stored=layer.name, inner=_distribute(item.inner, layer.tensors, layer.name))


def _pairs(graph: Graph, layers: Sequence[StoredLayer], facts: WeightFile) -> dict[str, StoredLayer]:
    items = [item for item in graph.items if not _unlisted(item, graph, layers)]
    found: dict[str, StoredLayer] = {}
    if facts.names_are_real:
        by_name = {layer.name: layer for layer in layers}
        found = {item.name: by_name[item.name] for item in items if item.name in by_name}
    used = {layer.name for layer in found.values()}
    rest = [layer for layer in layers if layer.name not in used]
    if not any(True for layer in rest for _ in layer.all_tensors()) and not any(layer.stem for layer in rest):
        return found
    free = [item for item in items if item.name not in found]
    if any(layer.stem for layer in layers):
        found.update(_by_stem(free, rest))
        used = {layer.path for layer in found.values()}
        rest = [layer for layer in rest if layer.path not in used]
        free = [item for item in items if item.name not in found]
    if any(True for layer in rest for _ in layer.all_tensors()):
        found.update(_by_order(free, rest, items, layers))
    return found


def _unlisted(item: Item, graph: Graph, layers: Sequence[StoredLayer]) -> bool:
    """The InputLayer of a Sequential, and hidden items, are in no list."""
    if item.hidden:
        return True
    return item.class_name == "InputLayer" and graph.sequential and item.name not in {layer.name for layer in layers}


def _by_stem(items: Sequence[Item], layers: Sequence[StoredLayer]) -> dict[str, StoredLayer]:
    """Keras 3 group keys spell the class and count in the order of ``model.layers``."""
    found: dict[str, StoredLayer] = {}
    stems: dict[str, list[StoredLayer]] = {}
    for layer in layers:
        stems.setdefault((layer.stem or "").replace("_", ""), []).append(layer)
    for item in items:
        waiting = stems.get(_stem(item.stored_class)) or (stems.get("functional") if item.inner is not None else None)
        if waiting:
            found[item.name] = waiting.pop(0)
    return found


def _stem(class_name: str) -> str:
    return re.sub(r"\W+|_", "", class_name).lower()


def _by_order(
    free: Sequence[Item], rest: Sequence[StoredLayer], items: Sequence[Item], layers: Sequence[StoredLayer]
) -> dict[str, StoredLayer]:
    if len(items) == len(layers):
        aligned = {item.name: layer for item, layer in zip(items, layers, strict=True)}
        names = {item.name for item in free}
        return {name: layer for name, layer in aligned.items() if name in names and layer in rest}
    weighted = [layer for layer in rest if any(True for _ in layer.all_tensors())]
    hungry = [item for item in free if _hungry(item)]
    if len(weighted) != len(hungry):
        raise NoArchitecture(
            f"the stored config lists {len(hungry)} layers with weights beyond those found by name"
            f" ({_some(hungry)}), the file holds {len(weighted)} ({_some(weighted)})",
            tuple(f"{layer.path}: no layer of the config is called {layer.name}" for layer in weighted[:20]),
        )
    return {item.name: layer for item, layer in zip(hungry, weighted, strict=True)}


def _some(things: Sequence[Any]) -> str:
    return ", ".join(thing.name for thing in things[:4]) + (", …" if len(things) > 4 else "") or "none"


def _hungry(item: Item) -> bool:
    if item.inner is not None:
        return any(_hungry(each) for each in item.inner.items)
    trainable, fixed = expected_roles(item.class_name, item.config)
    return bool(trainable or fixed)


def _leaves(graph: Graph) -> Iterator[tuple[tuple[str, ...], Item]]:
    for item in graph.items:
        if item.inner is None:
            yield (item.name,), item
        else:
            for path, leaf in _leaves(item.inner):
                yield (item.name, *path), leaf


def _distribute(graph: Graph, tensors: Sequence[Tensor], stored: str) -> Graph:
    """A nested model of a legacy file: one stored layer holds the tensors of all its inner layers."""
    leaves = list(_leaves(graph))
    given = _by_component(leaves, tensors) or _in_sequence(leaves, tensors)
    if given is None:
        raise NoArchitecture(
            f"{stored}: its {len(tensors)} stored tensors ({', '.join(t.role for t in tensors[:4])}, …) do not divide"
            f" over"
            f" the {len(leaves)} layers that the config lists inside"
        )
    return _fed(graph, given, ())


def _fed(graph: Graph, given: Mapping[tuple[str, ...], dict[str, Tensor]], prefix: tuple[str, ...]) -> Graph:
    items = []
    for item in graph.items:
        path = (*prefix, item.name)
        if item.inner is not None:
            items.append(replace(item, inner=_fed(item.inner, given, path)))
        else:
            items.append(replace(item, tensors=given.get(path, {})))
    return replace(graph, items=tuple(items))


def _aliases(item: Item) -> Iterator[str]:
    """Names under which a layer's weights may stand: its own and, for Keras 1 wrappers, those of the inner layers."""
    yield item.name
    for key in ("layer", "backward_layer"):
        inner = item.config.get(key)
        if isinstance(inner, Mapping):
            config = inner.get("config")
            name = config.get("name") if isinstance(config, Mapping) else None
            if isinstance(name, str):
                yield name
                yield f"forward_{name}"
                yield f"backward_{name}"


def _by_component(
    leaves: Sequence[tuple[tuple[str, ...], Item]], tensors: Sequence[Tensor]
) -> dict[tuple[str, ...], dict[str, Tensor]] | None:
    known: dict[str, list[tuple[str, ...]]] = {}
    for path, item in leaves:
        for alias in _aliases(item):
            known.setdefault(alias, []).append(path)
    given: dict[tuple[str, ...], dict[str, Tensor]] = {}
    for tensor in tensors:
        parts = tensor.role.split("/")
        placed = None
        for at in range(len(parts) - 1):
            for end in range(len(parts) - 1, at, -1):
                name = "/".join(parts[at:end])
                candidates = known.get(name) or known.get(re.sub(r"_\d+$", "", name), [])
                owners = [path for path in candidates if _suits(path, parts[:at])]
                if len(owners) == 1:
                    keep = name.startswith(("forward_", "backward_")) and name != owners[0][-1]
                    placed = owners[0], "/".join(parts[at if keep else end :])
                    break
            if placed:
                break
        if placed is None or placed[1] in given.get(placed[0], {}):
            return None
        given.setdefault(placed[0], {})[placed[1]] = tensor
    return given


def _suits(path: tuple[str, ...], before: Sequence[str]) -> bool:
    """Whether the scopes that precede a layer's name are models around it (or say nothing)."""
    outer = [part for part in before if part in path[:-1]]
    return not before or len(path) == 1 or bool(outer) or len(path) > 1


def _in_sequence(
    leaves: Sequence[tuple[tuple[str, ...], Item]], tensors: Sequence[Tensor]
) -> dict[tuple[str, ...], dict[str, Tensor]] | None:
    """By count: all trainable weights of the inner layers in order, then the statistics."""
    wanted: list[tuple[tuple[str, ...], str]] = []
    fixed: list[tuple[tuple[str, ...], str]] = []
    for path, item in leaves:
        first, second = expected_roles(item.class_name, item.config)
        wanted += [(path, role) for role in first]
        fixed += [(path, role) for role in second]
    both = wanted + fixed
    if len(both) != len(tensors):
        return None
    given: dict[tuple[str, ...], dict[str, Tensor]] = {}
    for (path, role), tensor in zip(both, tensors, strict=True):
        given.setdefault(path, {})[role] = tensor
    return given
