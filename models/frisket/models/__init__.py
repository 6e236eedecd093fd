"""Models: manifests, a registry that fetches and verifies, adapters, backends.

``Registry().open()`` loads the default model; ``Model.matte`` answers with one
``Coarse`` per picture. Nothing heavy is imported before a model is opened.
"""

from .core.doubt import UNFITTED, Doubt, Weights
from .core.errors import (
    BadOutput,
    BadPicture,
    BadPrompt,
    BadSignature,
    ConsentRequired,
    DeviceUnavailable,
    DownloadFailed,
    MissingExtra,
    ModelClosed,
    ModelError,
    ModelFailed,
    ModelFileError,
    NotPresent,
    OutOfMemory,
    UnknownModel,
    WrongHash,
)
from .core.spec import Source
from .core.types import (
    MAX_STATE_BYTES,
    Box,
    Coarse,
    Model,
    ModelInfo,
    Point,
    Prompt,
    Refiner,
    State,
    Stroke,
)
from .looks import (
    Frame,
    crop_picture,
    crop_prompt,
    frame_subject,
    join_looks,
    mirror_picture,
    mirror_prompt,
)
from .registry import Registry

__all__ = [
    "MAX_STATE_BYTES",
    "UNFITTED",
    "BadOutput",
    "BadPicture",
    "BadPrompt",
    "BadSignature",
    "Box",
    "Coarse",
    "ConsentRequired",
    "DeviceUnavailable",
    "Doubt",
    "DownloadFailed",
    "Frame",
    "MissingExtra",
    "Model",
    "ModelClosed",
    "ModelError",
    "ModelFailed",
    "ModelFileError",
    "ModelInfo",
    "NotPresent",
    "OutOfMemory",
    "Point",
    "Prompt",
    "Refiner",
    "Registry",
    "Source",
    "State",
    "Stroke",
    "UnknownModel",
    "Weights",
    "WrongHash",
    "crop_picture",
    "crop_prompt",
    "frame_subject",
    "join_looks",
    "mirror_picture",
    "mirror_prompt",
]
