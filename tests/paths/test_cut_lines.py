"""Cut lines: what a cutter, a press and a viewer find in the PDF, as other programs read it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outlines import compare_areas, draw_product
from PIL import Image

from frisket import BadOption, outline
from frisket.cli.exits import Exit
from frisket.cli.main import main
from frisket.documents.core.cutline import CutlineOptions, read_length, read_sheet
from frisket.paths.sheet import Box, NoRoom, place_copies

SIZE = 240
MATTE = draw_product("mug", SIZE)
MM = 72 / 25.4


def make(folder: Path, mode: str = "RGB", name: str = "cup.png") -> Path:
    """Write a coloured picture of 254 pixels to an inch, and the mug's matte beside it."""
    y, x = np.mgrid[:SIZE, :SIZE]
    colours = np.stack([x, y, np.full_like(x, 40)], axis=-1).astype(np.uint8)
    Image.fromarray(colours).convert(mode).save(folder / name, dpi=(254, 254))
    Image.fromarray(MATTE).save(folder / "matte.png")
    return folder / name


def cut(folder: Path, source: Path | None = None, **options: object) -> Path:
    output = folder / "out.pdf"
    outline(source or make(folder), output, folder / "matte.png", kind="cutline",
            **options)  # type: ignore[arg-type]  # fmt: skip
    return output


def show(path: Path, scale: float = 1.0) -> np.ndarray:
    page = pypdfium2.PdfDocument(path)[0]
    return np.asarray(page.render(scale=scale).to_pil().convert("RGB")).astype(int)


def test_spot_overprint_and_processing_steps_are_there(tmp_path: Path) -> None:
    output = cut(tmp_path, offset="1mm", white_ink=True, varnish=True, safe="0.5mm")
    with pikepdf.open(output) as pdf:
        assert pdf.check_pdf_syntax() == []
        resources = pdf.pages[0].Resources
        kind, name, base, _ = resources.ColorSpace.CuttingSpot
        assert (kind, name, base) == ("/Separation", "/CutContour", "/DeviceCMYK")
        assert resources.ExtGState.Line.OP and resources.ExtGState.Line.op
        assert resources.ExtGState.Line.OPM == 1
        groups = {str(one.Name): one for one in pdf.Root.OCProperties.OCGs}
        told = {name: (str(one.GTS_Metadata.GTS_ProcStepsGroup),
                       str(one.GTS_Metadata.get("/GTS_ProcStepsType", "")))
                for name, one in groups.items()}  # fmt: skip
        assert told == {
            "Cutting": ("/Structural", "/Cutting"), "White ink": ("/White", ""),
            "Varnish": ("/Varnish", ""), "Safe area": ("/Positions", "/ContentArea"),
        }  # fmt: skip
        assert [str(one.Name) for one in pdf.Root.OCProperties.D.OFF] == ["Safe area"]
        assert groups["Safe area"].Usage.Print.PrintState == "/OFF"
        assert resources.Properties.Cutting.objgen == groups["Cutting"].objgen
        content = pdf.pages[0].Contents.read_bytes()
        assert b"/OC /Cutting BDC q /Line gs" in content
        assert str(pdf.docinfo["/Title"]) == "cup"


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode elsewhere")
def test_a_name_that_is_no_text_has_a_title(tmp_path: Path) -> None:
    source = make(tmp_path, "RGB", "cup.tif").rename(tmp_path / os.fsdecode(b"caf\xe9.tif"))
    with pikepdf.open(cut(tmp_path, source)) as pdf:
        assert str(pdf.docinfo["/Title"]) == "caf?"


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_the_picture_is_the_same_and_its_alpha_the_matte(tmp_path: Path, mode: str) -> None:
    source = make(tmp_path, mode, "cup.tif")
    with pikepdf.open(cut(tmp_path, source)) as pdf:
        art = pdf.pages[0].Resources.XObject.Art
        channels = {"RGB": 3, "L": 1, "CMYK": 4}[mode]
        samples = np.frombuffer(art.read_bytes(), np.uint8).reshape(SIZE, SIZE, channels)
        assert np.array_equal(samples.squeeze(), np.asarray(Image.open(source)))
        space = {"RGB": "/DeviceRGB", "L": "/DeviceGray", "CMYK": "/DeviceCMYK"}[mode]
        assert art.ColorSpace == space
        alpha = np.frombuffer(art.SMask.read_bytes(), np.uint8).reshape(SIZE, SIZE)
        assert np.array_equal(alpha, MATTE)


def test_a_profile_goes_along(tmp_path: Path) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = make(tmp_path)
    Image.open(source).save(source, icc_profile=profile, dpi=(254, 254))
    with pikepdf.open(cut(tmp_path, source)) as pdf:
        kind, stored = pdf.pages[0].Resources.XObject.Art.ColorSpace
        assert (kind, stored.N, stored.read_bytes()) == ("/ICCBased", 3, profile)


