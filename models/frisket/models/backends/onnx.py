"""ONNX Runtime: the only file of the project that imports it."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from frisket.extras import advise_install
from frisket.protocol.devices import Device
from frisket.protocol.printable import make_printable

from ..core.errors import (
    BadOutput,
    DeviceUnavailable,
    MissingExtra,
    ModelClosed,
    ModelError,
    ModelFileError,
    OutOfMemory,
)
from ..core.types import Array
from .bound import BoundRuns
from .engines import open_with_engines
from .halves import to_halves
from .plans import BLOCKED, CAPTURED, MAX_RUN_S, Memory, Plan, choose, make_key
from .providers import (
    CPU,
    CUDA,
    TENSORRT,
    check_provider,
    choose_providers,
    explain_cpu,
    is_lost,
    read_device,
    set_options,
)

log = logging.getLogger(__name__)

_MAX_FEED = 1 << 26
# What the runtime and CUDA say when an allocation fails.
_NO_MEMORY = (
    "failed to allocate memory",
    "bad_alloc",
    "out of memory",
    "cudaerrormemoryallocation",
)


@dataclass(frozen=True)
class Port:
    """An input or output of a graph; a free dimension is None."""

    name: str
    shape: tuple[int | None, ...]
    type: str

    def __str__(self) -> str:
        shape = "x".join("?" if n is None else str(n) for n in self.shape)
        return f"{make_printable(self.name, 100)} ({shape or 'scalar'} {self.type})"


def import_runtime() -> Any:
    """Import ONNX Runtime with its telemetry off, whatever the environment says.

    Returns:
        The module `onnxruntime`.

    Raises:
        MissingExtra: it is not installed.
    """
    # Read while it is imported: afterwards it has written a device id and asked for its
    # maker's host already.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra(
            f"Running a model needs ONNX Runtime; {advise_install('server')}, or [gpu] for CUDA."
        ) from error
    return onnxruntime


@cache
def _load_cuda(runtime: Any) -> None:
    """Load CUDA and cuDNN from the packages of the extra `cuda`, where they are installed.

    What the runtime prints when they are not belongs to the log, not to a command's output.
    """
    with contextlib.redirect_stdout(sys.stderr):
        runtime.preload_dlls()


def _make_options(runtime: Any, threads: int | None, plan: Plan) -> Any:
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads or 0
    # What another release may lack costs speed or memory, and no more.
    wishes: Sequence[Callable[[], None]] = (
        # The arena keeps every buffer that it ever needed, and patterns make them larger: U2-Net-p
        # then holds 640 MB for as long as it is open. Without them it holds 30, and is as fast
        # where the C library gives memory in large pages.
        lambda: setattr(options, "enable_cpu_mem_arena", False),
        lambda: setattr(options, "enable_mem_pattern", False),
        # Reuse holds a buffer for a later one of its size through all that is computed between.
        lambda: setattr(options, "enable_mem_reuse", False),
        lambda: setattr(
            options, "graph_optimization_level", getattr(runtime.GraphOptimizationLevel, plan.level)
        ),
        lambda: setattr(options, "inter_op_num_threads", 1),
        lambda: setattr(options, "execution_mode", runtime.ExecutionMode.ORT_SEQUENTIAL),
        lambda: options.add_session_config_entry("session.intra_op.allow_spinning", "0"),
    )
    for wish in wishes:
        with contextlib.suppress(AttributeError, RuntimeError, TypeError, ValueError):
            wish()
    return options


def _read_shape(shape: Sequence[Any]) -> tuple[int | None, ...]:
    return tuple(n if isinstance(n, int) and n > 0 else None for n in shape)


class Graph:
    """An opened ONNX graph.

    Attributes:
        device: where it really runs: "cpu", or "cuda:0" for the first GPU.
        inputs, outputs: what it takes and gives.

    Args:
        source: path of the file, or its bytes.
        device: as `frisket.protocol.devices` reads it; "cuda" and "tensorrt" never fall back.
        threads: of one run; None leaves it to the runtime.
        record: where it is kept which way of running it is best on this machine; a graph that is
            not in it is measured. None takes the way that is mostly best.
        engines: where TensorRT keeps what it builds; None: nowhere.

    Raises:
        ModelFileError: the file is not a graph that the runtime can load.
        DeviceUnavailable: the device cannot be used.
        MissingExtra: ONNX Runtime is not installed.
    """

    def __init__(
        self,
        source: Path | bytes,
        device: str = "auto",
        threads: int | None = None,
        record: Memory | None = None,
        engines: Path | None = None,
    ) -> None:
        runtime, target = import_runtime(), read_device(device)
        providers = choose_providers(target.kind, runtime.get_available_providers())
        if providers[0] != CPU:
            _load_cuda(runtime)
        what = source.name if isinstance(source, Path) else "the converted graph"
        if isinstance(source, Path) and not source.is_file():
            raise ModelFileError(f"There is no file {source}.")
        source = to_halves(source) if target.half else source
        opening = _Opening(runtime, source, target, threads, providers)
        self._session: Any
        try:
            self._session = opening.open(record, engines, what)
        except Exception as error:  # the runtime's own classes share no base
            raise _explain_load(what, error, device) from error
        self._runs: set[Any] = set()
        self.device = _read_device(self._session, target, opening.providers)
        self.inputs = _read_ports(self._session.get_inputs())
        self.outputs = _read_ports(self._session.get_outputs())
        self._bound: BoundRuns | None = None
        if self.device != "cpu":
            where, captured = ("cuda", target.index), opening.captured
            self._bound = BoundRuns(runtime, self._session, where, captured, self._is_fatal)

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Run once and return the outputs named, as float32 where the graph speaks halves.

        Raises:
            BadOutput: an output holds values that are not finite.
            DeviceUnavailable: the GPU is gone.
            ModelClosed: the graph was closed.
            ModelFileError: the graph failed, or was stopped.
            OutOfMemory: the device has too little memory for this run.
        """
        session, bound = self._session, self._bound  # another thread may close it meanwhile
        if session is None:
            raise ModelClosed("The model was closed; open it again before it runs.")
        types = {port.name: port.type for port in self.inputs}
        cast = {k: _cast(v, types.get(k, "")) for k, v in feeds.items()}
        options = import_runtime().RunOptions()
        self._runs.add(options)
        try:
            if bound is not None:
                answers = bound.run(cast, outputs, options)
            else:
                answers = session.run(list(outputs), cast, options)
        except Exception as error:
            raise _explain_failure(error, self.device) from error
        finally:
            self._runs.discard(options)
        return [_check_answer(a) for a in answers]

    def stop(self) -> None:
        """Make the runs that are under way fail before their next operator."""
        for options in list(self._runs):
            options.terminate = True

    def close(self) -> None:
        """Let go of the runtime's session and the weights in it; a second call does nothing."""
        self._session = self._bound = None

    def _is_fatal(self, error: Exception) -> bool:
        return not isinstance(_explain_failure(error, self.device), ModelFileError)


