"""What a server needs beside the base installation, and what is missing of it."""

from __future__ import annotations

from importlib.util import find_spec

from frisket.extras import advise_install

NEEDS = {
    "onnxruntime": "onnxruntime",
    "cv2": "opencv-contrib-python-headless",
    "grpc_health": "grpcio-health-checking",
    "grpc_reflection": "grpcio-reflection",
    "google.rpc": "googleapis-common-protos",
}
"""The modules without which no server starts, each with the package that brings it."""


def list_missing() -> list[str]:
    """Return the packages whose modules a server would look for in vain."""
    return [package for module, package in NEEDS.items() if not _is_there(module)]


def explain_lack() -> str:
    """Return in one sentence why no server can run here and what to do, or "" if one can."""
    missing = list_missing()
    advice = advise_install("server")
    if not missing:
        return ""
    if {"onnxruntime", "opencv-contrib-python-headless"} <= set(missing):
        return f"This installation has no server; {advice}"
    verb = "is" if len(missing) == 1 else "are"
    return f"The server's {', '.join(missing)} {verb} not installed; {advice}"


def explain_metrics_lack() -> str:
    """Return in one sentence why there can be no metrics here and what to do, or ""."""
    if _is_there("prometheus_client"):
        return ""
    return f"prometheus-client is not installed; {advise_install('metrics')}"


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
