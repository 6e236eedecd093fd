"""Runs a live picture: a thread takes pictures, one has masks made, one shows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from frisket.client.errors import TransportError
from frisket.client.events import Outcome
from frisket.client.options import Options
from frisket.jobs.choices import BadOption
from frisket.jobs.connection import Connection, raise_loss
from frisket.jobs.video.matting import Samples, SourceFrame, describe_frames, matte_stream
from frisket.live.camera import Camera, Picture, load_cv2
from frisket.live.flow import Carrier
from frisket.live.grounds import open_ground
from frisket.live.line import Line, Shot
from frisket.live.meter import Meter
from frisket.live.options import SWITCHES, LiveOptions, Switches

_NEAR, _FAR = 1, 2  # keys at a server: to a far one a newer key is on its way meanwhile
# Of a proxy: a mask must be there before the picture is old, and its edge is sharpened later.
_SIDES = {"draft": 320, "standard": 320, "high": 640, "best": 640}
_RETRIES = 3
_PATIENCE_S = 5.0  # for threads that end
_QUALITY = 82  # of the page's JPEG
_MIDDLE = 0.5  # a hard edge's threshold where none was given
Show = Callable[[Picture], None]


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture that was shown.

    Attributes:
        number: counted from 1.
        picture: (height, width, 3) uint8.
        taken_s: when the camera gave it, by `time.perf_counter`.
    """

    number: int
    picture: Picture
    taken_s: float


