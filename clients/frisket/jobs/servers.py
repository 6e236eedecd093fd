"""Several servers with the same work: which of them answer, and which has the most room."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, replace
from functools import partial

from frisket.client.address import Address
from frisket.client.capabilities import ask_capabilities
from frisket.client.errors import ClientError, NoServer, TransportError, transport_error
from frisket.client.transport import Connect
from frisket.jobs.beside import begin
from frisket.jobs.grpc_transport import GrpcTransport
from frisket.protocol.methods import HEALTH
from frisket.protocol.reasons import Reason

_ANSWER_S = 3.0
_AVOID_S = 5.0
"""How long a server that was lost is asked only when there is no other."""
_SERVING = b"\x08\x01"  # grpc.health.v1.HealthCheckResponse


@dataclass(frozen=True)
class _Answer:
    """What a server said of itself: its version, and what share of its places is taken."""

    address: Address
    transport: GrpcTransport
    version: str
    load: float


def split_targets(text: str) -> tuple[str, ...]:
    """Return the servers that a list names, each once, in their order."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def expand(address: Address) -> list[Address]:
    """Return a server's addresses, where its name has several of a kind; else itself."""
    host, port = address.host_and_port()
    found: dict[int, list[str]] = defaultdict(list)
    with contextlib.suppress(OSError, UnicodeError):
        for family, _, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            if str(place[0]) not in found[family]:
                found[family].append(str(place[0]))
    most = max(found.values(), key=len, default=[])
    if len(most) < 2:
        return [address]
    return [replace(address, target=_join(each, port), name=host) for each in most]


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Servers:
    """Chooses a server, and another one after a loss.

    Args:
        addresses: of at least one.

    Raises:
        TransportError: one of them is no address.
    """

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = [each for one in addresses for each in expand(one)]
        self._avoided: dict[str, float] = {}
        self._last = ""
        self._version = ""

    def lose(self) -> None:
        """Take note that the server that was chosen last was lost, or had no room."""
        self._avoided[self._last] = time.monotonic() + _AVOID_S

    def open(self) -> GrpcTransport:
        """Return a connection to the server with the most room of those that answer.

        Raises:
            NoServer: none answers, or they are of different versions.
            TransportError: the only one, or all, refuse.
        """
        if len(self._addresses) == 1:
            return GrpcTransport(self._addresses[0])
        now = time.monotonic()
        rested = [a for a in self._addresses if self._avoided.get(a.target, 0.0) <= now]
        answers, errors = _ask_all(rested)
        if not answers:
            answers, others = _ask_all([a for a in self._addresses if a not in rested])
            errors += others
        if not answers:
            raise _explain(self._addresses, errors)
        try:
            chosen = self._choose(answers)
        except NoServer:
            _close_all(answers)
            raise
        _close_all([one for one in answers if one is not chosen])
        self._last, self._version = chosen.address.target, chosen.version
        return chosen.transport

    def list_others(self) -> list[Connect]:
        """Return what connects to each server beside the chosen one that could do the same work."""
        rest = [one for one in self._addresses if one.target != self._last]
        if not self._last or not rest:
            return []
        answers, _ = _ask_all(rest)
        _close_all(answers)
        fitting = [one.address for one in answers if one.version == self._version]
        return [partial(GrpcTransport, address) for address in fitting]

    def _choose(self, answers: Sequence[_Answer]) -> _Answer:
        """Return the least busy of those with the version that was used before.

        Raises:
            NoServer: there is none, or the list has several versions from the beginning.
        """
        first = answers[0]
        wanted = self._version or first.version
        fitting = [one for one in answers if one.version == wanted]
        other = next((one for one in answers if one.version != wanted), None)
        if other is not None and not (self._version and fitting):
            where = f"and {first.address.target} has" if not self._version else "and used was"
            raise NoServer(
                f"The server {other.address.target} has version {other.version} {where} {wanted}, "
                "which may differ in its results: install one version on all servers of the list."
            )
        return min(fitting, key=lambda one: (one.load, random.random()))


def _ask_all(addresses: Sequence[Address]) -> tuple[list[_Answer], list[Exception]]:
    """Ask servers at the same time; return what they say, and why others do not."""
    asked = [begin(lambda one=one: _ask(one), "frisket-ask") for one in addresses]  # type: ignore[misc]
    wait(asked, 2 * _ANSWER_S)
    answers, errors = [], []
    for each in asked:
        if not each.done():
            continue
        error = each.exception()
        if isinstance(error, Exception):
            errors.append(error)
        else:
            answers.append(each.result())
    return answers, errors


def _ask(address: Address) -> _Answer:
    """Return what a healthy server says of itself.

    Raises:
        TransportError: it does not answer, refuses, or is not healthy.
    """
    with contextlib.ExitStack() as stack:
        transport = GrpcTransport(address)
        stack.callback(transport.close)
        if transport.unary(HEALTH, b"", _ANSWER_S) != _SERVING:
            sentence = f"The server {address.target} takes no work now."
            raise transport_error("UNAVAILABLE", Reason.DRAINING, sentence)
        found = ask_capabilities(transport, _ANSWER_S)
        stack.pop_all()
        load = found.sessions / max(1, found.max_sessions)
        return _Answer(address, transport, found.server_version, load)


def _close_all(answers: Sequence[_Answer]) -> None:
    for one in answers:
        one.transport.close()


def _explain(addresses: Sequence[Address], errors: Sequence[Exception]) -> ClientError:
    """Return why no server can be used: what one of them refuses says more than silence."""
    for error in _list_refusals(errors):
        return error
    names = ", ".join(one.target for one in addresses)
    why = f" ({errors[0]})" if errors else ""
    return NoServer(f"None of the servers {names} answers{why}.".replace(".)", ")"))


def _list_refusals(errors: Sequence[Exception]) -> Iterator[TransportError]:
    silent = ("UNAVAILABLE", "DEADLINE_EXCEEDED")
    return (e for e in errors if isinstance(e, TransportError) and e.code not in silent)
