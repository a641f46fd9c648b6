"""Keras 3 weights (TF 2.13 to Keras 3.15): ``layers/<key>/…/vars/<i>`` trees, and attribute trees of subclassed models.

keras/src/saving/saving_lib.py, ``_save_state`` and ``_save_container_state``. A layer group holds its own variables
under ``vars`` and whatever it tracks under the attribute's name. A group with a container of layers (``layers``) is a
nested model and becomes ``children``; every other inner group (a wrapper's ``layer``, an RNN's ``cell``, attention's
``query_dense``) is flattened into roles such as ``cell/0``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from infer_convert.facts import METRIC_STATE, Order, StoredLayer, Tensor, WeightFile
from infer_convert.readers import order as ordering
from infer_convert.readers.names import stem
from infer_convert.readers.source import Source, leftovers, tensor, unread
from infer_convert.readers.tree import Group

VARIABLES = "vars"
CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
"""Where a model keeps its layers: Keras 3 and TF 2.15; TF 2.12 to 2.14."""

STATE_GROUPS = frozenset({"optimizer", "metrics", "_metrics", "compile_metrics", "_compile_metrics", "loss_tracker"})
"""Groups of a compiled model's root that hold no layers."""


def recognises(file: Source) -> bool:
    """A container of layers or the model's own ``vars`` at the root, and no legacy list of names."""
    tree = file.tree
    return tree.names("layer_names") is None and any(tree.group(key) is not None for key in ("layers", VARIABLES))


def read(file: Source) -> WeightFile:
    """The layers of a Keras 3 tree."""
    return read_tree(file, "v3")


def read_tree(file: Source, layout: str) -> WeightFile:
    """As ``read``, naming the layout (the same tree also comes in archives, in shards and with TF 2.12's keys)."""
    root = _split_backslashes(file.tree)
    reading = _Reading(root)
    layers = reading.model(root, top=True)
    optimizer = tuple(_optimizer(root))
    used = [item.path for layer in layers for item in layer.all_tensors()] + [item.path for item in optimizer]
    own = root.group(VARIABLES)
    left = unread(own.walk() if own else (), "a weight of the model itself, not of a layer")
    for key in STATE_GROUPS - {"optimizer"}:
        group = root.group(key)
        left += unread(group.walk() if group else (), METRIC_STATE)
    used += [path for path, _ in left]
    return WeightFile(
        file=file.path.name,
        bytes=file.bytes,
        generation="keras3",
        layout=f"{layout}-subclassed" if reading.attributes else layout,
        kind="weights-only",
        order=reading.order,
        layers=layers,
        names_are_real=reading.named,
        model_name=own.text("name") if own else None,
        optimizer=optimizer,
        unread=left + leftovers(root, used, "not among the variables of a layer"),
        warnings=tuple(reading.warnings),
    )


class _Reading:
    """One pass over a tree; collects what holds for the whole file."""

    def __init__(self, root: Group) -> None:
        self.root = root
        self.rewritten = rewritten(root)
        self.order: Order = "recovered"
        self.named = False
        self.attributes = False
        self.warnings: list[str] = []

    def model(self, group: Group, top: bool = False) -> tuple[StoredLayer, ...]:
        """The layers of a model's group: its container's, and those that it tracks under attribute names."""
        found: list[StoredLayer] = []
        for key, child in group.groups():
            if key in CONTAINERS:
                found += self.container(child)
            elif key != VARIABLES and not (top and key in STATE_GROUPS) and _holds_layer(child):
                self.attributes = True
                self.order = "lost"  # attributes are written by name, not in the order of model.layers
                found += [self.layer(key, child, None)] if VARIABLES in child.children else self.container(child)
        return tuple(found)

    def container(self, group: Group) -> list[StoredLayer]:
        """The layers of one container, ordered."""
        children = dict(group.groups())
        keys = list(children)
        if ordering.order_of(group, self.rewritten) == "lost":
            keys = self.repair(keys, children, group is self.root.group(group.path))
        return [self.layer(key, children[key], stem(key)) for key in keys]

    def repair(self, keys: list[str], children: dict[str, Group], top: bool) -> list[str]:
        """Order after a rewrite: one class's counters are exact; else optimizer slots; else a sensible guess."""
        natural = ordering.natural(keys)
        if ordering.single_stem(keys):
            return natural
        self.order = "lost"
        if not top:
            return natural
        shapes = {key: list(_trainable(key, child)) for key, child in children.items()}
        slots = [item.shape for item in _optimizer(self.root)]
        scalars = next((at for at, shape in enumerate(slots) if shape), len(slots))
        by_slots = ordering.by_slots(shapes, slots[scalars:])
        if by_slots is None:
            self.warnings.append("the order of the layers is lost: it is guessed from their numbers")
            return natural
        self.warnings.append("the order of the layers is lost: those with weights stand as the optimizer has them")
        return ordering.place_unordered(by_slots, natural)

    def layer(self, key: str, group: Group, class_stem: str | None) -> StoredLayer:
        """One layer: a nested model gets children, everything else is flattened into roles."""
        own = group.group(VARIABLES)
        name = own.text("name") if own is not None else None
        self.named = self.named or name is not None
        tensors: tuple[Tensor, ...] = ()
        children: tuple[StoredLayer, ...] = ()
        if any(container in group.children for container in CONTAINERS):
            tensors = tuple(_variables(own, "")) if own is not None else ()
            children = self.model(group)
        else:
            inner = [inner_key for inner_key, child in group.groups() if _holds_model(child)]
            tensors = tuple(_numbered(group, "", skip=inner))
            children = tuple(
                self.layer(inner_key, child, None) for inner_key in inner if (child := group.group(inner_key))
            )
        return StoredLayer(
            name=name or key, path=group.path, tensors=tensors, stem=class_stem, key=key, children=children
        )


