"""The transport in pure Python, for hosts whose Python takes no compiled module.

gRPC over h2, hpack and hyperframe. Every call has a connection of its own: a host has one
or two at a time, and to drop a connection is the surest way to cancel.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from google.protobuf.message import Message

from frisket.client.address import Address
from frisket.client.errors import TransportError, transport_error
from frisket.client.h2_exchange import Exchange
from frisket.client.h2_framing import Status, request_headers
from frisket.client.h2_socket import Wire
from frisket.client.probe import diagnose
from frisket.client.transport import PATIENCE, Patience
from frisket.protocol.limits import MAX_MESSAGE_BYTES
from frisket.protocol.methods import MATTE, MATTE_SEQUENCE
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import sequence_pb2 as sequence_pb

Sent = TypeVar("Sent", bound=Message)
Received = TypeVar("Received", bound=Message)


class _Line:
    """An exchange on a wire, for any number of threads.

    Whoever waits also reads and writes for the others: one thread at a time sleeps on the
    socket, without the lock; the rest sleep on the condition. Whoever waits notices a peer that
    is silent, too: the kernel of one that hangs still takes connections and bytes.
    """

    def __init__(self, address: Address, path: str, timeout: float, patience: Patience) -> None:
        scheme = "https" if address.tls else "http"
        headers = request_headers(path, address.target, scheme, address.metadata, timeout)
        self._address = address
        self._wire = Wire(address)
        self._exchange = Exchange(headers, MAX_MESSAGE_BYTES)
        self._changed = threading.Condition()
        self._pumping = False
        self._open = True
        self._patience = patience
        self._heard = self._pinged = time.monotonic()

    def send(self, message: bytes) -> None:
        """Send a message; returns when the peer's window and the socket have taken it."""
        with self._diagnosed(), self._changed:
            self._raise_if_failed()
            if self._exchange.status is not None:
                # The peer has said all it will: what it said is still to be received.
                return
            self._exchange.offer(message)
            self._flush()
            if self._held_back():
                # The peer may be waiting for us to read before it reads again.
                self._exchange.acknowledge()
                # A thread that sleeps in `wait` does not yet watch for room to write.
                self._wire.wake()
                self._pump_until(lambda: not self._held_back(), None)
            self._raise_if_failed()

    def receive(self, timeout: float | None) -> bytes | None:
        """Return the next message, or None at the clean end."""
        with self._diagnosed(), self._changed:
            self._pump_until(lambda: bool(self._exchange.inbox), timeout)
            message = self._exchange.take()
            if message is None:
                self._raise_if_failed()
            else:
                self._flush()
            return message

    def finish(self) -> None:
        """Half-close."""
        with self._changed:
            self._exchange.close()
            self._flush()

    def drop(self) -> None:
        """End the call at once, waking whoever waits."""
        with self._changed:
            self._exchange.reset()
            self._flush()
            self._wire.wake()
            self._changed.notify_all()

    def close(self) -> None:
        """Release the socket."""
        with self._changed:
            self._open = False
            self._wire.close()

    @contextlib.contextmanager
    def _diagnosed(self) -> Iterator[None]:
        """Find out why a peer that never answered does not; without the lock, for it takes time."""
        try:
            yield
        except TransportError as error:
            raise error if self._exchange.answered else diagnose(self._address, error) from None

    def _held_back(self) -> bool:
        return self._exchange.stuck or (self._wire.full and self._exchange.status is None)

    def _pump_until(self, ready: Callable[[], bool], timeout: float | None) -> None:
        """Move bytes both ways until `ready` or the end of the call."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not ready() and self._exchange.status is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise _gone_silent()
            pause = self._watch()
            if left is not None:
                pause = min(pause, left)
            if self._exchange.status is not None:
                return
            if self._pumping:
                self._changed.wait(pause)
            else:
                self._pump(pause)

    def _watch(self) -> float:
        """Ping a silent peer, and give it up in the end; return when to look again, in seconds."""
        now, patience = time.monotonic(), self._patience
        silent_s = now - self._heard
        if not self._exchange.answered:
            return self._give_up(patience.pong_s - silent_s)
        if silent_s < patience.ping_s:
            return patience.ping_s - silent_s
        if self._pinged <= self._heard:
            self._pinged = now
            self._exchange.ping()
            self._flush()
        return self._give_up(patience.pong_s - (now - self._pinged))

    def _give_up(self, left_s: float) -> float:
        if left_s <= 0:
            self._fail(_gone_silent())
        return max(0.0, left_s)

    def _pump(self, timeout: float | None) -> None:
        """Sleep on the socket without the lock, then take in what came."""
        if self._take_in():
            return
        self._pumping = True
        self._changed.release()
        try:
            self._wire.wait(timeout)
        finally:
            self._changed.acquire()
            self._pumping = False
            self._changed.notify_all()
        self._take_in()

    def _take_in(self) -> bool:
        """Read once; tell whether anything came."""
        try:
            data = self._wire.read() if self._open else b""
        except TransportError as error:
            self._fail(error)
            return True
        if data is not None:
            self._heard = time.monotonic()
            self._exchange.absorb(data)
        self._flush()
        return data is not None

    def _flush(self) -> None:
        if not self._open:
            return
        try:
            self._wire.write(self._exchange.output())
        except TransportError as error:
            self._fail(error)

    def _fail(self, error: TransportError) -> None:
        # A server that refuses may close before it has read everything: its reason is
        # perhaps still in the socket, and says more than "broken pipe".
        while self._exchange.status is None and (data := self._last_words()):
            self._exchange.absorb(data)
        if self._exchange.status is None:
            self._exchange.status = Status(error.code, error.reason, str(error))

    def _last_words(self) -> bytes:
        try:
            return self._wire.read() or b""
        except TransportError:
            return b""

    def _raise_if_failed(self) -> None:
        status = self._exchange.status
        if status is not None and status.code != "OK":
            raise status.error()


def _gone_silent() -> TransportError:
    return transport_error("UNAVAILABLE", "", "The server has gone silent.")


class H2Stream(Generic[Sent, Received]):
    """One stream on a connection of its own.

    Args:
        address: of the server.
        patience: with a silent one.
        method: of the call.
        received: the message that comes.
    """

    def __init__(
        self, address: Address, patience: Patience, method: str, received: type[Received]
    ) -> None:
        self._line = _Line(address, method, 0, patience)
        self._received = received

    def send(self, request: Sent) -> None:
        """Send a request; blocks for flow control, reading meanwhile."""
        self._line.send(request.SerializeToString())

    def receive(self, timeout: float | None = None) -> Received | None:
        """Wait for the next response; None at the clean end of the stream."""
        message = self._line.receive(timeout)
        return None if message is None else self._received.FromString(message)

    def finish(self) -> None:
        """Half-close the stream."""
        self._line.finish()

    def cancel(self) -> None:
        """Drop the stream; any thread may call it."""
        self._line.drop()

    def close(self) -> None:
        """Release the connection."""
        self._line.close()


H2Call = H2Stream[pb.MatteRequest, pb.MatteResponse]
H2SequenceCall = H2Stream[sequence_pb.SequenceMatteRequest, sequence_pb.SequenceMatteResponse]


class H2Transport:
    """Connections to one server, opened as they are needed.

    Args:
        address: of the server.
        patience: with one that is silent.
    """

    def __init__(self, address: Address, patience: Patience = PATIENCE) -> None:
        self._address, self._patience = address, patience
        self._calls: list[H2Call | H2SequenceCall] = []

    def matte(self) -> H2Call:
        """Open a `Matte` stream."""
        call: H2Call = H2Stream(self._address, self._patience, MATTE, pb.MatteResponse)
        self._calls.append(call)
        return call

    def sequence(self) -> H2SequenceCall:
        """Open a stream of frames."""
        received = sequence_pb.SequenceMatteResponse
        call: H2SequenceCall = H2Stream(self._address, self._patience, MATTE_SEQUENCE, received)
        self._calls.append(call)
        return call

    def unary(self, method: str, request: bytes, timeout: float) -> bytes:
        """Make a unary call with serialised messages.

        Raises:
            TransportError: any status but OK.
        """
        line = _Line(self._address, method, timeout, self._patience)
        try:
            line.send(request)
            line.finish()
            reply = line.receive(timeout)
            # The status comes behind the message.
            line.receive(timeout)
        finally:
            line.close()
        if reply is None:
            raise transport_error("INTERNAL", "", "The server answered with nothing.")
        return reply

    def close(self) -> None:
        """Drop every stream and its connection."""
        while self._calls:
            call = self._calls.pop()
            call.cancel()
            call.close()
