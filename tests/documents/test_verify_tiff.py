"""Two TIFF files are the same when every byte is that a directory leads to, and the rest too."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from made_documents import HEIGHT, WIDTH, colours, ramp
from splices import splice_alpha, splice_page
from tiff_entries import list_entries, pack_tiff

from frisket.documents import ArrayAlpha, differences, open_document

PRIVATE = 65000


def compare(one: Path, two: Path) -> list[str]:
    return [str(found) for found in differences(one, two)]


def change(path: Path, old: bytes, new: bytes) -> Path:
    """Return a copy in which some bytes, found once, are others."""
    data = path.read_bytes()
    assert data.count(old) == 1
    out = path.with_name("changed.tif")
    out.write_bytes(data.replace(old, new))
    return out


def write(path: Path, **options: Any) -> Path:
    tifffile.imwrite(path, colours(), photometric="rgb", **options)
    return path


def test_the_second_entry_of_a_tag_is_missed(tmp_path: Path) -> None:
    pixels = colours()
    entries = list_entries(3, pixels.nbytes, one=(PRIVATE, 3, [1]), two=(PRIVATE, 3, [2]))
    one, two = tmp_path / "one.tif", tmp_path / "two.tif"
    one.write_bytes(pack_tiff(entries, pixels.tobytes()))
    two.write_bytes(pack_tiff(entries[:-1], pixels.tobytes()))
    assert f"page 1 tag {PRIVATE}: changed" in compare(one, two)


def test_another_type_of_the_same_number_is_another_tag(tmp_path: Path) -> None:
    path = write(tmp_path / "one.tif", extratags=[(PRIVATE, 3, 1, 7, True)])
    two = change(path, struct.pack("<HHI", PRIVATE, 3, 1), struct.pack("<HHI", PRIVATE, 4, 1))
    assert compare(path, two) == [f"page 1 tag {PRIVATE}: changed"]


def test_what_a_pointer_leads_to_counts(tmp_path: Path) -> None:
    """The pointer itself is the same in both."""
    below = [(36867, 2, 20, b"2026:01:01 00:00:00\0", True)]
    entries = list_entries(3, colours().nbytes, exif=(34665, 4, [0]))
    data = bytearray(pack_tiff(entries, colours().tobytes()))
    at = len(data)
    place = data.index(struct.pack("<HHI", 34665, 4, 1)) + 8
    data[place : place + 4] = struct.pack("<I", at)
    code, kind, count, value, _ = below[0]
    data += struct.pack("<HHHIII", 1, code, kind, count, at + 18, 0) + value
    path = tmp_path / "one.tif"
    path.write_bytes(bytes(data))
    changed = change(path, b"2026:01:01", b"2025:01:01")
    assert compare(path, path) == []
    assert compare(path, changed) == ["page 1 EXIF tag 36867: changed"]


def test_reduced_versions_and_directories_below_are_compared(tmp_path: Path) -> None:
    path, two = tmp_path / "one.tif", tmp_path / "two.tif"
    for out, value in ((path, 9), (two, 10)):
        with tifffile.TiffWriter(out) as file:
            file.write(colours(), photometric="rgb", subifds=1)
            file.write(np.full((20, 30, 3), value, "u1"), photometric="rgb", subfiletype=1)
            file.write(np.full((10, 15, 3), value, "u1"), photometric="rgb", subfiletype=1)
    assert compare(path, path) == []
    assert compare(path, two) == [
        f"page 1 reduced {rank} sample {sample}: changed" for rank in (1, 2) for sample in range(3)
    ]


def test_pixels_that_are_packed_otherwise_are_told(tmp_path: Path) -> None:
    """Samples alone would be called equal."""
    one = write(tmp_path / "one.tif", compression="deflate", compressionargs={"level": 1})
    two = write(tmp_path / "two.tif", compression="deflate", compressionargs={"level": 9})
    assert compare(one, two) == [
        "page 1 pixels: changed (stored anew, the samples that both have are the same)"
    ]


@pytest.mark.parametrize("planar", [False, True])
def test_bytes_of_no_directory_stay_in_a_copy_and_are_missed_otherwise(
    tmp_path: Path, planar: bool
) -> None:
    path = tmp_path / "one.tif"
    form = {"planarconfig": "separate"} if planar else {}
    pixels = np.moveaxis(colours(), -1, 0) if planar else colours()
    tifffile.imwrite(path, pixels, photometric="rgb", **form)
    path.write_bytes(path.read_bytes() + b"what nobody points to")
    out = tmp_path / "out.tif"
    with open_document(path) as document:
        splice_alpha(document, out, document.layers[0], ArrayAlpha(ramp(HEIGHT, WIDTH)))
    left = compare(path, out)
    assert "page 1 sample 3: added" in left
    assert not any("no directory" in one for one in left)
    assert any("stored anew" in one for one in left) != planar
    missed = change(out, b"what nobody points to", b"what nobody points at")
    assert "bytes of no directory: changed" in compare(path, missed)


def test_bytes_behind_the_end_count(tmp_path: Path) -> None:
    path = write(tmp_path / "one.tif")
    two = tmp_path / "two.tif"
    two.write_bytes(path.read_bytes() + b"more")
    assert compare(path, two) == ["bytes of no directory: changed"]


def test_a_page_is_all_that_a_page_adds(tmp_path: Path) -> None:
    path, out = write(tmp_path / "one.tif"), tmp_path / "out.tif"
    with open_document(path) as document:
        splice_page(document, out, ArrayAlpha(ramp(HEIGHT, WIDTH)))
    assert compare(path, out) == ["page 2: added"]


def test_files_of_other_byte_orders_differ(tmp_path: Path) -> None:
    one = write(tmp_path / "one.tif", byteorder="<")
    two = write(tmp_path / "two.tif", byteorder=">")
    assert compare(one, two)[0] == "format: changed (little-endian TIFF → big-endian TIFF)"


def test_damaged_pixels_are_the_same_where_their_bytes_are(tmp_path: Path) -> None:
    path = write(tmp_path / "one.tif", compression="deflate")
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        at = file.pages[0].dataoffsets[0]
    data[at + 10] ^= 255
    path.write_bytes(bytes(data))
    two = tmp_path / "two.tif"
    assert compare(path, path) == []
    data[at + 11] ^= 255
    two.write_bytes(bytes(data))
    assert compare(path, two) == ["page 1 pixels: changed (they cannot be decoded)"]
