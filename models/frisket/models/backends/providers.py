"""Where ONNX Runtime runs a graph: which of its providers in which order, and how each is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from frisket.extras import advise_install
from frisket.protocol.choices import DEVICES

from ..core.errors import DeviceUnavailable

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"
GPU_DEVICES = {"cuda": CUDA, "tensorrt": TENSORRT}
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


def choose_providers(device: str, available: Sequence[str]) -> list[str]:
    """Return the providers that a device asks for, the wanted one first.

    Args:
        device: one of `DEVICES`.
        available: the providers that the runtime has.

    Raises:
        DeviceUnavailable: there is no such device, or the runtime has no provider for it.
    """
    if device not in DEVICES:
        raise DeviceUnavailable(f"There is no device {device!r}; use {', '.join(DEVICES)}.")
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
    providers: Sequence[str], engines: Path | None
) -> list[str | tuple[str, Mapping[str, str]]]:
    """Return the providers with their options, where they are not the runtime's own.

    Args:
        providers: in their order.
        engines: the folder where TensorRT keeps what it has built for a graph; None: nowhere.
    """
    if engines is None:
        return list(providers)
    return [(one, _keep_engines(engines)) if one == TENSORRT else one for one in providers]


def _keep_engines(folder: Path) -> Mapping[str, str]:
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
