"""What the reference library does: ``python -m benchmarks library`` prints and writes ``results/library.tsv``.

Parts: ``applications`` (frozen facts as stored, with class names only, and as bare weights), ``dumps`` (tensors one by
one, and layers in the order of their names), ``heads`` (the models
without top under a head of their own), ``variants`` (another class count, other input channels, an alpha that is not
in the library), ``references`` (whatever our own generators build, class names only; ``listed`` tells whether the truth
is among the plans), ``corpus`` and ``zoo`` (with and without the library; ``false`` counts decisions that the library
makes with more than 0.9 and that are wrong) and ``cost`` (milliseconds for looking a file up). Facts only: no numbers
are read and nothing is built but the variants and the references. ``exact`` is the same folded graph as the truth's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks import engine, table
from benchmarks.calibration import judge
from benchmarks.canonical import fold, same
from benchmarks.configs import from_config
from benchmarks.item import Item, Loaded
from benchmarks.naming import Naming, Shown, show
from benchmarks.paths import RESULTS
from benchmarks.plans import Identity, from_plan
from benchmarks.scores import structure
from benchmarks.truth import Truth, truth_for
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints
from infer_convert.plan import Plan
from infer_convert.readers.order import natural

COLUMNS = ("part", "case", "form", "match", "exact", "listed", "fields", "confidence", "false", "without", "ms", "note")
SECONDS = 25
"""For one inference: nets that take longer without the library count as not exact."""
SURE = 0.9


def run(parts: Iterable[str]) -> Iterator[dict[str, str]]:
    """The lines of the parts."""
    for part in parts:
        for line in PARTS[part]():
            yield {column: str(line.get(column, "")) for column in COLUMNS} | {"part": line.get("part", part)}


def write(rows: Sequence[dict[str, str]]) -> None:
    """Keep the outcome; times stay out, they are no outcome. Parts that were not run stay as they are."""
    target = RESULTS / "library.tsv"
    made = [{**row, "ms": row["ms"] if row["part"] == "cost" else ""} for row in rows]
    parts = {_part(row) for row in made}
    before = table.read(target.read_text(encoding="utf-8")) if target.exists() else []
    kept = [row for row in before if _part(row) in PARTS and _part(row) not in parts]
    order = list(PARTS)
    table.write(target, COLUMNS, sorted([*kept, *made], key=lambda row: order.index(_part(row))))


def _part(row: Mapping[str, str]) -> str:
    return row["part"].partition(" ")[0]


def summary(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """One sentence per part."""
    for part in dict.fromkeys(row["part"] for row in rows):
        mine = [row for row in rows if row["part"] == part]
        matched = [row for row in mine if row["match"]]
        exact, without = (sum(row[column] == "1" for row in mine) for column in ("exact", "without"))
        both = f", {without} without the library" if any(row["without"] for row in mine) else ""
        named = sum(row["listed"] == "1" for row in mine)
        wrong = sum(int(row["false"] or 0) for row in mine)
        sure = sum(row["exact"] == "1" for row in matched)
        yield (
            f"{part}: {len(mine)} cases, {len(matched)} matched ({sure} of them exact), {exact} exact{both}, "
            f"{named} listed; {wrong} decisions of the library wrong above {SURE}"
        )


def _infer(facts: WeightFile, hints: Hints) -> tuple[Plan | None, float, str]:
    plans, taken, note = _plans(facts, hints)
    return (plans[0] if plans else None), taken, note


def _plans(facts: WeightFile, hints: Hints) -> tuple[tuple[Plan, ...], float, str]:
    from infer_convert.errors import InferConvertError
    from infer_convert.infer import infer

    start = time.perf_counter()
    try:
        with engine.limited(SECONDS):
            plans: tuple[Plan, ...] = tuple(infer(facts, hints).plans)
            note = ""
    except engine.OutOfTime:
        plans, note = (), "out of time"
    except InferConvertError as error:
        plans, note = (), " ".join(str(error).split())[:100]
    return plans, (time.perf_counter() - start) * 1000, note


def matched(plan: Plan) -> str:
    """The reference that a plan's decisions name."""
    for _, layer in plan.walk():
        for decision in layer.decisions:
            for evidence in decision.evidence:
                if evidence.clue == "library":
                    return evidence.because.partition(" match ")[2].partition(": ")[0]
    return ""


