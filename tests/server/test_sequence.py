"""A sequence in this process: who begins no frame does not keep its place."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from frisket.models import Registry
from frisket.protocol.reasons import Reason
from frisket.server.admission import Admission
from frisket.server.errors import ServiceError
from frisket.server.limits import Limits
from frisket.server.pool import ModelPool
from frisket.server.resources import Resources
from frisket.server.scheduler import Scheduler
from frisket.server.sequence import serve_sequence
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import sequence_pb2 as sequence_pb

OPENING = pb.OpenRequest(
    protocol_version=1,
    width=64,
    height=48,
    tile_format=pb.PIXEL_FORMAT_RGB8,
    proxy_width=64,
    proxy_height=48,
    proxy_format=pb.PIXEL_FORMAT_RGB8,
    options=pb.MatteOptions(model="fake"),
)


def test_a_client_that_begins_no_frame_is_let_go(tmp_path: Path) -> None:
    said: list[sequence_pb.SequenceMatteResponse] = []

    async def run() -> None:
        requests: asyncio.Queue[sequence_pb.SequenceMatteRequest | None] = asyncio.Queue()
        requests.put_nowait(sequence_pb.SequenceMatteRequest(open=OPENING))

        async def send(response: sequence_pb.SequenceMatteResponse) -> None:
            said.append(response)

        with contextlib.closing(Scheduler(1)) as scheduler:
            limits = Limits(frame_s=0.05, frames_in_flight=3)
            resources = Resources(
                ModelPool(Registry(tmp_path), "cpu", 1, limits), scheduler, limits
            )
            async with Admission(limits, "cpu").slot() as seat:
                await asyncio.wait_for(serve_sequence(resources, seat, requests.get, send), 30)

    with pytest.raises(ServiceError) as caught:
        asyncio.run(run())
    assert caught.value.reason is Reason.IDLE
    assert said[0].opened.max_frames == 3
