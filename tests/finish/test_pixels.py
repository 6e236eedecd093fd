"""What libvips makes of a finish, beside an independent computation in NumPy."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frisket.finish import finish
from frisket.finish.entry import Workplace
from frisket.finish.readers import READERS
from frisket.finish.reduce import shrink
from frisket.finish.vips import from_array, to_array

from .conftest import (
    BOX,
    HEIGHT,
    WIDTH,
    Made,
    make_alpha,
    make_colours,
    make_scene,
    read,
    write_tiff,
)

WIDE = st.integers(0, WIDTH - 1)
HIGH = st.integers(0, HEIGHT - 1)


def mix(colours: np.ndarray, alpha: np.ndarray, below: np.ndarray | float) -> np.ndarray:
    share = alpha.astype(np.float64)[..., None] / np.iinfo(alpha.dtype).max
    return colours * share + below * (1 - share)


def blur(values: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian with its border continued, straight from the formula."""
    reach = math.ceil(4 * sigma)
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    for axis in (0, 1):
        pad = [(reach, reach) if one == axis else (0, 0) for one in (0, 1)]
        wide = np.pad(values, pad, mode="edge")
        values = np.apply_along_axis(lambda line: np.convolve(line, weights, "valid"), axis, wide)
    return values


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_what_is_opaque_stays_to_the_bit(tmp_path: Path, depth: int, channels: int) -> None:
    colours = make_colours(depth, channels)
    picture = write_tiff(tmp_path / "in.tif", colours if channels > 1 else colours[..., 0])
    alpha = make_alpha(depth)
    matte = write_tiff(tmp_path / "matte.tif", alpha)
    finish(picture, tmp_path / "out.tif", matte, background="white", shadow=["drop", "contact"])
    out = read(tmp_path / "out.tif").reshape(colours.shape)
    full = alpha == alpha.max()
    assert full.any()
    assert (out[full] == colours[full]).all()
    paper = 0 if channels == 4 else np.iinfo(colours.dtype).max
    assert (out[:20, :20] == paper).all()


@pytest.mark.parametrize("depth", [8, 16])
def test_over_a_colour(tmp_path: Path, depth: int) -> None:
    colours, alpha = make_colours(depth), make_alpha(depth)
    picture = write_tiff(tmp_path / "in.tif", colours)
    matte = write_tiff(tmp_path / "matte.tif", alpha)
    finish(picture, tmp_path / "out.png", matte, background="#204060", bits=depth)
    finish(picture, tmp_path / "out.tif", matte, background="#204060")
    below = np.array([0x20, 0x40, 0x60]) * (257.0 if depth == 16 else 1.0)
    expected = mix(colours, alpha, below)
    out = read(tmp_path / "out.tif").astype(float)
    assert np.abs(out - expected).max() <= (0.51 if depth == 16 else 1)


def test_over_nothing_with_a_crop(tmp_path: Path, made: Made) -> None:
    finish(made.picture, tmp_path / "out.png", made.matte, crop="10")
    out = read(tmp_path / "out.png")
    rows, columns = slice(BOX.top - 10, BOX.bottom + 10), slice(BOX.left - 10, BOX.right + 10)
    alpha = made.alpha[rows, columns]
    assert out.shape == (*alpha.shape, 4)
    assert (out[..., 3] == alpha).all()
    assert (out[..., :3][alpha > 0] == made.colours[rows, columns][alpha > 0]).all()


def test_the_pictures_own_transparency_is_its_matte(tmp_path: Path, made: Made) -> None:
    own = np.dstack([made.colours, made.alpha])
    from PIL import Image

    Image.fromarray(own).save(tmp_path / "cutout.png")
    finish(tmp_path / "cutout.png", tmp_path / "out.png", background="black")
    assert np.abs(read(tmp_path / "out.png") - mix(made.colours, made.alpha, 0)).max() <= 1
    # A matte beside it is multiplied with it.
    finish(tmp_path / "cutout.png", tmp_path / "both.png", made.matte)
    product = np.rint(made.alpha.astype(float) ** 2 / 255)
    assert np.abs(read(tmp_path / "both.png")[..., 3] - product).max() <= 1


