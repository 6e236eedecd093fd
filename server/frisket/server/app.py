"""Assembles a server, keeps it until it is told to leave, and drains it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NoReturn

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from frisket.about import VERSION
from frisket.models import Registry
from frisket.protocol.devices import are_processors
from frisket.protocol.limits import MAX_MESSAGE_BYTES
from frisket.protocol.local_state import (
    LocalServer,
    describe_self,
    is_announced,
    remove_state,
    write_state,
)
from frisket.protocol.memory import memory_bytes
from frisket.server.admission import Admission
from frisket.server.budget import Budget
from frisket.server.calls import CallGuard, hush_unreadable
from frisket.server.child import ChildOpener
from frisket.server.coarse_cache import CoarseCache
from frisket.server.coarse_files import CoarseFiles
from frisket.server.config import Config, ConfigError, check
from frisket.server.door import Door
from frisket.server.guard import TokenGuard
from frisket.server.local import LocalService
from frisket.server.notify import READY, STOPPING, tell_systemd
from frisket.server.openers import LocalOpener
from frisket.server.pool import ModelPool
from frisket.server.reflection import SERVICE_NAME, Reflection
from frisket.server.resources import Resources
from frisket.server.scheduler import Scheduler
from frisket.server.service import MattingService, ModelService, SequenceService
from frisket.server.telemetry.log import open_log
from frisket.server.telemetry.meter import Meter, Standing
from frisket.server.tokens import TokenList
from frisket.v1 import (
    local_pb2_grpc,
    matting_pb2,
    matting_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
    sequence_pb2,
    sequence_pb2_grpc,
)

log = logging.getLogger(__name__)

_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Clients ping while they wait for a slow model; that is no abuse.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", 60_000),
    # A client that is gone is given up then; by default only a minute later.
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.ping_timeout_ms", 20_000),
    # Who connects and says nothing does not keep one of the connections.
    ("grpc.server_handshake_timeout_ms", 20_000),
    ("grpc.max_connection_idle_ms", 600_000),
    # Two servers on one port would share connections at random.
    ("grpc.so_reuseport", 0),
]
_HEARD_S = 1.0  # a server that leaves says so for so long, though nothing is open
_DRAIN_STEP_S = 0.05
_WATCH_STEP_S = 0.5
_CLOSE_S = 0.5  # for answers that are on their way
_COARSE_FILES_BYTES = 1 << 30
_PATIENCE_S = 5.0  # for a model that runs or opens
_SERVICES = (
    matting_pb2.DESCRIPTOR.services_by_name["MattingService"].full_name,
    models_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name,
    sequence_pb2.DESCRIPTOR.services_by_name["SequenceService"].full_name,
)


def _make_pool(config: Config) -> ModelPool:
    """Return the models of a server: a local one serves one user, and runs them itself."""
    registry = Registry()
    # A process for each device: what one loses does not take the others with it.
    make_opener = partial(LocalOpener if config.local else ChildOpener, registry)
    limits, pinned = config.limits, config.models
    rest = (limits, make_opener, config.keep_s, pinned)
    return ModelPool(registry, config.device, config.compute_threads, *rest)


def _make_cache(config: Config, budget: Budget) -> CoarseCache:
    """Return the cache of coarse alphas; it gives way to whatever else needs memory."""
    folder = config.coarse_folder
    files = CoarseFiles(folder, _COARSE_FILES_BYTES) if folder else None
    cache, rest = CoarseCache(config.coarse_bytes, files), budget.reclaim

    def reclaim(missing: int) -> int:
        freed = cache.drop(missing)
        budget.state("coarse", cache.taken_bytes)
        return freed + (rest(missing - freed) if freed < missing else 0)

    budget.reclaim = reclaim
    cache.tell = partial(budget.state, "coarse")
    return cache


def _make_meter(config: Config) -> tuple[Meter, contextlib.AbstractContextManager[str]]:
    """Return what hears of the server's work, and a block in which it tells; see `listen`."""
    if config.metrics is None:
        return Meter(), contextlib.nullcontext("")
    # What it needs is installed only where metrics are wanted.
    from frisket.server.telemetry.prometheus import PrometheusMeter, listen

    meter = PrometheusMeter(config.device)
    return meter, listen(meter, config.metrics)


