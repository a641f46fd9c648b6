"""Known architectures: found without names, as a part, shared among equals, beaten by shapes, and really off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from infer_convert.assemble.from_library import traceless
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.library import store
from infer_convert.library.families import ALIKE, with_alike
from infer_convert.library.match import Match, Seen, find
from infer_convert.library.references import Known, KnownLayer
from infer_convert.plan import Plan, PlanLayer

ROOT = Path(__file__).parents[2]


def known(name: str) -> Known:
    """A reference by its name."""
    for signature in store.index():
        found = store.reference(signature.family, signature.number)
        if found.name == name:
            return found
    raise KeyError(name)


def tensors(layer: KnownLayer, path: str) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(f"{path}/{use.variable}", use.variable, use.variable.replace(".", "/"), shape, "float32")
        for use in layer.uses
        for shape in use.sources
    )


def facts(reference: Known, listed: bool, extra: Sequence[StoredLayer] = (), count: int | None = None) -> WeightFile:
    """A file of a reference with names that say nothing; only its first ``count`` listed layers if given."""
    layers = []
    for number, layer in enumerate([layer for layer in reference.layers if layer.listed][:count]):
        if listed or layer.uses:
            layers.append(StoredLayer(f"q{number}", f"/q{number}", tensors(layer, f"/q{number}")))
    return WeightFile("f.h5", 0, "keras2", "test", "weights-only", "stored", (*layers, *extra), lists_weightless=listed)


def by_stored(plan: Plan) -> dict[str, PlanLayer]:
    return {layer.stored: layer for layer in plan.layers if layer.stored}


def library_decisions(plan: Plan) -> list[str]:
    return [
        evidence.because
        for _, layer in plan.walk()
        for decision in layer.decisions
        for evidence in decision.evidence
        if evidence.clue == "library"
    ]


def dense(name: str, before: int, units: int) -> StoredLayer:
    kernel = Tensor(f"/{name}/k", "kernel", "kernel", (before, units), "float32")
    return StoredLayer(name, f"/{name}", (kernel, Tensor(f"/{name}/b", "bias", "bias", (units,), "float32")))


@pytest.mark.parametrize("listed", [True, False])
def test_a_whole_net_is_found_without_names(listed: bool) -> None:
    reference = known("ResNet50")
    plan = infer(facts(reference, listed)).best
    assert plan.confidence > 0.9
    mine = by_stored(plan)
    for number, layer in enumerate([layer for layer in reference.layers if layer.listed]):
        if layer.uses:
            found = mine[f"q{number}"]
            assert found.class_name == layer.class_name
            for field in ("strides", "padding", "epsilon"):
                assert found.config.get(field) == layer.config.get(field)
    assert sum(layer.class_name == "Add" for layer in plan.layers) == 16
    assert sum(layer.class_name == "ZeroPadding2D" for layer in plan.layers) == 2
    assert any("ResNet50 (keras.applications)" in because for because in library_decisions(plan))


@pytest.mark.parametrize("listed", [True, False])
def test_a_backbone_under_a_head_of_its_own(listed: bool) -> None:
    reference = known("MobileNetV2")
    own = (dense("own_dense", 1280, 32), dense("own_dense_1", 32, 5))
    pool = StoredLayer("global_average_pooling2d", "/p")
    count = sum(layer.listed for layer in reference.layers) - 2
    plan = infer(facts(reference, listed, (pool, *own) if listed else own, count)).best
    mine = by_stored(plan)
    assert [mine[name].class_name for name in ("own_dense", "own_dense_1")] == ["Dense", "Dense"]
    assert mine["own_dense_1"].config["units"] == 5
    assert mine["own_dense"].config["activation"] == "relu"
    strides = [layer.config["strides"][0] for layer in plan.layers if layer.class_name == "DepthwiseConv2D"]
    assert strides.count(2) == 4
    assert sum(layer.class_name == "Add" for layer in plan.layers) == 10


def test_a_functional_copy_of_a_sequential_net_keeps_its_input() -> None:
    """The reference lists no input, the file does: it is that, and no activation in front of everything. What the
    reference says of a wrapped layer's settings is heard too."""
    reference = known("captcha")
    file = facts(reference, True)
    classes = [layer.class_name.lower() for layer in reference.layers if layer.listed]
    numbered = enumerate(zip(file.layers, classes, strict=True))
    named = [replace(layer, name=f"{word}_{number}") for number, (layer, word) in numbered]
    plan = infer(replace(file, layers=(StoredLayer("image", "/image"), *named))).best
    assert by_stored(plan)["image"].class_name == "InputLayer"
    assert not any(layer.class_name == "Activation" for layer in plan.layers)
    wrapped = [layer.config["layer"]["config"] for layer in plan.layers if layer.class_name == "Bidirectional"]
    assert [config["return_sequences"] for config in wrapped] == [True, True]


