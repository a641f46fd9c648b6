"""The fixtures and what their originals computed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fixtures.make import FOLDER, probe

TOLERANCE = 1e-5


@dataclass(frozen=True)
class Original:
    """A weight file, and the truth beside it."""

    path: Path
    truth: dict[str, Any]

    @property
    def inputs(self) -> list[np.ndarray]:
        return probe(self.truth["inputs"])

    @property
    def answers(self) -> np.ndarray:
        return np.array(self.truth["output"]["values"]).reshape(self.truth["output"]["shape"])

    def differs(self, model: Any) -> float:
        """Largest difference between the model's and the original's answers; infinite where the shapes differ."""
        given = self.inputs
        try:
            found = keras.ops.convert_to_numpy(model(given[0] if len(given) == 1 else given, training=False))
        except ValueError:
            return float("inf")
        return float(np.abs(found - self.answers).max()) if found.shape == self.answers.shape else float("inf")

    def computes(self, model: Any) -> bool:
        return self.differs(model) < TOLERANCE


def original(name: str) -> Original:
    """By name without suffix: ``cnn.tf_keras``."""
    (path,) = (path for path in (FOLDER / f"{name}.h5", FOLDER / f"{name}.weights.h5") if path.exists())
    return Original(path, json.loads((FOLDER / f"{name}.truth.json").read_text(encoding="utf-8")))


NAMES = tuple(sorted(path.name.removesuffix(".truth.json") for path in FOLDER.glob("*.truth.json")))
