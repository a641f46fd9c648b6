"""Whether an Embedding in front of a recurrent layer masks its padding, by the row that stands for it."""

from __future__ import annotations

import math
from dataclasses import replace

from infer_convert.assemble.numbers import Numbers
from infer_convert.assemble.remembered import heard
from infer_convert.clues.numbers import padding
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan, PlanLayer
from infer_convert.solve import plain

FIELD = "mask_zero"


def masked(plan: Plan, numbers: Numbers) -> Plan:
    """The plan with ``mask_zero`` weighed anew wherever a habit decided it. Raises OutOfWork."""
    return plan.with_layers(tuple(_masked(layer, numbers) for layer in plan.layers))


def _masked(layer: PlanLayer, numbers: Numbers) -> PlanLayer:
    decision = layer.decision(FIELD)
    if decision is None or decision.basis is not Basis.ASSUMED:
        return layer
    uses = {use.variable: use for use in layer.weights}
    nats = heard("masked", uses, "embeddings", numbers.arrays, padding.masked, float, plain.number)
    if nats is None:
        return layer
    before = decision.confidence if decision.value else 1 - decision.confidence
    odds = before / (1 - before) * math.exp(nats)
    value, share = odds > 1, max(odds, 1.0) / (1 + odds)
    said = "stayed as Keras draws it, others did not" if nats > 0 else "was trained like others"
    evidence = Evidence("numbers/padding", nats if value else -nats, f"row 0, which stands for padding, {said}")
    changed = Decision(
        FIELD, value, share, Basis.INFERRED, (Option(not value, 1 - share),), (*decision.evidence, evidence)
    )
    decisions = tuple(changed if item is decision else item for item in layer.decisions)
    return replace(layer, config={**layer.config, FIELD: value}, decisions=decisions)