def test_a_shape_that_contradicts_beats_the_library() -> None:
    """LeNet's fourth layer takes 400 numbers out of 5x5 maps; with 16 of 7x7 the padding must be another one."""
    reference = known("LeNet-5 (28x28, valid, maximum pools, relu)")
    whole = facts(reference, False)
    layers = list(whole.layers)
    layers[2] = dense(layers[2].name, 16 * 7 * 7, 120)
    plan = infer(replace(whole, layers=tuple(layers)), Hints(input_shapes={"": ((28, 28, 1),)})).best
    convolutions = [layer for layer in plan.layers if layer.class_name == "Conv2D"]
    assert [layer.config["padding"] for layer in convolutions] == ["same", "same"]
    flat = next(layer for layer in plan.layers if layer.class_name == "Flatten")
    assert flat is not None


def test_a_changed_convolution_costs_the_match() -> None:
    reference = known("ResNet50")
    layers = [layer for layer in reference.layers if layer.listed]
    seen = [Seen(layer.shapes(), {layer.class_name: 0.0}) for layer in layers]
    right = find(seen, True)[0]
    middle = next(i for i, layer in enumerate(layers) if i > 80 and layer.class_name == "Conv2D")
    seen[middle] = Seen(((5, 5, 256, 256), (256,)), {"Conv2D": 0.0})
    changed = find(seen, True)
    assert right.whole and right.prefix and right.exact == right.matched == 107
    assert not changed or (changed[0].log_weight < right.log_weight - 3 and not changed[0].whole)


def test_equal_facts_share_the_weight() -> None:
    """Caffe's and Torch's bottlenecks have the same tensors and their strides in other places."""
    words = "padded twice stem, epsilon 1e-05"
    reference = known(f"ResNet50 (stride in the second convolution, {words})")
    inference = infer(facts(reference, True))
    best = inference.best
    strided = [d for layer in best.layers for d in layer.decisions if d.field == "strides" and d.alternatives]
    assert strided and all(0.3 < decision.confidence < 0.7 for decision in strided)
    assert best.confidence < 0.7
    others = [tuple(str(layer.config.get("strides")) for layer in plan.layers) for plan in inference.plans]
    assert len(set(others)) > 1


@pytest.mark.parametrize("name", ["MiniVGGNet", "heartbeats", "DnCNN", "MiniGoogLeNet"])
def test_what_people_copy_is_known_without_its_names(name: str) -> None:
    """Nothing differs in these, so what leaves no trace is believed in the measure of their layers."""
    reference = known(name)
    plan = infer(facts(reference, True)).best
    mine = by_stored(plan)
    for number, layer in enumerate([layer for layer in reference.layers if layer.listed]):
        for field in ("strides", "padding", "activation", "pool_size"):
            wanted = layer.config.get(field)
            if wanted is not None and f"q{number}" in mine:
                assert mine[f"q{number}"].config.get(field) == wanted, (layer.class_name, field)
    assert plan.confidence > 0.85


def test_doubt_shrinks_with_the_layers_that_agree() -> None:
    """And a net that agrees in part keeps it: LeNets with other widths are not LeNet's copies."""
    shares = []
    for name in ("LeNet-5 (28x28, valid, maximum pools, relu)", "MiniVGGNet", "VGG16"):
        layers = [layer for layer in known(name).layers if layer.listed]
        seen = [Seen(layer.shapes(), {layer.class_name: 0.0}) for layer in layers]
        match = next(found for found in find(seen, True) if found.reference.name == name)
        shares.append(traceless(match))
        assert traceless(replace(match, exact=match.exact - 1)) <= 0.5
    assert 0.6 < shares[0] < shares[1] < shares[2] < 1.0


