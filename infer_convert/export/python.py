"""``model.py``: the recovered source, written as a person would write it."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from infer_convert import __version__
from infer_convert.build.classes import OLD_HARD_SIGMOID
from infer_convert.build.model import calling_style
from infer_convert.build.names import keras_names, safe_name
from infer_convert.build.operations import operation
from infer_convert.build.order import ordered_calls
from infer_convert.export.arguments import layer_call, shown
from infer_convert.export.layout import Group, Item, call, flat, identifier, literal, quoted, remark, statement
from infer_convert.export.loader import (
    HELPERS,
    IMPORTS,
    READERS,
    load_lines,
    reader_kind,
    used_helpers,
    uses_bfloat16,
)
from infer_convert.facts import WeightFile
from infer_convert.plan import Decision, Plan, PlanLayer, Ref

UNCERTAIN = 0.9
"""Decisions below this confidence get a comment."""

RESERVED: frozenset[str] = frozenset(
    {"keras", "layers", "ops", "np", "h5py", "io", "json", "zipfile", "Path", "sys", "ml_dtypes", "x", "model", "path",
     "put", "open_file", "read", "file", "build_model", "load_weights", "inputs", "outputs", "layer", "arrays",
     OLD_HARD_SIGMOID, "parts", *HELPERS, *dir(builtins)}
)  # fmt: skip

_OLD_HARD_SIGMOID = f'''
@keras.saving.register_keras_serializable()
def {OLD_HARD_SIGMOID}(x):
    """What hard_sigmoid meant up to Keras 2; Keras 3 has another slope."""
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)
'''


def save_python(model: Any, plan: Plan, facts: WeightFile, target: Path) -> None:
    """Write ``target`` (``model.py``) with ``build_model()`` and ``load_weights(model, path)``."""
    target.write_text(python_source(model, plan, facts), encoding="utf-8")


def python_source(model: Any, plan: Plan, facts: WeightFile, customs: Mapping[str, type] | None = None) -> str:
    """The whole module. ``model`` is the built model of ``plan``: it says how layers are called and order weights."""
    customs = customs or _customs(model)
    writer = _Functions(customs)
    writer.function("build_model", model, plan, _title(plan))
    body = "\n".join(writer.lines)
    kind = reader_kind(facts)
    parts = [
        _docstring(plan, facts),
        _imports(kind, "ops." in body, uses_bfloat16(plan, facts), customs),
        *([_OLD_HARD_SIGMOID] if OLD_HARD_SIGMOID in body else []),
        "\n" + body,
        READERS[kind],
        *(HELPERS[name] for name in used_helpers(plan)),
        _loading(load_lines(model, plan, facts)),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts).replace("\n\n\n\n", "\n\n\n") + "\n"


def _customs(model: Any) -> dict[str, type]:
    classes = {type(layer) for layer in model._flatten_layers(include_self=False)}
    return {cls.__name__: cls for cls in classes if not cls.__module__.startswith("keras.")}


def _docstring(plan: Plan, facts: WeightFile) -> str:
    lines = [
        f'"""Recovered from {remark(facts.file)[:80]} by infer-convert {__version__}.',
        "",
        f"The model computes what the lost original did with probability {plan.confidence:.2f}.",
        f"Lines that are less than {UNCERTAIN:.0%} sure carry a comment.",
    ]
    if facts.sha256:
        lines += [f"The file's sha256 is {remark(facts.sha256)}."]
    for sentence in plan.rewrites:
        lines += _wrapped(f"* {remark(sentence)}")
    return "\n".join([*lines, '"""'])


def _wrapped(text: str, width: int = 110) -> list[str]:
    lines, current = [], ""
    for word in text.split():
        word = word[:width]
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = "  " + word
        else:
            current = f"{current} {word}" if current else word
    return [*lines, current]


def _imports(kind: str, ops: bool, bfloat16: bool, customs: Mapping[str, type]) -> str:
    standard = sorted({*IMPORTS[kind], "import sys"}, key=lambda line: (line.startswith("from"), line))
    third = ["import h5py", "import keras", *(["import ml_dtypes"] if bfloat16 else []), "import numpy as np"]
    third.append("from keras import layers, ops" if ops else "from keras import layers")
    own = sorted(f"from {cls.__module__} import {cls.__name__}" for cls in customs.values())
    return "\n".join([*standard, "", *third, *(["", *own] if own else [])])


