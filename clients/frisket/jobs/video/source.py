"""Where frames come from: a file that FFmpeg reads, or numbered pictures."""

from __future__ import annotations

from pathlib import Path

from frisket.jobs.video.film import Video
from frisket.jobs.video.pictures import Pictures, is_glob, is_pattern
from frisket.jobs.video.shape import Source


def open_source(path: Path, deinterlace: bool = False) -> Source:
    """Open a video or numbered pictures: `shot.%04d.png`, `shot.*.png`, or their folder.

    Args:
        path: of it.
        deinterlace: make whole frames of a video's interlaced ones.

    Raises:
        DocumentError: it is none of them, or cannot be read.
    """
    if is_pattern(path) or is_glob(path) or path.is_dir():
        return Pictures(path)
    return Video(path, deinterlace)
