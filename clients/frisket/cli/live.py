"""`frisket live`: a camera, cut out, on another background, in a page of the browser."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from frisket.cli.commands import COMMANDS
from frisket.cli.cut_options import MODEL, QUALITY, THRESHOLD
from frisket.cli.exits import Exit
from frisket.cli.finish_options import FRAME_OPTIONS
from frisket.cli.options import Option, add_options
from frisket.cli.pages import PAGE_OPTIONS, announce
from frisket.cli.server_options import SERVER_OPTIONS
from frisket.cli.settings import fill
from frisket.finish.readers import FRAME_STEPS

if TYPE_CHECKING:
    from frisket.live.options import LiveOptions
    from frisket.live.stage import Stage

_FAREWELL_S = 1.5  # in which the page learns why the picture has ended


def _size(text: str) -> tuple[int, int]:
    wide, _, high = text.partition("x")
    if not (wide.isdecimal() and high.isdecimal() and int(wide) and int(high)):
        raise ValueError(f"{text!r} is not WIDTHxHEIGHT in pixels, such as 1280x720")
    return int(wide), int(high)


ROWS = (
    Option(
        "background", "what the subject is shown on: a colour, a gradient, a picture, "
        "'original:blur=2%', 'transparent', or 'alpha' for the mask; may be repeated, and is "
        "switched in the page",
        str, metavar="WHAT", repeats=True, stored=False, example="white",
    ),
    *FRAME_OPTIONS,
    Option(
        "every", "ask the model about every N-th picture only; between them the mask follows the "
        "motion; default: 1",
        int, metavar="N", default=1, stored=False, whole=True,
    ),
    THRESHOLD,
    Option("mirror", "begin mirrored, as people know themselves", stored=False),
    Option(
        "size", "that the camera is asked for; default: 1280x720",
        _size, metavar="WxH", default=(1280, 720), stored=False, example="1280x720",
    ),
    Option("once", "end after a file's last frame; else it begins again", stored=False),
    Option(
        "virtual-camera", "be a camera for other programs too; needs pyvirtualcam, which is GPL "
        "and no part of frisket", stored=False,
    ),
    MODEL,
    QUALITY,
    *PAGE_OPTIONS,
    *SERVER_OPTIONS,
)  # fmt: skip


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "live",
        help=COMMANDS["live"],
        description="Show a camera, cut out, on another background, in the browser.",
        usage="frisket live [OPTION …] [CAMERA]",
    )
    parser.add_argument(
        "camera", metavar="CAMERA", nargs="?", default="0",
        help="its number or device, or a video that stands in for one; default: 0",
    )  # fmt: skip
    add_options(parser, ROWS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show the camera until Ctrl-C, or until it is gone."""
    fill(arguments, ROWS)
    from contextlib import ExitStack

    from frisket.jobs.connection import Connection
    from frisket.live.camera import open_camera
    from frisket.live.stage import Stage
    from frisket.live.virtual import VirtualCamera

    options = _read(arguments)
    with ExitStack() as stack:
        camera = open_camera(arguments.camera, arguments.size, arguments.once)
        stack.callback(camera.close)
        outputs = []
        if arguments.virtual_camera:
            virtual = stack.enter_context(VirtualCamera(camera))
            print(f"Other programs find it as {virtual.name}")
            outputs.append(virtual.show)
        connection = stack.enter_context(Connection(options.server))
        stage = stack.enter_context(Stage(camera, options, connection, tuple(outputs)))
        _serve(stage, arguments)
    return Exit.OK


def _read(arguments: argparse.Namespace) -> LiveOptions:
    from frisket.cli.server_options import server_choice
    from frisket.live.options import BACKGROUNDS, LiveOptions

    return LiveOptions(
        tuple(arguments.background or BACKGROUNDS), arguments.every, arguments.threshold,
        arguments.model, arguments.quality, arguments.mirror, server_choice(arguments),
        {name: getattr(arguments, name) for name in FRAME_STEPS},
    )  # fmt: skip


def _serve(stage: Stage, arguments: argparse.Namespace) -> None:
    """Show the page while the picture runs."""
    from frisket.live.app import LiveApp
    from frisket.review.server import open_server

    app = LiveApp(stage)
    with open_server(arguments.port, app.answer) as server:
        announce(server, app.guard, arguments.no_open)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            stage.wait()
        except KeyboardInterrupt:
            print("\nThe page is closed.")
        except Exception:
            time.sleep(_FAREWELL_S)
            raise
        finally:
            server.shutdown()
