"""The summary on a terminal. Every name is made ``visible`` and printed without markup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infer_convert.facts import StoredLayer, WeightFile
from infer_convert.outcome import TITLES
from infer_convert.report.document import Document, LayerEntry, count_layers
from infer_convert.report.folding import fold
from infer_convert.report.questions import Ask, asks
from infer_convert.report.text import answer_command, pattern, shown, visible
from infer_convert.report.units import Choice

UNCERTAIN = 0.9
"""Decisions below this confidence are shown beside their layer."""

QUESTIONS = 5
"""Questions asked in the summary."""

OTHERS = 3
"""Other whole models named in the summary."""

LONGEST = 400
"""Characters of a command that answers for every layer; of a longer one only the first layer's option is printed."""
LEAST_TOLD = 0.01
"""Options less likely than this are left to the report."""

ORDER_WORDS = {"stored": "stored in the file", "recovered": "recovered from the file's heap", "lost": "lost"}


def print_summary(document: Document, console: Console, verbose: bool = False) -> None:
    """What the file is, what was recovered, how sure that is, and what to answer next."""
    _line(console, *_headline(document.facts))
    if document.failure is not None:
        _line(console, "No model: ", document.failure.message, style="bold red")
        for cause in document.failure.causes:
            _line(console, "  · ", cause)
        for ask in document.failure.asks:
            _line(console, "  ? ", ask.question, "  ", ask.option)
    if document.layers:
        console.print(_table(document.layers, verbose))
        _line(console, "inputs: ", ", ".join(document.inputs), "   outputs: ", ", ".join(document.outputs))
        if document.failure is None:
            _line(console, f"confidence that it computes what the lost original did: {document.confidence:.0%}")
    _verification(document, console)
    _questions(document, console, None if verbose else QUESTIONS)
    _alternatives(document, console, None if verbose else OTHERS)
    for left in document.left_over:
        _line(console, "no place in the model: ", left.path, ": ", left.reason, style="yellow")
    for note in (*document.notes, *document.rewrites):
        _line(console, "note: ", note)
    if document.files:
        _line(console, "written: ", "  ".join(document.files), style="green")


def _headline(facts: WeightFile) -> Sequence[str]:
    version = f", Keras {facts.keras_version}" if facts.keras_version else ""
    backend = f" on {facts.backend}" if facts.backend else ""
    tensors = sum(1 for _ in facts.all_tensors())
    return (
        facts.file,
        f": {facts.generation} {facts.kind}",
        version + backend,
        f", {count_layers(facts.layers)} layers, {tensors} tensors, order {ORDER_WORDS[facts.order]}",
    )


def _line(console: Console, *parts: str, style: str = "") -> None:
    console.print(Text(visible("".join(parts)), style=style), soft_wrap=True)


