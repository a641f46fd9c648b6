"""The SHA-256 of a file, beside other work."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_AT_ONCE = 1 << 24
"""Bytes between two turns of Python: a thread that asks for its turn more often waits up to 5 ms each time
(``sys.getswitchinterval``)."""


def sha256(path: Path) -> str:
    """The digest in hexadecimal. Raises OSError."""
    found, buffer = hashlib.sha256(), memoryview(bytearray(_AT_ONCE))
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            found.update(buffer[:count])
    return found.hexdigest()


class Digest:
    """The digest of a file, computed in a thread from now on."""

    def __init__(self, path: Path) -> None:
        pool = ThreadPoolExecutor(1)
        self._found = pool.submit(sha256, path)
        pool.shutdown(wait=False)

    def result(self) -> str:
        """Wait for it. Raises OSError."""
        return self._found.result()
