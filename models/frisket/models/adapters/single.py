"""Families of one picture in, one map out: everything they differ in is data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..backends.onnx import Graph, Port
from ..errors import BadPrompt, BadSignature
from ..lazy import LazyMasks
from ..manifest import Spec
from ..prepare import Frame, fitted, tensor
from ..types import Array, Coarse, Float, Mask, ModelInfo, Picture, Prompt


class SingleModel:
    """A graph of one input and one map of interest.

    Raises:
        BadSignature: the graph's input or output is not what the manifest says.
    """

    def __init__(self, spec: Spec, info: ModelInfo, graph: Graph) -> None:
        self.info = info
        self._spec = spec
        self._graph = graph
        self._input = check_input(spec, graph)
        self._output = check_output(spec, graph)

    @property
    def device(self) -> str:
        """Where it really runs."""
        return self._graph.device

    def close(self) -> None:
        """Nothing is held but the graph."""

    def matte(
        self, images: Sequence[Picture], prompts: Sequence[Prompt | None] | None = None
    ) -> list[Coarse]:
        """One coarse alpha per picture; of a prompt only its classes are understood.

        Raises:
            BadPrompt: a class that the model does not know.
        """
        chosen = [chosen_classes(self._spec, p) for p in prompts or [None] * len(images)]
        prepared = [tensor(image, self._spec.input) for image in images]
        maps = self._run([t for t, _ in prepared])
        return [
            read(m, place, (image.shape[0], image.shape[1]), self._spec, names)
            for m, (_, place), image, names in zip(maps, prepared, images, chosen, strict=True)
        ]

    def _run(self, tensors: list[Float]) -> list[Float]:
        """One (channels, h, w) map per tensor; equal shapes share a run where allowed."""
        alike = len({t.shape for t in tensors}) == 1
        if len(tensors) > 1 and alike and self._input.shape[:1] == (None,):
            whole = self._graph.run({self._input.name: np.concatenate(tensors)}, [self._output])[0]
            return [self._channels_first(part[None]) for part in whole]
        return [
            self._channels_first(self._graph.run({self._input.name: t}, [self._output])[0])
            for t in tensors
        ]

    def run_raw(self, tensor: Float) -> Float:
        """The (h, w) map of interest for a ready tensor, untouched."""
        return np.asarray(self._run([tensor])[0][0], np.float32)

    def _channels_first(self, answer: Array) -> Float:
        values = np.asarray(answer, np.float32)
        while values.ndim > 3 and len(values) == 1:
            values = values[0]
        if values.ndim == 2:
            values = values[None]
        elif values.ndim == 3 and self._spec.input.layout == "nhwc":
            values = values.transpose(2, 0, 1)
        if values.ndim != 3 or values.shape[0] < self._spec.output.channels or not values.size:
            raise BadSignature(
                f"{self._spec.name}: the family {self._spec.family!r} expects the output "
                f"{self._output} to be a map of {self._spec.output.channels} channel(s), "
                f"but the graph answered with {'x'.join(map(str, np.shape(answer))) or 'a number'}."
            )
        return values


def _wanted(spec: Spec) -> str:
    high, wide = spec.input.size if spec.input.fit in ("stretch", "letterbox") else (0, 0)
    size = f"{high or '?'}x{wide or '?'}"
    return f"1x3x{size}" if spec.input.layout == "nchw" else f"1x{size}x3"


def check_input(spec: Spec, graph: Graph) -> Port:
    """The graph's picture input.

    Raises:
        BadSignature: it names what was expected and what was found.
    """
    ports = [p for p in graph.inputs if spec.input.name in ("", p.name)]
    found = ", ".join(str(p) for p in graph.inputs)
    for port in ports:
        if _fits(port, spec):
            return port
    raise BadSignature(
        f"{spec.name}: the family {spec.family!r} expects an input {_wanted(spec)}, "
        f"but the graph has {found or 'none'}."
    )


def _fits(port: Port, spec: Spec) -> bool:
    if len(port.shape) != 4 or port.type not in ("tensor(float)", "tensor(float16)"):
        return False
    nchw = spec.input.layout == "nchw"
    channels = port.shape[1 if nchw else 3]
    sides = port.shape[2:] if nchw else port.shape[1:3]
    if channels not in (3, None):
        return False
    if spec.input.fit not in ("stretch", "letterbox"):
        return True
    return all(s in (None, w) for s, w in zip(sides, spec.input.size, strict=True))


def check_output(spec: Spec, graph: Graph) -> str:
    """Name of the graph's output of interest.

    Raises:
        BadSignature: it is missing or has another number of channels.
    """
    ports = graph.outputs
    index = spec.output.index if spec.output.index >= 0 else len(ports) + spec.output.index
    found = ", ".join(str(p) for p in ports)
    wanted = f"{spec.name}: the family {spec.family!r} expects output {index} to be"
    if not 0 <= index < len(ports):
        raise BadSignature(f"{wanted} there, but the graph has {found or 'none'}.")
    shape = ports[index].shape
    axis = 1 if spec.input.layout == "nchw" else len(shape) - 1
    plain = len(shape) in (2, 3) and spec.output.channels == 1
    fits = len(shape) == 4 and shape[axis] in (spec.output.channels, None)
    if not (plain or fits or not shape):
        raise BadSignature(
            f"{wanted} a map of {spec.output.channels} channel(s), but the graph has {found}."
        )
    return ports[index].name


def activated(values: Float, how: str) -> Float:
    """Sigmoid or softmax over the first axis, or the values as they are."""
    if how == "sigmoid":
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)), np.float32)
    if how == "softmax":
        powers = np.exp(values - values.max(axis=0, keepdims=True))
        return np.asarray(powers / powers.sum(axis=0, keepdims=True), np.float32)
    return values


def stretched(values: Float) -> Float:
    """Between its own minimum and maximum; a constant map stays as it is."""
    low, high = float(values.min()), float(values.max())
    return (values - np.float32(low)) / np.float32(high - low) if high > low else values


def quantised(values: Float) -> Mask:
    """0..1 as 0..255, rounded, so that last-bit differences between devices vanish."""
    return np.asarray(np.rint(np.clip(values, 0.0, 1.0) * 255.0), np.uint8)


def chosen_classes(spec: Spec, prompt: Prompt | None) -> tuple[str, ...]:
    """The classes that are the subject: those asked for, else the manifest's, else all.

    Raises:
        BadPrompt: it names what the model does not know, and what it knows.
    """
    known = spec.output.classes[1:]
    wanted = prompt.classes if prompt else ()
    for name in wanted:
        if name not in known:
            raise BadPrompt(
                f"{spec.name} knows no class {name!r}; it knows {', '.join(known) or 'none'}."
            )
    return wanted or spec.output.chosen or known


def read(
    values: Float,
    place: Frame,
    size: tuple[int, int],
    spec: Spec,
    chosen: tuple[str, ...] = (),
) -> Coarse:
    """The coarse alpha of a (channels, h, w) map; ``chosen`` are the subject's classes."""
    if spec.output.channels > 1:
        return _read_classes(values, place, size, spec, chosen or chosen_classes(spec, None))
    values = activated(values, spec.output.activation)[0]
    peak = float(values.max())
    cell = max(1.0, size[0] / place.content[0], size[1] / place.content[1])
    if peak < spec.output.empty_below or peak <= 0.0:
        return nothing(size, cell, peak)
    alpha = stretched(values) if spec.output.stretch else values
    return Coarse(
        fitted(quantised(alpha), place, size), cell_px=cell, confidence=min(1.0, max(0.0, peak))
    )


