"""Layers of our own that a plan needs and no file lists: their names, and the Permute that is most of them."""

from __future__ import annotations

from collections.abc import Iterable

from infer_convert.plan import PlanLayer, Ref


def free(name: str, taken: set[str]) -> str:
    """``name``, with underscores behind it where it is ``taken``, and taken from now on."""
    while name in taken:
        name = f"{name}_"
    taken.add(name)
    return name


def permute(ref: Ref, dims: Iterable[int], word: str, taken: set[str]) -> PlanLayer:
    """A Permute of one tensor (``dims`` count axes behind the batch from 1), called after its layer and ``word``."""
    return PlanLayer(free(f"{ref.layer}_{word}", taken), "Permute", {"dims": list(dims)}, ((ref,),), hidden=True)
