"""Whether an LSTM's forget gate started open, and with it whether its gates stand in Keras' order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from infer_convert.assemble.numbers import Numbers
from infer_convert.assemble.remembered import heard
from infer_convert.clues.numbers import gates
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan, PlanLayer
from infer_convert.solve import plain

FIELD = "unit_forget_bias"
CELLS = ("cell.", "forward_layer.cell.")
"""Where a layer keeps its variables; of the two directions of a Bidirectional the first speaks for both."""
SURE, OTHER_ORDER = 0.97, 0.6
"""29 of 29 LSTMs of strangers (FORENSICS §8), with half an error added; the other is set by hand."""
NATS, OTHER_NATS = 3.5, 0.4
"""The log-odds of the two."""


def gated(plan: Plan, numbers: Numbers) -> Plan:
    """The plan with ``unit_forget_bias`` for every LSTM of which one block of biases stands out. Raises OutOfWork."""
    return plan.with_layers(tuple(_gated(layer, numbers) for layer in plan.layers))


def _gated(layer: PlanLayer, numbers: Numbers) -> PlanLayer:
    uses = {use.variable: use for use in layer.weights}
    stem = next((each for each in CELLS if f"{each}recurrent_kernel" in uses), None)
    shape = uses[f"{stem}recurrent_kernel"].shape if stem is not None else ()
    if len(shape) != 2 or shape[1] != len(gates.GATES) * shape[0] or layer.decision(FIELD):
        return layer
    block = heard("opened", uses, f"{stem}bias", numbers.arrays, gates.opened, int, _block)
    return layer if block is None else _opened(layer, block)


def _block(said: Any) -> int:
    return plain.index(said, len(gates.GATES))


def _opened(layer: PlanLayer, block: int) -> PlanLayer:
    keras = block == gates.FORGET
    said = f"the biases of block {block + 1} of 4 ({gates.GATES[block]}, in Keras' order) stand out by their mean"
    said, nats, sure = (said, NATS, SURE) if keras else (f"{said}: another order of gates?", OTHER_NATS, OTHER_ORDER)
    evidence = (Evidence("numbers/gates", nats, said),)
    decision = Decision(FIELD, keras, sure, Basis.INFERRED, (Option(not keras, 1 - sure, same=True),), evidence)
    config = {**layer.config, FIELD: keras} if layer.class_name == "LSTM" else layer.config
    return replace(layer, config=config, decisions=(*layer.decisions, decision))
