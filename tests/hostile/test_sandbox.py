"""The parsing process: what it gives is what the readers give; whatever it does, the parent stays whole."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from infer_convert import readers, sandbox
from infer_convert.errors import InferConvertError, RefusedForSafety, UnreadableFile
from infer_convert.limits import DEFAULT
from infer_convert.sandbox import session
from infer_convert.sandbox.decode import decoded
from tests.hostile import files
from tests.readers import samples

PIECE = 1 << 24
"""Bytes (`sandbox/numbers.py`)."""

pytestmark = pytest.mark.skipif(not sandbox.AVAILABLE, reason="this platform cannot confine a process")


def _kinds(path: Path) -> Path:
    """Every number format and storage."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name in ("<f4", ">f4", "<f2", "<f8", "<i8", ">u2", "|i1", "|b1"):
            file[f"d/{name}"] = np.arange(6).reshape(2, 3).astype(name)
        file["d/scalar"] = np.float32(3)
        file["d/empty"] = np.zeros((0, 4), "f4")
        file.create_dataset("d/never", (2, 2), "f4")
        file.create_dataset("d/packed", data=np.arange(3e5, dtype="f4").reshape(300, 1000), compression="gzip")
        file.create_dataset("d/chunked", data=np.arange(3e7, dtype="f4").reshape(3000, -1), chunks=(700, 1000))
        file["d/bfloat16"] = np.arange(6, dtype="<u2").reshape(2, 3).view("V2")
        odd = h5py.h5t.IEEE_F32LE.copy()
        odd.set_fields(31, 20, 11, 0, 20)  # a float of 32 bits that is not IEEE's
        properties = h5py.h5s.create_simple((3,))
        made = h5py.h5d.create(file["d"].id, b"odd", odd, properties)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1.0, 2.5, -3.0], "f4"))
    return path


@pytest.mark.parametrize(
    "write",
    [samples.legacy, samples.full, samples.v3, samples.archive, samples.shards, samples.keras0, _kinds],
    ids=lambda write: write.__name__,
)
def test_the_same_facts_and_numbers(write, tmp_path: Path) -> None:
    path = write(tmp_path / ("w.weights.json" if write is samples.shards else "w.h5"))
    facts = sandbox.read(path, digest=True)
    assert facts == readers.read(path, digest=True)
    with readers.open_tensors(path) as here, sandbox.open_tensors(path) as there:
        for tensor in (*facts.all_tensors(), *facts.optimizer):
            one, other = here.read(tensor.path), there.read(tensor.path)
            assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes()), tensor.path
            assert other.flags.writeable and other.dtype.isnative
            parts = [part.copy() for part in there.pieces(tensor.path)]
            assert b"".join(part.tobytes() for part in parts) == one.tobytes(), tensor.path
            assert all(part.dtype == one.dtype and part.nbytes <= PIECE for part in parts) or "chunked" in tensor.path


@pytest.mark.parametrize("dtype", ["<f4", ">f8"])
def test_a_large_tensor_comes_in_parts(dtype: str, tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=(5, 2_000_000)).astype(dtype)
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["d/kernel"] = numbers
    with sandbox.open_tensors(tmp_path / "w.h5") as store:
        parts = [part.copy() for part in store.pieces("d/kernel")]
    assert len(parts) > 1 and max(part.nbytes for part in parts) <= PIECE
    np.testing.assert_array_equal(np.concatenate(parts), numbers.reshape(-1))


def test_the_same_errors(tmp_path: Path) -> None:
    path = samples.full(tmp_path / "w.h5")
    for spoilt in (path.read_bytes()[:1500], b"", b"hello"):
        path.write_bytes(spoilt)
        with pytest.raises(UnreadableFile) as here:
            readers.read(path)
        with pytest.raises(UnreadableFile) as there:
            sandbox.read(path)
        assert str(here.value) == str(there.value)
    path = samples.full(path)
    with sandbox.open_tensors(path) as store:
        with pytest.raises(UnreadableFile, match="/nowhere"):
            store.read("/nowhere")
        assert store.read("/model_weights/dense_2/dense_2/kernel:0").shape == (4, 3)  # and goes on
    with pytest.raises(RefusedForSafety, match="limit objects"):
        sandbox.read(path, limits=dataclasses.replace(DEFAULT, objects=3))
    for gone in (tmp_path / "gone.h5", tmp_path):
        with pytest.raises(UnreadableFile):
            sandbox.read(gone)


