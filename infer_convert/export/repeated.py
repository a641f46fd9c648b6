"""Blocks that repeat, as functions and loops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infer_convert.blocks import Network, Repeat, repeats, wires
from infer_convert.export.layout import Item, call, literal, statement
from infer_convert.export.naming import RESERVED, fresh
from infer_convert.export.patterns import MOST, Parameters, layer_names, loop
from infer_convert.plan import Decision, PlanLayer, Ref

if TYPE_CHECKING:
    from infer_convert.export.body import Body

LEAST = 6.0
"""Calls that a function for a repeated block must save."""

KEYWORDS: frozenset[str] = frozenset({"name", "names", "number"})
"""Parameters that are always given by keyword."""


class Blocks:
    """The repeated blocks of one function's calls, each a function of its own."""

    def __init__(self, body: Body) -> None:
        self.body = body
        calls = body.calls
        position = {(item.name, number): index for index, (item, number) in enumerate(calls)}
        self.network = Network(
            [_key(item, body.functions.customs) for item, _ in calls],
            [
                tuple((position[ref.layer, ref.call], ref.tensor) for ref in (item.inbound[n] if item.inbound else ()))
                for item, n in calls
            ],
            frozenset(position[ref.layer, ref.call] for ref in body.plan.outputs),
            [item.name for item, _ in calls],
        )
        self.blocks: dict[int, Written] = {}
        for block in repeats(self.network, LEAST):
            if block.length > 2:
                self._function(block)

    def units(self) -> list[tuple[int, int]]:
        """``(first call, number of calls)`` of every statement."""
        found: list[tuple[int, int]] = []
        position = 0
        while position < len(self.body.calls):
            length = self.blocks[position].length if position in self.blocks else 1
            found.append((position, length))
            position += length
        return found

    def _function(self, block: Repeat) -> None:
        body, length = self.body, block.length
        first = block.starts[0]
        outer, read = wires(self.network, first, length)
        parameters = Parameters({*RESERVED, *body.functions.names} - {"name", "names"})
        items, calls_numbered = self._general(block, parameters)
        if len(parameters.columns) > MOST:
            return
        inner = body.like()
        inner.taken |= set(parameters.columns)
        inner.calls = tuple((item, 0) for item in items)
        inner.names = body.names | {item.name: item.config["name"] for item in items}
        inner.cut([(offset, 1) for offset in range(length)])
        for position in read:
            inner.readers.setdefault((body.calls[position][0].name, 0), set()).add(length + 1)
        operands = self._entries(inner, outer, first)
        lines: list[str] = []
        for offset, item in enumerate(items):
            bare = replace(item, config={key: value for key, value in item.config.items() if key != "name"})
            wanted = "shortcut" if offset + 1 < length else None
            inner.wanted[item.name] = wanted
            lines += inner.call(offset, bare, 0)
        results = [inner.tensors[body.calls[position][0].name, 0] for position in read]
        name = body.functions.fresh(_title([item.class_name for item in items]))
        body.functions.numbered |= calls_numbered
        names = sorted(parameters.columns, key=lambda key: key in {"name", "names"} or key.startswith("number"))
        about = f"A block of {length} layers, used {len(block.starts)} times."
        lines.append(f"    return {', '.join(results)}")
        body.functions.add(name, (*operands, *names), about, lines)
        for repetition, start in enumerate(block.starts):
            columns = {key: parameters.columns[key][repetition] for key in names}
            self.blocks[start] = Written(name, start, length, columns, tuple(outer_of(self.network, start, length)),
                                         tuple(position - first + start for position in read))  # fmt: skip

    def _general(self, block: Repeat, parameters: Parameters) -> tuple[list[PlanLayer], bool]:
        """The layers of the first repetition with Code wherever the others differ, and with their least sure
        decisions."""
        body = self.body
        rows = [[body.calls[start + offset][0] for offset in range(block.length)] for start in block.starts]
        items = []
        for column in zip(*rows, strict=True):
            config = {key: parameters.value(key, [item.config[key] for item in column]) for key in column[0].config}
            items.append(replace(column[0], config=config, decisions=_least_sure(column)))
        names, numbered = layer_names([[body.keras[item.name] for item in row] for row in rows], parameters)
        named = [replace(item, config={**item.config, "name": name}) for item, name in zip(items, names, strict=True)]
        return named, numbered

    def _entries(self, inner: Body, outer: Sequence[tuple[int, int]], first: int) -> list[str]:
        """Names of the function's tensors from outside: ``x`` when only the first layer reads it."""
        names: list[str] = []
        for position, tensor in outer:
            item, number = self.body.calls[position]
            ref = Ref(item.name, number, tensor)
            readers = inner.readers.get((item.name, number), set())
            wanted = "x" if readers <= {0} and "x" not in names else "inputs" if not names else "skip"
            name = wanted
            while name in names:
                name += "_"
            names.append(name)
            inner.given[ref] = name
        inner.taken |= set(names)
        return names

    def written(self, unit: int) -> tuple[list[str], int]:
        """The statements of the block that begins here, with the neighbours that follow in a loop; and how many."""
        body = self.body
        run = [self.blocks[body.units[unit][0]]]
        while unit + len(run) < len(body.units):
            following = self.blocks.get(body.units[unit + len(run)][0])
            if following is None or not self._continues(run[-1], following, unit + len(run) - 1):
                break
            run.append(following)
        run = _alike(run)
        operands = [self._tensor(wire) for wire in run[0].outer]
        if len(run) > 1 and "x" in (operands[0], self._peek(run[-1], unit + len(run) - 1)):
            return self._loop(run, unit, operands[0]), len(run)
        targets = [body.target(unit, *body.calls[position]) for position in run[0].read]
        made = call(run[0].function, *operands, *_arguments(run[0].columns))
        return statement(made, body.indent, f"{', '.join(targets)} = "), 1

    def _peek(self, block: Written, unit: int) -> str:
        item, number = self.body.calls[block.read[0]]
        return "x" if self.body.readers.get((item.name, number), set()) <= {unit, unit + 1} else ""

    def _loop(self, run: Sequence[Written], unit: int, operand: str) -> list[str]:
        body = self.body
        columns = {key: [block.columns[key] for block in run] for key in run[0].columns}
        found = loop(columns, lambda wanted: fresh(wanted, set(body.taken) - KEYWORDS)) if columns else None
        target = body.target(unit + len(run) - 1, *body.calls[run[-1].read[0]])
        first = [] if operand == target else [f"{' ' * body.indent}{target} = {operand}"]
        variables, source = (found.variables, literal(found.source)) if found else ("_", f"range({len(run)})")
        values = found.values if found else {}
        made = call(run[0].function, target, *_arguments({key: values[key] for key in run[0].columns}))
        head = statement(source, body.indent, f"for {variables} in ", ":")
        return [*first, *head, *statement(made, body.indent + 4, f"{target} = ")]

    def _tensor(self, wire: tuple[int, int]) -> str:
        item, number = self.body.calls[wire[0]]
        return self.body.tensor(Ref(item.name, number, wire[1]))

    def _continues(self, one: Written, two: Written, unit: int) -> bool:
        """Whether ``two`` takes just what ``one`` gives, and nothing else does."""
        if one.function != two.function or len(one.outer) != 1 or len(one.read) != 1:
            return False
        item, number = self.body.calls[one.read[0]]
        alone = self.body.readers.get((item.name, number), set()) == {unit + 1}
        return alone and two.outer == ((one.read[0], 0),) and not self.body.several(item.name)


