"""Worker processes of this machine, each its own: one that dies takes its task with it and nothing else.

Every slot is an executor with a single spawned process. Tasks start largest first as far as memory goes; a task whose
worker died runs once more when nothing else does, and is given up when that fails too.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from typing import Generic, TypeVar

from infer_convert.batch.memory import SWOLLEN_BYTES, resident

T = TypeVar("T")
R = TypeVar("R")
_ALONE = -1
_TICK = 0.5
"""Seconds between looks at the clock."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A task that killed its worker twice, or took too long."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Done(Generic[R]):
    value: R
    resident: int


def _prepare() -> None:
    """In the worker: one thread of arithmetic each, Ctrl-C is the parent's, and no life after the parent's death."""
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _follow(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _measured(function: Callable[[T], R], task: T) -> _Done[R]:
    value = function(task)
    return _Done(value, resident())


class _Slot:
    """One worker process; started with its first task, replaced when it dies or swells."""

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None
        self._pid: Future[int] | None = None
        self.overdue = False

    def submit(self, function: Callable[[T], R], task: T) -> Future[_Done[R]]:
        with suppress(BrokenProcessPool):
            if self._executor is not None:
                return self._executor.submit(_measured, function, task)
        self._executor = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _prepare)
        self._pid = self._executor.submit(os.getpid)
        return self._executor.submit(_measured, function, task)

    def kill(self) -> None:
        """End the process now; its task fails."""
        if self._pid is not None and self._pid.done() and self._pid.exception() is None:
            with suppress(ProcessLookupError):
                os.kill(self._pid.result(), getattr(signal, "SIGKILL", signal.SIGTERM))

    def close(self, now: bool = False) -> None:
        if now:
            self.kill()
        if self._executor is not None:
            self._executor.shutdown(
                wait=True, cancel_futures=True
            )  # CPython 3.11 stumbles over half-closed ones at exit
        self._executor = self._pid = None
        self.overdue = False


@dataclass(slots=True)
class _Running(Generic[T]):
    slot: _Slot
    task: T
    cost: int
    started: float


class Pool:
    """``jobs`` workers within ``budget`` bytes."""

    def __init__(self, jobs: int, budget: int) -> None:
        self._slots = [_Slot() for _ in range(jobs)]
        self._budget = budget

    def run(
        self, function: Callable[[T], R], tasks: Sequence[T], cost: Callable[[T], int], seconds: float | None = None
    ) -> Generator[tuple[T, R | Lost], None, None]:
        """Every task with what came of it, in the order of completion. Closing the iterator ends what still runs.

        ``seconds`` bounds one task (None: no bound). What ``function`` raises is raised here: it is a bug, failures of
        a file are values.
        """
        waiting = deque(sorted(tasks, key=cost, reverse=True))
        alone: deque[T] = deque()
        running: dict[Future[_Done[R]], _Running[T]] = {}
        try:
            while waiting or alone or running:
                self._start(function, waiting, alone, running, cost)
                done, _ = wait(running, _TICK, FIRST_COMPLETED)
                _stop_overdue(running, seconds)
                for future in done:
                    run = running.pop(future)
                    outcome = _outcome(future, run, seconds)
                    if outcome is not None:
                        yield run.task, outcome
                    elif run.cost == _ALONE:
                        yield run.task, Lost("its worker process died twice, the second time with nothing beside it")
                    else:
                        alone.append(run.task)
        finally:
            for run in running.values():
                run.slot.close(now=True)

    def _start(
        self,
        function: Callable[[T], R],
        waiting: deque[T],
        alone: deque[T],
        running: dict[Future[_Done[R]], _Running[T]],
        cost: Callable[[T], int],
    ) -> None:
        """Fill the free slots with the first tasks that fit; those that are to run alone wait for the end."""
        busy = {id(run.slot) for run in running.values()}
        for slot in self._slots:
            if id(slot) in busy:
                continue
            room = self._budget - sum(run.cost for run in running.values())
            task = next((item for item in waiting if not running or cost(item) <= room), None)
            if task is not None:
                waiting.remove(task)
                running[slot.submit(function, task)] = _Running(slot, task, cost(task), time.monotonic())
            elif alone and not running and not waiting:
                task = alone.popleft()
                running[slot.submit(function, task)] = _Running(slot, task, _ALONE, time.monotonic())
                return

    def close(self) -> None:
        """End the workers."""
        for slot in self._slots:
            slot.close()


def _outcome(future: Future[_Done[R]], run: _Running[T], seconds: float | None) -> R | Lost | None:
    """What came of a task; None when its worker died. The slot is made ready for the next."""
    try:
        done = future.result()
    except BrokenProcessPool:
        overdue = run.slot.overdue
        run.slot.close()
        return Lost(f"it took longer than {seconds:g} s") if overdue else None
    if done.resident > SWOLLEN_BYTES:
        run.slot.close()
    return done.value


def _stop_overdue(running: Mapping[Future[_Done[R]], _Running[T]], seconds: float | None) -> None:
    for future, run in running.items():
        if seconds is not None and not future.done() and time.monotonic() - run.started > seconds:
            run.slot.overdue = True
            run.slot.kill()
