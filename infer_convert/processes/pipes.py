"""Pipes between processes."""

from __future__ import annotations

import contextlib
import subprocess


def widen(pipe: int) -> None:
    """A pipe of 1 MiB where that can be had (Linux): fewer turns for large messages."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)


def close(process: subprocess.Popen[bytes]) -> None:
    """End a child at once, whatever it does, and close both pipes to it."""
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
