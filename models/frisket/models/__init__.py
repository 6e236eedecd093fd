"""Models: manifests, a registry that fetches and verifies, adapters, backends.

``Registry().open()`` loads the default model; ``Model.matte`` answers with one
``Coarse`` per picture. Nothing heavy is imported before a model is opened.
"""

from .errors import (
    BadOutput,
    BadPrompt,
    BadSignature,
    ConsentRequired,
    DeviceUnavailable,
    DownloadFailed,
    MissingExtra,
    ModelError,
    ModelFileError,
    NotPresent,
    UnknownModel,
    WrongHash,
)
from .home import home
from .mirror import average_mirrored, mirror_picture, mirror_prompt
from .registry import Registry
from .types import Box, Coarse, Model, ModelInfo, Point, Prompt, Refiner, Stroke

__all__ = [
    "BadOutput",
    "BadPrompt",
    "BadSignature",
    "Box",
    "Coarse",
    "ConsentRequired",
    "DeviceUnavailable",
    "DownloadFailed",
    "MissingExtra",
    "Model",
    "ModelError",
    "ModelFileError",
    "ModelInfo",
    "NotPresent",
    "Point",
    "Prompt",
    "Refiner",
    "Registry",
    "Stroke",
    "UnknownModel",
    "WrongHash",
    "average_mirrored",
    "home",
    "mirror_picture",
    "mirror_prompt",
]
