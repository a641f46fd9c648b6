"""A web server on loopback that sends parts of files, gives entity tags and counts what it sends."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Served:
    """What was asked: bytes sent per path, and the base URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sent: dict[str, int] = {}
        self.requests = 0


@contextmanager
def served(root: Path, parts: bool = True, tags: bool = True) -> Iterator[Served]:
    """Serve ``root``; without ``parts`` every request gets the whole file, without ``tags`` nothing dates it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # headers and body in one packet

        def log_message(self, *_: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(False)

        def do_GET(self) -> None:
            self._answer(True)

        def _answer(self, body: bool) -> None:
            path = root / self.path.lstrip("/")
            if path.is_dir():
                links = "".join(f'<a href="{item.name}">{item.name}</a>' for item in sorted(path.iterdir()))
                return self._send(200, links.encode(), {"Content-Type": "text/html"}, body)
            if not path.is_file():
                return self._send(404, b"", {}, body)
            size = path.stat().st_size
            headers = {"Accept-Ranges": "bytes" if parts else "none"}
            if tags:
                headers["ETag"] = f'"{path.stat().st_mtime_ns:x}-{size:x}"'
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if parts and asked:
                start, end = int(asked[1]), min(int(asked[2] or size), size - 1)
                headers["Content-Range"] = f"bytes {start}-{end}/{size}"
                with path.open("rb") as stream:
                    stream.seek(start)
                    return self._send(206, stream.read(end + 1 - start), headers, body)
            return self._send(200, path.read_bytes(), headers, body)

        def _send(self, code: int, data: bytes, headers: dict[str, str], body: bool) -> None:
            self.send_response(code)
            for name, value in (headers | {"Content-Length": str(len(data))}).items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                with lock:
                    said.sent[self.path] = said.sent.get(self.path, 0) + len(data)
                    said.requests += 1
                self.wfile.write(data)

    lock = threading.Lock()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    said = Served(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield said
    finally:
        server.shutdown()
        server.server_close()
