"""Matches that an earlier run has found: which references the file looks like, and how their layers pair up.

Comparing every candidate layer by layer is most of what a second run of a known net would repeat; the references that
matched are loaded again, and what is made of them is checked against the file's tensors as in the first run.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from infer_convert import __version__
from infer_convert.library import store
from infer_convert.library.match import MOST_MATCHES, Match, Seen, find
from infer_convert.solve.notes import digest, noted
from infer_convert.solve.plain import Unreadable, index, many, number, text


def matches(seen: Sequence[Seen], listed: bool, without: frozenset[str] = frozenset()) -> tuple[Match, ...]:
    """What ``match.find`` gives, or gave for the same layers in an earlier run of this version."""
    return noted(
        lambda: digest(("matches", __version__, listed, sorted(without), list(seen))),
        lambda: find(seen, listed, without),
        _plain,
        lambda plain: _checked(plain, seen, listed, without),
    )


def _plain(found: tuple[Match, ...]) -> list[Any]:
    return [
        [
            match.reference.family, match.reference.number, match.pairs, match.log_weight,
            match.matched, match.exact, match.whole, match.prefix,
        ]
        for match in found
    ]


def _checked(plain: Any, seen: Sequence[Seen], listed: bool, without: frozenset[str]) -> tuple[Match, ...] | None:
    try:
        return tuple(_match(row, seen, listed, without) for row in many(plain)[:MOST_MATCHES])
    except Unreadable:
        return None


def _match(plain: Any, seen: Sequence[Seen], listed: bool, without: frozenset[str]) -> Match:
    family, place, pairs, log_weight, matched, exact, whole, prefix = many(plain, 8)
    if text(family) in without:
        raise Unreadable
    known = store.reference(family, index(place, store.count(family)))
    reference = known if listed else known.flat()
    both = [many(pair, 2) for pair in many(pairs)]
    rows = tuple((index(mine, len(seen)), index(theirs, len(reference.layers))) for mine, theirs in both)
    rising = all(a < c and b < d for (a, b), (c, d) in pairwise(rows))
    if not rows or not rising or type(whole) is not bool or type(prefix) is not bool:
        raise Unreadable
    most = 1 + index(matched, len(rows) + 1)
    return Match(reference, rows, number(log_weight), most - 1, index(exact, most), whole, prefix)
