"""Stored layers as items for the wiring: every reading of every layer, nested models included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infer_convert.assemble.composites import composite_reading
from infer_convert.assemble.groups import with_groups
from infer_convert.assemble.local import local_readings
from infer_convert.assemble.token_rows import with_token_rows
from infer_convert.errors import NoArchitecture
from infer_convert.facts import StoredLayer, WeightFile
from infer_convert.hints import Hints, spread, toml_value
from infer_convert.layers.card import Config, public
from infer_convert.layers.names import stem
from infer_convert.layers.recognise import BEHIND_INPUTS, FIRST_IS_INPUT, Reading, hole, is_silent, recognise, told
from infer_convert.solve.items import Item, Variant

AUTOMATIC_INPUTS = ("input", "inputlayer")
"""Stems of the names that Keras gives to inputs."""
UNLIKE = -4.0
"""Nats for an input by a name of its own beside such inputs."""


@dataclass(frozen=True, slots=True)
class Typed:
    """One stored layer with its readings, best first."""

    stored: StoredLayer
    readings: tuple[Reading, ...]

    @property
    def best(self) -> Reading:
        """The likeliest reading."""
        return self.readings[0]

    def is_input(self) -> bool:
        """Whether it is an InputLayer in its likeliest reading."""
        return self.best.class_name == "InputLayer"


def full_config(reading: Reading) -> Config:
    """What the card assumes and what the shapes fix."""
    return {**reading.card.assumed, **reading.fit.config}


Nest = Callable[[StoredLayer], Reading | None]
"""Reads a stored layer as a nested model."""


def type_layers(
    layers: Sequence[StoredLayer], facts: WeightFile, hints: Hints, nest: Nest, rare: bool = False
) -> tuple[Typed, ...]:
    """Readings of every layer; one whose tensors fit no class that we know is a hole, which passes on what it is given.
    Raises NoArchitecture when a hint demands a class that the tensors do not suit."""
    spatial = _spatial_axes(layers)
    widths = _widths(layers) if rare else frozenset()
    speaking = any(not layer.tensors and not layer.children and not is_silent(layer) for layer in layers)
    speaking = speaking and not any(stem(layer.name) in AUTOMATIC_INPUTS for layer in layers)
    typed: list[Typed] = []
    for place, layer in enumerate(layers):
        inputs = facts.lists_weightless and all(entry.is_input() for entry in typed)
        begins = FIRST_IS_INPUT if inputs and not place else BEHIND_INPUTS if inputs and speaking else 0.0
        odd = rare and not any(tensor.shape[-1:] and tensor.shape[-1] in widths for tensor in layer.tensors)
        named = composite_reading(layer, facts, hints, before=True) if layer.tensors else None
        readings = (named,) if named is not None else local_readings(layer, facts, hints)
        if not readings and not layer.children:
            readings = recognise(layer, facts.generation, facts.backend, spatial, begins, odd)
        if not readings:
            model = composite_reading(layer, facts, hints) or nest(layer)
            readings = (model,) if model is not None else (hole(layer),) if layer.tensors else ()
        pinned = hints.answer(layer.name, "class_name")
        if pinned is not None and pinned in hints.customs:
            readings = (hole(layer, str(pinned)),)
        elif pinned is not None:
            agreeing = tuple(reading for reading in readings if reading.class_name == pinned)
            readings = agreeing or told(layer, str(pinned))
        readings, refused = _as_told(readings, layer, hints)
        if refused:
            raise NoArchitecture(refused, (refused,))
        if not readings:
            shapes = ", ".join(f"{tensor.role} {tensor.shape}" for tensor in layer.all_tensors())
            cause = f"{layer.path}: the tensors {shapes or '(none)'} suit no layer class that we know"
            if pinned is not None:
                cause = f"{layer.path}: the tensors {shapes or '(none)'} do not suit a {pinned}, which a hint demands"
            raise NoArchitecture(cause, (cause,))
        typed.append(Typed(layer, readings))
    weighed = with_token_rows(with_groups([entry.readings for entry in _inputs_alike(typed)]))
    return tuple(Typed(entry.stored, readings) for entry, readings in zip(typed, weighed, strict=True))


def _as_told(
    readings: tuple[Reading, ...], layer: StoredLayer, hints: Hints
) -> tuple[tuple[Reading, ...], str]:
    """The readings whose tensors allow what the user told of the arguments that shapes fix; where there is none, the
    constraint that fails."""
    told = {field: value for (name, field), value in hints.answers.items() if name == layer.name}
    agreeing = tuple(reading for reading in readings if not _denied(reading, told))
    if agreeing or not readings:
        return agreeing, ""
    field, fixed = _denied(readings[0], told)[0], public(readings[0].fit.config)
    shapes = ", ".join(f"{tensor.role} {tensor.shape}" for tensor in layer.all_tensors())
    said = f"{layer.name}.{field} = {toml_value(told[field])} was told"
    return (), f"{said}, but the tensors {shapes} at {layer.path} make it {toml_value(fixed[field])}"


def _denied(reading: Reading, told: Mapping[str, Any]) -> list[str]:
    """The arguments that the shapes fix to something else than what was told."""
    fixed = public(reading.fit.config)
    return [
        field
        for field, value in told.items()
        if value is not None and field in fixed and toml_value(spread(value, fixed[field])) != toml_value(fixed[field])
    ]


def _inputs_alike(typed: Sequence[Typed]) -> tuple[Typed, ...]:
    """With less trust in inputs by names that say nothing where other inputs have Keras' own names: people name all of
    their inputs or none."""
    if not any(entry.is_input() and stem(entry.stored.name) in AUTOMATIC_INPUTS for entry in typed):
        return tuple(typed)
    return tuple(
        entry if entry.is_input() else replace(entry, readings=tuple(_doubted(reading) for reading in entry.readings))
        for entry in typed
    )


def _doubted(reading: Reading) -> Reading:
    return replace(reading, log_prior=reading.log_prior + UNLIKE) if reading.class_name == "InputLayer" else reading


def _widths(layers: Sequence[StoredLayer]) -> frozenset[int]:
    """Numbers of channels that some kernel takes or gives: a layer of one of them needs no unusual reading."""
    shapes = (tensor.shape for layer in layers for tensor in layer.all_tensors())
    return frozenset(length for shape in shapes if len(shape) > 1 for length in shape)


def _spatial_axes(layers: Sequence[StoredLayer]) -> tuple[int, ...]:
    ranks = {
        len(tensor.shape) - 2
        for layer in layers
        for tensor in layer.all_tensors()
        if "kernel" in tensor.role or tensor.role == "0"
    }
    return tuple(rank for rank in (1, 2, 3) if rank in ranks) or (2, 1)


def items(typed: Sequence[Typed]) -> tuple[tuple[Item, ...], tuple[tuple[int, ...], ...]]:
    """Items for the engine, and for each of their variants the number of the reading that it came from. Readings that
    are the same to the wiring are one variant, the likeliest's."""
    made = []
    origins = []
    for entry in typed:
        variants: dict[Variant, tuple[Variant, int]] = {}
        for number, reading in enumerate(entry.readings):
            for variant in reading.card.flow(full_config(reading)):
                weighed = replace(variant, log_prior=variant.log_prior + reading.log_prior)
                key = replace(variant, log_prior=0.0)
                if key not in variants or variants[key][0].log_prior < weighed.log_prior:
                    variants[key] = (weighed, number)
        made.append(Item(entry.stored.name, tuple(variant for variant, _ in variants.values())))
        origins.append(tuple(number for _, number in variants.values()))
    return tuple(made), tuple(origins)
