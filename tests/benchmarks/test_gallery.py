"""The gallery loads, is what was frozen, and its truth scores full."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import freeze, oracle, writers
from benchmarks.gallery.cases import CASES
from benchmarks.sets import SETS
from benchmarks.zoo.cases import CASES as ZOO

pytest.importorskip("tf_keras")
pytest.importorskip("sklearn")


def test_a_third_is_kept_back() -> None:
    report = [item.name for item in CASES if item.split == "report"]
    assert report == [item.name for item in CASES if item.name.endswith("-r")]
    assert 0.3 <= len(report) / len(CASES) <= 0.35
    assert {item.family for item in CASES} == {item.family for item in CASES if item.split == "report"}


def test_every_net_is_frozen() -> None:
    assert not {item.name for item in CASES} & {item.name for item in ZOO}  # a name says which weights
    assert list(freeze.frozen("gallery")) == [item.name for item in CASES]
    chosen = [item for item in CASES if item.name in ("digits_encoder", "contrastive", "facades", "bilstm_imdb")]
    assert len(chosen) == 4
    assert freeze.changed(chosen) == []


def test_the_set_offers_every_net_in_its_forms() -> None:
    kept = SETS["gallery"]("kept")
    assert {item.name for item in kept} == {item.name for item in CASES}
    assert {item.form for item in kept} == {"legacy", "keras3"}
    assert [item.form for item in kept if item.name == "contrastive"] == ["keras3"]  # keras.ops is of Keras 3 alone
    assert [item.name for item in SETS["gallery"]("class")] == [item.name for item in CASES]


@pytest.mark.parametrize("name", ["digits_encoder", "keypoints"])
def test_the_truth_scores_full(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "CACHE", tmp_path)
    for item in SETS["gallery"]("kept"):
        if item.name == name:
            row = oracle.run(item, "kept")
            assert (row["converted"], row["bit_exact"], row["functional"]) == ("1", "1", "1"), (item.form, row)
