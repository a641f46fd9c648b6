"""Instructions of a code object, by name, for every Python from 2.7 to 3.13.

Source: ``Lib/opcode.py`` and ``Doc/library/dis.rst`` of each version; only what straight-line code needs is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infer_convert.configs.code.marshalled import Code, Unreadable

Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Instruction:
    """``name`` as ``dis`` spells it (``op_58`` where it is not named here) and its argument."""

    name: str
    argument: int


def _table(text: str) -> dict[int, str]:
    return {int(number): name for name, number in (word.split("=") for word in text.split())}


_OLD = _table(
    """
    POP_TOP=1 ROT_TWO=2 ROT_THREE=3 DUP_TOP=4 NOP=9 UNARY_POSITIVE=10 UNARY_NEGATIVE=11 UNARY_NOT=12 BINARY_POWER=19
    BINARY_MATRIX_MULTIPLY=16 BINARY_MULTIPLY=20 BINARY_DIVIDE=21 BINARY_MODULO=22 BINARY_ADD=23 BINARY_SUBTRACT=24
    BINARY_SUBSCR=25 BINARY_FLOOR_DIVIDE=26 BINARY_TRUE_DIVIDE=27 INPLACE_FLOOR_DIVIDE=28 INPLACE_TRUE_DIVIDE=29
    INPLACE_ADD=55 INPLACE_SUBTRACT=56 INPLACE_MULTIPLY=57 INPLACE_DIVIDE=58 INPLACE_POWER=67 LIST_TO_TUPLE=82
    RETURN_VALUE=83 UNPACK_SEQUENCE=92 LOAD_CONST=100 LOAD_NAME=101 BUILD_TUPLE=102 BUILD_LIST=103 BUILD_MAP=105
    LOAD_ATTR=106 COMPARE_OP=107 IMPORT_NAME=108 IMPORT_FROM=109 LOAD_GLOBAL=116 LOAD_FAST=124 STORE_FAST=125
    CALL_FUNCTION=131 BUILD_SLICE=133 LOAD_CLOSURE=135 LOAD_DEREF=136 STORE_DEREF=137 CALL_FUNCTION_KW=141
    EXTENDED_ARG=144 BUILD_CONST_KEY_MAP=156 LOAD_METHOD=160 CALL_METHOD=161 LIST_EXTEND=162
    """
)
_PYTHON_2 = {**_OLD, 145: "EXTENDED_ARG", 144: "op_144",
             **_table("SLICE_0=30 SLICE_1=31 SLICE_2=32 SLICE_3=33")}  # fmt: skip
_NEWER = {
    **{number: name for number, name in _OLD.items() if not name.startswith(("INPLACE_", "BINARY_", "ROT_", "DUP_",
       "CALL_", "LIST_TO"))},
    **_table(
        """
        CACHE=0 PUSH_NULL=2 BINARY_SUBSCR=25 SWAP=99 COPY=120 BINARY_OP=122 MAKE_CELL=135 LOAD_CLOSURE=136
        LOAD_DEREF=137 STORE_DEREF=138 COPY_FREE_VARS=149 RESUME=151 LOAD_METHOD=160 PRECALL=166 CALL=171 KW_NAMES=172
        LIST_TO_TUPLE=82
        """
    ),
}  # fmt: skip
_3_12 = {**_NEWER, **_table("BINARY_SLICE=26 RETURN_CONST=121 LOAD_FAST_CHECK=127 CALL_INTRINSIC_1=173")}
_3_13 = _table(
    """
    CACHE=0 BINARY_SLICE=4 BINARY_SUBSCR=5 NOP=30 POP_TOP=32 PUSH_NULL=34 RETURN_VALUE=36 UNARY_NEGATIVE=42
    UNARY_NOT=43 BINARY_OP=45 BUILD_CONST_KEY_MAP=46 BUILD_LIST=47 BUILD_MAP=48 BUILD_SLICE=50 BUILD_TUPLE=52 CALL=53
    CALL_INTRINSIC_1=55 CALL_KW=57 COMPARE_OP=58 COPY=61 COPY_FREE_VARS=62 EXTENDED_ARG=71 IMPORT_FROM=74
    IMPORT_NAME=75 LIST_EXTEND=81 LOAD_ATTR=82 LOAD_CONST=83 LOAD_DEREF=84 LOAD_FAST=85 LOAD_FAST_CHECK=87
    LOAD_FAST_LOAD_FAST=88 LOAD_GLOBAL=91 LOAD_NAME=92 MAKE_CELL=94 RETURN_CONST=103 STORE_DEREF=109 STORE_FAST=110
    STORE_FAST_LOAD_FAST=111 STORE_FAST_STORE_FAST=112 SWAP=115 UNPACK_SEQUENCE=117 RESUME=149
    """
)

TABLES: dict[Version, dict[int, str]] = {
    (2, 7): _PYTHON_2, (3, 5): _OLD, (3, 6): _OLD, (3, 11): _NEWER, (3, 12): _3_12, (3, 13): _3_13,
}  # fmt: skip
"""By the first Python with these numbers and this width of an instruction."""


def version_of(code: Code) -> Version:
    """The Python family that wrote a code object, from its layout and its instructions."""
    if code.layout == (2, 7):
        return (2, 7)
    if code.layout == (3, 11):
        words = list(zip(code.body[::2], code.body[1::2], strict=False))
        if (151, 0) not in words[: 4 + len(code.cells)]:
            return (3, 13)
        return (3, 11) if _is_3_11(words) else (3, 12)
    if len(code.body) % 2 == 0 and code.body[-2] == 83 and all(op in _OLD for op in code.body[::2]):
        return (3, 6)
    return (3, 5) if code.layout == (3, 0) else (3, 6)


def _is_3_11(words: list[tuple[int, int]]) -> bool:
    """PRECALL and LOAD_METHOD went with 3.12; LOAD_ATTR keeps 4 cache words in 3.11 and 9 in 3.12, BINARY_SUBSCR 4
    and 1; a constant is returned in one instruction from 3.12 on."""
    for number, (op, _) in enumerate(words):
        if op in (166, 160):
            return True
        if op in (121, 26, 127):
            return False
        if op in (106, 25):
            caches = 0
            for follower, _ in words[number + 1 :]:
                if follower:
                    break
                caches += 1
            return caches == 4
    return True


def instructions(code: Code) -> tuple[Version, tuple[Instruction, ...]]:
    """The version and every instruction, EXTENDED_ARG and CACHE folded away; Unreadable when the bytes do not fit."""
    version = version_of(code)
    return version, tuple(_decoded(code.body, version))


def _decoded(body: bytes, version: Version) -> Iterator[Instruction]:
    table = TABLES[version]
    wide = version >= (3, 6)
    at, extended = 0, 0
    while at < len(body):
        op = body[at]
        argument = 0
        if wide:
            if at + 1 >= len(body):
                raise Unreadable("half an instruction at the end")
            argument, at = extended << 8 | body[at + 1], at + 2
        elif op >= 90:
            if at + 2 >= len(body):
                raise Unreadable("half an instruction at the end")
            argument, at = extended << 16 | body[at + 1] | body[at + 2] << 8, at + 3
        else:
            at += 1
        name = table.get(op, f"op_{op}")
        if name == "EXTENDED_ARG":
            extended = argument
            continue
        extended = 0
        if name not in ("CACHE", "NOP", "RESUME", "PRECALL", "MAKE_CELL", "COPY_FREE_VARS"):
            yield Instruction(name, argument)


def listing(code: Code, longest: int = 60) -> tuple[str, ...]:
    """A disassembly for people: ``LOAD_FAST x``, ``LOAD_CONST 127.5``, ``BINARY_TRUE_DIVIDE``, ..."""
    version, found = instructions(code)
    lines = [_shown(each, code, version) for each in found[:longest]]
    return (*lines, *(["..."] if len(found) > longest else []))


def _shown(each: Instruction, code: Code, version: Version) -> str:
    words: tuple[object, ...] = ()
    number = each.argument
    if each.name in ("LOAD_CONST", "RETURN_CONST", "KW_NAMES"):
        words = code.constants
    elif each.name in ("LOAD_FAST", "STORE_FAST", "LOAD_FAST_CHECK"):
        words = code.locals
    elif each.name in ("LOAD_DEREF", "STORE_DEREF", "LOAD_CLOSURE"):
        words = code.cells
    elif each.name in ("LOAD_GLOBAL", "LOAD_ATTR", "LOAD_METHOD", "LOAD_NAME", "IMPORT_NAME", "IMPORT_FROM"):
        words, number = code.names, name_index(each, version)
    if words:
        said = words[number] if number < len(words) else "?"
        shown = f"<code {said.name}>" if isinstance(said, Code) else said if words is not code.constants else repr(said)
        return f"{each.name} {shown}"[:100]
    return f"{each.name} {number}" if number else each.name


def name_index(each: Instruction, version: Version) -> int:
    """The place in ``names``: LOAD_GLOBAL keeps a flag in the lowest bit since 3.11, LOAD_ATTR since 3.12."""
    if (each.name == "LOAD_GLOBAL" and version >= (3, 11)) or (each.name == "LOAD_ATTR" and version >= (3, 12)):
        return each.argument >> 1
    return each.argument
