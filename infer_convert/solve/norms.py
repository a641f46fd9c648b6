"""Which convolution every normalisation reads, told by the order of both in the list.

A convolution that feeds nothing but its own normalisation stands exactly one depth in front of it, and a walk that
meets the one meets the other next: so convolutions and their normalisations stand in one order, whatever stands
between them. Where a Concatenate is normalised it takes part, too. Of the applications in Keras 3.15 all pairs found
like this are right, but for nets of pre-activation (DenseNet, ResNet V2), whose normalisations mostly read no
convolution.
"""

from __future__ import annotations

from collections.abc import Sequence

from infer_convert.solve.features import family
from infer_convert.solve.items import Item

_CONVOLUTIONS = frozenset({"Conv", "Separable", "Depthwise", "ConvTranspose"})
_NORMS = frozenset({"BatchNorm", "GroupNorm"})
ALONE = 1.0
"""Cost of a convolution without a normalisation, and of a normalisation without a convolution."""
JOINED = 0.3
"""Cost of a normalisation that reads a Concatenate."""
FAR = 0.01
"""Cost of an item in between."""


def normed(items: Sequence[Item]) -> dict[int, int]:
    """Convolutions and Concatenates with the normalisation that each feeds: of all ways to pair them in one order the
    cheapest. Time grows with the product of their numbers."""
    makers = [index for index, item in enumerate(items) if _makes(item) or item.variants[0].channels == "sum"]
    norms = [index for index, item in enumerate(items) if family(item.variants[0].label) in _NORMS]
    costs = [[ALONE * place for place in range(len(norms) + 1)]]
    steps: list[list[str]] = [["norm"] * (len(norms) + 1)]
    for maker in makers:
        alone = ALONE if _makes(items[maker]) else 0.0
        above, row, taken = costs[-1], [costs[-1][0] + alone], ["maker"]
        for place, norm in enumerate(norms):
            ways = [(above[place + 1] + alone, "maker"), (row[place] + ALONE, "norm")]
            if maker < norm and _suit(items[maker], items[norm]):
                joined = JOINED if not _makes(items[maker]) else 0.0
                ways.append((above[place] + FAR * (norm - maker) + joined, "both"))
            cost, step = min(ways)
            row.append(cost)
            taken.append(step)
        costs.append(row)
        steps.append(taken)
    found: dict[int, int] = {}
    at, place = len(makers), len(norms)
    while at and place:
        step = steps[at][place]
        if step == "both":
            found[makers[at - 1]] = norms[place - 1]
        at -= step != "norm"
        place -= step != "maker"
    return found


def _makes(item: Item) -> bool:
    return family(item.variants[0].label) in _CONVOLUTIONS


def _suit(maker: Item, norm: Item) -> bool:
    width = maker.variants[0].channels_out
    return not _makes(maker) or width is None or width == norm.variants[0].channels_in
