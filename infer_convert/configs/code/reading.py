"""Straight-line code -> the expression that it returns, by following the stack with symbols instead of values.

Nothing is evaluated and nothing called: an addition of two symbols is a symbol for their sum. Code that jumps, loops,
makes functions or does anything else that is not named here is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infer_convert.configs.code.expressions import (
    Argument,
    Attribute,
    Binary,
    Called,
    Constant,
    Cut,
    Item,
    Name,
    Several,
    Unary,
)
from infer_convert.configs.code.instructions import Instruction, instructions, name_index
from infer_convert.configs.code.marshalled import Code, Unreadable

OPERATORS: dict[str, str] = {
    "ADD": "+", "SUBTRACT": "-", "MULTIPLY": "*", "DIVIDE": "/", "TRUE_DIVIDE": "/", "FLOOR_DIVIDE": "//",
    "POWER": "**", "MODULO": "%", "MATRIX_MULTIPLY": "@",
}  # fmt: skip
_NUMBERED = ("+", "&", "//", "<<", "@", "*", "%", "|", "**", ">>", "-", "/", "^")
"""BINARY_OP's argument since 3.11; the in-place ones follow from 13 on."""

_NULL = object()
LARGEST = 2_000
"""Parts of an expression."""


def read(code: Code, closure: Mapping[str, Any]) -> Any:
    """The returned expression; ``closure`` are the values of free variables that the file stores. Unreadable says at
    which instruction reading stopped."""
    return _Machine(code, closure).run()


