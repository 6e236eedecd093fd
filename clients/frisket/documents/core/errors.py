"""The one family of errors that documents raise: a sentence a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath

from frisket.extras import advise_install
from frisket.nearest import find_nearest
from frisket.protocol.errors import FrisketError


class DocumentError(FrisketError):
    """Something about a document went wrong; ``str`` of it is one clear sentence.

    Attributes:
        path: The file concerned.
        reason: What is wrong, without the file's name.
        offset: Byte position in the file, where one is known.
        advice: What to do about it, or an empty string.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        reason: str,
        *,
        offset: int | None = None,
        advice: str = "",
    ) -> None:
        self.path = fspath(path)
        self.reason = reason
        self.offset = offset
        self.advice = advice
        super().__init__(self.compose_sentence())

    def compose_sentence(self) -> str:
        """Return the sentence: the file, what is wrong, where, and what to do about it."""
        where = f" (at byte {self.offset})" if self.offset is not None else ""
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.path}: {self.reason}{where}{advice}"

    def __reduce__(self) -> tuple[object, ...]:
        """Keep every field when the error crosses a process border."""
        return (_restore, (type(self), dict(self.__dict__)))


def _restore(kind: type[DocumentError], state: dict[str, object]) -> DocumentError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    Exception.__init__(error, error.compose_sentence())
    return error


class UnreadableDocument(DocumentError):
    """The file is missing, truncated, damaged, or lies about its own sizes."""


class UnsupportedDocument(DocumentError):
    """The file is sound as far as it was read, but of a kind that is not handled."""


class MissingExtra(UnsupportedDocument):
    """The packages that such a file needs are not installed; the advice says how to get them.

    Args:
        path: The file concerned.
        need: Who needs them, with the verb: "OpenEXR files need".
        extra: Of pyproject.toml, which brings them.
    """

    def __init__(self, path: str | PathLike[str], need: str, extra: str) -> None:
        super().__init__(path, f"{need} an extra", advice=advise_install(extra))


class OutputError(DocumentError):
    """The result cannot be written: no permission, no space, limits of the format."""


class PlaceError(OutputError):
    """The place fails whatever is written there: no room, no permission, no folder."""


class LayerNotFound(DocumentError):
    """No layer answers to a selector.

    Attributes:
        selector: What was asked for.
        existing: The paths of the layers that exist, topmost first.
    """

    _SHOWN = 12
    _COMPARED = 200

    def __init__(
        self, path: str | PathLike[str], selector: str | None, existing: Sequence[str]
    ) -> None:
        self.selector = selector
        self.existing = tuple(existing)
        super().__init__(path, self._state_reason(), advice=self._list_choices())

    def _state_reason(self) -> str:
        if self.selector is None:
            return "no visible layer with pixels"
        return f"no layer answers to {self.selector!r}"

    def _list_choices(self) -> str:
        if not self.existing:
            return "the document has no layers"
        more = len(self.existing) - self._SHOWN
        tail = f" and {more} more" if more > 0 else ""
        there = "there are: " + ", ".join(self.existing[: self._SHOWN]) + tail
        near = self._guess_meant()
        return f"did you mean {near!r}? {there}" if near else there

    def _guess_meant(self) -> str:
        """Return the path that is spelt most like the selector, or nothing."""
        if self.selector is None:
            return ""
        spelt = {path.rsplit("/", 1)[-1]: path for path in reversed(self.existing)}
        spelt |= {path: path for path in reversed(self.existing)}
        return spelt.get(find_nearest(self.selector[: self._COMPARED], spelt), "")
