"""The page's requests and what answers them: the picture, figures, switches."""

from __future__ import annotations

import time
from functools import partial
from importlib.resources import files

from frisket.jobs.choices import BadOption
from frisket.live.stage import Stage
from frisket.review.assets import STYLE, read_asset
from frisket.review.guard import Guard
from frisket.review.http import Handler, Refusal, Request, Response, Router, answer_json

_PATIENCE_S = 2.0  # the page asks again when no picture comes
_ASSETS = {
    "/": ("live.html", "text/html; charset=utf-8"),
    "/live.css": ("live.css", "text/css; charset=utf-8"),
    "/live.js": ("live.js", "text/javascript; charset=utf-8"),
}


class LiveApp:
    """Answers what the page asks.

    Args:
        stage: the picture, running.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.guard = Guard("live")
        routes: dict[tuple[str, str], Handler] = {
            ("GET", "/api/live"): self._tell,
            ("POST", "/api/live"): self._change,
            ("GET", "/frame"): self._show,
        }
        # Its colours and buttons are those of the review.
        style = Response(read_asset(STYLE).encode(), _ASSETS["/live.css"][1])
        routes["GET", f"/{STYLE}"] = partial(_give, style)
        for path, (name, kind) in _ASSETS.items():
            routes["GET", path] = partial(_give, Response(_read(name), kind))
        self._router = Router(routes)

    def answer(self, request: Request) -> Response:
        """Answer a request of anybody.

        Raises:
            Refusal: it is not answered.
        """
        return self.guard.admit(request) or self._router.answer(request)

    def _tell(self, request: Request) -> Response:
        return answer_json(self._stage.describe())

    def _change(self, request: Request) -> Response:
        try:
            self._stage.change(request.read_json())
        except BadOption as error:
            raise Refusal(400, str(error)) from error
        return self._tell(request)

    def _show(self, request: Request) -> Response:
        """Give the first picture behind the one that the page has, as soon as there is one."""
        shown = self._stage.wait_shown(int(request.read_number("after", 0)), _PATIENCE_S)
        if shown is None:
            return Response(status=204)
        jpeg = self._stage.encode(shown)
        delay_ms = (time.perf_counter() - shown.taken_s) * 1e3
        told = {"Frisket-Frame": str(shown.number), "Frisket-Delay": f"{delay_ms:.1f}"}
        return Response(jpeg, "image/jpeg", headers=told)


def _read(name: str) -> bytes:
    return files("frisket.live").joinpath("page").joinpath(name).read_bytes()


def _give(response: Response, request: Request) -> Response:
    return response
