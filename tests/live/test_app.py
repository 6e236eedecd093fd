"""What the live page's server answers."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image
from review_kit import Answer, Served
from video_kit import SIZE


def fetch(served: Served, after: int = 0) -> Answer:
    """The next picture; a server that starts may take its time."""
    while (answer := served.ask("GET", f"/frame?after={after}")).status == 204:
        assert served.get("/api/live")["ended"] is None
    return answer


def test_pictures_come_one_after_another(serve_page: Callable[..., Served]) -> None:
    served = serve_page()
    first = fetch(served)
    number = int(first.headers["Frisket-Frame"])
    second = fetch(served, number)
    assert int(second.headers["Frisket-Frame"]) > number
    assert float(second.headers["Frisket-Delay"]) > 0
    assert Image.open(io.BytesIO(second.body)).size == SIZE


def test_switches_are_told_and_changed(serve_page: Callable[..., Served]) -> None:
    served = serve_page()
    assert served.post("/api/live", {"background": 1, "mirror": True}).status == 200
    told = served.get("/api/live")
    assert told["background"] == 1 and told["switches"]["mirror"]
    refused = served.post("/api/live", {"background": 99})
    assert refused.status == 400 and "99" in refused.json()["error"]


def test_nobody_without_the_token_sees_the_camera(serve_page: Callable[..., Served]) -> None:
    served = serve_page()
    for path in ("/", "/frame", "/api/live", "/live.js"):
        answer = served.ask("GET", path, headers={"Cookie": "frisket-live-1=x"})
        assert answer.status == 403, path
        assert "frisket live" in answer.json()["error"]


def test_the_page_tells_when_the_picture_has_ended(serve_page: Callable[..., Served]) -> None:
    served = serve_page(model="nobody")
    assert served.ask("GET", "/frame").status == 204
    assert "nobody" in served.get("/api/live")["ended"]
