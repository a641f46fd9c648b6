"""The one form into which every generation's config is brought: items, calls, inputs and outputs.

A call keeps its arguments as the file has them, with each tensor as a ``Ref``; what is no ``Ref`` is a plain value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from infer_convert.facts import Tensor
from infer_convert.plan import Decision, Ref, WeightUse


@dataclass(frozen=True, slots=True)
class Call:
    """One application of a layer: positional arguments and keywords, Refs anywhere inside."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def refs(self) -> tuple[Ref, ...]:
        """Every tensor that the call reads, positional ones first."""
        return (*refs_in(self.args), *refs_in(tuple(self.kwargs.values())))

    def mapped(self, change: Callable[[Ref], Ref]) -> Call:
        """A copy with every Ref changed."""
        return Call(
            tuple(map_refs(value, change) for value in self.args),
            {key: map_refs(value, change) for key, value in self.kwargs.items()},
        )


@dataclass(frozen=True, slots=True)
class Item:
    """A layer of a config.

    ``stored_class`` is the class as the file spells it, ``class_name`` what it stands for now. ``tensors`` are the
    stored tensors by role once they are matched, ``stored`` the stored layer's name. ``module`` is Keras 3's.
    ``keywords`` and ``named`` are those of a PlanLayer.
    """

    name: str
    class_name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    inner: Graph | None = None
    module: str | None = None
    stored_class: str = ""
    stored: str | None = None
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    weights: tuple[WeightUse, ...] = ()
    decisions: tuple[Decision, ...] = ()
    hidden: bool = False
    keywords: Mapping[str, Any] = field(default_factory=dict)
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """A model: items in the file's order, ordered inputs and outputs. ``sequential`` as it was stored."""

    items: tuple[Item, ...]
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    name: str | None = None
    sequential: bool = False

    def item(self, name: str) -> Item:
        """The item called ``name``; ``KeyError`` when there is none."""
        for item in self.items:
            if item.name == name:
                return item
        raise KeyError(name)

    def mapped(self, change: Callable[[Item], Item]) -> Graph:
        """A copy with every item changed, those of nested models first."""
        items = tuple(
            change(replace(item, inner=item.inner.mapped(change)) if item.inner is not None else item)
            for item in self.items
        )
        return replace(self, items=items)

    def walk(self, prefix: str = "") -> Iterator[tuple[str, Item]]:
        """Every item with its full name, those of nested models as ``outer/inner``."""
        for item in self.items:
            yield prefix + item.name, item
            if item.inner is not None:
                yield from item.inner.walk(f"{prefix}{item.name}/")


def refs_in(value: Any) -> tuple[Ref, ...]:
    """The Refs inside a plain structure, in order."""
    if isinstance(value, Ref):
        return (value,)
    if isinstance(value, Mapping):
        return tuple(ref for item in value.values() for ref in refs_in(item))
    if isinstance(value, list | tuple):
        return tuple(ref for item in value for ref in refs_in(item))
    return ()


def map_refs(value: Any, change: Callable[[Ref], Ref]) -> Any:
    """A copy of a plain structure with its Refs changed."""
    if isinstance(value, Ref):
        return change(value)
    if isinstance(value, Mapping):
        return {key: map_refs(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [map_refs(item, change) for item in value]
    return value