def nothing(size: tuple[int, int], cell: float, peak: float) -> Coarse:
    """The answer for a picture without a subject."""
    return Coarse(
        np.zeros(size, np.uint8),
        empty=True,
        note="The model found no subject in this picture.",
        cell_px=cell,
        confidence=max(0.0, min(1.0, peak)),
    )


def _read_classes(
    values: Float, place: Frame, size: tuple[int, int], spec: Spec, chosen: tuple[str, ...]
) -> Coarse:
    output = spec.output
    how = "softmax" if output.activation in ("softmax", "argmax") else output.activation
    shares = activated(values, how)
    if output.activation == "argmax":
        winner = values.argmax(axis=0)
        shares = (winner[None] == np.arange(values.shape[0])[:, None, None]).astype(np.float32)
    layers = LazyMasks(
        output.classes[1:],
        lambda name: fitted(quantised(shares[output.classes.index(name)]), place, size),
    )
    whole = shares[[output.classes.index(name) for name in chosen]].sum(axis=0)
    cell = max(1.0, size[0] / place.content[0], size[1] / place.content[1])
    peak = float(whole.max())
    if peak < max(output.empty_below, 1e-6):
        return nothing(size, cell, peak)
    return Coarse(fitted(quantised(whole), place, size), False, layers, "", cell, peak)
