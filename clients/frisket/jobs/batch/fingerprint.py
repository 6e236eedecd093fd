"""Identifies what a result depends on: the bytes of its input, and the options that shape it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from frisket.jobs.batch.states import Stamp
from frisket.jobs.task import CutOptions

_WHOLE_BYTES = 64 << 20
_SAMPLE_BYTES = 1 << 18
_SAMPLES = 32
_DIGEST_BYTES = 16
# Which server computes, and how carefully a file is opened, changes no pixel.
_SHAPELESS = ("server", "sandbox", "batch")


def identify_content(path: Path, stamp: Stamp) -> str:
    """Return what identifies the bytes of a file.

    A file of up to 64 MiB is read whole. Of a larger one, samples are read and its size and time
    count too: a night of layered files must not read each of them twice.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    with path.open("rb") as file:
        if stamp.size <= _WHOLE_BYTES:
            while block := file.read(1 << 20):
                digest.update(block)
            return digest.hexdigest()
        digest.update(f"{stamp.size} {stamp.mtime_ns}".encode())
        for number in range(_SAMPLES):
            file.seek((stamp.size - _SAMPLE_BYTES) * number // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def describe_recipe(options: CutOptions) -> str:
    """Return as JSON what shapes a result: every option that is not its default."""
    usual = CutOptions()
    told = {
        field.name: _plain(getattr(options, field.name))
        for field in dataclasses.fields(options)
        if field.name not in _SHAPELESS
        and getattr(options, field.name) != getattr(usual, field.name)
    }
    return json.dumps(told, sort_keys=True)


def identify_recipe(described: str) -> str:
    """Return the identity of what `describe_recipe` returned."""
    return hashlib.blake2b(described.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return _identify_hint(value) if isinstance(value, Path) else value


def _identify_hint(path: Path) -> str:
    """Return a picture of hints by its bytes; one that is missing by its name alone."""
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=_DIGEST_BYTES).hexdigest()
    except OSError:
        return str(path)