def test_two_denses_say_nothing() -> None:
    seen = [Seen(((784, 512), (512,)), {"Dense": 0.0}), Seen(((512, 10), (10,)), {"Dense": 0.0})]
    assert find(seen, True) == ()
    assert find(seen, False) == ()


def test_without_the_library_nothing_of_it_shows() -> None:
    whole = facts(known("LeNet-5 (32x32, valid, average pools, tanh)"), False)
    assert library_decisions(infer(whole).best)
    assert not library_decisions(infer(whole, Hints(library=False)).best)
    assert not library_decisions(infer(whole, Hints(without_families=frozenset({"examples"}))).best)


def test_a_pinned_setting_wins() -> None:
    reference = known("VGG16")
    names = [layer for layer in reference.layers if layer.listed]
    last = f"q{len(names) - 1}"
    plan = infer(facts(reference, True), Hints(answers={(last, "activation"): "sigmoid"})).best
    assert by_stored(plan)[last].config["activation"] == "sigmoid"


def test_look_alikes_leave_together() -> None:
    stored = {signature.family for signature in store.index()}
    assert with_alike({"lenet?"}) == {"lenet?"}
    assert {"classic", "examples"} <= with_alike({"classic"})
    named = set().union(*ALIKE)
    assert stored - named <= {"convnext", "nasnet"}


def test_the_store_loads_without_keras_and_quickly() -> None:
    check = (
        "import sys, time\nfrom infer_convert.library import store\nstart = time.perf_counter()\n"
        "assert len(store.index()) > 400\nassert time.perf_counter() - start < 0.3\n"
        "store.reference('resnet', 0)\nprint(*sorted({'tensorflow', 'keras', 'h5py', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
    assert sum(path.stat().st_size for path in store.DATA.iterdir()) < 3_000_000


def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    reference = known("ConvNeXtTiny")
    store.write_family("some", [reference], tmp_path)
    back = store.reference("some", 0, tmp_path)
    assert back.shape() == reference.shape()
    assert [layer.name for layer in back.layers] == [layer.name for layer in reference.layers]
    assert any(layer.inner for layer in reference.layers)
    assert not any(layer.inner for layer in reference.flat().layers)


def test_the_generators_reproduce_a_family() -> None:
    from benchmarks.library import catalogue, make

    entries = catalogue.families({"agents"})["agents"]
    fresh = [make.known_of(entry, "agents").shape() for entry in entries[:2]]
    stored = {store.reference("agents", number).shape() for number in range(6)}
    assert set(fresh) <= stored


def test_a_padding_hangs_on_the_zeros_in_front() -> None:
    """MobileNet pads by hand in front of its strided convolutions; a copy without these layers pads in them."""
    reference = known("MobileNet alpha 0.25")
    listed = [layer for layer in reference.layers if layer.listed]
    words = {"ReLU": "re_lu", "ZeroPadding2D": "zero_padding2d"}
    names = {f"q{number}": f"{words.get(layer.class_name, 'q')}_{number}" for number, layer in enumerate(listed)}
    whole = [replace(layer, name=names[layer.name]) for layer in facts(reference, True).layers]
    copy = tuple(layer for layer in whole if not layer.name.startswith("zero_padding2d"))
    assert len(copy) < len(whole)
    mine = by_stored(infer(replace(facts(reference, True), layers=copy)).best)
    padded = [mine[f"q_{number}"] for number, layer in enumerate(listed) if layer.config.get("strides") == [2, 2]]
    assert padded and all(layer.config["strides"] == [2, 2] for layer in padded)
    assert all(layer.config["padding"] == "same" for layer in padded)


def test_what_agrees_in_windows_alone_says_nothing_of_what_leaves_no_trace() -> None:
    match = Match(known("VGG16"), ((0, 0),), 5.0, 10, 0, False, False)
    assert traceless(match) == 0.0
    assert 0.0 < traceless(replace(match, exact=3)) < traceless(replace(match, exact=6)) <= 0.5
