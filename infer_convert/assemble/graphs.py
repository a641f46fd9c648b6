"""Functional models: the wiring engine's answers as drafts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from infer_convert import __version__
from infer_convert.assemble.asked import about_wiring, told_apart, told_of_wiring
from infer_convert.assemble.calls import Orders, layer_of, merged, renumbered
from infer_convert.assemble.sides import share_turned, turned_round
from infer_convert.assemble.told_sums import SUM, with_told_sums
from infer_convert.assemble.typed import Typed, full_config, items
from infer_convert.clues.affinity import Affinities
from infer_convert.clues.matrices import unlikely
from infer_convert.clues.oddities import nats
from infer_convert.draft import Draft, DraftLayer, Preferred
from infer_convert.errors import NoArchitecture
from infer_convert.hints import Hints
from infer_convert.layers import CARD_OF
from infer_convert.solve.items import Call, Item, Wiring
from infer_convert.solve.order import reproduces
from infer_convert.solve.recall import recalled, searched
from infer_convert.solve.wiring import WiringProblem, solve_widening

MOST_WIRINGS = 24
"""Wirings that are handed on at most."""
LEAST_SHARE = 0.02
"""Wirings this much less likely than the best are left out."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a known architecture says about some of the layers: ``operands`` are its producers for those whose operands
    are all among them, ``preferred`` its settings; both by layer index."""

    operands: Mapping[int, frozenset[int]]
    preferred: Mapping[int, Preferred]
    strength: float

    def said(self) -> object:
        """All that ``cost`` depends on, in one order."""
        return (_spoken(self.operands), self.strength)

    def cost(self, producer: int, consumer: int) -> float:
        """Nats against an edge that the known architecture has not, and for one that it has."""
        wanted = self.operands.get(consumer)
        if wanted is None:
            return 0.0
        return -self.strength if producer in wanted else self.strength


def _spoken(edges: Mapping[int, frozenset[int]]) -> list[tuple[int, list[int]]]:
    return sorted((consumer, sorted(producers)) for consumer, producers in edges.items())


def wire(typed: Sequence[Typed], hints: Hints, known: Known | None = None) -> tuple[tuple[Draft, float], ...]:
    """Drafts with their probabilities, best first. ``known`` is what a known architecture says about edges and
    settings. Raises NoArchitecture with the engine's cause when there is none."""
    made, origins = items(typed)
    taken = frozenset(variant.channels_in for item in made for variant in item.variants)
    made = tuple(_with_told_channels(item, hints, taken) for item in made)
    pinned = _pinned_edges(made, hints)
    affinities = Affinities.of([item.name for item in made], [v.variants[0].label for v in made])
    odd = unlikely(made)

    def affinity(producer: int, consumer: int) -> float:
        wanted = pinned.get(consumer)
        if wanted is not None:
            return 0.0 if producer in wanted else math.inf
        cost = odd.get((producer, consumer), 0.0)
        return cost if known is None else cost + known.cost(producer, consumer)

    asked = (__version__, _spoken(pinned), known and known.said(), len(hints.outputs))

    def search() -> tuple[Wiring, ...]:
        outputs = len(hints.outputs) or None
        problem = WiringProblem(made, affinity, outputs, affinities.word, roles=affinities.roles())
        result = searched(made, asked, lambda: solve_widening(problem))
        if not result.wirings:
            asks = about_wiring(typed, result.places, hints)
            cause = result.cause + told_of_wiring(hints)
            said = told_apart((cause,), asks)
            raise NoArchitecture(f"no wiring satisfies the file: {said}", (cause,), asks=asks)
        best = result.wirings[0].probability
        return tuple(wiring for wiring in result.wirings[:MOST_WIRINGS] if wiring.probability > LEAST_SHARE * best)

    orders = pinned_orders(hints)
    drafts: list[tuple[Draft, float]] = []
    for wiring in recalled(made, asked, search):
        draft = renumbered(with_told_sums(_draft(typed, origins, made, wiring), orders), orders)
        if known is not None:
            draft = replace(draft, preferred=_by_place(draft, typed, known))
        ordered = frozenset(made[index].name for index in wiring.ordered)
        flipped = turned_round(draft, ordered)
        share = share_turned(draft, ordered) if flipped is not None else 0.0
        ways = [(draft, 1 - share), *([(flipped, share)] if flipped is not None else [])]
        likely = wiring.probability * math.exp(nats(draft))
        drafts.extend((way, likely * part) for way, part in _as_told(ways, orders))
    if not drafts:
        raise NoArchitecture(f"the list's order contradicts the order of operands told for {', '.join(orders)}", ())
    return tuple(sorted(merged(drafts), key=lambda item: -item[1]))


