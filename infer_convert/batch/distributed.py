"""The same tasks on an existing Dask cluster (extra ``[distributed]``).

Workers need infer-convert and OUTDIR under the same path (a shared disk). Dask itself sees to workers that die: their
tasks go to others, and what a dead one had already recorded is not done again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

from infer_convert.batch.pool import Lost
from infer_convert.errors import UsageError

T = TypeVar("T")
R = TypeVar("R")
CONNECT_SECONDS = 5


class Cluster:
    """A connection to the scheduler at ``address`` (``tcp://host:8786``). Raises UsageError when there is none."""

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise UsageError(
                f"--scheduler {address} needs dask.distributed, which is not installed: pip install"
                " infer-convert[distributed]"
            ) from error
        self._module: Any = distributed
        try:
            self._client: Any = self._module.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UsageError(f"--scheduler {address}: no Dask scheduler answers there ({error})"[:300]) from error

    def run(
        self, function: Callable[[T], R], tasks: Sequence[T], cost: Callable[[T], int], seconds: float | None = None
    ) -> Generator[tuple[T, R | Lost], None, None]:
        """As ``Pool.run``; the largest first, memory and time are the cluster's own affair."""
        ordered = sorted(tasks, key=cost, reverse=True)
        futures = self._client.map(function, ordered, pure=False)
        of = dict(zip(futures, ordered, strict=True))
        try:
            for future in self._module.as_completed(futures, loop=self._client.loop):
                error = future.exception()
                if error is None:
                    yield of[future], future.result()
                elif isinstance(error, self._module.scheduler.KilledWorker):
                    yield of[future], Lost("every worker that took it died")
                else:
                    raise error
                future.release()
        finally:
            self._client.cancel(futures)

    def close(self) -> None:
        """Leave the cluster; it goes on without us."""
        self._client.close()
