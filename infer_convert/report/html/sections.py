"""The page's sections as HTML; every text of the file is escaped, and everything reads without a script."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from infer_convert.facts import WeightFile
from infer_convert.outcome import TITLES
from infer_convert.plan import Decision
from infer_convert.report.document import Document, LayerEntry
from infer_convert.report.json import source
from infer_convert.report.questions import Ask, asks
from infer_convert.report.text import pattern, shown, visible


def sections(document: Document) -> str:
    """Everything below ``<body>`` but the scripts."""
    parts = [
        f'<header>\n<h1>{text(document.facts.file)}</h1>\n{_contents(document)}\n</header>\n<main>',
        _summary(document),
        _failure(document),
        _questions(document),
        _drawing(document),
        _verification(document),
        _input_statistics(document),
        _list("rewrites", "Rewrites of the stored architecture", document.rewrites),
        _alternatives(document),
        _list("left-over", "No place in the model", (f"{item.path}: {item.reason}" for item in document.left_over)),
        _list("notes", "Notes", document.notes),
        _layers(document.layers),
        "</main>",
    ]
    return "\n".join(part for part in parts if part)


def text(value: object) -> str:
    """Escaped, on one line, with control characters made visible."""
    return html.escape(visible(str(value)), quote=True)


def _contents(document: Document) -> str:
    named = [
        ("questions", "Questions", bool(asks(document))), ("architecture", "Graph", bool(document.layers)),
        ("verification", "Verification", document.verification is not None),
        ("alternatives", "Other models", bool(document.alternatives)), ("layers", "Layers", bool(document.layers)),
    ]  # fmt: skip
    links = [f'<a href="#{key}">{title}</a>' for key, title, there in named if there]
    return f"<nav aria-label=\"Sections\">{' '.join(links)}</nav>" if links else ""


def _code(value: object) -> str:
    return f"<code>{text(value)}</code>"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """``rows`` are HTML already."""
    head = "".join(f"<th>{title}</th>" for title in titles)
    head = f"<thead><tr>{head}</tr></thead>\n" if head else ""
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table>\n{head}<tbody>\n{body}\n</tbody></table></div>'


def _list(key: str, title: str, sentences: Iterable[str]) -> str:
    items = "\n".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return f'<section id="{key}">\n<h2>{title}</h2>\n<ul>\n{items}\n</ul>\n</section>' if items else ""


def _confidence(value: float) -> str:
    said = "&gt;99%" if 0.995 <= value < 1.0 else "&lt;1%" if 0.0 < value < 0.005 else f"{value:.0%}"
    return f'<span class="{grade(value)}">{said}</span>'


def grade(value: float) -> str:
    """The class that colours a confidence."""
    return "sure" if value >= 0.98 else "likely" if value >= 0.9 else "doubt" if value >= 0.6 else "bad"


def _summary(document: Document) -> str:
    rows = [(text(key.removeprefix("n_").replace("_", " ")), _code(value)) for key, value in _source(document.facts)]
    sure = ""
    if document.layers and document.failure is None:
        sure = (
            f"<p>The recovered model computes what the lost original did with probability"
            f" <strong>{_confidence(document.confidence)}</strong>.</p>"
        )
    wires = ""
    if document.inputs:
        wires = f"<p>Inputs {_codes(document.inputs)}, outputs {_codes(document.outputs)}.</p>"
    return '<section id="summary">\n' + sure + wires + _table((), rows) + "\n</section>"


def _source(facts: WeightFile) -> Iterable[tuple[str, object]]:
    return ((key, value) for key, value in source(facts).items() if value is not None)


def _codes(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names))


def _failure(document: Document) -> str:
    if document.failure is None:
        return ""
    return f'<h2 class="bad">No model</h2>\n<p class="bad">{text(document.failure.message)}</p>' + _list(
        "causes", "What fails", document.failure.causes
    ) + _list("conflicts", "Where the stored config and the tensors disagree", _conflicts(document)) + _list(
        "asks", "What you can tell", [f"{ask.question} {ask.option}" for ask in document.failure.asks]
    )


def _conflicts(document: Document) -> list[str]:
    found = document.failure.conflicts if document.failure is not None else ()
    return [
        f"{each.layer}.{each.field}: {each.config!r} in the config, {each.weights!r} by the shapes;"
        f" {each.answer} lets these win"
        for each in found
    ]


def _questions(document: Document) -> str:
    questions = asks(document)
    if not questions:
        return ""
    items = "\n".join(_question(number, ask) for number, ask in enumerate(questions))
    return (
        f'<section id="questions">\n<h2>Questions ({len(questions)})</h2>\n'
        '<p class="soft">Sorted by what the answer gains. Choose answers and save them as a'
        " hints file, or add an option to the command line.</p>\n"
        f'<ol class="questions">\n{items}\n</ol>\n'
        '<h3 id="hints-title">hints.toml</h3>\n<p class="soft">Run again with <code>--hints hints.toml</code>.</p>\n'
        '<pre id="hints" tabindex="0" aria-labelledby="hints-title"># no answer chosen yet</pre>\n'
        '<button class="copy" data-of="hints" hidden>Copy hints</button>\n</section>'
    )


def _question(number: int, ask: Ask) -> str:
    decision = ask.decision
    more = f" and {len(ask.layers) - 1} more" if len(ask.layers) > 1 else ""
    options = []
    for index, option in enumerate(ask.options):
        key = f"q{number}-{index}"
        told = " ".join(f"<span>{text(each)}</span>" for each in ask.commands(option))
        chosen = " (as built)" if option is ask.standing else ""
        options.append(
            f'<div class="option"><label><input type="radio" name="q{number}" value="{index}" data-question="{number}">'
            f" {_code(pattern(option.by_layer))} {_confidence(option.confidence)}{chosen}</label>"
            f'<code id="{key}" class="command">{told}</code>'
            f'<button class="copy" data-of="{key}" hidden>Copy</button></div>'
        )
    why = "".join(f"<li>{text(item.because)} <span class=\"soft\">({text(item.clue)})</span></li>"
                  for item in decision.evidence)  # fmt: skip
    members = f"<details><summary>{len(ask.layers)} layers</summary>{_codes(ask.layers)}</details>" if more else ""
    return (
        f'<li><h3><a href="#layers" data-layer="{text(ask.layers[0])}">{text(ask.layers[0])}</a>{more}:'
        f' {text(", ".join(ask.fields))}</h3>\n<p class="soft">{ask.worth}; {ask.depending} layers depend on it;'
        f" {text(decision.basis)}</p>\n{members}{''.join(options)}"
        + (f'<ul class="why">{why}</ul>' if why else "")
        + "</li>"
    )


def _drawing(document: Document) -> str:
    if not document.layers:
        return ""
    return (
        '<section id="architecture">\n<h2>Architecture</h2>\n'
        '<noscript><p class="soft">The drawing needs JavaScript; the table of layers below does not.</p></noscript>\n'
        '<div class="tools" role="toolbar" aria-label="Drawing" hidden></div>\n'
        '<div class="drawing"><div id="canvas" hidden></div>'
        '<aside id="details" aria-live="polite" hidden><p class="soft">Choose a layer to see its tensors, decisions,'
        " evidence and alternatives.</p></aside></div>\n</section>"
    )


def _input_statistics(document: Document) -> str:
    found = document.input_statistics
    if found is None:
        return ""
    rows = [
        ("range", _code(found.range)),
        ("channel means", _code(", ".join(f"{mean:.4g}" for mean in found.means))),
        ("deviation", _code(f"{found.deviation:.4g}")),
    ]
    return (
        '<section id="input-statistics">\n<h2>Input statistics</h2>\n'
        f"<p>{text(found.sentence())}</p>\n{_table(('measure', 'value'), rows)}\n</section>"
    )


def _verification(document: Document) -> str:
    checks = document.verification
    if checks is None:
        return ""
    rows = [
        ("tensors assigned", f"{checks.tensors_assigned} of {checks.tensors_total}"),
        ("bit exact", _yes(checks.bit_exact)),
        (
            "order reproduced",
            "the file's order is lost" if checks.order_reproduced is None else _yes(checks.order_reproduced),
        ),
        ("SavedModel's largest difference", text(checks.savedmodel_max_abs_diff)),
        *((f"{TITLES[name]}'s largest difference", text(gap)) for name, gap in checks.other_max_abs_diffs.items()),
    ]
    return (
        '<section id="verification">\n<h2>Verification</h2>\n'
        + _table(("check", "result"), rows)
        + "</section>\n"
        + _list("warnings", "Warnings", (*checks.warnings, *(f"{name} got no tensor" for name in checks.unassigned)))
    )


def _yes(value: bool) -> str:
    return '<span class="sure">yes</span>' if value else '<span class="bad">no</span>'


def _layers(layers: Sequence[LayerEntry]) -> str:
    if not layers:
        return ""
    rows = []
    for layer in layers:
        lowest = min(layer.decisions, key=lambda decision: decision.confidence, default=None)
        reads = " | ".join(_codes(operands) for operands in layer.inbound)
        kind = text(layer.class_name) + (' <span class="soft">(hidden)</span>' if layer.hidden else "")
        shapes = ", ".join(text("×".join(map(str, use.shape)) or "scalar") for use in layer.weights)
        link = f'<a href="#architecture" data-layer="{text(layer.name)}">{text(layer.name)}</a>'
        rows.append((link, kind, reads, shapes, _least(lowest)))
    return (
        '<section id="layers">\n<h2>Layers</h2>\n'
        '<label class="search" hidden>Filter <input type="search" id="filter" placeholder="name or class"></label>\n'
        + _table(("layer", "class", "reads", "tensors", "least certain"), rows)
        + "\n</section>"
    )


def _least(decision: Decision | None) -> str:
    if decision is None:
        return ""
    return f"{_confidence(decision.confidence)} {text(decision.field)} = {_code(shown(decision.value, 30))}"


def _alternatives(document: Document) -> str:
    if not document.alternatives:
        return ""
    rows = []
    for item in document.alternatives:
        said = item.said()
        fields = [f"{_code(layers)} {text(field)} = {_code(shown(value))}" for layers, field, value in said[:20]]
        more = [f"and {len(said) - 20} more"] if len(said) > 20 else []
        rows.append((str(item.rank), _confidence(item.confidence), "<br>".join([*fields, *more])))
    return (
        '<section id="alternatives">\n<h2>Other whole models</h2>\n'
        + _table(("rank", "confidence", "differs in"), rows)
        + "\n</section>"
    )
