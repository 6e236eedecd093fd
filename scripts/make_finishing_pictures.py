"""Makes the pictures of docs/finishing.md: each step before and after, on made-up subjects.

    python scripts/make_finishing_pictures.py [FOLDER]

Nothing is drawn but with NumPy, so that the pictures are free of any rights; each sheet is finished
by the very function that the page tells of.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from frisket.finish import finish

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 900, 1200
_CELL, _GAP, _CAPTION = 250, 8, 24
_PAPER = (245, 245, 245)
Plane = npt.NDArray[np.float64]
Options = Mapping[str, Any]

BACKGROUNDS: dict[str, Options] = {
    "white": {"background": "white"},
    "linear-gradient(#fff, #b8c4d0)": {"background": "linear-gradient(#fff, #b8c4d0)"},
    "radial-gradient(…)": {"background": "radial-gradient(at 50% 60%, #fdf6ec, #b98d63)"},
    "a picture": {"background": "boards.png"},
    "original:blur=6%": {"background": "original:blur=6%"},
    "original:saturation=0": {"background": "original:saturation=0"},
}
CORRECTIONS: dict[str, Options] = {
    "exposure:stops=0.7": {"correct": "exposure:stops=0.7"},
    "white": {"correct": "white"},
    "white:x=440,y=780": {"correct": "white:x=440,y=780"},
    "equalise:limit=3": {"correct": "equalise:limit=3"},
}
NOISES: dict[str, Options] = {
    "denoise": {"correct": "denoise"},
    "denoise:strength=80%": {"correct": "denoise:strength=80%"},
    "denoise:method=bilateral": {"correct": "denoise:method=bilateral"},
}
SPILLS: dict[str, Options] = {
    "as it was": {},
    "spill:strength=50%": {"correct": "spill:strength=50%"},
    "spill": {"correct": "spill"},
}
HARMONIES: dict[str, Options] = {
    "as it was": {},
    "--harmonise 60%": {"harmonise": "60%"},
    "--blend-seam 60%": {"blend_seam": "60%"},
    "both": {"harmonise": "60%", "blend_seam": "60%"},
}
SHADOWS: dict[str, Options] = {
    "none": {},
    "drop": {"shadow": "drop"},
    "cast": {"shadow": ["cast", "contact:opacity=40%"]},
    "contact": {"shadow": "contact"},
    "reflection": {"shadow": "reflection"},
    "contact, drop:opacity=20%": {"shadow": ["contact", "drop:opacity=20%"]},
}
CANVASES: dict[str, Options] = {
    "--crop 5%": {"crop": "5%"},
    "--crop 5% --aspect 4:5": {"crop": "5%", "aspect": "4:5"},
    "--canvas marketplace": {"canvas": "marketplace"},
    "--canvas 9:16": {"canvas": "9:16"},
}
EDGES: dict[str, Options] = {
    "natural": {},
    "soft": {"softness": "soft"},
    "crisp": {"softness": "crisp"},
    "--shift -3": {"shift": -3.0},
    "--shift 3": {"shift": 3.0},
    "--feather 12": {"feather": 12.0},
}
FRINGES: dict[str, Options] = {
    "as it was": {},
    "--defringe 50%": {"defringe": "50%"},
    "--defringe 100%": {"defringe": "100%"},
}


def main() -> int:
    """Make every sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "docs/images/finishing")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        make_bottle(work)
        make_fur(work)
        make_boards(work / "boards.png")
        make_noisy(work)
        make_cold(work)
        plain = {"background": "#f2f0ec", "crop": "14%"}
        whole = {"background": "original"}
        make_sheet(folder / "corrections.jpg", work, "bottle", CORRECTIONS, whole)
        make_sheet(folder / "noises.jpg", work, "noisy", NOISES, whole, (430, 530, 630, 730))
        make_spilt(work)
        make_sheet(folder / "spills.jpg", work, "spilt", SPILLS, {"background": "#d8d4cc"})
        cold = {"background": str(work / "cold.png"), "crop": "14%"}
        make_sheet(folder / "harmonies.jpg", work, "bottle", HARMONIES, cold)
        make_sheet(folder / "backgrounds.jpg", work, "bottle", BACKGROUNDS, {})
        make_sheet(folder / "shadows.jpg", work, "bottle", SHADOWS, plain)
        make_sheet(folder / "canvases.jpg", work, "bottle", CANVASES, {"background": "white"})
        close = (330, 40, 580, 290)
        make_sheet(folder / "edges.jpg", work, "fur", EDGES, {"background": "#30343c"}, close)
        make_sheet(folder / "fringes.jpg", work, "fur", FRINGES, {"background": "white"}, close)
    return 0


