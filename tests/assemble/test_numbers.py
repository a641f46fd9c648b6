"""The inference with trained numbers at hand: drafts weighed, stripped lists decoded, activations revised."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from infer_convert.assemble.decode import decode
from infer_convert.assemble.numbers import Numbers, decoded, flattened, weighed
from infer_convert.assemble.revise import revised
from infer_convert.assemble.settle import Settled
from infer_convert.assemble.typed import Typed, type_layers
from infer_convert.assemble.variants import variants
from infer_convert.clues.numbers.arrays import Arrays
from infer_convert.clues.numbers.budget import Budget
from infer_convert.clues.numbers.flow import Flow
from infer_convert.draft import Draft
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.plan import Basis, Decision, Option, Plan, PlanLayer, Ref
from tests.clues.drafts import draft
from tests.clues.numbers.synthetic import Memory, rewired, sampled
from tests.clues.numbers.test_others import smooth

TWO_BLOCKS = """
x InputLayer
c1 Dense
b1 BatchNormalization
r1 Activation
c2 Dense
b2 BatchNormalization
r2 Activation
c3 Dense
b3 BatchNormalization
add Add < b3 r1
r3 Activation
c4 Dense
b4 BatchNormalization
r4 Activation
c5 Dense
b5 BatchNormalization
add2 Add < b5 r3
r5 Activation
out Dense
"""


def stored(made: Draft, memory: Memory) -> WeightFile:
    """The draft's weights as a flat dump without its other layers."""
    layers = []
    for layer in made.layers:
        if layer.uses:
            tensors = tuple(
                Tensor(use.sources[0], use.variable, use.variable, use.shape, use.dtype) for use in layer.uses
            )
            layers.append(StoredLayer(layer.name, f"/{layer.name}", tensors))
    return WeightFile(
        "w.h5", 0, "flat", "flat", "weights-only", "stored", tuple(layers), lists_weightless=False, names_are_real=False
    )


def typed(facts: WeightFile) -> tuple[Typed, ...]:
    return type_layers(facts.layers, facts, Hints(), lambda layer: None)


def edges(made: Draft) -> dict[str, tuple[str, ...]]:
    """Class and name of what each stored layer takes, through supposed layers as an expression."""

    def shown(index: int) -> str:
        layer = made.layers[index]
        if layer.stored is not None or not layer.operands:
            return layer.name
        return f"{layer.class_name}({', '.join(sorted(shown(item) for item, _ in layer.operands[0]))})"

    return {
        layer.name: tuple(shown(item) for item, _ in layer.operands[0])
        for layer in made.layers
        if layer.stored is not None and layer.operands
    }


@pytest.mark.parametrize("seed", range(3))
def test_branches_come_back_from_a_list_that_hides_them(seed: int) -> None:
    made, memory = sampled(TWO_BLOCKS, seed)
    found = decode(typed(stored(made, memory)), Flow(Arrays(memory)))
    assert found is not None
    trunk = "Activation(Add(Activation(b1), b3))"
    assert edges(found)["c4"] == (trunk,)
    assert edges(found)["out"] == (f"Activation(Add({trunk}, b5))",)
    assert edges(found)["c2"] == ("Activation(b1)",)


def test_a_chain_is_left_to_the_chains() -> None:
    text = "\n".join(line for line in TWO_BLOCKS.splitlines() if "add" not in line)
    made, memory = sampled(text)
    facts = stored(made, memory)
    assert decode(typed(facts), Flow(Arrays(memory))) is None or "Add" not in str(edges(made))
    assert decoded(typed(facts), None, Hints()) == []


def test_untrained_numbers_decode_nothing() -> None:
    made, memory = sampled(TWO_BLOCKS, trained=False)
    assert decode(typed(stored(made, memory)), Flow(Arrays(memory))) is None


def numbers(memory: Any, mode: str = "always") -> Numbers | None:
    return Numbers.of(memory, Hints(numbers=mode))