def test_shadow_over_nothing_has_colour_and_opacity(tmp_path: Path, made: Made) -> None:
    finish(
        made.picture, tmp_path / "out.png", made.matte,
        shadow="drop:distance=0,blur=12px,opacity=50%,colour=#102030",
    )  # fmt: skip
    out = read(tmp_path / "out.png").astype(float)
    cover = 0.5 * blur(made.alpha / 255.0, 6.0)
    share = made.alpha / 255.0
    expected = share + cover * (1 - share)
    assert np.abs(out[..., 3] / 255 - expected).max() < 0.009
    beside = (made.alpha == 0) & (out[..., 3] > 40)
    assert beside.any()
    assert (out[beside][:, :3] == [0x10, 0x20, 0x30]).all()


@pytest.mark.parametrize("wide", [9, 60])
def test_a_drop_shadow_is_the_moved_and_blurred_outline(
    tmp_path: Path, made: Made, wide: int
) -> None:
    finish(
        made.picture, tmp_path / "out.png", made.matte, background="white",
        shadow=f"drop:angle=135,distance=20px,blur={wide}px,opacity=40%",
    )  # fmt: skip
    out = read(tmp_path / "out.png").astype(float)
    moved = np.pad(made.alpha, 60, mode="edge")[60 - 14 : HEIGHT + 46, 60 - 14 : WIDTH + 46]
    expected = mix(
        made.colours, made.alpha, 255 * (1 - 0.4 * blur(moved / 255.0, wide / 2))[..., None]
    )
    # Dithering moves a value by one at most; the wide one is computed on a smaller copy.
    assert np.abs(out - expected).max() <= (2 if wide < 10 else 3)


def test_a_shadow_is_the_same_however_it_is_cut() -> None:
    colours, alpha = make_colours(), make_alpha()
    texts = ["drop:blur=40px,distance=15px,spread=6px", "cast", "contact", "reflection"]
    with Workplace() as work:
        scene = make_scene(work, colours, alpha)
        scene = READERS["background"]("linear-gradient(30deg, white, #aab)").apply(scene)
        for text in texts:
            scene = READERS["shadow"](text).apply(scene)
        image = scene.flatten().colours
        whole = to_array(image)

        @settings(max_examples=6)
        @given(WIDE, HIGH, st.integers(1, WIDTH), st.integers(1, HEIGHT))
        def check(x: int, y: int, across: int, down: int) -> None:
            across, down = min(across, WIDTH - x), min(down, HEIGHT - y)
            part = to_array(image.crop(x, y, across, down))
            assert (part == whole[y : y + down, x : x + across]).all()
            tiles = to_array(image.tilecache(tile_width=max(64, across), tile_height=max(32, down)))
            assert (tiles == whole).all()

        check()


def test_a_smaller_copy_is_the_same_however_many_parts_it_is_made_in() -> None:
    tall = np.random.default_rng(7).integers(0, 256, (40_000, 40, 3), np.uint8)
    squares = tall[:, :32].reshape(1250, 32, 1, 32, 3).mean(axis=(1, 3))
    with Workplace() as work:
        small = to_array(shrink(from_array(tall), 32, work))
        kept = to_array(work.keep(from_array(squares.astype(np.float32))))
    assert np.abs(small[:, :1] - squares).max() <= 1
    assert (kept == squares.astype(np.float32)).all()


