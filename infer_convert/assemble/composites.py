"""Layers of people's own that many people copy, told by their tensors alone: attention over time, the embeddings and
the block of Keras' transformer examples.

The recipes are those of stored configs (``configs/thirdparty.py``), where a class name speaks for them; here only the
tensors do, so each is a decision with less confidence. A class given with ``--custom-objects`` comes before them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from infer_convert.configs.context import Context
from infer_convert.configs.graph import Call, Item
from infer_convert.configs.removed import highway, layer_scale, maxout, parametric_softplus, srelu
from infer_convert.configs.steps import INPUT, Step, operation
from infer_convert.configs.thirdparty import (
    attention,
    instance_normalization,
    positions,
    scale,
    spectrogram,
    transformer_block,
)
from infer_convert.errors import NoArchitecture
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.hints import Hints, inner_hints, spread
from infer_convert.layers.card import Card, Config, Fit, Shape, use
from infer_convert.layers.recognise import Reading
from infer_convert.plan import Basis, Decision, Evidence, Plan, PlanLayer, Ref
from infer_convert.solve.items import Variant

SURE, LIKELY = 0.8, 0.6
"""Confidence that the layer is the well-known one: with a name that says so, and without."""
Recipe = Callable[[Item, Context], Sequence[Step] | None]
_PARTS = {"query": "query", "key": "key", "value": "value", "output": "attention_output"}


@dataclass(frozen=True, slots=True)
class _Composite:
    """What the layer is called in the report, words that speak for it in names, the recipe, what goes in and what
    comes out (without the batch axis; None for an open length), and whether it reads indices."""

    title: str
    words: tuple[str, ...]
    recipe: Recipe
    shape: Callable[[Sequence[Tensor]], tuple[Shape, Shape]]
    indices: bool = False
    named: bool = False
    """Whether the tensors alone would be too little."""
    before: bool = False
    """Whether the name beats the layers of Keras whose tensors look the same."""
    among: Callable[[WeightFile], bool] | None = None
    """The files in which a name that says so is believed, if not in all."""


def composite_reading(layer: StoredLayer, facts: WeightFile, hints: Hints, before: bool = False) -> Reading | None:
    """A stored layer as one that many people copy; None when its tensors are none of theirs. ``before`` asks for those
    alone whose names speak louder than their tensors."""
    tensors = _spelled(layer)
    context = Context(facts.generation, (2, 0), facts.backend, False, hints)
    item = Item(layer.name, "", {}, (Call(()),), tensors={tensor.role: tensor for tensor in tensors})
    for composite in COMPOSITES:
        if composite.before is not before:
            continue
        told = any(word in text.lower() for word in composite.words for text in (layer.name, layer.stem or ""))
        told = told or any(word in tensor.role.lower() for word in composite.words for tensor in layer.all_tensors())
        if composite.among is not None and not (told and composite.among(facts)):
            continue
        steps = None
        with suppress(NoArchitecture):  # a recipe's word for tensors that are not its own
            steps = composite.recipe(item, context) if told or not composite.named else None
        if steps is None or {path for step in steps for made in step.weights for path in made.sources} != {
            tensor.path for tensor in tensors
        }:
            continue
        given, made = composite.shape(tensors)
        shapes = ", ".join(f"{tensor.role} {tensor.shape}" for tensor in tensors[:4])
        because = f"{shapes} are what {composite.title} keeps" + ("; its name says so too" if told else "")
        plan = planned(layer.name, steps, given, composite.indices, SURE if told else LIKELY, because)
        plan = as_told(plan, inner_hints(hints, layer.name))
        config = {"_plan": plan, "_input_shape": given, "_indices": composite.indices}
        return Reading(_card(given, made), Fit(config), 0.0, because)
    return None


def _spelled(layer: StoredLayer) -> list[Tensor]:
    """The tensors under Keras 2's words where Keras 3 numbers them: two of an attribute are kernel and bias, or gamma
    and beta of one length."""
    groups: dict[str, list[Tensor]] = {}
    for tensor in _all(layer, ""):
        head, _, last = tensor.role.rpartition("/")
        groups.setdefault(head if last.isdigit() else f"={tensor.role}", []).append(tensor)
    found = []
    for head, members in groups.items():
        if head.startswith("=") or not head:
            found += members
            continue
        place, _, last = head.rpartition("/")
        part = _PARTS.get(last.strip("_").removesuffix("_dense")) if last.endswith("_dense") else None
        where = f"{place}/{part}" if part else head
        vectors = all(len(tensor.shape) == 1 for tensor in members)
        words = ("gamma", "beta") if vectors else ("kernel", "bias") if len(members) > 1 else ("embeddings",)
        found += [replace(t, role=f"{where}/{word}") for t, word in zip(members, words, strict=False)]
    return found


def _all(layer: StoredLayer, prefix: str) -> list[Tensor]:
    own = [replace(tensor, role=prefix + tensor.role) for tensor in layer.tensors]
    return own + [tensor for child in layer.children for tensor in _all(child, f"{prefix}{child.name}/")]


def planned(name: str, steps: Sequence[Step], given: Shape, indices: bool, share: float, because: str) -> Plan:
    """The recipe as a model of its own."""
    entrance: dict[str, object] = {"batch_shape": [None, *given]} | ({"dtype": "int32"} if indices else {})
    layers = [PlanLayer("input", "InputLayer", entrance)]
    names = [step.suffix or f"step_{number}" for number, step in enumerate(steps)]
    said = Evidence("shapes", 0.0, because)
    for number, step in enumerate(steps):
        operands = tuple(Ref("input") if operand == INPUT else Ref(names[operand]) for operand in step.operands)
        last = number == len(steps) - 1
        decisions = (Decision("class_name", step.class_name, share, Basis.INFERRED, (), (said,)),) if last else ()
        layers.append(
            PlanLayer(names[number], step.class_name, step.config, (operands,), step.weights, decisions, hidden=True)
        )
    return Plan(tuple(layers), (Ref("input"),), (Ref(names[-1]),), name=name)


def as_told(plan: Plan, hints: Hints) -> Plan:
    """The plan with the settings that the user told of its steps, by their names in it. Other classes than the recipe's
    are not made of its steps."""
    layers = []
    for layer in plan.layers:
        told = {key: value for (name, key), value in hints.answers.items() if name == layer.name and key != "inbound"}
        if told.pop("class_name", layer.class_name) != layer.class_name or layer.class_name == "InputLayer":
            layers.append(layer)
            continue
        rest = tuple(decision for decision in layer.decisions if hints.answer(layer.name, decision.field) is None)
        config = {**layer.config, **{key: spread(value, layer.config.get(key)) for key, value in told.items()}}
        made = {**told, **({"class_name": layer.class_name} if hints.answer(layer.name, "class_name") else {})}
        users = tuple(Decision(key, value, 1.0, Basis.USER) for key, value in made.items())
        layers.append(replace(layer, config=config, decisions=(*rest, *users)))
    return replace(plan, layers=tuple(layers))


def _card(given: Shape, made: Shape) -> Card:
    def flow(config: Config) -> tuple[Variant, ...]:
        ranks = frozenset({(len(given) + 1, len(made) + 1)})
        wanted = None if config["_indices"] else given[-1]
        return (Variant(label="Model", ranks=ranks, channels_in=wanted, channels_out=made[-1], channels="fixed",
                        scale=None),)  # fmt: skip

    def shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
        (operand,) = shapes
        if len(operand) != len(given) or any(a != b for a, b in zip(operand, given, strict=True) if a and b):
            return None
        return made if len(made) < len(given) else (*operand[: len(made) - 1], made[-1])

    return Card("Functional", flow=flow, shape=shape)


def _over_time(tensors: Sequence[Tensor]) -> tuple[Shape, Shape]:
    """A sequence in, one vector out; a bias per step fixes the length."""
    wide = tensors[0].shape[0]
    steps = None if len(tensors) > 2 else tensors[1].shape[0]
    return (steps, wide), (wide,)


def _tokens(tensors: Sequence[Tensor]) -> tuple[Shape, Shape]:
    named = [tensor for tensor in tensors if "pos" in tensor.role.lower()]
    places = named[0] if len(named) == 1 else min(tensors, key=lambda tensor: tensor.shape[0])
    return (places.shape[0],), (places.shape[0], places.shape[1])


def _tokens_and_places(item: Item, context: Context) -> Sequence[Step] | None:
    """Two embeddings of one width, that of the tokens larger than that of the places unless names say otherwise."""
    tensors = list(item.tensors.values())
    if len(tensors) != 2 or any(len(tensor.shape) != 2 for tensor in tensors):
        return None
    if not all(tensor.role.endswith("embeddings") for tensor in tensors):
        return None
    length = _tokens(tensors)[0][0]
    ordered = sorted(tensors, key=lambda tensor: (tensor.shape[0] == length, -tensor.shape[0]))
    return positions(replace(item, tensors={tensor.role: tensor for tensor in ordered}), context)


def _patches(item: Item, context: Context) -> Sequence[Step] | None:
    """PatchEncoder of Keras' examples: a Dense of every patch plus the embedding of its place."""
    roles = {role.rpartition("/")[2]: tensor for role, tensor in item.tensors.items()}
    if set(roles) != {"kernel", "bias", "embeddings"} or len(item.tensors) != 3:
        return None
    kernel, bias, places = roles["kernel"], roles["bias"], roles["embeddings"]
    if len(kernel.shape) != 2 or bias.shape != kernel.shape[1:] or places.shape[1:] != kernel.shape[1:]:
        return None
    count, wide = places.shape
    return (
        Step("projection", "Dense", {"units": wide}, (INPUT,), (use("kernel", kernel), use("bias", bias))),
        operation("first", "getitem", INPUT, key=[None, None, 0]),
        operation("ones", "ones_like", 1),
        operation("count", "cumsum", 2, axis=1),
        operation("place", "subtract", 3, x2=1),
        Step("places", "Embedding", {"input_dim": count, "output_dim": wide}, (4,), (use("embeddings", places),)),
        Step("", "Add", {}, (0, 5)),
    )


