"""`frisket finish`, and the same options after a cut, in batches, recipes and Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command import frisket, refused
from PIL import Image
from serving import noisy_disc

from frisket import BadOption, cut
from frisket.cli.exits import Exit


@pytest.fixture
def mattes(folder: Path) -> Path:
    """Mattes beside a.jpg and b.png."""
    for name, size in (("a", (300, 200)), ("b", (260, 200))):
        disc = noisy_disc(*size)[..., :3].mean(axis=-1)
        matte = Image.fromarray(np.where(disc > 120, 255, 0).astype(np.uint8))
        box = (size[0] // 4, size[1] // 4, size[0] * 3 // 4, size[1] * 3 // 4)
        blank = Image.new("L", size)
        blank.paste(matte.crop(box), box[:2])
        blank.save(folder / f"{name}-m.png")
    return folder


def test_finishing_many_with_their_mattes(home: Path, mattes: Path) -> None:
    before = (mattes / "a.jpg").read_bytes()
    done = frisket("finish", "a.jpg", "b.png", "--matte", "{dir}/{stem}-m.png", "--background",
                   "white", "--crop", "4%", "-o", "out/", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    names = [Path(one["output"]).name for one in told]
    assert names == ["a-finished.jpg", "b-finished.png"]
    assert all(Image.open(mattes / "out" / name).width < 260 for name in names)
    assert (mattes / "a.jpg").read_bytes() == before
    again = refused(5, "finish", "a.jpg", "--matte", "a-m.png", "--background", "white",
                    "-o", "out/")  # fmt: skip
    assert "exists already; add --overwrite" in again


@pytest.mark.parametrize(
    ("status", "options", "said"),
    [
        (Exit.BAD_INPUT, ("--background", "white"), "no matte was named; add --matte FILE"),
        (Exit.BAD_OUTPUT, ("--matte", "a-m.png"), "JPEG holds no transparency; add --background"),
        (Exit.BAD_INPUT, ("--matte", "b-m.png", "--background", "white"),
         "the matte has 260 × 200 pixels, and the picture 300 × 200"),
        (Exit.NO_SUBJECT, ("--matte", "black.png", "--background", "white"),
         "the matte shows no subject, so nothing was written"),
        (Exit.BAD_INPUT, ("--matte", "a-m.png", "--background", "gone.jpg"), "gone.jpg"),
        (Exit.BAD_OUTPUT, ("--matte", "a-m.png", "--background", "white", "--bits", "16"),
         "the picture has 16 bits and JPEG holds 8; add --bits 8"),
        (Exit.USAGE, ("--matte", "a-m.png", "--background", "white", "--crop", "0",
                      "--min-resolution", "900"), "add --upsample"),
        (Exit.USAGE, ("--matte", "a-m.png", "--background", "white", "--shadow",
                      "cast:height=0"), "height lies between 5 and 85"),
    ],
)  # fmt: skip
def test_what_cannot_be_finished_is_said(
    home: Path, mattes: Path, status: Exit, options: tuple[str, ...], said: str
) -> None:
    Image.new("L", (300, 200)).save(mattes / "black.png")
    assert said in refused(status, "finish", "a.jpg", "-o", "out.jpg", *options)
    assert not list(mattes.glob("out*")) and not list(mattes.glob(".out*"))


def test_the_picture_itself_is_never_replaced(home: Path, mattes: Path) -> None:
    before = (mattes / "a.jpg").read_bytes()
    said = refused(Exit.BAD_OUTPUT, "finish", "a.jpg", "--matte", "a-m.png", "--background",
                   "white", "-o", "a.jpg", "--overwrite")  # fmt: skip
    assert "is the picture itself" in said
    assert (mattes / "a.jpg").read_bytes() == before


def test_a_subject_at_the_border_is_told(home: Path, mattes: Path) -> None:
    matte = Image.new("L", (300, 200))
    matte.paste(255, (100, 80, 200, 200))
    matte.save(mattes / "bust.png")
    done = frisket("finish", "a.jpg", "--matte", "bust.png", "-o", "out.png", "--background",
                   "white", "--crop", "20", "--shadow", "contact")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "cuts the subject off at its bottom edge" in done.stderr
    assert "a contact shadow would lie off the canvas: it is left out" in done.stderr
    # A margin on three sides, and the subject on the lower edge of the canvas.
    assert Image.open(mattes / "out.png").size == (140, 140)


def test_a_cut_that_is_finished(home: Path, folder: Path) -> None:
    done = frisket("cut", "a.jpg", "--background", "#00f", "--shadow", "drop", "--also", "webp")
    assert done.returncode == 0, done.stderr
    out = np.asarray(Image.open(folder / "a-finished.jpg")).astype(int)
    assert np.abs(out[4, 4] - (0, 0, 255)).max() < 12
    assert (folder / "a-finished.webp").exists()
    said = refused(Exit.USAGE, "cut", "a.jpg", "--as", "matte", "--background", "white")
    assert "--background is for --as finished, not for --as matte" in said


def test_a_batch_follows_every_file_of_a_finish(home: Path, folder: Path) -> None:
    finish = ("--background", "#00f", "--shadow", "drop", "--also", "webp", "--also", "shadow")
    done = frisket("batch", "a.jpg", "-o", "out", *finish, "--events")
    assert done.returncode == 0, done.stderr
    written = [
        Path(one["output"]).name
        for one in map(json.loads, done.stdout.splitlines())
        if one["event"] == "artifact_written"
    ]
    names = ["a-finished.jpg", "a-finished.webp", "a-finished-shadow.png"]
    assert written == names and sorted(names) == sorted(
        path.name for path in (folder / "out").iterdir() if path.name != ".frisket"
    )
    assert frisket("cut", "a.jpg", "-o", "cut/", *finish).returncode == 0
    for name in names:
        assert (folder / "out" / name).read_bytes() == (folder / "cut" / name).read_bytes()
    (folder / "out" / "a-finished.webp").unlink()
    again = frisket("batch", "a.jpg", "-o", "out", *finish, "--overwrite")
    assert again.stdout.startswith("1 written, 2 done before"), again.stderr


def test_a_recipe_finishes(home: Path, folder: Path) -> None:
    (folder / "shop.toml").write_text(
        'as = ["matte", "finished"]\nbackground = "white"\ncrop = "5%"\n'
        'shadow = ["contact", "drop:opacity=20%"]\n'
    )
    assert frisket("recipe", "check", "shop.toml").returncode == 0
    done = frisket("batch", "a.jpg", "b.png", "-o", "out", "--recipe", "shop.toml")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (folder / "out").glob("*.*")} - {".frisket"}
    assert names == {"a-finished.jpg", "a-matte.png", "b-finished.png", "b-matte.png"}
    again = frisket("batch", "a.jpg", "-o", "out", "--recipe", "shop.toml", "--json")
    assert again.returncode == 0
    (folder / "shop.toml").write_text('shadow = "dropp"\nbackground = "whte"\n')
    checked = frisket("recipe", "check", "shop.toml")
    assert checked.returncode == Exit.USAGE
    assert "did you mean 'drop'?" in checked.stderr + checked.stdout
    assert "did you mean 'white'?" in checked.stderr + checked.stdout
    (folder / "shop.toml").write_text('canvas = "square"\ncrop = "5%"\n')
    checked = frisket("recipe", "check", "shop.toml")
    assert checked.returncode == Exit.USAGE
    assert "give one of them" in checked.stderr + checked.stdout


def test_from_python(home: Path, folder: Path) -> None:
    result = cut("a.jpg", "shop.png", background="white", shadow=["drop", "contact"], crop="5%")
    assert result.kind == "finished"
    picture = Image.open(folder / "shop.png")
    assert picture.mode == "RGB" and picture.getpixel((0, 0)) == (255, 255, 255)
    with pytest.raises(BadOption, match="has no option 'shadows'"):
        cut("a.jpg", "shop.png", shadows="drop")


@pytest.fixture
def two(home: Path, folder: Path) -> Path:
    """The working folder, with two.psd: Person A is red, and Person B, above it, is blue."""
    from psd_tools import PSDImage

    document = PSDImage.new("RGB", (300, 200), color=(200, 200, 200))
    for name, colour in (("Person A", (250, 0, 0)), ("Person B", (0, 0, 250))):
        image = Image.new("RGBA", (300, 200))
        image.paste((*colour, 255), (100, 50, 200, 150))
        document.append(document.create_pixel_layer(image, name=name))
    document.save(folder / "two.psd")
    return folder


FINISHES = ("finish", "two.psd", "--layer", "Person*", "--background", "white")


def test_each_layer_is_finished_under_its_own_name(two: Path) -> None:
    done = frisket(*FINISHES, "-o", "{stem}-{layer}.png", "-q")
    assert done.returncode == 0, done.stderr
    for name, colour in (("A", (250, 0, 0)), ("B", (0, 0, 250))):
        assert Image.open(two / f"two-Person {name}.png").getpixel((150, 100)) == colour


@pytest.mark.parametrize("kind", ["finished", "path", "cutline"])
def test_several_layers_are_no_single_result(two: Path, kind: str) -> None:
    ways = {"finished": FINISHES[4:], "path": ("--as", "path"), "cutline": ("--as", "cutline")}
    output = "out.pdf" if kind == "cutline" else "out.png" if kind == "finished" else "out.svg"
    said = refused(Exit.BAD_OUTPUT, *FINISHES[:4], *ways[kind], "-o", output)
    assert f"--as {kind} holds one layer, and 2 were chosen; choose one with --layer" in said
    assert not (two / output).exists()


@pytest.mark.parametrize("kind", ["finished", "path"])
def test_a_matte_has_no_other_placeholders(home: Path, mattes: Path, kind: str) -> None:
    ways = ("--as", kind, "-o", "{stem}-{kind}.{ext}")
    said = refused(Exit.USAGE, "finish", "a.jpg", "--matte", "{stem}{layer}-m.png", *ways)
    assert "{layer} is no placeholder; there are {dir}, {stem}" in said
    assert not list(mattes.glob(f"*-{kind}.*"))


@pytest.mark.parametrize("way", [("--background", "white"), ("--as", "path")])
def test_an_old_encoding_of_layer_names_is_read(two: Path, way: tuple[str, ...]) -> None:
    name = "背景人物"
    data = (two / "two.psd").read_bytes()
    assert "Person A".encode("utf-16-be") not in data, "its short name is all there is"
    (two / "old.psd").write_bytes(data.replace(b"Person A", name.encode("shift_jis")))
    suffix = "svg" if "path" in way else "png"
    words = ("finish", "old.psd", *way, "--encoding", "shift_jis", "--layer", name)
    done = frisket(*words, "-o", f"{{stem}}-{{layer}}.{suffix}", "-q")
    assert done.returncode == 0, done.stderr
    assert (two / f"old-{name}.{suffix}").exists()
