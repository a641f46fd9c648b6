"""One parsing process and the talk with it: started, timed, ended, its death explained."""

from __future__ import annotations

import dataclasses
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, NoReturn

from infer_convert.errors import InferConvertError, RefusedForSafety, UnreadableFile
from infer_convert.limits import Limits, beyond
from infer_convert.processes.pipes import close, widen

AVAILABLE = sys.platform != "win32" and find_spec("resource") is not None and bool(sys.executable)
"""Whether this platform can confine a process."""

FRAME = struct.Struct("<IQ")
"""Length of a frame's JSON header, length of its payload (``readers/child.py`` writes them)."""

_MOST_HEADER = 1 << 16
_MOST_TEXT = 8000
_MOST_PIECE = 1 << 20
_BYTES_PER_SECOND = 5_000_000
"""The slowest progress with a tensor or a file that still counts as progress."""

_BOOT = "import sys; sys.path[:0] = sys.argv[1:]; from infer_convert.readers.child import main; main()"
_PARTS = ("infer_convert", "h5py", "numpy", "ml_dtypes")


_PREPARED: list[subprocess.Popen[bytes]] = []


def prepare() -> None:
    """Start the process of the next session now: it imports HDF5 while this one does something else. It knows no file
    yet, and ends with this process."""
    if AVAILABLE:
        _PREPARED.append(_started())


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, *_folders()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        bufsize=0,
    )