def _patch_shapes(tensors: Sequence[Tensor]) -> tuple[Shape, Shape]:
    kernel = next(tensor for tensor in tensors if tensor.role.endswith("kernel"))
    places = next(tensor for tensor in tensors if tensor.role.endswith("embeddings"))
    return (places.shape[0], kernel.shape[0]), places.shape


def _sequence(tensors: Sequence[Tensor]) -> tuple[Shape, Shape]:
    wide = next(tensor for tensor in tensors if tensor.role.endswith("query/kernel")).shape[0]
    return (None, wide), (None, wide)


def _instance(item: Item, context: Context) -> Sequence[Step] | None:
    """As the newer of the two published ones has it: the root of (variance + epsilon)."""
    if any(len(tensor.shape) != 1 for tensor in item.tensors.values()):
        return None
    return instance_normalization(replace(item, config={"groups": -1, "axis": -1}), context)


def _vector(tensors: Sequence[Tensor]) -> tuple[Shape, Shape]:
    rows, columns = next(tensor.shape for tensor in tensors if len(tensor.shape) == 2)
    return (rows,), (columns,)


def _maxout(tensors: Sequence[Tensor]) -> tuple[Shape, Shape]:
    _, into, out = next(tensor.shape for tensor in tensors if len(tensor.shape) == 3)
    return (into,), (out,)


