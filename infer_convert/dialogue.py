"""``--ask``: the questions that matter most, one after the other, each answer taken into account before the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from infer_convert.errors import NoArchitecture, UsageError
from infer_convert.facts import WeightFile
from infer_convert.hints import Hints, parse_value
from infer_convert.inference import Inference
from infer_convert.report.document import document
from infer_convert.report.questions import Ask, asks
from infer_convert.report.text import shown, visible

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
    no architecture satisfies is told and taken back. Raises NoArchitecture when nothing satisfies the given hints.
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
        skipped |= {(layer, ask.decision.field) for layer in ask.layers}
        if not answer:
            continue
        try:
            told = with_answer(hints, ask, chosen(ask, answer))
            inference = infer(facts, told)
            hints = told
        except UsageError as error:
            say(visible(str(error)))
        except NoArchitecture as error:
            say(visible(f"that contradicts the file: {error}"))
    return hints


def _next(inference: Inference, hints: Hints, skipped: set[tuple[str, str]]) -> Ask | None:
    for ask in asks(document(inference.facts, inference)):
        keys = {(layer, ask.decision.field) for layer in ask.layers}
        if not keys & skipped and not keys <= set(hints.answers):
            return ask
    return None


def spelled(ask: Ask) -> list[str]:
    """The question as lines of text."""
    more = f" and {len(ask.layers) - 1} more layers" if len(ask.layers) > 1 else ""
    lines = [visible(f"{ask.layers[0]}{more}: {ask.decision.field}?  ({ask.worth})")]
    for number, option in enumerate(ask.options[:SHOWN], 1):
        lines.append(f"  {number}. {shown(option.value)}  {option.confidence:.0%}")
    return lines + [visible(f"     {reason.because}") for reason in ask.decision.evidence[:2]]


def chosen(ask: Ask, answer: str) -> Any:
    """The value that a typed answer means: an option's number, or a TOML value. Raises UsageError.

    A number that is no option's is a value (``strides``: 7); write ``=2`` for the value 2.
    """
    if answer.startswith("="):
        return parse_value(answer[1:].strip(), "answer")
    options = ask.options[:SHOWN]
    if answer.isdecimal() and 1 <= int(answer) <= len(options):
        return options[int(answer) - 1].value
    return parse_value(answer, "answer")


def with_answer(hints: Hints, ask: Ask, value: Any) -> Hints:
    """Hints that pin one value for every layer of a question."""
    return replace(hints, answers={**hints.answers, **{(layer, ask.decision.field): value for layer in ask.layers}})
