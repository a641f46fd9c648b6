"""How many threads the linear algebra of an inference uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it BLAS uses one thread. What trained numbers are asked are matrices of some dozen rows, thousands of
    them: on two idle processors OpenBLAS with two threads takes five times the processor time of one for the
    eigenvalues of 48 x 48."""
    with threadpool_limits(1, user_api="blas"):
        yield
