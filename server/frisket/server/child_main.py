"""The process in which a device's models live: `python -m frisket.server.child_main HOME`.

It reads requests on its standard input and ends when that ends, whatever runs.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

from frisket.models import Coarse, Model, ModelError, OutOfMemory, Refiner, Registry
from frisket.models.core.types import Array
from frisket.protocol.heap import empty_the_heap, return_what_is_freed
from frisket.protocol.memory import peak_bytes
from frisket.server.child_wire import (
    CloseModel,
    OpenModel,
    Request,
    RunMatte,
    RunRefine,
    StopModel,
    read_request,
    write_answer,
)
from frisket.server.scale import Scale

Answer = tuple[dict[str, Any], Sequence[Array]]
_MAX_TEXT = 2000


class ModelHost:
    """Opens and runs models for the process above.

    Args:
        registry: where models are found.
        inbox: requests.
        outbox: answers.
    """

    def __init__(self, registry: Registry, inbox: BinaryIO, outbox: BinaryIO) -> None:
        self._registry = registry
        self._inbox, self._outbox = inbox, outbox
        self._writing = threading.Lock()
        self._models: dict[int, Model] = {}
        self._scale = Scale()
        self._runs = ThreadPoolExecutor(1, "run")
        self._opens = ThreadPoolExecutor(1, "open")

    def serve(self) -> None:
        """Do what is asked until the parent is gone."""
        while True:
            try:
                request = read_request(self._inbox)
            except EOFError:
                return
            if isinstance(request, StopModel):
                if model := self._models.get(request.model):
                    model.stop()
            elif isinstance(request, OpenModel):
                self._opens.submit(self._do, request, self._open)
            else:
                self._runs.submit(self._do, request, self._run)
            del request  # its pictures and scribbles are not to wait for the next one

    def _do(self, request: Request, work: Callable[[Any], Answer]) -> None:
        """Do one piece of work and answer."""
        answer: dict[str, Any]
        with self._scale.work(request.model, isinstance(request, OpenModel)):
            try:
                answer, parts = work(request)
            except Exception as error:
                answer, parts = _describe(error), ()
            empty_the_heap()
        figures = {"id": request.id, "peak": peak_bytes(), **self._list_weights()}
        with self._writing:
            write_answer(self._outbox, {**figures, **answer}, parts)

    def _list_weights(self) -> dict[str, Any]:
        """Return what the process keeps, and what of it belongs to which model."""
        scale = self._scale
        weights = {str(model): size for model, size in scale.weights.items()}
        return {"base": scale.base, "kept": scale.kept, "weights": weights}

    def _open(self, request: OpenModel) -> Answer:
        model = self._registry.open(request.name, request.device, request.threads)
        self._models[request.model] = model
        side = model.side if isinstance(model, Refiner) else 0
        return {"device": model.device, "max_batch": model.max_batch, "side": side}, ()

    def _run(self, request: Request) -> Answer:
        if isinstance(request, CloseModel):
            self._models.pop(request.model).close()
            self._scale.forget(request.model)
            return {}, ()
        model = self._models[request.model]
        if isinstance(request, RunRefine):
            assert isinstance(model, Refiner)
            return {}, [model.refine(request.image, request.trimap)]
        assert isinstance(request, RunMatte)
        answers = model.matte(request.images, request.prompts)
        found = {"coarse": [_list_facts(one) for one in answers], "max_batch": model.max_batch}
        states = [array for one in answers for array in one.state or ()]
        return found, [*(one.alpha for one in answers), *states]


def _list_facts(coarse: Coarse) -> dict[str, Any]:
    """Return an answer without its pixels; masks of single classes stay here."""
    return {
        "empty": bool(coarse.empty),
        "note": coarse.note,
        "cell_px": float(coarse.cell_px),
        "confidence": float(coarse.confidence),
        "prompted": bool(coarse.prompted),
        "state": None if coarse.state is None else [one.shape for one in coarse.state],
    }


def _describe(error: Exception) -> dict[str, Any]:
    if isinstance(error, MemoryError):
        error = OutOfMemory("The memory is too small for this run.")
    if not isinstance(error, ModelError):
        traceback.print_exception(error)
    return {"error": type(error).__name__, "text": str(error)[:_MAX_TEXT]}


def main() -> None:
    """Serve the parent and leave at once when it is gone."""
    # What a library prints must not come between the answers.
    outbox = os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)
    # The parent decides when a run may end: both reach every process of a terminal or a service.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return_what_is_freed()
    empty_the_heap()
    inbox = os.fdopen(os.dup(0), "rb", 0)
    ModelHost(Registry(Path(sys.argv[1])), inbox, outbox).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
