"""What is to be done with a video, as plain values that check themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.client.options import HintSet
from frisket.finish.options import choose_frame_steps
from frisket.finish.scene import Facts
from frisket.finish.space import Space
from frisket.jobs.choices import BadOption, check_choice
from frisket.jobs.connection import ServerChoice
from frisket.jobs.hint_files import HintFiles, hint_set
from frisket.jobs.video.matting import PROXY_SIDES
from frisket.jobs.video.movie import CUTOUT, FINISHED, MATTE
from frisket.jobs.video.segments import SEGMENT
from frisket.jobs.video.shape import Source
from frisket.protocol.choices import DEFAULT_QUALITY, QUALITIES

if TYPE_CHECKING:
    from frisket.finish.chain import Finish

KINDS = (MATTE, CUTOUT, FINISHED)
_WHOLE = 1 << 40  # frames of a segment that never ends: hints hold on
_SHALLOW = frozenset({".webm", ".mp4"})  # whose samples have 8 bits


@dataclass(frozen=True)
class VideoOptions:
    """How to matte a video.

    Attributes:
        kind: "matte", "cutout" or "finished"; empty follows from the rest.
        background: as of `frisket finish --background`, or another video; it makes the kind
            "finished".
        model: empty for the server's default.
        quality: one of `frisket.protocol.choices.QUALITIES`.
        first: place of the first frame, from 0.
        last: place after the last one; None for the end.
        overwrite: whether an output that is there already is replaced.
        segment: frames after which the work begins anew and is kept; runs of one number give the
            same bytes.
        server: which server.
        start, end: seconds from the first frame on, instead of `first` and `last`; None for those.
        deinterlace: make whole frames of interlaced ones.
        preview: a JPEG with small pictures of some frames; None for none.
        hints: by the places of their frames: each holds from there on, moved along with the
            picture, up to a scene cut or the next of them. The work is one segment then.
        number: of the first picture that is written; None for its number in the source.
        finishing: more of `frisket finish`, by the names of `FRAME_STEPS`, for cutouts too.

    Raises:
        BadOption: one of them has a value that does not exist.
    """

    kind: str = ""
    background: str = ""
    model: str = ""
    quality: str = DEFAULT_QUALITY
    first: int = 0
    last: int | None = None
    overwrite: bool = False
    segment: int = SEGMENT
    server: ServerChoice = field(default_factory=ServerChoice)
    start: Fraction | None = None
    end: Fraction | None = None
    deinterlace: bool = False
    preview: Path | None = None
    hints: Mapping[int, HintFiles] = field(default_factory=dict)
    number: int | None = None
    finishing: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_choice("quality", self.quality, QUALITIES)
        kind = self.kind or (FINISHED if self.background else CUTOUT)
        check_choice("kind", kind, KINDS)
        if (kind == FINISHED) != bool(self.background):
            raise BadOption(
                "A background makes a finished video, and a finished video needs a background: "
                "name one, or leave the kind out."
            )
        object.__setattr__(self, "kind", kind)
        self._check_finishing()
        if self.hints:
            object.__setattr__(self, "segment", _WHOLE)
        if self.segment < 1:
            raise BadOption(f"segment={self.segment} is not possible: give 1 frame or more.")
        if self.number is not None and self.number < 0:
            raise BadOption(f"number={self.number} is not possible: give 0 or more.")
        if self.first < 0 or (self.last is not None and self.last <= self.first):
            raise BadOption(f"The range {self.first}:{self.last} holds no frame.")
        if (self.start is not None and self.first) or (self.end is not None and self.last):
            raise BadOption("A range is given in frames or in time, not in both.")
        if (self.start or 0) < 0 or (self.end is not None and self.end <= (self.start or 0)):
            raise BadOption("The range in time holds no frame: it ends before it begins.")

    def _check_finishing(self) -> None:
        given = choose_frame_steps(self.finishing)
        object.__setattr__(self, "finishing", given)
        if given and self.kind == MATTE:
            raise BadOption(
                f"A matte is written as it is, and {next(iter(given))} is for finished frames: "
                "leave it out, or ask for a cutout."
            )

    def place_hints(self, source: Source) -> dict[int, HintSet]:
        """Return the hints, held against the frames that they are said of.

        Raises:
            FrisketError: one does not lie in its frame, or there is no such frame.
        """
        shape = source.shape
        for place in self.hints:
            if not self.first <= place < (self.last or shape.count or place + 1):
                raise BadOption(f"There are hints for frame {place}, which is not worked on.")
        side = PROXY_SIDES[self.quality]
        return {
            place: hint_set(said, shape.width, shape.height, side)
            for place, said in self.hints.items()
        }

    def find_range(self, source: Source) -> VideoOptions:
        """Return the same with a range in time turned into frames of a source.

        Raises:
            BadOption: no frame lies in it.
        """
        if self.start is None and self.end is None:
            return self
        first = self.first if self.start is None else source.find_place(self.start)
        last = self.last if self.end is None else source.find_place(self.end)
        if last is not None and last <= first:
            raise BadOption("No frame lies in the range of time.")
        return replace(self, first=first, last=last, start=None, end=None)

    def read_finish(self) -> Finish | None:
        """Return what is done with every frame; None where nothing is.

        Raises:
            FrisketError: the background is none, or a step's values are not possible.
        """
        if self.kind != FINISHED and not self.finishing:
            return None
        from frisket.finish.chain import Finish
        from frisket.finish.options import read_finish
        from frisket.jobs.video.footage import is_footage

        if is_footage(self.background):
            return read_finish(self.finishing) or Finish()
        how = read_finish({**self.finishing, "background": self.background})
        if self.kind == FINISHED and (how is None or not how.background.opaque):
            raise BadOption(
                f"background={self.background} leaves nothing to finish: ask for a cutout instead."
            )
        return how

    def check_finish(self, source: Source, output: Path) -> None:
        """Refuse before any frame a finish that could not be done.

        Raises:
            FrisketError: it says why.
        """
        how = self.read_finish()
        if how is None:
            return
        shape = source.shape
        space = Space("RGB", shape.depth)
        opaque = self.kind == FINISHED
        how.check_frames(Facts(source.path, shape.width, shape.height, space, (output,), opaque))

    def choose_depth(self, output: Path) -> int:
        """Return the bits of what is written."""
        return 8 if output.suffix.lower() in _SHALLOW else 16

    def describe(self, source: Source, stamp: str, output: Path) -> dict[str, Any]:
        """Return what decides the bytes of the segments; `stamp` is that of `stamp_inputs`."""
        return {
            "source": str(source.path.resolve()),
            "stamp": stamp,
            "suffix": output.suffix.lower(),
            "kind": self.kind,
            "background": self.background,
            "finishing": repr(sorted(self.finishing.items())),
            "model": self.model,
            "quality": self.quality,
            "range": [self.first, self.last],
            "hints": repr(sorted(self.hints.items())),
            "deinterlace": self.deinterlace,
            "segment": self.segment,
            "number": self.number,
        }
