"""What the command line offers for layered and for untrusted documents."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from command import frisket, layered, refused
from PIL import Image
from psd_tools import PSDImage
from serving import noisy_disc

from frisket.documents import differences


def test_the_preview_is_marked_or_kept_as_asked(home: Path, tmp_path: Path) -> None:
    source = layered(tmp_path / "in.psd")
    told = {}
    for preview in ("mark", "keep"):
        out = tmp_path / f"{preview}.psd"
        done = frisket("cut", source, "-o", out, "--preview", preview)
        assert done.returncode == 0, done.stderr
        told[preview] = {one.what for one in differences(source, out)}
    assert told["mark"] - told["keep"] <= {"resource 1057"}
    assert "layer People/Disc mask" in told["keep"]
    assert "merged image" not in told["mark"] | told["keep"]


def test_a_psd_is_written_as_a_psb_where_it_is_named_so(home: Path, tmp_path: Path) -> None:
    source, out = layered(tmp_path / "in.psd"), tmp_path / "out.psb"
    done = frisket("cut", source, "-o", out)
    assert done.returncode == 0, done.stderr
    result = PSDImage.open(out)
    assert result.version == 2
    assert result[0][0].has_mask()
    told = frisket("verify", source, out)
    assert told.returncode == 9
    assert "format: changed" in told.stdout
    assert "channel 0" not in told.stdout


def test_untrusted_files_are_decoded_in_a_child_first(home: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    tifffile.imwrite(path, noisy_disc(400, 300), photometric="rgb", compression="deflate")
    assert frisket("cut", path, "-o", out, "--sandbox").returncode == 0
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        start = file.pages[0].dataoffsets[0]
    data[start : start + 64] = bytes(64)
    path.write_bytes(bytes(data))
    sentence = refused(3, "cut", path, "-o", tmp_path / "none.tif", "--sandbox")
    assert "cannot be decoded" in sentence
    assert not (tmp_path / "none.tif").exists()


def test_a_replaced_alpha_is_that_of_the_picture_without_one(home: Path, tmp_path: Path) -> None:
    pixels = noisy_disc(400, 300)
    hiding = np.full(pixels.shape[:2], 255, "u1")
    hiding[:, :200] = 0
    tifffile.imwrite(tmp_path / "plain.tif", pixels, photometric="rgb")
    tifffile.imwrite(
        tmp_path / "old.tif", np.dstack([pixels, hiding]), photometric="rgb",
        extrasamples=["unassalpha"],
    )  # fmt: skip
    for name in ("plain", "old"):
        out = tmp_path / f"{name}-cut.tif"
        done = frisket("cut", tmp_path / f"{name}.tif", "-o", out, "--existing", "replace")
        assert done.returncode == 0, done.stderr
    plain, old = (tifffile.imread(tmp_path / f"{name}-cut.tif") for name in ("plain", "old"))
    assert old[..., 3].any()
    assert np.array_equal(plain, old)


def test_an_encoding_that_does_not_exist_is_no_command_line(home: Path, tmp_path: Path) -> None:
    source = layered(tmp_path / "in.psd")
    assert frisket("layers", source, "--encoding", "shift_jis").returncode == 0
    assert "no text encoding" in frisket("layers", source, "--encoding", "nonsense").stderr


def test_openexr_goes_in_and_out(home: Path, tmp_path: Path) -> None:
    """By its own suffix, from a scene in light, with the decoder in a child first."""
    oiio = pytest.importorskip("OpenImageIO", reason="needs the extra exr")
    light = (noisy_disc(400, 300) / 255) ** 2.2 * 4
    spec = oiio.ImageSpec(400, 300, 3, "half")
    path = tmp_path / "in.exr"
    file = oiio.ImageOutput.create("exr")
    assert file.open(str(path), spec) and file.write_image(light.astype("f4"))
    file.close()
    done = frisket("cut", path, "--sandbox")
    assert done.returncode == 0 and "EXR" not in done.stderr, done.stderr
    found = oiio.ImageInput.open(str(tmp_path / "in-cutout.exr")).read_image("float")
    assert found.shape == (300, 400, 4) and found[150, 200, 3] > 0.9 and found[2, 2, 3] < 0.1
    inside = found[140:160, 190:210, :3] / found[140:160, 190:210, 3:]
    assert np.abs(inside - light[140:160, 190:210]).max() < 0.02


@pytest.mark.parametrize("kind", ["exr", "avif", "jxl", "heic"])
def test_damage_is_one_sentence_and_leaves_nothing(kind: str, home: Path, tmp_path: Path) -> None:
    path, out = tmp_path / f"in.{kind}", tmp_path / "out.tif"
    pixels = noisy_disc(200, 150)
    if kind == "exr":
        oiio = pytest.importorskip("OpenImageIO", reason="needs the extra exr")
        file = oiio.ImageOutput.create("exr")
        assert file.open(str(path), oiio.ImageSpec(200, 150, 3, "half"))
        assert file.write_image((pixels / 255).astype("f4"))
        file.close()
    elif kind == "heic":
        heif = pytest.importorskip("pillow_heif", reason="needs the extra heif")
        heif.from_pillow(Image.fromarray(pixels)).save(path)
    else:
        encode = imagecodecs.avif_encode if kind == "avif" else imagecodecs.jpegxl_encode
        path.write_bytes(encode(pixels))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    assert path.name in refused(3, "cut", path, "-o", out)
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == [path.name]
