"""What building, verifying and exporting a plan came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verification:
    """The checks behind a conversion.

    ``bit_exact``: every variable equals its stored tensor bit for bit after the listed transforms. ``order_reproduced``
    is None when the file's order is lost. ``unassigned`` are variables that got no tensor.
    ``savedmodel_max_abs_diff`` is the largest difference between the reloaded SavedModel and the Keras model on random
    inputs, None when it was not measured.
    """

    tensors_assigned: int
    tensors_total: int
    bit_exact: bool
    order_reproduced: bool | None
    unassigned: tuple[str, ...] = ()
    savedmodel_max_abs_diff: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the model may be handed out: all its variables hold the file's numbers."""
        return self.bit_exact and not self.unassigned
