"""The sub-command ``batch``: options, progress, the summary at the end; the work is in ``run``."""

from __future__ import annotations

import os
import re
import shlex
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from infer_convert.batch.answers import load_answers
from infer_convert.batch.estate import clusters_of, counts
from infer_convert.batch.progress import shown
from infer_convert.batch.run import Finished, Request, batch
from infer_convert.errors import ExitCode, UsageError
from infer_convert.formats import FORMATS, formats
from infer_convert.hints import Hints, with_options
from infer_convert.limits import DEFAULT
from infer_convert.report.json import dumps, tool
from infer_convert.report.text import visible

SUMMARY_VERSION = 1
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def batch_command(
    paths: Annotated[
        list[str],
        typer.Argument(help="Files, folders, globs, URLs, manifests (.txt: one of these a line).", show_default=False),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the whole batch; continued when it exists.")
    ],
    to: Annotated[
        str, typer.Option("--to", help=f"What to write beside each report: {', '.join(FORMATS)}; or report alone.")
    ] = ",".join(FORMATS),
    inspect_only: Annotated[
        bool, typer.Option("--inspect-only", help="Facts and clusters alone: no inference, remote files stay remote.")
    ] = False,
    hints: Annotated[
        list[str] | None,
        typer.Option("--hints", help="CLUSTER=FILE, a FOLDER of CLUSTER.toml, or a FILE for all. Repeatable."),
    ] = None,
    input_shape: Annotated[
        list[str] | None, typer.Option("--input-shape", help="For every file: 224,224,3 or NAME=…. Repeatable.")
    ] = None,
    library: Annotated[
        bool, typer.Option("--library/--no-library", help="Use the reference library of known architectures.")
    ] = True,
    numbers: Annotated[
        str, typer.Option("--numbers", help="auto, always or never: ask the trained numbers about open questions.")
    ] = "auto",
    include: Annotated[list[str] | None, typer.Option("--include", help="Only names like this. Repeatable.")] = None,
    exclude: Annotated[list[str] | None, typer.Option("--exclude", help="No names like this. Repeatable.")] = None,
    max_bytes: Annotated[str | None, typer.Option("--max-bytes", help="Leave out larger files: 500M, 2Gi.")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="Worker processes.  [default: one a core]")] = None,
    memory: Annotated[
        str | None, typer.Option("--memory", help="For all workers together.  [default: 80 % of what is free]")
    ] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", min=1.0, help="Seconds for one file.")] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="An existing Dask scheduler: tcp://HOST:8786.")
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first file that fails.")] = False,
    allow_large: Annotated[
        bool, typer.Option("--allow-large", help="Lift the limits on sizes and times (never those on links and code).")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print no summary.")] = False,
) -> None:
    """Convert many files: folders, globs, manifests, URLs. Run it again to continue where it stopped."""
    if numbers not in ("auto", "always", "never"):
        raise typer.BadParameter(f"--numbers is auto, always or never, not {numbers!r}")
    common = replace(with_options(Hints(), (), input_shape or ()), library=library, numbers=numbers)
    request = Request(
        paths=tuple(paths),
        outdir=output,
        to=formats(to),
        answers=load_answers(hints or (), common),
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        max_bytes=None if max_bytes is None else parse_size(max_bytes, "--max-bytes"),
        jobs=jobs or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)),
        memory=None if memory is None else parse_size(memory, "--memory"),
        seconds=timeout,
        scheduler=scheduler,
        inspect_only=inspect_only,
        fail_fast=fail_fast,
        dry_run=dry_run,
        limits=DEFAULT.large() if allow_large else DEFAULT,
    )
    started = time.monotonic()
    with shown(quiet or as_json) as stage:
        finished = batch(request, stage)
    said = summary(finished, request, time.monotonic() - started)
    if as_json:
        typer.echo(dumps(said), nl=False)
    elif not quiet:
        _print(finished, request)
    if dry_run:
        raise typer.Exit(0)
    if finished.exit_code != ExitCode.CONVERTED:
        bad = [entry for entry in finished.entries if entry.status not in ("converted", "inspected")]
        typer.echo(
            f"infer-convert: {len(bad)} of {len(finished.entries)} files are not"
            f" {'readable' if inspect_only else 'converted'}, the first is"
            f" {visible(bad[0].name)}; {output}/index.html lists each with the reason",
            err=True,
        )
    raise typer.Exit(int(finished.exit_code))


def parse_size(text: str, option: str) -> int:
    """``500M`` -> 500,000,000; ``2Gi`` -> 2 x 2^30. Raises UsageError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?", text.strip(), re.IGNORECASE)
    if found is None:
        raise UsageError(f"{option} {text!r}: expected a number of bytes such as 500M or 2Gi")
    return int(float(found[1]) * UNITS[(found[2] or "").lower()])


def summary(finished: Finished, request: Request, seconds: float) -> dict[str, Any]:
    """The machine-readable end of a run."""
    entries = finished.entries
    codes = [(entry.result or entry.facts or {}).get("exit_code") for entry in entries]
    return {
        "schema_version": SUMMARY_VERSION,
        "tool": tool(),
        "output": str(request.outdir),
        "exit_code": 0 if request.dry_run else int(finished.exit_code),
        "counts": counts(entries),
        "skipped": len(finished.skipped),
        "by_exit_code": {str(code): codes.count(code) for code in sorted({code for code in codes if code is not None})},
        "converted_now": finished.converted_now,
        "inspected_now": finished.inspected_now,
        "failed": [entry.name for entry in entries if entry.status == "failed"],
        "pending": [entry.name for entry in entries if entry.status == "pending"],
        "unused_results": list(finished.unused),
        "seconds": round(seconds, 3),
    }


def _print(finished: Finished, request: Request) -> None:
    console = Console(width=None if os.isatty(1) else 120, highlight=False)

    def say(text: str) -> None:
        console.print(escape(visible(text)), soft_wrap=True)

    number = counts(finished.entries)
    if request.dry_run:
        for entry in finished.entries:
            state = "would be converted" if entry.result is None else f"is {entry.status} already"
            if request.inspect_only:
                state = "would be read" if entry.facts is None else "has been read already"
            same = f" (same content as {entry.duplicate_of})" if entry.duplicate_of else ""
            say(f"{entry.name}: {state}{same}")
        for item in finished.skipped:
            say(f"{item.name}: left out, {item.reason}")
        return
    say(
        f"{number['files']} files: {number['converted']} converted, {number['inspected']} read,"
        f" {number['failed']} failed, {number['pending']} not reached, {number['duplicates']} duplicates,"
        f" {len(finished.skipped)} left out;"
        f" {number['clusters']} clusters in {number['families']} families"
    )
    asking = [cluster for cluster in clusters_of(finished.entries) if cluster.questions]
    for cluster in asking[:5]:
        first = cluster.questions[0]
        say(
            f"  {cluster.id}, {len(cluster.entries)} files: {len(cluster.questions)} questions, first"
            f" {first.layer}.{first.field}; answer in questions/{cluster.id}.toml"
        )
    say(f"{shlex.quote(str(request.outdir))}/index.html")
