"""Light of a high range is brought into the model's sight; the document's own samples stay."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from samples import Samples

from frisket.documents import ArrayAlpha, DocumentError, LayerResult, ResultOptions, open_document
from frisket.documents.colour.coding import read_code_points
from frisket.jobs.deliver import DELIVERIES

PQ, HLG = 16, 18
# Light of BT.2020 to that of BT.709, as ITU-R BT.2087 prints it.
TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)

P3_TO_709 = np.array(
    [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
)  # CSS Color 4


def srgb(light: Samples) -> Samples:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def pq(nits: Samples) -> Samples:
    """ITU-R BT.2100, table 4."""
    y = (np.asarray(nits, float) / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def hlg(nits: Samples) -> Samples:
    """ITU-R BT.2100, table 5, for a grey on a display of 1000 cd/m²."""
    scene = (np.asarray(nits, float) / 1000) ** (1 / 1.2)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def light(brightest: float) -> Samples:
    """Colours of BT.2020 in cd/m², none outside BT.709, up to ``brightest``."""
    y, x = np.mgrid[0:40, 0:48]
    grey = (x + y) / 86 * brightest
    return np.stack([grey, grey * 0.9, grey * 0.8], -1)


def add_chunk(png: bytes, name: bytes, data: bytes) -> bytes:
    chunk = struct.pack(">I", len(data)) + name + data
    return png[:33] + chunk + struct.pack(">I", zlib.crc32(name + data)) + png[33:]


def add_points(png: bytes, transfer: int, primaries: int = 9) -> bytes:
    return add_chunk(png, b"cICP", bytes((primaries, transfer, 0, 1)))


def write_png(path: Path, shares: Samples, transfer: int) -> None:
    values = np.rint(shares * 65535).astype("u2")
    path.write_bytes(add_points(imagecodecs.png_encode(values), transfer))


def write_avif(path: Path, shares: Samples, transfer: int) -> None:
    values = np.rint(shares * 1023).astype("u2")
    path.write_bytes(
        imagecodecs.avif_encode(
            values, level=100, bitspersample=10, primaries=9, transfer=transfer, matrix=0
        )
    )


def write_heic(path: Path, shares: Samples, transfer: int) -> None:
    heif = pytest.importorskip("pillow_heif", reason="needs the extra heif")
    values = np.rint(shares * 1023).astype("u2") << 6
    size = values.shape[1], values.shape[0]
    heif.from_bytes("RGB;16", size, values.tobytes()).save(
        path, format="HEIF", quality=-1, chroma=444, color_primaries=9,
        transfer_characteristics=transfer, matrix_coefficients=9, full_range_flag=1,
    )  # fmt: skip


def write_profiled(path: Path, shares: Samples, transfer: int) -> None:
    values = np.rint(shares * 65535).astype("u2")
    tifffile.imwrite(path, values, photometric="rgb", iccprofile=profile(transfer))


def profile(transfer: int) -> bytes:
    """An sRGB profile with a ``cicp`` tag in front of the others."""
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    number = struct.unpack_from(">I", icc, 128)[0]
    table = b"".join(
        icc[at : at + 4] + struct.pack(">II", struct.unpack_from(">I", icc, at + 4)[0] + 12,
                                       struct.unpack_from(">I", icc, at + 8)[0])
        for at in range(132, 132 + 12 * number, 12)
    )  # fmt: skip
    body = icc[132 + 12 * number :]
    start = 132 + 12 * (number + 1) + len(body)
    tag = b"cicp\0\0\0\0" + bytes((9, transfer, 0, 1))
    entry = struct.pack(">4sII", b"cicp", start, len(tag))
    whole = icc[4:128] + struct.pack(">I", number + 1) + table + entry + body + tag
    return struct.pack(">I", len(whole) + 4) + whole


WRITERS: dict[str, Callable[[Path, Samples, int], None]] = {
    "png": write_png, "avif": write_avif, "heic": write_heic, "tif": write_profiled,
}  # fmt: skip


def seen(path: Path) -> Samples:
    with open_document(path) as document:
        return document.raster(document.layers[0]).proxy().astype(float) / 255


@pytest.mark.parametrize("kind", ["png", "avif", "heic"])
def test_light_up_to_white_is_seen_as_it_is(kind: str, tmp_path: Path) -> None:
    path, shown = tmp_path / f"in.{kind}", light(200)
    WRITERS[kind](path, pq(shown), PQ)
    wanted = srgb(shown / 203 @ TO_709.T)
    assert np.abs(seen(path) - wanted).max() < (2.5 if kind == "png" else 6) / 255


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_highlights_are_told_apart_and_what_is_dark_stays(
    kind: str, transfer: int, tmp_path: Path
) -> None:
    path = tmp_path / f"in.{kind}"
    grey = np.repeat((np.mgrid[0:40, 0:48][1] / 47 * 1000)[..., None], 3, -1)
    WRITERS[kind](path, {PQ: pq, HLG: hlg}[transfer](grey), transfer)
    found = seen(path)[20, :, 1]
    assert (np.diff(found) >= -1.5 / 255).all()
    over = grey[20, :, 1] > 203
    assert np.ptp(found[over]) > 0.08, "what is brighter than paper is not one white"
    dark = grey[20, :, 1] < 24
    assert np.abs(found[dark] - srgb(grey[20, dark, 1] / 203)).max() < 4 / 255


def test_the_own_samples_stay_and_their_coding_goes_along_or_is_named(tmp_path: Path) -> None:
    for kind in ("png", "avif"):
        path, out = tmp_path / f"in.{kind}", tmp_path / f"{kind}-out.png"
        WRITERS[kind](path, pq(light(900)), PQ)
        assert cut(path, out) == ""
        data = out.read_bytes()
        assert b"cICP" + bytes((9, 16, 0, 1)) in data
        top = 65535 if kind == "png" else 1023
        stored = np.rint(np.rint(pq(light(900)) * top) / top * 65535)
        assert np.abs(imagecodecs.png_decode(data)[..., :3] - stored).max() <= (top < 65535) * 64
        assert "the coding of its colours" in cut(path, tmp_path / "out.tif")
        assert cut(path, tmp_path / "matte.tif", "matte") == ""


def test_code_points_go_along_beside_a_profile(tmp_path: Path) -> None:
    image, path, out = (
        Image.new("RGB", (20, 10), (9, 90, 30)),
        tmp_path / "i.png",
        tmp_path / "o.png",
    )
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.save(path, icc_profile=icc)
    path.write_bytes(add_points(path.read_bytes(), PQ))
    assert cut(path, out) == ""
    assert b"cICP" in out.read_bytes() and Image.open(out).info["icc_profile"] == icc


def cut(path: Path, out: Path, kind: str = "cutout") -> str:
    row = DELIVERIES[kind]
    with open_document(path) as document:
        layer = document.layers[0]
        alpha = ArrayAlpha(np.full((layer.height, layer.width), 65535, "u2"))
        row.check(document, out, [layer], ResultOptions())
        row.write(document, out, [LayerResult(layer, alpha)], ResultOptions())
        return row.tell_lost(document, out, [layer])


def test_floats_of_a_scene_keep_their_dark_and_middle_tones(tmp_path: Path) -> None:
    grey = np.repeat((np.mgrid[0:90, 0:120][1] / 119)[..., None] ** 4 * 8, 3, -1)
    tifffile.imwrite(tmp_path / "in.tif", grey.astype("f4"), photometric="rgb")
    found = seen(tmp_path / "in.tif")[50, :, 1]
    dark = grey[50, :, 1] < 0.1
    assert np.abs(found[dark] - srgb(grey[50, dark, 1])).max() < 1 / 255
    assert (np.diff(found) >= 0).all()
    assert np.ptp(found[grey[50, :, 1] > 1]) > 0.08


# What is in a PNG, and which of it counts: PNG, third edition, 4.3.
MARKS = ("cICP", "iCCP", "sRGB", "gAMA")


@pytest.mark.parametrize(
    "there", [one for n in range(5) for one in itertools.combinations(MARKS, n)], ids="+".join
)
def test_what_counts_in_a_png(there: tuple[str, ...], tmp_path: Path) -> None:
    values = np.arange(256, dtype="u1").reshape(16, 16, 1).repeat(3, -1)
    path, out = tmp_path / "in.png", io.BytesIO()
    linear = profile_of_gamma(1.0)
    Image.fromarray(values).save(out, "png", icc_profile=linear if "iCCP" in there else None)
    data = out.getvalue()
    if "gAMA" in there:
        data = add_chunk(data, b"gAMA", struct.pack(">I", 55556))  # 1/1.8
    if "sRGB" in there:
        data = add_chunk(data, b"sRGB", b"\0")
    if "cICP" in there:
        data = add_points(data, 4, primaries=1)  # gamma 2.2
    path.write_bytes(data)
    shares = values / 255.0
    by = next((mark for mark in MARKS if mark in there), "sRGB")
    wanted = {
        "cICP": srgb(shares**2.2), "iCCP": srgb(shares), "sRGB": shares, "gAMA": srgb(shares**1.8),
    }[by]  # fmt: skip
    assert np.abs(seen(path) - wanted).max() < 3 / 255


def profile_of_gamma(gamma: float) -> bytes:
    """An RGB profile of version 2 with the primaries of sRGB and a power for a curve."""
    columns = {
        b"rXYZ": (0.4361, 0.2225, 0.0139), b"gXYZ": (0.3851, 0.7169, 0.0971),
        b"bXYZ": (0.1431, 0.0606, 0.7141), b"wtpt": (0.9642, 1.0, 0.8249),
    }  # fmt: skip
    tags = {
        name: b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(one * 65536) for one in place))
        for name, place in columns.items()
    }
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(79)
    at, table, body = 132 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, at + len(body), len(data))
        body += data
    head = struct.pack(
        ">I4sI4s4s4s12s4s28x3i48x", at + len(body), b"lcms", 0x2100000, b"mntr", b"RGB ", b"XYZ ",
        bytes(12), b"acsp", 63190, 65536, 54061,
    )  # fmt: skip
    return head + struct.pack(">I", len(tags)) + table + body


def test_chromaticities_of_a_png_are_heeded(tmp_path: Path) -> None:
    values = np.zeros((12, 16, 3), "u1")
    values[:, :8], values[:, 8:] = (128, 128, 128), (100, 200, 100)
    places = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)  # Display P3
    path = tmp_path / "in.png"
    path.write_bytes(
        add_chunk(imagecodecs.png_encode(values), b"cHRM", struct.pack(">8I", *places))
    )
    found = np.rint(seen(path) * 255)
    assert (np.abs(found[5, 2] - 128) <= 1).all()
    linear = ((np.array([100, 200, 100]) / 255 + 0.055) / 1.055) ** 2.4
    assert np.abs(found[5, 12] - srgb(P3_TO_709 @ linear) * 255).max() <= 1


@pytest.mark.parametrize("damage", [b"", b"\0" * 31, b"\0" * 32, b"\xff" * 32])
@pytest.mark.parametrize("name", [b"cHRM", b"gAMA", b"cICP", b"sRGB"])
def test_chunks_that_make_no_sense_say_nothing(name: bytes, damage: bytes, tmp_path: Path) -> None:
    values = np.arange(256, dtype="u1").reshape(16, 16, 1).repeat(3, -1)
    path = tmp_path / "in.png"
    path.write_bytes(add_chunk(imagecodecs.png_encode(values), name, damage))
    try:
        assert np.isfinite(seen(path)).all()
        assert name == b"cHRM" or np.abs(seen(path) * 255 - values).max() <= 1
    except DocumentError as error:
        assert "\n" not in str(error)


@given(
    points=st.tuples(st.integers(0, 255), st.integers(0, 255)),
    levels=st.lists(st.integers(0, 65535), min_size=3, max_size=3),
)
@settings(deadline=None)
def test_what_is_seen_leads_back_to_the_samples(points: tuple[int, int], levels: list[int]) -> None:
    """A cleaned edge is a difference in sRGB, taken back into the document's own coding."""
    coding = read_code_points(*points)
    if coding is None:
        return
    shown = np.array(levels, "u2").reshape(1, 1, 3)
    own = coding.from_srgb(shown)
    again = coding.to_srgb(own)
    inside = (own > 0) & (own < 65535)
    if inside.all():
        assert np.abs(again.astype(int) - shown).max() <= 700


def test_gain_maps_are_named(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (40, 30), (90, 20, 200)), Image.new("L", (20, 15), 90)]
    mark = b'<x:xmpmeta xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"/>'
    pictures[0].save(
        tmp_path / "in.jpg", "MPO", save_all=True, append_images=pictures[1:], xmp=mark
    )
    assert cut(tmp_path / "in.jpg", tmp_path / "o.png").endswith("without its gain map.")
    pictures[0].save(tmp_path / "p.jpg", "MPO", save_all=True, append_images=pictures[1:])
    assert cut(tmp_path / "p.jpg", tmp_path / "o.png").endswith(
        "without the frame after the first."
    )