def _judged(
    loaded: Loaded, naming: Naming, compare: bool, dumped: Callable[[Shown], Shown] | None = None
) -> dict[str, Any]:
    truth = truth_for(loaded.graph, loaded.facts)
    shown = show(loaded.facts, naming, truth.leaf, truth.owner, truth.classes)
    shown = shown if dumped is None else dumped(shown)
    listed = frozenset(shown.leaf.values()) | frozenset(shown.owner.values())
    identity = Identity(shown.leaf, shown.owner)
    plans, taken, note = _plans(shown.facts, Hints())
    line: dict[str, Any] = {"ms": f"{taken:.0f}", "note": note, "exact": "0", "listed": "0"}
    if plans:
        plan, *others = plans
        graph = from_plan(plan, identity)
        found = structure(truth, graph, listed)
        known = _only_library(plan)
        wrong = [item for item in judge(known, graph, truth, identity) if not item.right and item.confidence > SURE]
        line |= {
            "match": matched(plan),
            "exact": str(int(found.exact)),
            "listed": str(int(found.exact or any(_exact(truth, other, identity) for other in others))),
            "fields": "/".join(map(str, found.all_fields)),
            "confidence": f"{plan.confidence:.3f}",
            "false": str(len(wrong)),
        }
    if compare:
        other, _, _ = _infer(shown.facts, Hints(library=False))
        line["without"] = "0" if other is None else str(int(structure(truth, from_plan(other, identity), listed).exact))
    return line


def _exact(truth: Truth, plan: Plan, identity: Identity) -> bool:
    return same(truth.graph, fold(from_plan(plan, identity)))


def _only_library(plan: Plan) -> Plan:
    def only(layers: Any) -> Any:
        return tuple(
            replace(
                layer,
                decisions=tuple(
                    decision
                    for decision in layer.decisions
                    if any(evidence.clue == "library" for evidence in decision.evidence)
                ),
                inner=layer.inner.with_layers(only(layer.inner.layers)) if layer.inner is not None else None,
            )
            for layer in layers
        )

    return plan.with_layers(only(plan.layers))


def _items(name: str, naming: Naming, form: str = "") -> list[Item]:
    from benchmarks.sets import SETS

    return [item for item in SETS[name](naming) if form in ("", item.form)]


def applications() -> Iterator[dict[str, Any]]:
    """Every application under every naming."""
    for naming in ("kept", "class", "stripped"):
        for item in _items("applications", naming):  # type: ignore[arg-type]
            yield {
                "part": f"applications {naming}",
                "case": item.name,
                "form": item.form,
                **_judged(item.load(), naming, False),  # type: ignore[arg-type]
            }


def dumps() -> Iterator[dict[str, Any]]:
    """Every application as a script dumps it: ``numbered``, its tensors one by one as ``get_weights`` gives them;
    ``rewritten``, its layers with weights in the order of their names."""
    for form, naming, dumped in (("numbered", "stripped", _numbered), ("rewritten", "kept", _rewritten)):
        for item in _items("applications", naming, "keras3"):  # type: ignore[arg-type]
            if item.name.endswith("-top"):
                found = _judged(item.load(), naming, False, dumped)  # type: ignore[arg-type]
                yield {"part": f"dumps {form}", "case": item.name, **found}


def _numbered(shown: Shown) -> Shown:
    tensors = [tensor for layer in shown.facts.layers for tensor in layer.all_tensors()]
    paths = {tensor.path: f"/{number:04d}" for number, tensor in enumerate(tensors)}
    layers = tuple(
        StoredLayer(paths[tensor.path][1:], "/", (replace(tensor, path=paths[tensor.path], name="0", role="0"),))
        for tensor in tensors
    )
    owner = {paths[path]: leaf for path, leaf in shown.owner.items() if path in paths}
    facts = replace(shown.facts, layers=layers, layout="flat-datasets", order="stored")
    return replace(shown, facts=facts, owner=owner)


