"""The page of a made-up run as a browser asks for it, without one."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from frisket.review.app import ReviewApp
from frisket.review.server import PageServer


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Any
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """The page of a run, as somebody who was given its address asks for it."""

    app: ReviewApp
    server: PageServer
    cookie: str = field(default="", init=False)

    def __post_init__(self) -> None:
        answer = self.ask("GET", f"/?token={self.app.guard.token}")
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]

    @property
    def address(self) -> str:
        """With the token, as it is printed."""
        return f"{self.server.url}?token={self.app.guard.token}"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=20)
        connection.request(method, path, body, {"Cookie": self.cookie, **(headers or {})})
        answer = connection.getresponse()
        found = Answer(answer.status, answer.headers, answer.read())
        connection.close()
        return found

    def get(self, path: str) -> Any:
        return self.ask("GET", path).json()

    def post(self, path: str, told: object) -> Answer:
        headers = {"Content-Type": "application/json"}
        return self.ask("POST", path, json.dumps(told).encode(), headers)

    def rows(self) -> dict[str, Any]:
        """Every row as the page gets it, by the name of its original."""
        return {row["name"]: row for row in self.get("/api/rows")["rows"]}
