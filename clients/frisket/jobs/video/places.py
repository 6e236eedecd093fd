"""What a run reads and writes: that an output can hold its frames, and harms nothing."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

from frisket.documents import OutputError
from frisket.jobs.video.footage import is_footage
from frisket.jobs.video.movie import CODECS
from frisket.jobs.video.options import VideoOptions
from frisket.jobs.video.pictures import find_written, is_pattern
from frisket.jobs.video.shape import Source
from frisket.jobs.video.writing import PICTURES


def list_inputs(source: Source, wanted: VideoOptions) -> list[Path]:
    """Return all files that a run reads: frames, a background's, and planes of hints.

    Raises:
        ValueError: the background is none; `VideoOptions.check_finish` tells.
    """
    said = [(hints.trimap, hints.prior) for hints in wanted.hints.values()]
    files = [*source.list_files(), *(file for pair in said for file in pair if file)]
    return files + (_list_behind(wanted.background) if wanted.background else [])


def _list_behind(background: str) -> list[Path]:
    if is_footage(background):
        # Not opened: the run itself does that, and a video's first frame takes its time.
        place = Path(background)
        return list(find_written(place).values()) if is_pattern(place) else [place]
    # Imported here: a matte needs nothing of what finishes frames.
    from frisket.finish.background import Backdrop, read_background

    found = read_background(background)
    return [found.path] if isinstance(found, Backdrop) else []


def stamp_inputs(source: Source, wanted: VideoOptions) -> str:
    """Return what changes when one of the files is another or was written again."""
    stats = [(str(file.resolve()), file.stat()) for file in list_inputs(source, wanted)]
    told = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    return hashlib.sha256(repr(told).encode(errors="surrogateescape")).hexdigest()


def name_picture(source: Source, output: Path, wanted: VideoOptions, place: int) -> Path:
    """Return the file that a frame is written to, by a pattern."""
    return output.with_name(output.name % _number(source, wanted, place))


def list_present(source: Source, output: Path, wanted: VideoOptions) -> list[Path]:
    """Return the pictures that are there already and would be written over.

    Args:
        source: where frames are from; what lies behind those that it tells of is not seen.
        output: a pattern.
        wanted: how; its range is one of frames.
    """
    last = wanted.last or source.shape.count or math.inf
    first, present = _number(source, wanted, wanted.first), find_written(output)
    beyond = first + last - wanted.first
    return [present[number] for number in sorted(present) if first <= number < beyond]


def check_output(source: Source, output: Path, wanted: VideoOptions) -> None:
    """Refuse an output that cannot hold the kind, or would harm something.

    Raises:
        OutputError: it says why, and what would do.
    """
    if is_pattern(output):
        _check_pictures(output)
        written = list_present(source, output, wanted)
    else:
        _check_movie(source, output, wanted)
        written = [output]
    inputs = {file.resolve() for file in list_inputs(source, wanted)}
    for file in written:
        if file.resolve() in inputs:
            itself = file.resolve() == source.path.resolve()
            reason = "is the video itself" if itself else "is read, and would be written over"
            raise OutputError(file, reason, advice="name another file")
    if not is_pattern(output) and output.exists() and not wanted.overwrite:
        raise OutputError(output, "exists already", advice="add --overwrite")


def _check_pictures(output: Path) -> None:
    suffix = output.suffix.lower()
    if suffix not in PICTURES:
        raise OutputError(
            output, f"pictures cannot be written as '{suffix}'",
            advice=f"end it in {', '.join(PICTURES)}",
        )  # fmt: skip


def _check_movie(source: Source, output: Path, wanted: VideoOptions) -> None:
    suffix, shape = output.suffix.lower(), source.shape
    if suffix not in CODECS:
        known = ", ".join(CODECS)
        raise OutputError(
            output, f"frames cannot be written as '{suffix or 'a folder'}'",
            advice=f"name a file that ends in {known}, or pictures such as matte.%04d.png",
        )  # fmt: skip
    if wanted.kind not in CODECS[suffix].formats:
        raise OutputError(
            output, "MP4 holds no transparency",
            advice="name a .mov, .webm or .mkv, or add --background or --as matte",
        )  # fmt: skip
    if suffix == ".mp4" and (shape.width % 2 or shape.height % 2):
        raise OutputError(
            output, f"MP4 holds no frames of odd sides, and these are {shape.width} × "
            f"{shape.height} pixels", advice="name a .mov, .webm or .mkv",
        )  # fmt: skip


def _number(source: Source, wanted: VideoOptions, place: int) -> int:
    """Return the number that the picture of a frame has in its name."""
    away = source.first_number if wanted.number is None else wanted.number - wanted.first
    return place + away
