"""What got better and what got worse between two revisions or folders of results."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import table
from benchmarks.paths import HERE, RESULTS

Tables = Mapping[str, Mapping[tuple[str, ...], Mapping[str, str]]]
FLAGS = (
    *("converted", "converts", "parsed", "bit_exact", "agrees"),
    *("exact", "top5", "functional", "logits", "shape.exact", "shape.functional"),
    *("outputs", "given", "after.0", "after.1", "after.3", "after.5"),
)
WORDS = {"True": 1.0, "False": 0.0}
RATIOS = ("class", "fields", "f1", "shape.fields", "shape.f1")


@dataclass(frozen=True, slots=True)
class Change:
    """One cell of one case that differs; ``better`` is its direction."""

    table: str
    case: tuple[str, ...]
    column: str
    old: str
    new: str
    better: bool

    def __str__(self) -> str:
        sign = "+" if self.better else "-"
        old, new = self.old or "nothing", self.new or "nothing"
        return f"{sign} {self.table}\t{' '.join(self.case)}\t{self.column}: {old} -> {new}"


def tables(where: str) -> Tables:
    """All results of a folder or of a git revision.

    Raises ``ValueError`` when there are none.
    """
    texts = dict(_folder(Path(where))) if Path(where).is_dir() else dict(_revision(where))
    if not texts:
        raise ValueError(f"no results in {where}")
    return {name: table.cases(table.read(text)) for name, text in sorted(texts.items())}


def _folder(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.glob("*.tsv"):
        yield path.stem, path.read_text()


def _revision(revision: str) -> Iterator[tuple[str, str]]:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, check=True).stdout

    folder = f"{git('rev-parse', '--show-prefix').strip()}{RESULTS.name}/"
    for line in git("ls-tree", "--name-only", "--full-tree", revision, folder).splitlines():
        if line.endswith(".tsv"):
            yield Path(line).stem, git("show", f"{revision}:{line}")


def changes(old: Tables, new: Tables) -> list[Change]:
    """Every change in cases that both sides have, worse ones first."""
    found = []
    for name in sorted(set(old) & set(new)):
        for case in new[name]:
            before = old[name].get(case)
            if before is not None:
                found += _cells(name, case, before, new[name][case])
    return sorted(found, key=lambda change: (change.better, change.table, change.case, change.column))


def _cells(name: str, case: tuple[str, ...], old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for column in (*FLAGS, *RATIOS):
        before, after = old.get(column, ""), new.get(column, "")
        if before != after:
            left, right = number(before), number(after)
            if left != right:
                yield Change(name, case, column, before, after, right > left)


def number(cell: str) -> float:
    """A cell as a number: ``3/4`` is 0.75, words ("alternative 2") are 0, an empty cell is below everything."""
    if not cell:
        return -1.0
    if cell in WORDS or not cell[0].isdigit():
        return WORDS.get(cell, 0.0)
    right, slash, total = cell.partition("/")
    return float(right) / max(1.0, float(total)) if slash else float(right)


def regressions(old: Tables, new: Tables) -> list[Change]:
    """Flags that were 1 and are not any more: what continuous integration fails on."""
    return [change for change in changes(old, new) if not change.better and change.column in FLAGS]
