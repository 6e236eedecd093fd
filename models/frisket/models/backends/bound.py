"""Runs a graph with arrays that stay on its GPU, and as a CUDA graph where that can be.

What a CUDA graph has captured it does again at the same addresses and in the same shapes, whatever
it is given. So each shape of inputs has arrays of its own on the device, and an id of its own that
no other shape ever gets.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.types import Array

log = logging.getLogger(__name__)

MOST_SHAPES = 16
"""Shapes whose arrays stay on the device: each takes memory for as long as the graph is open. What
comes in a shape beyond them is copied there and back."""
_ID, _NONE = "gpu_graph_id", "-1"


@dataclass
class _Place:
    """The arrays of one shape on a device.

    Attributes:
        number: the id of its CUDA graph.
        binding: of the session, to these arrays.
        inputs: by name.
        outputs: in the order asked for; none before the first run, which tells their shapes.
    """

    number: int
    binding: Any
    inputs: dict[str, Any]
    outputs: list[Any] = field(default_factory=list)


class BoundRuns:
    """The runs of a session whose arrays stay on its device; one at a time.

    Args:
        runtime: the module `onnxruntime`.
        session: the opened graph.
        where: kind and number of the device, as ONNX Runtime names them.
        graphs: the session was opened for CUDA graphs, and they are wanted.
        is_fatal: tells errors that another way of running would meet as well.
    """

    def __init__(
        self,
        runtime: Any,
        session: Any,
        where: tuple[str, int],
        graphs: bool,
        is_fatal: Callable[[Exception], bool] = lambda _: False,
    ) -> None:
        self._runtime, self._session, self._where = runtime, session, where
        self._graphs, self._is_fatal = graphs, is_fatal
        self._fixed = all(isinstance(side, int) for port in session.get_inputs()
                          for side in port.shape[1:])  # fmt: skip
        self._places: dict[tuple[Any, ...], _Place] = {}
        self._numbers = itertools.count(1)  # 0 is the runtime's own
        self._lock = threading.Lock()

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str], options: Any) -> list[Array]:
        """Run once and return the outputs named.

        Args:
            feeds: of the types that the graph takes.
            outputs: their names.
            options: of this run; who holds them may end it.
        """
        with self._lock:
            place = self._find(feeds, outputs)
            if place is None:
                options.add_run_config_entry(_ID, _NONE)
                answers: list[Array] = self._session.run(list(outputs), dict(feeds), options)
                return answers
            for name, values in feeds.items():
                place.inputs[name].update_inplace(np.ascontiguousarray(values))
            self._run(place, options)
            # Copies: where the device is the processor they would be the arrays themselves.
            return [value.numpy().copy() for value in self._keep_outputs(place, outputs)]

    def _find(self, feeds: Mapping[str, Array], outputs: Sequence[str]) -> _Place | None:
        """Return the arrays for such feeds; None where they are not worth keeping."""
        key = (*((name, feeds[name].shape) for name in sorted(feeds)), *outputs)
        if key not in self._places:
            if not self._fixed or len(self._places) >= MOST_SHAPES:
                return None
            self._places[key] = self._make_place(feeds, outputs)
        return self._places[key]

    def _make_place(self, feeds: Mapping[str, Array], outputs: Sequence[str]) -> _Place:
        binding, make = self._session.io_binding(), self._runtime.OrtValue.ortvalue_from_numpy
        # A copy: on a processor the array would be the caller's own.
        inputs = {name: make(values.copy(), *self._where) for name, values in feeds.items()}
        for name, value in inputs.items():
            binding.bind_ortvalue_input(name, value)
        for name in outputs:
            binding.bind_output(name, *self._where)
        return _Place(next(self._numbers), binding, inputs)

    def _run(self, place: _Place, options: Any) -> None:
        # The first run of a shape finds out where its outputs lie: only then is it captured.
        captured = self._graphs and bool(place.outputs)
        options.add_run_config_entry(_ID, str(place.number) if captured else _NONE)
        try:
            self._session.run_with_iobinding(place.binding, options)
        except Exception as error:  # the runtime's own classes share no base
            if not captured or options.terminate or self._is_fatal(error):
                raise
            log.warning("this graph runs without CUDA graphs: %s", _first_line(error))
            self._graphs = False
            options.add_run_config_entry(_ID, _NONE)
            self._session.run_with_iobinding(place.binding, options)

    def _keep_outputs(self, place: _Place, outputs: Sequence[str]) -> Sequence[Any]:
        """Return a place's outputs; after its first run they stay where they are."""
        if not place.outputs:
            place.outputs = place.binding.get_outputs()
            for name, value in zip(outputs, place.outputs, strict=True):
                place.binding.bind_ortvalue_output(name, value)
        return place.outputs


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [repr(error)])[0][:300]