def _with_told_channels(item: Item, hints: Hints, taken: frozenset[int | None]) -> Item:
    """An input with the channels that the user told of it. Shapes without a name go where they suit: only what all of
    them have is known. The one axis of words and of numbers is none of channels to an Embedding. Where no layer takes
    (``taken``) so many as stand last, they may stand first."""
    shapes = hints.input_shapes.get(item.name) or hints.input_shapes.get("", ())
    channels = {
        None if len(shape) < 2 or (len(shape) > 2 and shape[0] in taken and shape[-1] not in taken) else shape[-1]
        for shape in shapes
    }
    known = next(iter(channels)) if len(channels) == 1 else None
    if known is None:
        return item
    variants = (
        replace(variant, channels_out=known, channels="fixed") if variant.operands == (0, 0) else variant
        for variant in item.variants
    )
    return replace(item, variants=tuple(variants))


def _as_told(ways: Sequence[tuple[Draft, float]], orders: Mapping[str, Orders]) -> list[tuple[Draft, float]]:
    """The drafts with the operands of some layers in the user's order, likelier the fewer had to be turned round;
    without those that Keras would list otherwise. Shares sum to 1."""
    found = []
    for draft, share in ways:
        turned = {
            index: new
            for index, layer in enumerate(draft.layers)
            if (new := _in_order(draft, layer, orders.get(layer.name))) != layer.operands
        }
        if turned:
            layers = tuple(
                replace(layer, operands=turned.get(index, layer.operands)) for index, layer in enumerate(draft.layers)
            )
            if not reproduces([layer.operands or ((),) for layer in layers], draft.outputs):
                continue
            draft = replace(draft, layers=layers)
        found.append((draft, share * EXCEPTION ** len(turned)))
    total = math.fsum(share for _, share in found)
    return [(draft, share / total) for draft, share in found]


EXCEPTION = 0.01
"""Share of nets that order the operands of one Concatenate otherwise than those of the rest."""


def _in_order(draft: Draft, layer: DraftLayer, wanted: Orders | None) -> tuple[tuple[Call, ...], ...]:
    """A layer's operands in the order told; as they are where nothing is told or other layers are meant."""
    if wanted is None or len(wanted) != len(layer.operands):
        return layer.operands
    found = []
    for call, names in zip(layer.operands, wanted, strict=True):
        rest, ordered = list(call), []
        for name in names:
            twin = next((operand for operand in rest if _is(draft, operand, name, names)), None)
            if twin is not None:
                rest.remove(twin)
                ordered.append(twin)
        found.append(tuple(ordered) if not rest else call)
    return tuple(found)


def _is(draft: Draft, operand: Call, name: str, names: Sequence[str]) -> bool:
    """Whether an operand is the one called ``name``. Calls count where ``names`` tell those of one layer apart."""
    layer, number = draft.layers[operand[0]].name, operand[1]
    several = len({each for each in names if layer_of(each, (layer,)) == layer}) > 1
    if not several:
        return layer_of(name, (layer,)) == layer
    return name == f"{layer}:{number}" or (name == layer and number == 0)


def pinned_orders(hints: Hints) -> dict[str, Orders]:
    """The operands that the user tells, by layer, in the user's order."""
    found = {}
    for (layer, field), value in hints.answers.items():
        if field == "inbound":
            calls = [value] if all(isinstance(item, str) for item in value) else value
            found[layer] = tuple(tuple([call] if isinstance(call, str) else call) for call in calls)
    return found


def obey(drafts: Sequence[tuple[Draft, float]], hints: Hints) -> list[tuple[Draft, float]]:
    """The drafts in which every layer reads what the user told. Raises NoArchitecture when there is none."""
    orders = pinned_orders(hints)
    found = [(draft, share) for draft, share in drafts if all(_reads(draft, *told) for told in orders.items())]
    if drafts and not found:
        broken = [name for name, told in orders.items() if not _reads(drafts[0][0], name, told)] or list(orders)
        cause = f"no graph that suits the file lets {broken[0]} read {' and '.join(orders[broken[0]][0])}"
        raise NoArchitecture(cause, (cause,))
    return found


