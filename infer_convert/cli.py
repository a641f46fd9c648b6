"""The command line. Arguments, one line per failure, exit codes; the work is in ``pipeline.py``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from infer_convert import __version__
from infer_convert.errors import ExitCode, InferConvertError, UsageError
from infer_convert.facts import WeightFile
from infer_convert.formats import EXTRAS, FORMATS, formats
from infer_convert.hints import Hints, load_hints, to_toml, with_options
from infer_convert.limits import DEFAULT, Limits
from infer_convert.pipeline import Options, Outcome, convert, inspect
from infer_convert.report.json import SCHEMA_VERSION, dumps, plain, report, source, tool
from infer_convert.report.terminal import print_inspection, print_summary
from infer_convert.report.text import visible

COMMANDS: tuple[str, ...] = ("convert", "diff", "inspect", "batch")

app = typer.Typer(
    name="infer-convert",
    help="Decompile a Keras weight file whose source code is lost. `infer-convert FILE` is short for `convert FILE`.",
    add_completion=False,
    no_args_is_help=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"infer-convert {__version__}")
        raise typer.Exit


Large = Annotated[
    bool, typer.Option("--allow-large", help="Lift the limits on sizes and times (never those on links and code).")
]
Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")]


@app.callback()
def _root(version: Version = False) -> None:
    pass


@app.command("convert")
def convert_command(
    file: Annotated[Path, typer.Argument(help="The weight file.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder to write.  [default: <stem>.converted]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output folder.")] = False,
    to: Annotated[
        str, typer.Option("--to", help=f"What to write: {', '.join((*FORMATS, *EXTRAS))}; or report alone.")
    ] = ",".join(FORMATS),
    library: Annotated[
        bool, typer.Option("--library/--no-library", help="Use the reference library of known architectures.")
    ] = True,
    input_shape: Annotated[
        list[str] | None, typer.Option("--input-shape", help="224,224,3 or NAME=…; ? for an unknown size. Repeatable.")
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="LAYER.FIELD=VALUE pins one answer. Repeatable.")
    ] = None,
    hints: Annotated[Path | None, typer.Option("--hints", help="A TOML file of such answers.")] = None,
    examples: Annotated[Path | None, typer.Option("--examples", help="Sample inputs (and outputs) as .npz.")] = None,
    data_format: Annotated[
        str | None, typer.Option("--data-format", help="keep or channels_last, for channels_first files.")
    ] = None,
    numbers: Annotated[
        str, typer.Option("--numbers", help="auto, always or never: ask the trained numbers about open questions.")
    ] = "auto",
    top: Annotated[int, typer.Option("--top", min=1, help="Also build the K-1 next best whole models.")] = 1,
    custom_objects: Annotated[
        list[str] | None, typer.Option("--custom-objects", help="MODULE:NAME of a class of your own. Repeatable.")
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask the questions that matter most, and write <stem>.hints.toml.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 7 when a decision is too uncertain.")] = False,
    min_confidence: Annotated[
        float, typer.Option("--min-confidence", min=0.0, max=1.0, help="What --strict asks for.")
    ] = 0.9,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    allow_large: Large = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print no summary.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Print every layer and question.")] = False,
    version: Version = False,
) -> None:
    """Infer the architecture, rebuild the model, verify and export it."""
    if data_format not in (None, "keep", "channels_last"):
        raise typer.BadParameter(f"--data-format is keep or channels_last, not {data_format!r}")
    if numbers not in ("auto", "always", "never"):
        raise typer.BadParameter(f"--numbers is auto, always or never, not {numbers!r}")
    known = load_hints(hints) if hints is not None else Hints()
    known = with_options(known, sets or (), input_shape or ())
    known = replace(known, library=library, data_format=data_format or known.data_format, numbers=numbers)
    if ask:
        limits = DEFAULT.large() if allow_large else DEFAULT
        known = _asked(file, known, hints or Path(f"{file.stem}.hints.toml"), hints is None, limits)
    options = Options(
        file=file,
        output=output,
        force=force,
        to=formats(to),
        hints=known,
        top=top,
        strict=strict,
        min_confidence=min_confidence,
        examples=examples,
        custom_objects=tuple(custom_objects or ()),
        limits=DEFAULT.large() if allow_large else DEFAULT,
        own_process=True,
    )
    outcome = _convert(options, quiet)
    if as_json:
        say(dumps(report(outcome.document)), newline=False)
    elif not quiet:
        print_summary(outcome.document, console(), verbose)
    if outcome.message is not None:
        complain(outcome.message)
    raise typer.Exit(int(outcome.exit_code))


def _asked(file: Path, known: Hints, target: Path, fresh: bool, limits: Limits) -> Hints:
    """The hints after a dialogue on the terminal, written to ``target``; nothing is lost when it is there already."""
    from infer_convert.dialogue import dialogue
    from infer_convert.infer import infer
    from infer_convert.sandbox import open_tensors

    if target.suffix == ".json":
        raise UsageError(f"--ask writes TOML; --hints {target} is JSON")
    if fresh and target.exists():
        raise UsageError(f"--ask would replace {target}; --hints {target} goes on from it")
    facts = inspect(file, limits=limits)

    def read(prompt: str) -> str:
        typer.echo(prompt, nl=False, err=True)
        line = input()
        if not sys.stdin.isatty():  # where a terminal would show what was typed
            typer.echo(line, err=True)
        return line

    with open_tensors(file, limits=limits, facts=facts) as store:
        told = dialogue(facts, known, lambda f, h: infer(f, h, store), lambda line: typer.echo(line, err=True), read)
    if told != known:
        try:
            target.write_text(to_toml(told), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--ask cannot write {target}: {error.strerror}") from error
        typer.echo(f"answers written to {target}; --hints {target} repeats them", err=True)
    return told


def _convert(options: Options, quiet: bool) -> Outcome:
    """``convert`` with a status on standard error when that is a terminal."""
    stderr = Console(stderr=True)
    if quiet or not stderr.is_terminal:
        return convert(options)
    with stderr.status("…") as status:
        return convert(options, lambda stage: status.update(f"{stage} …"))


@app.command("diff")
def diff_command(
    one: Annotated[Path, typer.Argument(metavar="A", help="A result folder, report.json, config or weight file.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="What to compare it with.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the aligned layers as JSON.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Print the equal layers too.")] = False,
) -> None:
    """Compare two architectures, layer beside layer."""
    from infer_convert import diff

    pairs = diff.difference(one, other)
    if as_json:
        say(dumps(diff.as_json(pairs)), newline=False)
        return
    for line in diff.lines(pairs, verbose):
        say(line)


@app.command("inspect")
def inspect_command(
    file: Annotated[str, typer.Argument(help="The weight file, or its URL.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
    digest: Annotated[bool, typer.Option("--digest", help="Compute the file's sha256.")] = False,
    allow_large: Large = False,
    version: Version = False,
) -> None:
    """Show what the file says; infers and writes nothing."""
    limits = DEFAULT.large() if allow_large else DEFAULT
    facts = _elsewhere(file, digest, limits) if "://" in file else inspect(Path(file), digest, limits)
    if not as_json:
        print_inspection(facts, console())
        return
    head: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "tool": tool(), "source": source(facts)}
    head["stored_config"] = facts.model_config is not None
    say(dumps(plain(head | facts.to_json())), newline=False)


class _Output(Console):
    """Whoever closes the pipe (``| head``) has read enough: everything is written by then."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        _closed()


