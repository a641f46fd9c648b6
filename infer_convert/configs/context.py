"""What every rule may know about the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from infer_convert.configs.log import Log
from infer_convert.facts import Generation, WeightFile
from infer_convert.hints import Hints
from infer_convert.layers.backend import backend_of


@dataclass(frozen=True, slots=True)
class Context:
    """``version`` is the writer's (major, minor) as far as known, ``backend`` the stored or told one.

    ``ordering`` is the image layout of layers whose config does not say; ``standalone`` is Keras outside TensorFlow.
    """

    generation: Generation
    version: tuple[int, int]
    backend: str | None
    standalone: bool
    hints: Hints
    ordering: str = "channels_last"
    log: Log = field(default_factory=Log)

    @property
    def theano(self) -> bool:
        """Whether the writer computed with Theano."""
        return self.backend == "theano"

    def with_ordering(self, ordering: str) -> Context:
        """A copy with another layout for layers that name none."""
        return replace(self, ordering=ordering)


_BY_GENERATION = {"keras0": (0, 3), "keras1": (1, 2), "keras2": (2, 4), "keras3": (3, 6), "flat": (3, 6)}
"""The version taken when a file names none."""


def context_of(facts: WeightFile, hints: Hints) -> Context:
    """Version, backend and flavour of a file."""
    stored = facts.keras_version or ""
    found = re.match(r"(\d+)\.(\d+)", stored)
    version = (int(found[1]), int(found[2])) if found else _BY_GENERATION[facts.generation]
    generation = facts.generation
    if found and generation == "keras3" and version[0] == 2:
        generation = "keras2"
    log = Log()
    backend, why = backend_of(facts)
    if why:
        log.notes.append(why)
    return Context(
        generation=generation,
        version=version,
        backend=backend,
        standalone=version < (2, 4) and not stored.endswith("-tf"),
        hints=hints,
        log=log,
    )
