"""The options of `frisket cut`, a row each; commands like it take the rows they share."""

from __future__ import annotations

from collections.abc import Callable

from frisket.cli.finish_options import FINISH_OPTIONS
from frisket.cli.options import ENCODING, Option, path
from frisket.cli.server_options import SERVER_OPTIONS
from frisket.documents.core.cutline import SPOT, check_spot, read_length, read_sheet
from frisket.documents.core.outline import NAME
from frisket.documents.core.results import EXISTING as EXISTING_CHOICES
from frisket.documents.core.results import PREVIEWS
from frisket.finish.readers import Number
from frisket.jobs.deliver import DELIVERIES
from frisket.protocol.choices import (
    ALPHA_DEPTHS,
    DEFAULT_QUALITY,
    NORMALISE_AUTO,
    NORMALISE_OFF,
    NORMALISE_STEPS,
    QUALITIES,
    SCREENS,
    name_key_model,
)
from frisket.protocol.limits import EDGE_LIMITS

Box = tuple[int, int, int, int]


def _screen(text: str) -> str:
    name_key_model(text)
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def read_box(text: str) -> Box:
    """Return X,Y,W,H in pixels.

    Raises:
        ValueError: it is none.
    """
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"{text!r} is not X,Y,W,H in pixels") from None
    return x, y, width, height


def read_point(text: str) -> tuple[int, int, bool]:
    """Return X, Y, and whether it is the subject, of +X,Y or -X,Y.

    Raises:
        ValueError: it is neither.
    """
    try:
        x, y = (int(part) for part in text.lstrip("+-").split(","))
    except ValueError:
        raise ValueError(f"{text!r} is not +X,Y or -X,Y in pixels") from None
    return x, y, not text.startswith("-")


def _steps(text: str) -> str:
    known = (NORMALISE_AUTO, NORMALISE_OFF, *NORMALISE_STEPS)
    for step in _names(text):
        if step not in known:
            raise ValueError(f"{step!r} is not one of {', '.join(known)}")
    return text


def _describe_kinds() -> str:
    described = "; ".join(f"{row.kind}: {row.help}" for row in DELIVERIES.values())
    default = "By default it follows from input and output"
    return f"what is written; may be repeated. {described}. {default}"


MODEL = Option(
    "model", "which model finds the subject; by default the server's",
    str, short="m", metavar="NAME", default="", variable="FRISKET_MODEL", example="u2netp",
)  # fmt: skip
QUALITY = Option(
    "quality", f"how much work the edge gets; default: {DEFAULT_QUALITY}",
    str, default=DEFAULT_QUALITY, choices=QUALITIES, variable="FRISKET_QUALITY",
)  # fmt: skip
JSON = Option("json", "print one line of JSON for each file, for errors too", stored=False)

_FILES = (
    Option(
        "output",
        "file, folder, '-' for standard output, or a template with {dir}, {sub}, {stem}, {kind}, "
        "{ext}, {layer}, {id}, {class}; default: STEM-KIND beside the input",
        str, short="o", metavar="OUT", default="", stored=False,
    ),
    Option(
        "layer", "name, path Group/Name, glob, #id, or merged; may be repeated",
        str, metavar="LAYER", repeats=True, stored=False, example="Person*",
    ),
    Option(
        "all-layers", "every layer with pixels; those without a subject are left out",
        stored=False,
    ),
    ENCODING,
    Option("overwrite", "replace outputs whose names were not spelt out with -o"),
)  # fmt: skip
THRESHOLD = Option(
    "threshold",
    "no soft edge: alpha from this share of opacity on becomes full, the rest 0; "
    "above 0, at most 1",
    Number(0, 1, exclusive=True), metavar="SHARE", group="result", example=0.5,
)  # fmt: skip
EXISTING = Option(
    "existing", "what happens to a mask or selection that is there already, and to a TIFF's "
    "alpha; default: refuse (an alpha is multiplied)",
    str, default="refuse", choices=EXISTING_CHOICES, group="result",
)  # fmt: skip
OUTLINE = (
    Option(
        "path-name", "of a path; default: Frisket",
        str, metavar="NAME", default=NAME, group="result",
    ),
    Option(
        "tolerance", "greatest distance of a path to the contour; default: 0.5",
        Number(0.1, 16), metavar="PX", default=0.5, group="result",
    ),
    Option(
        "inset", "move an outline inwards; negative moves it outwards",
        Number(-1000, 1000), metavar="PX", default=0.0, group="result",
    ),
    Option(
        "speck", "leave out pieces and holes of an outline that are smaller; default: 16",
        Number(0, 1e9), metavar="PX²", default=16.0, group="result",
    ),
    Option(
        "max-knots", "draw a path more coarsely until it has no more; default: 4000",
        int, metavar="N", default=4000, group="result", whole=True,
    ),
    Option("no-clip", "add a named path that does not clip", group="result"),
)  # fmt: skip


def _read(reader: Callable[[object], object]) -> Callable[[str], str]:
    """Return a reader that checks a text and leaves it as it is, for files of options."""

    def check(text: str) -> str:
        reader(text)
        return text

    return check


def _read_spot(text: str) -> str:
    check_spot(text)
    return text