@dataclass
class _Opening:
    """How a graph is opened.

    Attributes:
        providers: those it may have; only the processor's are left where CUDA failed.
        captured: it was opened for CUDA graphs.
    """

    runtime: Any
    source: Path | bytes
    device: Device
    threads: int | None
    providers: list[str]
    captured: bool = False

    def by(self, plan: Plan, folder: Path | None = None) -> Any:
        """Open it by a plan, with a folder for TensorRT's engines."""
        given = str(self.source) if isinstance(self.source, Path) else self.source
        options = _make_options(self.runtime, self.threads, plan)
        set_up = set_options(self.providers, self.device, folder, plan.graphs)
        # Its own way to fall back forgets the device's number, and prints.
        return self.runtime.InferenceSession(given, options, providers=set_up, enable_fallback=0)

    def open(self, record: Memory | None, engines: Path | None, what: str) -> Any:
        """Open it as it is best there; whatever the runtime raises is the caller's to explain."""
        if engines is not None and TENSORRT in self.providers:
            place = engines / "-".join(self._make_key().split()[:2])
            return open_with_engines(place, lambda: self.by(BLOCKED, place))
        if self.providers[0] == CUDA:
            return self._open_on_gpu()
        if self.providers == [CPU] and record is not None:
            return _open_best(self.by, record, self._make_key(), what)
        return self.by(BLOCKED)

    def _make_key(self) -> str:
        return make_key(self.source, str(self.runtime.__version__), self.threads)

    def _open_on_gpu(self) -> Any:
        """Open it for CUDA; without CUDA graphs where it cannot be captured as one."""
        if self.device.graphs:
            # A graph of which a part stays on the processor is refused.
            with contextlib.suppress(Exception):
                session = self.by(CAPTURED)
                self.captured = True
                return session
        try:
            return self.by(BLOCKED)
        except Exception as error:
            if self.device.is_gpu:
                raise
            self.providers = [CPU]
            session = self.by(BLOCKED)
            tell_fallback(f"CUDA could not be used ({_first_line(error)})")
            return session


