"""Recurrent layers.

Tensors (FORMATS §5), u = units, gates g = 4 (LSTM: i, f, c, o), 3 (GRU: z, r, h), 1 (SimpleRNN): kernel (in, g·u),
recurrent_kernel (u, g·u), bias (g·u) — GRU with ``reset_after`` (2, 3u), CuDNN LSTM (8u), CuDNN GRU (6u).
Keras 0/1 kept one tensor per gate, its LSTM in the order i, c, f, o (Keras 2.2.4 ``saving.py`` lines 737-753).
Recurrent activation: ``hard_sigmoid`` in Keras 0-2 and for CuDNN-less layers, ``sigmoid`` in tf.keras 2 and Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from infer_convert.facts import Tensor
from infer_convert.layers.arithmetic import convolved
from infer_convert.layers.card import Card, Config, Fit, Shape, Stored, layout, use, within
from infer_convert.plan import WeightUse
from infer_convert.solve.items import Variant

STARTED = -1.0
"""Nats for a layer that starts from another one's state."""
_GATES = {"LSTM": ("i", "f", "c", "o"), "GRU": ("z", "r", "h"), "SimpleRNN": ("",)}
_PARTS = ("kernel", "recurrent_kernel", "bias")


def _gate_tensors(roles: dict[str, Tensor], gates: tuple[str, ...]) -> dict[str, tuple[Tensor, ...]] | None:
    """Keras 0/1: one tensor per part and gate. Positional files keep Keras' own order (W, U, b per gate)."""
    if all(role.isdigit() for role in roles) and len(roles) == 3 * len(gates):
        stored = ("i", "c", "f", "o") if len(gates) == 4 else gates
        ordered = iter(roles[role] for role in sorted(roles, key=int))
        named = {(part, gate): next(ordered) for gate in stored for part in _PARTS}
    else:
        named = {}
        for role, tensor in roles.items():
            part, _, gate = role.rpartition("_")
            if part not in _PARTS or gate not in gates:
                return None
            named[part, gate] = tensor
    if len(named) != 3 * len(gates):
        return None
    return {part: tuple(named[part, gate] for gate in gates) for part in _PARTS}


def _fits(class_name: str) -> Callable[[Stored], tuple[Fit, ...]]:
    gates = _GATES[class_name]

    def fits(stored: Stored) -> tuple[Fit, ...]:
        roles = within(stored.roles)
        if not roles:
            return ()
        split = _gate_tensors(roles, gates) if len(gates) > 1 and len(roles) == 3 * len(gates) else None
        if split is not None:
            return _split_fit(class_name, split)
        found = layout(roles, "kernel", "recurrent_kernel", optional=("bias",))
        if found is None or len(found["kernel"].shape) != 2 or len(found["recurrent_kernel"].shape) != 2:
            return ()
        return _merged_fit(class_name, found)

    return fits


def _split_fit(class_name: str, parts: dict[str, tuple[Tensor, ...]]) -> tuple[Fit, ...]:
    kernels, recurrent, biases = (parts[part] for part in _PARTS)
    if len(kernels[0].shape) != 2 or any(t.shape != kernels[0].shape for t in kernels):
        return ()
    channels, units = kernels[0].shape
    if any(t.shape != (units, units) for t in recurrent) or any(t.shape != (units,) for t in biases):
        return ()
    count = len(kernels)
    shapes = ((channels, count * units), (units, count * units), (count * units,))
    uses = tuple(
        WeightUse(f"cell.{part}", tuple(t.path for t in tensors), shape, tensors[0].dtype, part, ("merge-gates",))
        for part, tensors, shape in zip(_PARTS, (kernels, recurrent, biases), shapes, strict=True)
    )
    config: dict[str, Any] = {"units": units, "use_bias": True, "_channels_in": channels}
    if class_name == "GRU":
        config["reset_after"] = False
    return (Fit(config, uses),)


def _merged_fit(class_name: str, found: dict[str, Tensor]) -> tuple[Fit, ...]:
    count = len(_GATES[class_name])
    kernel, recurrent = found["kernel"], found["recurrent_kernel"]
    units = recurrent.shape[0]
    if recurrent.shape[1] != count * units or kernel.shape[1] != count * units:
        return ()
    config: dict[str, Any] = {"units": units, "use_bias": "bias" in found, "_channels_in": kernel.shape[0]}
    uses = [use("cell.kernel", kernel), use("cell.recurrent_kernel", recurrent)]
    bias = found.get("bias")
    if bias is None:
        if class_name == "GRU":
            config["reset_after"] = True
        return (Fit(config, tuple(uses)),)
    flat = count * units
    if bias.shape == (flat,):
        uses.append(use("cell.bias", bias))
        if class_name == "GRU":
            config["reset_after"] = False
    elif class_name == "GRU" and bias.shape == (2, flat):
        uses.append(use("cell.bias", bias))
        config["reset_after"] = True
    elif class_name in ("LSTM", "GRU") and bias.shape == (2 * flat,):
        uses = [
            use("cell.kernel", kernel, f"cudnn-kernel:{count}"),
            use("cell.recurrent_kernel", recurrent, f"cudnn-kernel:{count}"),
        ]
        if class_name == "LSTM":
            uses.append(use("cell.bias", bias, f"cudnn-bias:{count}", shape=(flat,)))
        else:
            uses.append(use("cell.bias", bias, f"cudnn-bias-pair:{count}", shape=(2, flat)))
            config["reset_after"] = True
        config["recurrent_activation"] = "sigmoid"
    else:
        return ()
    return (Fit(config, tuple(uses)),)


