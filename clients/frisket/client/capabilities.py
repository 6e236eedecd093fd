"""What a server can do, asked over any transport. Standard library and protobuf only."""

from __future__ import annotations

from frisket.client.transport import Transport
from frisket.protocol.methods import GET_CAPABILITIES
from frisket.v1 import matting_pb2 as pb


def ask_capabilities(transport: Transport, timeout: float) -> pb.GetCapabilitiesResponse:
    """Return what the server at the other end says of itself.

    Args:
        transport: an open connection; stays open.
        timeout: seconds to wait.

    Raises:
        TransportError: it does not answer, or refuses.
    """
    reply = transport.unary(GET_CAPABILITIES, b"", timeout)
    return pb.GetCapabilitiesResponse.FromString(reply)
