"""Keras up to 0.3: ``nb_layers`` at the root, ``layer_i/param_j``; Graph models: one group ``graph``. No names at all.

Keras 0.3.3, models.py: ``Sequential.save_weights`` and ``Graph.save_weights``.
"""

from __future__ import annotations

from infer_convert.facts import StoredLayer, WeightFile
from infer_convert.readers.source import Source, leftovers, missing, tensor
from infer_convert.readers.tree import Dataset, Group


def recognises(file: Source) -> bool:
    """A root count of layers, or the single group ``graph`` with a count of parameters."""
    if file.tree.number("nb_layers") is not None:
        return True
    graph = file.tree.group("graph")
    return graph is not None and graph.number("nb_params") is not None and len(file.tree.children) == 1


def read(file: Source) -> WeightFile:
    """Layers by number; roles are positions. A Graph keeps no layer bounds, so it is one stored layer."""
    count = file.tree.number("nb_layers")
    if count is None:
        names, layout = ["graph"], "graph"
    else:
        if not 0 <= count <= len(file.tree.children):
            raise missing(file, f"{count} layer groups (nb_layers)", f"{len(file.tree.children)}")
        names, layout = [f"layer_{i}" for i in range(count)], "numbered"
    layers = tuple(_layer(file, name) for name in names)
    used = [item.path for layer in layers for item in layer.tensors]
    return WeightFile(
        file=file.path.name,
        bytes=file.bytes,
        generation="keras0",
        layout=layout,
        kind="weights-only",
        order="stored",
        layers=layers,
        lists_weightless=layout == "numbered",
        names_are_real=False,
        unread=leftovers(file.tree, used, "not among the parameters that the file counts"),
    )


def _layer(file: Source, name: str) -> StoredLayer:
    group = file.tree.group(name)
    if not isinstance(group, Group):
        raise missing(file, f"the group {name}", ", ".join(list(file.tree.children)[:5]) or "nothing")
    count = group.number("nb_params")
    if count is None:
        count = sum(1 for _ in group.datasets())
    if not 0 <= count <= len(group.children):
        raise missing(file, f"{count} parameters in {group.path} (nb_params)", str(len(group.children)))
    tensors = []
    for index in range(count):
        item = group.children.get(f"param_{index}")
        if not isinstance(item, Dataset):
            raise missing(file, f"the dataset {group.path}/param_{index}", "none")
        tensors.append(tensor(item, f"param_{index}", str(index)))
    return StoredLayer(name=name, path=group.path, tensors=tuple(tensors))
