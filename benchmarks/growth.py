"""Read -> plans against the number of layers: chains, repeated blocks, the largest applications; processor time.

``again`` is a second inference of the same facts in which the first one's doubtful answers are given as hints.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.sets import applications
from infer_convert.errors import InferConvertError
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints
from infer_convert.infer import infer

COLUMNS = ("net", "layers", "library", "found", "seconds", "milliseconds_per_layer", "again")
SIZES = (50, 100, 200, 400, 800, 1500, 3000)
APPLICATIONS = ("ResNet50", "DenseNet201", "EfficientNetB7", "InceptionResNetV2", "NASNetMobile")
DOUBTFUL = 0.9
"""Decisions below this are given as hints the second time."""


def run() -> Iterator[dict[str, str]]:
    """One row per net."""
    infer(chain(10), Hints())  # what is loaded once does not count
    for size in SIZES:
        yield _row("chain", chain(size), True)
    for size in SIZES:
        yield _row("residual blocks", residual(size), True)
    wanted = {f"{name}-top" for name in APPLICATIONS}
    for item in applications.items("kept"):
        if item.name in wanted and item.form == "keras3":
            facts = item.load().facts
            yield _row(item.name, facts, True)
            yield _row(item.name, facts, False)


def _row(name: str, facts: WeightFile, library: bool) -> dict[str, str]:
    started = time.process_time()
    again = ""
    try:
        plans = infer(facts, Hints(library=library)).plans
        seconds = time.process_time() - started
        answers = {
            (layer.name, decision.field): decision.value
            for _, layer in plans[0].walk()
            for decision in layer.decisions
            if decision.confidence < DOUBTFUL
        }
        started = time.process_time()
        infer(facts, Hints(answers=answers, library=library))
        again = f"{(time.process_time() - started) / seconds:.2f}"
    except InferConvertError:
        plans, seconds = (), time.process_time() - started
    count = len(facts.layers)
    return {
        "net": name,
        "layers": str(count),
        "library": str(int(library)),
        "found": str(int(bool(plans))),
        "seconds": f"{seconds:.2f}",
        "milliseconds_per_layer": f"{1000 * seconds / count:.2f}",
        "again": again,
    }


def chain(count: int, units: int = 64) -> WeightFile:
    """``count`` Dense layers in a row behind an input."""
    layers = [StoredLayer("input", "/layers/input", ())]
    layers += [_layer(f"dense_{number}", ("kernel", (units, units)), ("bias", (units,))) for number in range(count)]
    return _file(layers)


def residual(count: int, units: int = 16) -> WeightFile:
    """About ``count`` layers in residual blocks of two convolutions with normalisation."""
    layers = [StoredLayer("input", "/layers/input", ()), _convolution("conv2d_0", 3, units)]
    number = 0
    while len(layers) < count - 2:
        for half in range(2):
            number += 1
            layers += [_convolution(f"conv2d_{number}", units, units), _normalisation(number, units)]
            layers += [_layer(f"activation_{number}")] if half == 0 else []
        layers += [_layer(f"add_{number // 2}"), _layer(f"activation_{number}")]
    layers += [_layer("global_average_pooling2d"), _layer("dense", ("kernel", (units, 10)), ("bias", (10,)))]
    return _file(layers)


def _convolution(name: str, wide: int, units: int) -> StoredLayer:
    return _layer(name, ("kernel", (3, 3, wide, units)), ("bias", (units,)))


def _normalisation(number: int, units: int) -> StoredLayer:
    roles = ("gamma", "beta", "moving_mean", "moving_variance")
    return _layer(f"batch_normalization_{number}", *((role, (units,)) for role in roles))


def _layer(name: str, *tensors: tuple[str, tuple[int, ...]]) -> StoredLayer:
    made = [
        Tensor(f"/layers/{name}/vars/{number}", str(number), role, shape, "float32")
        for number, (role, shape) in enumerate(tensors)
    ]
    return StoredLayer(name, f"/layers/{name}", tuple(made), key=name)


def _file(layers: list[StoredLayer]) -> WeightFile:
    return WeightFile("grown.weights.h5", 0, "keras3", "v3", "weights-only", "insertion", tuple(layers))
