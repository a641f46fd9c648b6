"""One thing to infer: what every set hands to the runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.functional import Probes
from benchmarks.graph import Graph
from infer_convert.facts import WeightFile


@dataclass(frozen=True, slots=True)
class Loaded:
    """A case ready to be shown: facts, the truth's raw graph, the file with the numbers (None for frozen facts) and
    what the original computes (None when it cannot be built). ``config`` is given when the file stores it."""

    facts: WeightFile
    graph: Graph
    path: Path | None = None
    probes: Probes | None = None
    config: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the results. ``form`` is the file's format or generation; ``load`` is called in the worker."""

    name: str
    family: str
    split: str
    form: str
    trained: bool
    load: Callable[[], Loaded]

    @property
    def key(self) -> tuple[str, str]:
        """Unique within a set and a naming."""
        return self.name, self.form