def _loading(lines: Iterable[str]) -> str:
    return "\n".join(
        [
            "",
            "def put(layer, *arrays):",
            '    """Set the layer\'s weights; a wrong number or shape raises."""',
            "    layer.set_weights([np.asarray(array) for array in arrays])",
            "",
            "",
            "def load_weights(model, path):",
            '    """Copy every tensor of the original file into the model."""',
            "    with open_file(path) as file:",
            "",
            "        def read(name):",
            "            return file[name][()]",
            "",
            *(list(lines) or ["        del read  # the model has no weights"]),
            "",
            "",
            'if __name__ == "__main__":',
            "    recovered = build_model()",
            "    load_weights(recovered, sys.argv[1])",
            "    recovered.summary()",
        ]
    )


def _title(plan: Plan) -> str:
    return safe_name(plan.name or "recovered")


class _Functions:
    """Collects one function per model, nested models before the model that uses them."""

    def __init__(self, customs: Mapping[str, type]) -> None:
        self.customs = customs
        self.lines: list[str] = []
        self.names: set[str] = set(RESERVED)

    def function(self, name: str, model: Any, plan: Plan, title: str) -> None:
        """Append ``def name(): ...`` for a plan."""
        body = _Body(self, model, plan)
        lines = body.write(title)
        if self.lines:
            self.lines += ["", ""]
        self.lines += [f"def {name}():", f'    """The nested model {remark(title)}."""' if name != "build_model" else
                       '    """The recovered architecture."""', *lines]  # fmt: skip

    def fresh(self, wanted: str) -> str:
        """A name that nothing in the module has."""
        return _fresh(wanted, self.names)


