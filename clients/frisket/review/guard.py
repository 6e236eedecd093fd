"""Who may ask: a browser of this machine that was given the address with its token.

A page of a stranger cannot: its requests carry no cookie (SameSite), name another host when its own
name was turned to this machine (DNS rebinding), and tell where they come from (Origin).
"""

from __future__ import annotations

import hmac
import secrets
import threading
from urllib.parse import urlsplit

from frisket.review.http import Refusal, Request, Response

_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
_TOKEN_BYTES = 32
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""What every answer says to the browser beside its content."""
_LOST = (
    "This page belongs to whoever started it. Open the address that 'frisket {}' printed, "
    "with its token."
)


class Guard:
    """Lets in who shows the token, and knows them by a cookie from then on.

    Args:
        command: that shows the page, such as "review".
    """

    def __init__(self, command: str) -> None:
        self._lost = _LOST.format(command)
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._secret = secrets.token_urlsafe(_TOKEN_BYTES)
        # Cookies know no ports: two pages of one machine must not take one another's.
        self._cookie = f"frisket-{command}-{secrets.token_hex(4)}"
        self._tickets: set[str] = set()
        self._lock = threading.Lock()

    def make_ticket(self) -> str:
        """Return a token that is good once: other users may see a browser's command line."""
        ticket = secrets.token_urlsafe(_TOKEN_BYTES)
        with self._lock:
            self._tickets.add(ticket)
        return ticket

    def admit(self, request: Request) -> Response | None:
        """Return None for who may ask, or the answer that takes a token and gives a cookie for it.

        Raises:
            Refusal: they may not.
        """
        host = request.headers.get("host", "")
        if _name_host(host) not in _LOCAL:
            raise Refusal(421, "This page answers to localhost and 127.0.0.1 alone.")
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            raise Refusal(403, "This came from another page.")
        if request.method == "GET" and request.path == "/" and "token" in request.query:
            return self._exchange(request.query["token"])
        if not self._knows(request.headers.get("cookie", "")):
            raise Refusal(403, self._lost)
        return None

    def _exchange(self, token: str) -> Response:
        with self._lock:
            ticket = token in self._tickets
            self._tickets.discard(token)
        if not (ticket or _is_same(token, self.token)):
            raise Refusal(403, self._lost)
        cookie = f"{self._cookie}={self._secret}; Path=/; HttpOnly; SameSite=Strict"
        return Response(status=303, headers={"Location": "/", "Set-Cookie": cookie})

    def _knows(self, cookies: str) -> bool:
        pairs = (one.strip().partition("=") for one in cookies.split(";"))
        return any(
            name == self._cookie and _is_same(value, self._secret) for name, _, value in pairs
        )


def _is_same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), right.encode())


def _name_host(host: str) -> str | None:
    """Return the name in a Host header, without its port; None where it makes no sense."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
