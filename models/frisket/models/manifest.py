"""Manifests: how a family is fed and read, and where its weights come from, as data."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from importlib import resources
from pathlib import PurePath
from typing import Any

from .adapters.table import ADAPTERS, Adapter
from .core.doubt import UNFITTED, Doubt, Weights
from .core.errors import ModelFileError
from .core.spec import Input, Output, Source, Spec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

UNKNOWN_LICENCE = "unknown"
FITS = ("stretch", "shorter", "longer", "letterbox", "any")
SCALES = ("max", "255", "none")
LAYOUTS = ("nchw", "nhwc", "hwc")
ACTIVATIONS = ("none", "sigmoid", "softmax", "argmax")
RESAMPLES = ("lanczos", "bilinear", "area")


def parse(text: str, where: str = "manifest") -> list[Spec]:
    """Read all models of one manifest.

    Raises:
        ModelFileError: it is not TOML, has entries that mean nothing, or does not name one
            file for every part of its adapter.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelFileError(f"The manifest {where} is not valid TOML: {error}.") from error
    try:
        return [_read_model(data, model, where) for model in data.get("model", [])]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"The manifest {where} is incomplete: {error}.") from error


def _read_model(data: Mapping[str, Any], model: Mapping[str, Any], where: str) -> Spec:
    both = {**data, **model}
    given = {**data.get("input", {}), **model.get("input", {})}
    taken = {**data.get("output", {}), **model.get("output", {})}
    spec = Spec(
        name=str(model["name"]),
        family=str(data["family"]),
        adapter=str(data.get("adapter", "single")),
        description=str(both.get("description", "")),
        licence=str(both.get("licence", UNKNOWN_LICENCE)),
        commercial=bool(both.get("commercial", True)),
        input=Input(**_pick(Input, given, where)),
        output=Output(**_pick(Output, taken, where)),
        size_bytes=int(model.get("size_bytes", 0)),
        role=str(data.get("role", "matte")),
        prompts=bool(data.get("prompts", False)),
        consent=bool(both.get("consent", False)),
        notice=str(both.get("notice", "")),
        provenance=str(both.get("provenance", "")),
        listed=bool(data.get("listed", True)),
        title=str(model.get("title", "")),
        doubt=_read_doubt(model.get("doubt", {}), where),
        half=bool(both.get("half", False)),
    )
    _check_words(spec)
    sources = [Source(**_pick(Source, source, where)) for source in model.get("source", [])]
    adapter = _find_adapter(spec)
    placed = _place_parts(sources, adapter, spec.name)
    return replace(spec, sources=placed, recurrent=adapter.recurrent)


def _read_doubt(table: Mapping[str, Any], where: str) -> Doubt:
    if not table:
        return UNFITTED
    sets = ("alone", "together")
    given: dict[str, Any] = {
        key: Weights(**_pick(Weights, value, where)) if key in sets else value
        for key, value in _pick(Doubt, table, where).items()
    }
    return Doubt(**given)


def _pick(kind: type, table: Mapping[str, Any], where: str) -> dict[str, Any]:
    known = {field.name for field in fields(kind)}
    for key in table:
        if key not in known:
            raise ModelFileError(f"The manifest {where} has an unknown entry {key!r}.")
    return {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}


def _check_word(value: str, allowed: Sequence[str], what: str, where: str) -> None:
    if value not in allowed:
        raise ModelFileError(
            f"The manifest {where} says {what} = {value!r}; it must be one of {', '.join(allowed)}."
        )


def _check_words(spec: Spec) -> None:
    given, taken, where = spec.input, spec.output, spec.name
    _check_word(given.fit, FITS, "input.fit", where)
    _check_word(given.scale, SCALES, "input.scale", where)
    _check_word(given.layout, LAYOUTS, "input.layout", where)
    _check_word(given.resample, RESAMPLES, "input.resample", where)
    _check_word(taken.activation, ACTIVATIONS, "output.activation", where)
    if min(given.std) <= 0:
        raise ModelFileError(f"The manifest {where} has a std that is not positive.")
    if taken.channels > 1 and len(taken.classes) != taken.channels:
        raise ModelFileError(f"The manifest {where} must name its {taken.channels} classes.")


def _find_adapter(spec: Spec) -> Adapter:
    _check_word(spec.adapter, tuple(ADAPTERS), "adapter", spec.name)
    adapter = ADAPTERS[spec.adapter]
    _check_word(spec.role, adapter.roles, "role", spec.name)
    return adapter


def _place_parts(sources: Sequence[Source], adapter: Adapter, where: str) -> tuple[Source, ...]:
    """Return one source for every part, in the adapter's order; a sole one needs no name."""
    if len(sources) == len(adapter.parts) == 1 and not sources[0].part:
        sources = [replace(sources[0], part=adapter.parts[0])]
    named = [str(source.part) for source in sources]
    if sorted(named) != sorted(adapter.parts):
        wanted = ", ".join(adapter.parts) or "none"
        found = ", ".join(part or "one without a name" for part in named) or "none"
        raise ModelFileError(
            f"The manifest {where} must have one file for each of the parts {wanted}; "
            f"it has {found}."
        )
    by_part = {source.part: source for source in sources}
    return tuple(by_part[part] for part in adapter.parts)


@lru_cache(maxsize=1)
def read_shipped() -> Mapping[str, Spec]:
    """Return every model of the manifests in the package, by name."""
    return {spec.name: spec for spec in _parse_shipped()}


def _parse_shipped() -> Iterator[Spec]:
    folder = resources.files(__package__) / "manifests"
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            yield from parse(entry.read_text(encoding="utf-8"), entry.name)


def find_family(name: str) -> Spec:
    """Return how a family is fed: as its first model, or as the model that bears the name.

    Raises:
        ModelFileError: there is no such family; its text names those that exist.
    """
    fed = [spec for spec in read_shipped().values() if spec.sources]
    for spec in fed:
        if spec.name == name:
            return spec
    for spec in fed:
        if spec.family == name:
            return spec
    known = ", ".join(sorted({spec.family for spec in fed}))
    raise ModelFileError(f"There is no family {name!r}; there are {known}.")


def rename(
    spec: Spec,
    name: str,
    files: Mapping[str, str],
    hashes: Mapping[str, str] | None = None,
    licence: str = "",
) -> Spec:
    """Return the same family under another name, with weights that the user added.

    Args:
        spec: how it is fed.
        name: its own.
        files: name of the file of every part; each stays in its part.
        hashes: sha256 by file, where they are known.
        licence: as the user gave it; the family's says nothing of other weights.

    Raises:
        ModelFileError: a part is missing, unknown, or its file is no plain name.
    """
    parts = [source.part for source in spec.sources]
    if sorted(files) != sorted(parts) or not all(is_plain(file) for file in files.values()):
        raise ModelFileError(
            f"{name} must have one plain file for each part of the family {spec.family!r} "
            f"({', '.join(parts)}); add it again."
        )
    known = hashes or {}
    return replace(
        spec,
        name=name,
        title="",
        description=f"Added by you, fed as {spec.family}.",
        licence=licence or UNKNOWN_LICENCE,
        provenance="",
        sources=tuple(
            Source(files[part], sha256=known.get(files[part], ""), part=part) for part in parts
        ),
        size_bytes=0,
        doubt=UNFITTED,
    )


def is_plain(file: str) -> bool:
    """Say whether a name that came from a file may name a file in a model's folder."""
    return file.isprintable() and PurePath(file).name == file and not file.startswith(".")
