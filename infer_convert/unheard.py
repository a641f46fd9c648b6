"""Hints that the architecture took no notice of: a name that no layer has, one input shape too many, other outputs.

A misspelt hint that does nothing would be believed to be obeyed; so the request is refused, in one line. Where layers
are supposed that the file does not list, one answer may do away with another's layer: then a note says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from infer_convert.configs import has_config
from infer_convert.errors import NoArchitecture, UsageError
from infer_convert.facts import StoredLayer
from infer_convert.hints import Hints, spread
from infer_convert.inference import Inference
from infer_convert.plan import Basis, Plan

MOST_NAMED = 5
"""Names that a message lists."""
LEFT_OUT = "none"
"""The answer of a supposed layer that is not there (``assemble/chains.py``)."""
HIDDEN = "_sum"
"""Ends the name of a sum that no list shows (``assemble/graphs.py``)."""


def check_heard(inference: Inference, hints: Hints) -> tuple[str, ...]:
    """Notes about hints that found no layer among those that are only supposed. Raises UsageError for hints about what
    is not there, NoArchitecture for outputs that are not the model's."""
    plan = inference.best
    names, notes = set(_names(inference)), []
    for (layer, field), value in hints.answers.items():
        if layer in names or value == LEFT_OUT:
            continue
        notes.append(f"the hint {layer}.{field} names no layer of the file or the model{_meant(layer, names)}")
        if inference.facts.lists_weightless and not layer.endswith(HIDDEN):
            raise UsageError(notes[-1])
    inputs = [name for name, layer in plan.walk() if layer.class_name == "InputLayer"]
    for name in hints.input_shapes:
        if name and name not in inputs:
            raise UsageError(f"the input shape of {name!r} is no input's{_meant(name, inputs)}")
    given = len(hints.input_shapes.get("", ()))
    if given > len(inputs):
        raise UsageError(f"{given} input shapes were told, and the model has {len(inputs)}: {_listed(inputs)}")
    _check_fields(plan, hints)
    _check_outputs(plan, hints)
    _check_operands(inference, hints)
    return tuple(notes)


def _check_fields(plan: Plan, hints: Hints) -> None:
    """Every answer about a layer of the model stands in its decisions, or is what the layer has anyway."""
    for name, layer in plan.walk():
        has = {**layer.config, "class_name": layer.class_name}
        for (told, field), value in hints.answers.items():
            if told != name or field in ("inbound", "batch_shape") or value is None:
                continue
            decision, same = layer.decision(field), spread(value, has.get(field)) == has.get(field)
            if not same and (decision is None or decision.basis is not Basis.USER):
                there = f"it has {has[field]!r}" if field in has else f"a {layer.class_name} is made without it"
                raise UsageError(f"the hint {name}.{field} = {value!r} cannot be obeyed: {there}")


def _check_outputs(plan: Plan, hints: Hints) -> None:
    outputs = [str(ref) for ref in plan.outputs]
    told = [*hints.outputs]
    if told and told != outputs:
        cause = f"the outputs {_listed(told)} were told, and the net that suits the file gives {_listed(outputs)}"
        raise NoArchitecture(cause, (cause,))


def _check_operands(inference: Inference, hints: Hints) -> None:
    """A stored config's wiring is read and not changed."""
    if not hints.wired or not has_config(inference.facts):
        return
    for name, layer in inference.best.walk():
        told = hints.answer(name, "inbound")
        calls = [told] if told and all(isinstance(item, str) for item in told) else told or []
        stored = [[str(ref) for ref in operands] for operands in layer.inbound]
        if told and [list(call) if not isinstance(call, str) else [call] for call in calls] != stored:
            raise UsageError(f"the hint {name}.inbound contradicts the stored config, which reads {stored}")


def _names(inference: Inference) -> Iterator[str]:
    """Of the layers of all plans and of the file, and of those inside others with their outer names."""
    for plan in inference.plans:
        yield from (name for name, _ in plan.walk())
    yield from _stored(inference.facts.layers, "")


def _stored(layers: Iterable[StoredLayer], outer: str) -> Iterator[str]:
    for layer in layers:
        yield f"{outer}{layer.name}"
        yield from _stored(layer.children, f"{outer}{layer.name}/")


def _meant(name: str, names: Iterable[str]) -> str:
    """What may have been meant, else what there is."""
    there = {each.lower(): each for each in sorted(names)}
    close = get_close_matches(name.lower(), there, 1)
    return f"; did you mean {there[close[0]]}?" if close else f" ({_listed(there.values())})"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