class Stage:
    """A camera on its way to the eye; a context that runs it.

    Args:
        camera: it is closed at the end.
        options: how it is shown.
        connection: to a server.
        outputs: called with every picture that is shown, on the stage's own thread.

    Raises:
        FrisketError: a background cannot be made.
    """

    def __init__(
        self, camera: Camera, options: LiveOptions, connection: Connection,
        outputs: tuple[Show, ...] = (),
    ) -> None:  # fmt: skip
        self._camera, self._options, self._connection = camera, options, connection
        self._outputs = outputs
        self._grounds = [
            open_ground(one, camera.width, camera.height, options.finishing)
            for one in options.backgrounds
        ]
        self._switches, self._background = options.switches, 0
        self._line, self._meter = Line(options.every), Meter()
        self._shown: Shown | None = None
        self._changed = threading.Condition()
        self._failure: Exception | None = None
        self._threads = [
            threading.Thread(target=self._guard, args=(work,), daemon=True)
            for work in (self._take, self._matte, self._show)
        ]

    def __enter__(self) -> Stage:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end()
        for thread in self._threads:
            thread.join(_PATIENCE_S)
        self._camera.close()

    # -------------------------------------------------------- from outside

    def wait(self) -> None:
        """Wait until the picture ends.

        Raises:
            FrisketError: what it ended with.
        """
        with self._changed:
            while not self._line.ended:
                self._changed.wait(0.5)
        if self._failure is not None:
            raise self._failure

    def wait_shown(self, after: int, timeout_s: float) -> Shown | None:
        """Return the newest picture with a higher number; None where none comes in time."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._line.ended or (self._shown and self._shown.number > after), timeout_s
            )
            shown = self._shown
        return shown if shown is not None and shown.number > after else None

    def encode(self, shown: Shown) -> bytes:
        """Return a picture that was shown as a JPEG for the page."""
        cv2 = load_cv2("the page")
        with self._meter.time("jpeg"):
            bgr = cv2.cvtColor(shown.picture, cv2.COLOR_RGB2BGR)
            return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])

    def describe(self) -> dict[str, Any]:
        """Return what the page shows beside the picture."""
        return {
            "camera": self._camera.name, "size": [self._camera.width, self._camera.height],
            "switches": asdict(self._switches), "background": self._background,
            "backgrounds": list(self._options.backgrounds), "every": self._options.every,
            "left_out": self._line.left_out, "meter": self._meter.read(),
            "stages": self._meter.read_stages(),
            "ended": str(self._failure or "") if self._line.ended else None,
        }  # fmt: skip

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Switch steps by their names, or the background by its place.

        Raises:
            BadOption: there is no such switch, or it cannot have this value; nothing changes.
        """
        steps = {name: value for name, value in wanted.items() if name != "background"}
        for name, value in steps.items():
            if name not in SWITCHES or not isinstance(value, bool):
                raise BadOption(f"{name!r} is no switch that can be {value!r}.")
        place = wanted.get("background", self._background)
        if not isinstance(place, int) or not 0 <= place < len(self._grounds):
            raise BadOption(f"There is no background {place!r}.")
        self._switches, self._background = replace(self._switches, **steps), place
        self._line.ask_every(self._options.every if self._switches.mask else 0)

    # -------------------------------------------------------- threads

    def _guard(self, work: Callable[[], None]) -> None:
        """Let one thread's end be everybody's."""
        try:
            work()
        except Exception as error:  # whoever waits is told, also of a driver's or a library's fault
            self._failure = self._failure or error
        finally:
            self._end()

    def _end(self) -> None:
        self._line.end()
        with self._changed:
            self._changed.notify_all()

    def _take(self) -> None:
        while not self._line.ended and (picture := self._camera.read()) is not None:
            self._line.add(picture)

    def _matte(self) -> None:
        """Have masks made, again after a loss."""
        tries = 0
        while not self._line.ended:
            # A stream in which nothing is asked would be ended by the server.
            self._line.wait_wanted()
            most = _FAR if self._options.server.address else _NEAR
            stream = _Keys(self._line, lambda: self._switches.steady, most)
            try:
                self._hear(stream)
            except TransportError as error:
                tries = 0 if stream.answered else tries + 1
                if not error.retryable or tries > _RETRIES:
                    raise_loss(self._options.server, error)
                time.sleep(0.2 * tries)
            finally:
                self._line.forget()

    def _hear(self, stream: _Keys) -> None:
        camera, options = self._camera, self._options
        layer = describe_frames(camera.width, camera.height, 8, options.quality, _SIDES)
        asked = Options(options.model, options.quality, 8)
        for matted in matte_stream(stream, layer, asked, self._connection):
            shot = stream.take_sent(matted.frame.number)
            if not matted.is_late:
                self._note_mask(shot, matted.outcome)
                self._line.settle(shot, matted.alpha)

    def _note_mask(self, shot: Shot, outcome: Outcome) -> None:
        """Count where a mask's time went."""
        whole = time.perf_counter() - shot.begun_s
        at_server = outcome.model_seconds + outcome.solve_seconds
        self._meter.note("mask: model", outcome.model_seconds)
        self._meter.note("mask: solve", outcome.solve_seconds)
        # The proxy's way too, and messages; tiles are computed side by side and not told by time.
        self._meter.note("mask: tiles", whole - at_server)

    def _show(self) -> None:
        carrier, number = Carrier(), 0
        while (found := self._line.take_shown()) is not None:
            shot, key = found
            self._meter.note("wait", time.perf_counter() - shot.taken_s)
            picture = self._compose(shot, key, carrier, self._switches)
            if picture is None:
                continue
            number += 1
            with self._meter.time("outputs"):
                for output in self._outputs:
                    output(picture)
            self._meter.count(shot.taken_s)
            with self._changed:
                self._shown = Shown(number, picture, shot.taken_s)
                self._changed.notify_all()

    def _compose(
        self, shot: Shot, key: Shot | None, carrier: Carrier, switches: Switches
    ) -> Picture | None:
        """Return what is seen of a picture; None where it has no mask yet."""
        picture = shot.rgb
        if switches.mask:
            if key is None or key.alpha is None:
                return None
            self._meter.note("mask: age", shot.taken_s - key.taken_s)
            alpha = key.alpha
            if switches.flow and key is not shot:
                with self._meter.time("motion"):
                    alpha = carrier.carry(alpha, key.rgb, shot.rgb)
            with self._meter.time("compose"):
                ground = self._grounds[self._background]
                picture = ground.show(shot.rgb, self._harden(alpha, switches))
        return np.ascontiguousarray(picture[:, ::-1]) if switches.mirror else picture

    def _harden(self, alpha: Samples, switches: Switches) -> Samples:
        if not switches.hard:
            return alpha
        least = (self._options.threshold or _MIDDLE) * 255
        return np.asarray(np.where(alpha >= least, 255, 0), np.uint8)


class _Keys:
    """Feeds a stream with the newest keys of a line, until none are wanted.

    Iterating yields None while enough are out.
    """

    def __init__(self, line: Line, is_steady: Callable[[], bool], most: int) -> None:
        self._line, self._is_steady, self._most = line, is_steady, most
        self._sent: dict[int, Shot] = {}
        self.answered = False

    def __iter__(self) -> Iterator[SourceFrame | None]:
        while True:
            is_full = len(self._sent) >= self._most
            shot = None if is_full else self._line.take_key(wait=not self._sent)
            if shot is not None:
                self._sent[shot.number] = shot
                yield SourceFrame(shot.number, shot.rgb, not self._is_steady(), late_ok=True)
            elif self._sent:
                yield None
            else:
                return

    def take_sent(self, number: int) -> Shot:
        """Return a key that was sent, for its answer has come."""
        self.answered = True
        return self._sent.pop(number)
