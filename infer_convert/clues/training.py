"""What a stored training configuration says: the loss that a net was compiled with tells what its outputs compute.

``training_config`` is JSON that Keras wrote beside the weights (Keras 1 and 2: ``{"loss": ...}``, a name, one per
output or a mapping from output names; tf.keras ≥ 2.2 and Keras 3: also ``{"class_name": ..., "config":
{"from_logits": ...}}``). Nothing of it is executed. The shares are set by hand: people who change an
output change its loss with it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infer_convert.plan import Evidence

Shares = Mapping[str, float]

_CLASSES: Shares = {"softmax": 0.94, "sigmoid": 0.03, "linear": 0.02}
_BINARY: Shares = {"sigmoid": 0.94, "softmax": 0.04, "linear": 0.01}
_NUMBERS: Shares = {"linear": 0.8, "sigmoid": 0.08, "tanh": 0.06, "relu": 0.04, "softmax": 0.01}
_LOGITS: Shares = {"linear": 0.985, "softmax": 0.005, "sigmoid": 0.005}
_MARGIN: Shares = {"linear": 0.6, "tanh": 0.3, "softmax": 0.06, "sigmoid": 0.03}
_COUNTS: Shares = {"exponential": 0.3, "linear": 0.25, "relu": 0.2, "softplus": 0.2}
_MASKS: Shares = {"sigmoid": 0.85, "softmax": 0.13, "linear": 0.01}
LOSSES: Mapping[str, Shares] = {
    **dict.fromkeys(("categoricalcrossentropy", "sparsecategoricalcrossentropy", "categoricalfocalcrossentropy",
                     "kldivergence", "kullbackleiblerdivergence", "kld", "ctc"), _CLASSES),
    **dict.fromkeys(("binarycrossentropy", "binaryfocalcrossentropy", "bce"), _BINARY),
    **dict.fromkeys(("meansquarederror", "mse", "meanabsoluteerror", "mae", "huber", "huberloss", "logcosh",
                     "meanabsolutepercentageerror", "mape", "meansquaredlogarithmicerror", "msle"), _NUMBERS),
    **dict.fromkeys(("hinge", "squaredhinge", "categoricalhinge"), _MARGIN),
    "poisson": _COUNTS,
    **dict.fromkeys(("dice", "diceloss", "dicecoefloss", "dicecoefficientloss", "jaccardloss", "iouloss", "tversky",
                     "bcediceloss"), _MASKS),
}  # fmt: skip
"""Loss, in lower case and without underscores -> shares of the output's activation. What is not named has the rest."""
_FROM_LOGITS = (_CLASSES, _BINARY)


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of one output as the file names it."""

    name: str
    from_logits: bool = False

    def shares(self) -> Shares | None:
        """Shares of the output's activation; None for a loss that says nothing to us."""
        found = LOSSES.get(re.sub(r"[\W_]", "", self.name).lower())
        return _LOGITS if self.from_logits and found in _FROM_LOGITS else found


def loss_of(training: Mapping[str, Any] | None, output: str, number: int, count: int) -> Loss | None:
    """The loss of one of ``count`` outputs, by its name or its number; None where the file says none."""
    stored = (training or {}).get("loss")
    config = (training or {}).get("compile_config")
    if stored is None and isinstance(config, Mapping):
        stored = config.get("loss")
    if isinstance(stored, Mapping) and "class_name" not in stored:
        stored = stored.get(output)
    elif isinstance(stored, Sequence) and not isinstance(stored, str):
        stored = stored[number] if len(stored) == count else None
    return _loss(stored)


def _loss(stored: object) -> Loss | None:
    if isinstance(stored, str):
        return Loss(stored)
    if not isinstance(stored, Mapping):
        return None
    name, config = stored.get("class_name"), stored.get("config")
    if name == "function" and isinstance(config, str):
        return Loss(config)
    if not isinstance(name, str):
        return None
    settings = config if isinstance(config, Mapping) else {}
    if name == "LossFunctionWrapper" and isinstance(settings.get("fn"), str):
        name = settings["fn"]
    return Loss(name, settings.get("from_logits") is True)


def revised(shares: Shares, loss: Loss, because: str) -> tuple[dict[str, float], Evidence] | None:
    """Shares of an output's activation once its loss is known, and why; ``because`` is what spoke before. None when
    the loss says nothing."""
    said = loss.shares()
    if said is None:
        return None
    rest = max(1e-3, 1.0 - math.fsum(said.values()))
    names = dict.fromkeys((*shares, *said))
    likely = {name: max(shares.get(name, 0.0), 0.005) * said.get(name, rest / 10) for name in names}
    total = math.fsum(likely.values())
    after = {name: value / total for name, value in likely.items()}
    best = max(after, key=lambda name: after[name])
    prior = max(shares.get(best, 0.0), 0.005)
    nats = math.log(after[best] / max(1e-9, 1 - after[best])) - math.log(prior / max(1e-9, 1 - prior))
    spoken = f"the file was compiled with the loss {loss.name}" + (" from logits" if loss.from_logits else "")
    return after, Evidence("training", nats, f"{spoken}; beside that, {because}")
