"""Comparing outcomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import compare, table
from benchmarks.paths import RESULTS
from benchmarks.row import COLUMNS
from benchmarks.summary import line


def row(case: str, **cells: str) -> dict[str, str]:
    return {"case": case, "form": "legacy", **cells}


def folder(path: Path, rows: list[dict[str, str]]) -> str:
    table.write(path / "zoo-kept.tsv", COLUMNS, rows)
    return str(path)


def test_better_and_worse_are_told_apart(tmp_path: Path) -> None:
    old = compare.tables(
        folder(tmp_path / "old", [row("a", exact="1", fields="3/4"), row("b", exact="0", fields="1/4")])
    )
    new = compare.tables(
        folder(tmp_path / "new", [row("a", exact="0", fields="3/4"), row("b", exact="1", fields="2/4")])
    )
    found = {(change.case[0], change.column): change.better for change in compare.changes(old, new)}
    assert found == {("a", "exact"): False, ("b", "exact"): True, ("b", "fields"): True}
    assert [change.case[0] for change in compare.regressions(old, new)] == ["a"]


def test_a_lost_cell_is_worse(tmp_path: Path) -> None:
    old = compare.tables(folder(tmp_path / "old", [row("a", converted="1", functional="1")]))
    new = compare.tables(folder(tmp_path / "new", [row("a", converted="0")]))
    assert {change.column for change in compare.regressions(old, new)} == {"converted", "functional"}


def test_nothing_to_compare_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no results"):
        compare.tables(str(tmp_path))


def test_a_table_survives_its_file(tmp_path: Path) -> None:
    rows = [row("a", note='a "quoted"\tnote', exact="1"), row("b")]
    folder(tmp_path, rows)
    again = table.read((tmp_path / "zoo-kept.tsv").read_text())
    assert [table.key(item) for item in again] == [("a", "legacy"), ("b", "legacy")]
    assert again[0]["note"] == 'a "quoted" note'
    assert again[1]["exact"] == ""


def test_an_unconverted_case_counts_as_wrong() -> None:
    cells = line(
        "all", [row("a", converted="1", exact="1", functional="1", f1="1.0"), row("b", converted="0", status="timeout")]
    )
    assert cells[2] == "1/2"
    assert cells[6] == "1/2"
    assert cells[8] == "1/2"
    assert cells[5] == "0.500"


def test_every_committed_table_can_be_compared() -> None:
    found = compare.tables(str(RESULTS))
    assert len(found["families"]) > 40 and len(found["strangers"]) > 50 and len(found["wiring"]) > 200
    assert not compare.changes(found, found)


def test_tables_of_other_kinds_have_cases_of_their_own(tmp_path: Path) -> None:
    columns = ("family", "variant", "library", "outputs")
    for side, outputs in (("old", "alternative 2"), ("new", "1")):
        line = {"family": "residual", "variant": "0", "library": "keras", "outputs": outputs}
        table.write(tmp_path / side / "families.tsv", columns, [line])
        table.write(tmp_path / side / "killed.tsv", ("outcome", "runs"), [{"outcome": "whole", "runs": "3"}])
    old, new = (compare.tables(str(tmp_path / side)) for side in ("old", "new"))
    (change,) = compare.changes(old, new)
    assert change.better and str(change).startswith("+ families\tresidual 0 keras")
