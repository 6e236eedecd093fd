"""Corrections, harmonising and the blended seam, beside what they should do to colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from frisket.finish import finish
from frisket.finish.denoise import HALO
from frisket.finish.entry import Workplace
from frisket.finish.errors import BadFinish
from frisket.finish.geometry import Box
from frisket.finish.harmonise import match_colours
from frisket.finish.options import read_finish
from frisket.finish.seam import solve_seam
from frisket.finish.vips import to_array

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
from .test_files import cmyk_tiff, p3_tiff, profile


def make_smooth(depth: int = 8) -> np.ndarray:
    """A warm picture without noise: reddish, darker to the left."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    share = np.stack([0.3 + x * 0.0015, 0.2 + y * 0.001, 0.15 + (x + y) * 0.0005], axis=-1)
    top = 255 if depth == 8 else 65535
    return np.rint(share * top).astype("u1" if depth == 8 else "u2")


def to_light(values: np.ndarray) -> np.ndarray:
    """Linear light of sRGB, straight from IEC 61966-2-1."""
    share = values.astype(float) / np.iinfo(values.dtype).max
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def to_lab(values: np.ndarray) -> np.ndarray:
    """Lab of 8-bit sRGB, by LittleCMS through Pillow."""
    lab = ImageCms.createProfile("LAB")
    found = ImageCms.profileToProfile(
        Image.fromarray(values), ImageCms.createProfile("sRGB"), lab, outputMode="LAB"
    )
    planes = np.asarray(found).astype(float)
    signed = planes[..., 1:].astype("u1").view("i1").astype(float)
    return np.dstack([planes[..., 0] / 2.55, signed])


def correct(folder: Path, values: np.ndarray, *how: str, **options: object) -> np.ndarray:
    picture = write_tiff(folder / "picture.tif", values)
    full = write_tiff(folder / "full.tif", np.full(values.shape[:2], 255, "u1"))
    finish(picture, folder / "adjusted.tif", full, correct=list(how), **options)
    return read(folder / "adjusted.tif")[..., :3]


@pytest.mark.parametrize("depth", [8, 16])
def test_exposure_is_in_stops_of_light(tmp_path: Path, depth: int) -> None:
    values = make_smooth(depth)
    brighter = correct(tmp_path, values, "exposure:stops=1")
    kept = (brighter < np.iinfo(values.dtype).max).all(axis=-1)
    assert kept.mean() > 0.5
    assert np.abs(to_light(brighter) - 2 * to_light(values))[kept].max() < 0.012
    darker = correct(tmp_path, values, "exposure:stops=-1.5")
    assert np.abs(to_light(darker) - to_light(values) / 2**1.5).max() < 0.006


def test_the_grey_world_becomes_grey(tmp_path: Path) -> None:
    values = make_smooth()
    light = to_light(correct(tmp_path, values, "white")).mean(axis=(0, 1))
    before = to_light(values).mean(axis=(0, 1))
    assert before.max() / before.min() > 1.8
    assert light.max() / light.min() < 1.02


