"""The order in which Keras lists the layers of a functional model.

Source: ``map_graph`` in Keras 3.15 ``keras/src/ops/function.py`` (the same since Keras 1): layers sorted by falling
depth, where an output that feeds nothing has depth 0 and every layer lies one deeper than its deepest consumer; ties
follow a depth-first walk from the outputs that numbers each layer when first met, operands in order.
"""

from __future__ import annotations

from collections.abc import Sequence

from infer_convert.solve.items import Call

Operands = Sequence[Sequence[Sequence[Call]]]


def keras_order(operands: Operands, outputs: Sequence[Call]) -> list[int]:
    """Items in Keras' order. ``operands[i][c]`` are the operands of call ``c`` of item ``i``.

    Items that no output depends on are left out. Runs in time linear in the number of operands, without recursion.
    """
    met: dict[int, int] = {}
    finished: list[Call] = []
    done: set[Call] = set()
    stack: list[tuple[Call, int]] = []
    for output in outputs:
        stack.append((output, 0))
        while stack:
            call, position = stack.pop()
            if position == 0:
                if call in done:
                    continue
                done.add(call)
                met.setdefault(call[0], len(met))
            inbound = operands[call[0]][call[1]] if operands[call[0]] else ()
            if position < len(inbound):
                stack.append((call, position + 1))
                if inbound[position] not in done:
                    stack.append((inbound[position], 0))
            else:
                finished.append(call)
    depth: dict[Call, int] = {}
    item_depth: dict[int, int] = {}
    for call in reversed(finished):
        here = max(depth.setdefault(call, 0), item_depth.get(call[0], 0))
        depth[call] = item_depth[call[0]] = here
        inbound = operands[call[0]][call[1]] if operands[call[0]] else ()
        for operand in inbound:
            depth[operand] = max(here + 1, depth.get(operand, 0))
    return sorted(met, key=lambda item: (-item_depth[item], met[item]))


def reproduces(operands: Operands, outputs: Sequence[Call]) -> bool:
    """Whether Keras would list the items exactly as 0, 1, 2 …"""
    return keras_order(operands, outputs) == list(range(len(operands)))
