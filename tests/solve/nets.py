"""Nets as text: one line per layer in Keras' list order, ``name Label in=3 out=8 < operands``.

Operands of further calls follow a ``;``. A last line ``-> names`` gives the outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from infer_convert.solve.items import ANY_RANKS, Call, Item, Variant, Wiring
from infer_convert.solve.wiring import WiringProblem, WiringResult, solve

MAPS = frozenset({(4, 4)})

VARIANTS = {
    variant.label: variant
    for variant in (
        Variant("Input", (0, 0), frozenset((0, rank) for rank in range(1, 6)), channels="any"),
        Variant("Conv/k", ranks=MAPS, channels="fixed", scale=None),
        Variant("Conv/1", ranks=MAPS, channels="fixed", scale=None),
        Variant("Depthwise", ranks=MAPS, channels="fixed", scale=None),
        Variant("ConvTranspose/k", ranks=MAPS, channels="fixed", scale=1),
        Variant("BatchNorm", channels="fixed"),
        Variant("Dense", channels="fixed"),
        Variant("Embedding", ranks=frozenset({(2, 3)}), channels="fixed", scale=None),
        Variant("Activation"),
        Variant("Dropout"),
        Variant("Pool", ranks=MAPS, scale=-1),
        Variant("UpSampling", ranks=MAPS, scale=1),
        Variant("Recurrent", ranks=frozenset({(3, 3), (3, 2)}), channels="fixed", scale=None, state="LSTM"),
        Variant("GlobalPool", ranks=frozenset({(4, 2)}), scale=None),
        Variant("Flatten", ranks=frozenset((rank, 2) for rank in range(2, 6)), channels="multiple", scale=None),
        Variant("Reshape", ranks=ANY_RANKS, channels="any", scale=None),
        Variant("Add", (2, 6)),
        Variant("Multiply", (2, 4), broadcasts=True),
        Variant("Concatenate", (2, 64), channels="sum"),
    )
}
"""The variants that the layer cards' ``flow`` builds, channels left out."""


@dataclass(frozen=True)
class Net:
    """Items, and the wiring that the text tells."""

    items: tuple[Item, ...]
    operands: tuple[tuple[tuple[Call, ...], ...], ...]
    outputs: tuple[Call, ...]

    def index(self, name: str) -> int:
        return [item.name for item in self.items].index(name)

    def solved(
        self, affinity: Callable[[int, int], float] = lambda p, c: 0.0, outputs: int | None = None
    ) -> WiringResult:
        return solve(WiringProblem(self.items, affinity, outputs))

    def wiring(self) -> Wiring:
        """What the text tells, every item in its first reading."""
        return Wiring((0,) * len(self.items), self.operands, self.outputs)

    def edges(self) -> frozenset[tuple[int, int]]:
        """Its edges."""
        return self.wiring().edges()

    def is_told_by(self, wiring: Wiring) -> bool:
        return (wiring.operands, wiring.outputs) == (self.operands, self.outputs)


def net(text: str) -> Net:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    heads = [line.partition("<") for line in lines if not line.startswith("->")]
    names = [head.split()[0] for head, _, _ in heads]

    def calls(words: str) -> tuple[Call, ...]:
        found = (word.partition(":") for word in words.split())
        return tuple((names.index(name), int(call or 0)) for name, _, call in found)

    items = []
    for head, _, _ in heads:
        name, label, *sizes = head.split()
        size = {key: int(value) for key, _, value in (word.partition("=") for word in sizes)}
        channels = {"channels_in": size.get("in"), "channels_out": size.get("out", size.get("in"))}
        items.append(Item(name, (replace(VARIANTS[label], **channels),)))
    (out,) = [line[2:] for line in lines if line.startswith("->")]
    return Net(tuple(items), tuple(tuple(map(calls, tail.split(";"))) for _, _, tail in heads), calls(out))
