"""Families of one picture in, one map out: everything they differ in is data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..backends.onnx import Graph
from ..core.errors import BadSignature
from ..core.lazy import LazyMasks
from ..core.prepare import Frame, fit_alpha, make_tensor
from ..core.spec import Spec
from ..core.types import Array, Coarse, Float, ModelInfo, Picture, Prompt
from .answers import activate, answer_nothing, quantise, stretch
from .opened import GraphModel
from .remembered import Answer, Remembered

MAX_BATCH = 8
"""Pictures of one run, where the graph takes more than one."""


class SingleModel(GraphModel):
    """A graph of one input and one map of interest.

    It runs several pictures at once where the graph's batch axis is free and the device is no
    CPU: there one picture keeps all cores busy, and a batch would only delay the first of it.
    The answer of a graph with classes is kept for a while: which of them is wanted changes how it
    is read, and not what it is.

    Raises:
        BadSignature: the graph's input or output is not what the manifest says.
    """

    def __init__(self, spec: Spec, info: ModelInfo, graph: Graph) -> None:
        super().__init__(spec, info, graph)
        self._unproved = True
        self._remembered = Remembered() if spec.output.channels > 1 else None
        if self._input.shape[0] is None and graph.device != "cpu":
            self.max_batch = MAX_BATCH

    def answer(self, images: Sequence[Picture], prompts: Sequence[Prompt | None]) -> list[Coarse]:
        """Return one coarse alpha per picture; of a prompt only its classes are understood."""
        kept = self._remembered
        answers = kept.find(images, self._ask) if kept else self._ask(images)
        return [
            read_answer(values, place, (image.shape[0], image.shape[1]), self._spec, prompt)
            for (values, place), image, prompt in zip(answers, images, prompts, strict=True)
        ]

    def close(self) -> None:
        """Give back the graph and what it answered."""
        super().close()
        if self._remembered:
            self._remembered.forget()

    def _ask(self, images: Sequence[Picture]) -> list[Answer]:
        """Return the graph's map for each picture, and where the picture lies in it."""
        prepared = [make_tensor(image, self._spec.input) for image in images]
        maps = self._run([values for values, _ in prepared])
        return [(values, place) for values, (_, place) in zip(maps, prepared, strict=True)]

    def _run(self, tensors: list[Float]) -> list[Float]:
        """Return one (channels, h, w) map per tensor; equal shapes share a run if allowed."""
        alike = len({t.shape for t in tensors}) == 1
        if len(tensors) > 1 and alike and self.max_batch > 1:
            return self._run_together(tensors)
        return self._run_apart(tensors)

    def _run_apart(self, tensors: list[Float]) -> list[Float]:
        return [
            self._read_map(self._graph.run({self._input.name: t}, [self._output])[0])
            for t in tensors
        ]

    def _run_together(self, tensors: list[Float]) -> list[Float]:
        """Run a batch; until one has given what single runs give, single runs answer.

        A graph may take batches and yet mix their pictures, or round otherwise than alone.
        """
        whole = self._graph.run({self._input.name: np.concatenate(tensors)}, [self._output])[0]
        maps = [self._read_map(part[None]) for part in whole]
        if not self._unproved:
            return maps
        apart = self._run_apart(tensors)
        if len(maps) == len(apart) and all(map(_looks_alike, maps, apart)):
            self._unproved = False
        else:
            self.max_batch = 1
        return apart

    def _read_map(self, answer: Array) -> Float:
        return put_channels_first(answer, self._output, self._spec)


def _looks_alike(together: Float, alone: Float) -> bool:
    """Tell whether two answers differ by less than half a step of 8 bits."""
    if together.shape != alone.shape:
        return False
    reach = float(alone.max() - alone.min())
    return bool(np.abs(together - alone).max() <= reach / 512)


def put_channels_first(answer: Array, output: str, spec: Spec) -> Float:
    """Return a graph's answer as a map (channels, h, w) float32.

    Raises:
        BadSignature: it is none, or has fewer channels than the manifest says.
    """
    values = np.asarray(answer, np.float32)
    while values.ndim > 3 and len(values) == 1:
        values = values[0]
    if values.ndim == 2:
        values = values[None]
    elif values.ndim == 3 and spec.input.layout == "nhwc":
        values = values.transpose(2, 0, 1)
    if values.ndim != 3 or values.shape[0] < spec.output.channels or not values.size:
        raise BadSignature(
            f"{spec.name}: the family {spec.family!r} expects the output "
            f"{output} to be a map of {spec.output.channels} channel(s), "
            f"but the graph answered with {'x'.join(map(str, np.shape(answer))) or 'a number'}."
        )
    return values


def read_answer(
    values: Float, place: Frame, size: tuple[int, int], spec: Spec, prompt: Prompt | None = None
) -> Coarse:
    """Return the coarse alpha of a (channels, h, w) map.

    Args:
        values: the graph's answer.
        place: where the picture lies in it.
        size: (height, width) of the picture.
        spec: how the answer is read.
        prompt: its classes are the subject; none means the manifest's, else all.
    """
    if spec.output.channels > 1:
        return _read_classes(values, place, size, spec, prompt.classes if prompt else ())
    values = activate(values, spec.output.activation)[0]
    peak = float(values.max())
    cell = max(1.0, size[0] / place.content[0], size[1] / place.content[1])
    if peak < spec.output.empty_below or peak <= 0.0:
        return answer_nothing(size, cell, peak)
    alpha = stretch(values) if spec.output.stretch else values
    return Coarse(
        fit_alpha(quantise(alpha), place, size), cell_px=cell, confidence=min(1.0, max(0.0, peak))
    )


def _read_classes(
    values: Float, place: Frame, size: tuple[int, int], spec: Spec, wanted: tuple[str, ...]
) -> Coarse:
    output = spec.output
    shares = _share_out(values, output.activation)
    layers = LazyMasks(
        output.cuttable,
        lambda name: fit_alpha(quantise(shares[output.classes.index(name)]), place, size),
    )
    chosen = wanted or output.chosen or output.cuttable
    whole = shares[[output.classes.index(name) for name in chosen]].sum(axis=0)
    cell = max(1.0, size[0] / place.content[0], size[1] / place.content[1])
    peak = float(whole.max())
    if peak < max(output.empty_below, 1e-6):
        return answer_nothing(size, cell, peak)
    return Coarse(fit_alpha(quantise(whole), place, size), False, layers, "", cell, peak)


def _share_out(values: Float, activation: str) -> Float:
    """Return each class's share of every pixel, (classes, h, w)."""
    if activation == "argmax":
        winner = values.argmax(axis=0)
        return np.asarray(winner[None] == np.arange(values.shape[0])[:, None, None], np.float32)
    return activate(values, activation)
