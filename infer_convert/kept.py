"""What a run leaves in OUT for the next one with more hints: the searches that it need not repeat.

``.searches.json`` holds what ``solve/notes.py`` noted, by digests of the questions: wirings, sizes, what the trained
numbers said. Whoever changes the file can only change shares and what is tried first; graphs and sizes are checked
against the file's tensors as any other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = ".searches.json"
MOST_BYTES = 4 << 20


def state(file: Path) -> str:
    """What changes with every writing of a file (its node, size, times of content and of node), so that nobody needs
    to read it again; empty for an index of shards, whose numbers lie in others, and where there is no such file."""
    try:
        found = file.stat()
    except OSError:
        return ""
    if file.suffix == ".json":
        return ""
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def load(folder: Path) -> Mapping[str, Any]:
    """What the last run has left in its folder; nothing when there is none or it is not as it should be."""
    path = folder / NAME
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def save(folder: Path, searches: Mapping[str, Any]) -> None:
    """Leave it for the next run, unless there is nothing or too much."""
    text = json.dumps(searches, separators=(",", ":"))
    if searches and len(text) <= MOST_BYTES:
        (folder / NAME).write_text(text, encoding="ascii")
