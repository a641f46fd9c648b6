"""Activations of outputs: by how many values they give, what the net reads and what it makes."""

from __future__ import annotations

from infer_convert.clues.activations.belief import NORMALISATIONS, RECURRENT, ActivationBelief, Shares, width_of
from infer_convert.draft import DraftLayer, Neighbourhood
from infer_convert.layers.names import words
from infer_convert.layers.regularization import INERT
from infer_convert.plan import Evidence


def inner_end(near: Neighbourhood, index: int) -> ActivationBelief:
    """The last layer of a nested model, which may or may not be an output of the whole."""
    width = width_of(near.draft.layers[index])
    evidence = Evidence("habits", 0.5, "the last layer of a nested model is sometimes a head and sometimes not")
    if generates(near):
        return ActivationBelief({"tanh": 0.5, "sigmoid": 0.35, "linear": 0.15}, evidence)
    if _makes_image(near, index):
        return ActivationBelief({"sigmoid": 0.45, "tanh": 0.35, "linear": 0.2}, evidence)
    if width == 1:
        return ActivationBelief({"sigmoid": 0.7, "linear": 0.25, "relu": 0.05}, evidence)
    return ActivationBelief({"relu": 0.38, "linear": 0.36, "softmax": 0.16, "sigmoid": 0.1}, evidence)


def _makes_image(near: Neighbourhood, index: int) -> bool:
    """A Dense whose numbers are put into the shape of an image, and nothing else is done with them."""
    behind = [near.draft.layers[item].class_name for item in near.after(index, INERT)]
    return near.draft.layers[index].class_name == "Dense" and behind == ["Reshape"]


def generates(near: Neighbourhood) -> bool:
    """A net that grows images out of a vector, as the generators of GANs do."""
    names = [layer.class_name for layer in near.draft.layers]
    first = next((name for name in names if name != "InputLayer"), "")
    return first == "Dense" and any(
        name.startswith(("UpSampling", "Conv2DTranspose", "Conv1DTranspose")) for name in names
    )


def head(near: Neighbourhood, index: int, layer: DraftLayer) -> ActivationBelief | None:
    """What an output among several, or one of the inputs' own width, is for."""
    width = width_of(layer)
    heads = [item for item, _ in near.draft.outputs if "activation" in near.draft.layers[item].card.assumed]
    maps = [item for item in heads if "Conv" in near.draft.layers[item].class_name]
    if len(maps) > 1 and index in maps:
        because = "one of several maps: the heads of a detector, which end linearly (YOLO, feature pyramids)"
        return ActivationBelief({"linear": 0.65, "sigmoid": 0.2, "softmax": 0.15}, Evidence("habits", 1.0, because))
    twins = [item for item in heads if near.draft.layers[item].operands == layer.operands and item != index]
    if len(twins) == 1 and width != 1 and all(width_of(near.draft.layers[item]) == width for item in twins):
        because = "two outputs of one width behind one tensor: the mean and the variance of a latent code"
        return ActivationBelief({"linear": 0.7, "softmax": 0.2, "sigmoid": 0.1}, Evidence("habits", 1.2, because))
    if width == 1 and any((width_of(near.draft.layers[item]) or 1) > 1 for item in twins):
        because = "one value beside several of another output, behind one tensor: a critic beside a policy"
        return ActivationBelief({"linear": 0.6, "sigmoid": 0.4}, Evidence("habits", 0.4, because))
    if layer.class_name == "Dense" and width is not None and width >= LEAST_CODED and _widths_in(near) == {width}:
        because = "as many values as the net takes in: it reconstructs them"
        return ActivationBelief({"sigmoid": 0.55, "linear": 0.35, "tanh": 0.1}, Evidence("habits", 0.5, because))
    if near.consumers[index] and any(
        near.draft.layers[item].class_name == "Reshape" for item in near.after(index, INERT)
    ):
        because = "its values are put into the shape of an image"
        return ActivationBelief({"sigmoid": 0.45, "tanh": 0.4, "linear": 0.15}, Evidence("habits", 0.1, because))
    return None


LEAST_CODED = 16
"""Values that are worth an autoencoder: fewer are as likely classes or actions."""


def _widths_in(near: Neighbourhood) -> set[int]:
    """Widths of the vectors that the net takes in."""
    firsts = (
        near.draft.layers[i]
        for index, layer in enumerate(near.draft.layers)
        if layer.class_name == "InputLayer"
        for i in near.after(index, (*INERT, *NORMALISATIONS))
    )
    return {layer.config["_channels_in"] for layer in firsts if layer.class_name == "Dense"}


VALUES = ("v", "value", "values")
"""Words of the output that says how a game will end."""
LARGEST_ON_BOARDS = 5
"""Kernels of nets that look at boards are no larger."""