def _conv_lstm_fits(rank: int) -> Callable[[Stored], tuple[Fit, ...]]:
    def fits(stored: Stored) -> tuple[Fit, ...]:
        roles = within(stored.roles)
        if rank == 2 and len(roles) == 12 and (split := _gate_tensors(roles, _GATES["LSTM"])) is not None:
            return _split_convolution(split)
        found = layout(roles, "kernel", "recurrent_kernel", optional=("bias",))
        if found is None or len(found["kernel"].shape) != rank + 2:
            return ()
        *kernel_size, channels, fourfold = found["kernel"].shape
        filters = fourfold // 4
        if fourfold % 4 or found["recurrent_kernel"].shape != (*kernel_size, filters, fourfold):
            return ()
        config = {"filters": filters, "kernel_size": kernel_size, "use_bias": "bias" in found, "_channels_in": channels}
        return (Fit(config, tuple(use(f"cell.{name}", tensor) for name, tensor in found.items())),)

    return fits


def _split_convolution(parts: dict[str, tuple[Tensor, ...]]) -> tuple[Fit, ...]:
    """Keras 1's ConvLSTM2D, a kernel per gate: ``th`` (out, in, rows, columns) or ``tf`` (rows, columns, in, out)."""
    kernel, recurrent, bias = (tensors[0].shape for tensors in parts.values())
    if any(tensor.shape != tensors[0].shape for tensors in parts.values() for tensor in tensors) or len(kernel) != 4:
        return ()
    fits = []
    (filters,) = bias if len(bias) == 1 else (0,)
    for first in (False, True):
        channels, size = (kernel[1], kernel[2:]) if first else (kernel[2], kernel[:2])
        if kernel[0 if first else 3] != filters or recurrent != (
            (filters, filters, *size) if first else (*size, filters, filters)
        ):
            continue
        uses = []
        for part, into in (("kernel", channels), ("recurrent_kernel", filters), ("bias", 0)):
            target = (*size, into, 4 * filters) if into else (4 * filters,)
            turned = ("stack", "transpose:3,4,2,0,1", f"reshape:{','.join(map(str, target))}")
            transforms = turned if first and into else ("merge-gates",)
            paths = tuple(tensor.path for tensor in parts[part])
            uses.append(WeightUse(f"cell.{part}", paths, target, parts[part][0].dtype, part, transforms))
        config = {"filters": filters, "kernel_size": [*size], "use_bias": True, "_channels_in": channels}
        fits.append(Fit(config, tuple(uses)))
    return tuple(fits)


def _flow(class_name: str, config: Config) -> tuple[Variant, ...]:
    units = config["units"]
    common = {"channels_in": config["_channels_in"], "channels_out": units, "channels": "fixed", "scale": None}
    wanted = config.get("return_sequences")
    ranks = {True: {(3, 3)}, False: {(3, 2)}, None: {(3, 3), (3, 2)}}[wanted]
    plain = Variant(label="Recurrent", ranks=frozenset(ranks), state=class_name, **common)
    return plain, replace(plain, operands=(2, 2), takes_state=True, log_prior=STARTED)


def _shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    shape = shapes[0]
    if len(shape) != 2 or shape[-1] not in (None, config["_channels_in"]):
        return None
    return (shape[0], config["units"]) if config.get("return_sequences") else (config["units"],)


def _choices(config: Config) -> tuple[Config, ...]:
    if "return_sequences" in config:
        return ({},)
    return ({"return_sequences": False}, {"return_sequences": True})


def _conv_flow(rank: int) -> Callable[[Config], tuple[Variant, ...]]:
    def flow(config: Config) -> tuple[Variant, ...]:
        return (
            Variant(
                label="Recurrent",
                ranks=frozenset({(rank + 3, rank + 3), (rank + 3, rank + 2)}),
                channels_in=config["_channels_in"],
                channels_out=config["filters"],
                channels="fixed",
                scale=None,
            ),
        )

    return flow


def _conv_shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
    time, *sizes, channels = shapes[0]
    if len(sizes) != len(config["kernel_size"]) or channels not in (None, config["_channels_in"]):
        return None
    out = convolved(config, sizes)
    if out is None:
        return None
    kept = (time,) if config.get("return_sequences") else ()
    return (*kept, *out, config["filters"])


def _conv_choices(config: Config) -> tuple[Config, ...]:
    return tuple(
        {"padding": padding, "return_sequences": sequences}
        for padding in ("same", "valid")
        for sequences in (True, False)
    )


def _card(class_name: str, old: tuple[str, ...], words: tuple[tuple[str, float], ...]) -> Card:
    return Card(
        class_name,
        stems=old,
        words=words,
        fits=_fits(class_name),
        flow=partial(_flow, class_name),
        shape=_shape,
        choices=_choices,
        assumed={"activation": "tanh"},
    )


def _conv_card(class_name: str, rank: int) -> Card:
    return Card(
        class_name,
        fits=_conv_lstm_fits(rank),
        flow=_conv_flow(rank),
        shape=_conv_shape,
        choices=_conv_choices,
        assumed={"activation": "tanh"},
    )


CARDS = (
    _card("LSTM", ("cudnnlstm",), (("lstm", 4.0),)),
    _card("GRU", ("cudnngru",), (("gru", 4.0),)),
    _card("SimpleRNN", (), (("rnn", 3.0),)),
    _conv_card("ConvLSTM1D", 1),
    _conv_card("ConvLSTM2D", 2),
    _conv_card("ConvLSTM3D", 3),
)
