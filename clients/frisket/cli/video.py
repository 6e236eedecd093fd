"""`frisket video`: videos and image sequences, frame by frame and steady."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.cli.commands import COMMANDS
from frisket.cli.cut_options import JSON, MODEL, QUALITY, read_box, read_point
from frisket.cli.finish_options import FRAME_OPTIONS
from frisket.cli.options import Option, add_options, path
from frisket.cli.server_options import SERVER_OPTIONS
from frisket.cli.settings import fill
from frisket.cli.style import warn
from frisket.finish.readers import FRAME_STEPS

if TYPE_CHECKING:
    from frisket.jobs.hint_files import HintFiles
    from frisket.jobs.video.options import VideoOptions
    from frisket.jobs.video.video import VideoResult

Range = tuple[int, int | None]


def _range(text: str) -> Range:
    first, colon, last = text.partition(":")
    try:
        if not colon:
            raise ValueError
        return int(first or 0), int(last) if last else None
    except ValueError:
        raise ValueError(f"{text!r} is not FIRST:LAST in frames, such as 0:250") from None


def _time(text: str) -> Fraction:
    parts = text.split(":")
    try:
        if not 1 <= len(parts) <= 3 or any(not part or part[0] in "+-" for part in parts):
            raise ValueError
        *larger, seconds = parts
        sixties = [int(part) for part in larger]
        return sum(
            (Fraction(60 ** (len(larger) - at) * part) for at, part in enumerate(sixties)),
            Fraction(seconds),
        )
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{text!r} is no time, such as 00:01:02.5 or 62.5") from None


def _at(read: Callable[[str], Any]) -> Callable[[str], tuple[int, Any]]:
    def read_at(text: str) -> tuple[int, Any]:
        frame, colon, rest = text.partition(":")
        if not (colon and frame.isdecimal()):
            raise ValueError(f"{text!r} does not begin with a frame, such as 0:")
        return int(frame), read(rest)

    return read_at


ROWS = (
    Option(
        "output",
        "a .mov (ProRes 4444), .webm (VP9), .mkv (FFV1) or .mp4 (H.264), or pictures such as "
        "matte.%04d.png; default: STEM-KIND.mov beside the input",
        str, short="o", metavar="OUT", default="", stored=False,
    ),
    Option(
        "as", "what is written: cutout, with transparency; matte, the alpha alone; default: "
        "cutout, and a finished video where a background is named",
        str, metavar="KIND", default="", dest="kind", choices=("cutout", "matte"), stored=False,
    ),
    Option(
        "background", "lay every frame on a colour, a gradient, a picture or 'original:blur=2%'; "
        "see 'frisket finish'",
        str, metavar="WHAT", default="", stored=False, example="white",
    ),
    *FRAME_OPTIONS,
    Option(
        "range", "frames from FIRST up to and without LAST, counted from 0; either may be left out",
        _range, metavar="FIRST:LAST", default=(0, None), stored=False, example="0:250",
    ),
    Option(
        "from", "begin at this time, such as 00:01:02.5 or 62.5 seconds",
        _time, metavar="TIME", dest="start", stored=False, example="00:01:02.5",
    ),
    Option(
        "to", "end before this time", _time, metavar="TIME", dest="end", stored=False,
        example="00:01:10",
    ),
    Option(
        "preview", "write a JPEG with small pictures of some frames too", path,
        metavar="FILE.jpg", stored=False, example="look.jpg",
    ),
    Option("deinterlace", "make whole frames of interlaced ones", stored=False),
    Option(
        "box", "around the subject in a frame, counted from 0: it holds from there on, moved along "
        "with the picture; may be repeated",
        _at(read_box), metavar="FRAME:X,Y,W,H", repeats=True, group="hints", stored=False,
        example=["0:10,20,300,200"],
    ),
    Option(
        "point", "FRAME:+X,Y is the subject, FRAME:-X,Y is not, from that frame on",
        _at(read_point), metavar="FRAME:+X,Y", repeats=True, group="hints", stored=False,
        example="0:+100,200",
    ),
    Option(
        "trimap", "greyscale picture of a frame's size: black is not the subject, white is, from "
        "that frame on; grey is left to the model",
        _at(path), metavar="FRAME:FILE", repeats=True, group="hints", stored=False,
        example=["0:trimap.png"],
    ),
    Option(
        "start-number", "of the first picture that is written; default: its number in the source, "
        "or 1 and so on for a video",
        int, metavar="N", dest="number", stored=False, example="1001",
    ),
    Option("overwrite", "replace an output that is there already", stored=False),
    MODEL,
    QUALITY,
    JSON,
    Option("quiet", "print errors only", short="q", stored=False),
    Option("no-progress", "hide the progress bar", stored=False),
    *SERVER_OPTIONS,
)  # fmt: skip


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "video",
        help=COMMANDS["video"],
        description="Matte a video or an image sequence. What was killed goes on.",
        usage="frisket video [OPTION …] INPUT [-o OUT]",
    )
    parser.add_argument(
        "input", metavar="INPUT", type=path,
        help="a video, or pictures with numbers: shot.%%04d.png, 'shot.*.png', or their folder",
    )  # fmt: skip
    add_options(parser, ROWS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Matte the video, and say what was done."""
    fill(arguments, ROWS)
    from frisket.cli.exits import Exit
    from frisket.cli.progress import bar
    from frisket.jobs.video.video import matte_video

    options = _read(arguments)
    output = _choose_output(arguments, options)
    hidden = arguments.no_progress or arguments.quiet
    with bar(sys.stderr.isatty() and not hidden) as progress:
        result = matte_video(arguments.input, output, options, progress=progress)
    _tell(arguments, result)
    return Exit.OK


