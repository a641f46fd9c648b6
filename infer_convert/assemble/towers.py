"""Chains that cannot be one: layers side by side that the list shows one behind the other, and a join that it hides.

A Sequential of Keras 0 and 1 may begin with a ``Merge`` of other Sequentials; its weights-only file lists the layers
with weights of one after those of the other. Where the channels break and a later layer takes what all ends give
together, the parts are towers with an input each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infer_convert.assemble.chains import link
from infer_convert.assemble.inserted import free
from infer_convert.assemble.typed import Typed, full_config
from infer_convert.draft import Draft, DraftLayer
from infer_convert.hints import Hints
from infer_convert.layers import CARD_OF
from infer_convert.layers.recognise import Reading
from infer_convert.layers.reshaping import INPUT
from infer_convert.plan import Basis, Decision, Evidence, Option

JOINED = {"Concatenate": 0.95, "Add": 0.6}
"""Confidence in the join: one behind the other is what adds up to the next kernel; what gives one width may as well be
multiplied or averaged."""
RIVALS = {"Concatenate": (), "Add": ("Multiply", "Average", "Maximum")}
"""What else gives the same width; any of them may be told."""


@dataclass(slots=True)
class _Tower:
    """The end of what stands side by side: the layer's place, the channels there and how many layers long it is."""

    end: int
    channels: int | None
    length: int = 0


def towers(typed: Sequence[Typed], hints: Hints) -> Draft | None:
    """The listed layers as towers that are joined, as the user says or as the widths do; None where the channels never
    break or the ends never meet."""
    taken = {entry.stored.name for entry in typed}
    layers: list[DraftLayer] = []
    open_ends: list[_Tower] = []
    began = 0
    for entry in typed:
        reading = entry.best
        wanted = link(reading).channels_in
        join = _join(open_ends, wanted)
        if join is not None:
            operands = tuple((tower.end, 0) for tower in open_ends)
            layers.append(_joining(join, operands, open_ends, entry, taken, hints))
            open_ends = [_Tower(len(layers) - 1, wanted)]
        elif not open_ends or (wanted is not None and open_ends[-1].channels not in (None, wanted)):
            began += 1
            layers.append(DraftLayer(free(f"input_{began}", taken), INPUT, {}, ()))
            open_ends.append(_Tower(len(layers) - 1, wanted))
        _extend(layers, open_ends[-1], entry, reading)
    if began < 2 or len(open_ends) > 1:
        return None
    return Draft(tuple(layers), ((open_ends[0].end, 0),))


def _join(open_ends: Sequence[_Tower], wanted: int | None) -> str | None:
    """How the open ends meet in a layer that takes ``wanted`` channels, if they do."""
    given = [tower.channels for tower in open_ends]
    if wanted is None or len(given) < 2 or None in given:
        return None
    if sum(channels or 0 for channels in given) == wanted:
        return "Concatenate"
    alike = len({tower.length for tower in open_ends}) == 1
    return "Add" if alike and all(channels == wanted for channels in given) else None


def _joining(
    class_name: str,
    operands: tuple[tuple[int, int], ...],
    ends: Sequence[_Tower],
    entry: Typed,
    taken: set[str],
    hints: Hints,
) -> DraftLayer:
    sizes = " + ".join(str(tower.channels) for tower in ends)
    because = f"{sizes} channels stand side by side, and {entry.stored.name} takes {link(entry.best).channels_in}"
    share = JOINED[class_name]
    rivals = RIVALS[class_name]
    others = tuple(Option(name, (1.0 - share) / len(rivals)) for name in rivals)
    said = (Evidence("shapes", 0.0, because),)
    decision = Decision("class_name", class_name, share, Basis.INFERRED, others, said)
    name = free(class_name.lower(), taken)
    told = hints.answer(name, "class_name")
    if told in (class_name, *rivals):
        class_name, decision = told, Decision("class_name", told, 1.0, Basis.USER)
    return DraftLayer(name, CARD_OF[class_name], {**CARD_OF[class_name].assumed}, (operands,), decisions=(decision,))


def _extend(layers: list[DraftLayer], tower: _Tower, entry: Typed, reading: Reading) -> None:
    name = entry.stored.name
    layers.append(DraftLayer(name, reading.card, full_config(reading), (((tower.end, 0),),), reading.fit.uses, name))
    given = link(reading).channels_out
    tower.end, tower.length = len(layers) - 1, tower.length + 1
    tower.channels = given if given is not None else tower.channels
