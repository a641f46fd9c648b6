"""What trained numbers are worth: every clue against known architectures, and the inference with and without them.

The tables of the feasibility study, measured again on nets that the clues were not made on: the trained zoo and the
corpus' files with a config. The zoo's nets before their training are asked too: there every clue has to be silent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.paths import corpus
from infer_convert.clues.constants import RECURRENT
from infer_convert.clues.numbers import gates, geometry, maps, orientation, output, padding, signs
from infer_convert.clues.numbers.arrays import Arrays, Store
from infer_convert.clues.numbers.budget import Budget
from infer_convert.clues.numbers.flow import Flow
from infer_convert.clues.numbers.kernels import CONVOLUTIONS, TRANSPOSED, Kernel, kernel_of
from infer_convert.clues.numbers.net import Net, Node, Value, of_plan
from infer_convert.clues.numbers.signals import Signal
from infer_convert.plan import Plan

COLUMNS = ("source", "split", "net", "clue", "layer", "candidates", "right", "margin", "detail")
"""One line per question: how many answers were possible, whether the clue's was right (empty: it abstained) and by how
much it led."""


@dataclass(frozen=True, slots=True)
class Known:
    """A file and its true plan."""

    source: str
    split: str
    name: str
    path: Path
    plan: Plan


FRESH = "untrained"


def untrained() -> Iterator[Known]:
    """The same cases before their training: no clue may speak."""
    for known in zoo():
        yield replace(known, source=FRESH)


def zoo() -> Iterator[Known]:
    """The really trained cases of the zoo."""
    from benchmarks import oracle, writers
    from benchmarks.configs import from_config
    from benchmarks.freeze import frozen, stamp
    from benchmarks.truth import truth_for
    from benchmarks.zoo.cases import CASES
    from infer_convert.readers import read

    lines = frozen()
    for case in CASES:
        if not case.trained:
            continue
        where = writers.ensure(case, stamp(lines[case.name]))
        path = where / writers.FILES["keras3"]
        facts = read(path)
        config = writers.config(where, "keras")
        truth = truth_for(from_config(config), facts)
        tensors: dict[str, list[Any]] = {}
        for tensor in facts.all_tensors():
            tensors.setdefault(truth.owner[tensor.path], []).append(tensor)
        yield Known("zoo", case.split, case.name, path, oracle.plan_of(config, tensors, {}))


def strangers() -> Iterator[Known]:
    """The corpus' files whose config is known; what our own rules cannot read is left out."""
    from benchmarks.sets.corpus import side_config
    from infer_convert.configs import plan_from_config
    from infer_convert.readers import read

    where = corpus()
    for entry in json.loads((where / "manifest.json").read_text()) if where else ():
        truth = str(entry["truth"])
        if not truth.startswith("side") and truth != "in-file config":
            continue
        path = where / entry["file"]  # type: ignore[operator]
        try:
            facts = read(path)
            plan = plan_from_config(facts, None, None, side_config(path)).best
        except Exception:
            continue
        yield Known("corpus", str(entry["repo"]), entry["id"], path, plan)


class Fresh:
    """The tensors of a file as they were before any training: kernels drawn anew, nothing else learnt."""

    def __init__(self, store: Store, plan: Plan) -> None:
        self._store = store
        self._rng = np.random.default_rng(0)
        self._variable = {
            path: use.variable for _, layer in plan.walk() for use in layer.weights for path in use.sources
        }

    def read(self, path: str, /) -> Any:
        """What Keras' initialisers give (glorot uniform, zeros, ones)."""
        shape, variable = np.shape(self._store.read(path)), self._variable[path]
        if variable.endswith(("gamma", "variance")):
            return np.ones(shape, np.float32)
        if len(shape) < 2:
            return np.zeros(shape, np.float32)
        limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
        return self._rng.uniform(-limit, limit, shape).astype(np.float32)


def measure(known: Known) -> Iterator[dict[str, str]]:
    """The lines of one file."""
    from infer_convert.readers import open_tensors

    with open_tensors(known.path) as store:
        arrays = Arrays(Fresh(store, known.plan) if known.source == FRESH else store)
        flow = Flow(arrays)
        for net in _nets(of_plan(known.plan)):
            for clue in CLUES:
                for layer, count, right, margin, detail in clue(net, flow, arrays):
                    shown = "" if right is None else str(int(right))
                    cells = (known.source, known.split, known.name, clue.__name__[1:], layer, str(count), shown)
                    yield dict(zip(COLUMNS, (*cells, f"{margin:.2f}", detail), strict=True))


def _nets(net: Net) -> Iterator[Net]:
    yield net
    for node in net.nodes:
        if node.inner is not None:
            yield from _nets(node.inner)


