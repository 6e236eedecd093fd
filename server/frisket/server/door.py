"""Who may stay connected: a stranger for a short time only, and one address so often.

gRPC accepts connections itself and counts no more than all of them. The door looks at the
process's own sockets again and again, and shuts those that it does not want.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import stat
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

from frisket.server.limits import Limits

log = logging.getLogger(__name__)

_OWN_FILES = Path("/dev/fd")
_NETWORK_BITS = 64  # of IPv6: whoever has one such address has all that begin like it
_SAY_EVERY_S = 60.0

Host: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"


@dataclass(frozen=True)
class Peer:
    """The other end of a connection.

    Attributes:
        host: its address; one of IPv4 is the same however it was reached.
        port: its port, by which its connections are told apart.
    """

    host: Host
    port: int

    @property
    def origin(self) -> object:
        """What counts as one address."""
        if self.host.version == 4:
            return self.host
        return ipaddress.ip_network((self.host, _NETWORK_BITS), strict=False)


def make_peer(host: str, port: int) -> Peer:
    """Return a peer.

    Raises:
        ValueError: the host is no numeric address.
    """
    address = ipaddress.ip_address(host.partition("%")[0])
    return Peer(getattr(address, "ipv4_mapped", None) or address, port)


def read_peer(text: str) -> Peer | None:
    """Read a peer as gRPC names it: `ipv4:1.2.3.4:5`, `ipv6:%5B::1%5D:5`; None for no address."""
    kind, _, rest = unquote(text).partition(":")
    host, _, port = rest.rpartition(":")
    if kind not in ("ipv4", "ipv6") or not port.isdecimal():
        return None
    try:
        return make_peer(host.strip("[]"), int(port))
    except ValueError:
        return None


@dataclass(frozen=True)
class Guest:
    """A connection.

    Attributes:
        peer: its other end.
        since: when it was first seen.
        known: a call with a token that the server knows has come by it.
    """

    peer: Peer
    since: float
    known: bool


def choose_unwelcome(guests: Sequence[Guest], limits: Limits, now: float) -> list[Guest]:
    """Return the connections to close.

    Strangers that have been there longest go first: who has just come may be about to call.

    Args:
        guests: all connections.
        limits: of connections.
        now: on the clock of `since`.
    """
    strangers = sorted((one for one in guests if not one.known), key=lambda one: one.since)
    late = sum(now - one.since > limits.stranger_s for one in strangers)
    closed, waiting = strangers[:late], strangers[late:]
    known = sorted((one for one in guests if one.known), key=lambda one: -one.since)
    places = defaultdict[object, list[Guest]](list)
    for one in (*waiting, *known):
        places[one.peer.origin].append(one)
    for together in places.values():
        closed += together[: max(0, len(together) - limits.connections_per_address)]
    gone = set(closed)
    waiting = [one for one in waiting if one not in gone]
    return closed + waiting[: max(0, len(waiting) - _count_strangers(limits))]


def _count_strangers(limits: Limits) -> int:
    return limits.strangers or (limits.connections + 1) // 2


class Door:
    """Closes connections beyond the limits.

    Args:
        limits: of connections.
        clock: seconds that only rise.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._since: dict[Peer, float] = {}
        self._known: set[Peer] = set()
        self._closed, self._said = 0, -_SAY_EVERY_S

    def welcome(self, peer: str) -> None:
        """Take note of a call that may be made; `peer` is as gRPC names it."""
        if found := read_peer(peer):
            self._known.add(found)

    def sweep(self, port: int) -> None:
        """Close what nobody wants of the connections to a port of this process."""
        now, there = self._clock(), set(list_peers(port))
        self._since = {peer: self._since.get(peer, now) for peer in there}
        self._known &= there
        guests = [Guest(peer, since, peer in self._known) for peer, since in self._since.items()]
        unwelcome = {one.peer for one in choose_unwelcome(guests, self._limits, now)}
        if unwelcome:
            shut(port, unwelcome)
            self._tell(len(unwelcome), now)

    def _tell(self, count: int, now: float) -> None:
        self._closed += count
        if now - self._said >= _SAY_EVERY_S:
            log.info("connections closed, of strangers or of one address: %d", self._closed)
            self._closed, self._said = 0, now


def list_peers(port: int) -> Iterator[Peer]:
    """Yield the other ends of this process's connections to a port of its own."""
    for _, peer in _list_connections(port):
        yield peer


def shut(port: int, unwelcome: Collection[Peer]) -> None:
    """End connections: gRPC sees each at its end, and lets go of it."""
    for connection, peer in _list_connections(port):
        if peer in unwelcome:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has ended by itself


def _list_connections(port: int) -> Iterator[tuple[socket.socket, Peer]]:
    """Yield connections; each can be used until the next one."""
    for number in _list_sockets():
        try:
            # One of our own for a moment: gRPC may close its own meanwhile.
            connection = socket.socket(fileno=os.dup(number))
        except OSError:
            continue
        with connection:
            if peer := _find_peer(connection, port):
                yield connection, peer


def _list_sockets() -> list[int]:
    """Return the numbers of this process's sockets; none where the system does not tell."""
    try:
        numbers = [int(file.name) for file in _OWN_FILES.iterdir() if file.name.isdecimal()]
    except OSError:
        return []
    return [number for number in numbers if _is_socket(number)]


def _is_socket(number: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False


def _find_peer(connection: socket.socket, port: int) -> Peer | None:
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    try:
        own: Any = connection.getsockname()
        other: Any = connection.getpeername()
        return make_peer(other[0], other[1]) if own[1] == port else None
    except (OSError, ValueError):
        return None
