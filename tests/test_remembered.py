"""A second run with what the first has left gives what it gives without, quicker, and believes nothing stale."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infer_convert import kept
from infer_convert.assemble import few_sizes, numbers
from infer_convert.clues.numbers import gram
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.inference import Inference
from infer_convert.pipeline import inspect
from infer_convert.sandbox import open_tensors
from infer_convert.solve import recall
from infer_convert.solve.notes import noting
from tests.assemble.test_numbers import TWO_BLOCKS
from tests.clues.numbers.synthetic import Memory, rewired, sampled

FIXTURES = Path(__file__).parents[1] / "fixtures"
Notes = dict[str, Any]


def listed() -> tuple[WeightFile, Memory]:
    """A residual net with trained statistics whose list shows every layer by its class."""
    made, memory = sampled(TWO_BLOCKS)
    counts: dict[str, int] = {}
    layers = []
    for layer in made.layers:
        number = counts[layer.class_name] = counts.get(layer.class_name, -1) + 1
        stem = {"BatchNormalization": "batch_normalization", "InputLayer": "input"}.get(layer.class_name)
        name = f"{stem or layer.class_name.lower()}_{number}"
        tensors = [Tensor(use.sources[0], use.variable, use.variable, use.shape, use.dtype) for use in layer.uses]
        layers.append(StoredLayer(name, f"/{name}", tuple(tensors), key=name))
    return WeightFile("w.h5", 0, "keras3", "v3", "weights-only", "recovered", tuple(layers)), memory


def run(facts: WeightFile, hints: Hints, memory: Any, notes: Notes) -> tuple[Inference, Notes]:
    """One run in a process of its own, as far as searches go."""
    recall._KNOWN.clear()
    with noting(json.loads(json.dumps(notes))) as left:
        return infer(facts, hints, memory), left


def answered(found: Inference, *fields: str, otherwise: bool = False) -> Hints:
    """Hints that answer the least sure decisions of these fields: as they are, or one of them otherwise."""
    asked = [(layer.name, d) for _, layer in found.best.walk() for d in layer.decisions if d.field in fields]
    asked.sort(key=lambda each: (each[1].confidence, each[0], each[1].field))
    if otherwise:
        asked = [(name, replace(d, value=d.alternatives[0].value)) for name, d in asked if d.alternatives][:1]
    return Hints(answers={(name, d.field): d.value for name, d in asked[:3]})


ASKED = [("activation",), ("strides", "padding"), ("inbound",), ("epsilon", "pool_size", "class_name")]


@pytest.mark.parametrize("fields", ASKED, ids="+".join)
@pytest.mark.parametrize("name", ["cnn_bn.keras3.weights.h5", "residual.keras3.weights.h5", "unet.tf_keras.h5"])
def test_files_give_the_same_with_and_without_notes(name: str, fields: tuple[str, ...]) -> None:
    path = FIXTURES / name
    facts = replace(inspect(path), model_config=None)
    with open_tensors(path, facts=facts) as store:
        first, notes = run(facts, Hints(), store, {})
        for hints in (answered(first, *fields), answered(first, *fields, otherwise=True)):
            assert run(facts, hints, store, notes)[0] == run(facts, hints, store, {})[0]
        assert run(facts, Hints(), store, notes)[0] == first


@pytest.mark.parametrize("fields", ASKED, ids="+".join)
def test_trained_numbers_give_the_same_with_and_without_notes(fields: tuple[str, ...]) -> None:
    facts, memory = listed()
    first, notes = run(facts, Hints(), memory, {})
    hints = answered(first, *fields)
    assert run(facts, hints, memory, notes)[0] == run(facts, hints, memory, {})[0]


def test_a_second_run_does_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, memory = listed()
    first, notes = run(facts, Hints(), memory, {})
    hints = answered(first, "activation")
    wanted = run(facts, hints, memory, {})[0]

    def again(*_: object, **__: object) -> Any:
        raise AssertionError("done again")

    monkeypatch.setattr(numbers, "_weighed", again)
    monkeypatch.setattr(few_sizes, "solve_sizes", again)
    monkeypatch.setattr(gram, "_score", again)
    monkeypatch.setattr("infer_convert.assemble.graphs.solve_widening", again)
    assert run(facts, hints, memory, notes)[0] == wanted


@pytest.mark.parametrize(("fields", "known"), [(("activation",), True), (("padding",), False)])
def test_only_hints_about_sizes_ask_for_sizes_anew(fields: tuple[str, ...], known: bool) -> None:
    facts = inspect(FIXTURES / "cnn_bn.keras3.weights.h5")
    first, notes = run(facts, Hints(numbers="never"), None, {})
    hints = replace(answered(first, *fields), numbers="never")
    assert hints.answers
    assert (set(run(facts, hints, None, notes)[1]) <= set(notes)) is known


def test_other_numbers_are_heard_anew() -> None:
    """The same layers and shapes with other weights, as after another training."""
    facts, memory = listed()
    _, notes = run(facts, Hints(), memory, {})
    rolled = {path: np.roll(array, 1, -1) for path, array in memory.arrays.items()}
    mean = next(path for path in memory.arrays if path.endswith("moving_mean"))
    moved = {**memory.arrays, mean: memory.arrays[mean] + np.float32(0.5)}
    for arrays in (rolled, moved):
        other = Memory()
        other.arrays = arrays
        assert run(facts, Hints(), other, notes)[0] == run(facts, Hints(), other, {})[0]


def test_what_other_numbers_said_about_a_draft_does_not_count() -> None:
    made, memory = sampled(TWO_BLOCKS)
    drafts = [(rewired(made, add="b3 b2"), 1.0)]

    def weighed(memory: Memory, notes: Notes) -> tuple[Any, Notes]:
        with noting(json.loads(json.dumps(notes))) as left:
            return numbers.weighed(drafts, numbers.Numbers.of(memory, Hints(numbers="always")), Hints()), left

    found, notes = weighed(memory, {})
    assert found[0][0].layers == made.layers and weighed(memory, notes)[0] == found
    untrained = Memory()
    untrained.arrays = sampled(TWO_BLOCKS, trained=False)[1].arrays
    assert weighed(untrained, notes)[0] == weighed(untrained, {})[0] != found


@pytest.mark.parametrize("part", [0.05, 0.2, 0.4, 0.6, 0.75, 0.9, 0.99, 1.1])
def test_work_that_ends_early_ends_at_the_same_place(part: float, monkeypatch: pytest.MonkeyPatch) -> None:
    facts, memory = listed()
    of = numbers.Numbers.of.__func__  # type: ignore[attr-defined]

    def watched(cls: Any, *words: Any) -> Any:
        made = of(cls, *words)
        budgets.append(made.arrays.budget)
        return made

    budgets: list[Any] = []
    monkeypatch.setattr(numbers.Numbers, "of", classmethod(watched))
    run(facts, Hints(), memory, {})
    monkeypatch.setattr(numbers, "WORK", {"auto": part * budgets[-1].spent})
    first, notes = run(facts, Hints(), memory, {})
    for hints in (Hints(), answered(first, "activation"), answered(first, "inbound")):
        assert run(facts, hints, memory, notes)[0] == run(facts, hints, memory, {})[0]


SPOILT = [None, [], {}, 5, "x", [[]], [[[0]]], [[], 1.0, []], [[[0, [], 1.0]], 1.0, [[["a"], "b"]]]]


@pytest.mark.parametrize("spoilt", SPOILT)
def test_notes_of_another_form_are_not_believed(spoilt: Any) -> None:
    facts, memory = listed()
    first, notes = run(facts, Hints(), memory, {})
    assert run(facts, Hints(), memory, dict.fromkeys(notes, spoilt))[0] == first


def test_a_file_in_the_same_state_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, memory = listed()
    with noting({}, "1 2 3") as notes:
        first = infer(facts, Hints(), memory)
    rolled = Memory()
    rolled.arrays = {path: np.roll(array, 1, -1) for path, array in memory.arrays.items()}
    with monkeypatch.context() as patched:
        patched.setattr(numbers, "_weighed", lambda *_: pytest.fail("heard again"))
        recall._KNOWN.clear()
        with noting(json.loads(json.dumps(notes)), "1 2 3"):
            assert infer(facts, Hints(), memory) == first
    wanted = run(facts, Hints(), rolled, {})[0]
    for state in ("1 2 4", ""):
        recall._KNOWN.clear()
        with noting(json.loads(json.dumps(notes)), state):
            assert infer(facts, Hints(), rolled) == wanted


@pytest.mark.parametrize("name", ["cnn_bn.keras3.weights.h5", "residual.keras3.weights.h5", "lstm_text.tf_keras.h5"])
def test_a_known_plan_needs_no_number_of_a_file_in_the_same_state(name: str) -> None:
    """So that nobody waits for the process that reads them."""
    path = FIXTURES / name
    facts, state = replace(inspect(path), model_config=None), kept.state(path)
    with open_tensors(path, facts=facts) as store, noting({}, state) as notes:
        first = infer(facts, Hints(), store)

    class Closed:
        def read(self, path: str, /) -> Any:
            pytest.fail(f"{path} is read again")

    recall._KNOWN.clear()
    with noting(json.loads(json.dumps(notes)), state):
        found = infer(facts, answered(first, "epsilon"), Closed())
    assert found.best.input_statistics == first.best.input_statistics


def test_every_writing_changes_the_state_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "w.h5"
    assert kept.state(file) == ""
    file.write_bytes(b"one")
    times = file.stat()
    before = kept.state(file)
    assert before == kept.state(file)
    file.write_bytes(b"two")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert kept.state(file) != before