class Session:
    """A child for one file; ``purpose`` is ``facts`` (one answer) or ``tensors`` (many). ``remote`` is a seekable
    stream whose pieces are handed to the child as it asks; ``path`` is then its name alone.

    Use as a context manager: leaving it ends the child, whatever it does.
    """

    def __init__(
        self, path: Path, purpose: Literal["facts", "tensors"], limits: Limits, remote: BinaryIO | None = None
    ) -> None:
        self.path, self.limits, self._remote = path, limits, remote
        self._process = _PREPARED.pop() if _PREPARED else _started()
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        widen(self._out)
        size = _size(path, remote)
        self._size = size
        much = 0 if purpose == "facts" else size // _BYTES_PER_SECOND + 10 * limits.cpu_seconds
        self._cpu = limits.cpu_seconds + much
        self._memory = limits.memory_bytes if purpose == "facts" else limits.tensor_memory(size)
        self._ask({
            "path": os.fsencode(path).hex(),
            "purpose": purpose,
            "remote": None if remote is None else size,
            "limits": dataclasses.asdict(limits),
            "memory": self._memory,
            "cpu": self._cpu,
        })  # fmt: skip

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close(self._process)

    def facts(self) -> bytes:
        """The JSON text of the facts; raises UnreadableFile and RefusedForSafety."""
        self._deadline = time.monotonic() + self.limits.wall_seconds
        header, size = self._header()
        while "want" in header:
            self._give(header["want"])
            header, size = self._header()
        if size > self.limits.facts_bytes:
            beyond(str(self.path), "facts_bytes", f"facts of at most {self.limits.facts_bytes} bytes", size)
        payload = bytearray(size)
        self._fill(memoryview(payload))
        return bytes(payload)

    def ask(self, tensor_path: str) -> dict[str, Any]:
        """The header of the answer about one tensor; its slabs follow (``fill``). Raises as ``facts`` does."""
        self._deadline = time.monotonic() + self.limits.wall_seconds
        self._ask({"tensor": tensor_path})
        header, size = self._header()
        if size:
            self._nonsense()
        return header

    def locate(self, tensor_paths: list[str]) -> list[Any]:
        """For each tensor the header of the answer about it where that says all, else null. Raises as ``facts``
        does."""
        self._deadline = time.monotonic() + self.limits.wall_seconds
        self._ask({"locate": tensor_paths})
        _, size = self._header()
        if size > self.limits.facts_bytes:
            self._nonsense()
        payload = bytearray(size)
        self._fill(memoryview(payload))
        try:
            headers = json.loads(payload)
        except (ValueError, RecursionError):
            self._nonsense()
        if not (isinstance(headers, list) and len(headers) == len(tensor_paths)):
            self._nonsense()
        return headers

    def fill(self, buffer: memoryview) -> None:
        """Take slabs until ``buffer`` is full; raises as ``facts`` does."""
        self._deadline += len(buffer) // _BYTES_PER_SECOND
        at = 0
        while at < len(buffer):
            _, size = self._header()
            if not 0 < size <= len(buffer) - at:
                self._nonsense()
            self._fill(buffer[at : at + size])
            at += size

    def _give(self, wanted: Any) -> None:
        """Send one piece of the remote file; the time that the server takes is not the child's."""
        sizes = isinstance(wanted, list) and len(wanted) == 2 and all(type(item) is int for item in wanted)
        if self._remote is None or not sizes:
            self._nonsense()
        offset, count = wanted
        if not (offset >= 0 and 0 < count <= _MOST_PIECE and offset + count <= self._size):
            self._nonsense()
        start = time.monotonic()
        try:
            self._remote.seek(offset)
            piece = self._remote.read(count)
        except Exception as problem:
            said = one_line(str(problem))
            raise UnreadableFile(f"{self.path}: expected {count} bytes at {offset}, found {said}") from None
        if len(piece) != count:
            raise UnreadableFile(f"{self.path}: expected {count} bytes at {offset}, found {len(piece)}")
        self._deadline += time.monotonic() - start
        self._write(piece)

    def _ask(self, request: dict[str, Any]) -> None:
        self._write(json.dumps(request).encode("ascii") + b"\n")

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._in, data) :]
        except BrokenPipeError:
            pass  # the reading side learns how the child ended

    def _header(self) -> tuple[dict[str, Any], int]:
        prefix = bytearray(FRAME.size)
        self._fill(memoryview(prefix))
        length, size = FRAME.unpack(prefix)
        if length > _MOST_HEADER:
            self._nonsense()
        text = bytearray(length)
        self._fill(memoryview(text))
        try:
            header = json.loads(text)
        except (ValueError, RecursionError):
            self._nonsense()
        if not isinstance(header, dict):
            self._nonsense()
        if "error" in header:
            self._raise(header)
        return header, size

    def _fill(self, buffer: memoryview) -> None:
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        at = 0
        while at < len(buffer):
            left = self._deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                self._process.kill()
                sought = f"a file that is parsed within {self.limits.wall_seconds} s"
                beyond(str(self.path), "wall_seconds", sought, "one that takes longer")
            got = os.readv(self._out, [buffer[at:]])
            if got == 0:
                self._died()
            at += got

    def _raise(self, header: dict[str, Any]) -> NoReturn:
        kind, message = str(header["error"]), one_line(str(header.get("message", "")))
        for known in (UnreadableFile, RefusedForSafety):
            if kind == known.__name__:
                raise known(message)
        if kind == "memory":
            self._too_much_memory()
        raise RuntimeError(f"a bug in the parsing process: {str(header.get('message', kind))[-_MOST_TEXT:]}")

    def _too_much_memory(self) -> NoReturn:
        sought = f"a file that is parsed in {self._memory} bytes of memory"
        beyond(str(self.path), "memory_bytes", sought, "one that needs more")

    def _died(self) -> NoReturn:
        """Explain the end of the child."""
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._nonsense()
        if code == -signal.SIGXCPU:
            sought = f"a file that is parsed in {self._cpu} s of processor time"
            beyond(str(self.path), "cpu_seconds", sought, "one that takes longer")
        if code < 0:
            name = signal.strsignal(-code) or str(-code)
            raise UnreadableFile(f"{self.path}: expected an intact weight file, found one that crashes HDF5 ({name})")
        if code == 0:
            self._nonsense()
        raise RuntimeError(f"the parsing process could not start or ended with code {code}")

    def _nonsense(self) -> NoReturn:
        self._process.kill()
        raise UnreadableFile(
            f"{self.path}: expected an intact weight file, found one after which the parsing process talks nonsense"
        )


def one_line(text: str) -> str:
    """A message of the child as one printable line."""
    text = " ".join(text[:_MOST_TEXT].split())
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _size(path: Path, remote: BinaryIO | None) -> int:
    if remote is not None:
        return remote.seek(0, os.SEEK_END)
    return path.stat().st_size if path.is_file() else 0


def _folders() -> list[str]:
    """Where the child finds what it imports: nothing of this process's search path but these."""
    found: dict[str, None] = {}
    for name in _PARTS:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise InferConvertError(f"{name} is not installed")
        found[str(Path(spec.origin).absolute().parent.parent)] = None
    return list(found)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return kept | {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "HDF5_PLUGIN_PRELOAD": "::",  # no plug-in is ever loaded
        "HDF5_USE_FILE_LOCKING": "FALSE",  # the input may be read-only
    }
