"""The options of finishing by name: one table for the command line, recipes and Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass, replace
from importlib.metadata import entry_points
from typing import Any, TypeVar

from .background import Backdrop, Background, Transparent, read_background
from .canvas import Canvas, Crop
from .chain import Finish
from .edges import Defringe, Edge
from .errors import BadFinish
from .generate import Generated
from .geometry import Length
from .harmonise import Harmonise
from .presets import Preset
from .readers import FRAME_STEPS, NAMES, READERS, SEVERAL, SHADOW, SWITCHES
from .save import Save
from .scene import Step
from .seam import Seam

T = TypeVar("T")


def read_step(text: str) -> Step:
    """Return a step that another package adds: NAME, or NAME:values, which it reads itself.

    Packages announce what makes a step of a text under the entry point `frisket.steps`.

    Raises:
        ValueError: there is no such step, or it refuses the values.
    """
    name, _, values = text.strip().partition(":")
    known = {one.name: one for one in entry_points(group="frisket.steps")}
    if name not in known:
        there = f"there are {', '.join(known)}" if known else "no package here adds any"
        raise ValueError(f"{name!r} is no step: {there}")
    step = known[name].load()(values)
    if not (isinstance(step, Step) and is_dataclass(step)):
        raise ValueError(f"{name!r} makes no step: a dataclass with check and apply")
    return step


def choose_frame_steps(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options that are given, where each can be done with every frame of a video.

    Raises:
        BadFinish: one cannot, or does not exist.
    """
    for name in given:
        if name not in FRAME_STEPS:
            known = ", ".join(FRAME_STEPS)
            raise BadFinish(f"{name} cannot be done with every frame; what can: {known}.")
    return {name: value for name, value in given.items() if _is_given(value)}


def read_finish(given: Mapping[str, Any]) -> Finish | None:
    """Return the finish that options describe; None where none of them is given.

    Args:
        given: values by name, as texts or as their readers return them; None for none.

    Raises:
        BadFinish: a value does not exist, or options do not go together.
    """
    values = {name: _read(name, given[name]) for name in NAMES if _is_given(given.get(name))}
    return _build(values) if values.keys() - {"overwrite"} else None


def _is_given(value: Any) -> bool:
    return value is not None and value is not False and value not in ("", [], ())


def _read(name: str, value: Any) -> Any:
    if name in SWITCHES:
        return bool(value)
    if name in SEVERAL:
        many = value if isinstance(value, (list, tuple)) else [value]
        return tuple(_read_one(name, one) for one in many)
    return _read_one(name, value)


def _read_one(name: str, value: Any) -> Any:
    plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    if not plain:
        return value
    try:
        return READERS[name](str(value))
    except ValueError as error:
        raise BadFinish(f"--{name.replace('_', '-')}: {error}") from None


def _build(values: Mapping[str, Any]) -> Finish:
    preset: Preset | None = values.get("canvas")
    if preset and "crop" in values:
        raise BadFinish("--canvas gives a size and --crop takes the subject's: give one of them.")
    if SHADOW in values.get("also", ()) and "shadow" not in values:
        raise BadFinish("--also shadow is for finishes with a --shadow: name one.")
    background = _choose_background(values, preset)
    return Finish(
        correct=values.get("correct", ()),
        edge=Edge(
            values.get("softness", "natural"), values.get("shift", 0.0), values.get("feather", 0.0)
        ),
        defringe=_make(Defringe, values.get("defringe")),
        canvas=_choose_canvas(values, preset),
        background=background,
        harmonise=_make(Harmonise, values.get("harmonise")),
        shadows=values.get("shadow", ()),
        seam=_make(Seam, values.get("blend_seam")),
        steps=values.get("step", ()),
        save=_choose_save(values),
    )


def _make(kind: Callable[[float], T], strength: float | None) -> T | None:
    """Return a step of a strength; none without one."""
    return kind(strength) if strength else None


def _choose_background(values: Mapping[str, Any], preset: Preset | None) -> Background:
    found: Background = Transparent()
    if "background" in values:
        found = values["background"]
    elif preset and preset.background:
        found = read_background(preset.background)
    for name, field in (("background_fit", "fit"), ("background_offset", "offset")):
        if name not in values:
            continue
        if not isinstance(found, Backdrop):
            raise BadFinish(
                f"--{name.replace('_', '-')} is for a picture as background: name its file with "
                "--background"
            )
        found = replace(found, **{field: values[name]})
    if "generator" in values:
        if not isinstance(found, Generated):
            raise BadFinish(
                "--generator is for a background that is generated: add --background 'generate: a "
                "marble table'"
            )
        found = replace(found, choice=values["generator"])
    return found


def _choose_canvas(values: Mapping[str, Any], preset: Preset | None) -> Crop | Canvas | None:
    upsample, align = values.get("upsample", False), values.get("align")
    if preset:
        for name in ("aspect", "min_resolution"):
            if name in values:
                raise BadFinish(
                    f"--{name.replace('_', '-')} is for --crop: a --canvas has a size of its own"
                )
        fill = replace(preset.fill, align=align) if align else preset.fill
        return Canvas(preset.width, preset.height, fill, preset.minimum, upsample, preset.dpi)
    if not values.keys() & {"crop", "aspect", "align", "min_resolution"}:
        return None
    return Crop(
        values.get("crop", Length(0.0)), values.get("aspect"), align or "centre",
        values.get("min_resolution", 0), upsample,
    )  # fmt: skip


def _choose_save(values: Mapping[str, Any]) -> Save:
    bits = values.get("bits", 0)
    if bits not in (0, 8, 10, 16):
        raise BadFinish(f"--bits: {bits} is not possible: use 8, 10 or 16")
    metadata = values.get("metadata", "keep")
    if values.get("private"):
        if metadata == "none":
            raise BadFinish("--private keeps some metadata and --metadata none keeps none of it.")
        metadata = "private"
    return Save(
        values.get("encode_quality", 90), values.get("max_bytes", 0), values.get("dpi", 0.0),
        metadata, values.get("icc", "keep"), bits, values.get("also", ()),
        values.get("overwrite", False),
    )  # fmt: skip
