"""Fetching weights: resumed, verified, then renamed into place; nothing else is ever kept."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .core.errors import DownloadFailed, WrongHash
from .core.spec import Source

if TYPE_CHECKING:
    from http.client import HTTPResponse

Progress = Callable[[int, int], None]
"""Called with (bytes so far, bytes in all or 0)."""

_CHUNK = 1 << 18
_TIMEOUT_S = 60.0
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # full, a quota, a limit of file size


def digest(path: Path, kind: str = "sha256") -> str:
    """Return the hex digest of a file."""
    state = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()


def verify(path: Path, source: Source) -> str:
    """Compare a file with what is pinned; return its sha256.

    Raises:
        WrongHash: sha256, or md5 where only that is known, differs.
    """
    found = digest(path)
    if source.sha256 and found != source.sha256:
        raise WrongHash(_describe_difference(source, "sha256", source.sha256, found))
    if not source.sha256 and source.md5:
        md5 = digest(path, "md5")
        if md5 != source.md5:
            raise WrongHash(_describe_difference(source, "md5", source.md5, md5))
    return found


def _describe_difference(source: Source, kind: str, expected: str, found: str) -> str:
    return (
        f"{source.file} is not the file that was pinned: {kind} {expected} was expected, "
        f"{found} was found; nothing of it was kept."
    )


def fetch(source: Source, target: Path, progress: Progress | None = None) -> str:
    """Fetch one file to ``target``; return its sha256.

    A partial file (``target`` + ".part") is resumed where the server allows it.

    Raises:
        DownloadFailed: no network, a refusal, a truncated answer, a full disk.
        WrongHash: it is not the pinned file; the partial file is removed.
    """
    part = target.with_name(target.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        _receive(source, part, progress)
        found = verify(part, source)
    except WrongHash:
        part.unlink(missing_ok=True)
        raise
    except OSError as error:
        raise _describe_failure(source, error, part) from error
    part.replace(target)
    return found


def _describe_failure(source: Source, error: OSError, part: Path) -> DownloadFailed:
    if error.errno in _NO_ROOM:
        part.unlink(missing_ok=True)
        return DownloadFailed(f"The disk is full; {source.file} was not stored.")
    reason = getattr(error, "reason", None) or error.strerror or error
    return DownloadFailed(f"{source.file} could not be fetched from {source.url}: {reason}.")


def _receive(source: Source, part: Path, progress: Progress | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    with _request(source, have) as answer:
        resumed = answer.status == 206
        have = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else 0
        with part.open("ab" if resumed else "wb") as file:
            for chunk in _read_chunks(answer, source):
                file.write(chunk)
                have += len(chunk)
                if progress:
                    progress(have, total)
            file.flush()
            os.fsync(file.fileno())
    if total and have < total:
        raise DownloadFailed(
            f"{source.file} broke off after {have} of {total} bytes; "
            "the same command again goes on from there."
        )


def _request(source: Source, have: int) -> HTTPResponse:
    # Whoever fetches nothing, a server for one, does without the memory that these take.
    import urllib.error
    import urllib.request

    request = urllib.request.Request(source.url)
    request.add_header("User-Agent", "frisket")
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
        return answer
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # the partial file is whole, or longer than the file
            return _request(source, 0)
        raise DownloadFailed(
            f"{source.file} could not be fetched from {source.url}: "
            f"the server answered {error.code} {error.reason}."
        ) from error


def _read_chunks(answer: HTTPResponse, source: Source) -> Iterator[bytes]:
    from http.client import HTTPException

    try:
        while chunk := answer.read(_CHUNK):
            yield chunk
    except HTTPException as error:
        raise DownloadFailed(
            f"{source.file} broke off; the same command again goes on from there."
        ) from error
