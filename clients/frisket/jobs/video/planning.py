"""Which frames are sent in which order, so that every segment has the same bytes in any run."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from frisket.client.options import HintSet
from frisket.jobs.video.matting import SourceFrame
from frisket.jobs.video.segments import RUN_IN
from frisket.jobs.video.shape import Frame, Source

Hints = Mapping[int, HintSet]


def plan_frames(
    source: Source,
    first: int,
    last: int | None,
    begin: int,
    segment: int,
    hints: Hints = MappingProxyType({}),
) -> Iterator[SourceFrame]:
    """Yield the frames to send.

    A segment begins anew with the frames before it as its run-in, in a whole run as in a range or
    after a kill.

    Args:
        source: where frames are from.
        first: place of the first frame that is wanted.
        last: place after the last one; None for the end.
        begin: number of the first segment that is wanted.
        segment: frames of one.
        hints: what is said of frames, by their places.
    """
    numbers, before = itertools.count(), deque[Frame](maxlen=RUN_IN)
    wanted = max(first, begin * segment)
    # With hints all is one segment, and a range would begin with all that lies before it.
    start = max(0, (wanted if hints else begin * segment) - RUN_IN)
    now = begin
    for frame in source.read(start):
        if last is not None and frame.place >= last:
            return
        restart = frame.place == start
        if frame.place // segment > now:
            now, restart = frame.place // segment, True
            # A damaged film lacks frames: a range would not have those before them either.
            for earlier in (one for one in before if one.place >= now * segment - RUN_IN):
                yield _send(next(numbers), earlier, restart, True, hints)
                restart = False
        yield _send(next(numbers), frame, restart, frame.place < wanted, hints)
        before.append(frame)


def _send(number: int, frame: Frame, restart: bool, run_in: bool, hints: Hints) -> SourceFrame:
    said = hints.get(frame.place)
    return SourceFrame(number, frame.rgb, restart, run_in, frame.place, frame.pts, hints=said)