_LENGTH = _read(read_length)
CUTLINE = (
    Option(
        "offset", "how far outside of the subject a cut line runs: 2mm, 0.1in, 24px; default: 0",
        _LENGTH, metavar="LENGTH", default="0", group="cut line",
    ),
    Option(
        "bleed", "print the picture itself, and this far beyond the cut line; default: the cut-out "
        "subject alone",
        _LENGTH, metavar="LENGTH", default="0", group="cut line",
    ),
    Option(
        "safe", "draw another line this far inside, for the eye alone",
        _LENGTH, metavar="LENGTH", default="0", group="cut line",
    ),
    Option(
        "ppi", "pixels to an inch; default: what the picture tells, or else 300",
        Number(1, 100_000), metavar="N", group="cut line", example=300,
    ),
    Option(
        "spot", "the line's spot colour: CutContour, PerfCutContour, Thru-cut, KissCut; default: "
        "CutContour",
        _read_spot, metavar="NAME", default=SPOT, group="cut line",
    ),
    Option("white-ink", "add a mask for white ink below the subject", group="cut line"),
    Option("varnish", "add a mask for varnish", group="cut line"),
    Option(
        "sheet", "put copies on a sheet of this size, as 320x450mm",
        _read(read_sheet), metavar="WxH", group="cut line", example="320x450mm",
    ),
    Option(
        "gap", "between copies on a sheet; default: 3mm",
        _LENGTH, metavar="LENGTH", default="3mm", group="cut line",
    ),
    Option(
        "copies", "on a sheet; default: as many as fit",
        int, metavar="N", default=0, group="cut line", whole=True,
    ),
    Option("marks", "add registration marks to a sheet", group="cut line"),
)  # fmt: skip
_RESULT = (
    Option(
        "as", _describe_kinds(), str, metavar="KIND", dest="kind", choices=tuple(DELIVERIES),
        repeats=True, group="result", example="cutout",
    ),
    Option(
        "depth", "bits of a matte; default: 8",
        int, default=8, choices=ALPHA_DEPTHS, group="result",
    ),
    THRESHOLD,
    EXISTING,
    Option(
        "preview",
        "merged image of a PSD with a new mask: mark it as stale, render it again, or keep it; "
        "default: mark",
        str, default="mark", choices=PREVIEWS, group="result",
    ),
    Option(
        "convert", "store pixels anew that take no alpha or selection as they are: JPEG, palettes "
        "and single bits in a TIFF, a bitmap PSD; losslessly, in plain samples",
        group="result",
    ),
    *OUTLINE,
    *CUTLINE,
    Option("no-decontaminate", "keep the edge's own colours in cutouts", group="result"),
    Option("allow-empty", "write even where no subject is found", group="result"),
    Option("open", "show the first result in the system's own program", group="result"),
)  # fmt: skip
_WORK = (
    MODEL,
    Option(
        "key", f"a screen behind the subject instead of a model: {', '.join(SCREENS)}, or a colour "
        "as #00b140",
        _screen, metavar="SCREEN", default="", example="green",
    ),
    Option(
        "classes",
        "for models with classes: what is cut, for example person,dog",
        _names, metavar="NAME,…", default=(), example=["person", "dog"],
    ),
    QUALITY,
    Option(
        "normalise",
        f"correct what the model sees: {NORMALISE_AUTO}, {NORMALISE_OFF}, or some of "
        f"{', '.join(NORMALISE_STEPS)}; default: {NORMALISE_OFF}",
        _steps, metavar="STEP,…", default=NORMALISE_OFF,
    ),
    Option("sandbox", "for untrusted files: decode in a child process with limits first"),
)  # fmt: skip
_TALK = (
    JSON,
    Option("quiet", "print errors only", short="q"),
    Option("verbose", "print sizes, times and what was sent too", short="v"),
    Option("no-progress", "hide the progress bar"),
)
_HINTS = (
    Option(
        "box", "around the subject, in pixels of the layer; may be repeated",
        read_box, metavar="X,Y,W,H", repeats=True, group="hints", stored=False,
        example=[10, 20, 300, 200],
    ),
    Option(
        "point", "+X,Y is the subject, -X,Y is not (write --point=-X,Y)",
        read_point, metavar="+X,Y", repeats=True, group="hints", stored=False, example="+100,200",
    ),
    Option(
        "trimap", "picture: 0 is outside, 128 unknown, 255 inside",
        path, metavar="FILE", group="hints", stored=False, example="trimap.png",
    ),
    Option(
        "prior", "picture: a selection or an earlier mask",
        path, metavar="FILE", group="hints", stored=False, example="selection.png",
    ),
)  # fmt: skip
# Option, name of the wire, what it does.
_EDGE_ROWS = (
    ("shift", "shift_px", "PX", "expand (+) or contract (-) the edge"),
    ("feather", "feather_px", "PX", "blur the edge"),
    ("contrast", "contrast", "N", "steeper or softer edge"),
    ("smooth", "smooth", "N", "round the outline"),
    ("fill-holes", "fill_holes", "SHARE", "fill holes smaller than this share of the subject"),
    ("drop-specks", "drop_specks", "SHARE", "drop specks smaller than this share of it"),
)
EDGE = tuple(
    Option(
        name,
        f"{text}; {EDGE_LIMITS[wire][0]:g} to {EDGE_LIMITS[wire][1]:g}",
        Number(*EDGE_LIMITS[wire]), metavar=metavar, default=0.0, dest=wire, group="edge",
    )
    for name, wire, metavar, text in _EDGE_ROWS
)  # fmt: skip

CUT_OPTIONS = (
    *_FILES, *_WORK, *_TALK, *_RESULT, *_HINTS, *EDGE, *FINISH_OPTIONS, *SERVER_OPTIONS
)  # fmt: skip
# What the configuration file may hold.
STORED = {row.name: row for row in CUT_OPTIONS if row.stored}
