"""Files behind URLs, through fsspec: ``s3://``, ``gs://``, ``https://``, members of zip archives.

Facts are read with ranged requests of a few kilobytes; a file that is converted is fetched once, whole. fsspec is the
extra ``[remote]``; it is imported when the first URL is met.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from infer_convert.errors import UnreadableFile, UsageError

TAGS: tuple[str, ...] = ("ETag", "etag", "md5Hash", "Content-MD5", "Digest", "CRC")
"""What file systems call the fingerprint of the content in ``info`` (fsspec 2026.9: http, s3fs, gcsfs, zip)."""
DATES: tuple[str, ...] = ("Last-Modified", "LastModified", "mtime", "updated", "last_modified")

WHOLE_BYTES = 1 << 19
"""Files up to this size are fetched in one request."""
SMALLEST_BLOCK = 1 << 11
LARGEST_BLOCK = 1 << 16
BLOCKS_PER_FILE = 1 << 16
"""A block is this fraction of the file: a network of 300 tensors touches about a thousand blocks, 2 % of the file."""


@dataclass(frozen=True, slots=True)
class Item:
    """One remote file: its name (host or bucket first), URL, size and entity tag."""

    name: str
    url: str
    bytes: int
    tag: str | None


def is_url(text: str) -> bool:
    """Whether the text names something for fsspec: ``scheme://…``, also chained with ``::``."""
    return re.match(r"[a-z][a-z0-9+.-]+://", text, re.IGNORECASE) is not None


def listed(url: str, suffixes: tuple[str, ...]) -> Iterator[Item]:
    """The files of a URL: itself, the matches of its pattern, or everything below it that has one of ``suffixes``.

    Raises UsageError when there is nothing, the scheme is unknown, or the package for it is not installed.
    """
    filesystem, path = _filesystem(url)
    with _said(url):
        if "*" in path:
            names = [str(name) for name in filesystem.glob(path)]
        elif _is_folder(filesystem, path):
            names = [str(name) for name in filesystem.find(path) if str(name).lower().endswith(suffixes)]
        else:
            names = [path]
    if not names:
        raise UsageError(f"there is no weight file at {url}")
    for name in sorted(names):
        with _said(url):
            info = filesystem.info(name)
        size = info.get("size")
        if info.get("type") == "directory":
            continue
        if size is None:
            raise UsageError(f"{url}: the server does not tell the size of {name}")
        full = _full_url(filesystem, url, name)
        yield Item(_name(url, name), full, int(size), _tag(info, url, full))


def _is_folder(filesystem: Any, path: str) -> bool:
    if path.endswith("/") or path == "":
        return True
    return not PurePosixPath(path).suffix and bool(filesystem.isdir(path))


def _filesystem(url: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(
            f"{url} is read with fsspec, which is not installed: pip install infer-convert[remote]"
        ) from error
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{url}: {error}") from error
    except OSError as error:
        raise UsageError(f"{url}: {error or type(error).__name__}") from error
    return filesystem, str(path)


@contextmanager
def _said(url: str) -> Iterator[None]:
    """Whatever a file system raises (they are many) as one line of ours."""
    try:
        yield
    except (UsageError, UnreadableFile):
        raise
    except FileNotFoundError as error:
        raise UsageError(f"there is nothing at {url}") from error
    except Exception as error:
        raise UsageError(f"{url} cannot be reached: {type(error).__name__} {error}"[:300]) from error


def _full_url(filesystem: Any, url: str, name: str) -> str:
    """The URL of one name of a listing; a chained URL keeps what stands behind its ``::``."""
    first, chained, rest = url.partition("::")
    if chained:
        return f"{first.partition('://')[0]}://{name}::{rest}"
    return name if is_url(name) else str(filesystem.unstrip_protocol(name))


def _name(url: str, name: str) -> str:
    _, chained, rest = url.partition("::")
    outer = re.sub(r"^[a-z0-9+.-]+://", "", rest, flags=re.IGNORECASE).partition("?")[0]
    inner = re.sub(r"^[a-z0-9+.-]+://", "", name, flags=re.IGNORECASE).partition("?")[0]
    return f"{PurePosixPath(outer).name}/{inner}" if chained else inner


def _tag(info: dict[str, Any], url: str, full: str) -> str | None:
    """The entity tag, or the date of change; for a member of an archive together with the archive's own."""
    own = next((f"{key}:{info[key]}" for key in (*TAGS, *DATES) if info.get(key)), None)
    _, chained, outer = url.partition("::")
    if not chained or own is None:
        return own
    filesystem, path = _filesystem(outer)
    with _said(outer):
        around = filesystem.info(path)
    archive = next((f"{key}:{around[key]}" for key in (*TAGS, *DATES) if around.get(key)), None)
    return None if archive is None else f"{own} in {archive} of {around.get('size')}"


def fingerprint(url: str, size: int, tag: str | None) -> str:
    """A name for the content as far as the server tells it (hexadecimal, 64 digits)."""
    return hashlib.sha256(json.dumps([url, size, tag]).encode()).hexdigest()


def block_size(size: int) -> int:
    """Bytes of one ranged request for a file of ``size`` bytes: a power of two."""
    block = 1 << max(size // BLOCKS_PER_FILE, 1).bit_length()
    return min(max(block, SMALLEST_BLOCK), LARGEST_BLOCK)


def is_ranged(url: str, size: int) -> bool:
    """Whether reading a part pays: not for small files, nor for members of archives, which are packed."""
    return size > WHOLE_BYTES and "::" not in url


@contextmanager
def opened(url: str, size: int) -> Iterator[BinaryIO]:
    """The file as a seekable stream that requests blocks as they are read and keeps every one.

    Raises UnreadableFile when the server answers no ranged requests (fetch it whole then).
    """
    filesystem, path = _filesystem(url)
    with _said(url):
        stream = filesystem.open(
            path, "rb", block_size=block_size(size), cache_type="blockcache", cache_options={"maxblocks": 1 << 20}
        )
    with stream:
        if not stream.seekable():
            raise UnreadableFile(f"{url}: expected a server that sends parts of files, found one that does not")
        yield stream


def fetched_bytes(stream: BinaryIO) -> int:
    """What has been requested through a stream of ``opened``."""
    return int(stream.cache.total_requested_bytes)  # type: ignore[attr-defined]


def fetch(url: str, target: Path) -> None:
    """Download one file to ``target``. Raises UnreadableFile when that fails half-way."""
    filesystem, path = _filesystem(url)
    try:
        with filesystem.open(path, "rb", block_size=1 << 22) as stream, target.open("wb") as copy:
            shutil.copyfileobj(stream, copy, 1 << 20)
    except Exception as error:
        raise UnreadableFile(f"{url}: expected the whole file, found {type(error).__name__} {error}"[:300]) from error
