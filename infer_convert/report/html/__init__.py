"""``report.html``: one page without network. Its text is escaped HTML that reads without a script; ``script.js`` adds
the drawing and the details from a block of JSON, and never writes HTML from it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib import resources

from infer_convert import __version__
from infer_convert.report.document import Document
from infer_convert.report.html.graph import drawing
from infer_convert.report.html.sections import sections, text

NOTHING_ELSE = "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'"
"""The page's Content-Security-Policy: no network, and no script but ours."""


PLAIN = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"
"""The same for pages without a script."""


def style() -> str:
    """The style sheet of our pages."""
    return _asset("style.css")


def page(document: Document) -> str:
    """The whole page."""
    script = _asset("script.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = safe_json(drawing(document))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(NOTHING_ELSE.format(digest))}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(document.facts.file)}</title>\n<style>{style()}</style>\n</head>\n<body>\n"
        + sections(document)
        + f'\n<p class="soft">infer-convert {text(__version__)}</p>\n'
        + f'<script type="application/json" id="data">{data}</script>\n<script>{script}</script>\n</body>\n</html>\n'
    )


def safe_json(value: object) -> str:
    """JSON that may stand in a script block: ASCII, and no ``<``, ``>`` or ``&``."""
    made = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return made.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _asset(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")
