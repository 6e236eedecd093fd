"""The page's requests and what answers them: rows by their numbers, pictures, decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from frisket.documents import Rect
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.states import JournalError, Row, RowChanged
from frisket.review.assets import SCRIPTS, STYLE, compose_page, read_asset
from frisket.review.decisions import Decisions, find_row, read_options
from frisket.review.guard import Guard
from frisket.review.http import Handler, Refusal, Request, Response, Router, answer_json
from frisket.review.loupe import Loupe
from frisket.review.views import (
    RedoOption,
    describe_counts,
    describe_row,
    describe_run,
    list_notices,
)

_KINDS = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_ROWS_AT_ONCE = 1000
_SIZES = (256, 1024)
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
# Raises ValueError where options make no sense.
Check = Callable[[Mapping[str, str]], object]


class ReviewApp:
    """Answers what the page asks.

    Args:
        journal: of the run; open.
        root: the folder of its results.
        options: what may be changed for one result.
        check: whether options that were changed make sense.
    """

    def __init__(
        self, journal: Journal, root: Path, options: tuple[RedoOption, ...], check: Check
    ) -> None:
        self._journal, self._root = journal, root
        self._options, self._check = options, check
        self._decisions, self._loupe = Decisions(journal), Loupe(journal)
        self.guard = Guard("review")
        self._router = Router({**self._list_assets(), **self._list_routes()})

    def answer(self, request: Request) -> Response:
        """Answer a request of anybody.

        Raises:
            Refusal: it is not answered.
        """
        try:
            return self.guard.admit(request) or self._router.answer(request)
        except JournalError as error:
            raise Refusal(503, str(error)) from error

    def close(self) -> None:
        """Let go of the files."""
        self._loupe.close()

    def _list_assets(self) -> dict[tuple[str, str], Handler]:
        page = Response(compose_page().encode(), "text/html; charset=utf-8")
        routes: dict[tuple[str, str], Handler] = {("GET", "/"): partial(_tell, page)}
        for name in (STYLE, *SCRIPTS):
            asset = Response(read_asset(name).encode(), _KINDS[Path(name).suffix])
            routes["GET", f"/{name}"] = partial(_tell, asset)
        return routes

    def _list_routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("GET", "/api/run"): self._tell_run,
            ("GET", "/api/rows"): self._tell_rows,
            ("GET", "/api/rows/#"): self._tell_row,
            ("POST", "/api/rows/#"): self._decide,
            ("POST", "/api/undo"): self._undo,
            ("GET", "/pictures/#/#/original"): partial(self._show_thumbnail, "original"),
            ("GET", "/pictures/#/#/matte"): partial(self._show_thumbnail, "matte"),
            ("GET", "/files/#"): self._measure,
            ("GET", "/files/#/original"): partial(self._show_file, "original"),
            ("GET", "/files/#/result"): partial(self._show_file, "result"),
        }

    def _tell_run(self, request: Request) -> Response:
        return answer_json(describe_run(self._journal.counts(), self._root, self._options))

    def _tell_rows(self, request: Request) -> Response:
        """Tell rows by the time of their last change: the page asks for the rest, and for news."""
        after, number = request.read_number("after", 0), request.read_number("id", 1e14)
        found = list(self._journal.changed_since(after, int(number), _ROWS_AT_ONCE))
        told = {"rows": self._describe(found), "at_once": _ROWS_AT_ONCE}
        return answer_json({**told, **describe_counts(self._journal.counts())})

    def _tell_row(self, request: Request, number: int) -> Response:
        row = find_row(self._journal, number)
        [told] = self._describe([row])
        return answer_json({"row": told, "notices": list_notices(row)})

    def _describe(self, rows: list[Row]) -> list[dict[str, Any]]:
        sizes = self._journal.thumbnail_sizes() if rows else {}
        return [describe_row(row, sizes.get(row.id, 0), self._root) for row in rows]

    def _decide(self, request: Request, number: int) -> Response:
        told = request.read_json()
        options = read_options(told.get("options", {}))
        try:
            self._check(options)
        except ValueError as error:
            raise Refusal(400, str(error)) from error
        action = told.get("action")
        try:
            row = self._decisions.decide(number, told.get("changed"), str(action), options)
        except RowChanged as error:
            [found] = self._describe([find_row(self._journal, number)])
            return answer_json({"error": str(error), "row": found}, 409)
        return self._tell_decided(row)

    def _undo(self, request: Request) -> Response:
        request.read_json()
        return self._tell_decided(self._decisions.undo())

    def _tell_decided(self, row: Row) -> Response:
        [told] = self._describe([row])
        return answer_json({"row": told, **describe_counts(self._journal.counts())})

    def _show_thumbnail(self, name: str, request: Request, number: int, pixels: int) -> Response:
        if pixels not in _SIZES:
            raise Refusal(404, "There is no picture of this size.")
        data = self._journal.thumbnail(number, pixels, name)
        if data is None:
            raise Refusal(404, "There is no such picture.")
        return Response(data, "image/jpeg", headers=_FOREVER)

    def _measure(self, request: Request, number: int) -> Response:
        row, layer = find_row(self._journal, number), int(request.read_number("layer", 0))
        width, height, layers = self._loupe.measure(row, layer)
        return answer_json({"width": width, "height": height, "layers": layers})

    def _show_file(self, side: str, request: Request, number: int) -> Response:
        rect = None
        if "x" in request.query:
            rect = Rect(*(int(request.read_number(name)) for name in ("x", "y", "w", "h")))
        row, layer = find_row(self._journal, number), int(request.read_number("layer", 0))
        data = self._loupe.read(row, side, rect, layer)
        return Response(data, "image/png", headers=_FOREVER)


def _tell(response: Response, request: Request) -> Response:
    return response
