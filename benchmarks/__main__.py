"""``python -m benchmarks``: run, compare, summary, freeze."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import compare as comparing
from benchmarks import summary as summing
from benchmarks import table
from benchmarks.learning import app as learning
from benchmarks.naming import Naming
from benchmarks.paths import RESULTS

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
app = typer.Typer(add_completion=False, no_args_is_help=True, help="The recovery benchmark.")
app.add_typer(learning)
ALL = ("zoo", "gallery", "applications", "corpus", "written", "transcribed")


@app.command()
def families(variants: Annotated[int, typer.Option(min=1)] = 5) -> None:
    """Residual nets, U-Nets, two-input nets and LSTM classifiers through the whole road; writes families.tsv."""
    from benchmarks import families as everyday

    rows = _shown(everyday.run(variants), everyday.COLUMNS)
    if variants == everyday.VARIANTS:
        table.write(RESULTS / "families.tsv", everyday.COLUMNS, rows)
    for family in everyday.FAMILIES:
        mine = [row for row in rows if row["family"] == family.__name__]
        right = sum(row["outputs"] == "1" for row in mine)
        near = sum(row["outputs"].startswith("alternative") for row in mine)
        given = sum(row["given"] == "1" for row in mine)
        typer.echo(
            f"{family.__name__}: {right}/{len(mine)} the same outputs, {near} more among the next four plans; "
            f"{given}/{len(mine)} with the input shapes given"
        )


def _corpus() -> Path:
    from benchmarks.paths import corpus

    where = corpus()
    if where is None:
        raise typer.BadParameter("there is no corpus; set INFER_CONVERT_CORPUS")
    return where


@app.command()
def strangers() -> None:
    """Which weights-only files of the corpus convert, and which fail why; writes strangers.tsv."""
    from benchmarks import strangers as foreign

    rows = _written("strangers.tsv", foreign.COLUMNS, foreign.run(_corpus()))
    converted = [row for row in rows if row["exit"] == "0" and row["bit_exact"] == "1"]
    typer.echo(f"{len(converted)} of {len(rows)} convert with exit 0 and every tensor bit-exact; the others:")
    for row in rows:
        if row not in converted:
            typer.echo(f"  {row['file']}: exit {row['exit']}  {row['note']}")


@app.command()
def written() -> None:
    """Whether what the real libraries wrote opens in order and gives every tensor its role; writes written.tsv."""
    from benchmarks import written as generations

    for text in generations.summary(_written("written.tsv", generations.COLUMNS, generations.run(_corpus()))):
        typer.echo(text)


@app.command()
def pinned() -> None:
    """Whether weights alone of old Keras compute what their config does once its answers are told; pinned.tsv."""
    from benchmarks import pinned as told

    for text in told.summary(_written("pinned.tsv", told.COLUMNS, told.run(_corpus()))):
        typer.echo(text)


@app.command()
def kinds(
    only: Annotated[list[str] | None, typer.Option(help="a net; repeat; no results are written")] = None,
) -> None:
    """Files of the kinds that strangers publish, written here by the real libraries; writes kinds.tsv."""
    from benchmarks import kinds as survey

    rows = []
    for row in survey.run(only or ()):
        rows.append(row)
        if row.get("exit") != "0" or "0" in (row["bit_exact"], row["same"]):
            typer.echo("\t".join(row.get(column, "") for column in survey.COLUMNS))
    if not only:
        table.write(RESULTS / "kinds.tsv", survey.COLUMNS, rows)
    for text in survey.summary(rows):
        typer.echo(text)


@app.command()
def attacks() -> None:
    """The attack files against our command and Keras' own loaders; writes attacks.tsv."""
    from benchmarks import attacks as hostile

    if not hostile.main(typer.echo):
        raise typer.Exit(1)


@app.command()
def killed(times: Annotated[int, typer.Option(min=1)] = 40) -> None:
    """The command killed at random times; writes killed.tsv."""
    from benchmarks import killed as kills

    counts = kills.run(times, typer.echo)
    typer.echo(str(dict(counts)))
    if any(counts[name] for name in ("partial", "litter", "input")):
        raise typer.Exit(1)


