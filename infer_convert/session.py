"""The Python side of the review loop: infer, look, answer, build."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infer_convert import inference as base
from infer_convert.hints import Hints, parse_set
from infer_convert.plan import Plan
from infer_convert.report.document import document
from infer_convert.report.questions import Ask, asks
from infer_convert.unheard import check_heard

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, slots=True)
class Inference(base.Inference):
    """What was inferred from one weight file, the best plan first.

    ``best`` is the plan that ``build`` builds, ``alternatives`` are the others. ``hints`` are the answers it rests on;
    ``with_hints`` infers again with more of them, without reading the facts again.
    """

    path: Path | None = None
    hints: Hints = field(default_factory=Hints)

    @property
    def alternatives(self) -> tuple[Plan, ...]:
        """The next best whole models, each with its ``confidence``."""
        return self.plans[1:]

    @property
    def confidence(self) -> float:
        """Probability that the best plan computes what the lost original did."""
        return self.best.confidence

    @property
    def graph(self) -> networkx.MultiDiGraph:
        """The best plan's calls as nodes ``(layer, call)`` and operands as edges with ``slot`` and ``tensor``."""
        return self.best.graph()

    @property
    def questions(self) -> tuple[Ask, ...]:
        """The open questions, those that matter most first."""
        return asks(document(self.facts, self))

    def summary(self, verbose: bool = False) -> str:
        """The text that the command line prints."""
        from rich.console import Console

        from infer_convert.report.terminal import print_summary

        console = Console(file=io.StringIO(), width=120, highlight=False)
        print_summary(document(self.facts, self), console, verbose)
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()

    def with_hints(
        self,
        answers: Hints | Mapping[str | tuple[str, str], Any] | None = None,
        *,
        input_shape: Sequence[int | None] | Mapping[str, Sequence[int | None]] | None = None,
        outputs: Sequence[str] = (),
    ) -> Inference:
        """Infer again with more answers: ``{"conv2d_1.strides": [2, 2]}``, ``{("add_3", "inbound"): [...]}``, or Hints
        that replace all that were given.

        Raises UsageError for a key that is not LAYER.FIELD or whose layer is not there, NoArchitecture when the answers
        contradict the file.
        """
        hints = answers if isinstance(answers, Hints) else _more(self.hints, answers or {})
        if isinstance(input_shape, Mapping):
            shapes = {name: (tuple(shape),) for name, shape in input_shape.items()}
            hints = replace(hints, input_shapes={**hints.input_shapes, **shapes})
        elif input_shape is not None:
            hints = replace(hints, input_shapes={**hints.input_shapes, "": (tuple(input_shape),)})
        if outputs:
            hints = replace(hints, outputs=tuple(outputs))
        return _inferred(self.facts, self.path, hints)

    def build(self, rank: int = 1) -> Any:
        """The Keras model of the plan number ``rank`` (from 1), with the file's weights; imports TensorFlow.

        Raises NoArchitecture when it cannot be built, VerificationFailed when the numbers would not be the file's.
        """
        from infer_convert.build.engine import start
        from infer_convert.pipeline import build
        from infer_convert.sandbox import open_tensors

        if self.path is None:
            raise ValueError("this inference knows no file to take the weights from")
        start()
        with open_tensors(self.path, facts=self.facts) as store:
            return build(self.plans[rank - 1], self.facts, store, rank=rank).model

    def _repr_html_(self) -> str:
        """For notebooks: the whole report in a frame of its own, cut off from the notebook's page."""
        from infer_convert.report.html import page

        inside = html.escape(page(document(self.facts, self)), quote=True)
        return f'<iframe sandbox="allow-scripts" width="100%" height="700" srcdoc="{inside}"></iframe>'


def _more(hints: Hints, answers: Mapping[str | tuple[str, str], Any]) -> Hints:
    found = dict(hints.answers)
    for key, value in answers.items():
        found[key if isinstance(key, tuple) else parse_set(f"{key}=0")[0]] = value
    return replace(hints, answers=found)


def infer(path: str | Path, hints: Hints | None = None) -> Inference:
    """Read a weight file and infer its architecture; imports no TensorFlow and writes nothing.

    Raises UsageError when there is no such file, UnreadableFile when it is no weight file, RefusedForSafety when it
    asks for too much, NoArchitecture when nothing satisfies it.
    """
    from infer_convert.pipeline import inspect

    return _inferred(inspect(Path(path)), Path(path), hints or Hints())


def _inferred(facts: Any, path: Path | None, hints: Hints) -> Inference:
    from infer_convert.infer import infer as solve
    from infer_convert.sandbox import open_tensors

    if path is None:
        found = solve(facts, hints)
    else:
        with open_tensors(path, facts=facts) as store:
            found = solve(facts, hints, store)
    notes = (*found.notes, *check_heard(found, hints))
    return Inference(found.facts, found.plans, found.left_over, notes, found.wholes, path, hints)