Line = tuple[str, int, bool | None, float, str]


def _moments(net: Net, flow: Flow, arrays: Arrays) -> Iterator[Line]:
    """Which tensor feeds a kernel that is followed by a BatchNormalization."""
    signals = flow.signals_of(net)
    for index, node in enumerate(net.nodes):
        takers = [net.nodes[i] for i in net.consumers.get((index, 0), ())]
        behind = [taker for taker in takers if taker.class_name == "BatchNormalization"]
        if len(node.operands) != 1 or len(node.operands[0]) != 1 or not behind or kernel_of(node, arrays) is None:
            continue
        value = node.operands[0][0]
        taken = signals[value]
        if taken.mean is None:
            continue
        rivals = _rivals(net, signals, index, value, lambda signal: signal.moment)
        said = flow.moments_if(node, taken, behind[0])
        others = [flow.moments_if(node, signal, behind[0]) for signal in rivals if signal.mean is not None]
        yield _ranked(node.name, None if said is None else said[0], [item[0] for item in others if item], "")


def _filters(net: Net, flow: Flow, arrays: Arrays) -> Iterator[Line]:
    """Which filters feed a kernel."""
    signals = flow.signals_of(net)
    kind = "bn" if any(node.class_name == "BatchNormalization" for node in net.nodes) else "no bn"
    kind += f", trust {maps.trust(flow.follow(net)):.2f}"
    for index, node in enumerate(net.nodes):
        if len(node.operands) != 1 or len(node.operands[0]) != 1:
            continue
        value = node.operands[0][0]
        said = flow.filters_if(node, signals[value]) if node.uses else None
        if not node.uses or not signals[value].units or kernel_of(node, arrays) is None:
            continue
        rivals = _rivals(net, signals, index, value, lambda signal: tuple(id(item) for item in signal.units))
        scored = [score for score in (flow.filters_if(node, signal) for signal in rivals) if score is not None]
        yield _ranked(node.name, said, scored, kind)


def _ranked(name: str, said: float | None, others: Sequence[float], detail: str) -> Line:
    if said is None or not others:
        return name, len(others) + 1, None, 0.0, detail
    return name, len(others) + 1, said > max(others), abs(said - max(others)), detail


def _rivals(net: Net, signals: dict[Value, Signal], index: int, true: Value, key: Any) -> list[Signal]:
    """Signals with as many channels from earlier in the list, one of each kind."""
    seen = {key(signals[true])}
    found = []
    for other in range(index):
        signal = signals.get((other, 0))
        if signal is not None and signal.channels == signals[true].channels and key(signal) not in seen:
            seen.add(key(signal))
            found.append(signal)
    return found


