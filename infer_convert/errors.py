"""Every failure a user can meet, with its documented exit code.

::

    InferConvertError
    |-- UsageError            2   the request itself is wrong (an existing output folder, a malformed hint)
    |-- UnreadableFile        3   not a weight file, damaged, or a generation we do not know
    |-- NoArchitecture        4   no architecture satisfies the file; carries the failing constraints
    |-- RefusedForSafety      5   a limit or a forbidden construct; names the option that lifts it, if any
    |-- VerificationFailed    6   built, but the numbers or the order do not agree
    |   `-- WeightMismatch    6   a tensor does not fit the variable it was mapped to

Each message says what was sought, what is there instead and where.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """The exit codes of the command line, as documented in the README."""

    CONVERTED = 0
    BUG = 1
    USAGE = 2
    UNREADABLE = 3
    NO_ARCHITECTURE = 4
    REFUSED = 5
    UNVERIFIED = 6
    BELOW_CONFIDENCE = 7
    TENSORS_LEFT_OVER = 8
    SOME_FAILED = 9
    """Of ``batch``: it came to its end, but some files were not converted; the index says which and why."""


class InferConvertError(Exception):
    """Root of the tree; ``exit_code`` is what the command line returns for it."""

    exit_code: ExitCode = ExitCode.BUG


class UsageError(InferConvertError):
    """The request cannot be carried out as given."""

    exit_code = ExitCode.USAGE


class UnreadableFile(InferConvertError):
    """The input is not a weight file, is damaged, or was written by an unknown generation."""

    exit_code = ExitCode.UNREADABLE


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing that the stored config and the stored tensors say differently. ``field`` is the argument; ``tensors``
    are the paths whose shapes speak against ``config``; ``answer`` is the option under which the weights win."""

    layer: str
    field: str
    config: Any
    weights: Any
    tensors: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that a user can answer, and the option that carries the answer (its value is an example)."""

    question: str
    option: str


class NoArchitecture(InferConvertError):
    """No architecture satisfies the file.

    ``causes`` are the constraints that failed, one sentence each, for the report; ``conflicts`` those of them that are
    contradictions between a stored config and the stored shapes, as data. ``asks`` are questions whose answers may
    mend it, the most promising first.
    """

    exit_code = ExitCode.NO_ARCHITECTURE

    def __init__(
        self,
        message: str,
        causes: tuple[str, ...] = (),
        conflicts: tuple[Conflict, ...] = (),
        asks: tuple[Ask, ...] = (),
    ) -> None:
        super().__init__(message)
        self.asks = asks
        self.causes = causes
        self.conflicts = conflicts


class RefusedForSafety(InferConvertError):
    """The file asks for something we do not do for a stranger's file."""

    exit_code = ExitCode.REFUSED


class VerificationFailed(InferConvertError):
    """The model was built but does not carry the file's numbers."""

    exit_code = ExitCode.UNVERIFIED


class WeightMismatch(VerificationFailed):
    """A stored tensor has another shape or kind than the variable it was mapped to."""
