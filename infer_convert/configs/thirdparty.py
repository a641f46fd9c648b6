"""Layers that are no Keras', but that many people's files hold: rebuilt by what their authors published.

Each is ``(Item, Context) -> Sequence[Step] | None``; None when the stored arguments or tensors are not those that the
recipe knows, so that the layer stays a visible hole. A class name is all that ties a file to a recipe, so every one
lowers the confidence. A class given with ``--custom-objects`` comes before all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from infer_convert.configs.context import Context
from infer_convert.configs.graph import Graph, Item
from infer_convert.configs.steps import INPUT, Step, inlined, operation
from infer_convert.facts import Tensor
from infer_convert.layers.card import use, within
from infer_convert.plan import Basis, Decision, Evidence, Option

Recipe = Callable[[Item, Context], Sequence[Step] | None]

SAME_NAME = 0.8
"""Confidence that a class of a well-known name is the well-known one, its arguments and tensors agreeing."""


def rebuilt_others(graph: Graph, context: Context) -> Graph:
    """Every third-party layer of one level that a recipe knows."""
    for item in graph.items:
        made = THIRD_PARTY.get(item.class_name)
        if made is None or item.class_name in context.hints.customs or not item.calls:
            continue
        recipe, source = made
        steps = recipe(item, context)
        if steps is None:
            continue
        because = f"{item.class_name} is taken for that of {source} and rebuilt from {_classes(steps)}"
        context.log.guess(item.name, because, SAME_NAME)
        said = Evidence("class name", 1.4, because)
        decision = Decision(
            "class_name", steps[-1].class_name, SAME_NAME, Basis.INFERRED,
            (Option(item.class_name, 1 - SAME_NAME),), (said,),
        )  # fmt: skip
        named = replace(item, decisions=(*item.decisions, decision))
        graph = replace(graph, items=tuple(named if each.name == item.name else each for each in graph.items))
        graph = inlined(graph, item.name, steps)
    return graph


def _classes(steps: Sequence[Step]) -> str:
    words = (step.config["function"] if step.class_name == "Operation" else step.class_name for step in steps)
    return ", ".join(dict.fromkeys(words))


def _ordered(item: Item) -> list[Tensor]:
    """The layer's tensors in stored order (numbered ones by their numbers)."""
    roles = within(item.tensors)
    if roles and all(role.isdigit() for role in roles):
        return [roles[role] for role in sorted(roles, key=int)]
    return list(roles.values())


def _by_word(item: Item, *words: str) -> dict[str, Tensor]:
    """Tensors whose role ends with one of the words."""
    return {role.rpartition("/")[2]: tensor for role, tensor in item.tensors.items() if role.endswith(words)}


def nothing(item: Item, context: Context) -> Sequence[Step] | None:
    """Acts in training only."""
    return None if item.tensors else (Step("", "Identity", {}),)


def activation(name: str) -> Recipe:
    """An activation as a layer."""

    def made(item: Item, context: Context) -> Sequence[Step] | None:
        return None if item.tensors else (Step("", "Activation", {"activation": name}),)

    return made


def reflection(item: Item, context: Context) -> Sequence[Step] | None:
    """ReflectionPadding2D: ``padding`` (rows, columns) on both sides (Keras' CycleGAN example)."""
    padding = item.config.get("padding", [1, 1])
    if isinstance(padding, int):
        padding = [padding, padding]
    if not isinstance(padding, list) or len(padding) != 2:
        return None
    rows, columns = (value if isinstance(value, list) else [value, value] for value in padding)
    return (operation("", "pad", INPUT, pad_width=[[0, 0], rows, columns, [0, 0]], mode="reflect"),)


def _per_channel(item: Item, gamma: Tensor | None, beta: Tensor | None, operand: int, suffix: str = "") -> Step | None:
    """Channels times gamma plus beta, for images: a depthwise convolution of one place."""
    first = gamma or beta
    if first is None or len(first.shape) != 1 or gamma is None:
        return None
    (channels,) = first.shape
    uses = [use("kernel", gamma, f"reshape:1,1,{channels},1", shape=(1, 1, channels, 1))]
    if beta is not None:
        uses.append(use("bias", beta))
    config = {"kernel_size": [1, 1], "use_bias": beta is not None}
    return Step(suffix, "DepthwiseConv2D", config, (operand,), tuple(uses))


