"""How often a model looks at a picture: once, or at its mirror image too."""

from __future__ import annotations

import asyncio

from frisket.models import Coarse, average_mirrored, mirror_picture, mirror_prompt
from frisket.server.pool import Loaded, Picture
from frisket.v1 import matting_pb2 as pb

_TWICE = (pb.QUALITY_HIGH, pb.QUALITY_BEST)


async def look(loaded: Loaded, picture: Picture, quality: int) -> Coarse:
    """Return the model's coarse alpha; from `high` on, the mean with its mirror image's.

    Raises:
        ModelError: the model failed.
    """
    if quality not in _TWICE:
        return await loaded.batcher.submit(picture)
    prompt = mirror_prompt(picture.prompt, picture.rgb.shape[1])
    both = (picture, Picture(mirror_picture(picture.rgb), prompt))
    plain, mirror = await asyncio.gather(*(loaded.batcher.submit(one) for one in both))
    return average_mirrored(plain, mirror)
