"""The values that go into a model and come out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .doubt import UNFITTED, Doubt

Picture = NDArray[Any]
"""uint8 (height, width, 3) sRGB, 0..255."""
Mask = NDArray[Any]
"""uint8 (height, width), 0..255."""
Float = NDArray[Any]
"""float32 values."""
Array = NDArray[Any]
State = tuple[Array, ...]
"""What a recurrent model keeps of the pictures before: float32 arrays of its own shapes."""

MAX_STATE_BYTES = 32 << 20
"""Of all arrays of a state."""
MAX_STATES = 32
"""Arrays of a state."""


@dataclass(frozen=True)
class Box:
    """A rectangle around the subject, in pixels of the picture; the far edges are outside."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Point:
    """A pixel of the picture that is the subject (positive) or is not."""

    x: float
    y: float
    positive: bool = True


@dataclass(frozen=True, eq=False)
class Stroke:
    """A line drawn over the subject (positive) or beside it, in pixels of the picture.

    Attributes:
        line: (points, 2) float64, x and y; a sequence of pairs becomes one.
        positive: whether it lies over the subject.
    """

    line: Array
    positive: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "line", np.asarray(self.line, np.float64).reshape(-1, 2))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stroke):
            return NotImplemented
        return self.positive == other.positive and np.array_equal(self.line, other.line)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Prompt:
    """What a model is told of the subject; each heeds the part that it understands.

    Attributes:
        boxes, points: where it is, for promptable models.
        strokes: the same, drawn; a model that cannot take lines takes points of them or none.
        classes: what it is, for models with classes; none means all of them.
        state: what a recurrent model left of the picture before, () at the first; None where no
            picture follows, and none is to be left.
    """

    boxes: tuple[Box, ...] = ()
    points: tuple[Point, ...] = ()
    classes: tuple[str, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    state: State | None = field(default=None, compare=False, repr=False)

    @property
    def empty(self) -> bool:
        """Say whether no box and no point says where the subject is."""
        return not self.boxes and not self.points


@dataclass(frozen=True)
class Coarse:
    """A model's answer for one picture.

    Attributes:
        alpha: (height, width) of the picture, 0..255.
        empty: the model found no subject; ``alpha`` is then 0 everywhere.
        layers: one alpha per class, for families with classes; else empty.
        note: a sentence for the user, or "".
        cell_px: edge of the model's own pixel, in pixels of the picture, at least 1.
        confidence: 0..1, how sure the raw output was before any stretching, or how far
            answers of the family can be trusted where it cannot tell.
        prompted: boxes, points and strokes have been obeyed already, by the model itself.
        state: what a recurrent model leaves for the next picture; None where none was wanted.
    """

    alpha: Mask
    empty: bool = False
    layers: Mapping[str, Mask] = field(default_factory=dict)
    note: str = ""
    cell_px: float = 1.0
    confidence: float = 1.0
    prompted: bool = False
    state: State | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a model without opening it.

    Attributes:
        name: as the user types it.
        family: the manifest it is fed by.
        description: one sentence.
        title: what the model is for, in a few words of whoever uses it, or "".
        licence: SPDX identifier where there is one, else the licence's own name.
        commercial: False when the licence forbids commercial use.
        size_bytes: of the weights; 0 when unknown or weight-free.
        present: it can be opened without fetching anything.
        input_size: (height, width) of the model's input; 0 where it takes any.
        cuttable: names of the classes that can be the subject, so without the background;
            empty for families without classes.
        default: it is what runs when no model is named.
        pullable: ``Registry.pull`` can fetch it.
        prompts: it takes points and boxes itself.
        role: "matte", or "refiner" for networks that need a trimap.
        notice: a sentence for the user whenever it runs, or "".
        provenance: what its weights were made from, where that is known.
        doubt: when a person should look at its mattes.
        recurrent: it heeds the state that it left of the picture before.
    """

    name: str
    family: str
    description: str
    licence: str
    commercial: bool
    size_bytes: int = 0
    present: bool = False
    input_size: tuple[int, int] = (0, 0)
    cuttable: tuple[str, ...] = ()
    default: bool = False
    pullable: bool = False
    prompts: bool = False
    role: str = "matte"
    notice: str = ""
    provenance: str = ""
    title: str = ""
    doubt: Doubt = UNFITTED
    recurrent: bool = False


@runtime_checkable
class Model(Protocol):
    """An opened model. Safe to call from several threads, one call at a time each."""

    @property
    def info(self) -> ModelInfo:
        """Return what it is."""

    @property
    def device(self) -> str:
        """Return where it really runs: "cpu" or "cuda:0"."""

    @property
    def max_batch(self) -> int:
        """Return how many pictures it is worth to give to one ``matte``; 1: one by one."""

    def matte(
        self, images: Sequence[Picture], prompts: Sequence[Prompt | None] | None = None
    ) -> list[Coarse]:
        """Return one coarse alpha per picture, in one batched run where the graph allows it."""

    def stop(self) -> None:
        """Make a run that is under way on another thread fail soon, with ``ModelError``."""

    def close(self) -> None:
        """Give back what it holds; a second call does nothing, a run raises ``ModelClosed``."""


@runtime_checkable
class Refiner(Model, Protocol):
    """A model that finds the alpha of a square whose trimap is known."""

    @property
    def side(self) -> int:
        """Return the side of the square, in pixels."""

    def refine(self, image: Picture, trimap: Mask) -> Array:
        """Return (side, side) uint16, 0..65535, for a picture and its 0, 128 and 255."""
