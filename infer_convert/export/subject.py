"""What is exported: a verified model, and its answers to random inputs, once for all formats."""

from __future__ import annotations

from threading import Thread
from typing import Any

from infer_convert.export.inputs import Answers, feasible_inputs
from infer_convert.facts import WeightFile
from infer_convert.plan import Plan


class Subject:
    """A Keras model with the plan it was built from and the facts of its file.

    ``answers`` are computed when they are first asked for, or beside other work from ``answer_aside`` on; until they
    are there nobody may change the model, nor what its layers do (``export/opentime.py``, ``export/silu.py``).
    """

    def __init__(self, model: Any, plan: Plan, facts: WeightFile) -> None:
        self.model, self.plan, self.facts = model, plan, facts
        self._answers: Answers | None = None
        self._thread: Thread | None = None

    def answer_aside(self) -> None:
        """Begin with the answers in a thread."""
        if self._answers is None and self._thread is None:
            self._thread = Thread(target=self._answer, daemon=True)
            self._thread.start()

    @property
    def answers(self) -> Answers:
        """Inputs and outputs, or the reason why there are none."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._answers is None:
            self._answer()
        assert self._answers is not None
        return self._answers

    def _answer(self) -> None:
        self._answers = feasible_inputs(self.model, self.plan)
