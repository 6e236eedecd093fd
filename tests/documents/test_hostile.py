"""Files that lie: one typed error, never a crash, a hang or a giant allocation."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lengths import pick

from frisket.documents import (
    DocumentError,
    LayerNotFound,
    Rect,
    Sandbox,
    SandboxLimits,
    decode_in_sandbox,
    open_document,
)
from frisket.documents.core.resources import ImageResource, split_blocks

PATIENT = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_AREA = 1 << 22


def exercise(path: Path) -> None:
    """Everything a reader does; only a DocumentError may come out."""
    try:
        with open_document(path) as document:
            for layer in document.layers[:4]:
                if 0 < layer.width * layer.height <= _AREA:
                    raster = document.raster(layer)
                    raster.read(Rect(0, 0, min(16, raster.width), min(16, raster.height)))
                    raster.proxy(32)
    except DocumentError as error:
        assert "\n" not in str(error)
        assert path.name in str(error)


def psd(compression: int = 1, depth: int = 8, channels: bytes | None = None) -> bytes:
    """A PSD of 8 × 6 with one layer of one grey channel."""
    rows = [
        bytes((255 - 8 * 1 + 1 + 0, row)) if False else b"\x07" + bytes(range(8))
        for row in range(6)
    ]
    if compression == 1:
        data = struct.pack(">6H", *map(len, rows)) + b"".join(rows)
    elif compression == 0:
        data = bytes(48)
    else:
        data = zlib.compress(bytes(48))
    data = channels if channels is not None else struct.pack(">H", compression) + data
    record = struct.pack(">4iH", 0, 0, 6, 8, 1) + struct.pack(">hI", 0, len(data))
    record += b"8BIMnorm" + bytes((255, 0, 0, 0))
    extra = struct.pack(">II", 0, 0) + b"\x01a\0\0"
    record += struct.pack(">I", len(extra)) + extra
    info = struct.pack(">h", 1) + record + data
    info += bytes(len(info) % 2)
    section = struct.pack(">I", len(info)) + info + struct.pack(">I", 0)
    merged = struct.pack(">H", 0) + bytes(48 * depth // 8)
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 1, 6, 8, depth, 1)
    return head + bytes(8) + struct.pack(">I", len(section)) + section + merged


def tiff(**options: object) -> bytes:
    out = io.BytesIO()
    pixels = np.arange(40 * 30 * 3, dtype="u1").reshape(30, 40, 3)
    tifffile.imwrite(out, pixels, photometric="rgb", **options)
    return out.getvalue()


SEEDS = {
    "rle.psd": psd(1),
    "raw.psd": psd(0),
    "zip.psd": psd(2),
    "predicted.psd": psd(3),
    "strips.tif": tiff(rowsperstrip=7),
    "tiles.tif": tiff(tile=(16, 16), compression="deflate"),
    "lzw.tif": tiff(rowsperstrip=7, compression="lzw", predictor=2),
    "planar.tif": tiff(planarconfig="contig", bigtiff=True),
}


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_themselves_are_sound(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(SEEDS[name])
    with open_document(path) as document:
        raster = document.raster(document.find_layer(None))
        assert raster.read(Rect(0, 0, raster.width, raster.height)).any() or "psd" in name


@pytest.mark.parametrize("name", SEEDS)
def test_truncated_anywhere(tmp_path: Path, name: str) -> None:
    data = SEEDS[name]
    for length in range(0, len(data), max(1, len(data) // 120)):
        path = tmp_path / f"{length}-{name}"
        path.write_bytes(data[:length])
        exercise(path)
        path.unlink()


@PATIENT
@given(
    name=st.sampled_from(sorted(SEEDS)),
    changes=st.lists(
        st.tuples(
            st.floats(0, 1, exclude_max=True),
            st.sampled_from([b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\0\0\0\0"])
            | st.binary(min_size=1, max_size=4),
        ),
        min_size=1,
        max_size=6,
    ),
    length=st.floats(0.3, 1),
)
def test_bytes_changed_anywhere(
    tmp_path: Path, name: str, changes: list[tuple[float, bytes]], length: float
) -> None:
    data = bytearray(SEEDS[name])
    for where, what in changes:
        start = int(where * len(data))
        data[start : start + len(what)] = what
    path = tmp_path / name
    path.write_bytes(bytes(data[: max(1, int(length * len(data)))]))
    exercise(path)


@PATIENT
@given(
    length=st.integers(0, 2**32 - 1),
    field=st.sampled_from(["palette", "resources", "section", "layers", "channel", "extra"]),
)
def test_lying_lengths_of_a_psd(tmp_path: Path, length: int, field: str) -> None:
    data = bytearray(SEEDS["rle.psd"])
    at = {"palette": 26, "resources": 30, "section": 34, "layers": 38, "channel": 64, "extra": 80}
    data[at[field] : at[field] + 4] = struct.pack(">I", length)
    path = tmp_path / "lying.psd"
    path.write_bytes(bytes(data))
    exercise(path)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("magic.psd", b"8BPX" + bytes(60), "not an image"),
        ("version.psd", b"8BPS\0\x07" + bytes(60), "version 7"),
        ("empty.psd", b"", "empty"),
        ("zero.psd", b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 0, 8, 8, 3) + bytes(64), "0 pixels"),
        (
            "absurd.psd",
            b"8BPS" + struct.pack(">H6xHIIHH", 2, 3, 2**31, 2**31, 8, 3) + bytes(64),
            "absurd dimensions",
        ),
        ("layered.pdf", b"%PDF-1.7" + bytes(60), "PDF files are not read"),
        ("gimp.xcf", b"gimp xcf v011\0" + bytes(60), "XCF files are not read"),
    ],
)
def test_the_reason_is_named(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(DocumentError, match=reason) as caught, open_document(path) as document:
        document.raster(document.layers[0]).proxy(64)
    assert name in str(caught.value)


def test_directories_in_a_circle_end(tmp_path: Path) -> None:
    data = bytearray(SEEDS["strips.tif"])
    first = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, first)[0]
    struct.pack_into("<I", data, first + 2 + 12 * count, first)
    path = tmp_path / "circle.tif"
    path.write_bytes(bytes(data))
    exercise(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.psd", tmp_path):
        with pytest.raises(DocumentError) as caught:
            open_document(path)
        assert str(path) in str(caught.value)


def test_a_layer_that_does_not_exist_names_those_that_do(tmp_path: Path) -> None:
    path = tmp_path / "one.psd"
    path.write_bytes(SEEDS["rle.psd"])
    with open_document(path) as document, pytest.raises(LayerNotFound, match="there are: a"):
        document.find_layer("b")


def test_a_rehearsal_passes_sound_files_and_reports_bad_ones(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.psd", tmp_path / "bad.psd"
    good.write_bytes(SEEDS["zip.psd"])
    bad.write_bytes(psd(channels=b"\0\x02" + b"not deflate at all"))
    decode_in_sandbox(good)
    with pytest.raises(DocumentError, match="cannot be inflated"):
        decode_in_sandbox(bad)
    with pytest.raises(LayerNotFound, match="there are: a"):
        decode_in_sandbox(good, ["nobody"])


@pytest.mark.skipif(sys.platform == "win32", reason="no resource limits there")
def test_a_rehearsal_stops_what_takes_too_much_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    tifffile.imwrite(
        path, np.zeros((16000, 16000), "u1"), compression="deflate", rowsperstrip=16000
    )
    with pytest.raises(DocumentError, match=r"memory|failed|crashed|decoded"):
        decode_in_sandbox(path, limits=SandboxLimits(memory=400 << 20, seconds=60))


def test_a_child_that_crashes_is_an_error_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.psd"
    path.write_bytes(SEEDS["rle.psd"])
    crash = [sys.executable, "-c", "import os; os.abort()"]
    real = subprocess.Popen
    with Sandbox() as sandbox, monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", lambda command, **more: real(crash, **more))
        with pytest.raises(DocumentError, match="signal 6"):
            sandbox.decode(path)
        patch.undo()
        sandbox.decode(path)  # the next file gets a child of its own


def test_one_child_serves_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = tmp_path / "good.psd", tmp_path / "bad.psd"
    good.write_bytes(SEEDS["zip.psd"])
    bad.write_bytes(psd(channels=b"\0\x02" + b"not deflate at all"))
    started: list[list[str]] = []
    real = subprocess.Popen

    def start(command: list[str], **more: Any) -> subprocess.Popen[str]:
        started.append(command)
        return real(command, **more)

    monkeypatch.setattr(subprocess, "Popen", start)
    with Sandbox() as sandbox:
        for _ in range(3):
            sandbox.decode(good)
            with pytest.raises(DocumentError, match="cannot be inflated"):
                sandbox.decode(bad)
            sandbox.decode(bad, pixels=False)
    assert len(started) == 1


def test_directories_in_a_circle_end_at_the_first_repetition(tmp_path: Path) -> None:
    """Found by fuzzing: a last page that points to the first was listed 65,536 times."""
    path = tmp_path / "circle.tif"
    with tifffile.TiffWriter(path) as writer:
        for value in (1, 2):
            writer.write(np.full((4, 5), value, "u1"), photometric="minisblack")
    with tifffile.TiffFile(path) as file:
        first, last = file.pages[0].offset, file.pages[1].offset
    data = bytearray(path.read_bytes())
    (count,) = struct.unpack_from("<H", data, last)
    struct.pack_into("<I", data, last + 2 + 12 * count, first)
    path.write_bytes(bytes(data))
    with open_document(path) as document:
        assert len(document.layers) == 2


@pytest.mark.parametrize("kind", ["float", "two"])
@pytest.mark.parametrize("page", [0, 1])
def test_sides_that_are_no_whole_numbers_are_refused(tmp_path: Path, page: int, kind: str) -> None:
    """Found by fuzzing: a float, or two numbers, went into an allocation or a comparison."""
    path = tmp_path / "sides.tif"
    with tifffile.TiffWriter(path) as writer:
        for _ in range(2):
            writer.write(np.zeros((4, 5), "u1"), photometric="minisblack")
    with tifffile.TiffFile(path) as file:
        entry = file.pages[page].tags["ImageLength"].offset
    data = bytearray(path.read_bytes())
    value = (11, 1, struct.pack("<f", 4.0)) if kind == "float" else (3, 2, b"\4\0\4\0")
    struct.pack_into("<HHI4s", data, entry, 257, *value)
    path.write_bytes(bytes(data))
    with pytest.raises(DocumentError, match=r"no whole numbers|not a sound TIFF"):
        open_document(path)


@pytest.mark.parametrize("tag", ["StripOffsets", "StripByteCounts", "PhotometricInterpretation"])
def test_tags_of_the_wrong_type_are_one_typed_error(tmp_path: Path, tag: int) -> None:
    """Found by fuzzing: places that are no number, colour modes that are several."""
    path = tmp_path / "wrong.tif"
    tifffile.imwrite(path, np.zeros((4, 5), "u1"), photometric="minisblack")
    with tifffile.TiffFile(path) as file:
        entry, code = file.pages[0].tags[tag].offset, file.pages[0].tags[tag].code
    original = path.read_bytes()
    for value in ((11, 1, struct.pack("<f", float("nan"))), (3, 2, b"\1\0\1\0")):
        data = bytearray(original)
        struct.pack_into("<HHI4s", data, entry, code, *value)
        path.write_bytes(bytes(data))
        exercise(path)


def bits_of(codes: list[int]) -> bytes:
    """Nine-bit LZW codes as TIFF stores them, most significant bit first."""
    text = "".join(f"{code:09b}" for code in codes)
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


def test_lzw_codes_that_no_table_holds_are_refused(tmp_path: Path) -> None:
    """Found by fuzzing: a code from before the table was emptied led to any address."""
    path = tmp_path / "codes.tif"
    tifffile.imwrite(path, np.zeros((8, 64), "u1"), photometric="minisblack", compression="lzw")
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        (offset,) = page.dataoffsets
        counts = page.tags["StripByteCounts"].offset
    data = bytearray(path.read_bytes()[:offset])
    stream = bits_of([256, 1, 2, 258, 256, 400, 3, 259, 256, 511, 7])
    struct.pack_into("<I", data, counts + 8, len(stream))
    path.write_bytes(bytes(data) + stream)
    with open_document(path) as document:
        raster = document.raster(document.layers[0])
        with pytest.raises(DocumentError, match=r"codes\.tif.*cannot be decoded"):
            raster.read(Rect(0, 0, 64, 8))


@pytest.mark.slow
def test_thousands_of_damaged_files(tmp_path: Path) -> None:
    """The fuzzer itself; a number of files, not of seconds, so that each run sees the same."""
    script = Path(__file__).resolve().parents[2] / "scripts" / "fuzz_documents.py"
    options = ["--files", pick("1200", "5000"), "--seed", "7", "--random", "--keep", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, str(script), *options, "--minutes", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " 0 findings" in done.stdout


class Counted(bytes):
    """Bytes that count how many of them are copied out by slices."""

    copied = 0

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        if isinstance(found, bytes):
            self.copied += len(found)
        return found


@pytest.mark.parametrize("zeros", [0, 1, 3])
def test_many_image_resources_cost_what_they_hold(zeros: int) -> None:
    tiny = [ImageResource(number, b"", b"x" * (number % 3)) for number in range(1500)]
    large = ImageResource(2000, b"", bytes(1 << 20))
    block = Counted(b"".join(one.pack() for one in (*tiny, large)) + bytes(zeros))
    found = list(split_blocks(block))
    assert [one for one, _, _ in found] == [*tiny, large]
    assert [start for _, start, _ in found[1:]] == [end for _, _, end in found[:-1]]
    assert block.copied < 2 * len(block), "each byte is taken once, and no rest again and again"
