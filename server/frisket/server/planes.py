"""Reads what travels in rows and has the proxy's size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from frisket.matting import MattingOptions
from frisket.matting.engine.types import Bytes
from frisket.protocol.reasons import Reason
from frisket.server.channel import LayerChannel
from frisket.server.errors import ServiceError
from frisket.server.requests import Opening
from frisket.server.resources import Resources
from frisket.server.scheduler import Share
from frisket.server.telemetry.meter import Stage
from frisket.server.telemetry.trace import measure
from frisket.server.wire import Array, Plane, PlaneReader

_HURRY_S = 0.25  # who sends for longer has a slow line, for which nobody else should wait


async def read_planes(
    resources: Resources,
    share: Share,
    channel: LayerChannel,
    opening: Opening,
    planes: Sequence[Plane],
) -> Mapping[int, Bytes]:
    """Collect the announced planes, each from its first row to its last.

    Raises:
        ServiceError: BAD_PROXY, BAD_MESSAGE, or BAD_ORDER for anything but rows; IDLE when they
            take too long together.
    """
    reader = PlaneReader(opening.proxy_size, planes, opening.proxy_format)
    deadline = channel.limit(resources.limits.planes_s, "send every row of its planes")
    with deadline, share.hurry(_HURRY_S):
        while not reader.complete:
            with measure(Stage.CLIENT):
                request = await channel.next()
            if request is None:
                message = "The stream ended before the whole proxy came."
                raise ServiceError(Reason.BAD_PROXY, message)
            if not request.HasField("rows"):
                phase = request.WhichOneof("phase") or "an empty message"
                raise ServiceError(
                    Reason.BAD_ORDER, f"'{phase}' came where rows of a plane were announced."
                )
            with measure(Stage.READ):
                await share.show(partial(reader.add, request.rows))
    return reader.planes()


def cut_tile(opening: Opening, proxy: Bytes, tile: int) -> Array:
    """Return a tile's pixels (h, w) or (h, w, 3) where the proxy is the layer; else only zeros."""
    x, y, width, height = opening.grid.rect(tile)
    if not opening.proxy_is_layer:
        return np.zeros((height, width), np.uint8)
    pixels = proxy[y : y + height, x : x + width]
    return pixels[..., 0] if opening.tile_format.channels == 1 else pixels[..., :3]


def place_coarse(opening: Opening, planes: Mapping[int, Bytes]) -> Opening:
    """Return an opening whose coarse alpha, if any, has the pixels that came for it."""
    alpha = planes.get(Plane.COARSE)
    if opening.coarse is None or alpha is None:
        return opening
    return replace(opening, coarse=replace(opening.coarse, alpha=alpha))


def place_planes(options: MattingOptions, planes: Mapping[int, Bytes]) -> MattingOptions:
    """Return options whose hints have the planes that came for them."""
    trimap, prior = planes.get(Plane.TRIMAP), planes.get(Plane.PRIOR)
    return replace(options, hints=replace(options.hints, trimap=trimap, prior=prior))
