"""The calls of `frisket.v1` that the clients make, as gRPC names them."""

from __future__ import annotations

MATTE = "/frisket.v1.MattingService/Matte"
GET_CAPABILITIES = "/frisket.v1.MattingService/GetCapabilities"
MATTE_SEQUENCE = "/frisket.v1.SequenceService/Matte"
MATTE_IMAGE = "/frisket.v1.MattingService/MatteImage"
LOAD_MODEL = "/frisket.v1.ModelService/LoadModel"
UNLOAD_MODEL = "/frisket.v1.ModelService/UnloadModel"
PROVE = "/frisket.v1.LocalService/Prove"
HEALTH = "/grpc.health.v1.Health/Check"
"""The standard health check, which needs no token."""
