"""A server of files on this machine that can break off, stall and refuse."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import ClassVar

import pytest

from frisket.models import (
    Source,
    manifest,
)

DATA = bytes(range(256)) * 4096


class Handler(BaseHTTPRequestHandler):
    cut_at: int | None = None
    stall_at: int | None = None
    ranges: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        asked = self.headers.get("Range")
        start = int(asked.split("=")[1].rstrip("-")) if asked else 0
        type(self).ranges.append(asked or "")
        if start > len(DATA):
            self.send_error(416)
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(DATA) - start))
        self.end_headers()
        body = DATA[start:]
        if (stall := type(self).stall_at) is not None:
            self.wfile.write(body[:stall])
            self.wfile.flush()
            while type(self).stall_at is not None:
                time.sleep(0.02)
            return
        cut = type(self).cut_at
        self.wfile.write(body if cut is None else body[:cut])

    def log_message(self, *args: object) -> None:
        pass


def source(url: str, sha256: str = "") -> Source:
    return Source("w.onnx", url, sha256 or hashlib.sha256(DATA).hexdigest())


def pin(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    """Let a known model come from a local server."""
    shipped = dict(manifest.read_shipped())
    md5 = hashlib.md5(DATA).hexdigest()
    shipped[name] = replace(shipped[name], sources=(Source("w.onnx", url, md5=md5, part="graph"),))
    monkeypatch.setattr(manifest, "read_shipped", lambda: shipped)
