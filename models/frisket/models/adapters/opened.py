"""What all adapters share: wishes are checked, graphs are held, and given back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..backends.onnx import Graph, Port
from ..core.errors import BadPrompt, ModelClosed
from ..core.spec import Spec
from ..core.types import Coarse, ModelInfo, Picture, Prompt
from .signature import find_input, find_output


class OpenedModel:
    """A model that holds graphs until it is closed; an adapter adds ``answer``.

    Attributes:
        info: what the model is.
        device: where it really runs: "cpu" or "cuda:0".
        max_batch: pictures that ``matte`` runs together at most; an adapter may raise it.

    Args:
        info: what the model is.
        graphs: what it runs, the heaviest first; none for models without weights.
    """

    max_batch = 1

    def __init__(self, info: ModelInfo, *graphs: Graph) -> None:
        self.info = info
        self.device = graphs[0].device if graphs else "cpu"
        self._graphs = graphs
        self._closed = False

    def matte(
        self, images: Sequence[Picture], prompts: Sequence[Prompt | None] | None = None
    ) -> list[Coarse]:
        """Return one coarse alpha per picture; a prompt is obeyed as far as ``info`` says.

        Args:
            images: (h, w, 3) uint8 sRGB, of any sizes.
            prompts: one per picture, or None for none at all.

        Raises:
            BadPrompt: a class that the model does not have, or a place outside the picture.
            BadOutput, BadSignature: the graph answered with what is no alpha.
            ModelClosed: the model was closed.
        """
        self.require_open()
        told = list(prompts or [None] * len(images))
        for prompt in told:
            check_classes(prompt, self.info)
        return self.answer(images, told)

    def answer(self, images: Sequence[Picture], prompts: Sequence[Prompt | None]) -> list[Coarse]:
        """Return one coarse alpha per picture, as the adapter makes it."""
        raise NotImplementedError

    def stop(self) -> None:
        """Make a run that is under way fail soon; without a graph nothing can be stopped."""
        for graph in self._graphs:
            graph.stop()

    def close(self) -> None:
        """Give back the graphs with their weights; a second call does nothing."""
        self._closed = True
        for graph in self._graphs:
            graph.close()

    def require_open(self) -> None:
        """Check that the model may run.

        Raises:
            ModelClosed: it was closed.
        """
        if self._closed:
            raise ModelClosed(f"The model {self.info.name} was closed; open it again first.")


def check_classes(prompt: Prompt | None, info: ModelInfo) -> None:
    """Check that the model has the classes asked for.

    Raises:
        BadPrompt: it names what the model does not know, and what it knows.
    """
    for name in prompt.classes if prompt else ():
        if name not in info.cuttable:
            known = ", ".join(info.cuttable) or "none"
            raise BadPrompt(f"{info.name} knows no class {name!r}; it knows {known}.")


class GraphModel(OpenedModel):
    """A model of one graph: what it is fed as, and the input and the output that count.

    Args:
        spec: how the graph is fed.
        info: what the model is.
        graph: what it runs.
        find_input: finds the port of the picture.
        find_output: finds the name of the answer.

    Raises:
        BadSignature: the graph has no such input or output.
    """

    def __init__(
        self,
        spec: Spec,
        info: ModelInfo,
        graph: Graph,
        find_input: Callable[[Spec, Graph], Port] = find_input,
        find_output: Callable[[Spec, Graph], str] = find_output,
    ) -> None:
        super().__init__(info, graph)
        self._spec = spec
        self._graph = graph
        self._input = find_input(spec, graph)
        self._output = find_output(spec, graph)