def _fresh(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    taken.add(name)
    return name


class _Body:
    """The lines of one function."""

    def __init__(self, functions: _Functions, model: Any, plan: Plan) -> None:
        self.functions, self.model, self.plan = functions, model, plan
        self.keras = keras_names(plan)
        self.calls = ordered_calls(plan)
        self.taken = set(RESERVED) | functions.names
        self.objects: dict[str, str] = {}
        self.tensors: dict[tuple[str, int], str] = {}
        self.readers = self._readers()

    def _readers(self) -> dict[tuple[str, int], set[int]]:
        """For each call the positions of the calls that read it; outputs read at the end."""
        found: dict[tuple[str, int], set[int]] = {}
        for position, (item, number) in enumerate(self.calls):
            for ref in item.inbound[number] if item.inbound else ():
                found.setdefault((ref.layer, ref.call), set()).add(position)
        for ref in (*self.plan.outputs, *self.plan.inputs):
            found.setdefault((ref.layer, ref.call), set()).add(len(self.calls) + 1)
        return found

    def write(self, title: str) -> list[str]:
        """Every statement of the function, indented."""
        scaling = self.plan.input_statistics
        lines = [f"    # {remark(scaling.sentence())}"] if scaling is not None else []
        for position, (item, number) in enumerate(self.calls):
            lines += self._call(position, item, number)
        inputs, outputs = self._refs(self.plan.inputs), self._refs(self.plan.outputs)
        return lines + statement(call("keras.Model", inputs, outputs, Item(quoted(title), "name")), 4, "return ")

    def _call(self, position: int, item: PlanLayer, number: int) -> list[str]:
        shared = len(item.inbound) > 1
        made_first = self._shared(item) if shared and item.name not in self.objects else []
        target = self._target(position, item, number)
        if item.class_name == "InputLayer":
            return statement(self._input(item), 4, f"{target} = ", remarks=_remarks(item))
        operands = item.inbound[number]
        if item.class_name == "Operation":
            return statement(self._operation(item, operands), 4, f"{target} = ", remarks=_remarks(item))
        lines, arguments = self._arguments(item, operands)
        if shared:
            return [*made_first, *lines, *statement(f"{self.objects[item.name]}{arguments}", 4, f"{target} = ")]
        return lines + statement(self._made(item), 4, f"{target} = ", arguments, self._extra(item))

    def _shared(self, item: PlanLayer) -> list[str]:
        """The layer object that several calls share."""
        self.objects[item.name] = _fresh(identifier(item.name), self.taken)
        return statement(self._made(item), 4, f"{self.objects[item.name]} = ", remarks=self._extra(item))

    def _target(self, position: int, item: PlanLayer, number: int) -> str:
        key = (item.name, number)
        if item.class_name == "InputLayer":
            name = "inputs" if len(self.plan.inputs) == 1 else _fresh(identifier(item.name), self.taken)
        elif self.readers.get(key, set()) <= {position + 1} or (
            self.readers[key] == {len(self.calls) + 1} and position == len(self.calls) - 1
        ):
            name = "x"
        else:
            name = _fresh(identifier(item.name), self.taken)
        self.tensors[key] = name
        return name

    def _refs(self, refs: tuple[Ref, ...]) -> Group | str:
        names = [self._tensor(ref) for ref in refs]
        return names[0] if len(names) == 1 else Group("[", tuple(Item(name) for name in names), "]")

    def _tensor(self, ref: Ref) -> str:
        name = self.tensors[ref.layer, ref.call]
        return f"{name}[{ref.tensor}]" if self._several(ref.layer) else name

    def _several(self, layer: str) -> bool:
        item = self.plan.layer(layer)
        if item.class_name == "Operation":
            return item.config.get("function") == "split"
        return isinstance(self.model.get_layer(self.keras[layer]).output, list | tuple)

    def _arguments(self, item: PlanLayer, operands: tuple[Ref, ...]) -> tuple[list[str], str]:
        """Lines that must come first, and the operands in brackets."""
        names = [self._tensor(ref) for ref in operands]
        style, joined = calling_style(item), ", ".join(names)
        if style == "spread":
            return [], f"({joined})"
        if style == "state" and len(names) > 1:
            return [], f"({names[0]}, initial_state=[{', '.join(names[1:])}])"
        if style != "listed" and len(names) == 1:
            return [], f"({names[0]})"
        if len(joined) < 60:
            return [], f"([{joined}])"
        parts = Group("[", tuple(Item(name) for name in names), "]")
        return statement(parts, 4, "parts = "), "(parts)"

    def _operation(self, item: PlanLayer, operands: tuple[Ref, ...]) -> Group | str:
        card, arguments = operation(item.name, item.config)
        names = [self._tensor(ref) for ref in operands]
        if card.function == "getitem":
            return f"{names[0]}[{_key(arguments.get('key', []))}]"
        first = [Item(f"[{', '.join(names)}]")] if card.listed else [Item(name) for name in names]
        return call(f"ops.{card.function}", *first, *(Item(literal(v), k) for k, v in arguments.items()))

    def _input(self, item: PlanLayer) -> Group:
        config = dict(item.config)
        shape, dtype = list(config["batch_shape"]), config.get("dtype")
        sized = Item(literal(shape[1:])) if shape[0] is None else Item(literal(shape), "batch_shape")
        items = [sized, *([Item(quoted(str(dtype)), "dtype")] if dtype not in (None, "float32") else [])]
        return call("keras.Input", *items, Item(quoted(self.keras[item.name]), "name"))

    def _made(self, item: PlanLayer) -> Group:
        remarks = {decision.field: text for decision, text in _uncertain(item)}
        config = {**item.config, "name": self.keras[item.name]}
        if item.inner is None:
            return layer_call(item.class_name, config, remarks, self.functions.customs)
        if item.class_name != "TimeDistributed":
            return call(self._inner(item))
        made = layer_call("TimeDistributed", {k: v for k, v in config.items() if k != "layer"}, remarks)
        return Group(made.opening, (Item(f"{self._inner(item)}()"), *made.items))

    def _inner(self, item: PlanLayer) -> str:
        assert item.inner is not None
        layer = self.model.get_layer(self.keras[item.name])
        model = layer.layer if item.class_name == "TimeDistributed" else layer
        name = self.functions.fresh(f"build_{identifier(item.name)}")
        self.functions.function(name, model, item.inner, model.name)
        return name

    def _extra(self, item: PlanLayer) -> list[str]:
        """Remarks on fields that stand in no argument."""
        if item.inner is not None:
            return _remarks(item)
        if item.class_name in self.functions.customs:
            return _remarks(item)
        printed = shown(item.class_name, {**item.config, "name": "x"})
        return [text for decision, text in _uncertain(item) if decision.field not in printed]


def _key(key: Iterable[Any]) -> str:
    def part(value: Any) -> str:
        if value is None:
            return ":"
        if isinstance(value, list | tuple):
            start, stop, step = (["" if v is None else str(int(v)) for v in value] + ["", "", ""])[:3]
            return f"{start}:{stop}" + (f":{step}" if step else "")
        return str(int(value))

    return ", ".join(part(value) for value in key) or "..."


def _uncertain(item: PlanLayer) -> list[tuple[Decision, str]]:
    found = []
    for decision in item.decisions:
        if decision.confidence < UNCERTAIN:
            others = " or ".join(f"{_shown(o.value)} {o.confidence:.0%}" for o in decision.alternatives[:3])
            text = f"{remark(decision.field)} {decision.confidence:.0%}" + (f", else {others}" if others else "")
            found.append((decision, text))
    return found


def _remarks(item: PlanLayer) -> list[str]:
    return [text for _, text in _uncertain(item)]


def _shown(value: Any) -> str:
    try:
        return remark(flat(literal(value)))[:60]
    except TypeError:
        return remark(str(value))[:60]
