"""The sets of cases; ``SETS`` is the table of contents."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.item import Item
from benchmarks.naming import Naming
from benchmarks.sets import applications, corpus, gallery, smoke, transcribed, written, zoo

SETS: dict[str, Callable[[Naming], list[Item]]] = {
    "zoo": zoo.items,
    "gallery": gallery.items,
    "applications": applications.items,
    "corpus": corpus.items,
    "written": written.items,
    "transcribed": transcribed.items,
    "smoke": smoke.items,
}
