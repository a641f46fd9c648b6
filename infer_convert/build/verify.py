"""Read the built model back and compare it with the file."""

from __future__ import annotations

from typing import Any

import numpy as np

from infer_convert.build.assign import Array, InPieces, TensorStore, transformed, uses
from infer_convert.build.buffers import array_of
from infer_convert.build.names import keras_names
from infer_convert.facts import StoredLayer, WeightFile
from infer_convert.outcome import Verification
from infer_convert.plan import Plan, PlanLayer, WeightUse


def verify(model: Any, plan: Plan, store: TensorStore, facts: WeightFile) -> Verification:
    """Compare every variable with its transformed source, the order of layers with the file's, and list what is
    missing. Reads each tensor once more; raises WeightMismatch only when a source cannot be transformed at all."""
    warnings: list[str] = []
    notes: list[str] = []
    seen: set[int] = set()
    used: set[str] = set()
    exact = True
    for name, _, use, variable in uses(model, plan):
        seen.add(id(variable))
        used.update(use.sources)
        same, strange = _compared(f"{name}.{use.variable}", use, array_of(variable), store)
        if strange:
            where = " + ".join(use.sources)
            notes.append(f"{name}.{use.variable} holds {strange} numbers that are NaN or infinite (kept, {where})")
        if not same:
            exact = False
            warnings.append(f"{name}.{use.variable} differs from {' + '.join(use.sources)}")
    order = order_reproduced(model, plan, facts)
    if order is False:
        warnings.append("the rebuilt model lists its layers in another order than the file")
    return Verification(
        tensors_assigned=len(used),
        tensors_total=sum(1 for _ in facts.all_tensors()),
        bit_exact=exact,
        order_reproduced=order,
        unassigned=tuple(weight.path for weight in model.weights if id(weight) not in seen),
        warnings=(*warnings, *notes),
    )


def _compared(where: str, use: WeightUse, found: Array, store: TensorStore) -> tuple[bool, int]:
    """Whether a variable holds its source's bits, and how many of these are not finite; a tensor that is taken as it
    is comes in parts."""
    if use.transforms or len(use.sources) != 1 or not isinstance(store, InPieces):
        wanted = transformed(where, use, store)
        return same_bits(found, wanted), not_finite(wanted)
    flat, at, same, strange = found.reshape(-1), 0, True, 0
    for part in store.pieces(use.sources[0]):
        same = same and same_bits(flat[at : at + part.size], part)
        strange += not_finite(part)
        at += part.size
    return same and at == flat.size, strange


def not_finite(array: Array) -> int:
    """How many numbers are NaN or infinite; 0 for integers."""
    if array.dtype.kind in "biu":
        return 0
    return array.size - int(np.count_nonzero(np.isfinite(array)))


def same_bits(left: Array, right: Array) -> bool:
    """Equal shape, dtype and bits: NaNs with the same payload are equal, 0.0 and -0.0 are not."""
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    bits = f"u{left.dtype.itemsize}" if left.dtype.itemsize in (1, 2, 4, 8) else "u1"
    one, other = (np.ascontiguousarray(array).reshape(-1).view(bits) for array in (left, right))
    return all(
        np.array_equal(one[at : at + _AT_ONCE], other[at : at + _AT_ONCE]) for at in range(0, one.size, _AT_ONCE)
    )


_AT_ONCE = 1 << 18
"""Numbers that are compared in one step: the answers to each take memory too, which stays in the processor's cache."""


def order_reproduced(model: Any, plan: Plan, facts: WeightFile) -> bool | None:
    """Whether Keras lists the rebuilt layers in the file's order; None when the file's order is lost.

    Hidden layers are left out, and so are InputLayers that one side does not list. Nested models are compared where
    the file lists their layers.
    """
    if facts.order == "lost":
        return None
    return _same_order(model, plan, facts.layers)


def _same_order(model: Any, plan: Plan, stored: tuple[StoredLayer, ...]) -> bool:
    by_keras_name = {keras: plan.layer(name) for name, keras in keras_names(plan).items()}
    rebuilt = [by_keras_name[layer.name] for layer in model.layers]
    inputs = {item.stored for item in plan.layers if item.class_name == "InputLayer"}
    unlisted = inputs - {layer.name for layer in stored}
    ours = [name for name in _stored_names(rebuilt) if name not in unlisted]
    wanted = [layer.name for layer in stored if layer.name in ours or not _is_input(layer, inputs)]
    operations = {item.stored for item in plan.layers if item.class_name == "Operation"}  # in no list of Keras 3
    planned = {item.stored for item in plan.layers}
    weightless = {layer.name for layer in stored if not any(True for _ in layer.all_tensors())}
    wanted = [name for name in wanted if name not in operations and (name in planned or name not in weightless)]
    if ours != wanted:
        return False
    children = {layer.name: layer.children for layer in stored if layer.children and not _by_attribute(layer)}
    for layer, item in zip(model.layers, rebuilt, strict=True):
        if item.inner is not None and item.stored in children:
            timed = item.class_name == "TimeDistributed"
            inner, below = layer.layer if timed else layer, children[item.stored]
            if timed and len(below) == 1 and below[0].children:
                below = below[0].children
            if not _same_order(inner, item.inner, below):
                return False
    return True


def _by_attribute(layer: StoredLayer) -> bool:
    """Whether a layer of a class of one's own lists its inner layers by attribute, which is no order of calls."""
    return all(child.path.rsplit("/", 1)[0] == layer.path for child in layer.children)


def _stored_names(layers: list[PlanLayer]) -> list[str]:
    names = [item.stored for item in layers if item.stored is not None and not item.hidden]
    return [name for number, name in enumerate(names) if number == 0 or names[number - 1] != name]


def _is_input(layer: StoredLayer, inputs: set[str | None]) -> bool:
    return layer.name in inputs or layer.stem == "input_layer" or (not layer.tensors and layer.name.startswith("input"))
