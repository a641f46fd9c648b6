"""What building, verifying and exporting a plan came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Verification:
    """The checks behind a conversion.

    ``bit_exact``: every variable equals its stored tensor bit for bit after the listed transforms. ``order_reproduced``
    is None when the file's order is lost. ``unassigned`` are variables that got no tensor.
    ``savedmodel_max_abs_diff`` is the largest difference between the reloaded SavedModel and the Keras model on random
    inputs, None when it was not measured. ``other_max_abs_diffs`` are the same for the other formats that were written.
    """

    tensors_assigned: int
    tensors_total: int
    bit_exact: bool
    order_reproduced: bool | None
    unassigned: tuple[str, ...] = ()
    savedmodel_max_abs_diff: float | None = None
    warnings: tuple[str, ...] = ()
    other_max_abs_diffs: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the model may be handed out: all its variables hold the file's numbers."""
        return self.bit_exact and not self.unassigned


TITLES: Mapping[str, str] = {"savedmodel": "SavedModel", "onnx": "ONNX model", "litert": "LiteRT model"}
"""What the formats that are run after writing are called."""


def compared(verification: Verification, name: str, largest: float | None, reason: str | None) -> Verification:
    """With the result of running one written format beside the Keras model."""
    warned = (f"the {TITLES[name]} was not compared: {reason}",) if reason else ()
    verification = replace(verification, warnings=(*verification.warnings, *warned))
    if name == "savedmodel":
        return replace(verification, savedmodel_max_abs_diff=largest)
    return replace(verification, other_max_abs_diffs={**verification.other_max_abs_diffs, name: largest})
