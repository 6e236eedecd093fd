"""ViTMatte: a network that is given a picture with its trimap, and finds the alpha in between.

Yao et al., "Boosting Image Matting with Pretrained Plain Vision Transformers", 2023. It looks
at squares of one size: the network's tables of relative positions are made for the size that
it was exported at, and another size gives wrong answers without a word.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..backends.onnx import Graph, Port
from ..core.errors import BadPrompt, BadSignature
from ..core.spec import Spec
from ..core.types import Array, Coarse, Float, Mask, ModelInfo, Picture, Prompt
from .opened import GraphModel
from .signature import name_ports, refuse

MULTIPLE = 32
TOP = 65535


class RefinerModel(GraphModel):
    """A graph of four channels in, one out, both of the same square.

    Attributes:
        side: of the square, in pixels.

    Raises:
        BadSignature: the graph's input or output is not that.
    """

    def __init__(self, spec: Spec, info: ModelInfo, graph: Graph) -> None:
        super().__init__(spec, info, graph, _find_input, _find_output)
        self.side = self._input.shape[2] or spec.input.size[0]

    def answer(self, images: Sequence[Picture], prompts: Sequence[Prompt | None]) -> list[Coarse]:
        """Refuse: a refiner has no answer of its own.

        Raises:
            BadPrompt: always; it says what the model is for.
        """
        raise BadPrompt(
            f"{self.info.name} refines the edge that another model found: "
            "choose it with --quality best, not as the model."
        )

    def refine(self, image: Picture, trimap: Mask) -> Array:
        """Return the alpha of a square.

        One picture a run, so that no answer depends on what ran beside it.

        Args:
            image: (side, side, 3) uint8 sRGB.
            trimap: (side, side) uint8: 0, 255, and 128 for what is unknown.

        Returns:
            (side, side) uint16, 0..65535.

        Raises:
            BadOutput: the graph answered with what is not a number.
            BadSignature: with another size.
            ModelClosed: the model was closed.
        """
        self.require_open()
        feed = {self._input.name: self._make_tensor(image, trimap)}
        values = self._graph.run(feed, [self._output])
        if values[0].size != self.side**2:
            raise BadSignature(
                f"{self.info.name}: {self._output} should be {self.side}x{self.side} like the "
                f"input, but the graph answered with {'x'.join(map(str, values[0].shape))}."
            )
        alpha = np.asarray(values[0], np.float32).reshape(self.side, self.side)
        return np.rint(np.clip(alpha, 0, 1) * TOP).astype(np.uint16)

    def _make_tensor(self, image: Picture, trimap: Mask) -> Float:
        given = self._spec.input
        colours = image.astype(np.float32) / np.float32(255)
        colours = (colours - np.asarray(given.mean, np.float32)) / np.asarray(given.std, np.float32)
        known = trimap.astype(np.float32)[..., None] / np.float32(255)
        planes = np.concatenate([colours, known], axis=2).transpose(2, 0, 1)
        return np.ascontiguousarray(planes[None], np.float32)


def _find_input(spec: Spec, graph: Graph) -> Port:
    for port in graph.inputs:
        shape = port.shape
        square = len(shape) == 4 and shape[1] in (4, None) and shape[2] == shape[3]
        if square and not (shape[2] or 0) % MULTIPLE and len(graph.inputs) == 1:
            return port
    expected = f"an input 1x4xSxS (colours and trimap; S a multiple of {MULTIPLE})"
    raise refuse(spec, expected, f"the graph has {name_ports(graph.inputs)}")


def _find_output(spec: Spec, graph: Graph) -> str:
    for port in graph.outputs[:1]:
        if len(port.shape) == 4 and port.shape[1] in (1, None):
            return port.name
    found = f"the graph has {name_ports(graph.outputs)}"
    raise refuse(spec, "an output of one channel, 1x1xSxS", found)