def _closed() -> None:
    """Nothing more goes to a pipe that nobody reads."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str, newline: bool = True) -> None:
    """A text on standard output."""
    try:
        typer.echo(text, nl=newline)
    except BrokenPipeError:
        _closed()


def console() -> Console:
    """Standard output; 120 columns where it is no terminal."""
    return _Output(width=None if sys.stdout.isatty() else 120, highlight=False)


def complain(message: str) -> None:
    """The one line on standard error."""
    typer.echo(f"infer-convert: {visible(' '.join(message.split()))}", err=True)


@cache
def _elsewhere(url: str, digest: bool, limits: Limits) -> WeightFile:
    """The facts of a file on a server."""
    from infer_convert.batch.work import inspect_url

    return inspect_url(url, digest, limits)


def _with_batch() -> None:
    """Add the command of many files: what it imports would double the time of a quick look at one."""
    from infer_convert.batch.command import batch_command

    app.command("batch")(batch_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; a bug of ours raises."""
    words = list(arguments) or ["--help"]
    if words[0] not in (*COMMANDS, "--help", "--version"):
        words.insert(0, "convert")
    if words[0] in ("batch", "--help"):
        _with_batch()
    try:
        code = typer.main.get_command(app).main(args=words, prog_name="infer-convert", standalone_mode=False)
    except InferConvertError as error:
        complain(str(error))
        return int(error.exit_code)
    except typer.Abort:
        return 130
    except Exception as error:
        if not hasattr(error, "format_message"):  # only errors in the arguments have one
            raise
        complain(f"{error.format_message()} (infer-convert --help lists the options)")
        return int(ExitCode.USAGE)
    return int(code or 0)


def main() -> None:
    """The console entry point."""
    sys.exit(run(sys.argv[1:]))
