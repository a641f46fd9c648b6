"""What a model answers, computed once and beside other work."""

from __future__ import annotations

import numpy as np
import pytest

from infer_convert.export import subject as module
from infer_convert.export.subject import Subject
from tests.build.zoo import mlp
from tests.export.test_export import built


@pytest.mark.parametrize("aside", [True, False])
def test_the_model_is_asked_once(aside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    model, plan, _, facts = built(mlp)
    asked, real = [], module.feasible_inputs
    monkeypatch.setattr(module, "feasible_inputs", lambda *given: asked.append(given) or real(*given))
    subject = Subject(model, plan, facts)
    if aside:
        subject.answer_aside()
        subject.answer_aside()
    arrays, outputs = subject.answers
    np.testing.assert_array_equal(np.asarray(model(arrays[0], training=False)), outputs[0])
    assert subject.answers[1] is outputs
    assert len(asked) == 1


def test_what_failed_aside_is_raised_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*given: object) -> None:
        raise MemoryError("none left")

    model, plan, _, facts = built(mlp)
    monkeypatch.setattr(module, "feasible_inputs", fails)
    monkeypatch.setattr("threading.excepthook", lambda told: None)
    subject = Subject(model, plan, facts)
    subject.answer_aside()
    with pytest.raises(MemoryError):
        subject.answers  # noqa: B018
