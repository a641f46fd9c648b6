"""How much memory there is, and what one file will want of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

WORKER_BYTES = 700 << 20
"""A worker with TensorFlow 2.21 after a few small conversions (resident 500 to 650 MB, measured)."""
INSPECT_BYTES = 100 << 20
TIMES_FILE = 5
"""A conversion's peak over ``WORKER_BYTES`` in multiples of the file: arrays, variables, the SavedModel's copy while it
is written and again when it is compared, and one buffer."""
SHARE = 0.8
"""Of the free memory, for all workers together."""
SWOLLEN_BYTES = 1200 << 20
"""A worker that still holds this much after its task is replaced by a new one."""


def estimate(file_bytes: int, builds: bool) -> int:
    """Bytes that a worker needs for a file; ``builds``: with a model, not the report alone."""
    return (WORKER_BYTES + TIMES_FILE * file_bytes) if builds else INSPECT_BYTES + file_bytes // 10


def budget() -> int:
    """Bytes that all workers together may use: a share of what is free now, within the control group's limit."""
    free = [value for value in (_free(), _group()) if value is not None]
    return int(SHARE * min(free)) if free else 1 << 62


def _free() -> int | None:
    """Linux's MemAvailable; elsewhere the memory that is installed, None where even that is unknown."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def _group() -> int | None:
    """What the control group (a container) leaves; None without a limit."""
    with suppress(OSError, ValueError):
        most = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        return max(most - int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii")), 0)
    return None


def resident() -> int:
    """Bytes of memory that this process holds now; 0 where that cannot be told."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0
