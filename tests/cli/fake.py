"""A hand-made file, its inference and its numbers, put in place of readers and solver; imports no Keras."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from infer_convert import aside
from infer_convert.errors import UnreadableFile
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.inference import Inference, LeftOver
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan, PlanLayer, Ref, WeightUse

HOSTILE = "evil\x1b[31m\u202e<script>alert(1)</script>"

NUMBERS: dict[str, np.ndarray] = {
    "/hidden/kernel": np.linspace(-1, 1, 20).reshape(4, 5).astype("float32"),
    "/hidden/bias": np.linspace(0, 1, 5).astype("float32"),
    "/out/kernel": np.linspace(-1, 1, 15).reshape(5, 3).astype("float32"),
    "/out/bias": np.zeros(3, "float32"),
}


def facts(file: str = "known.h5", left_over: bool = False) -> WeightFile:
    layers = tuple(
        StoredLayer(
            layer,
            f"/{layer}",
            tuple(
                Tensor(path, path, path.rpartition("/")[2], array.shape, str(array.dtype))
                for path, array in NUMBERS.items()
                if path.startswith(f"/{layer}/")
            ),
        )
        for layer in ("hidden", "out")
    )
    return WeightFile(file, 1000, "keras2", "legacy", "weights-only", "stored", layers, sha256="0" * 64)


def plan(activation: str = "relu", confidence: float = 0.7, **changes: Any) -> Plan:
    """``changes`` replace config entries of ``hidden``."""
    doubt = Decision(
        "activation",
        activation,
        confidence,
        Basis.INFERRED,
        (Option("tanh" if activation == "relu" else "relu", 1 - confidence),),
        (Evidence("moments", 1.2, f"the biases of {HOSTILE} look like it"),),
    )
    return Plan(
        (
            PlanLayer("features", "InputLayer", {"batch_shape": [None, 4]}),
            PlanLayer(
                "hidden",
                "Dense",
                {"units": 5, "activation": activation, **changes},
                ((Ref("features"),),),
                _uses("hidden"),
                (doubt,),
                "hidden",
            ),
            PlanLayer("out", "Dense", {"units": 3}, ((Ref("hidden"),),), _uses("out"), (), "out"),
        ),
        (Ref("features"),),
        (Ref("out"),),
        confidence,
        "mlp",
    )


def _uses(layer: str) -> tuple[WeightUse, ...]:
    return tuple(
        WeightUse(name, (f"/{layer}/{name}",), NUMBERS[f"/{layer}/{name}"].shape, "float32", name)
        for name in ("kernel", "bias")
    )


def inference(*plans: Plan, left_over: tuple[LeftOver, ...] = ()) -> Inference:
    return Inference(facts(), plans or (plan(), plan("tanh", 0.3)), left_over)


def install(
    infer: Callable[..., Inference] | None = None, numbers: dict[str, np.ndarray] | None = None
) -> dict[str, Any]:
    """Replace readers and solver in ``sys.modules``; returns what was asked of the solver."""
    asked: dict[str, Any] = {}

    def read(path: Path, digest: bool = False, limits: object = None) -> WeightFile:
        if Path(path).read_bytes() != b"weights":
            raise UnreadableFile(f"{path}: sought an HDF5 signature, found {Path(path).read_bytes()[:8]!r}")
        return facts(Path(path).name)

    class Store:
        def read(self, path: str) -> np.ndarray:
            return (numbers or NUMBERS)[path]

    @contextmanager
    def open_tensors(path: Path, limits: object = None, facts: object = None) -> Iterator[Store]:
        yield Store()

    def remembered(found: WeightFile, hints: Any, tensors: Any = None, limits: object = None) -> Inference:
        asked.update(facts=found, hints=hints)
        return infer(found, hints, tensors) if infer else inference()

    readers, solver = types.ModuleType("infer_convert.sandbox"), types.ModuleType("infer_convert.infer")
    readers.read, readers.open_tensors, solver.infer = read, open_tensors, remembered  # type: ignore[attr-defined]
    aside.worthwhile = lambda: False  # another process would know nothing of this one's solver
    sys.modules["infer_convert.sandbox"] = readers
    sys.modules["infer_convert.infer"] = solver
    return asked
