"""Clients that behave badly: they cancel, vanish, are killed, send garbage, and do not read."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from dataclasses import dataclass

from frisket.client.errors import ClientError
from frisket.client.transport import Call, Connect
from frisket.loadtest.record import Record, Until
from frisket.loadtest.victim import begin, run_victim

_REST_S = 0.2
_MEGAPIXELS = (0.3, 2.0)


@dataclass
class Troublemaker:
    """Disturbs a server in one way after another.

    Attributes:
        connect: reaches the server; it can be pickled.
        address: host:port, for garbage.
        record: disturbances are counted there.
        until: when to stop.
        dice: chooses.
    """

    connect: Connect
    address: str
    record: Record
    until: Until
    dice: random.Random

    def work(self) -> None:
        """Disturb until the end; what the server answers does not matter."""
        ways = (self._cancel, self._vanish, self._kill, self._send_garbage, self._read_slowly)
        while not self.until.is_over():
            way = self.dice.choice(ways)
            with contextlib.suppress(ClientError, OSError):
                way()
            self.record.disturb(way.__name__.strip("_"))
            self.until.pause(_REST_S)

    def _begin(self, call: Call) -> None:
        begin(call, self.dice.choice(_MEGAPIXELS))

    def _cancel(self) -> None:
        transport = self.connect()
        try:
            call = transport.matte()
            self._begin(call)
            for _ in range(self.dice.randrange(4)):
                call.receive()
            call.cancel()
        finally:
            transport.close()

    def _vanish(self) -> None:
        """Close the connection under a stream."""
        transport = self.connect()
        self._begin(transport.matte())
        time.sleep(self.dice.uniform(0, 0.5))
        transport.close()

    def _kill(self) -> None:
        """Kill a client, a process of its own, under a stream."""
        with run_victim(self.connect, self.dice.choice(_MEGAPIXELS)):
            time.sleep(self.dice.uniform(0, 0.5))

    def _send_garbage(self) -> None:
        host, _, port = self.address.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), 5) as peer:
            peer.sendall(self.dice.randbytes(4096))
            time.sleep(self.dice.uniform(0, 0.2))

    def _read_slowly(self) -> None:
        transport = self.connect()
        try:
            call = transport.matte()
            self._begin(call)
            for _ in range(3):
                self.until.pause(1.0)
                call.receive()
        finally:
            transport.close()
