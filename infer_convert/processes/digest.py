"""The SHA-256 of a file, beside other work."""

from __future__ import annotations

import threading
from pathlib import Path

_AT_ONCE = 1 << 24
"""Bytes between two turns of Python: a thread that asks for its turn more often waits up to 5 ms each time
(``sys.getswitchinterval``)."""


def sha256(path: Path) -> str:
    """The digest in hexadecimal. Raises OSError."""
    import hashlib  # it brings a library that whoever only reads headers need not wait for

    found, buffer = hashlib.sha256(), memoryview(bytearray(_AT_ONCE))
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            found.update(buffer[:count])
    return found.hexdigest()


class Digest:
    """The digest of a file, computed in a thread from ``begin`` on, or when it is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: str | OSError | None = None
        self._thread = threading.Thread(target=self._compute, daemon=True)

    def begin(self) -> None:
        """Begin, unless it has begun."""
        if self._thread.ident is None:
            self._thread.start()

    def _compute(self) -> None:
        try:
            self._found = sha256(self._path)
        except OSError as error:
            self._found = error

    def result(self) -> str:
        """Wait for it. Raises OSError."""
        self.begin()
        self._thread.join()
        if isinstance(self._found, str):
            return self._found
        raise self._found or OSError(f"{self._path}: no digest")
