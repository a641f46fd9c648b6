"""Known nets as other people write them: what zeros in front of a strided convolution add, ``same`` adds.

The published MobileNets and EfficientNets write out the borders of their depthwise convolutions, as their first weights
demanded; who builds such a net anew rarely does. Without these twins a depthwise convolution's stride would seem to
need a border.
"""

from __future__ import annotations

from dataclasses import replace

from infer_convert.clues.settings.windows import kernel
from infer_convert.library.references import Known, KnownLayer


def unpadded(known: Known) -> Known | None:
    """A net without its borders; None where none of them is a depthwise convolution's, or where ``same`` could not
    replace one."""
    gone = {index for index, layer in enumerate(known.layers) if layer.class_name.startswith("ZeroPadding")}
    behind = {item for index in gone for item in known.consumers[index]}
    depthwise = any(known.layers[item].class_name.startswith("Depthwise") for item in behind)
    if not depthwise or not all(_may_pad(known.layers[item]) for item in behind) or gone & set(known.outputs):
        return None
    places = {index: place for place, index in enumerate(i for i in range(len(known.layers)) if i not in gone)}

    def source(item: tuple[int, int]) -> tuple[int, int]:
        while item[0] in gone:
            item = known.layers[item[0]].operands[0][0]
        return places[item[0]], item[1]

    layers = tuple(
        replace(
            layer,
            config={**layer.config, "padding": "same"} if index in behind else layer.config,
            operands=tuple(tuple(map(source, call)) for call in layer.operands),
        )
        for index, layer in enumerate(known.layers)
        if index not in gone
    )
    name = f"{known.name} without borders"
    return replace(known, name=name, layers=layers, outputs=tuple(places[item] for item in known.outputs))


def _may_pad(layer: KnownLayer) -> bool:
    """Whether a layer has a window that could add the border itself."""
    config = layer.config
    windows = ("kernel_size" in config and kernel(dict(config)) > 1) or "pool_size" in config
    return windows and config.get("padding", "valid") == "valid"