@dataclass(frozen=True, slots=True)
class Written:
    """One repetition of a block whose function is written: its arguments, what it reads and gives."""

    function: str
    start: int
    length: int
    columns: Mapping[str, Any]
    outer: tuple[tuple[int, int], ...]
    read: tuple[int, ...]


def _alike(run: list[Written]) -> list[Written]:
    """The first repetitions that differ in their names alone, where such groups are longer than two on average."""
    keys = [repr([value for key, value in block.columns.items() if key not in KEYWORDS]) for block in run]
    changes = [index for index in range(1, len(run)) if keys[index] != keys[index - 1]]
    return run[: changes[0]] if changes and 2 * (len(changes) + 1) < len(run) else run


def outer_of(network: Network, start: int, length: int) -> tuple[tuple[int, int], ...]:
    """What a stretch of calls reads from outside, in the order of first use."""
    return wires(network, start, length)[0]


def _arguments(columns: Mapping[str, Any]) -> list[Item]:
    return [Item(literal(value), None if index == 0 and key not in KEYWORDS else key)
            for index, (key, value) in enumerate(columns.items())]  # fmt: skip


def _key(item: PlanLayer, customs: Mapping[str, type]) -> object:
    """What the layers of one spot must have in common; None for what stays where it is."""
    if item.class_name == "InputLayer" or len(item.inbound) != 1 or item.inner is not None or item.named:
        return None
    if item.class_name == "Operation" or item.class_name in customs:
        return item.class_name, repr(sorted(item.config.items()))
    plain = {key: _is_plain(value) for key, value in item.config.items()}
    odd = [(key, repr(item.config[key])) for key, fine in plain.items() if not fine]
    return item.class_name, tuple(sorted(plain)), tuple(odd), len(item.inbound[0]), repr(sorted(item.keywords.items()))


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(isinstance(part, int | float | str) or _is_plain(part) for part in value)
    return value is None or isinstance(value, bool | int | float | str)


def _least_sure(items: Sequence[PlanLayer]) -> tuple[Decision, ...]:
    found: dict[str, Decision] = {}
    for item in items:
        for decision in item.decisions:
            if decision.field not in found or decision.confidence < found[decision.field].confidence:
                found[decision.field] = decision
    return tuple(found.values())


def _title(classes: Sequence[str]) -> str:
    if any("Attention" in name for name in classes):
        return "attention_block"
    if "Add" in classes:
        return "residual_block"
    if "Concatenate" in classes:
        return "dense_block"
    return "conv_block" if any("Conv" in name for name in classes) else "block"
