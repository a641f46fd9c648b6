"""The fixtures are what their script writes, and what their truth says."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fixtures import make
from infer_convert.facts import WeightFile
from infer_convert.readers import open_tensors, read

from .originals import NAMES, TOLERANCE, original


def facts(path: Path) -> WeightFile:
    """Facts without what depends on the folder and the writer's version."""
    return replace(read(path), file="", bytes=0, keras_version=None)


@pytest.mark.parametrize(("case", "writer"), make.names(), ids=lambda item: getattr(item, "name", item))
def test_the_script_writes_the_same_file_again(case: make.Case, writer: str, tmp_path: Path) -> None:
    there = original(f"{case.name}.{writer}")
    path = make.write(case, writer, tmp_path)
    assert path.name == there.path.name
    assert facts(path) == facts(there.path)
    with open_tensors(path) as new, open_tensors(there.path) as old:
        for tensor in read(path).all_tensors():
            np.testing.assert_array_equal(new.read(tensor.path), old.read(tensor.path), tensor.path)
    again = type(there)(path, make.json.loads((tmp_path / f"{case.name}.{writer}.truth.json").read_text()))
    assert again.truth["layers"] == there.truth["layers"]
    np.testing.assert_allclose(again.answers, there.answers, atol=TOLERANCE)


def test_no_file_is_missing_or_forgotten() -> None:
    assert sorted(f"{case.name}.{writer}" for case, writer in make.names()) == list(NAMES)
    files = {path for path in make.FOLDER.iterdir() if path.suffix == ".h5"}
    assert files == {original(name).path for name in NAMES}
    assert max(path.stat().st_size for path in files) < 250_000
    assert sum(path.stat().st_size for path in files) < 2_200_000


@pytest.mark.parametrize("name", NAMES)
def test_the_truth_tells_the_models_apart(name: str) -> None:
    """Probes that gave the same answer whatever the input would prove nothing."""
    answers = original(name).answers
    assert np.ptp(answers, axis=0).max() > 100 * TOLERANCE
    assert np.isfinite(answers).all()


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("cnn_bn", "residual"))])
def test_running_statistics_are_not_the_initial_ones(name: str) -> None:
    there = original(name)
    with open_tensors(there.path) as store:
        found = [
            store.read(t.path) for layer in read(there.path).layers if len(layer.tensors) == 4 for t in layer.tensors
        ]
    assert found
    for array in found:
        assert np.abs(array).mean() > 0.05 and np.ptp(array) > 0.1


def test_fixtures_stand_alone() -> None:
    assert not [path for path in make.FOLDER.iterdir() if path.is_symlink()]
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
