"""Coarse alphas on the disk: a bounded folder of small files, which any server may lose."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import zlib
from pathlib import Path

import numpy as np

from frisket.models import Coarse
from frisket.server.config import ConfigError

_HEAD = struct.Struct(">4sII")  # mark, bytes of the facts, CRC-32 of all that follows
_MARK = b"FCA1"
_MAX_FACTS = 1 << 16
_SUFFIX = ".coarse"


class CoarseFiles:
    """A folder with one file for each coarse alpha; any thread may use it, and several servers.

    A file that is damaged counts as none and is removed. What cannot be written is not kept.

    Args:
        folder: made for its owner alone.
        limit_bytes: of all files; beyond it those that were used longest ago are removed.

    Raises:
        ConfigError: the folder cannot be made.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder, self._limit = folder, limit_bytes
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--coarse-folder: {folder}: {error.strerror}.") from error
        self._taken = sum(size for _, size, _ in self._list())

    def read(self, key: str, size: tuple[int, int]) -> Coarse | None:
        """Return a coarse alpha of (height, width) pixels, if it is there whole."""
        file = self._folder / (key + _SUFFIX)
        try:
            data = file.read_bytes() if file.stat().st_size <= self._limit else b""
            os.utime(file)
        except OSError:
            return None
        coarse = _decode(data, size)
        if coarse is None:
            self._remove(file)
        return coarse

    def write(self, key: str, coarse: Coarse) -> None:
        """Keep a coarse alpha, whole or not at all."""
        data = _encode(coarse)
        file = self._folder / (key + _SUFFIX)
        part = file.with_suffix(f".{os.getpid()}.part")
        try:
            part.write_bytes(data)
            part.replace(file)
        except OSError:
            self._remove(part)
            return
        self._taken += len(data)
        if self._taken > self._limit:
            self._make_room()

    def _make_room(self) -> None:
        """Remove the oldest files until a tenth is free."""
        found = sorted(self._list())
        self._taken = sum(size for _, size, _ in found)
        for _, size, file in found:
            if self._taken <= self._limit * 9 // 10:
                return
            self._remove(file)
            self._taken -= size

    def _list(self) -> list[tuple[float, int, Path]]:
        """Return when each file was used, its bytes and its place."""
        found = []
        with contextlib.suppress(OSError):
            for file in self._folder.iterdir():
                with contextlib.suppress(OSError):
                    facts = file.stat()
                    if file.suffix in (_SUFFIX, ".part"):
                        found.append((facts.st_mtime, facts.st_size, file))
        return found

    @staticmethod
    def _remove(file: Path) -> None:
        with contextlib.suppress(OSError):
            file.unlink()


def _encode(coarse: Coarse) -> bytes:
    facts = {
        "shape": coarse.alpha.shape,
        "empty": bool(coarse.empty),
        "note": coarse.note,
        "cell_px": float(coarse.cell_px),
        "confidence": float(coarse.confidence),
        "prompted": bool(coarse.prompted),
    }
    head = json.dumps(facts).encode()
    body = head + zlib.compress(np.ascontiguousarray(coarse.alpha).tobytes(), 1)
    return _HEAD.pack(_MARK, len(head), zlib.crc32(body)) + body


def _decode(data: bytes, size: tuple[int, int]) -> Coarse | None:
    """Return what a file holds; None where it is not whole or of another size."""
    if len(data) < _HEAD.size:
        return None
    mark, length, crc = _HEAD.unpack_from(data)
    body = memoryview(data)[_HEAD.size :]
    if mark != _MARK or length > min(_MAX_FACTS, len(body)) or zlib.crc32(body) != crc:
        return None
    try:
        facts = json.loads(bytes(body[:length]))
        unpacker = zlib.decompressobj()
        pixels = unpacker.decompress(bytes(body[length:]), size[0] * size[1])
        alpha = np.frombuffer(pixels, np.uint8).reshape(size)
        return Coarse(
            alpha,
            empty=bool(facts["empty"]),
            note=str(facts["note"]),
            cell_px=float(facts["cell_px"]),
            confidence=float(facts["confidence"]),
            prompted=bool(facts["prompted"]),
        )
    except (ValueError, KeyError, TypeError, zlib.error):
        return None