def _geometry(net: Net, flow: Flow, arrays: Arrays) -> Iterator[Line]:
    """Height, width and channels in front of a Flatten, among all factorisations with these channels."""
    shapes = _shapes(net)
    for index, node in enumerate(net.nodes):
        shape = shapes.get(node.operands[0][0]) if node.operands and node.operands[0] else None
        if node.class_name != "Flatten" or shape is None or len(shape) != 3 or None in shape:
            continue
        for consumer in _through(net, index):
            kernel = arrays.get(net.nodes[consumer].uses, "kernel")
            if kernel is None or kernel.ndim != 2 or len(kernel) != math.prod(shape):
                continue
            places = shape[0] * shape[1]
            tried = tuple((h, places // h, shape[2]) for h in range(1, places + 1) if places % h == 0)
            found = geometry.choose(kernel, tried)
            right = None if found is None else found == tuple(shape)
            z = geometry.strength(kernel, *shape)
            yield node.name, len(tried), right, z, "x".join(map(str, shape))


def _through(net: Net, index: int) -> Iterator[int]:
    for consumer in net.consumers.get((index, 0), ()):
        if net.nodes[consumer].class_name == "Dropout":
            yield from _through(net, consumer)
        elif net.nodes[consumer].class_name == "Dense":
            yield consumer


def _shapes(net: Net) -> dict[Value, Any]:
    from infer_convert.layers import CARD_OF

    shapes: dict[Value, Any] = {}
    for index, node in enumerate(net.nodes):
        if not node.operands:
            shape = node.config.get("batch_shape") or node.config.get("batch_input_shape")
            shapes[index, 0] = tuple(shape[1:]) if shape else None
            continue
        given = [shapes.get(value) for value in node.operands[0]]
        card = CARD_OF.get(node.class_name)
        try:
            known = card is not None and all(item is not None for item in given)
            shapes[index, 0] = card.shape(_filled(node, given), tuple(given)) if known and card is not None else None
        except (KeyError, TypeError, IndexError, ValueError):
            shapes[index, 0] = None
    return shapes


def _filled(node: Node, given: Sequence[Any]) -> dict[str, Any]:
    """A config with what cards read from tensors."""
    channels = given[0][-1] if given and given[0] else 0
    groups = node.config.get("groups") or 1
    read = {"_channels_in": channels // groups if channels else 0, "_channels": channels}
    return {**read, **node.config, "groups": groups}


def _outputs(net: Net, flow: Flow, arrays: Arrays) -> Iterator[Line]:
    """Softmax or not."""
    for value in net.outputs:
        last = owner = net.nodes[value[0]]
        if last.class_name in ("Activation", "Softmax") and last.operands:
            owner = net.nodes[last.operands[0][0][0]]
        bias = arrays.get(owner.uses, "bias")
        if bias is None or bias.ndim != 1 or len(bias) < 2 or owner.class_name != "Dense":
            continue
        true = "softmax" if last.class_name == "Softmax" else str(last.config.get("activation"))
        nats, q = output.softmax(bias), output.imbalance(bias)
        right = None if nats is None else (nats > 0) == (true == "softmax")
        yield last.name, 2, right, abs(nats or 0.0), f"{true} C={len(bias)} q={q if q is None else round(q, 3)}"


def _signs(net: Net, flow: Flow, arrays: Arrays) -> Iterator[Line]:
    """Relu or nothing between a kernel and its BatchNormalization."""
    from infer_convert.clues.numbers.flow import activation_of

    for node in net.nodes:
        if node.class_name != "BatchNormalization" or len(node.operands) != 1:
            continue
        front = net.nodes[node.operands[0][0][0]]
        mean = arrays.get(node.uses, "moving_mean")
        true = activation_of(front) or "linear"
        weighted = front.class_name in ("Conv1D", "Conv2D", "Conv3D", "Dense", "Activation", "ReLU")
        if mean is None or not weighted or true not in ("relu", "linear"):
            continue
        nats = signs.log_likelihoods(mean, ("relu", "linear"))
        gap = 0.0 if nats is None else nats["relu"] - nats["linear"]
        yield node.name, 2, None if nats is None else (gap > 0) == (true == "relu"), abs(gap), true


def _styles(net: Net, flow: Flow, arrays: Arrays) -> Iterator[Line]:
    """The activation of all hidden activation layers of one kind together."""
    from infer_convert.assemble.revise import STYLES
    from infer_convert.clues.numbers.flow import activation_of

    ends = {value[0] for value in net.outputs}
    groups: dict[str, list[int]] = {}
    for index, node in enumerate(net.nodes):
        if node.class_name in ("Activation", "ReLU", "ELU") and index not in ends:
            groups.setdefault(activation_of(node) or "", []).append(index)
    for true, members in groups.items():
        true = {"swish": "silu", "elu:1.0": "elu"}.get(true, true)
        if true not in STYLES:
            continue
        raw = {}
        for style in STYLES:
            nodes = tuple(
                replace(node, class_name="Activation", config={"activation": style}) if index in members else node
                for index, node in enumerate(net.nodes)
            )
            said = flow.follow(Net(nodes, net.outputs)).moments
            raw[style] = {name: value for name, (value, _) in said.items()}
        common = set.intersection(*(set(item) for item in raw.values()))
        total = {style: math.fsum(item[name] for name in common) for style, item in raw.items()}
        order = sorted(total, key=lambda style: -total[style])
        heard = len(common)
        right = None if not heard else order[0] == true
        yield f"{len(members)} layers", len(STYLES), right, total[order[0]] - total[order[1]], f"{true} read {order[0]}"


def _formats(net: Net, flow: Flow, arrays: Arrays) -> Iterator[Line]:
    """Whether a Flatten took its images channel by channel."""
    shapes = _shapes(net)
    for index, node in enumerate(net.nodes):
        value = node.operands[0][0] if node.operands and node.operands[0] else None
        shape = None if value is None else shapes.get(value)
        if node.class_name != "Flatten" or value is None or shape is None or len(shape) != 3 or None in shape:
            continue
        front = net.nodes[value[0]]
        true = front.class_name == "Permute" and list(front.config.get("dims") or ()) == [3, 1, 2]
        shape = (*shape[1:], shape[0]) if true else shape
        for consumer in _through(net, index):
            kernel = arrays.get(net.nodes[consumer].uses, "kernel")
            if kernel is None or kernel.ndim != 2 or len(kernel) != math.prod(shape):
                continue
            found = geometry.channels_first(kernel, (shape[0], shape[1], shape[2]))
            z = geometry.strength(kernel, *shape, channels_first=true)
            yield node.name, 2, None if found is None else found == true, z, "first" if true else "last"


def _orientation(net: Net, flow: Flow, arrays: Arrays) -> Iterator[Line]:
    """Convolution or transposed convolution, of kernels with as many channels in as out."""
    for index, node in enumerate(net.nodes):
        kernel = kernel_of(node, arrays) if node.class_name in (*CONVOLUTIONS, *TRANSPOSED) else None
        if kernel is None or kernel.taps.shape[1] != kernel.taps.shape[2] or kernel.taps.shape[1] < 8:
            continue
        before = _beside(net, index, arrays, forward=False)
        behind = _beside(net, index, arrays, forward=True)
        other = replace(kernel, taps=np.swapaxes(kernel.taps, 1, 2))
        nats = orientation.upright(kernel, other, before, behind, Budget())
        yield node.name, 2, None if nats is None else nats > 0, abs(nats or 0.0), node.class_name


def _beside(net: Net, index: int, arrays: Arrays, forward: bool) -> Kernel | None:
    """The next kernel in the list, as a list of layers with weights shows it."""
    step = 1 if forward else -1
    place = index + step
    while 0 <= place < len(net.nodes):
        if net.nodes[place].uses:
            return kernel_of(net.nodes[place], arrays)
        place += step
    return None


def _gates(net: Net, flow: Flow, arrays: Arrays) -> Iterator[Line]:
    """Which gate of an LSTM started open."""
    for node in net.nodes:
        for stem in ("cell.", "forward_layer.cell."):
            use = node.uses.get(f"{stem}recurrent_kernel")
            bias = arrays.get(node.uses, f"{stem}bias")
            if use is None or bias is None or use.shape[-1] != 4 * use.shape[-2]:
                continue
            block = gates.opened(bias)
            lead = float(np.sort(bias.reshape(4, -1).mean(1))[-1])
            yield node.name, 4, None if block is None else block == gates.FORGET, lead, ""


def _padding(net: Net, flow: Flow, arrays: Arrays) -> Iterator[Line]:
    """Whether an Embedding in front of a recurrent layer masks its padding."""
    for index, node in enumerate(net.nodes):
        takers = {net.nodes[taker].class_name for taker in net.consumers.get((index, 0), ())}
        table = arrays.get(node.uses, "embeddings") if node.class_name == "Embedding" else None
        if table is None or not takers.intersection(RECURRENT):
            continue
        true, nats = bool(node.config.get("mask_zero")), padding.masked(table)
        yield node.name, 2, None if nats is None else (nats > 0) == true, abs(nats or 0.0), f"mask_zero={true}"


CLUES = (_moments, _filters, _geometry, _formats, _orientation, _outputs, _signs, _styles, _gates, _padding)


def run(only: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Every line of every known file."""
    for source in (zoo, untrained, strangers):
        for known in source():
            if not only or known.name in only:
                yield from measure(known)


def _silent(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """Per clue, how often it spoke of untrained numbers. Filters have scores there too, and count as far as the net's
    scores are trusted."""
    for clue in dict.fromkeys(row["clue"] for row in rows):
        mine = [row for row in rows if row["clue"] == clue]
        trusts = [float(row["detail"].rpartition(" ")[2]) if clue == "filters" else 1.0 for row in mine]
        nats = [float(row["margin"]) * trust if row["right"] else 0.0 for row, trust in zip(mine, trusts, strict=True)]
        loud = sum(value >= LEAST_NATS for value in nats)
        yield f"untrained {clue}: spoke {loud} of {len(mine)} times, at most {max(nats):.2f} nats"


LEAST_NATS = 0.1
"""Below it a clue counts as silent."""


def summary(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """Per clue and source: questions, abstentions, accuracy, chance, and accuracy by margin."""
    yield from _silent([row for row in rows if row["source"] == FRESH])
    for source in ("zoo", "corpus"):
        for clue in (each.__name__[1:] for each in CLUES):
            mine = [row for row in rows if row["source"] == source and row["clue"] == clue and row["candidates"] != "1"]
            said = [row for row in mine if row["right"]]
            if not mine:
                continue
            right = sum(row["right"] == "1" for row in said)
            chance = sum(1 / int(row["candidates"]) for row in said) / max(1, len(said))
            bins = []
            edges = (0.0, 1.0, 3.0, 10.0, 30.0, math.inf)
            for low, high in pairwise(edges):
                inside = [row for row in said if low <= float(row["margin"]) < high]
                bins.append(f"{sum(r['right'] == '1' for r in inside)}/{len(inside)}")
            nets = len({row["net"] for row in said})
            yield (
                f"{source} {clue}: {right}/{len(said)} = {right / max(1, len(said)):.2f} (chance {chance:.2f},"
                f" {nets} nets,"
                f" {len(mine) - len(said)} abstentions); by margin 0-1-3-10-30-: {' '.join(bins)}"
            )
