"""Known nets without the borders that they write out."""

from __future__ import annotations

from benchmarks.unpadded import unpadded
from infer_convert.library.references import Known, KnownLayer


def known(class_name: str, padding: str = "valid") -> Known:
    config = {"kernel_size": [3, 3], "strides": [2, 2], "padding": padding}
    layers = (
        KnownLayer("InputLayer", {"batch_shape": [None, 32, 32, 8]}),
        KnownLayer("ZeroPadding2D", {"padding": [[0, 1], [0, 1]]}, operands=(((0, 0),),)),
        KnownLayer(class_name, config, operands=(((1, 0),),)),
        KnownLayer("ReLU", {}, operands=(((2, 0),),)),
    )
    return Known("net", "toy", "test", layers, (3,))


def test_what_a_border_adds_same_adds() -> None:
    bare = unpadded(known("DepthwiseConv2D"))
    assert bare is not None and bare.outputs == (2,)
    assert [layer.class_name for layer in bare.layers] == ["InputLayer", "DepthwiseConv2D", "ReLU"]
    assert bare.layers[1].config["padding"] == "same" and bare.layers[1].operands == (((0, 0),),)
    assert bare.layers[2].operands == (((1, 0),),)


def test_borders_that_are_no_depthwise_convolutions_stay() -> None:
    assert unpadded(known("Conv2D")) is None


def test_a_window_that_pads_already_keeps_its_border() -> None:
    assert unpadded(known("DepthwiseConv2D", "same")) is None
