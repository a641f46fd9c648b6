"""``report.html``: one page, no network, no script; every text of the file is escaped."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence

from infer_convert import __version__
from infer_convert.facts import WeightFile
from infer_convert.plan import Decision
from infer_convert.report.document import Document, LayerEntry
from infer_convert.report.json import plain, source
from infer_convert.report.text import answer_command, shown, visible

STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #8882; --sure: #2a7; --doubt: #c70; --bad: #d33; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; }
code, pre { font: 13px/1.45 ui-monospace, monospace; background: var(--soft); border-radius: 3px; padding: 0 .25em; }
details > summary { cursor: pointer; }
.sure { color: var(--sure); } .doubt { color: var(--doubt); } .bad { color: var(--bad); } .soft { opacity: .7; }
"""

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(document: Document) -> str:
    """The whole page."""
    parts = [
        f"<h1>{_text(document.facts.file)}</h1>",
        _summary(document),
        _failure(document),
        _questions(document),
        _verification(document),
        _layers(document.layers),
        _alternatives(document),
        _list("No place in the model", (f"{item.path}: {item.reason}" for item in document.left_over)),
        _list("Notes", (*document.notes, *document.rewrites)),
        f'<p class="soft">infer-convert {_text(__version__)}</p>',
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(document.facts.file)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )


def _text(value: object) -> str:
    return html.escape(visible(str(value)), quote=True)


def _code(value: object) -> str:
    return f"<code>{_text(value)}</code>"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """``rows`` are HTML already."""
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>\n<tr>{head}</tr>\n{body}\n</table>"


def _list(title: str, sentences: Iterable[str]) -> str:
    items = "\n".join(f"<li>{_text(sentence)}</li>" for sentence in sentences)
    return f"<h2>{title}</h2>\n<ul>\n{items}\n</ul>" if items else ""


def _confidence(value: float) -> str:
    return f'<span class="{"sure" if value >= 0.9 else "doubt"}">{value:.0%}</span>'


def _summary(document: Document) -> str:
    rows = [(_text(key.replace("_", " ")), _code(value)) for key, value in _source(document.facts)]
    sure = ""
    if document.layers and document.failure is None:
        sure = (
            f"<p>The recovered model computes what the lost original did with probability"
            f" <strong>{_confidence(document.confidence)}</strong>.</p>"
        )
    wires = ""
    if document.inputs:
        wires = f"<p>Inputs {_codes(document.inputs)}, outputs {_codes(document.outputs)}.</p>"
    return sure + wires + _table(("file", ""), rows)


def _source(facts: WeightFile) -> Iterable[tuple[str, object]]:
    return ((key, value) for key, value in source(facts).items() if value is not None)


def _codes(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names))


def _failure(document: Document) -> str:
    if document.failure is None:
        return ""
    return f'<h2 class="bad">No model</h2>\n<p class="bad">{_text(document.failure.message)}</p>' + _list(
        "What fails", document.failure.causes
    )


def _questions(document: Document) -> str:
    questions = document.questions(below=0.9)
    if not questions:
        return ""
    rows = []
    for question in questions:
        decision = question.decision
        others = decision.alternatives[:3]
        commands = "<br>".join(_code(answer_command(question.layer, decision.field, item.value)) for item in others)
        rows.append((
            _code(question.layer), _text(decision.field), _code(shown(decision.value)),
            _confidence(decision.confidence), commands or "–",
        ))  # fmt: skip
    return "<h2>Questions, the least certain first</h2>\n" + _table(
        ("layer", "field", "chosen", "confidence", "to choose otherwise, add"), rows
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
        ("SavedModel's largest difference", _text(checks.savedmodel_max_abs_diff)),
    ]
    return (
        "<h2>Verification</h2>\n"
        + _table(("check", "result"), rows)
        + _list("Warnings", (*checks.warnings, *(f"{name} got no tensor" for name in checks.unassigned)))
    )


def _yes(value: bool) -> str:
    return '<span class="sure">yes</span>' if value else '<span class="bad">no</span>'


def _layers(layers: Sequence[LayerEntry]) -> str:
    if not layers:
        return ""
    rows = []
    for layer in layers:
        lowest = min((decision.confidence for decision in layer.decisions), default=1.0)
        reads = "<br>".join(_codes(operands) for operands in layer.inbound)
        kind = _text(layer.class_name) + (' <span class="soft">(hidden)</span>' if layer.hidden else "")
        rows.append((_code(layer.name), kind, reads, _confidence(lowest), _details(layer)))
    return "<h2>Layers</h2>\n" + _table(("layer", "class", "reads", "least certain", "details"), rows)


def _details(layer: LayerEntry) -> str:
    parts = [f"<pre>{_text(json.dumps(plain(layer.config)))}</pre>"] if layer.config else []
    if layer.weights:
        parts.append(_table(("variable", "stored at", "shape", "transforms"), (
            (_code(use.variable), "<br>".join(map(_code, use.sources)), _text(list(use.shape)),
             _text(", ".join(use.transforms) or "none"))
            for use in layer.weights
        )))  # fmt: skip
    if layer.decisions:
        parts.append(_table(("field", "value", "confidence", "why"), map(_decision, layer.decisions)))
    if not parts:
        return ""
    return f"<details><summary>{len(layer.decisions)} decisions</summary>{''.join(parts)}</details>"


def _decision(decision: Decision) -> Sequence[str]:
    reasons = [f"{_text(item.because)} <span class=soft>({_text(item.clue)}, {item.weight:+.1f})</span>"
               for item in decision.evidence]  # fmt: skip
    others = [f"else {_code(shown(item.value))} {_confidence(item.confidence)}" for item in decision.alternatives]
    basis = f'<span class="soft">{_text(decision.basis)}</span>'
    why = "<br>".join([basis, *reasons, *others])
    return _text(decision.field), _code(shown(decision.value)), _confidence(decision.confidence), why


def _alternatives(document: Document) -> str:
    if not document.alternatives:
        return ""
    rows = []
    for item in document.alternatives:
        fields = [f"{_code(d.layer)} {_text(d.field)} = {_code(shown(d.value))}" for d in item.differs[:20]]
        more = [f"and {len(item.differs) - 20} more"] if len(item.differs) > 20 else []
        rows.append((str(item.rank), _confidence(item.confidence), "<br>".join([*fields, *more])))
    return "<h2>Other whole models</h2>\n" + _table(("rank", "confidence", "differs in"), rows)
