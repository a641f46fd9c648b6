"""What the page's script draws: layers, wires and the groups that fold (nested models and repeated blocks)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infer_convert.blocks import Network, common_prefix, repeats
from infer_convert.hints import toml_key, toml_value
from infer_convert.plan import Decision
from infer_convert.report.document import Document, LayerEntry
from infer_convert.report.json import plain
from infer_convert.report.questions import asks, sources
from infer_convert.report.terminal import settings
from infer_convert.report.text import answer_command, shown, visible


def drawing(document: Document) -> dict[str, Any]:
    """``layers`` (short keys: n name, c class, s settings, u least certain, g group, ins and outs of a nested model),
    ``wires`` ``[from, tensor, to, slot]``, ``groups`` ``{label, parent, layers, model}`` and ``texts`` that reasons
    refer to."""
    layers = document.layers
    texts: dict[str, int] = {}
    calls = sources(layers)
    numbers = {layer.name: number for number, layer in enumerate(layers)}
    groups, owner = _groups(layers, calls)
    drawn = [_layer(layer, numbers, texts) | {"g": owner[number]} for number, layer in enumerate(layers)]
    wires = [
        [source, tensor, number, slot]
        for number, operands in enumerate(calls)
        for call in operands
        for slot, (source, tensor) in enumerate(call)
    ]
    made: dict[str, Any] = plain({
        "layers": drawn, "wires": wires, "groups": groups, "texts": list(texts), "questions": _questions(document),
    })  # fmt: skip
    return made


def _layer(layer: LayerEntry, numbers: dict[str, int], texts: dict[str, int]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "n": visible(layer.name),
        "c": visible(layer.class_name),
        "s": visible(settings(layer.config)),
        "u": min((decision.confidence for decision in layer.decisions), default=1.0),
        "cfg": [[visible(key), shown(plain(value), 200)] for key, value in layer.config.items()],
        "r": [[visible(operand) for operand in call] for call in layer.inbound],
        "w": [[visible(use.variable), [visible(path) for path in use.sources], list(use.shape), use.dtype,
               [visible(name) for name in use.transforms]] for use in layer.weights],
        "d": [_decision(layer.name, decision, texts) for decision in layer.decisions],
    }  # fmt: skip
    if layer.hidden:
        made["h"] = 1
    if layer.outputs:
        made["ins"] = [_number(name, numbers) for name in layer.inputs]
        made["outs"] = [_number(name, numbers) for name in layer.outputs]
    return made


def _number(name: str, numbers: dict[str, int]) -> int:
    return numbers.get(name, numbers.get(name.split(":")[0], -1))


def _decision(layer: str, decision: Decision, texts: dict[str, int]) -> list[Any]:
    reasons = [
        [texts.setdefault(visible(reason.because), len(texts)), visible(reason.clue), round(reason.weight, 2)]
        for reason in decision.evidence
    ]
    others = [
        [shown(option.value), round(option.confidence, 6), visible(answer_command(layer, decision.field, option.value))]
        for option in decision.alternatives
    ]
    return [visible(decision.field), shown(decision.value), round(decision.confidence, 6), str(decision.basis), others,
            reasons]  # fmt: skip


def _questions(document: Document) -> list[list[dict[str, str]]]:
    """For each question and option the lines of a hints file: table -> line."""
    return [
        [
            {
                toml_key(layer): "\n".join(f"{toml_key(name)} = {toml_value(value)}" for name, value in told.items())
                for layer, told in option.by_layer.items()
            }
            for option in ask.options
        ]
        for ask in asks(document)
    ]


Calls = Sequence[Sequence[Sequence[tuple[int, int]]]]


def _groups(layers: Sequence[LayerEntry], calls: Calls) -> tuple[list[dict[str, Any]], list[int]]:
    """Nested models, and within each model the repeated blocks and their runs."""
    groups: list[dict[str, Any]] = []
    owner = [-1] * len(layers)
    inner: dict[str, int] = {}
    by_parent: dict[str | None, list[int]] = {}
    for number, layer in enumerate(layers):
        by_parent.setdefault(layer.parent, []).append(number)
        if layer.outputs:
            inner[layer.name] = len(groups)
            groups.append({"label": visible(layer.name), "parent": -1, "model": number, "count": 0})
    for parent, members in by_parent.items():
        home = inner.get(parent, -1) if parent is not None else -1
        for number in members:
            owner[number] = home
        _blocks(layers, members, calls, home, groups, owner)
    for name, group in inner.items():
        groups[group]["parent"] = owner[next(n for n, layer in enumerate(layers) if layer.name == name)]
    return groups, owner


def _blocks(
    layers: Sequence[LayerEntry], members: Sequence[int], calls: Calls, home: int, groups: list[dict[str, Any]],
    owner: list[int],
) -> None:  # fmt: skip
    position = {number: index for index, number in enumerate(members)}
    operands = []
    for index, number in enumerate(members):
        read = {(position[s], t): None for call in calls[number] for s, t in call if s in position}
        operands.append(tuple(item for item in read if item[0] < index))
    read_anywhere = {source for wires in operands for source, _ in wires}
    network = Network(
        [
            None if layers[n].outputs or layers[n].class_name == "InputLayer" or len(layers[n].inbound) != 1
            else (layers[n].class_name, layers[n].hidden)
            for n in members
        ],
        operands,
        frozenset(set(range(len(members))) - read_anywhere),
        [layers[n].name for n in members],
    )  # fmt: skip
    for block in repeats(network):
        if block.length < 3:
            continue
        for run in block.runs():
            outer = home
            if len(run) > 1:
                outer = len(groups)
                names = [network.names[start] for start in (run[0], run[-1] + block.length - 1)]
                label = f"{len(run)} × {block.length} layers, {visible(names[0])} … {visible(names[1])}"
                groups.append({"label": label, "parent": home, "count": len(run) * block.length, "times": len(run)})
            for start in run:
                mine = members[start : start + block.length]
                label = _label([layers[number].name for number in mine])
                groups.append({"label": label, "parent": outer, "count": block.length})
                for number in mine:
                    owner[number] = len(groups) - 1


def _label(names: Sequence[str]) -> str:
    prefix = common_prefix(names).rstrip("_-./ ")
    return visible(prefix if len(prefix) > 2 else f"{names[0]} … {names[-1]}")
