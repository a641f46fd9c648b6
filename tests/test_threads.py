"""The inference's linear algebra runs on one thread, whatever the process around it uses."""

from __future__ import annotations

import importlib

import numpy
from threadpoolctl import threadpool_info, threadpool_limits

from infer_convert import infer
from infer_convert.processes.threads import one_thread
from tests.originals import FOLDER


def _threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_one_thread_within_and_as_many_as_before_behind() -> None:
    numpy.linalg.eigh(numpy.eye(3))
    with threadpool_limits(2, user_api="blas"):
        before = _threads()
        with one_thread():
            assert _threads() == {1}
        assert _threads() == before


def test_an_inference_asks_for_it(monkeypatch) -> None:
    module = importlib.import_module("infer_convert.infer")
    seen = []
    real = module.uncalibrated
    monkeypatch.setattr(module, "uncalibrated", lambda *given: (seen.append(_threads()), real(*given))[1])
    with threadpool_limits(2, user_api="blas"):
        infer(FOLDER / "cnn_bn.keras3.weights.h5")
    assert seen == [{1}]