def test_drafts_are_weighed_and_the_missing_one_is_found() -> None:
    made, memory = sampled(TWO_BLOCKS)
    wrong = rewired(made, add="b3 b2")
    found = weighed([(wrong, 0.9), (made, 0.1)], numbers(memory), Hints())
    assert found[0][0].layers == made.layers and found[0][1] > 0.9
    found = weighed([(wrong, 1.0)], numbers(memory), Hints())
    assert found[0][0].layers == made.layers and found[0][1] > 0.6
    assert sum(share for _, share in found) == pytest.approx(1)


def test_the_numbers_change_no_operands_that_the_user_told() -> None:
    made, memory = sampled(TWO_BLOCKS)
    wrong = rewired(made, add="b3 b2")
    told = Hints(answers={("add", "inbound"): ["b3", "b2"]})
    found = weighed([(wrong, 1.0)], numbers(memory), told)
    assert [next(layer for layer in draft.layers if layer.name == "add").operands for draft, _ in found] == [
        next(layer for layer in wrong.layers if layer.name == "add").operands
    ] * len(found)
    assert decoded(typed(stored(made, memory)), numbers(memory), Hints()) != []
    assert decoded(typed(stored(made, memory)), numbers(memory), told) == []


def test_without_tensors_nothing_changes() -> None:
    made, memory = sampled(TWO_BLOCKS)
    drafts = [(made, 1.0)]
    assert numbers(memory, "never") is None and numbers(None) is None
    assert weighed(drafts, None, Hints()) == drafts
    assert weighed(drafts, Numbers.of(memory, Hints()), Hints()) != []


class Closed:
    """A store that must not be asked."""

    def read(self, path: str, /) -> Any:
        raise AssertionError(f"{path} was read")


def test_never_reads_no_tensor() -> None:
    made, memory = sampled(TWO_BLOCKS)
    facts = stored(made, memory)
    closed = infer(facts, Hints(numbers="never"), Closed())
    assert closed.best.layers == infer(facts, Hints(), None).best.layers
    with pytest.raises(AssertionError, match="was read"):
        infer(facts, Hints(), Closed())


def test_a_stripped_residual_net_is_inferred_with_its_sums() -> None:
    made, memory = sampled(TWO_BLOCKS)
    facts = stored(made, memory)
    assert sum(layer.class_name == "Add" for layer in infer(facts, Hints(), memory).best.layers) == 2
    assert not any(layer.class_name == "Add" for layer in infer(facts, Hints(numbers="never"), memory).best.layers)


def head(memory: Memory, bias: Any, trained: bool = True) -> Plan:
    """A hidden layer and a head of 10 classes, with filters as training leaves them, or random ones."""
    rng = np.random.default_rng(1)
    before = rng.normal(size=(20, 32)) @ np.diag(rng.uniform(0.5, 2, 32))
    behind = rng.normal(size=(10, 20)) @ before / 5 if trained else rng.normal(size=(10, 32))
    decision = Decision("activation", "softmax", 0.6, Basis.ASSUMED, (Option("linear", 0.3), Option("sigmoid", 0.1)))
    uses = (memory.use("out", "kernel", behind.T), memory.use("out", "bias", bias))
    layers = (
        PlanLayer("x", "InputLayer", {"batch_shape": [None, 20]}),
        PlanLayer("hidden", "Dense", {"activation": "relu"}, ((Ref("x"),),), (memory.use("hidden", "kernel", before),)),
        PlanLayer("out", "Dense", {"activation": "softmax"}, ((Ref("hidden"),),), uses, (decision,), "out"),
    )
    return Plan(layers, (Ref("x"),), (Ref("out"),))