@pytest.mark.parametrize("kind", ["linear-gradient(90deg, {})", "radial-gradient(at 0% 0%, {})"])
@pytest.mark.parametrize("colours", ["black, white", "#f4f4f4, #dcdcdc"])
def test_a_gradient_has_no_bands(kind: str, colours: str) -> None:
    width, height = 4000, 8
    alpha = np.zeros((height, width), np.uint8)
    with Workplace() as work:
        scene = make_scene(work, np.zeros((height, width, 3), np.uint8), alpha)
        step = READERS["background"](kind.format(colours))
        out = to_array(step.apply(scene).flatten().colours).astype(float)[..., 1]
        ends = [stop[0][1] for stop in step.gradient.stops]
    expected = ends[0] + (ends[1] - ends[0]) * (np.arange(width) + 0.5) / width
    # A run of equal values is as long as the ends' clipping makes it, and else two pixels.
    inner = slice(60, -60)
    for row in out:
        changes = np.flatnonzero(np.diff(row[inner]))
        assert np.diff(changes).max() <= 4
    mean = out.mean(axis=0)
    smooth = np.convolve(mean - expected, np.ones(64) / 64, "valid")[64:-64]
    assert np.abs(smooth).max() < 0.2


def test_what_a_gradient_holds_exactly_has_no_dots() -> None:
    with Workplace() as work:
        scene = make_scene(work, np.zeros((64, 400, 3), np.uint8), np.zeros((64, 400), np.uint8))
        step = READERS["background"]("linear-gradient(to right, white, white 50%, #808080 75%)")
        out = to_array(step.apply(scene).flatten().colours)
    assert (out[:, :200] == 255).all() and (out[:, 301:] == 128).all()
    assert len(np.unique(out[:, 250])) > 1


def test_16_bits_are_not_dithered() -> None:
    with Workplace() as work:
        scene = make_scene(work, make_colours(16), make_alpha(16))
        out = to_array(READERS["background"]("linear-gradient(black, white)").apply(scene)
                       .under[0].colours).astype(int)  # fmt: skip
    expected = (np.arange(HEIGHT) + 0.5) / HEIGHT * 65535
    assert np.abs(out[:, 0, 0] - expected).max() <= 2
    assert (out == out[:, :1, :1]).all()


def test_the_original_blurred_holds_no_smear_of_the_subject(tmp_path: Path) -> None:
    alpha = make_alpha()
    colours = np.rint(mix(np.zeros((HEIGHT, WIDTH, 3)), alpha, 200)).astype(np.uint8)
    picture = write_tiff(tmp_path / "in.tif", colours)
    matte = write_tiff(tmp_path / "matte.tif", alpha)
    finish(picture, tmp_path / "out.png", matte, background="original:blur=30px")
    out = read(tmp_path / "out.png")
    assert (out[alpha == 0] >= 192).all()
    # A plain blur of the same width is much darker beside the subject.
    smeared = blur(colours[..., 0].astype(float), 15.0)
    assert smeared[alpha == 0].min() < 120


def test_a_reflection_is_the_subject_upside_down(tmp_path: Path, made: Made) -> None:
    finish(
        made.picture, tmp_path / "out.png", made.matte,
        shadow="reflection:opacity=100%,fade=100%,gap=2px",
    )  # fmt: skip
    out = read(tmp_path / "out.png")
    first = BOX.bottom + 2
    x = (BOX.left + BOX.right) // 2
    for down in (8, 15, 25):
        assert (out[first + down, x, :3] == made.colours[BOX.bottom - 1 - down, x]).all()
        expected = (1 - down / BOX.height) ** 2
        assert abs(out[first + down, x, 3] / 255 - expected) < 0.02


