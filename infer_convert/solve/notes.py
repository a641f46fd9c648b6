"""Answers that one run notes down for the next, by digests of everything that they depend on.

A changed question has another digest, so it never meets an old answer; and answers come back as parsed JSON of whatever
form, so whoever asks checks them first. Outside ``noting`` nothing is noted and nothing is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class _Book(NamedTuple):
    learnt: Mapping[str, Any]
    notes: dict[str, Any]
    about: str


_BOOK: ContextVar[_Book | None] = ContextVar("book", default=None)


@contextmanager
def noting(learnt: Mapping[str, Any], about: str = "") -> Iterator[dict[str, Any]]:
    """Within it the answers in ``learnt`` (a parsed JSON object) are known, and those that are given are noted.
    ``about`` tells states of the file apart: where it is the same as before, so is what the file holds."""
    book = _Book(learnt, {}, about)
    token = _BOOK.set(book)
    try:
        yield book.notes
    finally:
        _BOOK.reset(token)


def active() -> bool:
    """Whether answers are noted: else there is no need to tell questions apart."""
    return _BOOK.get() is not None


def about() -> str:
    """The state of the file, empty when nobody knows it."""
    book = _BOOK.get()
    return "" if book is None else book.about


def learnt(key: str) -> Any:
    """What an earlier run answered, unchecked; None when it was not asked."""
    book = _BOOK.get()
    return None if book is None else book.learnt.get(key)


def note(key: str, plain: Any) -> None:
    """Leave an answer, in the form that JSON knows."""
    book = _BOOK.get()
    if book is not None:
        book.notes[key] = plain


def noted(
    question: Callable[[], str], find: Callable[[], T], plain: Callable[[T], Any], checked: Callable[[Any], T | None]
) -> T:
    """``find()``, unless an earlier run left the answer to the ``question`` (a digest) and it passes the check."""
    if not active():
        return find()
    key = question()
    before = learnt(key)
    answer = None if before is None else checked(before)
    if answer is None:
        answer = find()
    note(key, plain(answer))
    return answer


def digest(said: object) -> str:
    """Of anything whose ``repr`` tells it, the same in every process."""
    return hashlib.sha256(repr(said).encode("utf-8", "backslashreplace")).hexdigest()