def instance_normalization(item: Item, context: Context) -> Sequence[Step] | None:
    """keras_contrib's and tensorflow_addons' InstanceNormalization over the places of an image, channels last.

    The first divides by (deviation + epsilon), the second (it stores ``groups``) by the root of (variance + epsilon).
    """
    axis = item.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    roles = _by_word(item, "gamma", "beta")
    tensors = _ordered(item)
    if not roles and len(tensors) == 2:
        roles = {"gamma": tensors[0], "beta": tensors[1]}
    epsilon = float(item.config.get("epsilon", 1e-3))
    if axis not in (-1, 3) or "gamma" not in roles:
        return None
    if "groups" in item.config:
        uses = tuple(use(name, tensor) for name, tensor in roles.items())
        config = {"groups": -1, "epsilon": epsilon, "center": "beta" in roles, "scale": True}
        return (Step("", "GroupNormalization", config, (INPUT,), uses),)
    last = _per_channel(item, roles.get("gamma"), roles.get("beta"), 4)
    if last is None:
        return None
    return (
        operation("mean", "mean", INPUT, axis=[1, 2], keepdims=True),
        operation("centred", "subtract", INPUT, 0),
        operation("deviation", "std", INPUT, axis=[1, 2], keepdims=True),
        operation("bounded", "add", 2, x2=epsilon),
        operation("normal", "divide", 1, 3),
        last,
    )


def scale(item: Item, context: Context) -> Sequence[Step] | None:
    """``Scale`` of the converted Caffe models (DenseNet, ResNet-101): gamma times x plus beta, on the last axis."""
    tensors = _ordered(item)
    if len(tensors) != 2 or item.config.get("axis", -1) not in (-1, 3):
        return None
    step = _per_channel(item, tensors[0], tensors[1], INPUT)
    return None if step is None else (step,)


def l2_normalization(item: Item, context: Context) -> Sequence[Step] | None:
    """SSD's L2Normalization: unit length over the channels, times a gamma per channel; without tensors, unit length."""
    unit = operation("unit", "normalize", INPUT, axis=-1, order=2, epsilon=1e-6)
    tensors = _ordered(item)
    if not tensors:
        axis = item.config.get("axis", -1)
        return (operation("", "normalize", INPUT, axis=axis, order=2, epsilon=1e-6),)
    step = _per_channel(item, tensors[0], None, 0) if len(tensors) == 1 else None
    return None if step is None else (unit, step)


def pixel_shuffle(item: Item, context: Context) -> Sequence[Step] | None:
    """Depth to space (keras_contrib's SubPixelUpscaling and its many namesakes)."""
    words = ("scale_factor", "scale", "block_size", "upscale_factor", "r", "size", "upsampling_factor")
    block = next((item.config[word] for word in words if word in item.config), None)
    block = block[0] if isinstance(block, list) and len(set(block)) == 1 else block
    return (operation("", "depth_to_space", INPUT, block_size=block),) if isinstance(block, int) else None


def pixel_norm(item: Item, context: Context) -> Sequence[Step] | None:
    """PixelNormalization of the progressive GANs: x over the root of (mean square of its channels + 1e-8)."""
    if item.tensors:
        return None
    return (
        operation("square", "square", INPUT),
        operation("mean", "mean", 0, axis=-1, keepdims=True),
        operation("bounded", "add", 1, x2=float(item.config.get("epsilon", 1e-8))),
        operation("root", "sqrt", 2),
        operation("", "divide", INPUT, 3),
    )


def distance(item: Item, context: Context) -> Sequence[Step] | None:
    """L1Dist of Siamese networks: the absolute difference of two embeddings."""
    if item.tensors or len(item.calls[0].refs()) != 2:
        return None
    return (operation("difference", "subtract", -2, -3), operation("", "absolute", 0))


