"""Networks with a memory: beside a picture they take what they left of the one before.

The signature is that of Robust Video Matting (Lin et al., "Robust High-Resolution Video Matting
with Temporal Guidance", WACV 2022): a picture, states r1i, r2i .. and how much of the picture's
size the network works at; out come an alpha and the states r1o, r2o .. for the next picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..backends.onnx import Graph, Port
from ..core.errors import BadPrompt, BadSignature
from ..core.prepare import Frame, make_tensor
from ..core.spec import Spec
from ..core.types import (
    MAX_STATE_BYTES,
    MAX_STATES,
    Array,
    Coarse,
    ModelInfo,
    Picture,
    Prompt,
    State,
)
from .opened import GraphModel
from .signature import name_ports, refuse
from .single import put_channels_first, read_answer

RATIO = "downsample_ratio"
"""The input that tells how much of the picture's size the network works at; some have none."""


class RecurrentModel(GraphModel):
    """A graph of a picture and states in, an alpha and states out.

    It keeps nothing itself: a state comes with a picture's prompt and leaves with its answer. So
    a picture without one is answered as the first of a clip, and any number of clips share it.

    Raises:
        BadSignature: the graph's inputs or outputs are not those.
    """

    def __init__(self, spec: Spec, info: ModelInfo, graph: Graph) -> None:
        super().__init__(spec, info, graph)
        self._has_ratio = any(port.name == RATIO for port in graph.inputs)
        self._states = [port for port in graph.inputs if port.name not in (self._input.name, RATIO)]
        self._left = _pair_states(spec, graph, self._states)

    def answer(self, images: Sequence[Picture], prompts: Sequence[Prompt | None]) -> list[Coarse]:
        """Return one coarse alpha per picture, and the state that it leaves where one is wanted.

        Raises:
            BadPrompt: a state that this model cannot have left.
            BadSignature: the state that it leaves is too large to be carried.
        """
        return [self._follow(*both) for both in zip(images, prompts, strict=True)]

    def _follow(self, image: Picture, prompt: Prompt | None) -> Coarse:
        state = prompt.state if prompt else None
        values, place = make_tensor(image, self._spec.input)
        ratio = self._choose_ratio(place)
        feeds = {self._input.name: values, **self._recall(state or ())}
        if self._has_ratio:
            feeds[RATIO] = np.array([ratio], np.float32)
        wanted = [self._output, *(self._left if state is not None else ())]
        found, *left = self._graph.run(feeds, wanted)
        alpha = put_channels_first(found, self._output, self._spec)
        coarse = read_answer(alpha, place, (image.shape[0], image.shape[1]), self._spec, prompt)
        kept = None if state is None else self._check_left(left)
        return replace(coarse, cell_px=coarse.cell_px / ratio, state=kept)

    def _choose_ratio(self, place: Frame) -> float:
        """Return how much of its input's size the network works at, as it chooses that itself."""
        return min(1.0, self._spec.input.size[0] / max(place.input)) if self._has_ratio else 1.0

    def _recall(self, state: State) -> Mapping[str, Array]:
        """Return what the graph's states are fed; a clip begins with zeros of any shape."""
        if not state:
            state = tuple(np.zeros([n or 1 for n in p.shape], np.float32) for p in self._states)
        if len(state) != len(self._states):
            raise BadPrompt(
                f"{self.info.name} keeps {len(self._states)} states, and {len(state)} were given."
            )
        return {port.name: one for port, one in zip(self._states, state, strict=True)}

    def _check_left(self, left: Sequence[Array]) -> State:
        state = tuple(np.asarray(one, np.float32) for one in left)
        if (size := sum(one.nbytes for one in state)) > MAX_STATE_BYTES:
            raise BadSignature(
                f"{self.info.name}: the states of a picture take {size >> 20} MiB, more than the "
                f"{MAX_STATE_BYTES >> 20} MiB that are carried from one to the next."
            )
        return state


def _pair_states(spec: Spec, graph: Graph, states: Sequence[Port]) -> list[str]:
    """Return the output that each state leaves with: r1o for r1i.

    Raises:
        BadSignature: there is no state, one without its pair, or there are too many.
    """
    outputs = {port.name for port in graph.outputs}
    left = [port.name[:-1] + "o" for port in states if port.name.endswith("i")]
    if 1 <= len(states) <= MAX_STATES and len(left) == len(states) and outputs.issuperset(left):
        return left
    found = f"the graph takes {name_ports(graph.inputs)} and gives {name_ports(graph.outputs)}"
    raise refuse(spec, f"1 to {MAX_STATES} states r1i, r2i .. and the outputs r1o, r2o ..", found)
