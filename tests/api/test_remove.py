"""remove() and matte(): any kind of picture in, the same kind out, the same alpha for all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import layered
from PIL import Image, ImageCms

import frisket
from frisket import BadOption, FrisketError, NoSubject, cut, matte, remove
from frisket.documents import UnreadableDocument, UnsupportedDocument

from .conftest import HEIGHT, WIDTH


def decode(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def encode(image: Image.Image, kind: str, **how: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def test_every_kind_comes_back_as_itself_and_all_agree(portrait: Path, pixels: np.ndarray) -> None:
    array = remove(pixels)
    assert (array.shape, array.dtype) == ((HEIGHT, WIDTH, 4), np.uint8)
    assert array[HEIGHT // 2, WIDTH // 2, 3] == 255
    assert not array[0, 0].any()
    image = remove(Image.fromarray(pixels))
    assert image.mode == "RGBA"
    assert np.array_equal(np.asarray(image), array)
    assert np.array_equal(np.asarray(remove(portrait)), array)
    assert np.array_equal(np.asarray(remove(str(portrait))), array)
    for data in (portrait.read_bytes(), bytearray(portrait.read_bytes())):
        answer = remove(data)
        assert isinstance(answer, bytes)
        assert np.array_equal(decode(answer), array)


def test_bytes_are_what_the_command_writes(portrait: Path, tmp_path: Path) -> None:
    data = portrait.read_bytes()
    assert remove(data) == cut(portrait, tmp_path / "a.png").output.read_bytes()
    whole = cut(portrait, tmp_path / "b.png", kind="matte", depth=16).output.read_bytes()
    assert matte(data, depth=16) == whole


def test_the_matte_is_the_cutouts_alpha(portrait: Path, pixels: np.ndarray) -> None:
    alpha = matte(pixels)
    assert (alpha.shape, alpha.dtype) == ((HEIGHT, WIDTH), np.uint8)
    assert np.array_equal(alpha, remove(pixels)[..., 3])
    assert np.array_equal(np.asarray(matte(portrait)), alpha)
    assert matte(Image.fromarray(pixels)).mode == "L"
    assert matte(portrait, depth=16).mode == "I;16"
    deep = matte(pixels, depth=16)
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - alpha).max() <= 0.51


def test_the_original_is_not_changed(pixels: np.ndarray) -> None:
    before = pixels.copy()
    remove(pixels)
    assert np.array_equal(pixels, before)
    frozen = pixels.copy()
    frozen.flags.writeable = False
    assert remove(frozen).shape == (HEIGHT, WIDTH, 4)


@pytest.mark.parametrize(
    "shape", [(), (1,), (2,), (3,), (4,)], ids=["grey", "grey 1", "grey alpha", "rgb", "rgba"]
)
@pytest.mark.parametrize("kind", ["u1", "<u2", ">u2"])
def test_arrays_of_every_shape_and_depth(
    pixels: np.ndarray, shape: tuple[int, ...], kind: str
) -> None:
    given = np.full((HEIGHT, WIDTH, *(shape or (1,))), 255, np.uint8)
    colours = 3 if given.shape[2] > 2 else 1
    given[..., :colours] = pixels[..., :colours]
    given = given if shape else given[..., 0]
    given = given if kind == "u1" else (given.astype(np.uint16) * 257).astype(kind)
    answer = remove(given)
    assert answer.shape == (HEIGHT, WIDTH, 4)
    assert answer.dtype == given.dtype.newbyteorder("=")
    top = np.iinfo(answer.dtype).max
    assert answer[HEIGHT // 2, WIDTH // 2, 3] == top
    middle = np.broadcast_to(np.atleast_1d(given[HEIGHT // 2, WIDTH // 2])[:colours], 3)
    assert np.array_equal(answer[HEIGHT // 2, WIDTH // 2, :3], middle), "its own colours"


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I;16"])
def test_images_of_every_mode(pixels: np.ndarray, mode: str) -> None:
    image = Image.fromarray(pixels)
    if mode == "I;16":
        image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    answer = remove(image if image.mode == mode else image.convert(mode))
    assert (answer.mode, answer.size) == ("RGBA", (WIDTH, HEIGHT))
    assert answer.getpixel((WIDTH // 2, HEIGHT // 2))[3] == 255


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "CMYK"), ("TIFF", "LAB"), ("WEBP", "RGB"), ("GIF", "P")],
)
def test_bytes_of_every_format_become_png(pixels: np.ndarray, kind: str, mode: str) -> None:
    image = Image.fromarray(pixels)
    if mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    else:
        image = image.convert(mode)
    answer = remove(encode(image, kind))
    assert answer.startswith(b"\x89PNG")
    assert decode(answer).shape == (HEIGHT, WIDTH, 4)


def test_a_photograph_on_its_side_is_turned(pixels: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(Image.fromarray(pixels), "JPEG", exif=exif)
    assert decode(remove(data)).shape[:2] == (WIDTH, HEIGHT)
    assert remove(Image.open(io.BytesIO(data))).size == (HEIGHT, WIDTH)


def test_the_profile_is_kept(pixels: np.ndarray) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode(Image.fromarray(pixels), "PNG", icc_profile=icc)
    assert Image.open(io.BytesIO(remove(data))).info["icc_profile"] == icc
    assert remove(Image.open(io.BytesIO(data))).info["icc_profile"] == icc


def test_one_layer_of_a_document(tmp_path: Path) -> None:
    document = layered(tmp_path / "poster.psd")
    assert remove(document, layers="People/Disc").size == (300, 200)
    assert decode(remove(document.read_bytes(), layers="Disc")).shape == (200, 300, 4)


def test_several_layers_are_one_too_many(tmp_path: Path, pixels: np.ndarray) -> None:
    pages = [Image.fromarray(pixels), Image.fromarray(pixels)]
    pages[0].save(tmp_path / "two.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(BadOption, match="several layers"):
        remove(tmp_path / "two.tif", layers="*")


@pytest.mark.parametrize("sandbox", [False, True])
def test_a_file_from_a_stranger(portrait: Path, sandbox: bool) -> None:
    whole = portrait.read_bytes()
    assert remove(whole, sandbox=sandbox).startswith(b"\x89PNG")
    with pytest.raises(UnreadableDocument, match=r"^the image: "):
        remove(whole[: len(whole) // 2], sandbox=sandbox)


@pytest.mark.parametrize("data", [b"", b"hello, world", b"%PDF-1.4 and so on"])
def test_bytes_that_are_no_picture(data: bytes) -> None:
    with pytest.raises((UnreadableDocument, UnsupportedDocument), match=r"^the image: ") as caught:
        remove(data)
    assert "/" not in str(caught.value).replace("PSD, PSB", ""), "no path the caller never saw"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "A NoneType is no picture"),
        (3.5, "A float is no picture"),
        (np.zeros((5, 5, 3)), r"array of float64 and shape \(5, 5, 3\)"),
        (np.zeros((5, 5), bool), "array of bool"),
        (np.zeros((5, 5, 5), np.uint8), r"shape \(5, 5, 5\)"),
        (np.zeros(5, np.uint8), r"shape \(5,\)"),
        (np.zeros((0, 5, 3), np.uint8), "has no content"),
        (np.zeros((5, 5, 0), np.uint8), "absurd number of channels"),
    ],
)
def test_what_is_no_picture(given: Any, said: str) -> None:
    with pytest.raises(FrisketError, match=said) as caught:
        remove(given)
    assert "\n" not in str(caught.value)


def test_a_picture_without_a_subject() -> None:
    grey = np.full((200, 300, 3), 128, np.uint8)
    with pytest.raises(NoSubject, match="boxes= or points=, or try another model="):
        remove(grey)
    assert not remove(grey, allow_empty=True).any()


def test_hints_say_where_the_subject_is(pixels: np.ndarray) -> None:
    two = np.concatenate([pixels, pixels[:, ::-1]], axis=1)
    alpha = matte(two, boxes=[(0, 0, WIDTH, HEIGHT)], points=[(WIDTH + WIDTH // 2, 120, False)])
    assert alpha[:, :WIDTH].mean() > 4 * alpha[:, WIDTH:].mean()


def test_steps_are_told(pixels: np.ndarray) -> None:
    stages: list[str] = []
    remove(pixels, progress=lambda stage, done, total: stages.append(stage))
    assert {"reading", "coarse", "tiles"} <= set(stages)


def test_the_names_of_the_front_door_are_one_family() -> None:
    assert issubclass(NoSubject, FrisketError)
    assert issubclass(BadOption, FrisketError)
    assert issubclass(BadOption, ValueError)
    assert frisket.remove is remove
