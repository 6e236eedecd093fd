"""Who may ask the page, and what asking too much or for strange things comes to."""

from __future__ import annotations

import socket

import pytest
from review_kit import Served

from frisket.review.http import MAX_BODY_BYTES
from frisket.review.server import PortTaken, open_server


def test_the_token_is_exchanged_for_a_cookie(shared: Served) -> None:
    shared.cookie = ""
    assert shared.ask("GET", "/").status == 403
    answer = shared.ask("GET", f"/?token={shared.app.guard.token}")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert shared.app.guard.token not in cookie
    shared.cookie = cookie.partition(";")[0]
    assert shared.ask("GET", "/").status == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/page.js", "/api/run", "/api/rows", "/api/rows/1", "/pictures/1/256/matte", "/files/1"],
)
def test_nothing_is_shown_without_the_cookie(shared: Served, path: str) -> None:
    for cookie in ("", "frisket-review=x", shared.cookie[:-1], f"{shared.cookie}x"):
        shared.cookie = cookie
        assert shared.ask("GET", path).status == 403


def test_a_wrong_token_opens_nothing(shared: Served) -> None:
    shared.cookie = ""
    answer = shared.ask("GET", "/?token=wrong")
    assert answer.status == 403
    assert "frisket review" in answer.json()["error"]
    assert answer.headers["Set-Cookie"] is None


def test_a_ticket_is_good_once(shared: Served) -> None:
    ticket = shared.app.guard.make_ticket()
    assert shared.ask("GET", f"/?token={ticket}").status == 303
    assert shared.ask("GET", f"/?token={ticket}").status == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "["])
def test_another_host_is_refused_whatever_it_knows(shared: Served, host: str) -> None:
    assert shared.ask("GET", "/api/run", headers={"Host": host}).status == 421
    token = shared.app.guard.token
    assert shared.ask("GET", f"/?token={token}", headers={"Host": host}).status == 421


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1", "[::1]:8765"])
def test_a_tunnel_may_end_at_another_port(shared: Served, host: str) -> None:
    assert shared.ask("GET", "/api/run", headers={"Host": host}).status == 200


def test_another_page_decides_nothing(shared: Served) -> None:
    headers = {"Origin": "http://evil.example", "Content-Type": "application/json"}
    assert shared.ask("POST", "/api/undo", b"{}", headers).status == 403
    headers = {"Content-Type": "text/plain"}
    assert shared.ask("POST", "/api/undo", b"{}", headers).status == 415


def test_every_answer_tells_the_browser_what_it_may(shared: Served) -> None:
    for path in ("/", "/page.js", "/api/run", "/nothing"):
        headers = shared.ask("GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        *("/../pyproject.toml", "/%2e%2e/x", "/pictures/1/256/..%2fmatte", "/pictures/1/512/matte"),
        *("/pictures/99/256/matte", "/pictures/-1/256/matte", "/files/1/../../x", "/api/rows/x"),
        *("/api/rows/99", "/files/99", "/files/99/result", "/index.html"),
    ],
)
def test_no_path_leads_anywhere_else(shared: Served, path: str) -> None:
    assert shared.ask("GET", path).status == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("POST", "/api/run", 405), ("GET", "/api/undo", 405), ("DELETE", "/api/rows/1", 501)),
        *(("GET", "/api/rows?after=x", 400), ("GET", "/api/rows?after=nan", 400)),
        *(("GET", "/files/1/result?x=1", 400), ("GET", "/files/1/result?x=1e99&y=1&w=1&h=1", 400)),
    ],
)
def test_what_makes_no_sense_is_refused(
    shared: Served, method: str, path: str, status: int
) -> None:
    body = b"{}" if method == "POST" else None
    assert shared.ask(method, path, body).status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        *(
            (b"x" * (MAX_BODY_BYTES + 1), 413),
            (b"nonsense", 400),
            (b"[" * 50_000, 400),
            (b"[]", 400),
        ),
        *((b'{"action": "approve"}', 409), (b'{"options": [1]}', 400), (b'{"action": 1}', 400)),
        *((b'{"options": {"threshold": 1}}', 400), (b'{"options": {"output": "/x"}}', 400)),
    ],
)
def test_bodies_are_bounded_and_checked(shared: Served, body: bytes, status: int) -> None:
    answer = shared.ask("POST", "/api/rows/1", body, {"Content-Type": "application/json"})
    assert answer.status == status


def test_a_length_that_is_none_ends_the_connection(shared: Served) -> None:
    for length in (b"-5", b"1e3", b"9" * 30):
        with socket.create_connection(("127.0.0.1", shared.server.server_port), 20) as peer:
            peer.sendall(b"POST /api/undo HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\n")
            assert peer.makefile("rb").read().startswith(b"HTTP/1.1 400 ")


def test_many_who_say_nothing_keep_nobody_out_for_long(shared: Served) -> None:
    silent = [socket.create_connection(shared.server.server_address, 20) for _ in range(20)]
    assert shared.ask("GET", "/api/run").status == 200
    for peer in silent:
        peer.close()


def test_a_port_that_is_taken(shared: Served) -> None:
    port = shared.server.server_port
    with pytest.raises(PortTaken, match=f"listens on port {port}; give another --port"):
        open_server(port, shared.app.answer)
