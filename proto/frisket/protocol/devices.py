"""How a device is written on which a server runs its models: `cuda:1+half`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from frisket.protocol.choices import DEVICES

GPU_KINDS = ("cuda", "tensorrt")
"""Devices that are a GPU strictly."""
_HALF, _NO_GRAPHS = "half", "nographs"
_FORM = re.compile(rf"(\w+)(?::(\d{{1,2}}))?((?:\+(?:{_HALF}|{_NO_GRAPHS}))*)")


class BadDevice(ValueError):
    """What was written is no device; the text says why and what there is."""


@dataclass(frozen=True)
class Device:
    """A device, and how graphs are run on it.

    Attributes:
        kind: one of `DEVICES`.
        index: which GPU of those that the process sees, from 0.
        half: graphs compute in half precision.
        graphs: CUDA graphs are used where shapes are fixed.
    """

    kind: str
    index: int = 0
    half: bool = False
    graphs: bool = True

    @property
    def is_gpu(self) -> bool:
        """Whether it is a GPU strictly, and never the processor."""
        return self.kind in GPU_KINDS


def parse_device(text: str) -> Device:
    """Read one device: a word of `DEVICES`; after a GPU's `:N`, `+half` and `+nographs`.

    Raises:
        BadDevice: it is none.
    """
    found = _FORM.fullmatch(text)
    if found is None or found[1] not in DEVICES:
        raise BadDevice(
            f"There is no device {text[:100]!r}; use {', '.join(DEVICES)}, and for one GPU of "
            "several its number, as in cuda:1."
        )
    ways = found[3].split("+")[1:]
    device = Device(found[1], int(found[2] or 0), _HALF in ways, _NO_GRAPHS not in ways)
    if not device.is_gpu and (found[2] or ways):
        raise BadDevice(
            f"{text!r}: only cuda and tensorrt have a number, half precision or CUDA graphs; "
            f"write {device.kind} alone."
        )
    return device


def split_devices(text: str) -> Sequence[str]:
    """Return the devices of a list with commas, each as it is written.

    Raises:
        BadDevice: one is none, or a device is named twice.
    """
    words = text.split(",")
    places = [(one.index if one.is_gpu else one.kind) for one in map(parse_device, words)]
    if len(set(places)) < len(places):
        raise BadDevice(f"{text!r} names a device twice; name each one once.")
    return words


def are_processors(text: str) -> bool:
    """Tell whether models on these devices lie, or may lie, in the machine's own memory."""
    return not any(parse_device(word).is_gpu for word in split_devices(text))
