"""Rehearsing untrusted files in a child process with limits.

The child opens a file, lists its layers and decodes the chosen ones from top to bottom; what
it survived, the parent may do again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from .io.child import SandboxLimits, Workshop, serve


def decode_in_sandbox(
    path: str | os.PathLike[str],
    selectors: Sequence[str] = (),
    all_layers: bool = False,
    limits: SandboxLimits | None = None,
    encoding: str = "",
) -> None:
    """Open and decode a file in a child of its own; see `Sandbox.decode`.

    Raises:
        DocumentError: What opening or decoding raised, or that the child had to be stopped.
    """
    with Sandbox(limits) as sandbox:
        sandbox.decode(path, selectors, all_layers, encoding)


class Sandbox:
    """A child that decodes one file after another; one thread at a time may ask it.

    Args:
        limits: What it may use.
    """

    def __init__(self, limits: SandboxLimits | None = None) -> None:
        self._child = Workshop(__name__, "decoding", limits)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child; the next file gets another."""
        self._child.close()

    def decode(
        self,
        path: str | os.PathLike[str],
        selectors: Sequence[str] = (),
        all_layers: bool = False,
        encoding: str = "",
        *,
        pixels: bool = True,
    ) -> None:
        """Open and decode a file in the child; return only if it came to no harm.

        Args:
            path: The file.
            selectors: Layers to decode, as for ``find_layers``; none means the default layer.
            all_layers: Decode every layer with pixels.
            encoding: Of layer names, as for ``open_document``.
            pixels: False only opens it and finds the layers.

        Raises:
            DocumentError: What opening or decoding raised, or that the child had to be stopped.
        """
        name = os.fspath(path)
        request = {"path": name, "selectors": [*selectors], "all": all_layers}
        self._child.ask(name, {**request, "encoding": encoding, "pixels": pixels})


def decode(request: dict[str, Any]) -> None:
    """Open a file and, for its pixels, sweep over the layers once."""
    from .opening import open_document

    with open_document(request["path"], request["encoding"]) as document:
        for layer in document.find_layers(request["selectors"], request["all"]):
            # What is composed is drawn in a child of its own, with limits too.
            if request["pixels"] and not document.is_composed(layer):
                for _ in document.raster(layer).bands():
                    pass


if __name__ == "__main__":
    sys.exit(serve(decode))
