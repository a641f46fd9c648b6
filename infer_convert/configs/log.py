"""What was changed on the way from a stored config to a plan, and how sure that leaves us."""

from __future__ import annotations

from dataclasses import dataclass, field

from infer_convert.errors import NoArchitecture

EXACT = 0.99
"""Confidence of a plan whose config needed exact rules only."""


@dataclass(slots=True)
class Log:
    """Sentences for ``Plan.rewrites``; ``guess`` also lowers the plan's confidence."""

    rewrites: dict[str, list[str]] = field(default_factory=dict)
    guesses: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    confidence: float = EXACT
    contradictions: list[NoArchitecture] = field(default_factory=list)

    def rewrite(self, layer: str, sentence: str) -> None:
        """One change; layers with the same change share a sentence in the end."""
        layers = self.rewrites.setdefault(sentence, [])
        if layer not in layers:
            layers.append(layer)

    def guess(self, layer: str, sentence: str, confidence: float) -> None:
        """A change that the file does not settle; ``confidence`` is the probability that it is right."""
        text = f"{sentence} (a guess, {confidence:.2f})"
        if text not in self.guesses:
            self.guesses.append(text)
            self.confidence *= confidence
        self.rewrite(layer, text)

    def check(self) -> None:
        """Raise what contradicts the stored tensors: all of it at once, so that one round of answers is enough."""
        if not self.contradictions:
            return
        first, *others = self.contradictions
        if not others:
            raise first
        more = f"; {len(others)} more layers contradict their tensors"
        causes = tuple(cause for error in self.contradictions for cause in error.causes)
        conflicts = tuple(conflict for error in self.contradictions for conflict in error.conflicts)
        raise NoArchitecture(f"{first}{more}", causes, conflicts)

    def sentences(self, longest: int = 8) -> tuple[str, ...]:
        """``conv_1, conv_2: sentence``, in the order of first use."""
        return tuple(f"{_shown(layers, longest)}: {sentence}" for sentence, layers in self.rewrites.items())


def _shown(layers: list[str], longest: int) -> str:
    rest = len(layers) - longest
    return ", ".join(layers[:longest]) + (f" and {rest} more" if rest > 0 else "")
