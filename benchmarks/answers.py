"""What someone who knows the lost net would answer, in the words of the plan that asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infer_convert.plan import Plan, PlanLayer, Ref

WRAPPERS = ("Bidirectional", "TimeDistributed")
"""Classes whose plan asks about the arguments of the layer inside."""


def in_words_of(best: Plan, right: Plan) -> dict[str, PlanLayer]:
    """The true layers by the names that ``best`` gives them: a file that lists no input (a Sequential's) leaves its
    name to the inference, but whoever knows the net knows what goes in."""
    mine, true = dict(best.walk()), dict(right.walk())
    names: dict[str, str] = {}
    for prefix in {name.rpartition("/")[0] for name in true}:
        made_up, lost = (_inputs(there, prefix, here) for there, here in ((mine, true), (true, mine)))
        if len(made_up) == len(lost) == 1:
            names[lost[0]] = made_up[0]
    known = {
        names.get(name, name): replace(layer, inbound=_renamed(layer.inbound, names, name))
        for name, layer in true.items()
    }
    return _with_unlisted(known, mine)


def _with_unlisted(known: Mapping[str, PlanLayer], mine: Mapping[str, PlanLayer]) -> dict[str, PlanLayer]:
    """What the plan's layers stand for where the file lists only layers with weights: an activation that is a layer of
    its own in the source is that of the layer in front, and a pool is where the plan supposes one, or there is none."""
    found = dict(known)
    for name, layer in known.items():
        behind = _unlisted_behind(known, mine, name)
        function = next(filter(None, map(_function, behind)), None)
        if name in mine and function and layer.config.get("activation") == "linear":
            found[name] = replace(layer, config={**layer.config, "activation": function})
    for name, layer in mine.items():
        if not layer.hidden or name in known or not layer.inbound:
            continue
        front = name.rpartition("/")[0] + "/" * ("/" in name) + layer.inbound[0][0].layer
        if layer.class_name == "Activation" and front in known:
            function = next(filter(None, map(_function, _unlisted_behind(known, mine, front))), None)
            found[name] = replace(layer, config={"activation": function or "linear"})
        if "Pooling" not in layer.class_name:
            continue
        pools = [item for item in _unlisted_behind(known, mine, front) if "Pooling" in item.class_name]
        if front in known and len(pools) < 2:
            window = {key: pools[0].config[key] for key in ("pool_size", "strides", "padding")} if pools else "none"
            found[name] = replace(layer, config={"pool_size": window})
    return found


def _function(layer: PlanLayer) -> str | None:
    """The activation that a layer without weights stands for, None for other layers and for slopes that no name has."""
    if layer.class_name == "LeakyReLU":
        return "leaky_relu" if abs(layer.config.get("negative_slope", 0.3) - 0.2) < 1e-6 else None
    if layer.class_name == "ReLU":
        return "relu" if layer.config.get("max_value") is None else "relu6"
    return layer.config.get("activation") if layer.class_name == "Activation" else None


def _unlisted_behind(
    known: Mapping[str, PlanLayer], mine: Mapping[str, PlanLayer], name: str
) -> list[PlanLayer]:
    """The true layers behind one that the plan does not have, up to the first that it has, in a chain."""
    prefix = f"{name.rpartition('/')[0]}/" if "/" in name else ""
    found: list[PlanLayer] = []
    while True:
        leaf = name.removeprefix(prefix)
        readers = [
            other
            for other, layer in known.items()
            if other.startswith(prefix) and any(ref.layer == leaf for call in layer.inbound for ref in call)
        ]
        if len(readers) != 1 or readers[0] in mine or known[readers[0]] in found:
            return found  # the last: a layer that is called twice may come round again
        name = readers[0]
        found.append(known[name])


def _inputs(layers: Mapping[str, PlanLayer], prefix: str, others: Mapping[str, PlanLayer]) -> list[str]:
    """The inputs of one (nested) model that only ``layers`` has."""
    return [
        name
        for name, layer in layers.items()
        if layer.class_name == "InputLayer" and name.rpartition("/")[0] == prefix and name not in others
    ]


def _renamed(
    inbound: tuple[tuple[Ref, ...], ...], names: Mapping[str, str], reader: str
) -> tuple[tuple[Ref, ...], ...]:
    prefix = f"{reader.rpartition('/')[0]}/" if "/" in reader else ""

    def renamed(ref: Ref) -> Ref:
        return replace(ref, layer=names.get(prefix + ref.layer, prefix + ref.layer).removeprefix(prefix))

    return tuple(tuple(map(renamed, call)) for call in inbound)


def truth(truths: Any, name: str, field: str, names: set[str]) -> Any:
    """The true value of a field, None when the truth does not say it in the plan's words."""
    layer = truths.get(name)
    if layer is None:
        return None
    if field == "class_name":
        return layer.class_name
    if field == "inbound":
        prefix = name.rpartition("/")[0]
        calls = [[(f"{prefix}/" if prefix else "") + str(ref) for ref in call] for call in layer.inbound]
        return calls if all(ref.split(":")[0] in names for call in calls for ref in call) else None
    config = layer.config.get("layer", {}).get("config", {}) if layer.class_name in WRAPPERS else layer.config
    value = config.get(field, layer.config.get(field))
    if field == "batch_shape" and value is not None:
        return [None if size is None else int(size) for size in value]
    return list(value) if isinstance(value, tuple) else value
