"""The whole command: clusters, hints for all, resuming, failures, remote files, one real conversion."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from infer_convert import cli
from infer_convert.batch.run import Finished, Request, batch
from infer_convert.batch.state import State
from infer_convert.errors import ExitCode, UsageError

from .files import mlp
from .server import served

FIXTURES = Path(__file__).parents[2] / "fixtures"
MARK = '<script>"&'


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
    code = cli.run(["batch", *words, "--json", "--jobs", "1"])
    said = capsys.readouterr()
    return code, json.loads(said.out), said.err


def reports(root: Path, out: Path, **options: Any) -> Finished:
    return batch(Request((str(root),), out, ("report",), jobs=1, **options))


def index(out: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((out / "index.json").read_text())
    return loaded


def estate(root: Path) -> Path:
    mlp(root / "run" / "epoch1.h5", 1, 1)
    mlp(root / "run" / "epoch2.h5", 1, 2)
    mlp(root / "run" / "resumed.h5", 7, 3)
    mlp(root / "run" / "five_classes.h5", 1, 4, (4, 8, 8, 8, 5))
    mlp(root / "other.h5", 1, 5, (20, 10))
    shutil.copy(root / "run" / "epoch1.h5", root / "copy.h5")
    (root / f"bad {MARK.replace('/', '')}.h5").write_bytes(b"\x89HDF\r\n\x1a\nnothing")
    return root


def test_clusters_duplicates_and_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    code, said, complaint = command(capsys, str(estate(tmp_path / "in")), "-o", str(out), "--to", "report")
    assert (code, said["exit_code"]) == (9, 9)
    assert complaint.count("\n") == 1 and "1 of 7 files are not converted" in complaint
    assert said["counts"] == {
        "files": 7, "converted": 6, "inspected": 0, "failed": 1, "pending": 0, "duplicates": 1, "clusters": 3,
        "families": 3,
    } | {"families": len({cluster["family"] for cluster in index(out)["clusters"]})}  # fmt: skip
    assert (said["inspected_now"], said["converted_now"]) == (6, 5), "duplicates are done once"
    found = index(out)
    files = {entry["name"]: entry for entry in found["files"]}
    assert files["run/epoch1.h5"]["duplicate_of"] == "copy.h5"
    assert files["run/epoch1.h5"]["result"] == files["copy.h5"]["result"]
    same = {files[f"run/{name}.h5"]["cluster"] for name in ("epoch1", "epoch2", "resumed")}
    assert len(same) == 1 and files["run/five_classes.h5"]["cluster"] not in same
    assert files["run/five_classes.h5"]["family"] != files["other.h5"]["family"]
    for name, entry in files.items():
        link = out / "files" / f"{name}.converted"
        assert link.is_dir() == (entry["status"] == "converted")
        if link.is_dir():
            assert (link / "report.json").is_file() and link.resolve() == (out / entry["result"]).resolve()
    page = (out / "index.html").read_text()
    assert (
        "<script" not in page
        and "http://" not in page
        and "https://" not in page
        and files["run/resumed.h5"]["cluster"] in page
    )


def test_one_answer_fixes_the_cluster(tmp_path: Path) -> None:
    root, out = estate(tmp_path / "in"), tmp_path / "out"
    reports(root, out)
    (cluster,) = [item for item in index(out)["clusters"] if "run/resumed.h5" in item["files"]]
    assert cluster["files"] == ["copy.h5", "run/epoch1.h5", "run/epoch2.h5", "run/resumed.h5"]
    (question,) = [item for item in cluster["questions"] if (item["layer"], item["field"]) == ("dense_4", "activation")]
    assert question["files"] == 4 and question["values"][0]["confidence"] < 0.9
    template = (out / "questions" / f"{cluster['id']}.toml").read_text()
    before, mine, behind = template.partition("# [dense_4]")
    answered = before + mine.removeprefix("# ") + behind.replace('# activation = "tanh"', 'activation = "tanh"', 1)
    assert answered != template
    answers = tmp_path / "answers"
    answers.mkdir()
    (answers / f"{cluster['id']}.toml").write_text(answered)
    hinted = ["batch", str(root), "-o", str(out), "--to", "report", "--jobs", "1", "-q", "--hints", str(answers)]
    assert cli.run(hinted) == 9
    for name, layer in (("run/epoch2", "dense_4"), ("run/resumed", "dense_10")):
        report = json.loads((out / "files" / f"{name}.h5.converted" / "report.json").read_text())
        (found,) = [item for item in report["architecture"]["layers"] if item["name"] == layer]
        (decision,) = [item for item in found["decisions"] if item["field"] == "activation"]
        assert (decision["value"], decision["basis"]) == ("tanh", "USER")
    left = next(item for item in index(out)["clusters"] if item["id"] == cluster["id"])["questions"]
    assert ("dense_4", "activation") not in {(item["layer"], item["field"]) for item in left}


def test_hints_name_a_cluster_that_is_there(tmp_path: Path) -> None:
    mlp(tmp_path / "a.h5")
    (tmp_path / "h.toml").write_text('[dense_1]\nactivation = "selu"\n')
    arguments = ["batch", str(tmp_path / "a.h5"), "-o", str(tmp_path / "out"), "--to", "report", "-q"]
    assert cli.run([*arguments, "--hints", f"c000={tmp_path}/h.toml"]) == 2
    assert cli.run([*arguments, "--hints", f"c={tmp_path}/h.toml"]) == 0


def test_a_second_run_does_what_is_missing_or_changed(tmp_path: Path) -> None:
    root, out = estate(tmp_path / "in"), tmp_path / "out"
    first = reports(root, out)
    before = (out / "index.json").read_bytes(), (out / "index.html").read_bytes()
    again = reports(root, out)
    assert (first.converted_now, again.converted_now, again.inspected_now) == (5, 0, 0)
    assert ((out / "index.json").read_bytes(), (out / "index.html").read_bytes()) == before
    gone = next(entry for entry in first.entries if entry.name == "other.h5")
    assert gone.key is not None
    shutil.rmtree(out / "results" / gone.key)
    mlp(root / "run" / "epoch2.h5", 1, 99)
    third = reports(root, out)
    assert (third.converted_now, third.inspected_now) == (2, 1)
    assert len(third.unused) == 1, "the old epoch2's result is left and named"


def test_our_own_failures_are_tried_again(tmp_path: Path) -> None:
    mlp(tmp_path / "a.h5")
    (entry,) = reports(tmp_path / "a.h5", tmp_path / "out").entries
    assert entry.key is not None
    state = State(tmp_path / "out")
    state.keep("results", entry.key, {"exit_code": 1, "message": "its worker died", "folder": False})
    done = reports(tmp_path / "a.h5", tmp_path / "out")
    assert done.converted_now == 1 and done.entries[0].status == "converted"


def test_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = estate(tmp_path / "in"), tmp_path / "out"
    code, said, _ = command(capsys, str(root), "-o", str(out), "--to", "report", "--dry-run")
    assert (code, len(said["pending"]), out.exists()) == (0, 7, False)
    assert cli.run(["batch", str(root), "-o", str(out), "--dry-run", "--exclude", "run/*"]) == 0
    shown = capsys.readouterr().out
    assert "other.h5: would be converted" in shown and "run/epoch1.h5: left out, an --exclude" in shown
    assert not out.exists()


def test_fail_fast_stops(tmp_path: Path) -> None:
    root = estate(tmp_path / "in")
    done = reports(root, tmp_path / "out", fail_fast=True)
    assert done.exit_code == ExitCode.SOME_FAILED and "converted" not in {entry.status for entry in done.entries}
    assert "failed" in {entry.status for entry in done.entries} and done.converted_now == 0
    assert (tmp_path / "out" / "index.json").is_file()


def test_the_folder_is_ours_and_used_by_one(tmp_path: Path) -> None:
    mlp(tmp_path / "a.h5")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.txt").write_text("keep me")
    with pytest.raises(UsageError, match="no folder of an earlier batch"):
        reports(tmp_path / "a.h5", tmp_path / "theirs")
    state = State(tmp_path / "out")
    state.prepare()
    with state.locked(), pytest.raises(UsageError, match="another batch"):
        reports(tmp_path / "a.h5", tmp_path / "out")


def large(path: Path) -> Path:
    """40 Dense layers of 256 x 256: 10 MB."""
    return mlp(path, widths=(256,) * 41)


def test_remote_facts_fetch_a_small_part(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    path = large(tmp_path / "in" / "large.h5")
    out = tmp_path / "out"
    with served(tmp_path / "in") as there:
        request = Request((f"{there.url}/",), out, inspect_only=True, jobs=1)
        (entry,) = batch(request).entries
        assert (entry.status, entry.facts and entry.facts["n_tensors"], entry.sha256) == ("inspected", 80, None)
        assert 0 < there.sent["/large.h5"] < 0.05 * path.stat().st_size
        requests = there.requests
        assert batch(request).inspected_now == 0 and there.requests <= requests + 1
    assert index(out)["files"][0]["generation"] == "keras2"


def test_remote_files_are_converted_and_known_again(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    mlp(tmp_path / "in" / "a.h5")
    shutil.copy(tmp_path / "in" / "a.h5", tmp_path / "same.h5")
    with served(tmp_path / "in") as there:
        request = Request((f"{there.url}/a.h5",), tmp_path / "out", ("report",), jobs=1)
        (entry,) = batch(request).entries
        assert entry.status == "converted" and entry.sha256 is not None
        assert batch(request).converted_now == 0
        both = batch(Request((f"{there.url}/a.h5", str(tmp_path / "same.h5")), tmp_path / "out", ("report",), jobs=1))
        assert both.converted_now == 0 and both.entries[1].duplicate_of == both.entries[0].name
    with served(tmp_path / "in", parts=False, tags=False) as there:
        done = batch(Request((f"{there.url}/a.h5",), tmp_path / "out2", ("report",), jobs=1))
        assert done.entries[0].status == "converted"


def test_a_real_conversion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(FIXTURES / name) for name in ("mlp.flat.h5", "cnn.keras3.weights.h5")]
    out = tmp_path / "out"
    code, said, _ = command(capsys, *files, "-o", str(out))
    assert (code, said["by_exit_code"], said["converted_now"]) == (0, {"0": 2}, 2)
    for name in files:
        folder = out / "files" / f"{Path(name).name}.converted"
        assert {path.name for path in folder.iterdir()} >= {"saved_model", "model.keras", "model.py", "report.json"}
        assert json.loads((folder / "report.json").read_text())["verification"]["bit_exact"] is True
    assert not list(out.rglob("*.partial")) and not list((out / ".batch").glob("fetch.*"))


def test_parquet_says_what_json_says(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    reports(estate(tmp_path / "in"), tmp_path / "out", inspect_only=True)
    table = parquet.read_table(tmp_path / "out" / "index.parquet").to_pylist()
    assert table == index(tmp_path / "out")["files"]


def test_numbers_are_not_looked_at_for_clusters(tmp_path: Path) -> None:
    mlp(tmp_path / "a.h5", 1, 1)
    with h5py.File(mlp(tmp_path / "b.h5", 1, 2), "r+") as file:
        file["dense_1/dense_1/kernel:0"][...] = np.nan
    done = batch(Request((str(tmp_path),), tmp_path / "out", inspect_only=True, jobs=1))
    assert len({entry.cluster for entry in done.entries}) == 1


def enormous(path: Path) -> Path:
    """160 convolutions of Keras 2 in 540 MB, of which the disk holds the structure alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    with h5py.File(path, "w") as file:
        names = [f"conv2d_{number}" for number in range(160)]
        file.attrs["layer_names"] = np.array([name.encode() for name in names])
        for name in names:
            group = file.create_group(name)
            group.attrs["weight_names"] = np.array([f"{name}/{part}:0".encode() for part in ("kernel", "bias")])
            inner = group.create_group(name)
            for part, shape in (("kernel:0", (3, 3, 304, 304)), ("bias:0", (304,))):
                space = h5py.h5s.create_simple(shape)
                h5py.h5d.create(inner.id, part.encode(), h5py.h5t.IEEE_F32LE, space, properties)
    return path


def test_of_500_megabytes_less_than_a_twentieth_is_fetched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    path = enormous(tmp_path / "in" / "enormous.h5")
    assert path.stat().st_size > 500_000_000
    with served(tmp_path / "in") as there:
        url = f"{there.url}/enormous.h5"
        code, said, _ = command(capsys, url, "-o", str(tmp_path / "out"), "--inspect-only")
        assert (code, said["counts"]["inspected"], index(tmp_path / "out")["files"][0]["n_tensors"]) == (0, 1, 320)
        assert 0 < there.sent["/enormous.h5"] < 0.05 * path.stat().st_size
        assert cli.run(["inspect", url, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["source"]["n_tensors"], told["source"]["bytes"]) == (320, path.stat().st_size)
        assert there.sent["/enormous.h5"] < 0.1 * path.stat().st_size
        mlp(tmp_path / "in" / "small.h5")
        assert cli.run(["inspect", f"{there.url}/small.h5", "--digest", "--json"]) == 0
        assert len(json.loads(capsys.readouterr().out)["source"]["sha256"]) == 64
        assert cli.run(["inspect", f"{there.url}/"]) == 2 and capsys.readouterr().err.count("\n") == 1
