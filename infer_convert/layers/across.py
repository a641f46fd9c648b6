"""Windows over rows and channels instead of rows and columns.

Where ``data_format="channels_first"`` is written at the convolutions alone, pools and upsamplings take Keras' default:
of (channels, rows, columns) they take channels and rows, and the channels behind them are half or twice as many. Files
of several copies of one U-Net for retinas are so.
"""

from __future__ import annotations

from collections.abc import Callable

from infer_convert.layers.card import Config, Shape

FIELD = "data_format"
FIRST = "channels_first"
CLASSES = ("MaxPooling2D", "AveragePooling2D", "UpSampling2D")
SWAPPED = (1, 3, 2)
"""The Permute that puts the channels in the columns' place, and back."""
Shaped = Callable[[Config, tuple[Shape, ...]], Shape | None]


def is_across(config: Config) -> bool:
    """Whether a pool or an upsampling takes rows and channels."""
    return config.get(FIELD) == FIRST


def swapped(shape: Shape) -> Shape:
    """A shape of three axes with columns and channels exchanged."""
    rows, columns, channels = shape
    return rows, channels, columns


def across(plain: Shaped) -> Shaped:
    """The shape function of a class over two axes that may take rows and channels."""

    def shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
        if not is_across(config):
            return plain(config, shapes)
        found = plain(config, (swapped(shapes[0]),)) if len(shapes[0]) == 3 else None
        return None if found is None else swapped(found)

    return shape