def test_the_head_is_revised_with_a_reason() -> None:
    bias = np.random.default_rng(0).normal(size=10)
    memory = Memory()
    kept = revised(head(memory, bias - bias.mean()), numbers(memory)).layer("out").decision("activation")
    assert kept is not None and kept.value == "softmax" and kept.confidence > 0.9
    assert kept.evidence[-1].clue == "numbers/output" and kept.evidence[-1].weight > 2
    memory = Memory()
    plan = revised(head(memory, np.abs(bias) + 1), numbers(memory))
    wandered = plan.layer("out").decision("activation")
    assert wandered is not None and wandered.value == "linear" and plan.layer("out").config["activation"] == "linear"


@pytest.mark.parametrize(("bias", "trained"), [(np.zeros(10), True), (np.ones(10), False)])
def test_the_head_of_an_untrained_net_is_left_alone(bias: Any, trained: bool) -> None:
    memory = Memory()
    plan = head(memory, bias, trained)
    found = revised(plan, numbers(memory)).layer("out").decision("activation")
    assert found is not None and found.value == "softmax" and abs(found.confidence - 0.6) < 0.15


def test_statistics_of_another_net_rewire_nothing() -> None:
    made, memory = sampled(TWO_BLOCKS)
    rng = np.random.default_rng(0)
    for path, array in memory.arrays.items():
        if path.endswith("moving_mean"):
            memory.arrays[path] = rng.normal(size=array.shape).astype("float32")
    assert weighed([(made, 1.0)], numbers(memory), Hints()) == [(made, 1.0)]


def test_the_dense_kernel_chooses_the_map_in_front_of_the_flatten() -> None:
    memory = Memory()
    made = draft("x InputLayer\nf Flatten\nd Dense", d={"_channels_in": 192, "units": 16})
    kernel = memory.use("d", "kernel", smooth(6, 8, 4))
    made = Draft((*made.layers[:2], replace(made.layers[2], uses=(kernel,))), made.outputs)
    shapes: list[tuple[int, ...]] = [(12, 4, 4), (6, 8, 4), (1, 48, 4)]
    answers = [Settled(made, (), (), (), {(0, 0): shape}, 1 / 3, True) for shape in shapes]
    nats = flattened(answers, numbers(memory))
    assert nats[1] == 0 > nats[0] == nats[2]
    assert flattened(answers, None) == [0.0] * 3 and flattened(answers[:1], numbers(memory)) == [0.0]


def test_variants_change_one_answer() -> None:
    plan = head(Memory(), np.zeros(10))
    tried = [variant.layer("out").config["activation"] for variant in variants(plan)]
    assert tried[:2] == ["linear", "sigmoid"] and "softmax" not in tried
    first = next(variants(plan)).layer("out").decision("activation")
    assert first is not None and first.alternatives[0] == Option("softmax", 0.6)


def test_no_clock_decides_what_the_numbers_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that needs an hour between two looks at any clock the answers and the work are the same."""
    made, memory = sampled(TWO_BLOCKS)
    drafts, entries = [(rewired(made, add="b3 b2"), 0.9), (made, 0.1)], typed(stored(made, memory))

    def asked() -> tuple[Any, Any, float]:
        known = numbers(memory, "auto")
        assert known is not None
        return decoded(entries, known, Hints()), weighed(drafts, known, Hints()), known.arrays.budget.spent

    quick = asked()
    hours = itertools.count(step=3600.0)
    for clock in ("process_time", "thread_time", "perf_counter", "monotonic", "time"):
        monkeypatch.setattr(time, clock, lambda: next(hours))
    slow = asked()
    assert quick == slow and quick[2] > 0


def test_what_is_left_out_depends_on_the_work_alone() -> None:
    """Half of the work that the answer takes is not enough, however quick the machine."""
    made, memory = sampled(TWO_BLOCKS)
    wrong = [(rewired(made, add="b3 b2"), 1.0)]
    whole = numbers(memory)
    assert whole is not None and weighed(wrong, whole, Hints())[0][0].layers == made.layers
    scant = replace(whole, arrays=(arrays := Arrays(memory, Budget(whole.arrays.budget.spent / 2))), flow=Flow(arrays))
    assert weighed(wrong, scant, Hints()) == wrong
