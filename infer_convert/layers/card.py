"""What a layer card says.

A card is the one place that knows a Keras class: which tensors it owns (``fits``), what it does to ranks and channels
(``flow``, for the wiring), what it does to shapes (``shape``, for the sizes), which settings it could have
(``choices``) and what its automatic name looks like. Cards are data and small functions; they never import Keras.

Shapes are tuples without the batch axis, channels last, None for an unknown length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infer_convert.facts import Generation, Tensor
from infer_convert.plan import WeightUse
from infer_convert.solve.items import Variant

Shape = tuple[int | None, ...]
Config = Mapping[str, Any]
RARE = "_rare"
"""A private entry of a config: choices that are too unusual to be tried otherwise are wanted too."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The tensors of one stored layer by role, and what the generation makes of them."""

    roles: Mapping[str, Tensor]
    generation: Generation = "keras2"
    backend: str | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """Stored tensors read as one layer.

    ``config`` are the arguments that the shapes fix, ``uses`` the variables they fill. ``log_odds`` is how much less
    usual this reading is than the plainest reading of the same shapes, in nats (0 or negative). ``notes`` are sentences
    for the report.
    """

    config: Config
    uses: tuple[WeightUse, ...] = ()
    log_odds: float = 0.0
    notes: tuple[str, ...] = ()


def same_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    """The result has the operand's shape."""
    return shapes[0]


def no_choices(config: Config) -> tuple[Config, ...]:
    """Nothing about this layer's sizes is open."""
    return ({},)


def public(config: Config) -> dict[str, Any]:
    """Keras constructor arguments: a card's private entries start with an underscore."""
    return {key: value for key, value in config.items() if not key.startswith("_")}


def plain_flow(config: Config) -> tuple[Variant, ...]:
    """One operand, everything passed on."""
    return (Variant(label=""),)


@dataclass(frozen=True, slots=True)
class Card:
    """One Keras 3 layer class.

    ``stems`` are automatic names beside the lower-cased class name (Keras 1 spelled some classes differently);
    ``words`` are what people write in hand-given names, each with its weight in nats. ``fits`` is None for a layer
    without weights; ``rare`` are readings so unusual that they are tried only when the file has none without them.
    ``shape`` returns None when the operands do not suit. ``assumed`` are arguments that the file
    never fixes, with the value to take when nothing else is known (the Keras default unless said otherwise). ``finish``
    turns a complete config into Keras' constructor arguments.
    """

    class_name: str
    stems: tuple[str, ...] = ()
    words: tuple[tuple[str, float], ...] = ()
    fits: Callable[[Stored], tuple[Fit, ...]] | None = None
    rare: Callable[[Stored], tuple[Fit, ...]] | None = None
    flow: Callable[[Config], tuple[Variant, ...]] = plain_flow
    shape: Callable[[Config, tuple[Shape, ...]], Shape | None] = same_shape
    choices: Callable[[Config], tuple[Config, ...]] = no_choices
    assumed: Config = field(default_factory=dict)
    finish: Callable[[Config], dict[str, Any]] = public

    @property
    def stem(self) -> str:
        """The class name as it stands in automatic names, underscores removed."""
        return self.class_name.lower()


def use(variable: str, tensor: Tensor, *transforms: str, shape: tuple[int, ...] | None = None) -> WeightUse:
    """One stored tensor as one variable."""
    role = variable.rpartition(".")[2]
    return WeightUse(variable, (tensor.path,), shape or tensor.shape, tensor.dtype, role, transforms)


def plain_uses(found: Mapping[str, Tensor], prefix: str = "") -> tuple[WeightUse, ...]:
    """Every tensor as the variable of the same name."""
    return tuple(use(prefix + name, tensor) for name, tensor in found.items())


def own_uses(roles: Mapping[str, Tensor]) -> tuple[WeightUse, ...]:
    """The tensors of a class of the user's own: by attribute where the file says so (``kernel``; ``fc/0``, the first
    variable of its layer ``fc``), by their order (``ordered.0``) where inner layers have names of their own."""
    named = not any("/" in role for role in roles)
    numbered = all(role.rpartition("/")[2].isdigit() for role in roles)
    if named or numbered:
        return tuple(use(role.replace("/", "."), tensor) for role, tensor in roles.items())
    return tuple(use(f"ordered.{number}", tensor) for number, tensor in enumerate(roles.values()))


def layout(roles: Mapping[str, Tensor], *names: str, optional: tuple[str, ...] = ()) -> dict[str, Tensor] | None:
    """The tensors of ``roles`` under their proper names, or None when they are not exactly these.

    Positional roles (``0``, ``1`` …) are named in the order of ``names`` and ``optional``; named roles must be all of
    ``names`` and none beyond ``optional``.
    """
    if not roles:
        return None
    wanted = (*names, *optional)
    if all(role.isdigit() for role in roles):
        ordered = [roles[role] for role in sorted(roles, key=int)]
        if not len(names) <= len(ordered) <= len(wanted):
            return None
        return dict(zip(wanted, ordered, strict=False))
    if not set(names) <= set(roles) <= set(wanted):
        return None
    return {name: roles[name] for name in wanted if name in roles}


def within(roles: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``roles`` without the folder that all of them share (``lstm_cell/kernel`` -> ``kernel``)."""
    current = dict(roles)
    while current and all("/" in role for role in current):
        heads = {role.partition("/")[0] for role in current}
        if len(heads) != 1:
            break
        current = {role.partition("/")[2]: tensor for role, tensor in current.items()}
    return current
