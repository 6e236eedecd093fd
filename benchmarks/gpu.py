"""What a graph does on a GPU: the bare model, batched and not, fp16 and fp32, graphs on and off.

    python benchmarks/gpu.py                          # on any machine with CUDA
    python benchmarks/gpu.py --provider cpu --rounds 3  # the script itself, without one

Prints a line for each way and writes `benchmarks/results/gpu.json`. Without a device it says so,
and writes that. A way that the runtime or the graph cannot go is told with its reason. The same
through the server, by the same switches: `server` sends one picture after another, and eight at a
time, and `of_bare` compares with the bare model of that batch; `film` sends frames of 3840 x 2160
one by one, from JPEG to alpha, and tells each stage in frames a second.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from common import RESULTS, u2netp_weights

from frisket.models.backends.halves import to_halves
from frisket.models.backends.onnx import import_runtime
from frisket.protocol.methods import MATTE_IMAGE

if TYPE_CHECKING:
    from frisket.client.address import Address

PROVIDERS = {"cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}
BATCHES = (1, 8)
Row = dict[str, Any]


def main() -> int:
    """Measure what there is, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--provider", choices=PROVIDERS, default="cuda")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--output", type=Path, default=RESULTS / "gpu.json")
    arguments = parser.parse_args()
    runtime = import_runtime()
    report: Row = {"runtime": runtime.__version__, "device": name_device(), "rows": []}
    there = PROVIDERS[arguments.provider] in runtime.get_available_providers()
    if arguments.provider == "cuda" and not (there and report["device"]):
        lacks = [] if there else ["an ONNX Runtime with CUDA (the extra gpu)"]
        lacks += [] if report["device"] else ["a GPU that nvidia-smi tells of"]
        report["measured"] = False
        print(f"Nothing was measured: this machine lacks {' and '.join(lacks)}.")
    else:
        report["measured"] = True
        report["rows"] = measure_all(runtime, arguments.provider, arguments.rounds)
    arguments.output.write_text(json.dumps(report, indent=2) + "\n")
    return 0


def name_device() -> str:
    """Return the device's name and memory; empty where there is none."""
    return ask_driver("name,memory.total")


def ask_driver(facts: str) -> str:
    """Return what the driver tells of the devices, all that use them counted; empty without one."""
    query = ("nvidia-smi", f"--query-gpu={facts}", "--format=csv,noheader")
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def measure_all(runtime: Any, provider: str, rounds: int) -> list[Row]:
    """Return a row for each way to run, bare and through the server, and for the film."""
    rows = []
    for half in (False, True):
        for graphs in (False, True):
            for batch in BATCHES:
                ways: Row = {"fp16": half, "batch": batch, "graphs": graphs}
                bare = attempt(ways, partial(run_bare, runtime, provider, rounds, **ways))
                device = f"{provider}{'+half' * half}{'' if graphs else '+nographs'}"
                if provider == "cpu" and not half and not graphs:
                    device = provider  # what a processor does anyway
                served: Row = {"server": device, "clients": batch}
                measure = partial(run_served, device, rounds, batch, bare.get("pictures_per_s"))
                rows += [bare, attempt(served, measure)]
    return [*rows, attempt({"film": True}, partial(run_film, provider, rounds))]


def attempt(ways: Row, measure: Callable[[], Row]) -> Row:
    """Return what was measured of one way, or why it cannot be gone."""
    try:
        row = {**ways, **measure()}
    except Exception as error:  # the runtime's own classes share no base
        row = {**ways, "impossible": (str(error).strip().splitlines() or [repr(error)])[0][:200]}
    print(row, flush=True)
    return row


def run_bare(runtime: Any, provider: str, rounds: int, fp16: bool, batch: int, graphs: bool) -> Row:
    """Run the graph with its input and output bound on the device; return pictures a second."""
    if graphs and provider != "cuda":
        raise ValueError("CUDA graphs need CUDA")
    name = PROVIDERS[provider]
    options = {"enable_cuda_graph": "1"} if graphs else {}
    session = runtime.InferenceSession(load_graph(fp16, batch), providers=[(name, options)])
    if session.get_providers()[0] != name:
        raise ValueError(f"the runtime fell back to {session.get_providers()[0]}")
    port = session.get_inputs()[0]
    kind = np.float16 if "float16" in port.type else np.float32
    feed = np.random.default_rng(0).random((batch, *port.shape[1:])).astype(kind)
    binding, where = session.io_binding(), "cuda" if provider == "cuda" else "cpu"
    binding.bind_ortvalue_input(port.name, runtime.OrtValue.ortvalue_from_numpy(feed, where, 0))
    for output in session.get_outputs()[:1]:
        binding.bind_output(output.name, where)
    if graphs:
        # An id of its own for this shape: a graph that was captured for another must not run.
        choice = runtime.RunOptions()
        choice.add_run_config_entry("gpu_graph_id", str(batch))
        run = lambda: session.run_with_iobinding(binding, choice)  # noqa: E731
    else:
        run = lambda: session.run_with_iobinding(binding)  # noqa: E731
    seconds = time_rounds(run, rounds)
    memory = psutil.Process().memory_info().rss
    return {"pictures_per_s": round(batch / seconds, 2), "ms": round(seconds * 1e3, 2),
            "resident_mb": round(memory / 1e6), "gpu_used": ask_driver("memory.used")}  # fmt: skip


