"""The inference in a process of its own, while this one imports TensorFlow: two waits become one on two processors.

The process is started before the file is read (its imports then cost no time either), is given the facts and the hints,
and answers with the inference or with the error that it met. It reads the file's numbers through a sandbox of its own
and trusts nothing that this process would not trust. Leaving the context ends it; when this process dies, its standard
input ends, and so does it.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from infer_convert.facts import WeightFile
from infer_convert.hints import Hints
from infer_convert.inference import Inference
from infer_convert.limits import Limits
from infer_convert.processes.collector import collect_seldom, no_collections
from infer_convert.processes.pipes import close, widen

_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from infer_convert.aside import serve; serve()"


def worthwhile() -> bool:
    """Whether there is something to do meanwhile (TensorFlow is not imported yet) and a processor to do it on."""
    idle = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return bool(sys.executable) and idle > 1 and not {"tensorflow", "keras"} & set(sys.modules)


class Aside:
    """One inference in another process. Use as a context manager; ``begin``, then ``result``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-c", _BOOT, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert self._process.stdin is not None
        widen(self._process.stdin.fileno())

    def __enter__(self) -> Aside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close(self._process)

    def begin(self, path: Path, facts: WeightFile, hints: Hints, limits: Limits, known: Mapping[str, Any]) -> None:
        """Hand over the work, with the searches that an earlier run has left; returns at once."""
        stream = self._process.stdin
        assert stream is not None
        request = memoryview(pickle.dumps((path, facts, hints, limits, known)))
        try:
            while request:
                request = request[stream.write(request) :]
        except BrokenPipeError:
            pass  # ``result`` finds no answer

    def result(self) -> tuple[Inference, Mapping[str, Any]] | None:
        """What ``infer`` gives for it, and its searches for the next run; None when the process ended without an
        answer. Raises what ``infer`` raises."""
        stream = self._process.stdout
        assert stream is not None
        try:
            found, rest = pickle.loads(stream.read())
        except (EOFError, pickle.UnpicklingError):
            return None
        if isinstance(found, BaseException):
            found.add_note(rest)
            raise found
        return found, rest


def serve() -> None:
    """The other process: one request on standard input, one answer on standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both; the other one decides
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not reach the answer
    with no_collections():
        import infer_convert.infer  # noqa: F401  # while the facts are read
    collect_seldom()
    try:
        path, facts, hints, limits, known = pickle.load(sys.stdin.buffer)
    except EOFError:  # there is nothing to infer from
        return
    threading.Thread(target=_end_with_the_other, daemon=True).start()
    answers.write(_answer(path, facts, hints, limits, known))
    answers.close()
    os._exit(0)


def _answer(path: Path, facts: WeightFile, hints: Hints, limits: Limits, known: Mapping[str, Any]) -> bytes:
    from infer_convert import kept
    from infer_convert.infer import infer
    from infer_convert.sandbox import open_tensors
    from infer_convert.solve.notes import noting

    try:
        with noting(known, kept.state(path)) as searches, open_tensors(path, limits=limits, facts=facts) as store:
            found = infer(facts, hints, store, limits)
    except BaseException as error:
        where = traceback.format_exc()
        try:
            return pickle.dumps((error.with_traceback(None), where))
        except Exception:  # an exception that holds what cannot be sent
            return pickle.dumps((RuntimeError(str(error)), where))
    return pickle.dumps((found, searches))


def _end_with_the_other() -> None:
    sys.stdin.buffer.read()
    os._exit(0)
