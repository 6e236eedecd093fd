"""Tells of a server in the words of Prometheus, on a port that only this machine can reach.

No label holds what a client said: they are values of enumerations, statuses, and the names of
models and devices that this server knows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import TCPServer
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector

from frisket.about import VERSION
from frisket.protocol.reasons import CLIENT_REASONS, Reason
from frisket.server.config import ConfigError, is_loopback
from frisket.server.telemetry.meter import Meter, Method, Stage, Standing
from frisket.server.turns import Priority

HOST = "127.0.0.1"
PATH = "/metrics"
_SECONDS = tuple(step * scale for scale in (0.001, 0.01, 0.1, 1, 10, 100) for step in (1, 2.5, 5))
_PICTURES = (1, 2, 3, 4, 5, 6, 7, 8)
_PATIENCE_S = 5.0

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class PrometheusMeter(Meter):
    """Keeps what happens as metrics.

    Args:
        device: that the server was asked to run on.
    """

    def __init__(self, device: str) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        about = Info("frisket_server", "The server.", registry=registry)
        about.info({"version": VERSION, "device": device})
        self._known: set[tuple[str, str]] = set()  # models of the last look
        self._make_histograms(registry)
        self._make_gauges(registry)
        errors = Counter(
            "frisket_errors", "Calls of any kind that ended with a reason.", ["reason"],
            registry=registry,
        )  # fmt: skip
        self._errors = {
            reason: errors.labels(reason.value) for reason in Reason if reason not in CLIENT_REASONS
        }

    def _make_histograms(self, registry: CollectorRegistry) -> None:
        def make(name: str, text: str, *labels: str) -> Histogram:
            return Histogram(name, text, labels, registry=registry, buckets=_SECONDS)

        self._calls = make(
            "frisket_request_duration_seconds",
            "Calls that matte, without the time that a complete result rested.",
            "method", "outcome",
        )  # fmt: skip
        queues = make("frisket_queue_duration_seconds", "Work in a line.", "class")
        self._queues = {one: queues.labels(one.name.lower()) for one in Priority}
        stages = make(
            "frisket_stage_duration_seconds", "One stay in a stage, without lines.", "stage"
        )
        self._stages: dict[Stage, Histogram] = {
            one: stages.labels(one.value) for one in Stage if one is not Stage.QUEUE
        }
        self._first = make("frisket_first_alpha_seconds", "From a call's start to its first mask.")
        self._batches = Histogram(
            "frisket_batch_size", "Pictures in one run of a model.", registry=registry,
            buckets=_PICTURES,
        )  # fmt: skip

    def _make_gauges(self, registry: CollectorRegistry) -> None:
        pending = Gauge("frisket_pending", "Work that waits.", ["class"], registry=registry)
        self._pending = {one: pending.labels(one.name.lower()) for one in Priority}
        self._residents = Gauge(
            "frisket_model_resident_bytes", "What a model takes in memory.",
            ["model", "device"], registry=registry,
        )  # fmt: skip
        self._sessions = Gauge("frisket_sessions", "Places that are taken.", registry=registry)
        self._places = Gauge("frisket_sessions_limit", "Places that there are.", registry=registry)
        self._peak = Gauge(
            "frisket_peak_bytes", "The most memory so far, with the models' process.",
            registry=registry,
        )  # fmt: skip

    def enter_line(self, priority: Priority) -> None:
        """Count a piece of work that waits."""
        self._pending[priority].inc()

    def leave_line(self, priority: Priority, seconds: float) -> None:
        """Count it no more, and keep how long it waited."""
        self._pending[priority].dec()
        self._queues[priority].observe(seconds)

    def pass_stage(self, stage: Stage, seconds: float) -> None:
        """Keep how long a stage took."""
        self._stages[stage].observe(seconds)

    def run_batch(self, pictures: int) -> None:
        """Keep how many pictures a run has."""
        self._batches.observe(pictures)

    def show_first(self, seconds: float) -> None:
        """Keep how long a first mask took."""
        self._first.observe(seconds)

    def refuse(self, reason: Reason) -> None:
        """Count a reason."""
        self._errors[reason].inc()

    def end_call(self, method: Method, outcome: str, seconds: float) -> None:
        """Keep how long a call took."""
        self._calls.labels(method.value, outcome).observe(seconds)

    def stand(self, standing: Standing) -> None:
        """Keep how the server stands."""
        self._sessions.set(standing.sessions)
        self._places.set(standing.max_sessions)
        self._peak.set(standing.peak_bytes)
        sizes: dict[tuple[str, str], int] = {}
        for one in standing.residents:
            key = (one.model, one.device)
            sizes[key] = sizes.get(key, 0) + one.size
        for key in self._known - sizes.keys():
            self._residents.remove(*key)
        for key, size in sizes.items():
            self._residents.labels(*key).set(size)
        self._known = set(sizes)

    def write(self) -> bytes:
        """Return everything as text."""
        return generate_latest(self._registry)

    def answer(self, request: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """Answer an HTTP request, as WSGI has it."""
        # A page in a browser can reach this port under a name of its own.
        host = str(request.get("HTTP_HOST", "")).rpartition(":")[0]
        if not is_loopback(host):
            return _refuse(start, "403 Forbidden", "Ask for 127.0.0.1.")
        if request.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return _refuse(start, "405 Method Not Allowed", "Only GET is answered.")
        if request.get("PATH_INFO") != PATH:
            return _refuse(start, "404 Not Found", f"Metrics are at {PATH}.")
        text = self.write()
        start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST), ("Content-Length", str(len(text)))])
        return [text]


def _refuse(start: StartResponse, status: str, sentence: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain")])
    return [sentence.encode() + b"\n"]


class _Handler(WSGIRequestHandler):
    timeout = _PATIENCE_S  # for a client that connects and says nothing

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a scrape is no news."""


class _Server(WSGIServer):
    def server_bind(self) -> None:
        """Bind without asking the system for the host's name, which may ask a network."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that left is no news."""


@contextmanager
def listen(meter: PrometheusMeter, port: int) -> Iterator[str]:
    """Answer on a port of 127.0.0.1 in the block, one request at a time.

    Args:
        meter: what is told.
        port: 0 lets the system choose.

    Yields:
        the address, as a browser takes it.

    Raises:
        ConfigError: the port cannot be listened on.
    """
    try:
        server = _Server((HOST, port), _Handler)
    except OSError as error:
        raise ConfigError(f"--metrics: port {port} cannot be listened on: {error}.") from error
    server.set_app(meter.answer)
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}{PATH}"
    finally:
        server.shutdown()
        server.server_close()
