"""The summary of results: one line per set and naming, by split, family or form, and calibration with its diagram."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import table
from benchmarks.calibration import Calibration, Histogram, pooled, whole
from benchmarks.paths import RESULTS

Row = Mapping[str, str]
HEADER = (
    "set",
    "cases",
    "converted",
    "bit-exact",
    "classes",
    "edge F1",
    "exact",
    "top 5",
    "functional",
    "logits",
    "fields",
    "stride>1 P/R",
    "exact+shape",
    "func.+shape",
    "base F1",
    "base exact",
    "base fields",
    "ECE",
    "Brier",
    "wrong≥.9",
)


def stored(folder: Path = RESULTS) -> dict[str, list[dict[str, str]]]:
    """Every table of the sets' cases by its stem; other tables tell something else."""
    tables = {path.stem: table.read(path.read_text()) for path in sorted(folder.glob("*.tsv"))}
    return {stem: rows for stem, rows in tables.items() if rows and {"converted", "functional"} <= set(rows[0])}


def groups(name: str, rows: Sequence[Row], by: Iterable[str] = ("split",)) -> Iterator[tuple[str, list[Row]]]:
    """All rows, then every value of every column in ``by``."""
    yield name, list(rows)
    for column in by:
        values = dict.fromkeys(row.get(column, "") for row in rows)
        if len(values) > 1:
            for value in values:
                yield f"  {value}", [row for row in rows if row.get(column, "") == value]


def line(title: str, rows: Sequence[Row]) -> tuple[str, ...]:
    """One line of the table. A case that was not converted counts as wrong everywhere."""
    scored = [row for row in rows if row.get("status") != "no-truth"]
    calibration = decisions(scored)
    return (
        title,
        str(len(scored)),
        _of(scored, "converted"),
        _of(scored, "bit_exact"),
        _percent(table.ratio(scored, "class")),
        _mean_over(scored, "f1"),
        _of(scored, "exact"),
        _of(scored, "top5"),
        _of(scored, "functional", probed=True),
        _of(scored, "logits", probed=True),
        _percent(table.ratio(scored, "fields")),
        _strides(scored),
        _of(scored, "shape.exact"),
        _of(scored, "shape.functional", probed=True),
        _mean_over(scored, "base.f1"),
        _of(scored, "base.exact"),
        _percent(table.ratio(scored, "base.fields")),
        *(
            (f"{calibration.ece:.3f}", f"{calibration.brier:.3f}", f"{calibration.wrong_sure:.2f}")
            if calibration.models
            else ("", "", "")
        ),
    )


def decisions(rows: Sequence[Row]) -> Calibration:
    """Calibration over the decisions of all rows, models first."""
    return pooled(item for item in (Histogram.parse(row.get("decisions", "")) for row in rows) if item is not None)


def models(rows: Sequence[Row]) -> Calibration:
    """Calibration of the whole-model confidence."""
    return whole(
        [
            (float(row["confidence"]), row["functional"] == "1")
            for row in rows
            if row.get("confidence") and row.get("functional")
        ]
    )


def _of(rows: Sequence[Row], column: str, probed: bool = False) -> str:
    asked = [row for row in rows if not probed or row.get(column) or row.get("converted") == "0"]
    ones = sum(row.get(column) == "1" for row in asked)
    return f"{ones}/{len(asked)}" if asked else ""


def _percent(pair: tuple[int, int]) -> str:
    return f"{pair[0] / pair[1]:.3f}" if pair[1] else ""


def _mean_over(rows: Sequence[Row], column: str) -> str:
    return f"{sum(float(row.get(column) or 0) for row in rows) / len(rows):.3f}" if rows else ""


def _strides(rows: Sequence[Row]) -> str:
    cells = [tuple(map(int, row["strides_over_1"].split("/"))) for row in rows if row.get("strides_over_1")]
    right, extra, missed = (sum(cell[index] for cell in cells) for index in range(3))
    return f"{right / max(1, right + extra):.2f}/{right / max(1, right + missed):.2f}"


def markdown(results: Mapping[str, Sequence[Row]], by: Iterable[str] = ("split",)) -> str:
    """The summary as a Markdown table."""
    lines = [HEADER, tuple("---" for _ in HEADER)]
    for name, rows in results.items():
        lines += [line(title, group) for title, group in groups(name, rows, by)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def reliability(results: Mapping[str, Sequence[Row]], path: Path) -> None:
    """Draw the reliability diagram as SVG: decisions and whole models."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "infer-convert"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 5), sharey=True)
    for axis, title, measure in ((axes[0], "decisions", decisions), (axes[1], "whole models", models)):
        axis.plot([0, 1], [0, 1], color="grey", linewidth=1)
        for name, rows in results.items():
            found = measure(rows)
            if found.curve:
                axis.plot(
                    [x for x, _, _ in found.curve],
                    [y for _, y, _ in found.curve],
                    marker="o",
                    label=f"{name}: ECE {found.ece:.3f}, Brier {found.brier:.3f}",
                )
        axis.set_title(title)
        axis.set_xlabel("reported confidence")
        axis.legend(fontsize=7)
    axes[0].set_ylabel("share right")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