def _rewritten(shown: Shown) -> Shown:
    """What is read of a file that a script over sorted keys wrote."""
    by_name = {layer.name: layer for layer in shown.facts.layers if layer.tensors}
    layers = tuple(by_name[name] for name in natural(list(by_name)))
    facts = replace(shown.facts, layers=layers, generation="flat", layout="flat-groups", order="lost")
    return replace(shown, facts=replace(facts, lists_weightless=False))


def _dense(name: str, before: int, units: int) -> StoredLayer:
    path = f"/{name}"
    kernel = Tensor(f"{path}/kernel", f"{name}/kernel", "kernel", (before, units), "float32")
    return StoredLayer(name, path, (kernel, Tensor(f"{path}/bias", f"{name}/bias", "bias", (units,), "float32")))


def heads() -> Iterator[dict[str, Any]]:
    """A pool, 128 units and 7 classes behind every model without top: the backbone must come out as it does alone."""
    from infer_convert.errors import InferConvertError

    for item in _items("applications", "kept", "legacy"):
        if not item.name.endswith("-notop"):
            continue
        loaded = item.load()
        channels = _channels(loaded.facts)
        if channels is None:
            continue
        own = (
            StoredLayer("own_global_average_pooling2d", "/own_global_average_pooling2d"),
            _dense("own_dense", channels, 128),
            _dense("own_dense_1", 128, 7),
        )
        for word in ("names", "weights alone"):
            facts = replace(loaded.facts, layers=(*loaded.facts.layers, *own))
            alone = loaded.facts
            if word != "names":
                facts, alone = (_bare(found) for found in (facts, alone))
            plan, taken, note = _infer(facts, Hints())
            line = {"case": item.name, "form": word, "ms": f"{taken:.0f}", "note": note, "exact": "0"}
            try:
                bare, _, _ = _infer(alone, Hints())
            except InferConvertError:
                bare = None
            if plan is not None and bare is not None:
                line |= {
                    "match": matched(plan),
                    "exact": str(int(_contains(plan, bare))),
                    "confidence": f"{plan.confidence:.3f}",
                }
            yield line


def _bare(facts: WeightFile) -> WeightFile:
    layers = tuple(replace(layer, name=f"w{n}") for n, layer in enumerate(facts.layers) if layer.tensors)
    return replace(facts, layers=layers, lists_weightless=False, names_are_real=False)


def _channels(facts: WeightFile) -> int | None:
    """What the last convolution or normalisation gives."""
    for layer in reversed(facts.layers):
        shapes = [tensor.shape for tensor in layer.tensors]
        if shapes:
            return shapes[-1][-1] if len(shapes[-1]) == 1 else shapes[0][-1]
    return None


def _contains(plan: Plan, part: Plan) -> bool:
    """Whether every weighted layer of ``part`` is in ``plan`` with the same class, settings and operands."""
    mine = {layer.stored: layer for layer in plan.layers if layer.stored}
    for layer in part.layers:
        twin = mine.get(layer.stored)
        if layer.stored is None or layer.class_name == "InputLayer":
            continue
        if twin is None or (twin.class_name, twin.config) != (layer.class_name, layer.config):
            return False
        ours = [[ref.layer for ref in call] for call in layer.inbound]
        if layer.stored and ours != [[ref.layer for ref in call] for call in twin.inbound]:
            return False
    return True


def _built(make: Callable[[Any], Any], form: str) -> Loaded:
    import importlib
    import json

    from benchmarks import freeze_applications as freezer

    library = freezer.LIBRARIES[form]
    freezer._cheap(library)
    module = importlib.import_module(library)
    module.backend.clear_session()
    model = make(module)
    return Loaded(freezer._facts(model, form), from_config(json.loads(model.to_json())))


def _application(name: str, module: Any, **arguments: Any) -> Any:
    return getattr(module.applications, name)(weights=None, **arguments)


