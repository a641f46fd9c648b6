"""Progress on standard error: done of all, rate, remaining time; silent where that is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from infer_convert.report.text import visible

Step = Callable[[str], None]
"""Called with a file's name when it is done."""
Stage = Callable[[str, int], Step]
"""Called with what is done now and how many files there are."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed * 60:.0f}/min")


def silent(stage: str, files: int) -> Step:
    """No progress."""
    return lambda name: None


@contextmanager
def shown(quiet: bool) -> Iterator[Stage]:
    """A ``Stage`` that draws on standard error."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield silent
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[last]}", style="dim", markup=False),
    )
    with Progress(*columns, console=console) as drawn:

        def stage(what: str, files: int) -> Step:
            task = drawn.add_task(what, total=files, last="")
            return lambda name: drawn.update(task, advance=1, last=visible(name)[-40:])

        yield stage
