"""The layout in which a file without a config kept its images and kernels.

Plans are inferred channels_last. Keras 0 and 1 kernels that stand (out, in, rows, cols) say that the lost net was
``dim_ordering="th"``: its inputs and outputs keep that layout at the signature, and what a Flatten hands to a Dense
stands (channels, rows, cols), as in ``configs/layout.py``. In later files only the numbers, the end of the net or the
user can tell (``data_format`` of the Flatten or Reshape, or the shape of the input). Kernels that Theano trained are
turned round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from infer_convert.assemble.inserted import permute
from infer_convert.assemble.nested import inner_facts
from infer_convert.configs.layout import ELEMENTWISE
from infer_convert.configs.log import Log
from infer_convert.facts import WeightFile
from infer_convert.hints import Hints
from infer_convert.layers.backend import DEVIATION, TURNED, backend_of, turned
from infer_convert.layers.recognise import recognise
from infer_convert.plan import Decision, Option, Plan, PlanLayer, Ref, WeightUse

Arrangement = tuple[int, ...]
"""The permutation of the axes behind the batch, counted from 1, that leads from the stored layout to ours; ``()`` is
the stored one."""
FIRST = "channels_first, computed channels_last inside; inputs and outputs keep their layout"
BY_KERNELS = f"the kernels stand (out, in, rows, cols): {FIRST}"
AS_TOLD = f"the input's shape was told with its channels in front: {FIRST}"
OLD = ("keras0", "keras1")
IMAGES = ("Conv", "Depthwise", "Separable", "LocallyConnected", "MaxPooling", "AveragePooling", "ZeroPadding",
          "Cropping", "UpSampling")  # fmt: skip
"""How classes begin that read and give images."""
PASSING = (*ELEMENTWISE, "Activation", "BatchNormalization", "Concatenate", "LayerNormalization", "PReLU", "Softmax")
FLATTEN = "Flatten"
SAYING = (FLATTEN, "Reshape")
"""Classes whose ``data_format`` says how the images that they read were held (Keras' own Reshape has none)."""


def channels_first(facts: WeightFile) -> bool:
    """Whether most kernels of a Keras 0 or 1 file over two or three axes stand (out, in, rows, cols)."""
    if facts.generation not in OLD:
        return False
    votes = [any(each.startswith("transpose") for each in use.transforms) for use in _image_kernels(facts)]
    return 2 * sum(votes) > len(votes)


def told_first(plan: Plan, hints: Hints) -> bool:
    """Whether an input's shape was told with its channels in front of what the plan reads: so the lost net held it."""
    told = {shape for given in hints.input_shapes.values() for shape in given if len(shape) >= 3}
    shapes = [tuple(plan.layer(ref.layer).config["batch_shape"][1:]) for ref in plan.inputs]
    return any(
        shape not in told and (shape[-1], *shape[:-1]) in told for shape in shapes if len(shape) >= 3 and shape[-1]
    )


def _image_kernels(facts: WeightFile) -> Iterator[WeightUse]:
    """Kernels over two or three axes as they are likeliest read, those of nested models too."""
    for layer in facts.layers:
        readings = recognise(layer, facts.generation, facts.backend) if layer.tensors else ()
        inside = None if readings else inner_facts(layer, facts)
        if inside is not None:
            yield from _image_kernels(inside)
        yield from (use for reading in readings[:1] for use in reading.fit.uses if len(use.shape) >= 4)


def hints_inside(hints: Hints, facts: WeightFile) -> Hints:
    """Shapes of inputs as the inference wants them, channels_last, where the user gave them as the file has them."""
    if not hints.input_shapes or not channels_first(facts):
        return hints
    widths = frozenset(use.shape[-2] for use in _image_kernels(facts))
    shapes = {name: tuple(_last(shape, widths) for shape in given) for name, given in hints.input_shapes.items()}
    answers = {
        (layer, key): [None, *_last(tuple(value[1:]), widths)] if key == "batch_shape" else value
        for (layer, key), value in hints.answers.items()
    }
    return replace(hints, input_shapes=shapes, answers=answers)


def _last(shape: tuple[int | None, ...], widths: frozenset[int]) -> tuple[int | None, ...]:
    """A shape with its channels moved last: they are as many as some kernel takes, in front of two or three axes."""
    if len(shape) == 3 and shape[0] in widths:
        return (*shape[1:], shape[0])
    if len(shape) == 4 and shape[0] in widths and shape[-1] not in widths:
        return (*shape[1:], shape[0])
    if len(shape) == 4 and shape[1] in widths:
        return (shape[0], *shape[2:], shape[1])
    return shape


def with_stored_layout(plan: Plan, facts: WeightFile, hints: Hints) -> Plan:
    """The plan with turned kernels, and with the Permutes that a channels_first original calls for."""
    by_kernels = channels_first(facts)
    first = by_kernels or told_first(plan, hints)
    log = Log()
    backend, why = backend_of(facts)
    if backend == "theano":
        plan = _with_turned(plan, log, "")
    if first or _flat_first(plan):
        plan = _Images(plan, first, whole=True).arranged()
    if facts.generation == "keras0":
        plan = _with_variances(plan, log, "")
    if first:
        log.rewrite(plan.name or "model", BY_KERNELS if by_kernels else AS_TOLD)
    sentences = log.sentences()
    return replace(plan, rewrites=(*plan.rewrites, *([why] if why and sentences else ()), *sentences))


def _with_turned(plan: Plan, log: Log, prefix: str) -> Plan:
    layers = []
    for layer in plan.layers:
        if layer.inner is not None:
            layer = replace(layer, inner=_with_turned(layer.inner, log, f"{prefix}{layer.name}/"))
        uses = turned(_wrapped(layer) or layer.class_name, layer.weights)
        if uses != layer.weights:
            log.rewrite(prefix + layer.name, TURNED)
            layer = replace(layer, weights=uses)
        layers.append(layer)
    return plan.with_layers(tuple(layers))


def _with_variances(plan: Plan, log: Log, prefix: str) -> Plan:
    """Keras 0 kept standard deviations and divided by (std + epsilon): as ``configs/special.py`` has it."""
    layers = []
    for layer in plan.layers:
        if layer.inner is not None:
            layer = replace(layer, inner=_with_variances(layer.inner, log, f"{prefix}{layer.name}/"))
        if layer.class_name == "BatchNormalization":
            epsilon = float(layer.config.get("epsilon", 1e-6))
            turns = (f"add:{epsilon!r}", "square")
            uses = (
                replace(use, transforms=turns) if use.variable == "moving_variance" else use for use in layer.weights
            )
            layer = replace(layer, weights=tuple(uses), config={**layer.config, "epsilon": 0.0})
            log.rewrite(prefix + layer.name, DEVIATION.format(epsilon))
        layers.append(layer)
    return plan.with_layers(tuple(layers))


def _wrapped(layer: PlanLayer) -> str | None:
    inner = layer.config.get("layer")
    return str(inner.get("class_name")) if isinstance(inner, Mapping) else None


def _flat_first(plan: Plan) -> bool:
    return any(layer.config.get("data_format") for _, layer in plan.walk() if layer.class_name in SAYING)


@dataclass
class _Images:
    """One plan whose images the original held channels_first, ``first`` as the kernels say, else only for what says so
    (``SAYING``). Only the ``whole`` model has a signature to keep."""

    plan: Plan
    first: bool
    whole: bool
    held: dict[Ref, Arrangement] = field(default_factory=dict)
    inner: dict[str, _Images] = field(default_factory=dict)
    made: list[PlanLayer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inner = {
            layer.name: _Images(layer.inner, self.first, whole=False)
            for layer in self.plan.layers
            if layer.inner is not None
        }
        for layer in self.plan.layers:
            if not layer.inbound:
                self.held[Ref(layer.name)] = self.wanted(layer.name)
            for call, operands in enumerate(layer.inbound):
                drawn = self.first and layer.class_name == "Reshape"
                self.held[Ref(layer.name, call)] = self.wanted(layer.name) if drawn else self.gives(layer, operands)

    def arranged(self) -> Plan:
        """The plan with its Permutes."""
        moved: dict[Ref, Ref] = {}
        for layer in self.plan.layers:
            if layer.name in self.inner:
                layer = replace(layer, inner=self.inner[layer.name].arranged())
            arrangement = self.held[Ref(layer.name)] if not layer.inbound else ()
            if self.whole and self.first and arrangement:
                self.made.append(_stored(layer, arrangement))
                moved[Ref(layer.name)] = self.permuted(Ref(layer.name), list(arrangement), "last")
                continue
            inbound = tuple(tuple(moved.get(ref, ref) for ref in operands) for operands in layer.inbound)
            told = layer.config.get("data_format")
            said = told or ("channels_first" if self.first else "channels_last")
            if layer.class_name in SAYING:
                layer = replace(layer, config={k: v for k, v in layer.config.items() if k != "data_format"})
            flattens = FLATTEN in (layer.class_name, _wrapped(layer)) or (layer.class_name == "Reshape" and told)
            if said == "channels_first" and flattens:
                inbound = tuple(
                    tuple(self.back(ref, old) for ref, old in zip(new, olds, strict=True))
                    for new, olds in zip(inbound, layer.inbound, strict=True)
                )
            self.made.append(replace(layer, inbound=inbound))
            if layer.class_name == "Reshape":
                self.reshaped(moved)
        outputs = tuple(moved.get(ref, ref) for ref in self.plan.outputs)
        if self.whole and self.first:
            outputs = tuple(self.back(new, old) for new, old in zip(outputs, self.plan.outputs, strict=True))
        return replace(self.plan, layers=tuple(self.made), outputs=outputs)

    def reshaped(self, moved: dict[Ref, Ref]) -> None:
        """A Reshape whose images the layers behind it read: the original's stood channels_first."""
        layer = self.made.pop()
        arrangement = self.held[Ref(layer.name)]
        target = layer.config.get("target_shape") or []
        if len(target) != len(arrangement) or not target:
            self.made.append(layer)
            return
        turned = [target[arrangement.index(axis)] for axis in sorted(arrangement)]
        self.made.append(replace(layer, config={**layer.config, "target_shape": turned}))
        for call in range(len(layer.inbound)):
            ref = Ref(layer.name, call)
            moved[ref] = self.permuted(ref, list(arrangement), "last")

    def back(self, ref: Ref, original: Ref) -> Ref:
        """The tensor in the stored layout."""
        have = self.held.get(replace(original, tensor=0), ())
        return self.permuted(ref, [have.index(axis) + 1 for axis in sorted(have)], "first") if have else ref

    def permuted(self, ref: Ref, dims: list[int], word: str) -> Ref:
        taken = {layer.name for layer in (*self.plan.layers, *self.made)}
        self.made.append(permute(ref, dims, word, taken))
        return Ref(self.made[-1].name)

    def wanted(self, name: str) -> Arrangement:
        """How the layers behind a layer read what it gives, through those that take any arrangement."""
        waiting, seen = [name], {name}
        while waiting:
            source = waiting.pop(0)
            for layer in self.plan.layers:
                places = [p for call in layer.inbound for p, ref in enumerate(call) if ref.layer == source]
                if not places or layer.name in seen:
                    continue
                seen.add(layer.name)
                found = self.inner[layer.name].taken(places[0]) if layer.name in self.inner else _reads(layer)
                if found:
                    return found
                if layer.class_name in PASSING:
                    waiting.append(layer.name)
        return ()

    def taken(self, place: int) -> Arrangement:
        """How the ``place``-th input is read."""
        return self.held.get(self.plan.inputs[place], ()) if place < len(self.plan.inputs) else ()

    def gives(self, layer: PlanLayer, operands: Sequence[Ref]) -> Arrangement:
        if layer.name in self.inner:
            images = self.inner[layer.name]
            found = images.held.get(replace(images.plan.outputs[0], tensor=0), ())
            timed = layer.class_name == "TimeDistributed" and found
            return (1, *(axis + 1 for axis in found)) if timed else found
        if layer.class_name in PASSING:
            return next((held for ref in operands if (held := self.held.get(replace(ref, tensor=0), ()))), ())
        reads = _reads(layer)
        if layer.class_name.startswith("ConvLSTM") and reads and not layer.config.get("return_sequences"):
            return (*range(2, len(reads)), 1)
        return reads


def _reads(layer: PlanLayer) -> Arrangement:
    """The arrangement in which a layer over two or three axes of images reads."""
    name = _wrapped(layer) or layer.class_name
    axes = next((int(letter) for letter in name if letter.isdigit()), 0)
    if axes < 2 or not name.startswith(IMAGES):
        return ()
    timed = layer.class_name == "TimeDistributed" or name.startswith("ConvLSTM")
    return (1, *range(3, axes + 3), 2) if timed else (*range(2, axes + 2), 1)


def _stored(layer: PlanLayer, arrangement: Arrangement) -> PlanLayer:
    """An input with the shapes of the file."""

    def turn(shape: Any) -> Any:
        if not isinstance(shape, list | tuple) or len(shape) != len(arrangement) + 1:
            return shape
        return [shape[0], *(shape[arrangement.index(axis) + 1] for axis in sorted(arrangement))]

    def told(decision: Decision) -> Decision:
        options = tuple(Option(turn(each.value), each.confidence, each.same) for each in decision.alternatives)
        return replace(decision, value=turn(decision.value), alternatives=options)

    decisions = tuple(told(each) if each.field == "batch_shape" else each for each in layer.decisions)
    return replace(
        layer, config={**layer.config, "batch_shape": turn(layer.config.get("batch_shape"))}, decisions=decisions
    )
