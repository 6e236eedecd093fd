"""Whole frames from interlaced ones, by FFmpeg's bwdif: from a frame and its two neighbours."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from frisket.jobs.video.pyav import load_av

NEIGHBOURS = 2
"""Frames before one that decide its bytes, at least."""


def deinterlace(
    path: Path, frames: Iterable[tuple[int, Any]]
) -> Iterator[tuple[int, int | None, Any]]:
    """Yield places, time stamps and whole frames.

    Args:
        path: of the file, for messages.
        frames: places and frames of FFmpeg, one after another.
    """
    av = load_av(path)
    graph: Any = None
    waiting: deque[tuple[int, int | None]] = deque()
    for place, frame in frames:
        if graph is None:
            graph = _build(av, frame)
        waiting.append((place, frame.pts))
        frame.pts = place
        graph.push(frame)
        yield from _pull(av, graph, waiting)
    if graph is not None:
        graph.push(None)
        yield from _pull(av, graph, waiting)


def _build(av: Any, frame: Any) -> Any:
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    # One frame for each that comes, whatever the file says of it: the user has asked.
    steps = [source, graph.add("bwdif", "mode=send_frame:deint=all"), graph.add("buffersink")]
    graph.link_nodes(*steps)
    graph.configure()
    return graph


def _pull(
    av: Any, graph: Any, waiting: deque[tuple[int, int | None]]
) -> Iterator[tuple[int, int | None, Any]]:
    while True:
        try:
            whole = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        yield (*waiting.popleft(), whole)
