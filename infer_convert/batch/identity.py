"""Names made from content: what makes a conversion the same conversion.

A result is named after the source's SHA-256, the tool's version, the options that change what is written and the hints.
Digests of files that have not changed since (size, times, inode; a remote file's size and entity tag) are remembered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

from infer_convert import __version__
from infer_convert.batch.remote import fingerprint
from infer_convert.batch.sources import Source
from infer_convert.hints import Hints
from infer_convert.processes.digest import sha256

READERS_AT_ONCE = 4
"""Threads that compute digests (hashlib lets other threads run)."""


def stamp(source: Source) -> str | None:
    """What tells that a source has not changed; None when nothing does (a server without entity tags)."""
    if source.remote:
        return None if source.tag is None else fingerprint(source.place, source.bytes, source.tag)
    facts = []
    for path in (source.place, *source.parts):
        found = Path(path).stat()
        facts.append([path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino])
    return hashlib.sha256(json.dumps(facts).encode("utf-8", "surrogatepass")).hexdigest()


def digest(source: Source) -> str:
    """SHA-256 of a local file; for a shard index over the digests of the index and its shards, with their names."""
    own = sha256(Path(source.place))
    if not source.parts:
        return own
    parts = [[Path(part).name, sha256(Path(part))] for part in source.parts]
    return hashlib.sha256(json.dumps([own, parts]).encode("utf-8", "surrogatepass")).hexdigest()


def digests(sources: Iterable[Source], known: Mapping[str, str]) -> dict[str, tuple[str | None, str]]:
    """``place -> (stamp, SHA-256)`` of local sources, computed only where ``known`` (stamp -> digest) has none.

    A file that cannot be read has the empty digest; converting it will say why.
    """

    def one(source: Source) -> tuple[str, tuple[str | None, str]]:
        try:
            mark = stamp(source)
            return source.place, (mark, known.get(mark or "") or digest(source))
        except OSError:
            return source.place, (None, "")

    with ThreadPoolExecutor(READERS_AT_ONCE) as threads:
        return dict(threads.map(one, sources))


def facts_key(content: str, large: bool = False) -> str:
    """Name of the facts of one content (a digest or a fingerprint); ``large``: read with the limits lifted."""
    return _key(["facts", __version__, content, large])


def result_key(content: str, settings: Mapping[str, Any], hints: Hints) -> str:
    """Name of one conversion. ``settings`` are the options that change what is written."""
    return _key(["result", __version__, content, dict(settings), hints_json(hints)])


def hints_json(hints: Hints) -> dict[str, Any]:
    """Every field of the hints as JSON values in a stable order."""
    return {item.name: _stable(getattr(hints, item.name)) for item in fields(hints)}


def _stable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return sorted(([_stable(key), _stable(item)] for key, item in value.items()), key=json.dumps)
    if isinstance(value, frozenset | set):
        return sorted(map(_stable, value), key=json.dumps)
    return [_stable(item) for item in value] if isinstance(value, list | tuple) else value


def _key(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
