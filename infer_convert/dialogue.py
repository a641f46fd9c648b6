"""``--ask``: the questions that matter most, one after the other, each answer taken into account before the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from infer_convert.errors import NoArchitecture, UsageError
from infer_convert.facts import WeightFile
from infer_convert.hints import Hints, parse_value
from infer_convert.inference import Inference
from infer_convert.report.document import document
from infer_convert.report.questions import Ask, asks
from infer_convert.report.text import pattern, visible
from infer_convert.report.units import Target

MOST = 10
"""Questions asked in one dialogue."""

SHOWN = 5
"""Options spelled out."""

Infer = Callable[[WeightFile, Hints], Inference]
Say = Callable[[str], None]
Read = Callable[[str], str]


def dialogue(facts: WeightFile, hints: Hints, infer: Infer, say: Say, read: Read) -> Hints:
    """The hints with the reader's answers added.

    ``read`` prompts for one line; an empty line skips a question, ``q`` or EOFError ends the dialogue. An answer that
    no architecture satisfies, or that is none, is told and taken back, and the question asked again. Raises
    NoArchitecture when nothing satisfies the given hints.
    """
    inference = infer(facts, hints)
    skipped: set[tuple[str, str]] = set()
    for number in range(MOST):
        ask = _next(inference, hints, skipped)
        if ask is None:
            say("no more open questions" if number or not skipped else "no open questions")
            break
        for line in spelled(ask):
            say(line)
        try:
            answer = read("number, value, Enter to skip, q to end: ").strip()
        except EOFError:
            break
        if answer == "q":
            break
        if not answer:
            skipped |= set(ask.standing.targets)
            continue
        try:
            told = with_answer(hints, chosen(ask, answer))
            inference = infer(facts, told)
            hints = told
            skipped |= set(ask.standing.targets)
        except UsageError as error:
            say(visible(str(error)))
        except NoArchitecture as error:
            say(visible(f"that contradicts the file: {error}"))
    return hints


def _next(inference: Inference, hints: Hints, skipped: set[tuple[str, str]]) -> Ask | None:
    for ask in asks(document(inference.facts, inference)):
        keys = set(ask.standing.targets)
        if not keys & skipped and not keys <= set(hints.answers):
            return ask
    return None


def spelled(ask: Ask) -> list[str]:
    """The question as lines of text."""
    lines = [visible(f"{ask.where}: {', '.join(ask.fields)}?  ({ask.worth})")]
    for number, option in enumerate(ask.options[:SHOWN], 1):
        lines.append(f"  {number}. {pattern(option.by_layer)}  {option.confidence:.0%}")
    return lines + [visible(f"     {reason.because}") for reason in ask.decision.evidence[:2]]


def chosen(ask: Ask, answer: str) -> Mapping[Target, Any]:
    """The values that a typed answer means, by layer and field: those of an option's number, a TOML value for all the
    layers, a table of fields (``{pool_size = 3, strides = 2}``), or one of layers (``{conv3 = 2}``). Raises UsageError.

    A number that is no option's is a value (``strides``: 7); write ``=2`` for the value 2.
    """
    options = ask.options[:SHOWN]
    if answer.isdecimal() and 1 <= int(answer) <= len(options):
        return options[int(answer) - 1].answers
    value = parse_value(answer.removeprefix("=").strip(), "answer")
    if isinstance(value, Mapping) and set(value) <= set(ask.layers):
        return {target: each for layer, told in value.items() for target, each in _of(ask, told, layer).items()}
    return _of(ask, value)


def _of(ask: Ask, value: Any, layer: str | None = None) -> dict[Target, Any]:
    """What a value says of one layer, or of all."""
    targets = [target for target in ask.standing.targets if layer in (None, target[0])]
    if isinstance(value, Mapping) and set(value) <= set(ask.fields):
        return {(name, field): value[field] for name, field in targets if field in value}
    if len(ask.fields) > 1 or isinstance(value, Mapping):
        wanted = " or ".join([*ask.fields, *ask.layers[:2]])
        raise UsageError(f"answer: expected a number from the list, or a table of {wanted}, found {value!r}")
    return dict.fromkeys(targets, value)


def with_answer(hints: Hints, values: Mapping[Target, Any]) -> Hints:
    """Hints that pin these values too."""
    return replace(hints, answers={**hints.answers, **values})
