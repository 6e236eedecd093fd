"""The transport over grpcio, for the command line and for Python programs."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

# Read while grpc is imported: its C core would write to the terminal what is told in a
# sentence.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
from google.protobuf.message import Message

from frisket.client.address import Address
from frisket.client.errors import TransportError, read_delay, transport_error
from frisket.client.transport import CONNECT_TIMEOUT_S, PATIENCE
from frisket.protocol.limits import MAX_MESSAGE_BYTES
from frisket.protocol.methods import MATTE, MATTE_SEQUENCE
from frisket.protocol.reasons import CALL_TRAILER, REASON_TRAILER, RETRY_TRAILER
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import sequence_pb2 as sequence_pb

Sent = TypeVar("Sent", bound=Message)
Received = TypeVar("Received", bound=Message)
_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # A dead peer is noticed within half a minute even while nothing is being sent.
    ("grpc.keepalive_time_ms", int(PATIENCE.ping_s * 1000)),
    ("grpc.keepalive_timeout_ms", int(PATIENCE.pong_s * 1000)),
    # Of every ping; by default a minute, whatever the keepalive says.
    ("grpc.http2.ping_timeout_ms", int(PATIENCE.pong_s * 1000)),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_http_proxy", 0),
    # How long a connection may take; 20 s by default.
    ("grpc.min_reconnect_backoff_ms", int(CONNECT_TIMEOUT_S * 1000)),
]


class GrpcStream(Generic[Sent, Received]):
    """One stream over a grpcio channel.

    Args:
        channel: the connection.
        address: of the server.
        method: of the call.
        sent, received: the messages of either direction.
    """

    def __init__(
        self,
        channel: grpc.Channel,
        address: Address,
        method: str,
        sent: type[Sent],
        received: type[Received],
    ) -> None:
        self._address = address
        self._answered = False
        self._outbox: queue.SimpleQueue[Sent | None] = queue.SimpleQueue()
        multi = channel.stream_stream(
            method,
            request_serializer=sent.SerializeToString,
            response_deserializer=received.FromString,
        )
        self._call = multi(self._requests(), metadata=address.metadata)

    def _requests(self) -> Iterator[Sent]:
        # Bounded without a limit of its own: only tiles the server asked for enter it.
        while (request := self._outbox.get()) is not None:
            yield request

    def send(self, request: Sent) -> None:
        """Queue a request; grpcio sends it from a thread of its own."""
        self._outbox.put(request)

    def receive(self, timeout: float | None = None) -> Received | None:
        """Wait for the next response; keepalive, not `timeout`, notices a dead peer."""
        try:
            response: Received = next(self._call)
        except StopIteration:
            return None
        except grpc.RpcError as error:
            raise _translate(error, self._address, self._answered) from None
        self._answered = True
        return response

    def finish(self) -> None:
        """Half-close the stream."""
        self._outbox.put(None)

    def cancel(self) -> None:
        """Drop the stream."""
        self._outbox.put(None)
        self._call.cancel()


GrpcCall = GrpcStream[pb.MatteRequest, pb.MatteResponse]
GrpcSequenceCall = GrpcStream[sequence_pb.SequenceMatteRequest, sequence_pb.SequenceMatteResponse]


class GrpcTransport:
    """A grpcio channel to one server.

    Raises:
        TransportError: the address is none, or its certificate cannot be read.
    """

    def __init__(self, address: Address) -> None:
        address.host_and_port()
        self._address = address
        self._channel = _channel(address)

    def matte(self) -> GrpcCall:
        """Open a `Matte` stream."""
        messages = (pb.MatteRequest, pb.MatteResponse)
        return GrpcStream(self._channel, self._address, MATTE, *messages)

    def sequence(self) -> GrpcSequenceCall:
        """Open a stream of frames."""
        messages = (sequence_pb.SequenceMatteRequest, sequence_pb.SequenceMatteResponse)
        return GrpcStream(self._channel, self._address, MATTE_SEQUENCE, *messages)

    def unary(self, method: str, request: bytes, timeout: float) -> bytes:
        """Make a unary call with serialised messages.

        Raises:
            TransportError: any status but OK.
        """
        # The messages are serialised already; the stubs of grpcio do not know that case.
        call: Callable[..., bytes] = self._channel.unary_unary(method)
        try:
            reply = call(request, timeout=timeout, metadata=self._address.metadata)
        except grpc.RpcError as error:
            raise _translate(error, self._address) from None
        return reply

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


def _channel(address: Address) -> grpc.Channel:
    if not address.tls:
        return grpc.insecure_channel(address.target, options=_OPTIONS)
    # Loaded with TLS, which nobody needs for a server on this machine.
    from frisket.client.h2_tls import make_context

    named = [("grpc.ssl_target_name_override", address.name)] if address.name else []
    make_context(address)
    files = (address.ca_file, address.key, address.certificate)
    contents = (file.read_bytes() if file else None for file in files)
    credentials = grpc.ssl_channel_credentials(*contents)
    return grpc.secure_channel(address.target, credentials, options=[*_OPTIONS, *named])


def _translate(error: grpc.RpcError, address: Address, answered: bool = False) -> TransportError:
    """Turn grpcio's error into ours; find out why where the server never answered."""
    from frisket.client.probe import diagnose, distrust

    if not isinstance(error, grpc.Call):
        return transport_error("UNKNOWN", "", str(error))
    trailers = {str(key): value for key, value in error.trailing_metadata() or ()}
    reason = str(trailers.get(REASON_TRAILER, ""))
    details = error.details() or ""
    call = str(trailers.get(CALL_TRAILER, ""))
    delay_s = read_delay(str(trailers.get(RETRY_TRAILER, "")))
    found = transport_error(error.code().name, reason, details, call, delay_s)
    if answered:
        return found
    better = diagnose(address, found)
    # gRPC trusts a list of its own, which may lack what the system trusts.
    refused = better is found and "CERTIFICATE_VERIFY_FAILED" in details
    return distrust(address) if refused else better