def sampling(item: Item, context: Context) -> Sequence[Step] | None:
    """A variational autoencoder's Sampling gives its mean when nothing is drawn."""
    if item.tensors or len(item.calls[0].refs()) < 2:
        return None
    context.log.guess(item.name, "its random numbers are taken as their mean, so that the model gives one answer", 0.6)
    return (Step("", "Identity", {}, (-2,)),)


def scaled_sum(item: Item, context: Context) -> Sequence[Step] | None:
    """CustomScaleLayer of InceptionResNetV2 (Keras 2.13 to 3): the first operand plus the second times ``scale``."""
    factor = item.config.get("scale")
    if not isinstance(factor, int | float) or len(item.calls[0].refs()) != 2:
        return None
    return (operation("scaled", "multiply", -3, x2=factor), operation("", "add", -2, 0))


def pool_helper(item: Item, context: Context) -> Sequence[Step] | None:
    """GoogLeNet's PoolHelper: the first row and column are cut off."""
    first = context.ordering == "channels_first"
    cut: list[Any] = [1, None, None]
    return (operation("", "getitem", INPUT, key=[None, None, cut, cut] if first else [None, cut, cut]),)


def bilinear_upsampling(item: Item, context: Context) -> Sequence[Step] | None:
    """BilinearUpsampling of DeepLab: a factor, or a size."""
    factor, size = item.config.get("upsampling") or item.config.get("size"), item.config.get("output_size")
    if isinstance(size, list) and len(size) == 2:
        return (Step("", "Resizing", {"height": size[0], "width": size[1], "interpolation": "bilinear"}),)
    if isinstance(factor, list) and len(factor) == 2:
        return (Step("", "UpSampling2D", {"size": factor, "interpolation": "bilinear"}),)
    return None


def attention(item: Item, context: Context) -> Sequence[Step] | None:
    """One vector out of a sequence, weighted by what a small net says of every step. Three that everybody copies:

    * W (d, 1), b (steps, 1): softmax over time of tanh(x W + b);
    * W (d,), b (steps,): exp(tanh(x·W + b)) over their sum + 1e-7 (Kaggle's ``Attention(step_dim)``);
    * W (d, k), b (k,), u (k,) or (k, 1): softmax over time of tanh(x W + b)·u (Yang et al.).
    """
    tensors = _ordered(item)
    shapes = [tensor.shape for tensor in tensors]
    if item.config.get("return_attention") or item.config.get("return_sequences"):
        return None
    if len(shapes) == 2 and len(shapes[0]) == 2 and shapes[0][1] == 1 and shapes[1] == (shapes[1][0], 1):
        steps = shapes[1][0]
        config = {"equation": "btd,de->bte", "output_shape": [steps, 1], "bias_axes": "te", "activation": "tanh"}
        uses = (use("kernel", tensors[0]), use("bias", tensors[1]))
        return _weighted(Step("scores", "EinsumDense", config, (INPUT,), uses), exact=True)
    if len(shapes) == 2 and len(shapes[0]) == 1 and len(shapes[1]) == 1:
        (wide,), (steps,) = shapes
        config = {"equation": "btd,de->bte", "output_shape": [steps, 1], "bias_axes": "te", "activation": "tanh"}
        uses = (
            use("kernel", tensors[0], f"reshape:{wide},1", shape=(wide, 1)),
            use("bias", tensors[1], f"reshape:{steps},1", shape=(steps, 1)),
        )
        return _weighted(Step("scores", "EinsumDense", config, (INPUT,), uses), exact=False)
    if len(shapes) == 3 and len(shapes[0]) == 2 and shapes[1] == shapes[0][1:] and shapes[2] in (
        shapes[1], (*shapes[1], 1)
    ):  # fmt: skip
        wide = shapes[0][1]
        first = Step("hidden", "Dense", {"units": wide, "activation": "tanh"}, (INPUT,),
                     (use("kernel", tensors[0]), use("bias", tensors[1])))  # fmt: skip
        context_vector = use("kernel", tensors[2], f"reshape:{wide},1", shape=(wide, 1))
        second = Step("scores", "Dense", {"units": 1, "use_bias": False}, (0,), (context_vector,))
        return (first, *_shifted(_weighted(second, exact=False)))
    return None