def make_sheet(
    path: Path, work: Path, subject: str, cells: Mapping[str, Options], shared: Options,
    close: tuple[int, int, int, int] | None = None,
) -> None:  # fmt: skip
    """Finish a subject once for each cell and put the results side by side, the original first.

    Args:
        path: the sheet.
        work: where pictures and mattes lie.
        subject: which of them.
        cells: captions and options.
        shared: options of all cells.
        close: the part that is shown, in pixels; None for all.
    """
    shown = [("the picture", Image.open(work / f"{subject}.png"))]
    for number, (caption, options) in enumerate(cells.items()):
        given = {**shared, **options}
        if given.get("background") == "boards.png":
            given["background"] = str(work / "boards.png")
        out = work / f"{subject}-{path.stem}-{number}.png"
        finish(work / f"{subject}.png", out, work / f"{subject}-matte.png", **given)
        shown.append((caption, Image.open(out)))
    columns = 4 if len(shown) in (4, 7, 8) else 5
    rows = -(-len(shown) // columns)
    high = _CELL if close else round(_CELL * 4 / 3)
    size = (columns * (_CELL + _GAP) + _GAP, rows * (high + _CAPTION + _GAP) + _GAP)
    sheet = Image.new("RGB", size, _PAPER)
    for index, (caption, picture) in enumerate(shown):
        x = _GAP + index % columns * (_CELL + _GAP)
        y = _GAP + index // columns * (high + _CAPTION + _GAP)
        _paste(sheet, picture.crop(close) if close else picture, (x, y), high)
        ImageDraw.Draw(sheet).text(
            (x, y + high + 3), caption, (40, 40, 40), ImageFont.load_default(15)
        )
    sheet.save(path, quality=86, optimize=True)
    print(f"{path}  {path.stat().st_size / 1e3:.0f} kB")


def _paste(sheet: Image.Image, picture: Image.Image, at: tuple[int, int], high: int) -> None:
    small = picture.convert("RGB")
    small.thumbnail((_CELL, high), Image.Resampling.LANCZOS)
    sheet.paste(small, (at[0] + (_CELL - small.width) // 2, at[1] + (high - small.height) // 2))


def make_bottle(folder: Path) -> None:
    """Make a bottle before a painted wall, with its exact matte."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    middle = 450.0
    half = np.interp(
        y[:, 0], [150, 190, 330, 470, 540, 1040, 1080], [52, 58, 58, 150, 165, 165, 150]
    )
    half[(y[:, 0] < 150) | (y[:, 0] > 1080)] = 0
    across = (x - middle) / np.maximum(half[:, None], 1)
    alpha = np.clip((half[:, None] - np.abs(x - middle)) / 1.5, 0, 1)
    glass = _shade(across, np.array([24, 92, 74]))
    cap = _shade(across, np.array([196, 150, 70]))
    label = _shade(across, np.array([236, 226, 206]))
    colours = np.where((y < 250)[..., None], cap, glass)
    colours = np.where(((y > 640) & (y < 930))[..., None], label, colours)
    stripe = ((y > 700) & (y < 716)) | ((y > 850) & (y < 856))
    colours = np.where(stripe[..., None], _shade(across, np.array([150, 40, 40])), colours)
    _write(folder, "bottle", colours, alpha, _make_wall(x, y))


def _shade(across: Plane, colour: npt.NDArray[np.int_]) -> Plane:
    """Return a round body of one colour: light from the left, with one sharp reflection."""
    bent = np.clip(across, -1, 1)
    diffuse = 0.35 + 0.75 * np.sqrt(np.clip(1 - (bent + 0.35) ** 2 / 1.9, 0, 1)) ** 2
    gleam = np.exp(-(((bent + 0.55) / 0.07) ** 2)) * 0.55
    gleam += np.exp(-(((bent - 0.8) / 0.1) ** 2)) * 0.2
    shaded: Plane = colour * diffuse[..., None] + 255 * gleam[..., None] * 0.6
    return shaded


def _make_wall(x: Plane, y: Plane) -> Plane:
    noise = np.random.default_rng(3).normal(0, 1, (HEIGHT // 30, WIDTH // 30))
    patches = np.asarray(
        Image.fromarray(noise.astype(np.float32)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    )
    light = 1.05 - 0.35 * (x / WIDTH) - 0.15 * (y / HEIGHT)
    wall: Plane = np.array([98, 146, 88]) * light[..., None] + patches[..., None] * 9
    return np.where((y > 1010)[..., None], wall * 0.62 + 26, wall)


def make_fur(folder: Path) -> None:
    """Make a ball with hairs before a green wall, with its exact matte."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    scale = 2
    drawn = Image.new("L", (WIDTH * scale, HEIGHT * scale))
    pen = ImageDraw.Draw(drawn)
    random = np.random.default_rng(11)
    centre, radius = np.array([450.0, 520.0]) * scale, 330 * scale
    for turn in random.uniform(0, 2 * np.pi, 2600):
        lean, long = random.normal(0, 0.16), radius * random.uniform(1.02, 1.2)
        root = centre + 0.9 * radius * np.array([np.cos(turn), np.sin(turn)])
        tip = centre + long * np.array([np.cos(turn + lean), np.sin(turn + lean)])
        pen.line([*root, *tip], fill=int(random.uniform(120, 255)), width=2)
    pen.ellipse([*(centre - 0.98 * radius), *(centre + 0.98 * radius)], fill=255)
    alpha = np.asarray(drawn.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)) / 255
    ball = np.hypot(x - 380, y - 430) / 620
    strands = np.random.default_rng(2).normal(0, 9, (HEIGHT, WIDTH))
    colours = np.array([214, 150, 92]) * np.clip(1.15 - 0.8 * ball, 0.2, 1.2)[..., None]
    _write(folder, "fur", colours + strands[..., None], alpha, _make_wall(x, y))


def make_boards(path: Path) -> None:
    """Make a picture of boards, lit from above."""
    y, x = np.mgrid[:900, :900].astype(float)
    board = np.floor(y / 112)
    grain = np.sin((y + 14 * np.sin(x / 130 + board * 2.1)) / 3.1 + board * 5) * 6
    joint = np.where(y % 112 < 4, -46, 0)
    tone = np.random.default_rng(4).normal(0, 9, 9)[board.astype(int)]
    light = 1.12 - 0.5 * np.hypot((x - 450) / 900, (y - 380) / 900)
    values = (np.array([176, 128, 84]) + (grain + joint + tone)[..., None]) * light[..., None]
    Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(path)


def make_noisy(folder: Path) -> None:
    """Make the bottle's picture once more, with noise."""
    picture = np.asarray(Image.open(folder / "bottle.png")).astype(float)
    noise = np.random.default_rng(7).normal(0, 14, picture.shape)
    values = np.clip(picture + noise, 0, 255).astype(np.uint8)
    Image.fromarray(values).save(folder / "noisy.png")
    (folder / "noisy-matte.png").write_bytes((folder / "bottle-matte.png").read_bytes())


def make_spilt(folder: Path) -> None:
    """Make the fur once more, with green light from behind."""
    picture = np.asarray(Image.open(folder / "fur.png")).astype(float)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    near = np.clip(np.hypot(x - 450, y - 520) / 330 - 0.35, 0, 1)
    values = np.clip(picture + near[..., None] * [0, 75, 0], 0, 255).astype(np.uint8)
    Image.fromarray(values).save(folder / "spilt.png")
    (folder / "spilt-matte.png").write_bytes((folder / "fur-matte.png").read_bytes())


def make_cold(folder: Path) -> None:
    """Make the boards once more, in cold light."""
    boards = np.asarray(Image.open(folder / "boards.png")).astype(float)
    values = np.clip(boards * [0.5, 0.78, 1.5] + [4, 14, 24], 0, 255).astype(np.uint8)
    Image.fromarray(values).save(folder / "cold.png")


def _write(folder: Path, name: str, colours: Plane, alpha: Plane, ground: Plane) -> None:
    share = alpha[..., None]
    mixed = np.clip(colours, 0, 255) * share + np.clip(ground, 0, 255) * (1 - share)
    Image.fromarray(np.rint(mixed).astype(np.uint8)).save(folder / f"{name}.png")
    Image.fromarray(np.rint(alpha * 255).astype(np.uint8)).save(folder / f"{name}-matte.png")


if __name__ == "__main__":
    sys.exit(main())
