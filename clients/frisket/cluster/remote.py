"""Files of a batch that lie elsewhere: copied here before the work, and back as results are made.

Whatever fsspec knows can be named, for example `s3://bucket/folder`. Pictures are opened from a
disk of this machine only, so memory and the way they are read are those of every batch.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from frisket.client.errors import ClientError
from frisket.extras import advise_install

# A `file:` address is a path of this machine, as everywhere.
_URL = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*://.")
_PART = ".frisket-"


class RemoteError(ClientError):
    """A place elsewhere cannot be read or written; the text says why and what to do."""


def is_remote(name: str) -> bool:
    """Tell whether a name is a place elsewhere."""
    return _URL.match(name) is not None


class RemoteFolder:
    """A folder, or a file, that fsspec finds by its address.

    Args:
        url: its address.

    Raises:
        RemoteError: fsspec, or what this kind of address needs, is not installed.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            import fsspec

            self._files, self._root = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise RemoteError(f"{url} needs fsspec; {advise_install('remote')}: {error}") from error
        except ValueError as error:
            raise RemoteError(f"{url} is no place that can be reached: {error}.") from error

    def fetch(self, folder: Path) -> list[Path]:
        """Copy everything in it that is not here yet into a folder; return where it lies.

        What has changed since is copied again, and a copy is whole or not there.

        Raises:
            RemoteError: it cannot be read, or holds nothing.
        """
        try:
            found = self._files.find(self._root, detail=True)
            fetched = [self._fetch_one(name, facts, folder) for name, facts in found.items()]
        except Exception as error:  # each kind of place has errors of its own
            raise self._explain("read", error) from error
        if not fetched:
            raise RemoteError(f"{self._url} holds no file: check the address.")
        return fetched

    def _fetch_one(self, name: str, facts: dict[str, Any], folder: Path) -> Path:
        target = folder.joinpath(*_read_parts(self._find_rest(name)))
        mark = target.with_name(f"{_PART}{target.name}.seen")
        version = repr([facts.get(key) for key in ("size", "ETag", "LastModified", "mtime")])
        if target.is_file() and mark.is_file() and mark.read_text("utf-8") == version:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{_PART}{os.getpid()}.part")
        try:
            self._files.get_file(name, str(part))
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        mark.write_text(version, "utf-8")
        return target

    def _find_rest(self, name: str) -> str:
        rest = name.removeprefix(self._root).lstrip("/")
        return rest or PurePosixPath(name).name

    def send(self, file: Path, rest: PurePosixPath) -> None:
        """Copy a file there, under its name below the folder.

        Raises:
            RemoteError: it cannot be written.
        """
        place = f"{self._root.rstrip('/')}/{rest}"
        try:
            self._files.makedirs(place.rpartition("/")[0], exist_ok=True)
            self._files.put_file(str(file), place)
        except Exception as error:
            raise self._explain("written", error) from error

    def list_sizes(self) -> dict[str, int]:
        """Return the bytes of every file there, by its name below the folder.

        Raises:
            RemoteError: it cannot be read.
        """
        try:
            found = self._files.find(self._root, detail=True)
        except FileNotFoundError:
            return {}
        except Exception as error:
            raise self._explain("read", error) from error
        return {self._find_rest(name): int(facts["size"] or 0) for name, facts in found.items()}

    def _explain(self, what: str, error: Exception) -> RemoteError:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if isinstance(error, PermissionError):
            said = "access is denied; check the rights of the key that is used"
        elif isinstance(error, FileNotFoundError):
            said = "there is no such place"
        return RemoteError(f"{self._url} cannot be {what}: {said}.")


def _read_parts(rest: str) -> Sequence[str]:
    """Return the parts of a name, none of which leads out of a folder.

    Raises:
        RemoteError: one does.
    """
    parts = PurePosixPath(rest).parts
    if not parts or any(part in ("..", "/", ".") or "\0" in part or "\\" in part for part in parts):
        raise RemoteError(f"The name {rest!r} is not used here: it leads out of its folder.")
    return parts


class RemoteResults:
    """Results that are copied elsewhere as they are made.

    Args:
        url: where to.
        folder: where they lie here.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._place, self._folder = RemoteFolder(url), folder

    def send(self, file: Path) -> None:
        """Copy one result there.

        Raises:
            RemoteError: it cannot be written.
        """
        self._place.send(file, PurePosixPath(file.relative_to(self._folder).as_posix()))

    def send_missing(self) -> None:
        """Copy what an earlier run made and did not copy, because it was killed.

        Raises:
            RemoteError: the place cannot be read or written.
        """
        there = self._place.list_sizes() if self._folder.is_dir() else {}
        for file in self._list_here():
            if there.get(file.relative_to(self._folder).as_posix()) != file.stat().st_size:
                self.send(file)

    def _list_here(self) -> Iterator[Path]:
        for file in sorted(self._folder.rglob("*")):
            hidden = any(part.startswith(".") for part in file.relative_to(self._folder).parts)
            if file.is_file() and not hidden:
                yield file
