"""However a TIFF stores a picture, it is seen and cut out as the same one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import storage_forms
import tifffile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lengths import pick
from storage_forms import Form, every_form
from storage_matrix import WHOLE, list_beyond, measure

from frisket.documents import open_document

FORMS = list(every_form())


@settings(max_examples=pick(60, 1000), derandomize=True, deadline=None)
@given(form=st.sampled_from(FORMS))
@example(form=Form("rgb", "u8", "associated"))
@example(form=Form("white", "u8"))
@example(form=Form("grey", "u12"))
@example(form=Form("white", "u1", codec="lzw"))
@example(form=Form("palette", "u4", "unassociated"))
@example(form=Form("palette", "u16", "unassociated"))
@example(form=Form("lab", "u8", "associated"))
@example(form=Form("icclab", "u8", "associated", tiled=True))
@example(form=Form("lab", "u16", "associated", planar=True))
@example(form=Form("cmyk", "u8"))
@example(form=Form("cmyk", "f32", "associated"))
@example(form=Form("icclab", "u8", "unassociated"))
@example(form=Form("rgb", "f16", "associated", tiled=True, order=">"))
def test_every_form_is_the_same_picture(form: Form) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cell = measure(form, Path(folder))
    assert not list_beyond(cell, form.photometric, form.sample, form.alpha), cell


@pytest.mark.parametrize("sample", ["u1", "u2", "u4", "u8", "u12", "u16", "u32", "f16", "f64"])
def test_a_cutout_has_the_depth_that_holds_its_samples(sample: str, tmp_path: Path) -> None:
    path = tmp_path / "in.tif"
    storage_forms.write(Form("rgb", sample), path)
    measure(Form("rgb", sample), tmp_path)
    bits = int(sample[1:])
    kind = "f4" if sample[0] == "f" else "u1" if bits <= 8 else "u2"
    assert tifffile.imread(tmp_path / "cut.tif").dtype == kind
    with open_document(path) as document:
        shown = document.raster(document.layers[0]).read_srgb(WHOLE)
    assert shown.dtype == ("u1" if bits <= 8 and sample[0] == "u" else "u2")