def _read(arguments: argparse.Namespace) -> VideoOptions:
    from frisket.cli.server_options import server_choice
    from frisket.jobs.video.options import VideoOptions

    first, last = arguments.range
    return VideoOptions(
        arguments.kind, arguments.background, arguments.model, arguments.quality, first, last,
        arguments.overwrite, server=server_choice(arguments), start=arguments.start,
        end=arguments.end, deinterlace=arguments.deinterlace, preview=arguments.preview,
        hints=_gather_hints(arguments), number=arguments.number,
        finishing={name: getattr(arguments, name) for name in FRAME_STEPS},
    )  # fmt: skip


def _gather_hints(arguments: argparse.Namespace) -> dict[int, HintFiles]:
    from frisket.client.options import Point
    from frisket.jobs.hint_files import HintFiles

    boxes, points = arguments.box or [], arguments.point or []
    trimaps = dict(arguments.trimap or [])
    return {
        frame: HintFiles(
            tuple(box for at, box in boxes if at == frame),
            tuple(Point(*point) for at, point in points if at == frame),
            trimaps.get(frame),
        )
        for frame in sorted({*trimaps, *(at for at, _ in (*boxes, *points))})
    }


def _choose_output(arguments: argparse.Namespace, options: VideoOptions) -> Path:
    if arguments.output:
        return path(arguments.output)
    source: Path = arguments.input
    if source.name in ("", ".."):
        source = source.resolve()
    stem = re.split("[%*]", source.stem)[0].rstrip("._-") or "video"
    return source.with_name(f"{stem}-{options.kind}.mov")


def _tell(arguments: argparse.Namespace, result: VideoResult) -> None:
    if arguments.json:
        facts = {
            "input": str(arguments.input), "output": str(result.output), "frames": result.frames,
            "resumed": result.resumed, "seconds": round(result.seconds, 3),
            "notes": list(result.notes),
        }  # fmt: skip
        print(json.dumps(facts), flush=True)
    if arguments.quiet:
        return
    for note in result.notes:
        warn(note)
    if arguments.json:
        return
    fresh = result.frames - result.resumed
    rate = f", {fresh / result.seconds:.1f} a second" if fresh and result.seconds else ""
    kept = f" ({result.resumed} of an earlier run)" if result.resumed else ""
    print(f"{result.output}: {result.frames} frames{kept} in {result.seconds:.1f} s{rate}")
