"""From a server's messages to what they mean. Standard library and protobuf only.

Nothing from a server is trusted: sizes and checksums are compared before bytes are used.
"""

from __future__ import annotations

import zlib

from frisket.client.errors import ProtocolError, read_call
from frisket.client.events import Judgement, Opened, Outcome
from frisket.protocol.grid import TileRect
from frisket.v1 import matting_pb2 as pb


def unpack(pixels: pb.Pixels, expected: int) -> bytes:
    """Check and unpack pixels of a known size.

    Args:
        pixels: as received.
        expected: bytes after unpacking.

    Raises:
        ProtocolError: checksum or size differ.
    """
    if zlib.crc32(pixels.data) != pixels.crc32:
        raise ProtocolError("Pixels arrived damaged: their checksum differs.")
    data = pixels.data
    if pixels.packing == pb.PACKING_ZLIB:
        # Bounded: a small message cannot unpack to more than was announced.
        try:
            data = zlib.decompressobj().decompress(data, expected + 1)
        except zlib.error as error:
            raise ProtocolError(f"Pixels arrived damaged: {error}.") from error
    if len(data) != expected:
        raise ProtocolError(f"Pixels of {len(data)} bytes arrived where {expected} belong.")
    return data


def read_opened(message: pb.OpenedResponse) -> Opened:
    """Return what an `opened` message says."""
    return Opened(
        message.model,
        message.device,
        message.tile_size,
        message.tile_count,
        message.notice,
        message.server_version,
        read_call(message.call),
    )


def read_outcome(message: pb.FinishedResponse) -> Outcome:
    """Return what a `finished` message says."""
    statistics = message.statistics
    return Outcome(
        cancelled=message.cancelled,
        subject=_read_rect(message.subject) if message.HasField("subject") else None,
        covered_share=message.covered_share,
        method=message.method,
        judgement=_read_judgement(message.assessment),
        tiles_total=statistics.tiles_total,
        tiles_needed=statistics.tiles_needed,
        tiles_solid=statistics.tiles_solid,
        model_seconds=statistics.model_seconds,
        solve_seconds=statistics.solve_seconds,
        refine_seconds=statistics.refine_seconds,
        server_peak_bytes=statistics.server_peak_bytes,
    )


def _read_judgement(message: pb.Assessment) -> Judgement:
    return Judgement(
        edge=message.edge,
        semantic=message.semantic,
        overall=message.overall,
        needs_review=message.needs_review,
        reasons=tuple(message.reasons),
        doubt=message.doubt,
    )


def _read_rect(message: pb.Rect) -> TileRect:
    return TileRect(message.x, message.y, message.width, message.height)
