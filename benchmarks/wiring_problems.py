"""Wiring problems with known answers: a list of items and the edges between them, without Keras and without sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.grammar.draw import draw
from benchmarks.item import Item as Case
from benchmarks.naming import Naming, Shown, show
from benchmarks.truth import Truth, truth_for
from infer_convert.assemble.across import read_across
from infer_convert.assemble.nested import Way, nested_reading
from infer_convert.assemble.typed import Typed, items, type_layers
from infer_convert.clues.affinity import Affinities
from infer_convert.errors import NoArchitecture
from infer_convert.facts import StoredLayer, WeightFile
from infer_convert.hints import Hints, inner_hints
from infer_convert.infer import infer_inner
from infer_convert.layers.card import Shape
from infer_convert.layers.recognise import Reading
from infer_convert.solve.features import Names
from infer_convert.solve.items import Item


@dataclass(frozen=True, slots=True)
class Problem:
    """``edges`` are (producer, consumer) positions in ``items``; ``twice`` are the items called twice;
    ``odd`` tells of one that is called more often. ``labels`` are the items' true labels where they are known,
    ``resort`` the items as they are read where no wiring suits these."""

    name: str
    family: str
    split: str
    naming: str
    items: tuple[Item, ...]
    edges: frozenset[tuple[int, int]]
    outputs: tuple[int, ...]
    twice: frozenset[int] = frozenset()
    odd: bool = False
    labels: tuple[str, ...] = ()
    resort: tuple[Item, ...] = ()

    def names(self) -> Names:
        """What the names say."""
        return self._affinities().word

    def roles(self) -> tuple[str, ...]:
        """What the layers are in their blocks, as their names tell."""
        return self._affinities().roles()

    def _affinities(self) -> Affinities:
        labels = [item.variants[0].label for item in self.items]
        return Affinities.of([item.name for item in self.items], labels)


def typed_items(facts: WeightFile) -> tuple[Item, ...]:
    """The items of a file's list; empty when it is no functional model. Raises NoArchitecture."""
    return _items(_typed(facts))


def _items(typed: tuple[Typed, ...]) -> tuple[Item, ...]:
    return items(typed)[0] if any(entry.is_input() for entry in typed) else ()


def _typed(facts: WeightFile) -> tuple[Typed, ...]:

    def nest(layer: StoredLayer) -> Reading | None:
        def within(inner: WeightFile, name: str, shapes: tuple[Shape, ...]) -> tuple[Way, ...]:
            told = inner_hints(Hints(), name)
            return infer_inner(inner, replace(told, input_shapes={"": shapes}) if shapes else told)

        return nested_reading(layer, facts, within)

    layers = [layer for layer in facts.layers if layer.name != "top_level_model_weights"]
    return type_layers(layers, facts, Hints(), nest)


def random_problems(seeds: range) -> Iterator[Problem]:
    """Nets of the grammar."""
    for seed in seeds:
        net = draw(seed)
        facts = WeightFile("random.weights.h5", 0, "keras3", "v3", "weights-only", "insertion", net.layers)
        words = enumerate(zip(net.layers, net.classes, strict=True))
        named = tuple(replace(layer, name=f"{word}_{number}") for number, (layer, word) in words)
        labels = tuple(item.variants[0].label for item in typed_items(replace(facts, layers=named)))
        made = typed_items(facts)
        if made:
            name = f"random {seed}"
            yield Problem(name, "random", "tune", "mixed", made, net.edges, net.outputs, net.twice, False, labels)


def problem(case: Case, naming: Naming) -> Problem | None:
    """A benchmark case as a wiring problem; None for chains and for lists that leave layers out. Raises
    NoArchitecture, ValueError."""
    loaded = case.load()
    truth = truth_for(loaded.graph, loaded.facts)
    shown = show(loaded.facts, naming, truth.leaf, truth.owner, truth.classes)
    if not shown.facts.lists_weightless:
        return None
    typed = _typed(shown.facts)
    made = _items(typed)
    if not made or any(item.name not in shown.leaf for item in made):
        return None
    edges, outputs, counts = _edges(truth, shown, made)
    twice = frozenset(item for item, count in counts.items() if count == 2)
    odd = any(count > 2 for count in counts.values())
    resort = _items(turned) if (turned := read_across(typed)) != typed else ()
    return Problem(case.name, case.family, case.split, naming, made, edges, outputs, twice, odd, resort=resort)


def problems(cases: list[Case], naming: Naming) -> Iterator[Problem]:
    """Those of the cases that are wiring problems."""
    for case in cases:
        try:
            found = problem(case, naming)
        except (NoArchitecture, ValueError):
            continue
        if found is not None:
            yield found


def _edges(
    truth: Truth, shown: Shown, made: tuple[Item, ...]
) -> tuple[frozenset[tuple[int, int]], tuple[int, ...], dict[int, int]]:
    """Edges between listed layers (calls outside the list are passed through), outputs, and calls per item."""
    place = {shown.leaf[item.name]: position for position, item in enumerate(made)}

    def listed(leaf: str) -> int | None:
        while leaf not in place:
            if "/" not in leaf:
                return None
            leaf = leaf.rpartition("/")[0]
        return place[leaf]

    calls = truth.raw.calls
    own = [listed(call.leaf) for call in calls]

    def sources(number: int) -> list[int]:
        found = own[number]
        if found is not None:
            return [found]
        return [source for operand in calls[number].operands for source in sources(operand.call)]

    edges = {
        (source, mine)
        for mine, call in zip(own, calls, strict=True)
        if mine is not None
        for operand in call.operands
        for source in sources(operand.call)
        if source != mine
    }
    outputs = sorted({source for out in truth.raw.outputs for source in sources(out.call)})
    leaves = Counter((mine, call.leaf) for mine, call in zip(own, calls, strict=True) if mine is not None)
    counts: dict[int, int] = {}
    for (mine, _), count in leaves.items():
        counts[mine] = max(count, counts.get(mine, 0))
    return frozenset(edges), tuple(outputs), counts
