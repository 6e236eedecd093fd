"""Manifests: what is wrong in one is named in one sentence; what is right keeps its parts."""

from __future__ import annotations

import pytest

from frisket.models import ModelFileError, manifest
from frisket.models.adapters.table import ADAPTERS

FIELDS = 'family = "f"\nadapter = "{adapter}"\n{extra}\n[[model]]\nname = "m"\n'


def write_manifest(adapter: str, *parts: str | None, extra: str = "") -> str:
    sources = (
        "[[model.source]]\n" + (f'part = "{part}"\n' if part else "") + f'file = "{n}.onnx"\n'
        for n, part in enumerate(parts)
    )
    return FIELDS.format(adapter=adapter, extra=extra) + "".join(sources)


def test_manifest_errors_name_the_entry() -> None:
    with pytest.raises(ModelFileError, match="colour"):
        manifest.parse('family = "f"\n[input]\ncolour = "red"\n[[model]]\nname = "m"\n')
    with pytest.raises(ModelFileError, match=r"input\.fit"):
        manifest.parse('family = "f"\n[input]\nfit = "odd"\n[[model]]\nname = "m"\n')
    with pytest.raises(ModelFileError, match="not valid TOML"):
        manifest.parse("family =")


def test_parts_go_where_their_names_say_in_any_order() -> None:
    spec = manifest.parse(write_manifest("sam", "decoder", "encoder"))[0]
    files = [(source.part, source.file) for source in spec.sources]
    assert files == [("encoder", "1.onnx"), ("decoder", "0.onnx")]


@pytest.mark.parametrize("part", [None, "graph"])
def test_a_sole_part_needs_no_name(part: str | None) -> None:
    assert manifest.parse(write_manifest("single", part))[0].sources[0].part == "graph"


@pytest.mark.parametrize(
    ("adapter", "parts", "found"),
    [
        ("sam", ["encoder"], "encoder"),
        ("sam", ["encoder", "encoder"], "encoder, encoder"),
        ("sam", ["encoder", None], "encoder, one without a name"),
        ("sam", ["encoder", "head"], "encoder, head"),
        ("sam", ["encoder", "decoder", "head"], "encoder, decoder, head"),
        ("single", ["picture"], "picture"),
        ("single", [], "none"),
        ("single", [None, None], "one without a name, one without a name"),
        ("classic", [None], "one without a name"),
    ],
)
def test_wrong_parts_are_one_sentence(adapter: str, parts: list[str | None], found: str) -> None:
    wanted = ", ".join(ADAPTERS[adapter].parts) or "none"
    with pytest.raises(ModelFileError) as error:
        manifest.parse(write_manifest(adapter, *parts))
    assert str(error.value) == (
        f"The manifest m must have one file for each of the parts {wanted}; it has {found}."
    )


def test_an_adapter_and_its_role_are_in_the_table() -> None:
    with pytest.raises(ModelFileError, match="adapter = 'odd'; it must be one of single, sam"):
        manifest.parse(write_manifest("odd", None))
    with pytest.raises(ModelFileError, match="role = 'refiner'; it must be one of matte"):
        manifest.parse(write_manifest("single", None, extra='role = "refiner"'))


@pytest.mark.parametrize("files", [{"encoder": "a.onnx"}, {"encoder": "../a", "decoder": "b"}])
def test_a_renamed_family_has_every_part_as_a_plain_file(files: dict[str, str]) -> None:
    with pytest.raises(ModelFileError, match=r"one plain file for each part .*encoder, decoder"):
        manifest.rename(manifest.find_family("sam"), "mine", files)


@pytest.mark.parametrize("name", ["classic", "fake", "nix"])
def test_only_families_with_weights_can_feed_others(name: str) -> None:
    with pytest.raises(ModelFileError, match=f"no family '{name}'; there are .*u2net"):
        manifest.find_family(name)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('second = "embedded"\nalone = { offset = 1.0 }', "weights together"),
        ("alone = { offset = 1.0, luck = 2.0 }", "luck"),
        ("alone = { offset = 1.0 }\nask_from = 0.9", "ask_from <= flag_from"),
        ("flag_from = 0.3", "not valid TOML"),
    ],
)
def test_a_doubt_that_cannot_be_weighed_is_refused(table: str, said: str) -> None:
    text = write_manifest("single", None) + f"[model.doubt]\nflag_from = 0.4\n{table}\n"
    with pytest.raises(ModelFileError, match=said):
        manifest.parse(text)


def test_weights_that_a_user_brings_are_not_doubted_as_the_ones_that_were_fitted() -> None:
    fitted = manifest.read_shipped()["u2netp"]
    own = manifest.rename(fitted, "mine", {"graph": "mine.onnx"})
    assert fitted.doubt.fitted and not own.doubt.fitted
