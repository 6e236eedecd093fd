"""Videos and image sequences: frames in, mattes of frames out.

from frisket.jobs import video

video.matte_video(Path("clip.mp4"), Path("clip.mov"))

for frame, alpha in video.matte_frames("clip.mp4"):
    ...
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for true; importing `typing` would cost more
if TYPE_CHECKING:
    from typing import Any

    from frisket.jobs.video.frames import matte_frames
    from frisket.jobs.video.options import VideoOptions
    from frisket.jobs.video.video import VideoResult, matte_video

__all__ = ["VideoOptions", "VideoResult", "matte_frames", "matte_video"]

_HOMES = {
    "VideoOptions": "frisket.jobs.video.options",
    "VideoResult": "frisket.jobs.video.video",
    "matte_frames": "frisket.jobs.video.frames",
    "matte_video": "frisket.jobs.video.video",
}


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in.

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
