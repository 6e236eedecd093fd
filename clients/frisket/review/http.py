"""Requests and responses as plain values, and the table that says who answers what."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_BODY_BYTES = 64 << 10
"""How large a request's body may be: some options by name."""
_JSON = "application/json"
_NUMBER = r"(\d{1,15})"


class Refusal(Exception):
    """A request is not answered; its text is one sentence for a person.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Request:
    """What was asked.

    Attributes:
        method: GET or POST.
        path: without its query; as it came, with nothing decoded.
        query: the last value of each name.
        headers: by their names in lower case.
        body: at most `MAX_BODY_BYTES`.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def read_number(self, name: str, default: float | None = None) -> float:
        """Return a number of the query.

        Raises:
            Refusal: there is none, and no default.
        """
        try:
            value = float(self.query[name])
        except (KeyError, ValueError):
            if default is None or name in self.query:
                raise Refusal(400, f"The query needs a number for {name!r}.") from None
            return default
        if not abs(value) < 1e15:  # also what is no number
            raise Refusal(400, f"The number for {name!r} is out of range.")
        return value

    def read_json(self) -> dict[str, Any]:
        """Return the object in the body.

        Raises:
            Refusal: there is none.
        """
        if self.headers.get("content-type", "").partition(";")[0].strip() != _JSON:
            raise Refusal(415, "The body is not said to be JSON.")
        try:
            told = json.loads(self.body)
        except (ValueError, RecursionError):
            raise Refusal(400, "The body is no JSON.") from None
        if not isinstance(told, dict):
            raise Refusal(400, "The body is no JSON object.")
        return told


@dataclass(frozen=True)
class Response:
    """What is answered."""

    body: bytes = b""
    kind: str = _JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def answer_json(told: object, status: int = 200) -> Response:
    """Return an answer of JSON."""
    return Response(json.dumps(told, allow_nan=False).encode(), status=status)


Handler = Callable[..., Response]


class Router:
    """Which handler answers which request.

    Args:
        routes: methods and paths with their handlers. `#` in a path stands for a number, which the
            handler is given; nothing else of a path ever reaches one.
    """

    def __init__(self, routes: Mapping[tuple[str, str], Handler]) -> None:
        self._routes = [
            (method, re.compile(re.escape(path).replace(r"\#", _NUMBER)), handler)
            for (method, path), handler in routes.items()
        ]

    def answer(self, request: Request) -> Response:
        """Return the answer of the handler for a request.

        Raises:
            Refusal: there is none, or it refuses.
        """
        allowed = []
        for method, path, handler in self._routes:
            if match := path.fullmatch(request.path):
                if method == request.method:
                    return handler(request, *map(int, match.groups()))
                allowed.append(method)
        if allowed:
            raise Refusal(405, f"This takes {' or '.join(allowed)}.")
        raise Refusal(404, "There is no such thing here.")
