"""What to convert: files, folders, globs, manifests and URLs become one sorted list of sources with unique names."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from infer_convert.batch import remote
from infer_convert.errors import UsageError

SUFFIXES: tuple[str, ...] = (".h5", ".hdf5", ".keras", ".weights.json")
"""What a folder is searched for; files of another name count when they begin with ``HDF5``."""

HDF5 = b"\x89HDF\r\n\x1a\n"
MANIFESTS: tuple[str, ...] = (".txt", ".lst")
ARCHIVES: tuple[str, ...] = (".zip",)
_SHARD_INDEX = ".weights.json"
_SAFE = re.compile(r"[^\w.+@=-]")


@dataclass(frozen=True, slots=True)
class Source:
    """One input. ``name`` is its unique, relative name in the report and under ``files/``; ``place`` a path or a URL.

    ``bytes`` counts ``parts`` (shards beside an index) too. ``tag`` is a remote file's entity tag or date of change,
    None when its server gives none.
    """

    name: str
    place: str
    bytes: int
    remote: bool = False
    tag: str | None = None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was found but not taken, and why."""

    name: str
    reason: str


def gather(
    paths: Sequence[str], include: Sequence[str] = (), exclude: Sequence[str] = (), max_bytes: int | None = None
) -> tuple[tuple[Source, ...], tuple[Skipped, ...]]:
    """Everything that ``paths`` name, sorted by name.

    ``include`` and ``exclude`` are patterns for the relative name or its last part (``*.h5``, ``old/*``). A path that
    is given twice is taken once. Raises UsageError for a path, glob or manifest line that names nothing.
    """
    found: dict[str, Source] = {}
    for path in paths:
        for source in _expanded(path, several=len(paths) > 1):
            found.setdefault(source.place, source)
    taken, skipped = [], []
    for source in _unique(sorted(found.values(), key=lambda item: (item.name, item.place))):
        reason = _reason(source, include, exclude, max_bytes)
        if reason is None:
            taken.append(source)
        else:
            skipped.append(Skipped(source.name, reason))
    return tuple(taken), tuple(skipped)


def _reason(source: Source, include: Sequence[str], exclude: Sequence[str], max_bytes: int | None) -> str | None:
    if include and not _matches(source.name, include):
        return f"no --include pattern matches ({', '.join(include)})"
    if _matches(source.name, exclude):
        return f"an --exclude pattern matches ({', '.join(exclude)})"
    if max_bytes is not None and source.bytes > max_bytes:
        return f"{source.bytes} bytes, more than --max-bytes {max_bytes}"
    return None


def _matches(name: str, patterns: Iterable[str]) -> bool:
    last = PurePosixPath(name).name
    return any(fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(last, pattern) for pattern in patterns)


def _expanded(text: str, several: bool, base: Path | None = None) -> Iterator[Source]:
    if text.startswith("file://"):
        text = text.removeprefix("file://")
    if remote.is_url(text):
        for item in remote.listed(text, SUFFIXES):
            yield Source(_clean(item.name), item.url, item.bytes, True, item.tag)
        return
    path = (base or Path()) / Path(text).expanduser()
    if path.is_dir():
        yield from _folder(path, several)
    elif path.suffix in MANIFESTS and path.is_file() and base is None:
        yield from _manifest(path)
    elif path.suffix in ARCHIVES and path.is_file():
        yield from _expanded(f"zip://::{path.absolute()}", several)
    elif path.is_file():
        yield _local(path, path.name)
    else:
        root = _constant_part(path)
        pattern = str(path.relative_to(root))
        matches = [match for match in sorted(root.glob(pattern)) if match.is_file()] if glob.has_magic(pattern) else []
        if not matches:
            raise UsageError(f"there is no file, folder or match {path}")
        for match in matches:
            yield _local(match, str(match.relative_to(root)))


def _manifest(path: Path) -> Iterator[Source]:
    """One path, glob or URL a line, relative to the manifest; blank lines and those with ``#`` first are ignored."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UsageError(f"manifest {path}: expected UTF-8 text, found {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                for source in _expanded(line.strip(), False, path.parent):
                    name = source.name if source.remote else _relative(source.place, path.parent.absolute())
                    yield replace(source, name=_clean(name))
            except UsageError as error:
                raise UsageError(f"manifest {path}, line {number}: {error}") from error


def _relative(place: str, folder: Path) -> str:
    path = Path(place)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name


def _constant_part(path: Path) -> Path:
    """The folders of a glob before its first pattern."""
    kept: list[str] = []
    for part in path.parts[:-1]:
        if glob.has_magic(part):
            break
        kept.append(part)
    return Path(*kept) if kept else Path()


def _folder(root: Path, several: bool) -> Iterator[Source]:
    """Weight files below a folder; linked folders are not followed, shards are part of their index."""
    for where, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in _without_shards(sorted(names)):
            path = Path(where, name)
            if _is_candidate(path):
                relative = path.relative_to(root)
                yield _local(path, str(Path(root.absolute().name, relative) if several else relative))


def _without_shards(names: Sequence[str]) -> list[str]:
    stems = [name.removesuffix(_SHARD_INDEX) for name in names if name.endswith(_SHARD_INDEX)]
    shards = {name for name in names for stem in stems if _is_shard(name, stem)}
    return [name for name in names if name not in shards]


def _is_shard(name: str, stem: str) -> bool:
    """keras/src/saving/saving_lib.py, ``ShardedH5IOStore``: ``<stem>_00000.weights.h5``."""
    return re.fullmatch(rf"{re.escape(stem)}_\d{{5}}\.weights\.h5", name) is not None


def _is_candidate(path: Path) -> bool:
    if not path.is_file():
        return False
    if path.name.lower().endswith(SUFFIXES):
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(len(HDF5)) == HDF5
    except OSError:
        return False


def _local(path: Path, name: str) -> Source:
    path = path.absolute()
    parts: tuple[str, ...] = ()
    if path.name.endswith(_SHARD_INDEX):
        stem = path.name.removesuffix(_SHARD_INDEX)
        parts = tuple(sorted(str(other) for other in path.parent.iterdir() if _is_shard(other.name, stem)))
    size = path.stat().st_size + sum(Path(part).stat().st_size for part in parts)
    return Source(_clean(name), str(path), size, parts=parts)


def _clean(name: str) -> str:
    """A relative path that is safe on every disk: odd characters as ``%41``, never empty, ``.`` or ``..``."""
    parts = [part for part in PurePosixPath(name.replace(os.sep, "/")).parts if part not in ("/", ".", "..", "")]
    return "/".join(_SAFE.sub(_escaped, part)[:200] for part in parts) or "file"


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))


def _unique(sources: Iterable[Source]) -> Iterator[Source]:
    """Names made unique (also where letters' case does not count) with ``~2``, ``~3``, …"""
    used: set[str] = set()
    for source in sources:
        name, number = source.name, 1
        while name.casefold() in used:
            number += 1
            name = f"{source.name}~{number}"
        used.add(name.casefold())
        yield replace(source, name=name)