def game(near: Neighbourhood, index: int) -> ActivationBelief | None:
    """An output of one unit that is called a value, beside a policy, of a net in the manner of AlphaZero
    (https://arxiv.org/abs/1712.01815): small kernels and no pools. Agents that watch games cut large patches first and
    leave their value linear."""
    layers, layer = near.draft.layers, near.draft.layers[index]
    kernels = [max(item.config.get("kernel_size", (1,))) for item in layers if "Conv2D" in item.class_name]
    policies = [item for item, _ in near.draft.outputs if (width_of(layers[item]) or 1) > 1]
    named = bool(set(words(layer.name)) & set(VALUES))
    if not named or width_of(layer) != 1 or len(policies) != 1 or len(near.draft.outputs) != 2:
        return None
    if not kernels or max(kernels) > LARGEST_ON_BOARDS or any("Pooling" in item.class_name for item in layers):
        return None
    because = "a value beside a policy, over maps that keep their size: who wins a game on a board, from -1 to 1"
    return ActivationBelief({"tanh": 0.7, "linear": 0.2, "sigmoid": 0.1}, Evidence("habits", 1.2, because))


FRAMES, WINDOW = (4, 1), [8, 8]
"""Frames that agents see at once and the first kernel that reads them (Mnih et al. 2015, "Human-level control through
deep reinforcement learning", and nearly every agent since; those that remember see one, Hausknecht and Stone 2015)."""


def _plays(near: Neighbourhood) -> bool:
    """Whether the first layer reads frames of a game."""
    firsts = (
        near.draft.layers[i]
        for index, layer in enumerate(near.draft.layers)
        if layer.class_name == "InputLayer"
        for i in near.after(index, (*INERT, "Rescaling", "Permute"))
    )
    configs = [layer.config.get("_inner", layer.config) for layer in firsts]
    return any(
        config.get("_channels_in") in FRAMES and list(config.get("kernel_size", ())) == WINDOW for config in configs
    )


ONE_VALUE: dict[str, Shares] = {
    "words": {"sigmoid": 0.8, "linear": 0.17, "tanh": 0.03},
    "images": {"sigmoid": 0.6, "linear": 0.36, "tanh": 0.04},
    "numbers": {"linear": 0.5, "sigmoid": 0.46, "tanh": 0.04},
}
"""A Dense of one unit by what the net reads: of the tune split's 15 nets linear in 1 of 6, 3 of 5 and 3 of 4, drawn to
the middle; who reads bare numbers estimates a number as often as a class."""
RESTORING = {"UpSampling1D", "UpSampling2D", "UpSampling3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose",
             "Concatenate", "Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "ConvLSTM2D"}  # fmt: skip
"""Layers of nets that draw masks and images; without them a map is estimated in place (SRCNN, VDSR, DnCNN, CSRNet all
end linearly)."""


def _reads(names: set[str]) -> str:
    """What a net reads, from its classes."""
    if "Embedding" in names:
        return "words"
    return "images" if any("Conv" in name for name in names) else "numbers"


def output(near: Neighbourhood, width: int | None, class_name: str, because: str) -> ActivationBelief:
    """An output of so many values (``width``; None when unknown) by a layer of a class."""
    names = {layer.class_name for layer in near.draft.layers}
    if width == 1 and names & set(RECURRENT) and "Embedding" not in names and "Conv" not in class_name:
        shares = {"linear": 0.65, "sigmoid": 0.31, "tanh": 0.04}
        because += " behind a recurrence over numbers, as forecasts are,"
    elif width == 1 and "Conv" not in class_name:
        shares = ONE_VALUE[_reads(names)]
    elif "Conv" in class_name and width in (1, 2, 3, 4):
        if generates(near):
            shares = {"tanh": 0.65, "sigmoid": 0.3, "linear": 0.05}
        elif not names & RESTORING:
            shares = {"linear": 0.6, "sigmoid": 0.22, "tanh": 0.12, "softmax": 0.06}
            because += " of a net that neither enlarges nor joins maps, as those do that estimate maps,"
        elif names & {"Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D"} and width != 1:
            shares = {"softmax": 0.6, "sigmoid": 0.2, "linear": 0.2}
        else:
            shares = {"sigmoid": 0.62, "linear": 0.26, "tanh": 0.07, "softmax": 0.05}
    elif "Conv" in class_name:
        shares = {"softmax": 0.5, "linear": 0.35, "sigmoid": 0.15}
    elif width is None:
        shares = {"softmax": 0.6, "sigmoid": 0.2, "linear": 0.2}
    elif _plays(near):
        shares = {"linear": 0.75, "softmax": 0.22, "tanh": 0.03}
        because += " of a net that reads stacked frames with 8x8 kernels, as agents do: values of actions,"
    elif width <= 4:
        shares = {"softmax": 0.62, "linear": 0.28, "sigmoid": 0.08, "tanh": 0.02}
    else:
        shares = {"softmax": 0.8, "linear": 0.1, "sigmoid": 0.1}
    return ActivationBelief(shares, Evidence("habits", 1.5, f"{because} of {width or 'unknown'} values"))