@app.command()
def fuzz(
    count: Annotated[int, typer.Option("--seeds", min=1, help="sound files to damage, up to 192 copies each")] = 120,
    whole: Annotated[int, typer.Option(min=0, help="copies that go through the whole command")] = 304,
    guided: Annotated[int, typer.Option(min=0, help="copies of each file that follow the readers' coverage")] = 40,
    skip: Annotated[list[str] | None, typer.Option(help="a model to leave out, e.g. unet; repeat")] = None,
    fresh: Annotated[bool, typer.Option(help="ignore outcomes of an earlier run of the same code")] = False,
    write: Annotated[bool, typer.Option(help="write results/fuzz.tsv")] = True,
) -> None:
    """Damaged files of every generation through reading and inference, some through the whole command."""
    from benchmarks import fuzz as damaged

    sound = damaged.seeds(count, skip or ())
    everything = damaged.tasks(sound)
    parts = {
        "read+infer": everything,
        "guided": damaged.guided(sound, guided),
        "command": damaged.some(everything, whole),
    }
    rows = []
    for stage, wanted in reversed(parts.items()):
        rows += list(damaged.rows(stage, damaged.run(stage, wanted, typer.echo, fresh)))
    for row in rows:
        typer.echo("\t".join(row[column] for column in damaged.COLUMNS))
    if write:
        damaged.save(rows)
    if any(row["outcome"] in ("bug", "hang", "died") for row in rows):
        raise typer.Exit(1)


@app.command()
def batch(
    count: Annotated[int, typer.Option("--files", min=1, help="how many files of the corpus")] = 200,
    kills: Annotated[int, typer.Option(min=0, help="runs that are killed at random times")] = 20,
    kill_files: Annotated[int, typer.Option(min=1, help="how many files these runs have")] = 12,
    jobs: Annotated[int, typer.Option(min=1)] = 2,
    most_bytes: Annotated[int, typer.Option(min=1, help="leave out larger files")] = 30_000_000,
    save: Annotated[bool, typer.Option(help="write batch.tsv")] = True,
) -> None:
    """The batch against a shell loop over the single-file command, and killed at random times; writes batch.tsv."""
    from benchmarks import batch as many

    found = many.run(many.files(_corpus(), count, most_bytes), jobs, kills, kill_files)
    rows = _shown(found, many.COLUMNS)
    if save:
        table.write(RESULTS / "batch.tsv", many.COLUMNS, rows)


@app.command()
def pooling(
    only: Annotated[list[str] | None, typer.Option(help="a case; repeat; no results are written")] = None,
) -> None:
    """Five checkpoints of one training run, alone and heard together; writes pooling.tsv."""
    from benchmarks import pooling as together

    rows = _shown(together.run(only or together.CASES), together.COLUMNS)
    if not only:
        table.write(RESULTS / "pooling.tsv", together.COLUMNS, rows)
    for line in together.summary(rows):
        typer.echo(line)


@app.command()
def run(
    sets: Annotated[list[str] | None, typer.Option("--set", help=f"{', '.join(ALL)}, smoke; repeat")] = None,
    names: Annotated[list[str] | None, typer.Option("--names", help="kept, class, stripped; repeat")] = None,
    jobs: Annotated[int, typer.Option(min=1)] = 1,
    only: Annotated[list[str] | None, typer.Option(help="a case or family; repeat; no results are written")] = None,
    engine: Annotated[str, typer.Option(help="infer, or truth: the benchmark's own test")] = "infer",
    library: Annotated[bool, typer.Option(help="the reference library of known architectures")] = True,
    without_own_family: Annotated[
        bool, typer.Option("--without-own-family", help="leave each case's family and look-alikes out of the library")
    ] = False,
    check: Annotated[bool, typer.Option(help="write nothing, fail on a regression against what is committed")] = False,
    fresh: Annotated[bool, typer.Option(help="ignore lines of an earlier run of the same code")] = False,
) -> None:
    """Run sets and write benchmarks/results/<set>-<naming>.tsv (with -no-library or -without-own-family behind)."""
    from benchmarks import runner

    results, worse = {}, []
    for name in sets or ALL:
        for naming in names or ("kept",):
            if naming not in get_args(Naming):
                raise typer.BadParameter(f"{naming} is none of {', '.join(get_args(Naming))}")
            stem = f"{name}-{naming}"
            rows = runner.run(name, naming, jobs, engine, library, only or (), fresh, without_own_family)  # type: ignore[arg-type]
            results[stem] = rows
            if check:
                committed = runner.result_file(name, naming, library, without_own_family)  # type: ignore[arg-type]
                old = {stem: table.cases(table.read(committed.read_text()))}
                worse += comparing.regressions(old, {stem: table.cases(rows)})
            elif engine == "infer" and not only and rows:
                runner.save(name, naming, rows, library, without_own_family)  # type: ignore[arg-type]
    _print(results, ("split",))
    if only:
        for rows in results.values():
            for row in rows:
                Console().print({key: value for key, value in row.items() if value})
    for change in worse:
        typer.echo(str(change))
    if worse:
        raise typer.Exit(1)


@app.command()
def everything() -> None:
    """Every set of the recovery benchmark, wiring, the written generations and speed, with the minutes of each."""
    from benchmarks import everything as phases

    if not phases.run(typer.echo):
        raise typer.Exit(1)


