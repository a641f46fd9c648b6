"""Functional exactness: build the plan, assign the file's numbers, compare what comes out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infer_convert.facts import WeightFile
from infer_convert.plan import Plan

Probes = tuple[list[list[Any]], list[list[Any]], list[list[Any]]]
"""Inputs, outputs and logits of the original; per probe one array per input or output."""


@dataclass(frozen=True, slots=True)
class Function:
    """``built``: the plan makes a model and takes the tensors; ``bit_exact``: every variable equals its tensor and no
    tensor of the file is left over; ``logits``: equal without the output activations; ``exact``: equal with them too.
    ``error`` says in one line why there is no model."""

    built: bool = False
    bit_exact: bool = False
    logits: bool | None = None
    exact: bool | None = None
    error: str = ""


def function(plan: Plan, facts: WeightFile, store: Any, probes: Probes | None) -> Function:
    """Build, assign, verify and compare. Nothing escapes but what is a bug of the benchmark."""
    from infer_convert.build.assign import assign
    from infer_convert.build.model import build_model
    from infer_convert.build.verify import verify
    from infer_convert.errors import InferConvertError

    try:
        model = build_model(plan)
        assign(model, plan, store)
        verification = verify(model, plan, store, facts)
    except InferConvertError as error:
        return Function(error=f"{type(error).__name__}: {str(error)[:160]}")
    exact = (
        bool(verification.bit_exact)
        and not verification.unassigned
        and verification.tensors_assigned == verification.tensors_total
    )
    if probes is None:
        return Function(True, exact)
    logits, outputs = compare(model, probes)
    return Function(True, exact, logits, logits and outputs)


def compare(model: Any, probes: Probes) -> tuple[bool, bool]:
    """Whether a model's logits and outputs are the original's, under some order of its inputs and outputs."""
    from benchmarks.probe import agree, logits, outputs

    inputs, wanted, wanted_logits = probes
    for order in _orders(len(inputs[0]), len(model.inputs)):
        try:
            found = logits(model, [inputs[0][index] for index in order])
        except Exception:
            continue
        for turn in _orders(len(wanted[0]), len(found)):
            if not agree(wanted_logits[0], [found[index] for index in turn]):
                continue
            every = [[x[index] for index in order] for x in inputs]
            same = all(agree(z, _turned(logits(model, x), turn)) for x, z in zip(every, wanted_logits, strict=True))
            with_activation = all(
                agree(y, _turned(outputs(model, x), turn)) for x, y in zip(every, wanted, strict=True)
            )
            return same, with_activation
    return False, False


def _turned(arrays: Sequence[Any], order: Sequence[int]) -> list[Any]:
    return [arrays[index] for index in order]


def _orders(count: int, found: int) -> list[tuple[int, ...]]:
    if count != found:
        return []
    return list(itertools.islice(itertools.permutations(range(count)), 120))
