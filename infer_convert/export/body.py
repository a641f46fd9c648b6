"""The functions of ``model.py``: one per model, one per block that repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infer_convert.build.model import calling_style
from infer_convert.build.names import keras_names
from infer_convert.build.operations import operation
from infer_convert.build.order import ordered_calls
from infer_convert.export.arguments import layer_call, shown
from infer_convert.export.layout import Group, Item, call, identifier, literal, quoted, remark, statement
from infer_convert.export.naming import RESERVED, fresh
from infer_convert.export.remarks import key_source, remarks, uncertain
from infer_convert.export.repeated import Blocks
from infer_convert.plan import Plan, PlanLayer, Ref


class Functions:
    """Collects one function per model, nested models before the model that uses them."""

    def __init__(self, customs: Mapping[str, type]) -> None:
        self.customs = customs
        self.lines: list[str] = []
        self.names: set[str] = set(RESERVED)
        self.numbered = False

    def function(self, name: str, model: Any, plan: Plan, title: str) -> None:
        """Append ``def name(): ...`` for a plan."""
        body = Body(self, model, plan)
        lines = body.write(title)
        about = f"The nested model {remark(title)}." if name != "build_model" else "The recovered architecture."
        self.add(name, (), about, lines)

    def add(self, name: str, parameters: Sequence[str], about: str, lines: Sequence[str]) -> None:
        """Append one function."""
        if self.lines:
            self.lines += ["", ""]
        head = statement(call(name, *parameters), 0, "def ", ":")
        self.lines += [*head, f'    """{about}"""', *lines]

    def fresh(self, wanted: str) -> str:
        """A name that nothing in the module has."""
        return fresh(wanted, self.names)


def chains(calls: Sequence[tuple[PlanLayer, int]]) -> tuple[tuple[PlanLayer, int], ...]:
    """Calls in an order that follows each path to its end before it begins the next; inputs first."""
    number = {(item.name, call): index for index, (item, call) in enumerate(calls)}
    operands = [
        {number[ref.layer, ref.call] for ref in (item.inbound[call] if item.inbound else ())} for item, call in calls
    ]
    readers: list[list[int]] = [[] for _ in calls]
    for index, read in enumerate(operands):
        for source in read:
            readers[source].append(index)
    waits = [len(read) for read in operands]
    inputs = [index for index, (item, _) in enumerate(calls) if item.class_name == "InputLayer"]
    ready = [index for index, count in enumerate(waits) if not count and index not in set(inputs)][::-1]
    order = list(inputs)
    for source in reversed(inputs):
        ready += _released(readers[source], waits)
    while ready:
        index = ready.pop()
        order.append(index)
        ready += _released(readers[index], waits)
    return tuple(calls[index] for index in order)


def _released(readers: Sequence[int], waits: list[int]) -> list[int]:
    """Readers that wait for nothing more, the first one last."""
    for reader in readers:
        waits[reader] -= 1
    return [reader for reader in reversed(readers) if not waits[reader]]


class Body:
    """The lines of one function."""

    def __init__(self, functions: Functions, model: Any, plan: Plan) -> None:
        self.functions, self.model, self.plan = functions, model, plan
        self.names: dict[str, Any] = dict(keras_names(plan))
        self.keras = keras_names(plan)
        self.calls = chains(ordered_calls(plan))
        self.taken = set(RESERVED) | functions.names
        self.objects: dict[str, str] = {}
        self.tensors: dict[tuple[str, int], str] = {}
        self.given: dict[Ref, str] = {}
        self.indent = 4
        self.wanted: dict[str, str | None] = {}
        self.units: list[tuple[int, int]] = []
        self.readers: dict[tuple[str, int], set[int]] = {}

    def like(self) -> Body:
        """An empty body of another function of the same model."""
        return Body(self.functions, self.model, self.plan)

    def write(self, title: str) -> list[str]:
        """Every statement of the function, indented."""
        scaling = self.plan.input_statistics
        lines = [f"    # {remark(scaling.sentence())}"] if scaling is not None else []
        blocks = Blocks(self)
        self.cut(blocks.units())
        unit = 0
        while unit < len(self.units):
            start, length = self.units[unit]
            if length == 1:
                lines += self.call(unit, *self.calls[start])
                unit += 1
            else:
                made, count = blocks.written(unit)
                lines += made
                unit += count
        inputs, outputs = self._refs(self.plan.inputs), self._refs(self.plan.outputs)
        return lines + statement(call("keras.Model", inputs, outputs, Item(quoted(title), "name")), 4, "return ")

    def cut(self, units: list[tuple[int, int]]) -> None:
        """Set the statements, as ``(first call, number of calls)``, and which of them read each call's result."""
        self.units = units
        found: dict[tuple[str, int], set[int]] = {}
        for unit, (start, length) in enumerate(units):
            for item, number in self.calls[start : start + length]:
                for ref in item.inbound[number] if item.inbound else ():
                    found.setdefault((ref.layer, ref.call), set()).add(unit)
        for ref in (*self.plan.outputs, *self.plan.inputs):
            found.setdefault((ref.layer, ref.call), set()).add(len(units) + 1)
        self.readers = found

    def call(self, unit: int, item: PlanLayer, number: int) -> list[str]:
        shared = len(item.inbound) > 1 and item.class_name != "Operation"  # a function is called anew each time
        made_first = self._shared(item) if shared and item.name not in self.objects else []
        indent = self.indent
        if item.class_name == "InputLayer":
            target = self.target(unit, item, number)
            return statement(self._input(item), indent, f"{target} = ", remarks=remarks(item))
        operands = item.inbound[number]
        if item.class_name == "Operation":
            made = self._operation(item, operands)
            return statement(made, indent, f"{self.target(unit, item, number)} = ", remarks=remarks(item))
        lines, arguments = self._arguments(item, operands)
        target = self.target(unit, item, number)
        if shared:
            return [*made_first, *lines, *statement(f"{self.objects[item.name]}{arguments}", indent, f"{target} = ")]
        return lines + statement(self._made(item), indent, f"{target} = ", arguments, self._extra(item))

    def target(self, unit: int, item: PlanLayer, number: int) -> str:
        key = (item.name, number)
        last = len(self.units)
        if item.class_name == "InputLayer":
            name = "inputs" if len(self.plan.inputs) == 1 else fresh(identifier(item.name), self.taken)
        elif self.readers.get(key, set()) <= {unit, unit + 1} or (
            self.readers[key] <= {unit, last + 1} and unit == last - 1
        ):
            name = "x"
        else:
            name = fresh(self.wanted.get(item.name) or identifier(item.name), self.taken)
        self.tensors[key] = name
        return name

    def _shared(self, item: PlanLayer) -> list[str]:
        """The layer object that several calls share."""
        self.objects[item.name] = fresh(identifier(item.name), self.taken)
        return statement(self._made(item), self.indent, f"{self.objects[item.name]} = ", remarks=self._extra(item))

    def _refs(self, refs: tuple[Ref, ...]) -> Group | str:
        names = [self.tensor(ref) for ref in refs]
        return names[0] if len(names) == 1 else Group("[", tuple(Item(name) for name in names), "]")

    def tensor(self, ref: Ref) -> str:
        if ref in self.given:
            return self.given[ref]
        name = self.tensors[ref.layer, ref.call]
        return f"{name}[{ref.tensor}]" if self.several(ref.layer) else name

    def several(self, layer: str) -> bool:
        item = self.plan.layer(layer)
        if item.class_name == "Operation":
            return item.config.get("function") == "split"
        return isinstance(self.model.get_layer(self.keras[layer]).output, list | tuple)

    def _arguments(self, item: PlanLayer, operands: tuple[Ref, ...]) -> tuple[list[str], str]:
        """Lines that must come first, and the operands in brackets."""
        last = len(operands) - len(item.named)
        names = [self.tensor(ref) for ref in operands[:last]]
        named = zip(item.named, (self.tensor(ref) for ref in operands[last:]), strict=True)
        words = [f"{key}={name}" for key, name in named]
        words += [f"{key}={literal(value)}" for key, value in item.keywords.items()]
        more = "".join(f", {word}" for word in words)
        style, joined = calling_style(item), ", ".join(names)
        if style == "spread":
            return [], f"({joined}{more})"
        if style == "state" and len(names) > 1:
            return [], f"({names[0]}, initial_state=[{', '.join(names[1:])}]{more})"
        if style != "listed" and len(names) == 1:
            return [], f"({names[0]}{more})"
        if len(joined) < 60:
            return [], f"([{joined}]{more})"
        parts = Group("[", tuple(Item(name) for name in names), "]")
        return statement(parts, self.indent, "parts = "), f"(parts{more})"

    def _operation(self, item: PlanLayer, operands: tuple[Ref, ...]) -> Group | str:
        card, arguments = operation(item.name, item.config)
        names = [self.tensor(ref) for ref in operands]
        if card.function == "getitem":
            return f"{names[0]}[{key_source(arguments.get('key', []))}]"
        if card.function == "einsum":
            return call("ops.einsum", Item(literal(arguments["subscripts"])), *map(Item, names))
        first = [Item(f"[{', '.join(names)}]")] if card.listed else [Item(name) for name in names]
        place = "ops.image" if card.function == "rgb_to_grayscale" else "ops"
        return call(f"{place}.{card.function}", *first, *(Item(literal(v), k) for k, v in arguments.items()))

    def _input(self, item: PlanLayer) -> Group:
        config = dict(item.config)
        shape, dtype = list(config["batch_shape"]), config.get("dtype")
        sized = Item(literal(shape[1:])) if shape[0] is None else Item(literal(shape), "batch_shape")
        items = [sized, *([Item(quoted(str(dtype)), "dtype")] if dtype not in (None, "float32") else [])]
        return call("keras.Input", *items, Item(quoted(self.keras[item.name]), "name"))

    def _made(self, item: PlanLayer) -> Group:
        remarks = {decision.field: text for decision, text in uncertain(item)}
        config = {**item.config, "name": self.names[item.name]}
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
            return remarks(item)
        if item.class_name in self.functions.customs:
            return remarks(item)
        printed = shown(item.class_name, {**item.config, "name": "x"})
        return [text for decision, text in uncertain(item) if decision.field not in printed]
