"""Pipes between processes."""

from __future__ import annotations

import contextlib


def widen(pipe: int) -> None:
    """A pipe of 1 MiB where that can be had (Linux): fewer turns for large messages."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
