"""The results' files: tab-separated, one line per case, stable order."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Row = Mapping[str, str]
IDENTITIES = (
    ("part", "case", "form"),
    ("case", "form"),
    ("set", "case", "names"),
    ("case", "naming", "mode"),
    ("case", "naming"),
    ("case",),
    ("family", "variant", "library"),
    ("file",),
    ("attack",),
)
"""Which columns identify a line, by kind of table: the first ones that are all there."""


def write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Replace a results file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(columns)]
    lines += ["\t".join(row.get(column, "").replace("\t", " ") for column in columns).rstrip() for row in rows]
    path.write_text("\n".join(lines) + "\n")


def read(text: str) -> list[dict[str, str]]:
    """Rows of a results file's text; cells that are not there are empty."""
    reader = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [{key: value or "" for key, value in row.items() if key is not None} for row in reader]


def key(row: Row) -> tuple[str, ...]:
    """What identifies a line; nothing in tables of measures that are no cases."""
    columns = next((columns for columns in IDENTITIES if all(column in row for column in columns)), ())
    return tuple(row[column] for column in columns)


def cases(rows: Iterable[Row]) -> dict[tuple[str, ...], Row]:
    """The lines by what identifies them; none of a table without cases."""
    return {name: row for row in rows if (name := key(row))}


def share(rows: Sequence[Row], column: str) -> tuple[int, int]:
    """(ones, filled cells) of a 0/1 column."""
    cells = [row.get(column, "") for row in rows if row.get(column, "")]
    return cells.count("1"), len(cells)


def ratio(rows: Sequence[Row], column: str) -> tuple[int, int]:
    """Sum of ``right/total`` cells."""
    pairs = [row[column].split("/") for row in rows if row.get(column)]
    return sum(int(right) for right, _ in pairs), sum(int(total) for _, total in pairs)


def mean(rows: Sequence[Row], column: str) -> float | None:
    """Mean of a number column over the filled cells."""
    values = [float(row[column]) for row in rows if row.get(column)]
    return sum(values) / len(values) if values else None