def _boot(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """The child runs ``code`` instead of the readers; ``send`` answers as they do, ``started`` is the first request."""
    monkeypatch.setattr(session, "_BOOT", (
        "import sys, os, json, struct, time, signal; started = json.loads(sys.stdin.readline());"
        "sys.path[:0] = sys.argv[1:]; from infer_convert.readers.child import _confine;"
        "_confine(started['memory'], started['cpu']);"
        "send = lambda head, data=b'': (sys.stdout.buffer.write("
        f"struct.pack('<IQ', len(head), len(data)) + head + data), sys.stdout.flush())\n{code}"
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        ("os.abort()", UnreadableFile, "crashes HDF5"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", UnreadableFile, "Segmentation fault"),
        ("pass", UnreadableFile, "nonsense"),
        ("send(b'{}', b'[]')", UnreadableFile, "facts"),
        ("send(b'{}', b'{\"layers\": 3}')", UnreadableFile, "facts"),
        ("send(b'not json')", UnreadableFile, "nonsense"),
        ("send(b'[]')", UnreadableFile, "nonsense"),
        ("send(b'{}' * 99999)", UnreadableFile, "nonsense"),
        ("send(b'[' * 60000)", UnreadableFile, "nonsense"),
        ("sys.stdout.buffer.write(struct.pack('<IQ', 2, 1 << 60) + b'{}')", RefusedForSafety, "facts_bytes"),
        ("while True: pass", RefusedForSafety, "cpu_seconds"),
        ("time.sleep(60)", RefusedForSafety, "wall_seconds"),
        ("send(json.dumps({'error': 'UnreadableFile', 'message': 'a\\n\\x1b[31mb'}).encode())", UnreadableFile, "a "),
        ('try: bytearray(1 << 40)\nexcept MemoryError: send(b\'{"error": "memory"}\')', RefusedForSafety, "memory"),
        ("os.write(os.open('never', os.O_CREAT | os.O_WRONLY), b'x' * 99)", RuntimeError, "ended"),
    ],
)
def test_a_child_that_misbehaves(
    code: str, error: type[Exception], says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _boot(monkeypatch, code)
    monkeypatch.chdir(tmp_path)  # where a child leaves an empty file when it tries to write one
    start = time.monotonic()
    path = samples.full(tmp_path / "w.h5")
    limits = dataclasses.replace(DEFAULT, cpu_seconds=1, wall_seconds=1 if "sleep" in code else 20)
    with pytest.raises(error, match=says) as caught:
        sandbox.read(path, limits=limits)
    assert time.monotonic() - start < 5
    if issubclass(error, InferConvertError):
        assert str(caught.value).isprintable()


def test_memory_of_the_real_child(tmp_path: Path) -> None:
    """One chunk of 200 MB that is packed to 200 kB."""
    with h5py.File(tmp_path / "w.h5", "w") as file:
        made = file.create_dataset("d/x", (100, 500_000), "f4", chunks=(100, 500_000), compression="gzip")
        made.id.write_direct_chunk((0, 0), zlib.compress(bytes(200_000_000)))
    limits = dataclasses.replace(DEFAULT, declared_ratio=10_000)
    with (
        sandbox.open_tensors(tmp_path / "w.h5", limits=limits) as store,
        pytest.raises(RefusedForSafety, match="memory_bytes"),
    ):
        store.read("/d/x")


@pytest.mark.parametrize(
    "answer",
    [
        {"shape": [2], "dtype": "<f4", "shard": "", "offset": 1 << 40},
        {"shape": [1 << 40], "dtype": "<f4", "shard": "", "offset": 0},
        {"shape": [2], "dtype": "<f4", "shard": "", "offset": -4},
        {"shape": [2], "dtype": "<f4", "shard": "../x", "offset": 0},
        {"shape": [2], "dtype": "<f4", "shard": 3, "offset": 0},
        {"shape": [2], "dtype": "O", "shard": "", "offset": 0},
        {"shape": [2], "dtype": "|V8", "shard": "", "offset": 0},
        {"shape": [-2], "dtype": "<f4", "shard": "", "offset": 0},
        {"shape": "22", "dtype": "<f4"},
        {"shape": [True], "dtype": "<f4"},
        {"dtype": "<f4"},
        {},
    ],
)
def test_answers_that_are_none(answer: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _boot(monkeypatch, f"send({json.dumps(answer)!r}.encode())")
    path = samples.full(tmp_path / "w.h5")
    with sandbox.open_tensors(path) as store, pytest.raises(InferConvertError):
        store.read("/x")


def test_slabs_that_are_too_long(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _boot(monkeypatch, 'send(b\'{"shape": [2], "dtype": "<f4"}\'); send(b"{}", bytes(4)); send(b"{}", bytes(8))')
    path = samples.full(tmp_path / "w.h5")
    with sandbox.open_tensors(path) as store, pytest.raises(UnreadableFile, match="nonsense"):
        store.read("/x")


@pytest.mark.parametrize(
    "spoil",
    [
        {"generation": "keras9"},
        {"bytes": -1},
        {"bytes": True},
        {"layers": [{"name": 3}]},
        {"layers": "dense"},
        {"order": ["stored"]},
        {"unread": [["/x"]]},
        {"warnings": [1]},
        {"model_config": [1]},
        {"optimizer": [{"path": "/x", "name": "x", "role": "x", "shape": [1.5], "dtype": "float32"}]},
        {"optimizer": [{"path": "/x", "name": "x", "role": "x", "shape": [1] * 99, "dtype": "float32"}]},
        {"lists_weightless": None},
    ],
)
def test_facts_that_are_none(spoil: dict[str, object], tmp_path: Path) -> None:
    facts = readers.read(samples.full(tmp_path / "w.h5"))
    whole = facts.to_json()
    assert decoded(json.dumps(whole).encode(), tmp_path / "w.h5") == facts
    with pytest.raises(UnreadableFile):
        decoded(json.dumps(whole | spoil).encode(), tmp_path / "w.h5")


def test_no_process_stays(tmp_path: Path) -> None:
    path = samples.full(tmp_path / "w.h5")
    with sandbox.open_tensors(path) as store:
        child = store._session._process.pid  # type: ignore[attr-defined]
        os.kill(child, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_allow_large(tmp_path: Path) -> None:
    path = files.legacy(tmp_path / "w.h5", files.gzip_bomb)
    with pytest.raises(RefusedForSafety, match="--allow-large"):
        sandbox.read(path)
    assert sandbox.read(path, limits=DEFAULT.large()).layers
    for spoil in (files.external_link, files.cycle, files.many_filters):
        with pytest.raises(RefusedForSafety) as caught:
            sandbox.read(files.legacy(path, spoil), limits=DEFAULT.large())
        assert "--allow-large" not in str(caught.value)


def test_without_a_way_to_confine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sandbox, "AVAILABLE", False)
    path = samples.full(tmp_path / "w.h5")
    assert sandbox.read(path).warnings == (sandbox.UNCONFINED,)
    with sandbox.open_tensors(path) as store:
        assert store.read("/model_weights/dense_2/dense_2/kernel:0").shape == (4, 3)


def test_the_child_finds_no_modules_of_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "h5py.py").write_text("open('sprung', 'w').close()")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, ""])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert sandbox.read(samples.full(tmp_path / "w.h5")).layers
    assert not (tmp_path / "sprung").exists()


class _Server:
    """A seekable stream that notes what it is asked for."""

    def __init__(self, data: bytes, lie: bool = False) -> None:
        self.data, self.at, self.sent, self.lie = data, 0, 0, lie

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset if whence == 0 else len(self.data) + offset
        return self.at

    def read(self, count: int) -> bytes:
        if self.lie:
            raise OSError("the server\nis gone")
        self.sent += count
        return self.data[self.at : self.at + count]


@pytest.mark.parametrize("write", [samples.legacy, samples.full, samples.v3, samples.archive], ids=lambda w: w.__name__)
def test_a_file_elsewhere(write, tmp_path: Path) -> None:
    path = write(tmp_path / "w.h5")
    server = _Server(path.read_bytes())
    facts = readers.read(path)
    path.unlink()
    found = sandbox.read("w.h5", remote=server)  # type: ignore[arg-type]
    assert dataclasses.replace(found, file=facts.file) == facts and server.sent


@pytest.mark.parametrize(
    "want",
    ["[0]", "[-1, 4]", "[0, 0]", "[0, 1 << 21]", "[1 << 40, 4]", "['0', 4]", "[True, 4]", "{}"],
)
def test_pieces_that_nobody_may_want(want: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _boot(monkeypatch, f"send(json.dumps({{'want': {want}}}).encode()); sys.stdin.buffer.read(1)")
    with pytest.raises(UnreadableFile, match="nonsense"):
        sandbox.read("w.h5", remote=_Server(bytes(1 << 22)))  # type: ignore[arg-type]
    _boot(monkeypatch, "send(json.dumps({'want': [0, 4]}).encode()); sys.stdin.buffer.read(1)")
    with pytest.raises(UnreadableFile, match="nonsense"):
        sandbox.read(samples.full(tmp_path / "w.h5"))


def test_a_server_that_fails(tmp_path: Path) -> None:
    data = samples.full(tmp_path / "w.h5").read_bytes()
    with pytest.raises(UnreadableFile, match="the server is gone") as caught:
        sandbox.read("w.h5", remote=_Server(data, lie=True))  # type: ignore[arg-type]
    assert str(caught.value).isprintable()
    with pytest.raises(UnreadableFile):
        sandbox.read("w.h5", remote=_Server(data[:700]))  # type: ignore[arg-type]