def _open_best(open_by: Callable[[Plan], Any], record: Memory, key: str, what: str) -> Any:
    """Open a graph as it runs best on this machine, measured when nobody has measured it yet."""
    if plan := record.find(key):
        return open_by(plan)
    session = open_by(BLOCKED)
    feeds = _make_feeds(session)
    if feeds is None:
        return session
    try:
        best, seconds = choose(
            lambda plan: session if plan is BLOCKED else open_by(plan),
            lambda opened: _time_run(opened, feeds),
        )
    except Exception:
        return session  # what is wrong with it is said when it runs for somebody
    record.keep(key, what, best.plan, seconds)
    return best.session


def _make_feeds(session: Any) -> dict[str, Array] | None:
    """Return a picture of nothing for a graph that says what it takes; None for others."""
    feeds: dict[str, Array] = {}
    types = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
    for port in _read_ports(session.get_inputs()):
        shape = (port.shape[0] or 1, *port.shape[1:]) if port.shape else (None,)
        known = [side for side in shape if side]
        if port.type not in types or len(known) != len(shape) or np.prod(known) > _MAX_FEED:
            return None
        feeds[port.name] = np.zeros(known, types[port.type])
    return feeds


def _time_run(session: Any, feeds: Mapping[str, Array]) -> float:
    """Run a graph, stopped when it takes too long, and return the seconds."""
    options = import_runtime().RunOptions()
    stopped = threading.Timer(2 * MAX_RUN_S, setattr, (options, "terminate", True))
    stopped.daemon = True
    stopped.start()
    started = time.perf_counter()
    try:
        session.run(None, dict(feeds), options)
    except Exception:
        if not options.terminate:
            raise
    finally:
        stopped.cancel()
    return time.perf_counter() - started


def _read_device(session: Any, wanted: Device, asked: Sequence[str]) -> str:
    first = session.get_providers()[0]
    check_provider(wanted.kind, first)
    if first != CPU:
        return f"cuda:{wanted.index}"
    if asked[0] != CPU:
        tell_fallback(explain_cpu(asked))
    return "cpu"


@cache
def tell_fallback(why: str) -> None:
    """Say once why models run on the processor though there is a provider for more."""
    log.warning("device auto is the processor: %s", why)


def _read_ports(ports: Sequence[Any]) -> list[Port]:
    return [Port(port.name, _read_shape(port.shape), port.type) for port in ports]


def _cast(value: Array, wanted: str) -> Array:
    return value.astype(np.float16) if wanted == "tensor(float16)" else value


def _check_answer(answer: Array) -> Array:
    if answer.dtype == np.float16:
        answer = answer.astype(np.float32)
    if answer.dtype.kind == "f" and not np.isfinite(answer).all():
        raise BadOutput("The model answered with values that are not numbers (NaN or infinity).")
    return answer


def _explain_failure(error: Exception, device: str) -> ModelError:
    """Return what a run's failure means; the runtime tells the kinds apart by text alone."""
    text = str(error).lower()
    if isinstance(error, MemoryError) or any(sign in text for sign in _NO_MEMORY):
        return OutOfMemory(f"The device's memory is too small: {_first_line(error)}")
    if device != "cpu" and is_lost(text):
        return DeviceUnavailable(
            f"The GPU was lost while a model ran ({_first_line(error)}): try again, and if that "
            "does not help, look at nvidia-smi and restart the server."
        )
    return ModelFileError(f"The model failed: {_first_line(error)}")


def _explain_load(what: str, error: Exception, device: str) -> ModelError:
    """Return what it means that a graph could not be opened."""
    said, whole = _first_line(error), str(error).lower()
    if device != "cpu" and (is_lost(whole) or "cuda failure" in whole):
        if any(sign in whole for sign in _NO_MEMORY):
            return OutOfMemory(f"The device's memory is too small: {said}")
        return DeviceUnavailable(
            f"{device} was asked for, but CUDA refuses it: {said}; look at nvidia-smi, or use "
            "--device cpu."
        )
    if "External data" in said:
        said = f"{what} keeps weights in another file: save it with all of them inside."
        return ModelFileError(said)
    return ModelFileError(f"{what} cannot be loaded as an ONNX graph: {said}")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [repr(error)]
    return make_printable(lines[0], 300)