def test_a_point_becomes_neutral(tmp_path: Path) -> None:
    values = make_smooth()
    for x, y in ((200, 40), (20, 290)):
        red, green, blue = correct(tmp_path, values, f"white:x={x},y={y}")[y, x].astype(int)
        assert max(red, green, blue) - min(red, green, blue) <= 2
    half = correct(tmp_path, values, "white:x=50%,y=50%")[HEIGHT // 2, WIDTH // 2].astype(int)
    assert np.ptp(half) <= 2


@pytest.mark.parametrize("method", ["nlm", "bilateral"])
@pytest.mark.parametrize("depth", [8, 16])
def test_noise_goes_and_edges_stay(tmp_path: Path, method: str, depth: int) -> None:
    top = 255 if depth == 8 else 65535
    clean = np.full((HEIGHT, WIDTH, 3), 0.3)
    clean[:, WIDTH // 2 :] = 0.7
    noise = np.random.default_rng(3).normal(0, 0.02, clean.shape)
    noisy = np.rint((clean + noise) * top).astype("u1" if depth == 8 else "u2")
    out = correct(tmp_path, noisy, f"denoise:method={method},strength=60%") / top
    inside = np.s_[20:-20, 20 : WIDTH // 2 - 10]
    assert out[inside].std() < 0.5 * (noisy / top)[inside].std()
    step = out[:, WIDTH // 2 + 2].mean() - out[:, WIDTH // 2 - 3].mean()
    assert step > 0.38


@pytest.mark.parametrize("method", ["nlm", "bilateral"])
def test_noise_goes_the_same_whatever_the_bands(work: Workplace, method: str) -> None:
    """Bands of 512 rows begin elsewhere in a picture that is the lower part of another."""
    colours = np.random.default_rng(2).integers(0, 65536, (620, 24, 3)).astype("u2")
    alpha = np.full(colours.shape[:2], 65535, "u2")
    box = Box(0, 0, 24, 620)
    [step] = read_finish({"correct": f"denoise:method={method}"}).correct
    whole = to_array(step.apply(make_scene(work, colours, alpha, box)).subject)
    part = to_array(step.apply(make_scene(work, colours[90:], alpha[90:], box)).subject)
    assert (whole[90 + HALO :] == part[HALO:]).all()


def test_flat_contrast_is_raised_place_by_place(tmp_path: Path) -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    flat = 0.3 + 0.4 * (x > WIDTH // 2) + 0.02 * np.sin(x / 3) * np.sin(y / 3)
    values = np.rint(flat[..., None] * 255).astype("u1").repeat(3, axis=2)
    out = correct(tmp_path, values, "equalise:limit=3").astype(float)
    for part in (np.s_[60:-60, 20:60], np.s_[60:-60, 180:220]):
        assert out[part].std() > 1.8 * values[part].std()
    assert np.ptp(out, axis=-1).max() <= 1  # grey stays grey
    same = correct(tmp_path, values, "equalise:limit=1").astype(int)
    assert np.abs(same - values).max() <= 1


def test_the_profile_counts(tmp_path: Path, made: Made) -> None:
    finish(p3_tiff(tmp_path), tmp_path / "out.tif", made.matte, correct="exposure:stops=-1")
    out = read(tmp_path / "out.tif")[..., :3]
    full = made.alpha == 255  # P3 has the curve of sRGB
    assert np.abs(to_light(out) - to_light(made.colours) / 2)[full].max() < 0.01


def test_the_original_behind_is_corrected_too(tmp_path: Path, made: Made) -> None:
    whole = correct(tmp_path, made.colours, "exposure:stops=-1")
    finish(made.picture, tmp_path / "out.png", made.matte, background="original",
           correct="exposure:stops=-1")  # fmt: skip
    assert np.abs(read(tmp_path / "out.png").astype(int) - whole).max() <= 1


def test_a_subject_of_which_nothing_is_left(tmp_path: Path, made: Made) -> None:
    out = tmp_path / "out.png"
    finish(made.picture, out, made.matte, shift=-100, background="gray", harmonise=1, blend_seam=1)
    assert (read(out) == 128).all()


@pytest.mark.parametrize("how", ["exposure:stops=1", "denoise", "equalise"])
@pytest.mark.parametrize("depth", [8, 16])
def test_grey_pictures(tmp_path: Path, made: Made, how: str, depth: int) -> None:
    grey = write_tiff(tmp_path / "grey.tif", make_smooth(depth)[..., 1])
    finish(grey, tmp_path / "out.tif", made.matte, correct=how, background="white")
    assert read(tmp_path / "out.tif").shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("exposure", "has no stops: write exposure:stops=0.5"),
        ("exposure:stops=20", "from -8 to 8"),
        ("sharpen", "is not a correction: use exposure, white, denoise, equalise, spill"),
        ("white:x=3", "takes both x and y"),
        ("white:x=900,y=3", "outside of the picture, which has 240 × 300"),
        ("denoise:method=median", "use nlm, bilateral"),
        ("equalise:limit=0", "from 1 to 40"),
        ("spill:screen=red", "use green, blue"),
    ],
)
def test_adjustments_that_are_refused(tmp_path: Path, made: Made, how: str, message: str) -> None:
    with pytest.raises(BadFinish, match=message):
        finish(made.picture, tmp_path / "no.tif", made.matte, correct=how)
    assert not list(tmp_path.glob("no*"))


def test_inks_are_not_corrected(tmp_path: Path, made: Made) -> None:
    inks = cmyk_tiff(tmp_path, profile("cmyk"))
    warm = {"correct": "exposure:stops=1"}
    for options in (warm, {"harmonise": "50%", "background": "white"}):
        with pytest.raises(BadFinish, match=r"inks take no such change .* add --icc srgb"):
            finish(inks, tmp_path / "no.tif", made.matte, **options)
        finish(inks, tmp_path / "yes.png", made.matte, icc="srgb", **options)
    with pytest.raises(BadFinish, match="is grey, so there is no white to balance"):
        grey = write_tiff(tmp_path / "grey.tif", make_smooth()[..., 1])
        finish(grey, tmp_path / "no.tif", made.matte, correct="white")


@pytest.mark.parametrize(("screen", "band"), [("green", 1), ("blue", 2)])
def test_spill_goes_and_all_else_stays(tmp_path: Path, screen: str, band: int) -> None:
    colours = make_colours()
    out = correct(tmp_path, colours, f"spill:screen={screen}", background="original")
    others = [one for one in range(3) if one != band]
    limit = colours[..., others].astype(float).mean(axis=-1)
    spilt = colours[..., band] > limit
    assert (out[~spilt] == colours[~spilt]).all() and spilt.mean() > 0.3
    assert (np.abs(out[..., band] - limit)[spilt] <= 1).all()
    assert (out[..., others] == colours[..., others]).all()
    half = correct(tmp_path, colours, f"spill:screen={screen},strength=50%")[..., band]
    assert np.abs(half - (colours[..., band] + limit) / 2)[spilt].max() <= 1
    grey = write_tiff(tmp_path / "grey.tif", colours[..., 1])
    with pytest.raises(BadFinish, match="a screen's spill is taken out of RGB"):
        finish(grey, tmp_path / "no.tif", tmp_path / "full.tif", correct="spill")


def test_a_subject_is_harmonised(tmp_path: Path, made: Made) -> None:
    picture = write_tiff(tmp_path / "warm.tif", make_smooth())
    cold = np.random.default_rng(1).normal((70, 110, 190), 40, (HEIGHT, WIDTH, 3))
    backdrop = tmp_path / "cold.png"
    Image.fromarray(cold.clip(0, 255).astype("u1")).save(backdrop)

    def cut(strength: str) -> np.ndarray:
        finish(picture, tmp_path / "out.png", made.matte, background=str(backdrop),
               harmonise=strength)  # fmt: skip
        return to_lab(read(tmp_path / "out.png"))[made.alpha == 255].mean(axis=0)

    before, half, whole = cut("0"), cut("50%"), cut("100%")
    target = to_lab(np.asarray(Image.open(backdrop))).mean(axis=(0, 1))
    wanted = np.clip(target - before, (-15, -12, -12), (15, 12, 12))
    assert np.abs(whole - before - wanted).max() < 2
    assert np.abs(half - before - wanted / 2).max() < 2
    with pytest.raises(BadFinish, match="--harmonise needs a background"):
        finish(picture, tmp_path / "no.png", made.matte, harmonise="50%")


def test_a_plain_background_takes_no_contrast() -> None:
    own = np.array([50.0, 5, 5]), np.array([20.0, 4, 4])
    scale, shift = match_colours(own, (np.array([100.0, 0, 0]), np.zeros(3)), 1.0)
    assert (scale == 1).all() and np.allclose(shift, [15, -5, -5])
    scale, _ = match_colours(own, (np.array([50.0, 5, 5]), np.array([80.0, 1, 4])), 1.0)
    assert np.allclose(scale, [4 / 3, 3 / 4, 1])


def test_the_seam_is_blended_in_a_narrow_band(tmp_path: Path, made: Made) -> None:
    picture = write_tiff(tmp_path / "one.tif", np.full((HEIGHT, WIDTH, 3), (200, 60, 60), "u1"))

    def cut(strength: str) -> np.ndarray:
        finish(picture, tmp_path / "out.png", made.matte, background="#204060",
               blend_seam=strength)  # fmt: skip
        return read(tmp_path / "out.png").astype(int)

    plain, blended = cut("0"), cut("60%")
    deep = np.zeros(made.alpha.shape, bool)
    deep[BOX.top + 12 : BOX.bottom - 12, BOX.left + 12 : BOX.right - 12] = True
    assert (blended[deep] == plain[deep]).all()
    outside = made.alpha == 0
    assert (blended[outside] == plain[outside]).all()
    row = blended[150, BOX.left : BOX.left + 12, 0]  # from the edge inwards
    assert (np.diff(row) >= 0).all() and row[6] < 190 and row[-1] >= 198
    with pytest.raises(BadFinish, match="--blend-seam needs a background"):
        finish(picture, tmp_path / "no.png", made.matte, blend_seam="50%")


def test_the_band_is_harmonic() -> None:
    """Across a straight seam, what is added falls in equal steps, as a harmonic function does."""
    alpha = np.zeros((60, 60))
    alpha[:, 20:] = 1.0
    added = solve_seam(alpha, np.full((60, 60, 1), 80.0), 8)[30, :, 0]
    assert added[20] == pytest.approx(80)
    assert np.allclose(np.diff(added[20:30]), -80 / 9, atol=0.01)
    assert (added[29:] == 0).all()


def test_the_seam_is_the_same_for_any_tiling(work: Workplace) -> None:
    scene = make_scene(work, make_colours(), make_alpha())
    finished = read_finish({"background": "gray", "blend_seam": "50%", "harmonise": "30%"})
    for step in finished.list_steps():
        scene = step.apply(scene)
    whole = to_array(scene.subject)
    part = to_array(scene.subject.crop(60, 50, 33, 47))
    assert (part == whole[50:97, 60:93]).all()
