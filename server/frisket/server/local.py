"""A local server's proof that it is the one that announced itself."""

from __future__ import annotations

from typing import Any

import grpc

from frisket.protocol.proof import make_proof
from frisket.v1 import local_pb2, local_pb2_grpc


class LocalService(local_pb2_grpc.LocalServiceServicer):
    """`frisket.v1.LocalService`.

    Args:
        token: that was announced.
        target: that was announced.
    """

    def __init__(self, token: str, target: str) -> None:
        self._token, self._target = token, target

    async def Prove(  # noqa: N802
        self,
        request: local_pb2.ProveRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> local_pb2.ProveResponse:
        """Answer the number that a client made up."""
        proof = make_proof(self._token, self._target, request.nonce)
        return local_pb2.ProveResponse(proof=proof)