def _weighted(scores: Step, exact: bool) -> tuple[Step, ...]:
    """Scores (batch, steps, 1) -> the weighted sum over the steps; ``exact`` is a softmax, else + 1e-7 below."""
    if exact:
        return (
            scores,
            Step("weights", "Softmax", {"axis": 1}, (0,)),
            operation("weighted", "multiply", INPUT, 1),
            operation("", "sum", 2, axis=1),
        )
    return (
        scores,
        operation("exp", "exp", 0),
        operation("total", "sum", 1, axis=1, keepdims=True),
        operation("bounded", "add", 2, x2=1e-7),
        operation("weights", "divide", 1, 3),
        operation("weighted", "multiply", INPUT, 4),
        operation("", "sum", 5, axis=1),
    )


def _shifted(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps one place later, but for the first, which already reads the step before."""
    first, *rest = steps
    moved = [
        replace(step, operands=tuple(o + 1 if isinstance(o, int) and o >= 0 else o for o in step.operands))
        for step in rest
    ]
    return (first, *moved)


def spectrogram(item: Item, context: Context) -> Sequence[Step] | None:
    """kapre 0.1's Spectrogram and Melspectrogram of one channel: a short-time Fourier transform by convolutions.

    Source: kapre 0.1.4 ``time_frequency.py``, ``backend_keras.py`` (decibels over the sample's own maximum).
    """
    tensors = _ordered(item)
    mel = item.class_name == "Melspectrogram"
    if len(tensors) != (3 if mel else 2) or len(tensors[0].shape) != 4 or tensors[0].shape != tensors[1].shape:
        return None
    length, frequencies = tensors[0].shape[0], tensors[0].shape[3]
    config = item.config
    last = config.get("image_data_format", "channels_last") == "channels_last"
    made: list[Step] = [
        operation("mono", "getitem", INPUT, key=[None, [0, 1, None], None]),
        Step("time", "Permute", {"dims": [2, 1]}, (0,)),
        operation("plane", "expand_dims", 1, axis=3),
    ]
    strides = [int(config.get("n_hop") or length // 2), 1]
    for number, part in enumerate(("real", "imaginary")):
        conv = {"filters": frequencies, "kernel_size": [length, 1], "strides": strides, "use_bias": False,
                "padding": config.get("padding", "same")}  # fmt: skip
        made.append(Step(part, "Conv2D", conv, (2,), (use("kernel", tensors[number]),)))
    made += [operation("real_2", "square", 3), operation("imaginary_2", "square", 4), operation("power", "add", 5, 6)]
    made += _raised(config.get("power_spectrogram", 2.0), len(made) - 1)
    if config.get("return_decibel_spectrogram"):
        made += _decibels(len(made) - 1)
    if mel:
        bands = tensors[2].shape[1]
        made.append(
            Step("mel", "Dense", {"units": bands, "use_bias": False}, (len(made) - 1,), (use("kernel", tensors[2]),))
        )
        made += _raised(config.get("power_melgram", 1.0), len(made) - 1)
        if config.get("return_decibel_melgram"):
            made += _decibels(len(made) - 1)
    # (batch, time, 1, frequency) -> (batch, frequency, time, 1), or (batch, 1, frequency, time)
    made.append(Step("", "Permute", {"dims": [3, 1, 2] if last else [2, 3, 1]}, (len(made) - 1,)))
    return made


def _raised(power: Any, at: int) -> list[Step]:
    if power == 2.0:
        return []
    return [operation("root", "sqrt", at), operation("raised", "power", at + 1, x2=float(power))]


def _decibels(at: int) -> list[Step]:
    return [
        operation("floor", "maximum", at, x2=1e-10),
        operation("log", "log", at + 1),
        operation("decibel", "multiply", at + 2, x2=4.342944819032518),
        operation("loudest", "max", at + 3, axis=[1, 2, 3], keepdims=True),
        operation("relative", "subtract", at + 3, at + 4),
        operation("audible", "maximum", at + 5, x2=-80.0),
    ]


def normalization_2d(item: Item, context: Context) -> Sequence[Step] | None:
    """kapre's Normalization2D: mean 0 and deviation 1 over all axes but one (``int_axis``; 0 is the sample)."""
    axis = item.config.get("int_axis", item.config.get("axis"))
    if item.tensors or axis not in (0, 1, 2, 3):
        return None
    axes = [each for each in (0, 1, 2, 3) if each != axis]
    return (
        operation("mean", "mean", INPUT, axis=axes, keepdims=True),
        operation("centred", "subtract", INPUT, 0),
        operation("deviation", "std", INPUT, axis=axes, keepdims=True),
        operation("bounded", "add", 2, x2=float(item.config.get("eps", 1e-6))),
        operation("", "divide", 1, 3),
    )


def positions(item: Item, context: Context) -> Sequence[Step] | None:
    """TokenAndPositionEmbedding of Keras' examples: the embedding of each token plus that of its place."""
    tensors = _ordered(item)
    if len(tensors) != 2 or any(len(tensor.shape) != 2 for tensor in tensors):
        return None
    tokens, places = tensors
    if "pos" in tokens.role.lower() and "pos" not in places.role.lower():
        tokens, places = places, tokens
    if tokens.shape[1] != places.shape[1]:
        return None

    def embedding(suffix: str, tensor: Tensor, operand: int) -> Step:
        config = {"input_dim": tensor.shape[0], "output_dim": tensor.shape[1]}
        return Step(suffix, "Embedding", config, (operand,), (use("embeddings", tensor),))

    return (
        embedding("tokens", tokens, INPUT),
        operation("ones", "ones_like", INPUT),
        operation("count", "cumsum", 1, axis=1),
        operation("place", "subtract", 2, x2=1),
        embedding("places", places, 3),
        Step("", "Add", {}, (0, 4)),
    )


def transformer_block(item: Item, context: Context) -> Sequence[Step] | None:
    """TransformerBlock of Keras' examples: x + attention(x, x), normalised; that + two Dense, normalised."""
    tensors = list(item.tensors.values())
    attention_roles = ("query/kernel", "query/bias", "key/kernel", "key/bias", "value/kernel", "value/bias",
                       "attention_output/kernel", "attention_output/bias")  # fmt: skip
    found: dict[str, Tensor] = {}
    for word in attention_roles:
        twins = [tensor for tensor in tensors if tensor.role.endswith(word)]
        if len(twins) != 1:
            return None
        found[word] = twins[0]
    rest = [tensor for tensor in tensors if tensor not in found.values()]
    dense = [tensor for tensor in rest if tensor.role.rpartition("/")[2] in ("kernel", "bias")]
    norms = [tensor for tensor in rest if tensor.role.rpartition("/")[2] in ("gamma", "beta")]
    if len(dense) != 4 or len(norms) != 4 or len(rest) != 8 or len(dense[0].shape) != 2:
        return None
    heads, key = found["query/kernel"].shape[1:]
    parts = {"query": "query", "key": "key", "value": "value", "attention_output": "output"}
    uses = tuple(
        use(f"{parts[word.partition('/')[0]]}_dense.{word.rpartition('/')[2]}", tensor)
        for word, tensor in found.items()
    )

    def normal(suffix: str, operand: int, number: int) -> Step:
        pair = (use("gamma", norms[number]), use("beta", norms[number + 1]))
        return Step(suffix, "LayerNormalization", {"epsilon": 1e-6}, (operand,), pair)

    def linear(suffix: str, operand: int, number: int, act: str) -> Step:
        pair = (use("kernel", dense[number]), use("bias", dense[number + 1]))
        return Step(suffix, "Dense", {"units": dense[number].shape[1], "activation": act}, (operand,), pair)

    context.log.guess(item.name, "its feed-forward part is taken to use relu, its epsilon to be 1e-6", 0.8)
    return (
        Step("attention", "MultiHeadAttention", {"num_heads": heads, "key_dim": key}, (INPUT, INPUT), uses),
        Step("attended", "Add", {}, (INPUT, 0)),
        normal("normal", 1, 0),
        linear("wide", 2, 0, "relu"),
        linear("narrow", 3, 2, "linear"),
        Step("fed", "Add", {}, (2, 4)),
        normal("", 5, 2),
    )


_KERAS_EXAMPLE = "Keras' examples"
THIRD_PARTY: dict[str, tuple[Recipe, str]] = {
    **dict.fromkeys(("FixedDropout", "DropConnect", "DropPath", "StochasticDepth", "GradientReversal", "FlipGradient",
                     "DropBlock2D", "RandomErasing", "Mixup"), (nothing, "a layer that acts in training only")),
    **dict.fromkeys(("Swish", "SiLU"), (activation("silu"), "its namesakes")),
    **dict.fromkeys(("Mish",), (activation("mish"), "its namesakes")),
    **dict.fromkeys(("GELU", "Gelu"), (activation("gelu"), "its namesakes")),
    **dict.fromkeys(("HardSwish", "HSwish", "Hswish"), (activation("hard_silu"), "its namesakes")),
    **dict.fromkeys(("HardSigmoid", "HSigmoid"), (activation("hard_sigmoid"), "its namesakes")),
    **dict.fromkeys(("ReLU6", "Relu6"), (activation("relu6"), "its namesakes")),
    **dict.fromkeys(("ReflectionPadding2D", "ReflectPadding2D", "ReflectionPad2D"), (reflection, _KERAS_EXAMPLE)),
    **dict.fromkeys(("InstanceNormalization", "InstanceNormalization2D"), (instance_normalization,
                    "keras_contrib or tensorflow_addons")),
    "Scale": (scale, "the converted Caffe models"),
    **dict.fromkeys(("L2Normalization", "L2Norm", "Normalize", "L2NormalizeLayer"), (l2_normalization, "SSD's")),
    **dict.fromkeys(("SubPixelUpscaling", "PixelShuffler", "PixelShuffle", "SubpixelConv2D", "DepthToSpace"),
                    (pixel_shuffle, "keras_contrib")),
    **dict.fromkeys(("PixelNormalization", "PixelNorm"), (pixel_norm, "the progressive GANs")),
    **dict.fromkeys(("L1Dist", "L1Distance", "L1DistanceLayer", "AbsoluteDifference"), (distance, "Siamese networks")),
    "Sampling": (sampling, _KERAS_EXAMPLE),
    "CustomScaleLayer": (scaled_sum, "Keras' InceptionResNetV2"),
    "PoolHelper": (pool_helper, "GoogLeNet in Keras"),
    **dict.fromkeys(("BilinearUpsampling", "BilinearUpSampling2D"), (bilinear_upsampling, "DeepLab in Keras")),
    **dict.fromkeys(("AttLayer", "AttentionWithContext", "AttentionLayer", "attention", "Attention_layer",
                     "AttentionWeightedAverage", "AttentionDecoder", "HierarchicalAttention", "SelfAttention",
                     "CustomAttention", "attention_layer", "Attention",
                     "AttentionM"), (attention, "the attention layers that are copied around")),
    **dict.fromkeys(("Melspectrogram", "Spectrogram"), (spectrogram, "kapre")),
    "Normalization2D": (normalization_2d, "kapre"),
    **dict.fromkeys(("TokenAndPositionEmbedding", "PositionalEmbedding"), (positions, _KERAS_EXAMPLE)),
    **dict.fromkeys(("TransformerBlock", "TransformerEncoder"), (transformer_block, _KERAS_EXAMPLE)),
}  # fmt: skip
"""Class -> its recipe, and whose layer it is taken for."""


def handled(item: Item, context: Context) -> bool:
    """Whether a recipe knows the layer (its tensors are then its own matter)."""
    made = THIRD_PARTY.get(item.class_name)
    if made is None or item.class_name in context.hints.customs:
        return False
    probe = Context(context.generation, context.version, context.backend, context.standalone, context.hints)
    return bool(item.calls) and made[0](item, probe) is not None