def load_graph(half: bool, batch: int) -> bytes:
    """Return U2-Net-p with a batch of that size, in float32 or with float16 throughout."""
    import onnx

    model = onnx.load(str(u2netp_weights()))
    del model.graph.value_info[:]  # it says what a batch of one has
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    data: bytes = model.SerializeToString()
    return to_halves(data) if half else data


def time_rounds(run: Callable[[], object], rounds: int) -> float:
    """Return the median seconds of a run, after three to warm up."""
    times = []
    for _ in range(rounds + 3):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return float(np.median(times[3:]))


def run_served(device: str, rounds: int, clients: int, bare: float | None) -> Row:
    """Send pictures to a server, so many at a time; return pictures a second."""
    from frisket.jobs.grpc_transport import GrpcTransport

    with serve(device) as (address, _):
        transport, request = GrpcTransport(address), make_request(draw_picture())
        transport.unary(MATTE_IMAGE, request, 300)
        started = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(lambda _: transport.unary(MATTE_IMAGE, request, 300), range(rounds)))
        seconds = time.perf_counter() - started
        transport.close()
    rate = round(rounds / seconds, 2)
    return {"pictures_per_s": rate, "of_bare": round(rate / bare, 2) if bare else None,
            "gpu_used": ask_driver("memory.used")}  # fmt: skip


def run_film(provider: str, rounds: int) -> Row:
    """Send large frames one by one; return frames a second, whole and of each stage."""
    from frisket.jobs.grpc_transport import GrpcTransport

    with serve(provider) as (address, log):
        transport, request = GrpcTransport(address), make_request(draw_picture((3840, 2160)))
        for _ in range(rounds + 1):
            transport.unary(MATTE_IMAGE, request, 300)
        transport.close()
        calls = [json.loads(line) for line in log.read_text().splitlines()][1:]
    stages = {name: np.median([one["stages"].get(name, 0.0) for one in calls])
              for name in ("read", "model", "solve", "refine", "write")}  # fmt: skip
    whole = float(np.median([one["seconds"] for one in calls]))
    rates = {name: round(float(1 / spent), 2) for name, spent in stages.items() if spent}
    return {"frames_per_s": round(1 / whole, 2), "stages_frames_per_s": rates}


def make_request(image: bytes) -> bytes:
    """Return what asks for the matte of a picture."""
    from frisket.v1 import matting_pb2 as pb

    options = pb.MatteOptions(model="bench")
    return pb.MatteImageRequest(image=image, options=options).SerializeToString()


def draw_picture(size: tuple[int, int] = (512, 512)) -> bytes:
    """Return a JPEG of a photograph."""
    import io

    from PIL import Image
    from skimage import data

    file = io.BytesIO()
    Image.fromarray(data.astronaut()).resize(size).save(file, "JPEG", quality=95)
    return file.getvalue()


@contextmanager
def serve(device: str) -> Iterator[tuple[Address, Path]]:
    """Run a server with the model; yield its address and its log of calls."""
    from frisket.client.address import Address

    with tempfile.TemporaryDirectory(prefix="frisket-gpu-") as home:
        environment = {**os.environ, "FRISKET_HOME": home, "FRISKET_TOKEN": "gpu-benchmark"}
        add = ("models", "add", "bench", "--family", "u2netp", "--file", str(u2netp_weights()))
        subprocess.run([sys.executable, "-m", "frisket", *add], env=environment, check=True)
        log = Path(home, "calls")
        words = ("--device", device, "--access-log", str(log))
        command = (sys.executable, "-m", "frisket.server", *words)
        said = Path(home, "said")
        with said.open("w") as err:
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=err, text=True
            )
        assert process.stdout is not None
        try:
            if not (ready := process.stdout.readline()):
                raise ValueError(said.read_text().strip().splitlines()[-1])
            yield Address(ready.split()[-1], "gpu-benchmark"), log
        finally:
            process.terminate()
            process.wait(60)


if __name__ == "__main__":
    sys.exit(main())
