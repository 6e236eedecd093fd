"""The options of finishing, a row each: `frisket finish`, `cut`, batches and recipes share them."""

from __future__ import annotations

from dataclasses import replace

from frisket.cli.options import Option, path
from frisket.finish.readers import FRAME_STEPS, READERS, SHIFT_LIMITS_PX, Number

_GROUP = "finish"


def _row(name: str, text: str, metavar: str, **more: object) -> Option:
    reader = READERS[name.replace("-", "_")]
    return Option(name, text, reader, metavar=metavar, group=_GROUP, **more)  # type: ignore[arg-type]


FINISH_OPTIONS = (
    _row(
        "background",
        "below the subject: transparent, a CSS colour, linear-gradient(…) or radial-gradient(…), "
        "a picture's file, original[:blur=5%,saturation=0], spot(NAME, COLOUR) or "
        "generate:PROMPT; default: transparent",
        "BACK", example="white",
    ),
    _row("generator", "of generators.toml, that makes a background of a prompt, with values as "
         "NAME:seed=7,steps=30,device=cuda", "NAME[:…]", example="default"),
    _row("background-fit", "how a picture covers the canvas", "FIT", example="fill"),
    _row("background-offset", "how far a picture is moved from the middle, in px or %", "X,Y",
         example="0,10%"),
    _row(
        "shadow",
        "drop, cast, contact or reflection, with values as drop:angle=120,opacity=30%; may be "
        "repeated",
        "KIND[:…]", repeats=True, example="contact",
    ),
    _row("canvas", "a size that the subject fills: a preset such as marketplace, or WIDTHxHEIGHT",
         "NAME", example="marketplace"),
    _row("crop", "to the subject, with a margin in px or %", "MARGIN", example="5%"),
    _row("aspect", "width by height that a crop grows to", "W:H", example="4:5"),
    _row("align", "where the subject lies in the room around it", "PLACE", example="bottom"),
    _row("min-resolution", "pixels that the longer side of a crop has at least", "PX",
         example=1000),
    Option("upsample", "enlarge the picture where it has too few pixels", group=_GROUP),
    _row(
        "correct",
        "the picture before all else: exposure:stops=0.5, white (or of a point: white:x=40,y=60), "
        "denoise, equalise or spill, with values; may be repeated",
        "KIND[:…]", repeats=True, example="white",
    ),
    _row("softness", "of the edge: soft, natural or crisp; default: natural", "HOW",
         example="crisp"),
    _row("defringe", "take the old background out of the edge's colours, by a share", "SHARE",
         example="70%"),
    _row("harmonise", "bring the subject's colours nearer to the background's, by a share", "SHARE",
         example="50%"),
    _row("blend-seam", "blend the edge with what lies below, in a narrow band, by a share", "SHARE",
         example="50%"),
    _row("encode-quality", "of JPEG, WebP and AVIF, 1 to 100; default: 90", "N", example=85),
    _row("max-bytes", "quality falls until the file is as small", "BYTES", example="500k"),
    _row("dpi", "dots an inch that the file tells of", "N", example=300),
    _row("icc", "keep the profile, convert to srgb, or to that of an .icc file", "PROFILE",
         example="srgb"),
    _row("bits", "of a finished picture's samples: 8, 10 (AVIF) or 16", "N", example=8),
    _row("metadata", "keep EXIF, XMP and IPTC, private (see there), or none", "WHICH",
         example="keep"),
    Option("private", "drop place, serial numbers and owner from the metadata", group=_GROUP),
    _row("also", "one more file beside the output: webp, psd, …, or shadow for the shadows "
         "alone; may be repeated", "FORMAT",
         repeats=True, example="webp"),
    _row("step", "a step that another package adds; may be repeated", "NAME[:…]", repeats=True,
         example="name"),
)  # fmt: skip
"""What `cut`, batches, recipes and `finish` take alike."""

EDGE_OPTIONS = (
    Option(
        "shift", "expand (+) or contract (-) the edge by pixels",
        Number(*SHIFT_LIMITS_PX), metavar="PX", group="edge", stored=False,
    ),
    Option(
        "feather", "blur the edge by pixels",
        Number(0, SHIFT_LIMITS_PX[1]), metavar="PX", group="edge", stored=False,
    ),
)  # fmt: skip
"""What `finish` does itself; `cut` leaves the same to its server."""

MATTE = Option(
    "matte", "greyscale picture of the same size, a template with {dir} and {stem}, or mask for "
    "the one that the layer carries; default: the input's own transparency",
    path, metavar="FILE", stored=False,
)  # fmt: skip

FRAME_OPTIONS = tuple(
    replace(row, stored=False)
    for row in (*FINISH_OPTIONS, *EDGE_OPTIONS)
    if row.name.replace("-", "_") in FRAME_STEPS
)
"""What `video` and `live` do with every picture, beside its background."""