def _table(layers: Sequence[LayerEntry], verbose: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("layer", "class", "settings", "reads", "uncertain"):
        table.add_column(title, overflow="fold")
    if verbose:
        for layer in layers:
            table.add_row(*_cells(layer))
        return table
    for block in fold(layers, _key):
        for layer in block.rows:
            table.add_row(*_cells(layer))
        if block.times > 1:
            count = len(block.rows)
            again = f"… ×{block.times}" + (f" ({count} layers)" if count > 1 else "")
            table.add_row(Text(again, style="dim"), "", Text(f"up to {visible(block.last.name)}", style="dim"))
    return table


def _key(layer: LayerEntry) -> tuple[str, str, int, bool]:
    return layer.class_name, settings(layer.config), len(layer.inbound), layer.hidden


def _cells(layer: LayerEntry) -> list[Text]:
    name = layer.name if layer.parent is None else "  " * layer.name.count("/") + layer.name.rpartition("/")[2]
    reads = " | ".join(", ".join(operands) for operands in layer.inbound)
    doubts = ", ".join(
        f"{decision.field} {decision.confidence:.0%}" for decision in layer.decisions if decision.confidence < UNCERTAIN
    )
    return [
        Text(visible(name)),
        Text(visible(layer.class_name), style="dim" if layer.hidden else ""),
        Text(visible(settings(layer.config)), style="dim"),
        Text(visible(reads)),
        Text(visible(doubts), style="yellow"),
    ]


SETTINGS: tuple[str, ...] = (
    "batch_shape", "units", "filters", "kernel_size", "strides", "padding", "dilation_rate", "pool_size", "activation",
    "rate", "axis", "target_shape", "input_dim", "output_dim", "num_heads", "key_dim", "return_sequences", "function",
)  # fmt: skip
"""Config entries worth a place in the table."""


def settings(config: Mapping[str, Any]) -> str:
    """The config entries that a reader looks for, in short."""
    found = []
    for key in SETTINGS:
        value = config.get(key)
        if value in (None, False, "valid", "linear") or (
            key in {"strides", "dilation_rate"} and value in (1, [1], [1, 1])
        ):
            continue
        if isinstance(value, list) and key != "batch_shape" and len(set(map(str, value))) == 1:
            value = value[0]
        if isinstance(value, float):
            value = float(f"{value:.4g}")
        found.append(str(value) if isinstance(value, str) else f"{key} {shown(value, 30)}")
    return ", ".join(found)


def _verification(document: Document, console: Console) -> None:
    checks = document.verification
    if checks is None:
        return
    order = {True: "order reproduced", False: "order NOT reproduced", None: "the file's order is lost"}
    exact = "bit-exact" if checks.bit_exact else "NOT bit-exact"
    gap = checks.savedmodel_max_abs_diff
    saved = "" if gap is None else f", SavedModel differs by at most {gap:.3g}"
    for name, other in checks.other_max_abs_diffs.items():
        saved += "" if other is None else f", {TITLES[name]} by at most {other:.3g}"
    assigned = f"{checks.tensors_assigned} of {checks.tensors_total} tensors assigned"
    _line(console, f"verified: {assigned}, {exact}, {order[checks.order_reproduced]}{saved}")
    for warning in checks.warnings:
        _line(console, "warning: ", warning, style="yellow")


def _questions(document: Document, console: Console, limit: int | None) -> None:
    questions = asks(document, UNCERTAIN)
    if not questions:
        return
    more = "" if limit is None or len(questions) <= limit else f", the {limit} that matter most"
    _line(console, f"{_counted(len(questions))} open{more}; to answer one, add its option:", style="bold")
    for ask in questions[:limit]:
        field = f"{ask.fields[0]} = " if len(ask.fields) == 1 else ""
        said = f"{field}{pattern(ask.standing.by_layer)} ({ask.standing.confidence:.0%})"
        _line(console, f"  {ask.where}: {said}; {ask.worth}")
        if not ask.others and ask.standing.confidence < LEAST_TOLD:
            for reason in ask.decision.evidence[:1]:
                _line(console, "    ", reason.because)
            continue
        likely = [option for option in ask.others[:2] if option.confidence >= LEAST_TOLD]
        for option in likely or ask.others[:1] or ask.options:
            _line(console, f"    {option.confidence:.0%}: ", *_told(ask, option))


def _told(ask: Ask, option: Choice) -> tuple[str, str]:
    """The options of the command line for the layers in which an answer differs from the plan's, and how many are left
    out."""
    standing = ask.standing.answers
    changed = [(target, value) for target, value in option.answers.items() if value != standing[target]]
    pairs = changed or list(option.answers.items())
    told = [answer_command(*target, value) for target, value in pairs]
    if len(" ".join(told)) <= LONGEST:
        return " ".join(told), ""
    return told[0], f"   and {len(told) - 1} more like it: --ask takes them at once, report.html lists them"


def _alternatives(document: Document, console: Console, limit: int | None) -> None:
    for other in document.alternatives[:limit]:
        said = other.said()
        named = [f"{layers} {field} = {shown(value, 40)}" for layers, field, value in said[:3]]
        more = [f"and {len(said) - 3} more"] if len(said) > 3 else []
        _line(console, f"model {other.rank} ({other.confidence:.0%}): {'; '.join([*named, *more])}", style="dim")


def print_inspection(facts: WeightFile, console: Console) -> None:
    """What the file itself says, without any inference."""
    _line(console, *_headline(facts))
    _line(
        console, f"layout: {facts.layout}   bytes: {facts.bytes}   sha256: {facts.sha256 or 'not computed (--digest)'}"
    )
    stored = "yes" if facts.model_config is not None else "no"
    training = "yes" if facts.training_config is not None else "no"
    _line(console, f"stored config: {stored}   training config: {training}   optimizer tensors: {len(facts.optimizer)}")
    classes = stored_classes(facts.model_config)
    _columns(console, [row for layer in facts.layers for row in _stored(layer, classes, 0)])
    for path, reason in facts.unread:
        _line(console, "unread: ", path, ": ", reason, style="yellow")
    for warning in facts.warnings:
        _line(console, "warning: ", warning, style="yellow")


def _columns(console: Console, rows: Sequence[tuple[str, ...]]) -> None:
    """A table; where it fits the width it is put together here (rich takes half a second for a thousand rows)."""
    titles = ("layer", "class", "tensor", "shape", "dtype")
    widths = [max(map(cell_len, column)) for column in zip(titles, *rows, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) <= console.width:
        lines = [
            "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
            for row in (titles, *rows)
        ]
        console.out(lines[0], style="bold", highlight=False)
        if rows:
            console.out("\n".join(lines[1:]), highlight=False)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _stored(layer: StoredLayer, classes: Mapping[str, str], depth: int) -> Iterator[tuple[str, ...]]:
    name, kind = "  " * depth + layer.name, classes.get(layer.name, layer.stem or "?")
    rows = [(tensor.role, str(tensor.shape), tensor.dtype) for tensor in layer.tensors] or [("-", "", "")]
    for number, row in enumerate(rows):
        head = (name, kind) if number == 0 else ("", "")
        yield tuple(map(visible, (*head, *row)))
    for child in layer.children:
        yield from _stored(child, classes, depth + 1)


def stored_classes(config: Any) -> dict[str, str]:
    """Layer name -> class name as a stored model config lists them, nested models included."""
    found: dict[str, str] = {}
    inner = config.get("config") if isinstance(config, Mapping) else None
    layers = inner if isinstance(inner, list) else inner.get("layers", []) if isinstance(inner, Mapping) else []
    for layer in layers if isinstance(layers, list) else []:
        if not isinstance(layer, Mapping):
            continue
        own = layer.get("config")
        name = layer.get("name") or (own.get("name") if isinstance(own, Mapping) else None)
        if name is not None:
            found[str(name)] = str(layer.get("class_name", "?"))
        found.update({key: value for key, value in stored_classes(layer).items() if key not in found})
    return found


def _counted(number: int) -> str:
    return "1 question is" if number == 1 else f"{number} questions are"
