"""The same functions for asyncio: the work runs on a thread, the event loop never waits.

A task that is cancelled stops its work too, at the next message from the server.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy.typing as npt
from PIL import Image

from frisket.client.errors import Cancelled
from frisket.jobs.keywords import CutKeywords, File, MatteKeywords, RemoveKeywords
from frisket.jobs.many import cut
from frisket.jobs.pictures import Bytes, Picture
from frisket.jobs.remove import Sample, matte, remove
from frisket.jobs.task import CutOptions, CutResult

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


@overload
async def aremove(image: Bytes, **options: Unpack[RemoveKeywords]) -> bytes: ...
@overload
async def aremove(
    image: npt.NDArray[Sample], **options: Unpack[RemoveKeywords]
) -> npt.NDArray[Sample]: ...
@overload
async def aremove(image: File | Image.Image, **options: Unpack[RemoveKeywords]) -> Image.Image: ...
async def aremove(
    image: Picture, **options: Unpack[RemoveKeywords]
) -> bytes | Image.Image | npt.NDArray[Any]:
    """Return a picture without its background: `remove` for asyncio.

    Examples:
        >>> from frisket import aremove
        >>> async def cut_two():
        ...     return await asyncio.gather(aremove("portrait.png"), aremove("portrait.png"))
        >>> [cutout.size for cutout in asyncio.run(cut_two())]
        [(320, 240), (320, 240)]

    Args:
        image: as `remove` takes it.
        options: as `remove` takes them.

    Raises:
        FrisketError: what `remove` raises.
    """
    return await _run(remove, image, **options)


@overload
async def amatte(image: Bytes, **options: Unpack[MatteKeywords]) -> bytes: ...
@overload
async def amatte(image: npt.NDArray[Any], **options: Unpack[MatteKeywords]) -> npt.NDArray[Any]: ...
@overload
async def amatte(image: File | Image.Image, **options: Unpack[MatteKeywords]) -> Image.Image: ...
async def amatte(
    image: Picture, **options: Unpack[MatteKeywords]
) -> bytes | Image.Image | npt.NDArray[Any]:
    """Return the alpha of a picture's subject: `matte` for asyncio.

    Args:
        image: as `remove` takes it.
        options: as `matte` takes them.

    Raises:
        FrisketError: what `remove` raises.
    """
    return await _run(matte, image, **options)


async def acut(
    source: File, output: File, options: CutOptions | None = None, **keywords: Unpack[CutKeywords]
) -> CutResult:
    """Cut out a layer of a document and write the result: `cut` for asyncio.

    Args:
        source: as `cut` takes it.
        output: as `cut` takes it.
        options: as `cut` takes them.
        keywords: as `cut` takes them.

    Raises:
        FrisketError: what `cut` raises.
    """
    return await _run(cut, source, output, options, **keywords)


async def _run(work: Callable[..., T], *values: Any, **keywords: Any) -> T:
    """Run blocking work on a thread, and stop it when the task is cancelled."""
    stop = threading.Event()

    def watch(stage: str, done: int, total: int) -> None:
        if stop.is_set():
            raise Cancelled("Stopped before the matte was complete.")

    try:
        return await asyncio.to_thread(work, *values, progress=watch, **keywords)
    except asyncio.CancelledError:
        stop.set()
        raise