def test_shadows_on_the_ground_lie_where_the_light_puts_them(tmp_path: Path, made: Made) -> None:
    def shade(text: str) -> np.ndarray:
        finish(made.picture, tmp_path / "out.png", made.matte, shadow=text, overwrite=True)
        return np.where(made.alpha == 0, read(tmp_path / "out.png")[..., 3], 0).astype(float)

    left, right = slice(0, BOX.left), slice(BOX.right, WIDTH)
    from_left = shade("cast:azimuth=-60,height=40")
    assert from_left[:, right].sum() > 20 * from_left[:, left].sum() + 1000
    from_right = shade("cast:azimuth=60,height=40")
    assert from_right[:, left].sum() > 20 * from_right[:, right].sum() + 1000
    low, high = shade("cast:azimuth=60,height=30"), shade("cast:azimuth=60,height=70")
    assert (low[:, left] > 8).sum() > 2 * (high[:, left] > 8).sum()
    from_behind = shade("cast:azimuth=150,height=60")
    assert from_behind[BOX.bottom :].sum() > 1000 > from_left[BOX.bottom + 8 :].sum()
    touching = shade("contact")
    assert touching[BOX.bottom : BOX.bottom + 6, BOX.left : BOX.right].mean() > 8
    assert touching[: BOX.bottom - 20].max() == 0


def test_a_cast_shadow_that_the_canvas_cuts_off_is_told(tmp_path: Path, made: Made) -> None:
    def list_notes(crop: str) -> list[str]:
        cast = "cast:azimuth=-60,height=40"
        out = tmp_path / "out.png"
        done = finish(made.picture, out, made.matte, shadow=cast, crop=crop, overwrite=True)
        return [note for note in done.notes if "before the cast shadow does" in note]

    assert len(list_notes("2%")) == 1
    assert list_notes("150%") == []


def test_edges(made: Made) -> None:
    def edge(**values: object) -> np.ndarray:
        from frisket.finish.edges import Edge

        with Workplace() as work:
            scene = Edge(**values).apply(make_scene(work, made.colours, made.alpha))
            return to_array(scene.alpha)[..., 0].astype(int)

    before = made.alpha.astype(int)
    row, middle = before[165], 127.5
    inside = (row > middle).sum()
    assert (edge(shift=4.0)[165] > middle).sum() == pytest.approx(inside + 8, abs=2)
    assert (edge(shift=-4.0)[165] > middle).sum() == pytest.approx(inside - 8, abs=2)
    assert (edge(shift=3.0) >= before).all() and (edge(shift=-3.0) <= before).all()
    assert np.abs(np.diff(edge(softness="crisp")[165])).max() > 1.8 * np.abs(np.diff(row)).max()
    assert (edge(softness="natural") == before).all()
    soft = edge(softness="soft")
    assert soft[165, BOX.left - 1] > 0 == before[165, BOX.left - 1]
    assert (edge(feather=8.0)[165] > middle).sum() == pytest.approx(inside, abs=2)


def test_defringing_takes_the_old_background_away(tmp_path: Path) -> None:
    alpha = make_alpha()
    share = alpha[..., None] / 255
    own, old = np.array([180.0, 40.0, 30.0]), np.array([20.0, 220.0, 60.0])
    picture = write_tiff(tmp_path / "in.tif", np.rint(own * share + old * (1 - share)).astype("u1"))
    matte = write_tiff(tmp_path / "matte.tif", alpha)
    finish(picture, tmp_path / "out.png", matte, defringe="100%")
    finish(picture, tmp_path / "half.png", matte, defringe="50%")
    edge = (alpha > 30) & (alpha < 220)
    off = np.abs(read(tmp_path / "out.png")[edge][:, :3] - own).mean()
    half = np.abs(read(tmp_path / "half.png")[edge][:, :3] - own).mean()
    before = np.abs(read(picture)[edge] - own).mean()
    assert off < 6 < half < before


def test_a_picture_of_one_pixel(tmp_path: Path) -> None:
    picture = write_tiff(tmp_path / "in.tif", make_colours()[:1, :1])
    matte = write_tiff(tmp_path / "matte.tif", np.full((1, 1), 255, np.uint8))
    for suffix in (".png", ".tif", ".psd", ".jpg"):
        finish(picture, tmp_path / f"out{suffix}", matte, background="white", shadow="drop")
    assert (read(tmp_path / "out.png")[0, 0] == make_colours()[0, 0]).all()
