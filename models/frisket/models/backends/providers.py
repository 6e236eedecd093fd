"""Where ONNX Runtime runs a graph: which of its providers in which order, and how each is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from frisket.extras import advise_install
from frisket.protocol.devices import GPU_KINDS, BadDevice, Device, parse_device

from ..core.errors import DeviceUnavailable

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"
GPU_DEVICES = dict(zip(GPU_KINDS, (CUDA, TENSORRT), strict=True))
"""Devices that never fall back, and the provider that each asks for."""
_NAMES = {"cuda": "CUDA", "tensorrt": "TensorRT"}
# What CUDA and its libraries say when the device itself is gone, or answers nothing any more.
_LOST = (
    "no cuda-capable device",
    "cudaerrornodevice",
    "cudaerrordevicesunavailable",
    "all cuda-capable devices are busy or unavailable",
    "gpu is lost",
    "fallen off the bus",
    "unspecified launch failure",
    "illegal memory access",
    "uncorrectable ecc",
    "cuda failure 999",
    "unknown error",
)


def read_device(text: str) -> Device:
    """Read a device as it is written.

    Raises:
        DeviceUnavailable: there is no such device.
    """
    try:
        return parse_device(text)
    except BadDevice as error:
        raise DeviceUnavailable(str(error)) from error


def choose_providers(device: str, available: Sequence[str]) -> list[str]:
    """Return the providers that a device asks for, the wanted one first.

    Args:
        device: one of `DEVICES`.
        available: the providers that the runtime has.

    Raises:
        DeviceUnavailable: the runtime has no provider for it.
    """
    if device in GPU_DEVICES and GPU_DEVICES[device] not in available:
        raise DeviceUnavailable(
            f"{_NAMES[device]} was asked for, but {_explain_lack(device)}, or use --device cpu."
        )
    # TensorRT takes minutes to build an engine, so nobody gets it who has not asked for it.
    wanted = {"auto": (CUDA,), "cuda": (CUDA,), "tensorrt": (TENSORRT, CUDA)}.get(device, ())
    return [*(one for one in wanted if one in available), CPU]


def check_provider(device: str, chosen: str) -> None:
    """Refuse another provider than a device stands for, where it is strict.

    Args:
        device: that was asked for.
        chosen: the provider that runs the graph.

    Raises:
        DeviceUnavailable: the runtime fell back.
    """
    if GPU_DEVICES.get(device, chosen) != chosen:
        raise DeviceUnavailable(
            f"{_NAMES[device]} was asked for, but {_explain_start(device)}, or use --device cpu."
        )


def explain_cpu(available: Sequence[str]) -> str:
    """Return why models run on the processor where CUDA would do as well, and what to do.

    Args:
        available: the providers that the runtime has.
    """
    return _explain_start("cuda") if CUDA in available else _explain_lack("cuda")


def explain_devices(available: Sequence[str]) -> Sequence[str]:
    """Return what can be said of each device here before it is used, a sentence for each.

    Args:
        available: the providers that the runtime has.
    """
    there = CUDA in available
    auto = "tries CUDA first" if there else f"takes the processor: {_explain_lack('cuda')}"
    ready = {
        "cuda": "may be asked for, and is refused where it does not start",
        "tensorrt": "may be asked for; auto leaves it, for engines take minutes to build",
    }
    for kind, provider in GPU_DEVICES.items():
        if provider not in available:
            ready[kind] = f"cannot be had: {_explain_lack(kind)}"
    return [f"auto {auto}", *(f"{kind} {text}" for kind, text in ready.items())]


def _explain_lack(device: str) -> str:
    return f"this ONNX Runtime has no {_NAMES[device]} provider; {advise_install('gpu')}"


def _explain_start(device: str) -> str:
    if device == "tensorrt":
        return (
            "its provider could not be started: put the libraries of TensorRT where they are found"
        )
    return (
        "its provider could not be started (driver or CUDA libraries missing): "
        f"{advise_install('cuda')} for the libraries"
    )


def set_options(
    providers: Sequence[str], device: Device, engines: Path | None, graphs: bool
) -> list[str | tuple[str, Mapping[str, str]]]:
    """Return the providers with their options, where they have any.

    Args:
        providers: in their order.
        device: whose number and precision they take.
        engines: the folder where TensorRT keeps what it has built for a graph; None: nowhere.
        graphs: CUDA may capture runs as CUDA graphs.
    """
    place = {"device_id": str(device.index)}
    set_up: dict[str, Mapping[str, str]] = {
        CUDA: place | ({"enable_cuda_graph": "1"} if graphs else {}),
        TENSORRT: place
        | _keep_engines(engines)
        | ({"trt_fp16_enable": "1"} if device.half else {}),
    }
    return [(one, set_up[one]) if one in set_up else one for one in providers]


def _keep_engines(folder: Path | None) -> dict[str, str]:
    if folder is None:
        return {}
    return {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(folder),
    }


def is_lost(text: str) -> bool:
    """Tell whether the words of a failed run on a GPU mean that the GPU itself is gone."""
    lower = text.lower()
    return any(sign in lower for sign in _LOST)
