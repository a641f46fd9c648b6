"""The zoo is what was frozen, in both libraries, every time; and the truth itself scores full."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import freeze, writers
from benchmarks.naming import NAMINGS
from benchmarks.zoo.cases import CASES, case

pytest.importorskip("tf_keras")
pytest.importorskip("sklearn")


def test_there_are_enough_cases_and_a_third_is_kept_back() -> None:
    assert len(CASES) >= 80
    assert len({item.name for item in CASES}) == len(CASES)
    report = [item for item in CASES if item.split == "report"]
    assert 0.3 <= len(report) / len(CASES) <= 0.4
    assert {item.family for item in report} == {item.family for item in CASES}
    assert sum(item.trained for item in CASES) * 3 >= len(CASES)


def test_every_case_is_frozen() -> None:
    stored = freeze.frozen()
    assert list(stored) == [item.name for item in CASES]
    assert Counter(line["family"] for line in stored.values()) == Counter(item.family for item in CASES)


def test_some_cases_are_built_as_frozen_by_both_libraries() -> None:
    chosen = random.Random("smoke").sample(CASES, 5)
    assert freeze.changed(chosen) == []
    assert freeze.changed(chosen[:1]) == []  # building is repeatable within a process


def test_the_truth_scores_full_in_every_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import oracle
    from benchmarks.sets import zoo

    monkeypatch.setattr(writers, "CACHE", tmp_path)
    wanted = {
        "converted": "1",
        "bit_exact": "1",
        "exact": "1",
        "functional": "1",
        "logits": "1",
        "f1": "1.000",
        "shape.functional": "1",
    }
    for naming in NAMINGS:
        for item in zoo.items(naming):
            if item.name != "critic":
                continue
            row = oracle.run(item, naming)
            assert {key: row[key] for key in wanted} == wanted, (naming, item.form)
            right, total = row["fields"].split("/")
            assert right == total


def test_files_are_written_deterministically(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    numbers = []
    for folder in ("one", "two"):
        monkeypatch.setattr(writers, "CACHE", tmp_path / folder)
        where = writers.ensure(case("dqn_vector"), "x")
        _, outputs, logits = writers.probes(where, "keras")
        _, twin, _ = writers.probes(where, "tf_keras")
        assert np.allclose(outputs[0][0], twin[0][0], atol=1e-5)
        numbers.append(logits[0][0])
    assert np.array_equal(*numbers)
