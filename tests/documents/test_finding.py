"""The right layer by default, and a layer by whatever its name is written as."""

from __future__ import annotations

import struct
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from made_documents import HEIGHT, WIDTH, colours, make, psd_block, psd_channel, psd_document, ramp
from made_documents import psd_layer as pack_layer

from frisket.documents import LayerNotFound, Rect, open_document

BOX = (0, 0, HEIGHT, WIDTH)
WHOLE = Rect(0, 0, WIDTH, HEIGHT)
TEXT, SHAPE = psd_block(b"TySh", bytes(64)), psd_block(b"vogk", bytes(4))
CLEAR, OPAQUE = np.zeros((HEIGHT, WIDTH), "u1"), np.full((HEIGHT, WIDTH), 255, "u1")
Layer = tuple[bytes, bytes]


def layer(name: str, blocks: bytes = b"", alpha: bool = True, opacity: int = 255) -> Layer:
    """A layer of the canvas's size, seen or without an opaque pixel."""
    channels = [(-1, psd_channel(OPAQUE if alpha else CLEAR))]
    channels += [(number, psd_channel(ramp())) for number in range(3)]
    record, data = pack_layer(name, BOX, channels, blocks=blocks)
    at = record.index(b"8BIMnorm") + 8
    return record[:at] + bytes((opacity,)) + record[at + 1 :], data


def document(path: Path, *layers: Layer, real: bool | None = None) -> Path:
    merged = np.moveaxis(colours(), -1, 0).tobytes()
    data = psd_document("RGB", merged, layers, channels=3)
    if real is not None:
        version = struct.pack(">4sHHI", b"8BIM", 1057, 0, 6) + struct.pack(">I?x", 1, real)
        data = data[:30] + struct.pack(">I", len(version)) + version + data[34:]
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "top",
    [
        layer("Title", TEXT),
        layer("Badge", SHAPE),
        layer("Empty", alpha=False),
        layer("Faded", opacity=0),
        pack_layer("Hollow", (0, 0, 0, 0), []),
    ],
)
def test_the_topmost_layer_with_pixels_to_be_seen_is_taken(tmp_path: Path, top: Layer) -> None:
    path = document(tmp_path / "in.psd", layer("Portrait"), top)
    with open_document(path) as opened:
        assert opened.find_layer().name == "Portrait"


def test_without_pixels_of_its_own_a_document_gives_its_merged_image(tmp_path: Path) -> None:
    path = document(tmp_path / "in.psd", layer("Title", TEXT), real=True)
    with open_document(path) as opened:
        found = opened.find_layer()
        assert (found.name, found.kind) == ("merged", "image")
        assert np.array_equal(opened.raster(found).read(WHOLE), colours())
        assert opened.carries(found) == {"selection"}
    stale = document(tmp_path / "stale.psd", layer("Title", TEXT), real=False)
    with open_document(stale) as opened:
        assert opened.find_layer().name == "Title"
        assert opened.is_composed(opened.find_layer("merged"))


def test_a_hidden_layer_with_pixels_is_not_passed_over_for_the_merged_image(
    tmp_path: Path,
) -> None:
    channels = [(number, psd_channel(ramp())) for number in range(3)]
    path = document(tmp_path / "in.psd", pack_layer("Off", BOX, channels, flags=2))
    with open_document(path) as opened:
        with pytest.raises(LayerNotFound, match="no visible layer with pixels"):
            opened.find_layer()
        assert opened.find_layer("merged").kind == "image"


def test_merged_is_an_image_beside_layers_and_a_layer_of_that_name_comes_first(
    tmp_path: Path,
) -> None:
    path = document(tmp_path / "in.psd", layer("Portrait"))
    with open_document(path) as opened:
        assert [one.name for one in opened.find_layers(["merged", "Portrait"])] == [
            "Portrait", "merged"
        ]  # fmt: skip
    path = document(tmp_path / "named.psd", layer("merged"))
    with open_document(path) as opened:
        assert opened.find_layer("merged").kind == "pixel"


def test_a_name_comes_before_an_id(tmp_path: Path) -> None:
    path = document(tmp_path / "in.psd", layer("Ground"), layer("#1"), layer("Top"))
    with open_document(path) as opened:
        assert [one.id for one in opened.layers] == [3, 2, 1]
        assert opened.find_layer("#1").name == "#1"
        assert opened.find_layer("#3").name == "Top"
        assert opened.find_layer("#03").name == "Top"


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
@pytest.mark.parametrize("selector", ["Café", "Caf?", "*fé"])
def test_names_are_the_same_however_their_accents_are_written(
    tmp_path: Path, stored: str, asked: str, selector: str
) -> None:
    name = unicodedata.normalize(stored, "Café")  # type: ignore[arg-type]
    path = document(tmp_path / "in.psd", layer(name))
    with open_document(path) as opened:
        wanted = unicodedata.normalize(asked, selector)  # type: ignore[arg-type]
        assert opened.find_layer(wanted).name == name


def name_in(encoding: str, name: str, unicode_name: str = "") -> Layer:
    """A layer whose short name is in an old encoding, with a Unicode name or without."""
    record, data = layer("x" * len(name.encode(encoding)))
    text = unicode_name.encode("utf-16-be")
    block = psd_block(b"luni", struct.pack(">I", len(text) // 2) + text) if text else b""
    raw = name.encode(encoding)
    record = record.replace(b"x" * len(raw), raw)
    at = record.index(b"8BIMnorm") + 12
    length = struct.unpack_from(">I", record, at)[0] + len(block)
    return record[:at] + struct.pack(">I", length) + record[at + 4 :] + block, data


@pytest.mark.parametrize(
    ("encoding", "name"), [("shift_jis", "背景"), ("cp1251", "Слой"), ("gb18030", "图层")]
)
def test_old_names_are_read_as_told_or_as_the_document_hints(
    tmp_path: Path, encoding: str, name: str
) -> None:
    path = document(tmp_path / "in.psd", name_in(encoding, name))
    with open_document(path, encoding) as opened:
        assert opened.find_layer(name).name == name
    other = name + "2"
    path = document(tmp_path / "hint.psd", name_in(encoding, name), name_in(encoding, other, other))
    with open_document(path) as opened:
        assert [one.name for one in opened.layers] == [other, name]


def test_a_name_that_is_nearly_right_is_guessed(tmp_path: Path) -> None:
    path = document(tmp_path / "in.psd", layer("Ground"), layer("Portrait"))
    with open_document(path) as opened:
        with pytest.raises(LayerNotFound, match="did you mean 'Portrait'"):
            opened.find_layer("portrit")
        with pytest.raises(LayerNotFound, match=r"^(?!.*did you mean)"):
            opened.find_layer("Qqqq")


def test_every_layer_with_something_to_see(tmp_path: Path) -> None:
    path = document(tmp_path / "in.psd", layer("A"), layer("B", alpha=False), layer("C"))
    with open_document(path) as opened:
        assert [one.name for one in opened.find_layers(all_layers=True)] == ["C", "A"]


def test_the_only_image_of_a_flat_document_is_its_merged_one(tmp_path: Path) -> None:
    with open_document(make("flat.psd", tmp_path)) as opened:
        assert opened.find_layer("merged") == opened.find_layer()
