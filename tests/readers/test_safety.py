"""Files of strangers: refused, or unreadable in one line; never anything else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from infer_convert.errors import ExitCode, InferConvertError, RefusedForSafety, UnreadableFile
from infer_convert.limits import DEFAULT
from infer_convert.readers import open_tensors, read

from . import samples


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty"),
        (b"hello" * 99, "begins with"),
        (b"version https://git-lfs.github.com/spec/v1\n", "LFS"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 600, "damage"),
        (b"PK\x03\x04" + b"\0" * 600, "damage"),
        (b"{not json", "other text"),
        (b'{"weight_map": {}}', "other JSON"),
        (b'{"weight_map": {"/layers/dense/vars": "gone.weights.h5"}}', "no such file"),
    ],
)
def test_not_a_weight_file(tmp_path: Path, content: bytes, found: str) -> None:
    with pytest.raises(UnreadableFile, match=found) as caught:
        read(write(tmp_path / "w.h5", content))
    assert caught.value.exit_code == ExitCode.UNREADABLE and "\n" not in str(caught.value)


def test_missing_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.h5", tmp_path):
        with pytest.raises(UnreadableFile, match=r"nothing there|folder"):
            read(path)


def test_hdf5_without_weights(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["labels"] = np.arange(4)
        file["text"] = "abc"
    with pytest.raises(UnreadableFile, match="no weights"):
        read(tmp_path / "w.h5")


def test_layers_without_any_weight_need_a_config(tmp_path: Path) -> None:
    """A full model of weightless layers is a model; a weight file without weights is none."""
    weightless = {"flatten_1": (), "activation_1": ()}
    for path in (samples.legacy(tmp_path / "a.h5", weightless), samples.v3(tmp_path / "b.h5", {"layers/flatten": ()})):
        with pytest.raises(UnreadableFile, match="without any"):
            read(path)
    path = samples.full(tmp_path / "c.h5", weightless)
    assert [layer.name for layer in read(path).layers] == list(weightless)


def test_listed_but_missing_parts(tmp_path: Path) -> None:
    for victim in ("dense_2", "dense_10/dense_10/bias:0"):
        path = samples.legacy(tmp_path / f"{victim[:7]}.h5")
        with h5py.File(path, "a") as file:
            del file[victim]
        with pytest.raises(UnreadableFile, match=victim.split("/")[0]):
            read(path)


def test_two_weights_of_one_name(tmp_path: Path) -> None:
    """The broken writer of Keras 3.0 lists a repeated bare name, then dies."""
    path = samples.legacy(tmp_path / "w.h5", {"a": [("kernel", (2, 2))]})
    with h5py.File(path, "a") as file:
        file["a"].attrs["weight_names"] = samples.fixed(["kernel", "kernel"])
    with pytest.raises(UnreadableFile, match="/a/kernel"):
        read(path)


def _soft(file: h5py.File) -> None:
    file["dense_2/x"] = h5py.SoftLink("/dense_10")


def _external(file: h5py.File) -> None:
    file["x"] = h5py.ExternalLink("other.h5", "/a")


def _cycle(file: h5py.File) -> None:
    file["dense_2/up"] = file["/"]


def _alias(file: h5py.File) -> None:
    file["twin"] = file["dense_2"]


def _outside(file: h5py.File) -> None:
    file.create_dataset("x", (4,), "f4", external=[("outside.bin", 0, 16)])


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "a", (4,))
    file.create_virtual_dataset("x", layout)


def _huge(file: h5py.File) -> None:
    file.create_dataset("x", (1 << 40,), "f4", chunks=(1 << 20,), compression="gzip")


def _text_weight(file: h5py.File) -> None:
    del file["dense_2/dense_2/kernel:0"]
    file["dense_2/dense_2/kernel:0"] = "text"


def _deep(file: h5py.File) -> None:
    file.create_group("/".join("g" * 80))


def _deep_json(file: h5py.File) -> None:
    file.attrs["model_config"] = "[" * 200 + "]" * 200


def _too_deep_for_the_parser(file: h5py.File) -> None:
    file.attrs["model_config"] = "[" * 200_000 + "]" * 200_000


@pytest.mark.parametrize(
    ("spoil", "limit"),
    [
        (_soft, "soft link"),
        (_external, "external link"),
        (_cycle, "hard link"),
        (_alias, "hard link"),
        (_outside, "external storage"),
        (_virtual, "virtual"),
        (_huge, "declared_bytes"),
        (_text_weight, "numeric weight"),
        (_deep, "depth"),
        (_deep_json, "json_depth"),
        (_too_deep_for_the_parser, "json_depth"),
    ],
)
def test_refused(tmp_path: Path, spoil, limit: str) -> None:
    path = samples.legacy(tmp_path / "w.h5")
    read(path)
    with h5py.File(path, "a") as file:
        spoil(file)
    with pytest.raises(RefusedForSafety, match=limit) as caught:
        read(path)
    assert caught.value.exit_code == ExitCode.REFUSED and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("objects", 5),
        ("name_chars", 4),
        ("attribute_bytes", 10),
        ("json_chars", 5),
        ("declared_bytes", 20),
        ("depth", 1),
    ],
)
def test_limits_can_be_set(tmp_path: Path, limit: str, value: int) -> None:
    path = samples.full(tmp_path / "w.h5")
    with pytest.raises(RefusedForSafety, match=limit):
        read(path, limits=dataclasses.replace(DEFAULT, **{limit: value}))


def test_declared_ratio(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_dataset("kernel", (1 << 20,), "f4", chunks=(1 << 10,), compression="gzip")
    read(tmp_path / "w.h5")
    with pytest.raises(RefusedForSafety, match="declared_ratio"):
        read(tmp_path / "w.h5", limits=dataclasses.replace(DEFAULT, ratio_floor=1000, declared_ratio=10))


def test_the_store_follows_no_links(tmp_path: Path) -> None:
    path = samples.legacy(tmp_path / "w.h5")
    with h5py.File(path, "a") as file:
        file["short"] = h5py.SoftLink("/dense_2/dense_2/kernel:0")
    with open_tensors(path) as store, pytest.raises(RefusedForSafety):
        store.read("/short")


@pytest.mark.parametrize("name", ["../up.h5", "/etc/passwd", "a\\b.h5", "", 3])
def test_shards_stay_beside_their_index(tmp_path: Path, name: object) -> None:
    path = write(tmp_path / "w.json", json.dumps({"weight_map": {"/layers/dense/vars": name}}).encode())
    with pytest.raises(RefusedForSafety, match="plain file names"):
        read(path)


def test_archive_without_weights_and_bombs(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(UnreadableFile, match=r"model\.weights\.h5"):
        read(tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "b.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", b"\0" * (1 << 20))
    with pytest.raises(RefusedForSafety, match="declared_ratio"):
        read(tmp_path / "b.keras", limits=dataclasses.replace(DEFAULT, ratio_floor=1000, declared_ratio=100))


def test_messages_carry_no_control_characters(tmp_path: Path) -> None:
    path = samples.legacy(tmp_path / "w.h5", {"a\n\x1b[31m": [("kernel", (2,))]})
    with h5py.File(path, "a") as file:
        del file["a\n\x1b[31m/kernel"]
    with pytest.raises(UnreadableFile) as caught:
        read(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("writer", [samples.full, samples.v3, samples.archive, samples.keras0, samples.flat])
def test_damage_raises_only_our_errors(tmp_path: Path, writer) -> None:
    """Truncations and flipped bytes, 60 per layout; the seed is fixed."""
    whole = writer(tmp_path / "w.h5").read_bytes()
    rng = random.Random(20)
    for turn in range(60):
        data = bytearray(whole[: rng.randrange(len(whole))] if turn % 3 == 0 else whole)
        for _ in range(rng.choice([0, 1, 8, 64]) if turn % 3 == 0 else rng.choice([1, 8, 64])):
            if data:
                data[rng.randrange(min(len(data), 3000))] = rng.randrange(256)
        path = write(tmp_path / "damaged.h5", bytes(data))
        try:
            facts = read(path)
            with open_tensors(path) as store:
                for tensor in facts.all_tensors():
                    assert store.read(tensor.path).shape == tensor.shape
        except InferConvertError as problem:
            assert str(problem).isprintable()


def test_a_text_length_beyond_its_heap_is_damage(tmp_path: Path) -> None:
    """HDF5 would allocate the claimed 4 GB."""
    path = samples.full(tmp_path / "w.h5")
    data = path.read_bytes()
    config = json.dumps(samples.CONFIG).encode()
    claim = len(config).to_bytes(4, "little")
    at = data.index(b"model_config")
    at = data.index(claim, at)
    write(path, data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :])
    with pytest.raises(UnreadableFile, match="heap"):
        read(path)


def test_digest(tmp_path: Path) -> None:
    path = samples.flat(tmp_path / "w.h5")
    assert read(path).sha256 is None
    assert read(path, digest=True).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
