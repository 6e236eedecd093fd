"""Small hostile documents through the command line: little memory, an end, a documented status."""

from __future__ import annotations

import struct
import subprocess
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from command import FRISKET
from lengths import WHOLE, pick
from PIL import Image
from serving import noisy_disc
from trials.kit import MIB, Trial, posix, say

pytestmark = posix

LIMIT_MIB = 700
LIMIT_S = 60.0
Tag = tuple[int, int, list[int]]
_CODES = {1: "B", 2: "B", 3: "H", 4: "I"}
_RGB: list[Tag] = [(258, 3, [8, 8, 8]), (259, 3, [8]), (262, 3, [2]), (277, 3, [3])]


def tiff(tags: list[Tag], data: bytes = b"") -> bytes:
    """A little TIFF by hand; a value of -1 means where the data begins."""
    at = 8 + len(data) + len(data) % 2
    behind, entries, extra = at + 6 + 12 * len(tags), b"", b""
    for tag, kind, values in sorted(tags):
        raw = b"".join(struct.pack("<" + _CODES[kind], 8 if v == -1 else v) for v in values)
        head = struct.pack("<HHI", tag, kind, len(values))
        if len(raw) <= 4:
            entries += head + raw.ljust(4, b"\0")
        else:
            entries += head + struct.pack("<I", behind + len(extra))
            extra += raw + b"\0" * (len(raw) % 2)
    start = b"II*\0" + struct.pack("<I", at) + data.ljust(at - 8, b"\0")
    return start + struct.pack("<H", len(tags)) + entries + b"\0" * 4 + extra


def deflate(part: bytes, times: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(part) for _ in range(times)) + packer.flush()


def size(side: int) -> list[Tag]:
    return [(256, 4, [side]), (257, 4, [side])]


def strip_bomb() -> bytes:
    """One strip of 30,000 x 30,000 in 2.6 MB."""
    data = deflate(b"\0" * 30_000_000, 90)
    strip = [(273, 4, [-1]), (278, 4, [30000]), (279, 4, [len(data)])]
    return tiff([*size(30000), *_RGB, *strip], data)


def shared_tiles() -> bytes:
    """14 gigapixels whose every tile is the same 3 kB."""
    data, count = zlib.compress(b"\x80" * (1024 * 1024 * 3), 9), (120000 // 1024 + 1) ** 2
    tiles = [(322, 4, [1024]), (323, 4, [1024]), (324, 4, [8] * count)]
    return tiff([*size(120000), *_RGB, *tiles, (325, 4, [len(data)] * count)], data)


def big_tile() -> bytes:
    data = zlib.compress(b"\0" * 1_000_000, 9)
    tiles = [(322, 4, [65536]), (323, 4, [65536]), (324, 4, [8]), (325, 4, [len(data)])]
    return tiff([*size(60000), *_RGB, *tiles], data)


def many_tags() -> bytes:
    return tiff([(60000 + i % 5000, 4, [1]) for i in range(60000)] + size(9))


def directory_in_a_circle() -> bytes:
    data = bytearray(tiff(size(9), b"x"))
    at = struct.unpack("<I", data[4:8])[0]
    data[at + 26 : at + 30] = struct.pack("<I", at)
    return bytes(data)


def count_bomb() -> bytes:
    """Offsets of four billion strips."""
    strips: list[Tag] = [(273, 4, [8]), (278, 4, [1]), (279, 4, [27])]
    data = tiff([*size(9000), *_RGB, *strips])
    return data.replace(struct.pack("<HHI", 273, 4, 1), struct.pack("<HHI", 273, 4, 2**32 - 1))


def png_bomb() -> bytes:
    """A PNG of 900 megapixels in 2.5 MiB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = deflate(b"\0" * (1 + 3 * 30000) * 100, 300)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def short_psb() -> bytes:
    """A PSB of 270 gigapixels, all of whose rows it names and none of which it has."""
    rows = struct.pack(">I", 2 * -(-300000 // 128)) * (300000 * 3)
    head = struct.pack(">H6xHIIHH", 2, 3, 300000, 300000, 8, 3)
    return b"8BPS" + head + struct.pack(">IIQH", 0, 0, 0, 1) + rows


def lying_layers() -> bytes:
    """32,767 layers announced in 100 bytes, one with sides of two billion."""
    layers = struct.pack(">hiiiiH", 32767, 0, 0, 2**31 - 1, 2**31 - 1, 56) + b"\0\xff" * 20
    head = struct.pack(">H6xHIIHH", 1, 3, 100, 100, 8, 3) + struct.pack(">II", 0, 0)
    return b"8BPS" + head + struct.pack(">II", len(layers) + 4, len(layers)) + layers + b"\0" * 50


MADE: dict[str, Callable[[], bytes]] = {
    "big-tile.tif": big_tile,
    "circle.tif": directory_in_a_circle,
    "count.tif": count_bomb,
    "layers.psd": lying_layers,
    "tags.tif": many_tags,
    "bomb.png": png_bomb,
    "short.psb": short_psb,
    "strip.tif": strip_bomb,
    "tiles.tif": shared_tiles,
}
SAMPLE = tuple(MADE)[: pick(6, len(MADE))]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    with Trial(tmp_path_factory.mktemp("home")) as running:
        yield running


def watch(job: subprocess.Popen[bytes], limit_s: float) -> float:
    """Return the greatest memory of a process and its children until it ends, in MiB."""
    peak, end, process = 0.0, time.monotonic() + limit_s, psutil.Process(job.pid)
    while job.poll() is None:
        try:
            together = [process, *process.children(recursive=True)]
            peak = max(peak, *(each.memory_info().rss / MIB for each in together))
        except psutil.Error:
            continue
        if time.monotonic() > end:
            job.kill()
            pytest.fail(f"it still works after {limit_s:.0f} s")
        time.sleep(0.02)
    return peak


@pytest.mark.parametrize("more", [(), ("--sandbox",)] if WHOLE else [()])
@pytest.mark.parametrize("name", SAMPLE)
def test_a_hostile_document_ends_in_bounds(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, more: tuple[str, ...]
) -> None:
    (tmp_path / name).write_bytes(MADE[name]())
    Image.fromarray(noisy_disc(640, 480)).save(tmp_path / "good.png")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("FRISKET_TOKEN", trial.server.address.token)
    words = ("--as", "matte", "--no-progress", "--allow-empty", "--server", trial.target, *more)

    def cut(source: str, out: Path, limit_s: float) -> tuple[int, float, str]:
        command = [*FRISKET, "cut", str(tmp_path / source), "-o", str(out), *words]
        job = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        peak = watch(job, limit_s)
        assert job.stderr is not None
        return job.wait(), peak, job.stderr.read().decode(errors="replace")

    begun = time.monotonic()
    assert cut("good.png", tmp_path / "good-out.tif", LIMIT_S)[0] == 0
    good_s = time.monotonic() - begun
    out = tmp_path / "out.tif"
    begun = time.monotonic()
    status, peak, said = cut(name, out, max(LIMIT_S, 30 * good_s))
    say(
        "hostile_docs",
        file=name,
        status=status,
        peak=peak,
        cuts=(time.monotonic() - begun) / good_s,
    )
    assert status != 1 and "Traceback" not in said
    assert peak < LIMIT_MIB
    assert out.exists() == (status == 0)
    assert not list((tmp_path / "temporary").iterdir())
    assert not list(tmp_path.glob("*.part")) and not list(tmp_path.glob(".*"))