def leave_if_stuck(status: int) -> None:
    """End the process when a thread works on that cannot be ended: Python would wait for it."""
    until = time.monotonic() + _CLOSE_S
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                log.warning("leaving while %s still works", thread.name)
                leave(status)


def leave(status: int) -> NoReturn:
    """End the process now, whatever its threads do."""
    logging.shutdown()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


class App:
    """One server process.

    Args:
        config: how it is set up.

    Raises:
        ConfigError: the setup is open to the world, or the address is taken.
    """

    def __init__(self, config: Config) -> None:
        check(config)
        open_log(config.access_log, config.local)
        self._config = config
        hush_unreadable()
        self._stop = asyncio.Event()
        self._mine: LocalServer | None = None
        self._leave_by = math.inf
        self._scheduler = Scheduler(config.compute_threads)
        self._pool = _make_pool(config)
        self._admission = Admission(config.limits, config.device)
        self._pool.make_room = self._admission.make_room
        self._door = Door(config.limits)
        self._meter, self._telling = _make_meter(config)
        self._health = health.aio.HealthServicer()
        self._server = self._assemble()
        self.target = self._bind()
        self._add_proof()

    def _assemble(self) -> grpc.aio.Server:
        config = self._config
        access, limits = config.access, config.limits
        guards: list[grpc.aio.ServerInterceptor] = []
        if access.closed:
            guards.append(TokenGuard(TokenList(access), self._meter))
        by_token = access.closed
        guards.append(CallGuard(self._admission, self._door, by_token=by_token, meter=self._meter))
        options = [
            *_OPTIONS,
            ("grpc.max_concurrent_streams", limits.calls_per_connection),
            ("grpc.max_allowed_incoming_connections", limits.connections),
        ]
        server = grpc.aio.server(options=options, interceptors=guards)
        budget = Budget(limits.memory or memory_bytes() // 2)
        if are_processors(config.device):  # elsewhere models lie in a memory of their own
            self._pool.share_memory(budget)
        cache = _make_cache(config, budget)
        self._resources = resources = Resources(self._pool, self._scheduler, limits, budget, cache)
        matting_pb2_grpc.add_MattingServiceServicer_to_server(
            MattingService(resources, self._admission), server
        )
        sequence_pb2_grpc.add_SequenceServiceServicer_to_server(
            SequenceService(resources, self._admission), server
        )
        models_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(resources), server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (*_SERVICES, health.SERVICE_NAME, SERVICE_NAME)
        server.add_generic_rpc_handlers((Reflection(names, self._meter),))
        return server

    def _bind(self) -> str:
        address, access = self._config.address, self._config.access
        host = address.rpartition(":")[0]
        try:
            if access.certificate and access.key:
                pair = (access.key.read_bytes(), access.certificate.read_bytes())
                roots = access.client_ca.read_bytes() if access.client_ca else None
                credentials = grpc.ssl_server_credentials([pair], roots, roots is not None)
                port = self._server.add_secure_port(address, credentials)
            else:
                port = self._server.add_insecure_port(address)
        except (RuntimeError, OSError) as error:
            raise ConfigError(f"{address} cannot be listened on: {error}.") from error
        return f"{host}:{port}"

    def _add_proof(self) -> None:
        if self._config.local:
            proof = LocalService(self._config.access.token, self.target)
            local_pb2_grpc.add_LocalServiceServicer_to_server(proof, self._server)

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until SIGTERM, SIGINT or the idle limit, then drain.

        Args:
            ready: called when calls are answered.

        Raises:
            ServiceError: a model named in the configuration cannot be opened.
            ConfigError: the announcement cannot be written.
        """
        try:
            for name in self._config.models:
                await self._pool.load(name)
            with self._telling as address:
                if address:
                    log.info("metrics are told on %s", address)
                await self._serve(ready)
        finally:
            left_s = self._leave_by - time.monotonic()
            await self._pool.close(max(_CLOSE_S, min(_PATIENCE_S, left_s)))
            self._scheduler.close()

    async def _serve(self, ready: Callable[[], None]) -> None:
        await self._server.start()
        try:
            await self._set_health(health_pb2.HealthCheckResponse.SERVING)
            self._listen_to_signals()
            with self._announced():
                log.info("frisket %s listens on %s", VERSION, self.target)
                ready()
                tell_systemd(READY)
                self._pool.prepare()
                watching = asyncio.ensure_future(self._watch())
                await self._until_told()
                watching.cancel()
            # Without its announcement: new clients start a fresh server, and nobody is sent to a
            # port that is free for others to take.
            await self._drain()
        finally:
            await self._server.stop(_CLOSE_S)

    async def _watch(self) -> None:
        """Let health say NOT_SERVING while a run takes longer than it may, and metrics all.

        Strangers that stay too long are sent away meanwhile.
        """
        told, port = False, int(self.target.rpartition(":")[2])
        while True:
            self._door.sweep(port)
            if self._config.metrics is not None:
                self._tell_standing()
            await asyncio.sleep(_WATCH_STEP_S)
            if told != self._pool.overdue:
                told = self._pool.overdue
                states = health_pb2.HealthCheckResponse
                await self._set_health(states.NOT_SERVING if told else states.SERVING)

    def _tell_standing(self) -> None:
        seats, peak = self._admission, self._resources.peak_bytes
        residents = self._pool.list_residents()
        self._meter.stand(Standing(seats.open, seats.limit, peak, residents))

    async def _until_told(self) -> None:
        idle = self._config.idle_exit_s
        while not self._stop.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stop.wait(), min(idle / 4, 5.0) if idle else 5.0)
            if self._admission.open:
                continue
            quiet = time.monotonic() - self._admission.last_call
            if idle and quiet > idle:
                log.info("leaving after %.0f s without a call", quiet)
                return
            if self._mine is not None and not is_announced(self._mine):
                log.info("leaving: no client is sent here any more")
                return

    async def _drain(self) -> None:
        """Say that the server leaves, on an open port, until nothing is open or time is up."""
        tell_systemd(STOPPING)
        end = self._leave_by = time.monotonic() + self._config.drain_s
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        self._admission.drain()
        # Who comes in these moments is told why; behind a closed port nobody is.
        heard = time.monotonic() + min(_HEARD_S, self._config.drain_s)
        while time.monotonic() < (end if self._admission.open else heard):
            await asyncio.sleep(_DRAIN_STEP_S)
        self._admission.expel()

    async def _set_health(self, status: int) -> None:
        for name in ("", *_SERVICES):
            await self._health.set(name, status)

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # Windows has no such handlers; there Ctrl-C ends the loop by itself.
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, self._hear, number)

    def _hear(self, number: int) -> None:
        """Begin to drain; leave at once when told again."""
        if self._stop.is_set():
            log.warning("leaving at once: told again")
            leave(128 + number)
        self._stop.set()

    def stop(self) -> None:
        """Begin to drain; may be called on the event loop only."""
        self._stop.set()

    @contextlib.contextmanager
    def _announced(self) -> Iterator[None]:
        """Tell this user's clients where the server is, while it serves."""
        if not self._config.local:
            yield
            return
        token, device = self._config.access.token, self._config.device
        mine = describe_self(self.target, token, VERSION, device)
        try:
            write_state(mine)
        except OSError as error:
            raise ConfigError(f"{error.filename} cannot be written: {error.strerror}.") from error
        self._mine = mine
        try:
            yield
        finally:
            remove_state(mine)
