"""Well-formed files that would keep the inference busy for hours: an answer in time, or one line."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Sequence

import pytest

from infer_convert.assemble import settle
from infer_convert.errors import InferConvertError, RefusedForSafety
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.infer import infer
from infer_convert.limits import DEFAULT
from infer_convert.solve import patience, recall, sizes, wiring
from infer_convert.solve.pace import FEWEST, Pace

WIDTH = 4
Layers = Sequence[tuple[str, tuple[tuple[int, ...], ...]]]
DENSE = ((WIDTH, WIDTH), (WIDTH,))


def file_of(layers: Layers) -> WeightFile:
    """Facts of a weights-only file of Keras 2 with these layers: (name, shapes of kernel and bias)."""
    stored = []
    for name, shapes in layers:
        tensors = [
            Tensor(f"/{name}/{role}:0", f"{name}/{role}:0", role, shape, "float32")
            for role, shape in zip(("kernel", "bias"), shapes, strict=False)
        ]
        stored.append(StoredLayer(name, f"/{name}", tuple(tensors)))
    return WeightFile(
        file="w.h5", generation="keras2", layout="keras2", kind="weights-only", keras_version="2.4.0",
        backend="tensorflow", order="stored", lists_weightless=True, layers=tuple(stored), bytes=10**6,
    )  # fmt: skip


def dense(count: int, between: str = "") -> list[tuple[str, tuple[tuple[int, ...], ...]]]:
    """``count`` Dense layers of one width, each with a layer of this class behind it."""
    found: list[tuple[str, tuple[tuple[int, ...], ...]]] = [("input_1", ())]
    for number in range(count):
        found.append((f"dense_{number}", DENSE))
        if between:
            found.append((f"{between}_{number}", ()))
    return found


HOSTILE: dict[str, Layers] = {
    "one_width": dense(700),
    "adds": dense(80, "add"),
    "reshapes": dense(120, "reshape"),
    "only_adds": [*dense(1), *((f"add_{number}", ()) for number in range(100)), ("last", DENSE)],
    "concatenates": dense(60, "concatenate"),
    "inputs": [*((f"input_{n}", ()) for n in range(80)), ("concatenate", ()), ("dense", ((80 * WIDTH, 3), (3,)))],
    "dropouts": [*dense(1), *((f"dropout_{number}", ()) for number in range(1500)), ("last", DENSE)],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_answer_in_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tenth of the work, files of a tenth of the size that would otherwise take minutes.

    The bound is that of an inference, with something for what it does between two looks at the clock: 10.3 s were seen
    for the slowest on two idle cores, and the limit itself on a machine that many share.
    """
    monkeypatch.setattr(wiring, "WORK", wiring.WORK / 10)
    monkeypatch.setattr(sizes, "WORK", sizes.WORK / 10)
    start = time.thread_time()
    try:
        found = infer(file_of(HOSTILE[name]))
    except InferConvertError as problem:
        assert problem.exit_code in (4, 5) and "\n" not in str(problem)
    else:
        used = {source for _, layer in found.best.walk() for use in layer.weights for source in use.sources}
        assert used == {tensor.path for tensor in found.facts.all_tensors()}
    assert time.thread_time() - start < DEFAULT.infer_seconds + 5


def test_the_time_is_over() -> None:
    limits = dataclasses.replace(DEFAULT, infer_seconds=0)
    with pytest.raises(RefusedForSafety, match=r"limit infer_seconds.*--allow-large"):
        infer(file_of(dense(40, "add")), limits=limits)
    assert DEFAULT.large().infer_seconds == 100 * DEFAULT.infer_seconds
    infer(file_of(dense(3)))


def test_who_hurries_settles_one_draft(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drafts that are left out do not make the answer another: the likeliest comes first."""
    settled = list[object]()
    whole = settle.settle

    def counting(*words: object) -> object:
        settled.append(words)
        return whole(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(sys.modules["infer_convert.infer"], "settle", counting)
    facts = file_of(dense(6, "add"))
    infer(facts)
    several = len(settled)
    monkeypatch.setattr(patience, "HURRY", 0.0)
    settled.clear()
    infer(facts)
    assert len(settled) == 1 < several


def test_bounds_do_not_move_from_within() -> None:
    patience.check()
    with patience.bounded(0.0), patience.bounded(1000.0), pytest.raises(RefusedForSafety):
        patience.check()
    patience.check()
    assert not patience.hurried()


def test_the_answer_does_not_depend_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "WORK", 400_000)
    facts = file_of(dense(30, "add"))
    monkeypatch.setattr(time, "thread_time", lambda: 0.0)
    first = infer(facts).best
    recall._KNOWN.clear()
    monkeypatch.setattr(time, "thread_time", iter(x / 1000 for x in range(10**6)).__next__)
    assert infer(facts).best == first


def test_a_search_within_its_work_is_as_wide_as_it_likes() -> None:
    cheap, dear = Pace(1e6, 10, 64), Pace(1e6, 1000, 64)
    for pace in (cheap, dear):
        pace.spend(640.0)
    assert cheap.width(64) == 64
    assert FEWEST <= dear.width(1) < 64
    dear.spend(1e9)
    assert dear.width(64) == FEWEST
