"""What can go wrong with a model, each in one sentence meant for the user."""

from __future__ import annotations

from collections.abc import Iterable

from frisket.protocol.errors import FrisketError


class ModelError(FrisketError):
    """Base of every error of this room. Its text is one clear sentence."""


class UnknownModel(ModelError):
    """No manifest and no added model bears this name."""

    def __init__(self, name: str, present: Iterable[str], pullable: Iterable[str]) -> None:
        self.name = name
        here = ", ".join(sorted(present)) or "none"
        there = ", ".join(sorted(pullable)) or "none"
        super().__init__(
            f"There is no model {name!r}; present: {here}; "
            f"to be had with 'frisket models pull': {there}."
        )


class NotPresent(ModelError):
    """The model is known, but its weights are not on this machine."""


class DownloadFailed(ModelError):
    """The weights could not be fetched or stored."""


class WrongHash(ModelError):
    """What was fetched is not what was pinned; nothing of it is kept."""


class BadSignature(ModelError):
    """The graph's inputs or outputs are not those of its family."""


class ConsentRequired(ModelError):
    """The licence must be accepted before the weights are fetched or used."""


class BadOutput(ModelError):
    """The model answered with values that are not numbers."""


class DeviceUnavailable(ModelError):
    """The device asked for cannot be used; there is no silent fall-back."""


class ModelFileError(ModelError):
    """A file given as weights, manifest or archive cannot be used."""


class MissingExtra(ModelError):
    """A package that only an extra of this project installs is missing."""


class OutOfMemory(ModelError):
    """The device's memory is too small for this run; a smaller batch may fit."""


class ModelFailed(ModelError):
    """The model took too long and was stopped, or ended the process that it ran in."""


class ModelClosed(ModelError):
    """The model was closed and is asked again."""


class BadPicture(ModelError):
    """The picture is not of the kind that this model is for."""


class BadPrompt(ModelError):
    """A prompt that this model cannot take, or that lies outside the picture."""
