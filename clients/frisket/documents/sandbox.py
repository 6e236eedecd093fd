"""Rehearsing an untrusted file in a child process with limits.

The child opens the file, lists its layers and decodes the chosen ones from top to bottom; what
it survived, the parent may do again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from .io.child import SandboxLimits, run_child, serve


def decode_in_sandbox(
    path: str | os.PathLike[str],
    selectors: Sequence[str] = (),
    all_layers: bool = False,
    limits: SandboxLimits | None = None,
    encoding: str = "",
) -> None:
    """Open and decode a file in a child; return only if it came to no harm.

    Args:
        path: The file.
        selectors: Layers to decode, as for ``find_layers``; none means the default layer.
        all_layers: Decode every layer with pixels.
        limits: What the child may use.
        encoding: Of layer names, as for ``open_document``.

    Raises:
        DocumentError: What opening or decoding raised, or that the child had to be stopped.
    """
    name = os.fspath(path)
    request = {"path": name, "selectors": [*selectors], "all": all_layers, "encoding": encoding}
    run_child(__name__, name, request, limits or SandboxLimits(), "decoding")


def decode(request: dict[str, Any]) -> None:
    """Open a file and sweep over the layers once."""
    from .opening import open_document

    with open_document(request["path"], request["encoding"]) as document:
        for layer in document.find_layers(request["selectors"], request["all"]):
            if document.is_composed(layer):  # in a child of its own, with limits too
                continue
            for _ in document.raster(layer).bands():
                pass


if __name__ == "__main__":
    sys.exit(serve(decode))
