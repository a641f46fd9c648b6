"""Build the references and freeze them: ``python -m benchmarks.library.make [--only FAMILY]``.

Every model goes through our own reader of configs, so that the library speaks the plan's language: Keras 3 classes,
operators as layers that no list shows, old spellings repaired. Sizes of initialisers and the like are dropped.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer

from benchmarks.library import catalogue
from benchmarks.library.kit import Entry
from infer_convert.library.references import Known, KnownLayer, KnownUse
from infer_convert.library.store import DATA, write_family, write_index
from infer_convert.plan import Plan, PlanLayer

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

DROPPED = ("dtype", "trainable", "momentum", "synchronized", "seed", "noise_shape", "invert", "autocast", "name")
SPELLINGS = {"swish": "silu", "hard_swish": "hard_silu"}
"""One function, one name."""
_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "activation": ("linear",),
    "data_format": ("channels_last",),
    "dilation_rate": (1, [1], [1, 1], [1, 1, 1]),
    "groups": (1,),
    "go_backwards": (False,),
    "stateful": (False,),
    "unroll": (False,),
    "return_state": (False,),
    "mask_zero": (False,),
    "output_padding": (None,),
    "center": (True,),
    "scale": (True,),
    "keepdims": (False,),
    "threshold": (0.0, 0),
    "implementation": (1, 2),
    "dropout": (0.0, 0),
    "recurrent_dropout": (0.0, 0),
    "use_cudnn": ("auto",),
    "rms_scaling": (False,),
    "renorm": (False,),
    "depth_multiplier": (1,),
    "shared_axes": (None,),
}


def known_of(entry: Entry, family: str) -> Known:
    """Build one reference and read it back as the library's own value."""
    from benchmarks import freeze_applications as freezer
    from infer_convert.configs import plan_from_config

    module = importlib.import_module(entry.library)
    module.backend.clear_session()
    model = entry.build(module)
    form = "keras3" if entry.library == "keras" else "legacy"
    facts = freezer._facts(model, form)
    if any("Layer.build()" in str(reason) for _, reason in facts.unread):
        raise ValueError(f"{entry.name}: not built")
    inference = plan_from_config(replace(facts, model_config=json.loads(model.to_json())))
    if inference.left_over:
        raise ValueError(f"{entry.name}: {inference.left_over[0]} was not placed")
    stored = {tensor.path: tensor.shape for tensor in facts.all_tensors()}
    layers, outputs = _spelled_out(*_layers(inference.best, stored))
    return Known(entry.name, family, entry.source, layers, outputs)


def _spelled_out(
    layers: tuple[KnownLayer, ...], outputs: tuple[int, ...]
) -> tuple[tuple[KnownLayer, ...], tuple[int, ...]]:
    """keras.applications' one layer of its own that a plan has not: ``a + scale * b``, as a scaling that no list shows
    and an addition under the layer's name (Keras 3.15 ``applications/inception_resnet_v2.py``)."""
    made: list[KnownLayer] = []
    place: dict[int, int] = {}
    for index, layer in enumerate(layers):
        operands = tuple(tuple((place[item], call) for item, call in inbound) for inbound in layer.operands)
        if layer.class_name == "CustomScaleLayer":
            first, second = operands[0]
            config = {"function": "multiply", "arguments": {"x2": layer.config["scale"]}}
            made.append(KnownLayer("Operation", config, (), ((second,),), False))
            operands = ((first, (len(made) - 1, 0)),)
            layer = replace(layer, class_name="Operation", config={"function": "add", "arguments": {}})
        place[index] = len(made)
        made.append(replace(layer, operands=operands))
    return tuple(made), tuple(place[item] for item in outputs)


def _layers(plan: Plan, stored: Mapping[str, tuple[int, ...]]) -> tuple[tuple[KnownLayer, ...], tuple[int, ...]]:
    number = {layer.name: index for index, layer in enumerate(plan.layers)}
    layers = tuple(_layer(layer, number, stored) for layer in plan.layers)
    return layers, tuple(number[ref.layer] for ref in plan.outputs)


def _layer(layer: PlanLayer, number: Mapping[str, int], stored: Mapping[str, tuple[int, ...]]) -> KnownLayer:
    uses = tuple(
        KnownUse(use.variable, use.shape, tuple(stored[source] for source in use.sources), use.transforms)
        for use in layer.weights
    )
    if any(ref.tensor for call in layer.inbound for ref in call):
        raise ValueError(f"{layer.name} takes a second tensor")
    operands = tuple(tuple((number[ref.layer], ref.call) for ref in call) for call in layer.inbound)
    inner, outputs = _layers(layer.inner, stored) if layer.inner is not None else ((), ())
    return KnownLayer(
        layer.class_name,
        dict(_short(layer.config, layer.class_name)),
        uses,
        operands,
        layer.stored is not None,
        layer.name if layer.stored is not None else "",
        inner,
        outputs,
    )


def _short(config: Mapping[str, Any], class_name: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in sorted(config.items()):
        if key in DROPPED or key.endswith(("initializer", "regularizer", "constraint")) or key.startswith("renorm"):
            continue
        usual = () if (class_name, key) == ("GroupNormalization", "groups") else _DEFAULTS.get(key, ())
        if any(value == default and type(value) is type(default) for default in usual):
            continue
        if isinstance(value, str):
            value = SPELLINGS.get(value, value)
        if key == "axis" and value in (3, [3], [-1]):  # the last of an image's axes, in other words
            value = -1
        if isinstance(value, Mapping) and "config" in value:
            value = {"class_name": value["class_name"], "config": dict(_short(value["config"]))}
        yield key, value


def make(families: Iterable[str]) -> Iterator[str]:
    """Write the families' files and the index; yields a line for each."""
    from benchmarks import freeze_applications as freezer

    for library in ("keras", "tf_keras"):
        freezer._cheap(library)
    wanted = set(families)
    for family, entries in catalogue.families(wanted).items():
        found: dict[Any, Known] = {}
        for entry in entries:
            known = known_of(entry, family)
            found.setdefault(known.shape(), known)
        size = write_family(family, found.values())
        yield f"{family}: {len(found)} of {len(entries)} differ, {size} bytes"
    yield f"index: {write_index()} bytes"


def main(only: Annotated[list[str] | None, typer.Option(help="a family; repeat")] = None) -> None:
    """Regenerate the library."""
    DATA.mkdir(exist_ok=True)
    for line in make(only or catalogue.FAMILIES):
        typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
