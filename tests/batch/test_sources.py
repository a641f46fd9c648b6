"""What is taken: folders, globs, manifests, URLs, archives; names; filters."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from infer_convert.batch.sources import HDF5, gather
from infer_convert.errors import UsageError

from .server import served


def estate(root: Path) -> Path:
    for name in ("a/one.h5", "a/deep/two.hdf5", "b/three.keras", "b/note.md", "b/odd.model", "a/.hidden/four.h5"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((HDF5 if name.endswith("model") else b"") + name.encode())
    return root


def names(*paths: str, **options: object) -> list[str]:
    return [source.name for source in gather(paths, **options)[0]]  # type: ignore[arg-type]


def test_a_folder_gives_its_weight_files(tmp_path: Path) -> None:
    root = estate(tmp_path)
    assert names(str(root)) == ["a/deep/two.hdf5", "a/one.h5", "b/odd.model", "b/three.keras"]
    assert names(str(root / "a"), str(root / "b")) == ["a/deep/two.hdf5", "a/one.h5", "b/odd.model", "b/three.keras"]


def test_globs_and_single_files(tmp_path: Path) -> None:
    root = estate(tmp_path)
    assert names(str(root / "**" / "*.h5")) == ["a/.hidden/four.h5", "a/one.h5"]
    assert names(str(root / "a" / "one.h5"), f"file://{root}/a/one.h5") == ["one.h5"]
    assert names(f"{root}/a/one.h5", f"{root}/b/note.md") == ["note.md", "one.h5"], "what is named is taken"


def test_manifests(tmp_path: Path) -> None:
    root = estate(tmp_path)
    (root / "list.txt").write_text(f"# ours\n\na/one.h5\nb/*.keras\n{root}/a/deep/two.hdf5\n")
    assert names(str(root / "list.txt")) == ["a/deep/two.hdf5", "a/one.h5", "b/three.keras"]
    (root / "wrong.txt").write_text("a/one.h5\nnowhere.h5\n")
    with pytest.raises(UsageError, match=r"wrong.txt, line 2: there is no file.*nowhere"):
        gather([str(root / "wrong.txt")])


def test_filters_say_why(tmp_path: Path) -> None:
    root = estate(tmp_path)
    (root / "a" / "one.h5").write_bytes(b"x" * 1000)
    taken, skipped = gather([str(root)], include=["*.h5", "b/*"], exclude=["*.model"], max_bytes=500)
    assert [source.name for source in taken] == ["b/three.keras"]
    assert {item.name: item.reason.split()[0] for item in skipped} == {
        "a/deep/two.hdf5": "no",
        "a/one.h5": "1000",
        "b/odd.model": "an",
    }


def test_shards_are_part_of_their_index(tmp_path: Path) -> None:
    (tmp_path / "m.weights.json").write_text(json.dumps({"weight_map": {}}))
    for name in ("m_00000.weights.h5", "m_00001.weights.h5", "other.weights.h5"):
        (tmp_path / name).write_bytes(b"12345")
    sources, _ = gather([str(tmp_path)])
    assert [(source.name, len(source.parts)) for source in sources] == [("m.weights.json", 2), ("other.weights.h5", 0)]
    assert sources[0].bytes == 10 + len(json.dumps({"weight_map": {}}))


def test_names_are_safe_and_unique(tmp_path: Path) -> None:
    for name in ("a/x.h5", "b/x.h5", "b/X.h5", "b/sp ace\n<b>.h5"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    found = names(*(str(path) for path in sorted(tmp_path.rglob("*.h5"))))
    assert found == ["X.h5", "sp%20ace%0A%3Cb%3E.h5", "x.h5~2", "x.h5~3"]


def test_what_names_nothing_is_refused(tmp_path: Path) -> None:
    for path in ("nowhere.h5", "*.h5"):
        with pytest.raises(UsageError, match="there is no file, folder or match"):
            gather([str(tmp_path / path)])


def test_urls(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    root = estate(tmp_path)
    with served(root) as there:
        (one,) = gather([f"{there.url}/a/one.h5"])[0]
        assert (one.bytes, one.remote, one.place) == (8, True, f"{there.url}/a/one.h5")
        assert one.tag is not None and one.tag.startswith("ETag:")
        assert [source.name.partition("/")[2] for source in gather([f"{there.url}/a/"])[0]] == ["a/one.h5"]
        with pytest.raises(UsageError, match="there is nothing at"):
            gather([f"{there.url}/nowhere.h5"])
    with served(root, tags=False) as there:
        assert gather([f"{there.url}/a/one.h5"])[0][0].tag is None
    with pytest.raises(UsageError, match="nothere"):
        gather(["nothere://bucket/a.h5"])


def test_members_of_archives(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/one.h5", b"one")
        archive.writestr("x/readme.txt", b"no")
    (source,) = gather([str(tmp_path / "all.zip")])[0]
    assert (source.name, source.bytes, source.remote) == ("all.zip/x/one.h5", 3, True)
    assert source.place == f"zip://x/one.h5::{tmp_path}/all.zip" and source.tag is not None