class _Machine:
    def __init__(self, code: Code, closure: Mapping[str, Any]) -> None:
        self.code = code
        self.version, self.list = instructions(code)
        self.stack: list[Any] = []
        self.local: dict[str, Any] = {name: Argument(name) for name in code.arguments}
        self.local.update({name: Constant(value) for name, value in closure.items()})
        self.keywords: tuple[str, ...] = ()
        self.steps = 0

    def run(self) -> Any:
        for each in self.list:
            self.steps += 1
            if self.steps > LARGEST:
                raise Unreadable("its code is too long")
            if each.name == "RETURN_VALUE":
                return self.pop()
            if each.name == "RETURN_CONST":
                return Constant(self.code.constants[each.argument])
            try:
                self.step(each)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                if isinstance(error, Unreadable):
                    raise
                raise Unreadable(f"its instruction {each.name} does not fit the code around it") from error
        raise Unreadable("its code does not return")

    def pop(self, count: int | None = None) -> Any:
        if count is None:
            return self.stack.pop()
        found = self.stack[len(self.stack) - count :]
        if len(found) != count:
            raise IndexError
        del self.stack[len(self.stack) - count :]
        return found

    def step(self, each: Instruction) -> None:
        name, argument = each.name, each.argument
        kind, _, operator = name.partition("_")
        if kind in ("BINARY", "INPLACE") and operator in OPERATORS:
            self.binary(OPERATORS[operator])
        elif name == "BINARY_OP":
            self.binary(_NUMBERED[argument % 13])
        elif name in ("UNARY_NEGATIVE", "UNARY_POSITIVE"):
            self.unary("-" if name == "UNARY_NEGATIVE" else "+")
        elif name.startswith(("LOAD_", "STORE_", "IMPORT_")):
            self.move(each)
        elif name.startswith(("CALL", "KW_NAMES")):
            self.call(each)
        elif name.startswith(("BUILD_", "SLICE_")) or name in ("BINARY_SLICE", "LIST_EXTEND", "LIST_TO_TUPLE"):
            self.build(each)
        elif name == "BINARY_SUBSCR":
            owner, key = self.pop(2)
            self.stack.append(_item(owner, key))
        else:
            self.shuffle(each)

    def binary(self, operator: str) -> None:
        left, right = self.pop(2)
        self.stack.append(Binary(operator, left, right))

    def unary(self, operator: str) -> None:
        value = self.pop()
        if isinstance(value, Constant) and isinstance(value.value, int | float):
            self.stack.append(Constant(-value.value if operator == "-" else value.value))
        else:
            self.stack.append(Unary(operator, value))

    def move(self, each: Instruction) -> None:
        name, argument, code = each.name, each.argument, self.code
        if name == "LOAD_CONST":
            self.stack.append(_constant(code.constants[argument]))
        elif name in ("LOAD_FAST", "LOAD_FAST_CHECK"):
            self.stack.append(self.local[code.locals[argument]])
        elif name == "LOAD_FAST_LOAD_FAST":
            self.stack += [self.local[code.locals[argument >> 4]], self.local[code.locals[argument & 15]]]
        elif name == "STORE_FAST":
            self.local[code.locals[argument]] = self.pop()
        elif name == "STORE_FAST_STORE_FAST":
            self.local[code.locals[argument >> 4]] = self.pop()
            self.local[code.locals[argument & 15]] = self.pop()
        elif name == "STORE_FAST_LOAD_FAST":
            self.local[code.locals[argument >> 4]] = self.pop()
            self.stack.append(self.local[code.locals[argument & 15]])
        elif name == "LOAD_DEREF":
            self.stack.append(self.cell(code.cells[argument]))
        elif name == "STORE_DEREF":
            self.local[code.cells[argument]] = self.pop()
        elif name in ("LOAD_GLOBAL", "LOAD_NAME"):
            if self.version == (3, 11) or self.version == (3, 12):
                self.stack += [_NULL] if name == "LOAD_GLOBAL" and argument & 1 else []
            self.stack.append(Name(code.names[name_index(each, self.version)]))
            if self.version >= (3, 13) and name == "LOAD_GLOBAL" and argument & 1:
                self.stack.append(_NULL)
        elif name in ("LOAD_ATTR", "LOAD_METHOD"):
            owner = self.pop()
            self.stack.append(_attribute(owner, code.names[name_index(each, self.version)]))
            method = name == "LOAD_METHOD" or (self.version >= (3, 12) and argument & 1)
            self.stack += [_NULL] if method and self.version >= (3, 11) else []
        elif name == "IMPORT_NAME":
            _, wanted = self.pop(2)
            module = code.names[argument]
            parts = wanted.value if isinstance(wanted, Constant) else None
            self.stack.append(Name(module if parts else module.partition(".")[0]))
        elif name == "IMPORT_FROM":
            self.stack.append(_attribute(self.stack[-1], code.names[argument]))
        else:
            raise Unreadable(f"its code holds {name}, which is not followed")

    def cell(self, name: str) -> Any:
        if name not in self.local:
            return Name(f"free.{name}")
        return self.local[name]

    def call(self, each: Instruction) -> None:
        name, argument = each.name, each.argument
        if name == "KW_NAMES":
            self.keywords = self.code.constants[argument]
            return
        keywords: tuple[str, ...] = ()
        if name == "CALL_FUNCTION" and self.version <= (3, 5):
            pairs = self.pop(2 * (argument >> 8))
            arguments = self.pop(argument & 255)
            named = tuple((str(key.value), value) for key, value in zip(pairs[::2], pairs[1::2], strict=True))
            self.stack.append(Called(self.callee(), tuple(arguments), named))
            return
        if name == "CALL_INTRINSIC_1":
            if argument != 6:  # list to tuple
                raise Unreadable("its code holds CALL_INTRINSIC_1, which is not followed")
            return
        if name in ("CALL_FUNCTION_KW", "CALL_KW"):
            keywords = tuple(str(each.value) for each in self.pop().items)
        elif name == "CALL":
            keywords, self.keywords = self.keywords, ()
        elif name not in ("CALL_FUNCTION", "CALL_METHOD"):
            raise Unreadable(f"its code holds {name}, which is not followed")
        given = self.pop(argument)
        first = len(given) - len(keywords)
        named = tuple(zip(keywords, given[first:], strict=True))
        self.stack.append(Called(self.callee(), tuple(given[:first]), named))

    def callee(self) -> Any:
        function = self.pop()
        if function is _NULL:
            return self.pop()
        if self.version >= (3, 11) and self.stack and self.stack[-1] is _NULL:
            self.stack.pop()
        return function

    def build(self, each: Instruction) -> None:
        name, argument = each.name, each.argument
        if name in ("BUILD_TUPLE", "BUILD_LIST"):
            self.stack.append(Several(tuple(self.pop(argument)), name == "BUILD_LIST"))
        elif name == "BUILD_SLICE":
            parts = self.pop(argument)
            self.stack.append(Cut(parts[0], parts[1], parts[2] if argument == 3 else Constant(None)))
        elif name == "BINARY_SLICE":
            owner, start, stop = self.pop(3)
            self.stack.append(Item(owner, Cut(start, stop, Constant(None))))
        elif name.startswith("SLICE_"):
            stop = self.pop() if argument_of(name) & 2 else Constant(None)
            start = self.pop() if argument_of(name) & 1 else Constant(None)
            self.stack.append(Item(self.pop(), Cut(start, stop, Constant(None))))
        elif name == "LIST_EXTEND" and argument == 1:
            owner, more = self.pop(2)
            self.stack.append(Several((*owner.items, *more.items), True))
        elif name != "LIST_TO_TUPLE":
            raise Unreadable(f"its code holds {name}, which is not followed")

    def shuffle(self, each: Instruction) -> None:
        name, argument, stack = each.name, each.argument, self.stack
        if name == "POP_TOP":
            self.pop()
        elif name == "ROT_TWO":
            stack[-1], stack[-2] = stack[-2], stack[-1]
        elif name == "ROT_THREE":
            stack.insert(-2, stack.pop())
        elif name in ("DUP_TOP", "COPY"):
            stack.append(stack[-(argument or 1)])
        elif name == "SWAP":
            stack[-1], stack[-argument] = stack[-argument], stack[-1]
        elif name == "PUSH_NULL":
            stack.append(_NULL)
        elif name == "UNPACK_SEQUENCE":
            owner = self.pop()
            items = owner.items if isinstance(owner, Several) else None
            if items is not None and len(items) != argument:
                raise IndexError
            found = items or [Item(owner, Constant(number)) for number in range(argument)]
            stack.extend(reversed(found))
        else:
            raise Unreadable(f"its code holds {name}, which is not followed")


def argument_of(name: str) -> int:
    """``SLICE_3`` -> 3: bit 1 for a start, bit 2 for a stop (Python 2.7)."""
    return int(name[-1])


def _constant(value: Any) -> Any:
    if isinstance(value, tuple):
        return Several(tuple(_constant(each) for each in value))
    if isinstance(value, slice):
        return Cut(Constant(value.start), Constant(value.stop), Constant(value.step))
    if isinstance(value, Code):
        raise Unreadable("its code makes functions")
    return Constant(value)


def _attribute(owner: Any, name: str) -> Any:
    return Name(f"{owner.dotted}.{name}") if isinstance(owner, Name) else Attribute(owner, name)


def _item(owner: Any, key: Any) -> Any:
    if isinstance(owner, Several) and isinstance(key, Constant) and isinstance(key.value, int):
        return owner.items[key.value]
    return Item(owner, key)
