"""Damage that looks for ways."""

from __future__ import annotations

from pathlib import Path

from benchmarks.fuzz import _reached
from benchmarks.guided import Pool
from tests.readers import samples


def test_copies_that_reach_something_new_are_damaged_further(tmp_path: Path) -> None:
    path = samples.full(tmp_path / "w.h5")
    whole = _reached(path)
    files = {Path(code.co_filename).name for code, _ in whole}
    assert {"tree.py", "legacy.py", "limits.py"} <= files and "infer.py" not in files
    path.write_bytes(path.read_bytes()[:900])
    assert len(_reached(path)) < len(whole) / 2
    path = samples.full(path)
    pool = Pool()
    for number in range(30):
        copy = pool.copy(str(path), number)
        (tmp_path / "copy.h5").write_bytes(copy)
        pool.reached(str(path), copy, _reached(tmp_path / "copy.h5"))
    assert 2 <= pool.promising < 30 and pool.lines > len(whole) / 2
    before = pool.promising
    pool.reached(str(path), copy, _reached(tmp_path / "copy.h5"))
    assert pool.promising == before, "nothing new there"
    assert Pool().copy(str(path), 5) == Pool().copy(str(path), 5)
