"""Metadata that is damaged: what can be read goes along, and the rest is told."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms, IptcImagePlugin

from frisket.documents import open_document
from frisket.finish import finish
from tests.corpus import shared

from .conftest import HEIGHT, WIDTH, Made, write_tiff

ARTIST, BYLINE = 315, (2, 80)
PHOTOSHOP = b"Photoshop 3.0\0"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a b="1">held</a></x:xmpmeta>'
EXIF_PART = "the part of its EXIF that cannot be read"
IPTC_PART = "the part of its IPTC record that cannot be read"
IPTC_GONE = "its IPTC record, if it has one: its image resources are damaged"
BAD_XMP = "its XMP, which is damaged"
PROFILE = "its colour profile, which is damaged"


def record(dataset: int, text: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, 2, dataset, len(text)) + text


def resource(number: int, data: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + bytes(len(data) % 2)


IPTC = record(80, b"A. Maker") + record(116, b"2026 Someone")
CUT = IPTC[:-4]  # its last record claims more than there is
THUMB = resource(1036, bytes(400))
WHOLE = THUMB + resource(1028, IPTC)


def make_exif() -> bytes:
    exif = Image.Exif()
    exif[ARTIST] = "A. Painter"
    exif.get_ifd(ExifTags.IFD.Exif)[0xA434] = "A lens with a long name"
    return exif.tobytes().removeprefix(b"Exif\0\0")


def misplace(block: bytes) -> bytes:
    """Let the lens point out of the block."""
    at = block.index(struct.pack(">H", 0xA434))
    return block[: at + 8] + struct.pack(">I", 1 << 20) + block[at + 12 :]


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def write_jpeg(made: Made, segments: Iterable[bytes]) -> Path:
    path = made.picture.with_name("in.jpg")
    Image.fromarray(made.colours).save(path, quality=95)
    data = path.read_bytes()
    at = 4 + struct.unpack(">H", data[4:6])[0]  # behind JFIF
    path.write_bytes(data[:at] + b"".join(segments) + data[at:])
    return path


def finish_one(made: Made, picture: Path, **options: object) -> tuple[Path, list[str]]:
    """Return a JPEG, and what the notes say it is written without."""
    out = made.picture.with_name("out.jpg")
    notes = finish(picture, out, made.matte, background="white", **options).notes
    begin = "out.jpg is written without "
    return out, [one.removeprefix(begin) for one in notes if one.startswith(begin)]


def read_iptc(path: Path) -> dict[tuple[int, int], bytes]:
    return dict(IptcImagePlugin.getiptcinfo(Image.open(path)) or {})


def split_profile(which: Iterable[int]) -> list[bytes]:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    parts = profile[:300], profile[300:]
    return [segment(0xE2, b"ICC_PROFILE\0" + bytes((one + 1, 2)) + parts[one]) for one in which]


@pytest.mark.parametrize(
    ("segments", "told", "kept"),
    [
        ([segment(0xED, PHOTOSHOP + WHOLE)], [], IPTC),
        # A block that is split within a resource, as programs do with long ones.
        ([segment(0xED, PHOTOSHOP + one) for one in (WHOLE[:430], WHOLE[430:])], [], IPTC),
        ([segment(0xED, PHOTOSHOP + resource(1028, IPTC) + b"8BIMrubbish")], [], IPTC),
        ([segment(0xED, PHOTOSHOP + b"8XIM" + WHOLE[4:])], [IPTC_GONE], b""),
        ([segment(0xED, PHOTOSHOP + WHOLE[:-9])], [IPTC_GONE], b""),
        ([segment(0xED, PHOTOSHOP + resource(1028, CUT))], [IPTC_PART], record(80, b"A. Maker")),
        ([segment(0xE1, b"Exif\0\0" + make_exif())], [], b""),
        ([segment(0xE1, b"Exif\0\0" + misplace(make_exif()))], [EXIF_PART], b""),
        ([segment(0xE1, b"Exif\0\0" + b"rubbish" * 9)], [EXIF_PART], b""),
        ([segment(0xE1, b"Exif\0\0" + make_exif()[:70])], [EXIF_PART], b""),
        ([segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)], [], b""),
        ([segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP[:-9])], [BAD_XMP], b""),
        (
            [segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + XMP)],
            ["the part of its XMP beyond the first segment"], b"",
        ),
        (split_profile((0, 1)), [], b""),
        (split_profile((1, 0)), [], b""),
        (split_profile((1,)), [PROFILE], b""),
    ],
)  # fmt: skip
def test_jpeg(made: Made, segments: list[bytes], told: list[str], kept: bytes) -> None:
    out, said = finish_one(made, write_jpeg(made, segments))
    assert said == [f"{one}." for one in told]
    wanted = {BYLINE: b"A. Maker"} if kept else {}
    assert read_iptc(out) == wanted | ({(2, 116): b"2026 Someone"} if kept == IPTC else {})


def test_what_can_be_read_of_exif_goes_along(made: Made) -> None:
    picture = write_jpeg(made, [segment(0xE1, b"Exif\0\0" + misplace(make_exif()))])
    out, _ = finish_one(made, picture)
    assert Image.open(out).getexif()[ARTIST] == "A. Painter"


def test_one_sentence_for_everything_and_none_for_what_nobody_wants(made: Made) -> None:
    segments = [
        segment(0xE1, b"Exif\0\0" + misplace(make_exif())),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP[:-9]),
        segment(0xED, PHOTOSHOP + WHOLE[:-9]),
        *split_profile((1,)),
    ]
    picture = write_jpeg(made, segments)
    _, said = finish_one(made, picture)
    assert said == [f"{PROFILE}, {IPTC_GONE}, {EXIF_PART}, {BAD_XMP}."]
    _, said = finish_one(made, picture, metadata="none")
    assert said == [f"{PROFILE}."]  # colours are no metadata


def point_away(path: Path, code: int) -> Path:
    """Let a tag of a TIFF point out of the file."""
    data = path.read_bytes()
    with tifffile.TiffFile(path) as file:
        at = file.pages[0].tags[code].offset
    path.write_bytes(data[: at + 8] + struct.pack("<I", len(data) + 99) + data[at + 12 :])
    return path


@pytest.mark.parametrize(
    ("code", "data", "is_placed", "told"),
    [
        (700, XMP, True, []),
        (700, XMP, False, ["its XMP, which cannot be read"]),
        (700, XMP[:-9], True, [BAD_XMP]),
        (33723, IPTC, True, []),
        (33723, IPTC, False, ["its IPTC record, which cannot be read"]),
        (33723, CUT, True, [IPTC_PART]),
        (34377, WHOLE, True, []),
        (34377, WHOLE[:-9], True, [IPTC_GONE]),
        (34377, WHOLE, False, [IPTC_GONE.replace("are damaged", "cannot be read")]),
        (34675, split_profile((0,))[0], False, [PROFILE]),
        (270, b"A long description", True, []),
        (270, b"A long description", False, [EXIF_PART]),
    ],
)  # fmt: skip
def test_tiff(made: Made, code: int, data: bytes, is_placed: bool, told: list[str]) -> None:
    tags = [(code, 2 if code == 270 else 7, len(data), data, True)]
    picture = write_tiff(made.picture.with_name("told.tif"), made.colours, extratags=tags)
    out, said = finish_one(made, picture if is_placed else point_away(picture, code))
    assert said == [f"{one}." for one in told]
    wanted = code in (33723, 34377) and told in ([], [IPTC_PART])
    assert (BYLINE in read_iptc(out)) == wanted


def write_psd(made: Made, resources: bytes) -> Path:
    path = made.picture.with_name("in.psd")
    planes = b"".join(made.colours[..., one].tobytes() for one in range(3))
    path.write_bytes(
        b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, HEIGHT, WIDTH, 8, 3) + bytes(4)
        + struct.pack(">I", len(resources)) + resources + bytes(4) + bytes(2) + planes
    )  # fmt: skip
    return path


DAMAGED = "what the damaged part of its image resources held (profile, EXIF, XMP or IPTC)"


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        (WHOLE + resource(1058, make_exif()) + resource(1060, XMP), []),
        (WHOLE + bytes(40), []),
        (resource(1028, CUT), [IPTC_PART]),
        (resource(1058, misplace(make_exif())), [EXIF_PART]),
        (resource(1058, b"rubbish" * 9), [EXIF_PART]),
        (resource(1060, XMP[:-9]), [BAD_XMP]),
        (THUMB + b"8XIM" + resource(1028, IPTC)[4:], [DAMAGED]),
    ],
)
def test_psd(made: Made, resources: bytes, told: list[str]) -> None:
    out, said = finish_one(made, write_psd(made, resources))
    assert said == [f"{one}." for one in told]
    assert (BYLINE in read_iptc(out)) == (b"A. Maker" in resources and DAMAGED not in told)


def test_what_a_jpeg_has_no_room_for_is_told(made: Made) -> None:
    text = b"x" * 30_000
    long = b"".join(record(120, text) for _ in range(3))
    exif = Image.Exif()
    exif[270] = "x" * 70_000
    tags = [
        (700, 7, 70_000 + len(XMP), XMP.replace(b"held", b"held" + b"x" * 70_000), True),
        (33723, 7, len(long), long, True), (270, 2, 70_000, b"x" * 70_000, True),
    ]  # fmt: skip
    picture = write_tiff(made.picture.with_name("long.tif"), made.colours, extratags=tags)
    out, said = finish_one(made, picture)
    names = ("EXIF", "XMP", "IPTC record")
    assert said == [", ".join(f"its {one}, which is too large for a JPEG" for one in names) + "."]
    assert "xmp" not in Image.open(out).info and not read_iptc(out)
    notes = finish(picture, out.with_suffix(".psd"), made.matte, background="white").notes
    assert not any("written without" in one for one in notes)


@pytest.mark.parametrize(
    "packet",
    [
        b"\xef\xbb\xbf" + XMP + bytes(3),
        XMP.replace(b"held", b"Caf\xe9"),  # Latin letters, where UTF-8 is asked for
        XMP.replace(b"held", "Café".encode()),
        b'<?xml version="1.0" encoding="UTF-8"?>\n' + XMP,
        b"<?xpacket begin='\xef\xbb\xbf' id='W5M0'?>" + XMP + b"<?xpacket end='w'?>  ",
        XMP.decode().encode("utf-16"),
        XMP.decode().encode("utf-16-be"),
    ],
)  # fmt: skip
def test_odd_packets_of_xmp_are_no_damage(made: Made, packet: bytes) -> None:
    tags = [(700, 7, len(packet), packet, True)]
    picture = write_tiff(made.picture.with_name("odd.tif"), made.colours, extratags=tags)
    out, said = finish_one(made, picture)
    assert said == []
    assert packet.strip(b"\0") in out.read_bytes()


def test_a_packet_that_would_grow_without_end_is_left_out(made: Made) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
    tags = [(700, 7, len(bomb), bomb, True)]
    picture = write_tiff(made.picture.with_name("bomb.tif"), made.colours, extratags=tags)
    assert finish_one(made, picture)[1] == [f"{BAD_XMP}."]


def test_nothing_is_damaged_in_what_cameras_write() -> None:
    photos = sorted(shared().glob("data/photos/*.jpg"))
    if not photos:
        pytest.skip(f"no photographs in {shared()}; set FRISKET_SHARED to the folder with data/")
    for photo in photos:
        with open_document(photo) as document:
            beside = document.tell_beside(document.find_layer(None))
        assert (photo.name, beside.unread, beside.lost) == (photo.name, (), ())