def test_a_broken_profile_is_told_and_left_out(tmp_path: Path) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = make(tmp_path)
    # Its head is whole, and says RGB.
    Image.open(source).save(source, icc_profile=profile[:128] + bytes(200))
    done = outline(source, tmp_path / "out.pdf", tmp_path / "matte.png", kind="cutline")
    assert any("its colour profile is damaged" in note for note in done.notes)
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        assert pdf.pages[0].Resources.XObject.Art.ColorSpace == "/DeviceRGB"


def test_sizes_are_true_and_boxes_fit(tmp_path: Path) -> None:
    with pikepdf.open(cut(tmp_path, offset="2mm")) as pdf:
        left, bottom, right, top = (float(one) for one in pdf.pages[0].TrimBox)
    rows, columns = (np.flatnonzero((MATTE >= 128).any(axis=axis)) for axis in (1, 0))
    wide, high = (np.ptp(one) + 1 for one in (columns, rows))
    # Ten pixels are a millimetre.
    assert right - left == pytest.approx((wide / 10 + 4) * MM, abs=0.4)
    assert top - bottom == pytest.approx((high / 10 + 4) * MM, abs=0.4)


@pytest.mark.parametrize("bleed", ["0", "1mm"])
def test_bleed_prints_the_picture_beyond_the_line(tmp_path: Path, bleed: str) -> None:
    output = cut(tmp_path, bleed=bleed)
    with pikepdf.open(output) as pdf:
        trim, bled = (
            [float(one) for one in pdf.pages[0][key]] for key in ("/TrimBox", "/BleedBox")
        )
    assert trim[0] - bled[0] == pytest.approx(0 if bleed == "0" else MM, abs=0.2)
    drawn = show(output, 254 / 72)
    inked = (drawn.sum(axis=-1) < 740).sum()
    area = (MATTE >= 128).sum()
    # The line itself, half of it outside, is 4 to 5 % of so small a subject.
    assert inked == pytest.approx(area, rel=0.08) if bleed == "0" else inked > 1.2 * area


def test_a_picture_without_room_for_its_bleed_is_told(tmp_path: Path) -> None:
    make(tmp_path)
    [said] = outline(
        tmp_path / "cup.png", tmp_path / "out.pdf", tmp_path / "matte.png", kind="cutline",
        bleed="8mm",
    ).notes  # fmt: skip
    assert "the picture ends before its bleed of 80 px does" in said


@pytest.mark.parametrize("offset", ["0", "1mm", "-0.5mm"])
def test_a_subject_that_the_picture_cuts_off_is_told(tmp_path: Path, offset: str) -> None:
    source, matte = make(tmp_path), np.zeros((SIZE, SIZE), np.uint8)
    matte[100:, 60:180] = 255
    Image.fromarray(matte).save(tmp_path / "matte.png")
    [said] = outline(
        source, tmp_path / "out.pdf", tmp_path / "matte.png", kind="cutline", offset=offset
    ).notes
    assert "cuts the subject off at its bottom edge, and the line runs straight there" in said
    matte[:, :180] = 255
    Image.fromarray(matte).save(tmp_path / "matte.png")
    [said] = outline(
        source, tmp_path / "out.pdf", tmp_path / "matte.png", kind="cutline", offset=offset
    ).notes
    assert "cuts the subject off at its left, top and bottom edges, and the line" in said