def _reads(draft: Draft, name: str, told: Orders) -> bool:
    """Whether a layer's operands are those told, by their own names or by what stands in front of sums that the list
    does not show; True for unknown layers."""
    layer = next((layer for layer in draft.layers if layer.name == name), None)
    if layer is None or not layer.operands:
        return True
    known = {layer.name for layer in draft.layers}
    names = {layer_of(name, known) for call in told for name in call}
    found: set[str] = set()
    return all(_told(draft, operand, names, found) for call in layer.operands for operand, _ in call) and names <= found


def _told(draft: Draft, item: int, names: set[str], found: set[str]) -> bool:
    """Whether an operand, or all that it sums up unseen, is among ``names``; ``found`` gathers these."""
    producer = draft.layers[item]
    if producer.name in names or producer.stored is not None:
        found.add(producer.name)
        return producer.name in names
    return all(_told(draft, operand, names, found) for call in producer.operands for operand, _ in call)


def _by_place(draft: Draft, typed: Sequence[Typed], known: Known) -> dict[int, Preferred]:
    """What is known of the layers, by their place in the draft."""
    number = {entry.stored.name: index for index, entry in enumerate(typed)}
    places = ((place, number.get(layer.name)) for place, layer in enumerate(draft.layers))
    return {place: known.preferred[index] for place, index in places if index is not None and index in known.preferred}


def _pinned_edges(made: Sequence[Item], hints: Hints) -> dict[int, frozenset[int]]:
    index = {item.name: position for position, item in enumerate(made)}
    pinned = {}
    for (layer, field), value in hints.answers.items():
        if field != "inbound" or layer not in index:
            continue
        names = [name for call in value for name in ([call] if isinstance(call, str) else call)]
        if any(name not in index and name.removesuffix(SUM) in index for name in names):
            continue  # a sum that no list shows, which no item stands for: ``obey`` chooses among the wirings
        unknown = [name for name in names if layer_of(name, index) not in index]
        if unknown:
            raise NoArchitecture(f"{layer}.inbound names {unknown[0]!r}, which the file does not list", ())
        pinned[index[layer]] = frozenset(index[layer_of(name, index)] for name in names)
    return pinned


def _draft(typed: Sequence[Typed], origins: Sequence[tuple[int, ...]], made: Sequence[Item], wiring: Wiring) -> Draft:
    """The wiring's layers; a sum that the list does not show becomes an Add in front of the layer that takes it."""
    layers: list[DraftLayer] = []
    place: dict[int, int] = {}

    def placed(call: Call, name: str) -> Call:
        """Where an operand stands; sums that the list does not show are made when they are first needed."""
        item, number = call
        if item not in place and item >= len(made):
            operands = tuple([placed(operand, name) for operand in wiring.sums[item - len(made)]])
            layers.append(DraftLayer(f"{name}{SUM}", CARD_OF["Add"], {}, (operands,)))
            place[item] = len(layers) - 1
        return place[item], number

    for index, entry in enumerate(typed):
        variant = made[index].variants[wiring.variants[index]]
        reading = entry.readings[origins[index][wiring.variants[index]]]
        calls = [tuple([placed(call, entry.stored.name) for call in operands]) for operands in wiring.operands[index]]
        if variant.operands[1] == 1 and any(len(call) > 1 for call in calls):
            calls = [_summed(layers, entry.stored.name, call) for call in calls]
        operands = tuple(_operands(call, variant.label) for call in calls) if variant.operands[1] else ()
        place[index] = len(layers)
        layers.append(
            DraftLayer(
                entry.stored.name, reading.card, full_config(reading), operands, reading.fit.uses, entry.stored.name
            )
        )
        if variant.takes_state:
            giver = calls[0][1][0]
            layers[giver] = replace(layers[giver], config={**layers[giver].config, "return_state": True})
    outputs = tuple((place[item], call) for item, call in wiring.outputs)
    return Draft(tuple(layers), outputs, wiring.log_score, guessed=wiring.guessed)


def _summed(layers: list[DraftLayer], name: str, call: tuple[Call, ...]) -> tuple[Call, ...]:
    if len(call) == 1:
        return call
    layers.append(DraftLayer(f"{name}{SUM}", CARD_OF["Add"], {}, (call,)))
    return ((len(layers) - 1, 0),)


def _operands(call: tuple[Call, ...], label: str) -> tuple[Call, ...]:
    """Self-attention takes its one tensor as query and as value."""
    return (*call, *call) if label == "Attention/self" and len(call) == 1 else call
