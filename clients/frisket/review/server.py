"""Carries requests between a socket of the loopback and a function that answers them.

Bounded are the threads, the size of requests (`http.server` bounds head and number of headers), and
how long anybody may say nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import socketserver
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from frisket.jobs.choices import BadOption
from frisket.review.guard import HEADERS
from frisket.review.http import MAX_BODY_BYTES, Refusal, Request, Response, answer_json

HOST = "127.0.0.1"
_THREADS = 32
_PATIENCE_S = 10.0
_MAX_FIELDS = 20
Answer = Callable[[Request], Response]


class PortTaken(BadOption):
    """A port cannot be listened on."""


class PageServer(ThreadingHTTPServer):
    """Answers requests on the loopback; see `open_server`."""

    daemon_threads = True
    request_queue_size = 64
    # On Windows it would let two programs share a port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, port: int, answer: Answer) -> None:
        self._places = threading.BoundedSemaphore(_THREADS)
        super().__init__((HOST, port), partial(_Handler, answer))

    def server_bind(self) -> None:
        """Bind, without asking for the machine's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.server_port}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread, as soon as there is one; hang up when there is none for long."""
        if not self._places.acquire(timeout=1.0):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, on a thread of its own."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: whoever hangs up in the middle is no fault of the page's."""


def open_server(port: int, answer: Answer) -> PageServer:
    """Return a server that listens; `serve_forever` lets it answer.

    Args:
        port: 0 for any that is free.
        answer: called on any thread; raises `Refusal`.

    Raises:
        PortTaken: it cannot be had.
    """
    try:
        return PageServer(port, answer)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Another program listens on port {port}; give another --port, or none."
            ) from error
        reason = (error.strerror or str(error)).lower()
        raise PortTaken(f"Port {port} cannot be used ({reason}); give another --port.") from error


class _Handler(BaseHTTPRequestHandler):
    """Reads one request after another of a connection."""

    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE_S

    def __init__(self, answer: Answer, *arguments: Any) -> None:
        self._answer = answer
        super().__init__(*arguments)

    def setup(self) -> None:
        super().setup()
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        """Answer."""
        try:
            response = self._answer(self._read_request())
        except Refusal as refusal:
            response = answer_json({"error": str(refusal)}, refusal.status)
        except OSError:
            raise  # the other side hung up
        except Exception as error:
            told = f"Something unexpected went wrong ({type(error).__name__}: {error})."
            response = answer_json({"error": told}, 500)
        self._send(response)

    do_POST = do_GET  # noqa: N815 (the names are `http.server`'s)

    def _read_request(self) -> Request:
        body = self._read_body()
        try:
            target = urlsplit(self.path)
            query = dict(parse_qsl(target.query, max_num_fields=_MAX_FIELDS))
        except ValueError:
            raise Refusal(400, "The address makes no sense.") from None
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, target.path, query, headers, body)

    def _read_body(self) -> bytes:
        # What is not read would be taken for the next request.
        self.close_connection = True
        if self.headers.get("transfer-encoding"):
            raise Refusal(411, "The body must tell its length.")
        told = self.headers.get("content-length", "0")
        if not (told.isascii() and told.isdecimal() and len(told) < 16):
            raise Refusal(400, "The length of the body is no number.")
        if int(told) > MAX_BODY_BYTES:
            raise Refusal(413, "The body is too large.")
        body = self.rfile.read(int(told))
        if self.headers.get("connection", "").lower() != "close":
            self.close_connection = self.request_version == "HTTP/1.0"
        return body

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        headers = {"Content-Type": response.kind, "Cache-Control": "no-store", **HEADERS}
        for name, value in {**headers, **response.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body)

    def version_string(self) -> str:
        """Return the program's name, without versions."""
        return "frisket"

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal is for people."""