def test_ghostscript_finds_the_line_among_the_separations(tmp_path: Path) -> None:
    if shutil.which("gs") is None:
        pytest.skip("Ghostscript is not installed")
    output = cut(tmp_path, spot="Thru-cut", white_ink=True, sheet="60x70mm", copies=2, gap="1mm")
    command = ["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=tiffsep", "-r254",
               "-o", str(tmp_path / "sep.tif"), str(output)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    found = {one.stem[4:-1] for one in tmp_path.glob("sep(*).tif")}
    assert {"Thru-cut", "White"} <= found and "SafeArea" not in found
    white = np.asarray(Image.open(tmp_path / "sep(White).tif").convert("L")) < 128
    assert white.sum() == pytest.approx(2 * (MATTE >= 128).sum(), rel=0.03)
    line = np.asarray(Image.open(tmp_path / "sep(Thru-cut).tif").convert("L")) < 128
    assert 2 * 4 * SIZE > line.sum() > 2 * 2 * SIZE
    # The ink below a line that overprints stays whole.
    assert (white & line).sum() > 0.2 * line.sum()


def test_qpdf_finds_no_fault(tmp_path: Path) -> None:
    if shutil.which("qpdf") is None:
        pytest.skip("qpdf is not installed")
    output = cut(tmp_path, bleed="1mm", sheet="200x200mm", marks=True)
    subprocess.run(["qpdf", "--check", str(output)], check=True, capture_output=True)


def test_poppler_draws_the_subject(tmp_path: Path) -> None:
    if shutil.which("pdftoppm") is None:
        pytest.skip("poppler's pdftoppm is not installed")
    output = cut(tmp_path, sheet="44x44mm", white_ink=True)
    command = ["pdftoppm", "-r", "254", "-png", "-singlefile", str(output), str(tmp_path / "out")]
    subprocess.run(command, check=True, capture_output=True)
    drawn = np.asarray(Image.open(tmp_path / "out.png").convert("RGB")).astype(int)
    rows, columns = (np.flatnonzero((MATTE >= 128).any(axis=axis)) for axis in (1, 0))
    shown = MATTE[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    y, x = ((440 - size) // 2 for size in shown.shape)
    inked = drawn[y : y + shown.shape[0], x : x + shown.shape[1]].sum(axis=-1) < 740
    assert compare_areas(inked, np.ascontiguousarray(shown)) > 0.96


def test_the_page_is_the_sheet_and_holds_every_copy(tmp_path: Path) -> None:
    output = cut(tmp_path, sheet="90x60mm", gap="2mm", marks=True)
    with pikepdf.open(output) as pdf:
        assert [float(one) for one in pdf.pages[0].MediaBox] == pytest.approx(
            [0, 0, 90 * MM, 60 * MM], abs=0.01
        )
        content = pdf.pages[0].Contents.read_bytes()
        assert content.count(b"/Art Do") == content.count(b"/OC /Cutting BDC") == 6
        assert pdf.pages[0].Resources.ColorSpace.MarksSpot[1] == "/All"


@given(
    size=st.tuples(st.floats(1, 300), st.floats(1, 300)),
    sheet=st.tuples(st.floats(50, 2000), st.floats(50, 2000)),
    gap=st.floats(0, 30),
    margin=st.floats(0, 60),
    copies=st.integers(0, 12),
)
def test_copies_lie_inside_of_the_margins_and_apart(
    size: tuple[float, float], sheet: tuple[float, float], gap: float, margin: float, copies: int
) -> None:
    piece = Box(-3, 5, -3 + size[0], 5 + size[1])
    try:
        places = place_copies(piece, sheet, gap, margin, copies)
    except NoRoom:
        fit = [int((s - 2 * margin + gap) / (p + gap)) for s, p in zip(sheet, size, strict=True)]
        assert min(fit) < 1 or fit[0] * fit[1] < max(1, copies)
        return
    assert len(places) == copies or not copies
    boxes = [piece.move(*place) for place in places]
    for box in boxes:
        assert min(box.left, box.bottom) >= margin - 1e-3
        assert box.right <= sheet[0] - margin + 1e-3 and box.top <= sheet[1] - margin + 1e-3
    for number, one in enumerate(boxes[:30]):
        for other in boxes[number + 1 : 30]:
            across = max(one.left, other.left) - min(one.right, other.right)
            down = max(one.bottom, other.bottom) - min(one.top, other.top)
            assert max(across, down) >= gap - 1e-3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sheet", "20x20mm"], "a copy does not fit on the sheet, which has room for 0"),
        (["--sheet", "90x60mm", "--copies", "99"], "has room for 6"),
        (["--copies", "2"], "need a sheet; add --sheet"),
        (["--spot", "Cyan"], "'Cyan' is no possible spot colour: the name has another meaning"),
        (["--spot", ""], "give 1 to 63 ASCII letters"),
        (["--offset", "two"], "'two' is no length: write 2mm, 0.1in, 6pt or 24px"),
        (["--bleed=-1mm"], "bleed is not possible below 0"),
        (["--offset", "5in", "--ppi", "3000"], "the line is moved too far"),
        (["--offset=-30mm"], "leaves nothing"),
        (["-o", "out.png"], "--as cutline is not written as .png"),
    ],
)
def test_what_cannot_be_cut_is_said_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: list[str], said: str,
) -> None:  # fmt: skip
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    command = ["finish", "cup.png", "--matte", "matte.png", "--as", "cutline", *words]
    try:
        status = main(command)
    except SystemExit as error:
        status = error.code  # type: ignore[assignment]
    assert status != Exit.OK
    assert said in capsys.readouterr().err
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cup.png", "matte.png"]


def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    command = ["finish", "cup.png", "--matte", "matte.png", "--as", "cutline", "--offset", "1mm"]
    assert main([*command, "--spot", "KissCut"]) == Exit.OK
    with pikepdf.open("cup-cutline.pdf") as pdf:
        assert pdf.pages[0].Resources.ColorSpace.CuttingSpot[1] == "/KissCut"


@pytest.mark.parametrize(
    ("text", "points"), [("25.4mm", 72), ("1in", 72), ("6 pt", 6), ("2.54cm", 72), ("10", 10 * MM)]
)
def test_lengths_are_read(text: str, points: float) -> None:
    assert read_length(text).to_points(300) == pytest.approx(points)


def test_pixels_follow_the_picture() -> None:
    assert read_length("24px").to_points(144) == pytest.approx(12)
    assert read_sheet("10 x 20in") == (720, 1440)
    for bad in ("10", "0x5mm", "9999x9in", "axb"):
        with pytest.raises(ValueError, match="sheet"):
            read_sheet(bad)
    with pytest.raises(ValueError, match="ppi"):
        CutlineOptions(ppi=1e9)
    with pytest.raises(BadOption, match="no length"):
        outline("a.png", "b.pdf", kind="cutline", bleed="far")