def _as_stored(tensors: Sequence[Tensor]) -> tuple[Shape, Shape]:
    return tensors[0].shape, tensors[0].shape


def _map(tensors: Sequence[Tensor]) -> tuple[Shape, Shape]:
    (channels,) = tensors[0].shape
    return (None, None, channels), (None, None, channels)


def _maps(facts: WeightFile) -> bool:
    """Whether a net convolves images throughout: a single kernel of four axes is a transformer's that cuts them up."""
    return sum(len(tensor.shape) == 4 for tensor in facts.all_tensors()) > 1


def _melgram(item: Item, context: Context) -> Sequence[Step] | None:
    """kapre's Melspectrogram by its kernels: real and imaginary (window, 1, 1, window / 2 + 1) and the bands
    (window / 2 + 1, mel). Half a window from frame to frame, power 2 and decibels, as its author published models."""
    shapes = [tensor.shape for tensor in item.tensors.values()]
    if len(shapes) != 3 or len(shapes[0]) != 4 or len(shapes[2]) != 2:
        return None
    length, frequencies = shapes[0][0], shapes[0][3]
    if shapes[0] != (length, 1, 1, length // 2 + 1) or shapes[2][0] != frequencies:
        return None
    config = {"return_decibel_melgram": True, "power_melgram": 2.0}
    return spectrogram(replace(item, class_name="Melspectrogram", config=config), context)


def _sound(tensors: Sequence[Tensor]) -> tuple[Shape, Shape]:
    """One channel of samples in, bands over time out."""
    return (1, None), (tensors[2].shape[1], None, 1)


COMPOSITES = (
    _Composite("kapre's Melspectrogram", ("melgram", "melspec", "stft"), _melgram, _sound),
    _Composite("a layer of attention over time", ("att",), attention, _over_time, named=True),
    _Composite("the token and position embedding of Keras' examples", ("pos", "embed", "token"), _tokens_and_places,
               _tokens, indices=True),
    _Composite("the patch encoder of Keras' examples", ("patch", "pos", "projection"), _patches, _patch_shapes),
    _Composite("the transformer block of Keras' examples", ("transformer", "encoder", "block"), transformer_block,
               _sequence),
    _Composite("Keras 1's Highway", ("highway",), highway, _vector, named=True),
    _Composite("Keras 1's MaxoutDense", ("maxout",), maxout, _maxout, named=True),
    _Composite("Keras 1's ParametricSoftplus", ("softplus",), parametric_softplus, _as_stored, named=True),
    _Composite("Keras 1's SReLU", ("srelu", "s_re_lu"), srelu, _as_stored, named=True),
    _Composite("an InstanceNormalization of images", ("instance", "instnorm"), _instance, _map, named=True,
               before=True),
    _Composite("the Scale of converted Caffe models", ("scale",), scale, _map, named=True, before=True),
    _Composite("ConvNeXt's LayerScale", ("layer_scale", "layerscale"), layer_scale, _map, named=True, before=True,
               among=_maps),
)
