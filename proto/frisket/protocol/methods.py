"""The calls of `frisket.v1.MattingService` that the clients make, as gRPC names them."""

from __future__ import annotations

MATTE = "/frisket.v1.MattingService/Matte"
GET_CAPABILITIES = "/frisket.v1.MattingService/GetCapabilities"