def variants() -> Iterator[dict[str, Any]]:
    """What differs from the library's references in one number."""
    cases: list[tuple[str, Callable[[Any], Any]]] = []
    for name in ("ResNet50", "VGG16", "DenseNet121", "EfficientNetB0", "InceptionV3", "MobileNetV3Small", "Xception"):
        cases.append((f"{name}, 17 classes", partial(_application, name, classes=17)))
        size = 299 if name in ("InceptionV3", "Xception") else 224
        shape = {"input_shape": (size, size, 1)}
        cases.append((f"{name}, 1 channel", partial(_application, name, **shape)))
        cases.append((f"{name}, 160 pixels", partial(_application, name, include_top=False, input_shape=(160, 160, 3))))
    for name, alpha in (("MobileNet", 0.3), ("MobileNetV2", 0.6), ("MobileNetV3Large", 0.5)):
        cases.append((f"{name}, alpha {alpha}", partial(_application, name, alpha=alpha)))
    for title, make in cases:
        for naming in ("kept", "stripped"):
            line = _judged(_built(make, "keras3"), naming, False)  # type: ignore[arg-type]
            yield {"part": f"variants {naming}", "case": title, "form": "keras3", **line}


def corpus() -> Iterator[dict[str, Any]]:
    """Strangers' files whose truth is a config, and the transcribed ones; configs hidden."""
    for name in ("corpus", "transcribed"):
        for item in _items(name, "kept"):
            try:
                loaded = item.load()
                line = _judged(replace(loaded, facts=replace(loaded.facts, model_config=None)), "kept", True)
            except Exception as error:
                line = {"note": " ".join(f"{type(error).__name__}: {error}".split())[:100]}
            yield {"part": name, "case": item.name, "form": item.form, **line}


def zoo() -> Iterator[dict[str, Any]]:
    """The zoo, one file per case."""
    for naming, form in (("kept", "keras3"), ("stripped", "flat")):
        for item in _items("zoo", naming, form):  # type: ignore[arg-type]
            yield {"part": f"zoo {naming}", "case": item.name, "form": form, **_judged(item.load(), naming, True)}  # type: ignore[arg-type]


def references() -> Iterator[dict[str, Any]]:
    """Everything that our own generators build, as Keras 3 or tf_keras stores it."""
    from benchmarks.library import catalogue

    for family, makers in catalogue.OWN.items():
        for entry in (entry for make in makers for entry in make()):
            form = "keras3" if entry.library == "keras" else "legacy"
            try:
                line = _judged(_built(entry.build, form), "class", False)
            except Exception as error:
                line = {"note": " ".join(f"{type(error).__name__}: {error}".split())[:100]}
            yield {"part": f"references {family}", "case": entry.name, "form": form, **line}


def cost() -> Iterator[dict[str, Any]]:
    """Milliseconds for the lookup alone: the first one with reading the index, a miss, hits."""
    from infer_convert.library import store
    from infer_convert.library.match import Seen, find

    start = time.perf_counter()
    store.index.cache_clear()
    count = len(store.index())
    yield {"case": f"index of {count} references", "ms": f"{(time.perf_counter() - start) * 1000:.1f}"}
    odd = [Seen(((9, 9, 5, 3), (3,)), {"Conv2D": 0.0}), *([Seen(((7, 3, 11, 13),), {"Conv2D": 0.0})] * 60)]
    for title, seen in (("a miss of 61 layers", odd), *_hits()):
        store.reference.cache_clear()
        store._family.cache_clear()
        start = time.perf_counter()
        found = find(seen, True)
        taken = (time.perf_counter() - start) * 1000
        yield {"case": title, "ms": f"{taken:.1f}", "match": found[0].reference.title if found else ""}


def _hits() -> Iterator[tuple[str, Any]]:
    from infer_convert.library import store
    from infer_convert.library.match import Seen

    wanted = {"ResNet50", "VGG16", "NASNetLarge", "U-Net for membranes", "EfficientNetV2L"}
    for signature in store.index():
        known = store.reference(signature.family, signature.number)
        if known.name in wanted:
            wanted.discard(known.name)
            listed = [layer for layer in known.layers if layer.listed]
            yield known.name, [Seen(layer.shapes(), {layer.class_name: 0.0}) for layer in listed]


PARTS: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
    "cost": cost,
    "applications": applications,
    "dumps": dumps,
    "heads": heads,
    "variants": variants,
    "corpus": corpus,
    "zoo": zoo,
    "references": references,
}
