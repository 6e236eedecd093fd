"""Another video, or numbered pictures, as the background of every frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from frisket.documents.core.pixels import convert_depth
from frisket.finish.scene import Facts, Scene, Sheet
from frisket.finish.vips import embed, from_array, round_to
from frisket.jobs.video.comparing import is_movie
from frisket.jobs.video.matting import Samples
from frisket.jobs.video.pictures import is_pattern
from frisket.jobs.video.source import open_source


def open_footage(background: str) -> Footage | None:
    """Return the frames that a background names; None where it names something else.

    Raises:
        DocumentError: there is such a file, and it cannot be read.
    """
    return Footage(Path(background)) if is_footage(background) else None


def is_footage(background: str) -> bool:
    """Tell whether a background names a video or a pattern; a folder may be called as a colour."""
    return is_movie(Path(background)) or is_pattern(Path(background))


class Footage:
    """Frames for places; behind the last one they begin again.

    Args:
        path: as of `open_source`.

    Raises:
        DocumentError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._source = open_source(path)
        self._count = 0  # of its frames, once that had to be known
        self._place, self._frames = 0, self._source.read()

    def find(self, place: int) -> Samples:
        """Return the frame (height, width, 3) for a place; cheapest for one after another.

        Raises:
            DocumentError: it cannot be read on.
        """
        if place != self._place:
            self._frames = self._source.read(place % self._count if self._count else place)
        frame = next(self._frames, None)
        if frame is None:
            self._count = self._count or sum(1 for _ in self._source.read())
            self._frames = self._source.read(place % self._count)
            frame = next(self._frames)
        self._place = place + 1
        return frame.rgb


@dataclass(frozen=True, eq=False)
class Behind:
    """A background of a finish: a picture that covers the canvas.

    Attributes:
        picture: (height, width, 3) uint8 or uint16, sRGB.
    """

    picture: Samples
    opaque = True

    def check(self, facts: Facts) -> None:
        """Accept everything."""

    def apply(self, scene: Scene) -> Scene:
        """Return the scene above the picture."""
        image = from_array(convert_depth(self.picture, scene.space.depth))
        scale = max(scene.width / image.width, scene.height / image.height)
        wide = round_to(image.resize(scale), image.format)
        x, y = round((scene.width - wide.width) / 2), round((scene.height - wide.height) / 2)
        return scene.lay(Sheet("Background", embed(wide, x, y, scene.width, scene.height)), 0)
