"""Damage that looks for ways: a copy that reaches lines of the readers which none before it reached is damaged further.

Lives in a worker of ``fuzz``: the pool of promising copies grows with its tasks, the same way every time.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from benchmarks.mutate import alter, flip

WATCHED = ("readers", "limits.py", "facts.py")
"""What of the package is watched."""
FAVOUR = 0.5
"""How often a promising copy is taken rather than the sound file."""

Line = tuple[CodeType, int]


class Pool:
    """Promising copies per sound file, and every line that was reached."""

    def __init__(self) -> None:
        self._copies: dict[str, list[bytes]] = {}
        self._reached: set[Line] = set()
        self.promising = 0

    def copy(self, path: str, number: int) -> bytes:
        """Damage number ``number`` of a file or of one of its promising copies."""
        rng = random.Random(f"guided{Path(path).name}{number}")
        known = self._copies.setdefault(path, [])
        parent = rng.choice(known) if known and rng.random() < FAVOUR else Path(path).read_bytes()
        if rng.random() < 0.6:
            with contextlib.suppress(Exception):  # too damaged for h5py or zipfile
                return alter(parent, rng.randrange(10**9))
        return flip(parent, rng.randrange(10**9))

    def reached(self, path: str, copy: bytes, lines: set[Line]) -> None:
        """Keep the copy if it went where none was."""
        if lines - self._reached:
            self._reached |= lines
            self._copies.setdefault(path, []).append(copy)
            self.promising += 1

    @property
    def lines(self) -> int:
        """How many lines were reached in all."""
        return len(self._reached)


@contextlib.contextmanager
def watching() -> Iterator[set[Line]]:
    """The lines of the readers that are reached within."""
    import infer_convert

    home = Path(infer_convert.__file__).parent
    watched = tuple(str(home / part) for part in WATCHED)
    found: set[Line] = set()
    ours: dict[CodeType, bool] = {}

    def line(frame: FrameType, event: str, _: Any) -> Any:
        found.add((frame.f_code, frame.f_lineno))
        return line

    def call(frame: FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        if code not in ours:
            ours[code] = code.co_filename.startswith(watched)
        return line if ours[code] else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        yield found
    finally:
        sys.settrace(before)