@app.command()
def library(
    parts: Annotated[list[str] | None, typer.Option("--part", help="a part of the table; repeat")] = None,
) -> None:
    """What the reference library does: whole and partial matches, variants, false matches, cost; writes library.tsv.
    Parts that are not asked for stay in it."""
    from benchmarks import known

    rows = _shown(known.run(parts or tuple(known.PARTS)), known.COLUMNS)
    known.write(rows)
    for line in known.summary(rows):
        typer.echo(line)


@app.command()
def wiring(
    sets: Annotated[list[str] | None, typer.Option("--set", help="zoo, applications, corpus; repeat")] = None,
) -> None:
    """The wiring engine alone: edges against the truth; writes wiring.tsv."""
    from benchmarks import wiring as edges

    rows = _shown(edges.run(sets or ("zoo", "applications", "corpus")), (*edges.COLUMNS[:-1], "seconds"))
    if not sets:
        table.write(RESULTS / "wiring.tsv", edges.COLUMNS, rows)
    typer.echo("\n".join(edges.summary(rows)))


@app.command("cross-wiring")
def cross_wiring(nets: int = 2000, jobs: int = 1) -> None:
    """The wiring engine alone on the zoo, its weights fitted without the families that it is asked about (hours);
    writes cross-wiring.tsv."""
    from benchmarks import cross_wiring as crossed
    from benchmarks import wiring as edges

    rows = _shown(crossed.run(nets, jobs), edges.COLUMNS[:-1])
    table.write(RESULTS / "cross-wiring.tsv", edges.COLUMNS, rows)
    typer.echo("\n".join(edges.summary(rows)))


