"""Matte a picture through the stream.

python stream_client.py HOST:PORT TOKEN IN OUT.png
"""

import queue
import sys
import zlib

import grpc
from PIL import Image

from frisket.v1 import matting_pb2 as pb
from frisket.v1 import matting_pb2_grpc

address, token, source, target = sys.argv[1:]
picture = Image.open(source).convert("RGB")
longest = max(2048, *picture.size)
across, down = (-(-side * 2048 // longest) for side in picture.size)  # rounded up
proxy = picture.resize((across, down), Image.Resampling.BOX).tobytes()


def pack(data):
    return pb.Pixels(data=data, packing=pb.PACKING_RAW, crc32=zlib.crc32(data))


def box(tile):
    x, y = tile % columns * size, tile // columns * size
    return x, y, min(x + size, picture.width), min(y + size, picture.height)


requests = queue.SimpleQueue()
start = pb.OpenRequest(
    protocol_version=1,
    client="example",
    tile_format=pb.PIXEL_FORMAT_RGB8,
    width=picture.width,
    height=picture.height,
    proxy_width=across,
    proxy_height=down,
    proxy_format=pb.PIXEL_FORMAT_RGB8,
)
requests.put(pb.MatteRequest(open=start))
step = (2 << 20) // (3 * across)  # rows in the 2 MiB that one message may hold
for row in range(0, down, step):
    data = proxy[row * across * 3 : (row + step) * across * 3]
    rows = pb.PlaneRows(
        plane=pb.PLANE_PROXY, first_row=row, row_count=len(data) // across // 3, pixels=pack(data)
    )
    requests.put(pb.MatteRequest(rows=rows))
alpha = Image.new("L", picture.size)
channel = grpc.insecure_channel(address)  # with TLS: grpc.secure_channel
call = matting_pb2_grpc.MattingServiceStub(channel).Matte(
    iter(requests.get, None), metadata=[("authorization", f"Bearer {token}")]
)
for answer in call:
    phase = answer.WhichOneof("phase")
    if phase == "opened":
        size, columns = answer.opened.tile_size, -(-picture.width // answer.opened.tile_size)
    elif phase == "solid":
        for run in answer.solid.opaque:
            for tile in range(run.first, run.first + run.count):
                alpha.paste(255, box(tile))
    elif phase == "need":
        for tile in (*answer.need.tile_ids, *answer.need.context_ids):
            pixels = pack(picture.crop(box(tile)).tobytes())
            requests.put(pb.MatteRequest(tile=pb.TilePixels(tile_id=tile, pixels=pixels)))
    elif phase == "alpha":
        x, y, right, bottom = box(answer.alpha.tile_id)
        data = answer.alpha.pixels.data
        alpha.paste(Image.frombytes("L", (right - x, bottom - y), data), (x, y))
    elif phase == "finished":
        requests.put(None)  # half-close: nothing more to ask
alpha.save(target)
