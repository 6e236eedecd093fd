"""Why no subject was found, as far as what the model was shown can tell."""

from __future__ import annotations

import numpy as np

from frisket.documents import Document, Layer

_FLAT = 4  # levels of 255 between the darkest and the brightest hundredth
_TAILS = (1, 99)
_DARK, _BRIGHT = 16, 239
_HINTS = "say where it is with --box or --point, or try another --model"


def explain_nothing(document: Document, layer: Layer) -> str:
    """Return one sentence: what was looked at, what it looked like, and what can help."""
    cause, advice = _find_cause(document, layer)
    if sum(one.kind != "group" for one in document.layers) > 1:
        advice += ", or choose another layer with --layer"
    looked = f" ({cause})" if cause else ""
    return (
        f"{document.path}: no subject was found in '{layer.path}'{looked}, so nothing was "
        f"written; {advice}."
    )


def _find_cause(document: Document, layer: Layer) -> tuple[str, str]:
    proxy = document.raster(layer).proxy()
    if layer.has_alpha:
        seen = proxy[proxy[..., -1] > 0][..., :-1]
        if not seen.size:
            return "it is transparent throughout", "give a layer that shows something"
    else:
        seen = proxy.reshape(-1, proxy.shape[-1])
    low, high = np.percentile(seen, _TAILS)
    if high - low > _FLAT:
        return "", _HINTS
    shade = "black" if high < _DARK else "white" if low > _BRIGHT else "of one shade"
    floats = document.raster(layer).depth == 32
    if floats and shade != "of one shade":
        return (
            f"to the model it is {shade} throughout: its floats lie outside the range of 0 to 1",
            "bring its values into 0 to 1",
        )
    return f"to the model it is {shade} throughout", "stretch its levels so that something is seen"
