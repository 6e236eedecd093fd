"""What a host says when a cutout is complete: nothing was found, or somebody should look."""

from __future__ import annotations

from frisket.client.events import Outcome
from frisket.client.options import LayerSpec
from frisket.hosts.language import _
from frisket.hosts.request import Refused

_FLAT = 4  # levels of 255 between the darkest and the brightest hundredth
_DARK, _BRIGHT = 16, 239
# As many pixels tell as much as all of them, and pure Python stays quick.
_LOOKED_AT = 20_000


class NoSubject(Refused):
    """No subject was found, and nothing was added; the text says why and what can help."""


def explain_nothing(name: str, spec: LayerSpec, proxy: bytes, next_step: str) -> str:
    """Return what the command line says of a layer without a subject, with the host's advice.

    Args:
        name: the layer's name.
        spec: the layer's sizes.
        proxy: what the model was shown.
        next_step: a sentence: how the user can mark the subject in this host.
    """
    cause, advice = _find_cause(spec, proxy)
    if not cause:
        text = _("No subject was found in '{name}', so nothing was added. {advice}")
        return text.format(name=name, advice=next_step)
    text = _("No subject was found in '{name}' ({cause}), so nothing was added. {advice}")
    return text.format(name=name, cause=cause, advice=advice)


def phrase_doubts(name: str, outcome: Outcome) -> str:
    """Return what the server wants a person to look at; empty when it is sure."""
    if not outcome.judgement.needs_review or not outcome.judgement.reasons:
        return ""
    reasons = " ".join(_(reason) for reason in outcome.judgement.reasons)
    return _("Please check '{name}': {reasons}").format(name=name, reasons=reasons)


def _find_cause(spec: LayerSpec, proxy: bytes) -> tuple[str, str]:
    size = spec.proxy_format.pixel_bytes
    step = size * max(1, len(proxy) // size // _LOOKED_AT)
    colours: list[int] = []
    for start in range(0, len(proxy) - size + 1, step):
        pixel = proxy[start : start + size]
        if size in (1, 3):
            colours += pixel
        elif pixel[-1]:
            colours += pixel[:-1]
    if not colours:
        return _("it is transparent throughout"), _("Choose a layer that shows something.")
    colours.sort()
    low, high = colours[len(colours) // 100], colours[-1 - len(colours) // 100]
    if high - low > _FLAT:
        return "", ""
    advice = _("Stretch its levels so that something is seen.")
    if high < _DARK:
        return _("to the model it is black throughout"), advice
    if low > _BRIGHT:
        return _("to the model it is white throughout"), advice
    return _("to the model it is of one shade throughout"), advice