def rewritten(root: Group) -> bool | None:
    """Every writer of this layout writes the root's ``vars`` first: True when they stand sorted instead.

    None when the root does not tell (no ``vars``, no second child, or no heap order).
    """
    if VARIABLES not in root.children or len(root.children) < 2 or root.written == "unknown":
        return None
    return root.written == "sorted" and next(iter(root.children)) != VARIABLES


_STATISTICS = {"batch_normalization": 2, "normalization": 3}
"""Trailing variables that no optimizer trains: moving_mean, moving_variance; mean, variance, count."""


def _trainable(key: str, group: Group) -> Iterator[tuple[int, ...]]:
    """Shapes of the variables that an optimizer holds slots for, when the layer is not frozen."""
    stack = [(key, group)]
    while stack:
        at, node = stack.pop()
        own = node.group(VARIABLES)
        if own is not None:
            shapes = [item.shape for item in _variables(own, "")]
            yield from shapes[: max(0, len(shapes) - _STATISTICS.get(stem(at), 0))]
        stack += [(inner, child) for inner, child in node.groups() if inner != VARIABLES]


def _holds_layer(group: Group) -> bool:
    """A layer's or a container's group, not a bag of something else."""
    return VARIABLES in group.children or any(VARIABLES in child.children for _, child in group.groups())


def _holds_model(group: Group) -> bool:
    """True when a container of layers stands anywhere below."""
    stack = [group]
    while stack:
        node = stack.pop()
        if any(container in node.children for container in CONTAINERS):
            return True
        stack.extend(child for _, child in node.groups())
    return False


def _variables(group: Group, prefix: str) -> Iterator[Tensor]:
    """Datasets of a ``vars`` group by number; others (a layer's own writer) in file order after them."""
    items = list(group.datasets())
    items.sort(key=lambda item: (0, int(item[0])) if item[0].isdecimal() else (1, 0))
    for key, dataset in items:
        yield tensor(dataset, key, f"{prefix}{key}")


def _numbered(group: Group, prefix: str, skip: list[str] | None = None) -> Iterator[Tensor]:
    """A layer's tensors with the path of tracked objects as role, ``vars`` left out, in file order."""
    stack: list[tuple[str, Group, str]] = [("", group, prefix)]
    while stack:
        key, node, at = stack.pop()
        if key == VARIABLES:
            yield from _variables(node, at)
        here = "" if key == VARIABLES else at
        inner = [(k, child) for k, child in node.groups() if not (node is group and skip and k in skip)]
        stack += [(k, child, here if k == VARIABLES else f"{here}{k}/") for k, child in reversed(inner)]


def _optimizer(root: Group) -> Iterator[Tensor]:
    """The optimizer's slots, numbered; an inner optimizer (loss scaling) keeps its attribute as prefix."""
    group = root.group("optimizer")
    if group is not None:
        yield from _numbered(group, "")


def _split_backslashes(tree: Group) -> Group:
    r"""TensorFlow 2.13/2.14 on Windows wrote ``enc\layers\dense`` as *one* name: give back the tree that was meant."""
    if not any("\\" in key for key in tree.children):
        return tree
    root = dataclasses.replace(tree, children={})
    for key, child in tree.children.items():
        parts = key.split("\\")
        node = root
        for part in parts[:-1]:
            inner = node.children.setdefault(part, Group(f"{node.path.rstrip('/')}/{part}", written=tree.written))
            if not isinstance(inner, Group):
                break
            node = inner
        else:
            standing = node.children.get(parts[-1])
            if isinstance(standing, Group) and isinstance(child, Group):
                standing.children.update(child.children)
                standing.attributes.update(child.attributes)
            else:
                node.children[parts[-1]] = child
    return root