@app.command()
def speed(
    times: Annotated[int, typer.Option(min=1)] = 3,
    models: Annotated[list[str] | None, typer.Option("--model", help="of keras.applications; repeat")] = None,
    only: Annotated[list[str] | None, typer.Option("--what", help="a row of the table; repeat")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure rows of this code anew.")] = False,
) -> None:
    """Whole commands against load_model and export with the full file, alternately; writes speed.tsv. Rows that
    are not asked for stay in it."""
    from benchmarks import speed as timing

    if unknown := set(only or ()) - set(timing.EVERYTHING):
        raise typer.BadParameter(f"{', '.join(unknown)}: none of {', '.join(timing.EVERYTHING)}")
    target = RESULTS / "speed.tsv"
    rows = {(row["model"], row["what"]): row for row in table.read(target.read_text())} if target.exists() else {}
    for row in timing.run(times, tuple(models or timing.MODELS), fresh, tuple(only or ())):
        rows[row["model"], row["what"]] = row
        typer.echo("\t".join(row[column] for column in timing.COLUMNS))
        table.write(target, timing.COLUMNS, rows.values())


@app.command()
def growth() -> None:
    """Inference's processor time against the number of layers, and a second run with hints; writes growth.tsv."""
    from benchmarks import growth as curve

    rows = []
    for row in curve.run():
        rows.append(row)
        typer.echo("\t".join(row[column] for column in curve.COLUMNS))
    _written("growth.tsv", curve.COLUMNS, rows)


@app.command()
def numbers(
    clues: Annotated[bool, typer.Option(help="every clue alone, against known architectures")] = True,
    ablation: Annotated[bool, typer.Option(help="the inference with and without numbers, too")] = True,
    examples: Annotated[bool, typer.Option(help="and with 16 examples, with class names")] = False,
    change: Annotated[bool, typer.Option(help="let examples change single answers (slow)")] = False,
    names: Annotated[list[str] | None, typer.Option("--names", help="kept, class, stripped; repeat")] = None,
    jobs: Annotated[int, typer.Option(min=1)] = 1,
    only: Annotated[list[str] | None, typer.Option(help="a case or family; repeat; no results are written")] = None,
) -> None:
    """What trained numbers are worth; writes numbers.tsv, numbers-ablation.tsv and numbers-examples.tsv."""
    from benchmarks import numbers as alone
    from benchmarks import numbers_ablation as within

    def told(name: str, columns: tuple[str, ...], found: Iterable[dict[str, str]]) -> list[dict[str, str]]:
        return list(found) if only else _written(name, columns, found)

    namings: tuple[Naming, ...] = tuple(names or ())  # type: ignore[assignment]
    if clues:
        rows = told("numbers.tsv", alone.COLUMNS, alone.run(only or ()))
        typer.echo("\n".join(alone.summary(rows)))
    if ablation:
        rows = told("numbers-ablation.tsv", within.COLUMNS, within.run(namings or within.NAMINGS, jobs, only or ()))
        typer.echo("\n".join(within.summary(rows)))
    if examples:
        found = within.examples(("class",), change, jobs, only or ())
        rows = told("numbers-examples.tsv", within.EXAMPLE_COLUMNS, found)
        typer.echo("\n".join(within.examples_summary(rows)))


def _written(name: str, columns: tuple[str, ...], found: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    rows = list(found)
    table.write(RESULTS / name, columns, rows)
    return rows


def _shown(found: Iterable[dict[str, str]], columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows, each printed as soon as it is there."""
    rows = []
    for row in found:
        rows.append(row)
        typer.echo("\t".join(row[column] for column in columns))
    return rows


@app.command()
def questions(
    only: Annotated[list[str] | None, typer.Option(help="a case or family; repeat; no results are written")] = None,
    every: Annotated[int, typer.Option(min=1, help="each Nth case alone")] = 1,
    library: Annotated[bool, typer.Option(help="the reference library of known architectures")] = False,
    jobs: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Exactness against the number of questions that are answered truthfully; writes questions.tsv."""
    from benchmarks import questions as review

    rows = _shown(review.run(only or (), library, every, jobs), review.COLUMNS)
    if not only:
        review.write(rows)
    for text in review.curve(rows):
        typer.echo(text)


@app.command()
def source(
    only: Annotated[list[str] | None, typer.Option(help="a case; repeat; no results are written")] = None,
    every: Annotated[int, typer.Option(min=1, help="each Nth case alone")] = 1,
    jobs: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Does model.py, in a clean process, rebuild model.keras? Writes source.tsv."""
    from benchmarks import source as recovered

    found = recovered.run(only or (), every, jobs)
    rows = _shown(found, recovered.COLUMNS) if only else _written("source.tsv", recovered.COLUMNS, found)
    converted = [row for row in rows if row["runs"]]
    good = sum(recovered.right(row) for row in converted if row["runs"] == "1")
    typer.echo(f"{good} of {len(converted)} converted of {len(rows)} are rebuilt by their source")


@app.command()
def compare(old: str, new: str) -> None:
    """What got better (+) and worse (-): OLD and NEW are git revisions or folders of results."""
    found = comparing.changes(comparing.tables(old), comparing.tables(new))
    for change in found:
        typer.echo(str(change))
    better = sum(change.better for change in found)
    typer.echo(f"{better} cells better, {len(found) - better} worse")


@app.command()
def explain(
    case: str,
    set_name: Annotated[str, typer.Option("--set")] = "zoo",
    names: Annotated[str, typer.Option("--names")] = "kept",
    form: Annotated[str, typer.Option(help="file format; every one when not given")] = "",
    shape: Annotated[bool, typer.Option(help="tell the inference the input shape")] = False,
) -> None:
    """Where the inference's best plan differs from the truth."""
    from benchmarks.explain import explain as lines
    from benchmarks.sets import SETS

    for item in SETS[set_name](names):  # type: ignore[arg-type]
        if item.name == case and form in ("", item.form):
            typer.echo(f"{item.name} {item.form}")
            for text in lines(item, names, shape):  # type: ignore[arg-type]
                typer.echo(text)


@app.command()
def summary(
    by: Annotated[list[str] | None, typer.Option(help="split, family, form, trained; repeat")] = None,
    markdown: Annotated[bool, typer.Option(help="print Markdown")] = False,
    folder: Annotated[Path, typer.Option()] = RESULTS,
) -> None:
    """Summarise the stored results and draw the reliability diagram beside them."""
    results = summing.stored(folder)
    if markdown:
        typer.echo(summing.markdown(results, by or ("split",)))
    else:
        _print(results, tuple(by or ("split",)))
    drawn = {name: rows for name, rows in results.items() if not name.startswith("smoke")}
    summing.reliability(drawn, folder / "reliability.svg")


@app.command()
def freeze(
    applications: Annotated[bool, typer.Option(help="the applications' facts instead of digests")] = False,
    check: Annotated[bool, typer.Option(help="compare with what was committed")] = False,
    sets: Annotated[list[str] | None, typer.Option("--set", help="zoo, gallery; repeat; both when not given")] = None,
) -> None:
    """Freeze the truth of the zoo and the gallery."""
    from benchmarks import freeze as own
    from benchmarks import freeze_applications

    if applications:
        for name in freeze_applications.freeze():
            typer.echo(name)
    elif check:
        changed = own.changed(case for group in sets or own.SETS for case in own.SETS[group])
        typer.echo("\n".join(changed) or "unchanged")
        raise typer.Exit(bool(changed))
    else:
        for group in sets or own.SETS:
            own.write(group)


def _print(results: dict[str, list[dict[str, str]]], by: tuple[str, ...]) -> None:
    shown = Table(*summing.HEADER)
    for name, rows in results.items():
        for title, group in summing.groups(name, rows, by):
            shown.add_row(*summing.line(title, group))
    Console(width=230).print(shown)


if __name__ == "__main__":
    app()
