"""Options as keywords, named as on the command line, and turned into `CutOptions`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from frisket.client.options import Edge, Point
from frisket.documents.core.cutline import CutlineOptions, read_length, read_sheet
from frisket.documents.core.outline import OutlineOptions
from frisket.finish.keywords import FinishKeywords
from frisket.finish.readers import FINISHED
from frisket.jobs.choices import BadOption, check_choice, check_names
from frisket.jobs.connection import ServerChoice
from frisket.jobs.hint_files import HintFiles
from frisket.jobs.task import CutOptions
from frisket.protocol.choices import DEFAULT_DEVICE, DEVICES, name_key_model

if TYPE_CHECKING:
    from frisket.finish.chain import Finish

Box = tuple[int, int, int, int]
Click = Point | tuple[int, int] | tuple[int, int, bool]
File = str | os.PathLike[str]


class MatteKeywords(TypedDict, total=False):
    """What finds the subject. Each option is that of `frisket cut` with the same name.

    `key` is "auto", "green", "blue" or "#RRGGBB": a screen behind the subject, and no model.

    `boxes` are (x, y, width, height); `points` are (x, y) on the subject or (x, y, False)
    beside it; `server` is "host:port", or nothing for the local server.
    """

    model: str
    key: str
    classes: str | Sequence[str]
    quality: str
    normalise: str
    shift: float
    feather: float
    contrast: float
    smooth: float
    fill_holes: float
    drop_specks: float
    threshold: float | None
    boxes: Sequence[Box]
    points: Sequence[Click]
    trimap: File
    prior: File
    layers: str | Sequence[str]
    sandbox: bool
    allow_empty: bool
    depth: int
    server: str
    token_file: File
    tls: bool
    ca_file: File
    certificate: File
    certificate_key: File
    device: str


class RemoveKeywords(MatteKeywords, total=False):
    """What finds the subject, and whether the colours of its edge are cleaned."""

    decontaminate: bool


class OutlineKeywords(TypedDict, total=False):
    """How an outline is drawn, and what becomes of one that is there already."""

    existing: str
    path_name: str
    tolerance: float
    inset: float
    speck: float
    max_knots: int
    clip: bool
    offset: str | float
    bleed: str | float
    safe: str | float
    ppi: float
    spot: str
    white_ink: bool
    varnish: bool
    sheet: str
    gap: str | float
    copies: int
    marks: bool


class TracedKeywords(OutlineKeywords, total=False):
    """The same, and the opacity that the outline of a matte that exists runs along."""

    threshold: float | None


class CutKeywords(RemoveKeywords, FinishKeywords, OutlineKeywords, total=False):
    """What finds the subject, and what is written into a document, or how it is finished."""

    kind: str
    all_layers: bool
    preview: str
    convert: bool


_EDGE = {
    "shift": "shift_px",
    "feather": "feather_px",
    "contrast": "contrast",
    "smooth": "smooth",
    "fill_holes": "fill_holes",
    "drop_specks": "drop_specks",
}
_FINISH = tuple(FinishKeywords.__annotations__)
_OUTLINE = {
    "path_name": "name",
    "tolerance": "tolerance",
    "inset": "inset",
    "speck": "speck",
    "max_knots": "max_knots",
    "clip": "clip",
}
_LENGTHS = ("offset", "bleed", "safe", "gap")
_CUTLINE = (*_LENGTHS, "ppi", "spot", "white_ink", "varnish", "sheet", "copies", "marks")
_HINTS = ("boxes", "points", "trimap", "prior")
_SERVER = ("server", "token_file", "tls", "ca_file", "certificate", "certificate_key", "device")


def read_keywords(given: Mapping[str, Any], allowed: type[Any], where: str) -> CutOptions:
    """Return the options that keywords describe.

    Args:
        given: names and values.
        allowed: one of the classes above.
        where: the function that takes them, for messages.

    Raises:
        BadOption: a name or a value does not exist.
    """
    check_names(given, tuple(allowed.__annotations__), where)
    finishing = {name: given[name] for name in _FINISH if name in given}
    _check_finishing(finishing, given.get("kind", ""))
    apart = {*_EDGE, *_OUTLINE, *_CUTLINE, *_HINTS, *_SERVER, *_FINISH}
    plain = {name: value for name, value in given.items() if name not in apart}
    if screen := plain.pop("key", ""):
        plain["model"] = choose_key(screen)
    return CutOptions(
        **plain, edge=_read_edge(given), outline=_read_outline(given),
        cutline=make_cutline({name: given[name] for name in _CUTLINE if name in given}),
        hints=_read_hints(given), server=_read_server(given), finish=_read_finish(finishing),
    )  # fmt: skip


def _check_finishing(finishing: Mapping[str, Any], kind: str) -> None:
    """Refuse what makes a finished picture beside another kind of result."""
    if kind not in ("", FINISHED) and (names := [one for one, value in finishing.items() if value]):
        raise BadOption(
            f"{', '.join(names)}: for kind={FINISHED!r}, not for kind={kind!r}; leave out one or "
            "the other."
        )


def choose_key(screen: str) -> str:
    """Return the model that keys a screen.

    Raises:
        BadOption: there is no such screen.
    """
    try:
        return name_key_model(screen)
    except (ValueError, AttributeError) as error:
        raise BadOption(f"key is not possible: {error}.") from None


def _read_finish(given: Mapping[str, Any]) -> Finish | None:
    if not given:
        return None
    from frisket.finish.options import read_finish

    return read_finish(given)


def _read_edge(given: Mapping[str, Any]) -> Edge:
    return Edge(
        **{field: _to_number(name, given[name]) for name, field in _EDGE.items() if name in given}
    )


def _read_outline(given: Mapping[str, Any]) -> OutlineOptions:
    named = {field: given[name] for name, field in _OUTLINE.items() if name in given}
    return make_outline(named)


def make_outline(named: Mapping[str, Any]) -> OutlineOptions:
    """Return how an outline is drawn.

    Raises:
        BadOption: a value is not possible.
    """
    try:
        return OutlineOptions(**named)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadOption(str(error)) from None


def make_cutline(named: Mapping[str, Any]) -> CutlineOptions:
    """Return what is printed around a cut line; lengths and the sheet may be texts.

    Raises:
        BadOption: a value is not possible.
    """
    read: dict[str, Any] = dict.fromkeys(_LENGTHS, read_length) | {"sheet": read_sheet}
    try:
        values = {name: read[name](value) if name in read and value is not None else value
                  for name, value in named.items()}  # fmt: skip
        return CutlineOptions(**values)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadOption(str(error)) from None


def _to_number(name: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise BadOption(f"{name}={value!r} is not possible: give a number.")


def _read_hints(given: Mapping[str, Any]) -> HintFiles:
    return HintFiles(
        tuple(_to_box(box) for box in given.get("boxes", ())),
        tuple(_to_point(point) for point in given.get("points", ())),
        _to_path(given, "trimap"),
        _to_path(given, "prior"),
    )


def _to_box(given: Any) -> Box:
    try:
        x, y, width, height = map(int, given)
    except (TypeError, ValueError):
        raise BadOption(
            f"boxes has {given!r}: give each box as (x, y, width, height) in pixels."
        ) from None
    return x, y, width, height


def _to_point(given: Any) -> Point:
    if isinstance(given, Point):
        return given
    try:
        x, y, *rest = given
        [positive] = rest or [True]
        return Point(int(x), int(y), bool(positive))
    except (TypeError, ValueError):
        raise BadOption(
            f"points has {given!r}: give each point as (x, y), or as (x, y, False) where "
            "the subject is not."
        ) from None


def _read_server(given: Mapping[str, Any]) -> ServerChoice:
    if "device" in given:
        check_choice("device", given["device"], DEVICES)
    return ServerChoice(
        given.get("server", ""),
        _to_path(given, "token_file"),
        bool(given.get("tls", False)),
        _to_path(given, "ca_file"),
        given.get("device", DEFAULT_DEVICE),
        _to_path(given, "certificate"),
        _to_path(given, "certificate_key"),
    )


def _to_path(given: Mapping[str, Any], name: str) -> Path | None:
    return Path(given[name]) if given.get(name) is not None else None
