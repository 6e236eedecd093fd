"""How a server and the process of its models talk: frames on two pipes.

Down go pickled requests, for the child trusts its parent. Up come answers as JSON with plain
bytes beside it, read into memory that the parent made for them: a model is a stranger's data,
and whatever it does to its own process reaches the parent as values only.
"""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from frisket.models import Prompt
from frisket.models.core.types import Array, Mask, Picture

MAX_ANSWER_BYTES = 1 << 20
"""Of an answer's JSON."""
MAX_PARTS = 64
"""Of an answer; a request has as many as it has arrays, and one with scribbles has a thousand."""

_HEAD = struct.Struct(">II")
_SIZE = struct.Struct(">Q")


@dataclass(frozen=True)
class Request:
    """What the parent wants. `id` comes back with the answer, `model` is a number it chose."""

    id: int
    model: int


@dataclass(frozen=True)
class OpenModel(Request):
    """Open a model of the registry."""

    name: str
    device: str
    threads: int


@dataclass(frozen=True)
class RunMatte(Request):
    """Find the coarse alpha of pictures."""

    images: Sequence[Picture]
    prompts: Sequence[Prompt | None]


@dataclass(frozen=True)
class RunRefine(Request):
    """Refine one square."""

    image: Picture
    trimap: Mask


@dataclass(frozen=True)
class CloseModel(Request):
    """Close a model after the runs before."""


@dataclass(frozen=True)
class StopModel(Request):
    """Make a run that is under way fail soon; not answered."""


class BrokenFrame(Exception):
    """What came is no answer."""


def write_request(stream: BinaryIO, request: Request) -> None:
    """Send a request; arrays go as they lie in memory."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(request, protocol=5, buffer_callback=buffers.append)
    _write(stream, head, [buffer.raw() for buffer in buffers])


def read_request(stream: BinaryIO) -> Request:
    """Read a request.

    Raises:
        EOFError: the parent is gone.
    """
    length, count = _HEAD.unpack(_read_new(stream, _HEAD.size))
    sizes = _read_sizes(stream, count)
    head = _read_new(stream, length)
    request: Request = pickle.loads(head, buffers=[_read_new(stream, size) for size in sizes])
    return request


def write_answer(stream: BinaryIO, answer: dict[str, Any], parts: Sequence[Array] = ()) -> None:
    """Send an answer with the bytes that belong to it."""
    _write(stream, json.dumps(answer).encode(), [_view(part) for part in parts])


def read_answer(stream: BinaryIO) -> tuple[dict[str, Any], list[int]]:
    """Read an answer without its parts; return it with the size of each.

    Raises:
        EOFError: the child is gone.
        BrokenFrame: it is no answer.
    """
    length, count = _HEAD.unpack(_read_new(stream, _HEAD.size))
    if length > MAX_ANSWER_BYTES or count > MAX_PARTS:
        raise BrokenFrame(f"an answer of {length} bytes in {count} parts")
    sizes = _read_sizes(stream, count)
    try:
        answer = json.loads(_read_new(stream, length))
    except ValueError as error:
        raise BrokenFrame("an answer that is no JSON") from error
    if not isinstance(answer, dict):
        raise BrokenFrame("an answer that is no object")
    return answer, sizes


def read_part(stream: BinaryIO, target: Array) -> None:
    """Read the next part of an answer into an array of its size."""
    _read_into(stream, _view(target))


def read_state(stream: BinaryIO, size: int) -> Array:
    """Read the next part of an answer, one array of a state, as plain float32 values.

    Args:
        stream: of answers.
        size: its bytes, bounded by the caller.

    Raises:
        BrokenFrame: they are no whole values.
    """
    data = _read_new(stream, size)
    if size % np.dtype(np.float32).itemsize:
        raise BrokenFrame(f"a state of {size} bytes")
    return np.frombuffer(data, np.float32)


def _view(part: Array) -> memoryview:
    """Return an array's bytes without copying those that lie in one piece."""
    return np.ascontiguousarray(part).data.cast("B")


def _write(stream: BinaryIO, head: bytes, parts: Sequence[memoryview]) -> None:
    sizes = b"".join(_SIZE.pack(part.nbytes) for part in parts)
    _write_all(stream, memoryview(_HEAD.pack(len(head), len(parts)) + sizes + head))
    for part in parts:
        _write_all(stream, part)


def _write_all(stream: BinaryIO, data: memoryview) -> None:
    while data:  # a pipe takes what it has room for
        data = data[stream.write(data) :]


def _read_sizes(stream: BinaryIO, count: int) -> list[int]:
    data = _read_new(stream, _SIZE.size * count)
    return [size for (size,) in _SIZE.iter_unpack(data)]


def _read_new(stream: BinaryIO, size: int) -> bytearray:
    data = bytearray(size)
    _read_into(stream, memoryview(data))
    return data


def _read_into(stream: BinaryIO, target: memoryview) -> None:
    while target:
        count = stream.readinto(target)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        target = target[count:]
