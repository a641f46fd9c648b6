"""Several checkpoints of one architecture are heard together, unless they contradict each other."""

from __future__ import annotations

import tomllib

import pytest

from infer_convert.batch.pooling import CAP, TIMES_LOUDEST, Voice, pooled
from infer_convert.batch.shared import Asked, agreed, shared_questions


def voice(chosen: str, share: float, nats: float) -> Voice:
    rest = {"relu", "tanh"} - {chosen}
    return Voice({chosen: share, rest.pop(): 1 - share}, chosen, nats)


def test_weak_voices_that_agree_are_strong_together() -> None:
    one = voice("relu", 0.7, 0.8)
    found = pooled([one] * 5)
    assert found is not None and next(iter(found)) == "relu" and 0.8 < found["relu"] < 0.9
    assert sum(found.values()) == pytest.approx(1)
    assert pooled([one]) is None, "one is no pool"


def test_the_sum_is_capped() -> None:
    before = 0.5
    found = pooled([voice("relu", 0.9820137900379085, 4.0)] * 50)
    assert found is not None
    odds = found["relu"] / found["tanh"] * (1 - before) / before
    assert odds == pytest.approx(2.718281828**CAP, rel=0.01)
    quiet = pooled([voice("relu", 0.7310585786300049, 1.0)] * 50)
    assert quiet is not None and quiet["relu"] / quiet["tanh"] == pytest.approx(2.718281828**TIMES_LOUDEST, rel=0.01)


def test_contradiction_is_not_averaged() -> None:
    assert pooled([voice("relu", 0.8, 2.0), voice("relu", 0.8, 2.0), voice("tanh", 0.8, 1.5)]) is None
    mild = pooled([voice("relu", 0.8, 2.0), voice("relu", 0.8, 2.0), voice("tanh", 0.55, 0.2)])
    assert mild is not None and next(iter(mild)) == "relu"
    assert pooled([voice("relu", 0.8, 0.0), voice("relu", 0.8, 0.0)]) is None, "numbers that say nothing"


def decision(layer: str, value: str, confidence: float, nats: float) -> dict[str, object]:
    other = "tanh" if value == "relu" else "relu"
    return {
        "layer": layer, "field": "activation", "value": value, "confidence": confidence,
        "alternatives": [[other, 1 - confidence]], "nats": nats,
    }  # fmt: skip


def test_the_cluster_agrees_on_an_answer() -> None:
    heard = [
        ("a_1", "relu", 0.7, 0.8),
        ("a_7", "relu", 0.75, 1.0),
        ("a_3", "tanh", 0.52, 0.1),
        ("a_4", "relu", 0.95, 2.5),
    ]
    asked = [
        Asked(layer, (layer,), [decision(layer, *rest)] if rest[1] < 0.9 else [], [decision(layer, *rest)])
        for layer, *rest in heard
    ]  # fmt: skip
    (question,) = shared_questions(asked)
    assert (question.layer, question.pooled, question.files) == ("a_1", 4, 3)
    assert question.values[0][0] == "relu" and question.confidence > 0.9
    assert tomllib.loads(agreed([question], 0.9)) == {"a_1": {"activation": "relu"}}
    assert agreed([question], 0.9999) == ""
    silent = [Asked(one.file, one.names, one.questions) for one in asked]
    assert shared_questions(silent)[0].pooled == 0 and shared_questions(silent)[0].doubt > question.doubt
