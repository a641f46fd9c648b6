"""``index.html``: one page, no network, no script; every text that comes from files is escaped."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterable, Sequence

from infer_convert import __version__
from infer_convert.batch.estate import Cluster, Entry, counts
from infer_convert.batch.shared import Shared
from infer_convert.batch.sources import Skipped
from infer_convert.report.html import PLAIN, style
from infer_convert.report.text import shown, visible

MOST_QUESTIONS = 20
"""Questions of one cluster that the page shows; ``questions/<cluster>.toml`` has all."""


def page(entries: Sequence[Entry], clusters: Sequence[Cluster], skipped: Sequence[Skipped], commands: bool) -> str:
    """The whole page. ``commands``: say how questions are answered (not when nothing was inferred)."""
    parts = [
        "<h1>Weight files</h1>",
        _counts(entries),
        _look_first(clusters) if commands else "",
        _failures(entries),
        _families(clusters),
        _files(entries),
        _skipped(skipped),
        f'<p class="soft">infer-convert {_text(__version__)}</p>',
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(PLAIN)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Weight files</title>\n<style>{style()}</style>\n</head>\n<body>\n"
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


def _confidence(value: float | None) -> str:
    return "" if value is None else f'<span class="{"sure" if value >= 0.9 else "doubt"}">{value:.0%}</span>'


def _counts(entries: Sequence[Entry]) -> str:
    said = [f"{number} {_text(name)}" for name, number in counts(entries).items() if number]
    return f"<p>{', '.join(said)}.</p>"


def _look_first(clusters: Sequence[Cluster]) -> str:
    """Open questions by cluster: one answer fixes all its files."""
    parts = []
    for cluster in clusters:
        if not cluster.questions:
            continue
        files = len(cluster.entries)
        parts.append(
            f"<h3>{_code(cluster.id)}: {files} {'file' if files == 1 else 'files'},"
            f" {len(cluster.questions)} questions</h3>\n"
            f"<p>In the layer names of {_code(cluster.entries[0].name)}. Edit"
            f' <a href="questions/{cluster.id}.toml">questions/{cluster.id}.toml</a> and run again with'
            f" {_code(f'--hints {cluster.id}=FILE')}: one answer holds for all {files}.</p>"
        )
        parts.append(_table(("layer", "field", "values", "files"), map(_question, cluster.questions[:MOST_QUESTIONS])))
    return "<h2>Where to look first</h2>\n" + "\n".join(parts) if parts else ""


def _question(question: Shared) -> Sequence[str]:
    values = [f"{_code(shown(value))} {_confidence(confidence)}" for value, confidence in question.values[:4]]
    if question.pooled:
        values.append(f'<span class="soft">the numbers of {question.pooled} checkpoints together</span>')
    return _code(question.layer), _text(question.field), "<br>".join(values), str(question.files)


def _failures(entries: Sequence[Entry]) -> str:
    rows = [
        (_code(entry.name), str(spoken.get("exit_code")), _text(spoken.get("message") or ""))
        for entry in entries
        if entry.status == "failed" and (spoken := entry.result or entry.facts) is not None
    ]
    return "<h2>Not converted</h2>\n" + _table(("file", "exit", "why"), rows) if rows else ""


def _families(clusters: Sequence[Cluster]) -> str:
    groups: dict[str, list[Cluster]] = defaultdict(list)
    for cluster in clusters:
        groups[cluster.family].append(cluster)
    ordered = sorted(groups.items(), key=lambda item: (-sum(len(c.entries) for c in item[1]), item[0]))
    rows = []
    for family, members in ordered:
        facts = members[0].entries[0].facts or {}
        parts = [f"{_code(c.id)} {len(c.entries)}" for c in sorted(members, key=lambda c: (-len(c.entries), c.id))]
        size = f"{facts.get('n_layers')} layers, {facts.get('parameters', 0):,} numbers"
        names = [entry.name for cluster in members for entry in cluster.entries]
        few = ", ".join(map(_code, sorted(names)[:3])) + (" …" if len(names) > 3 else "")
        rows.append((_code(family), str(len(names)), "<br>".join(parts), size, few))
    titles = ("family", "files", "clusters", "first cluster", "among them")
    return "<h2>Families</h2>\n" + _table(titles, rows) if rows else ""


def _files(entries: Sequence[Entry]) -> str:
    return "<h2>Files</h2>\n" + _table(
        ("file", "status", "generation", "kind", "cluster", "confidence", "questions"), map(_file, entries)
    )


def _file(entry: Entry) -> Sequence[str]:
    facts, result = entry.facts or {}, entry.result or {}
    name = _code(entry.name)
    if entry.key and result.get("folder"):
        name = f'<a href="results/{entry.key}/report.html">{name}</a>'
    if entry.duplicate_of is not None:
        name += f'<br><span class="soft">same content as {_text(entry.duplicate_of)}</span>'
    state = entry.status
    style = {"converted": "sure", "failed": "bad"}.get(state, "soft")
    return (
        name,
        f'<span class="{style}">{state}</span>',
        _text(facts.get("generation") or ""),
        _text(facts.get("kind") or ""),
        _code(entry.cluster) if entry.cluster else "",
        _confidence(result.get("confidence")),
        str(len(result.get("questions", ()))) if result else "",
    )


def _skipped(skipped: Sequence[Skipped]) -> str:
    rows = [(_code(item.name), _text(item.reason)) for item in skipped]
    return "<h2>Left out</h2>\n" + _table(("file", "why"), rows) if rows else ""
