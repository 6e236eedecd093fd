"""Segment Anything: an encoder that runs once for a picture, a decoder for every hint.

Both graphs follow the conventions of the public exporters (Kirillov et al., "Segment
Anything", ICCV 2023, and its ONNX export; SAM 2 and MobileSAM alike): the decoder takes
``point_coords`` in pixels of the encoder's raster and ``point_labels``, 1 on the subject,
0 beside it, 2 and 3 for the corners of a box, -1 for padding where there is no box. What
else it takes by name is what the encoder gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..backends.onnx import Graph, Port
from ..core.prepare import Frame, fit_alpha, make_tensor
from ..core.spec import Spec
from ..core.types import Array, Box, Coarse, Float, Mask, ModelInfo, Picture, Point, Prompt
from .answers import activate, answer_nothing, quantise
from .classic import find_subject
from .features import FeatureCache, Features
from .marks import check_places
from .opened import OpenedModel
from .signature import name_ports, refuse

PROMPTS = ("point_coords", "point_labels", "mask_input", "has_mask_input", "orig_im_size")
_NEEDED = PROMPTS[:2]
_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(uint8)": np.uint8,
}
_GLANCE_SIDE = 320  # at which contrast looks where nobody pointed
_MASK_SIDE = 256  # of the decoder's own logits, whatever they are enlarged to
GUESSED = "Nothing was pointed at, so the model was told to look at {}; a box or points say more."


class SamModel(OpenedModel):
    """An encoder and a decoder.

    Args:
        spec: how a picture is fed to the encoder.
        info: what is known of the model.
        encoder: picture to features.
        decoder: features and prompts to logits.

    Raises:
        BadSignature: one of the graphs is not what its place needs.
    """

    def __init__(self, spec: Spec, info: ModelInfo, encoder: Graph, decoder: Graph) -> None:
        super().__init__(info, encoder, decoder)
        self._encoder, self._decoder = encoder, decoder
        self._input = _find_picture(spec, encoder)
        self._spec = _take_size(spec, self._input)
        self._wiring = _wire(spec, encoder, decoder)
        self._masks, self._scores = _find_answers(spec, decoder)
        self._cache = FeatureCache()

    def close(self) -> None:
        """Give back both graphs and the features that were kept."""
        super().close()
        self._cache.clear()

    def answer(self, images: Sequence[Picture], prompts: Sequence[Prompt | None]) -> list[Coarse]:
        """Return one coarse alpha per picture; the encoder runs for pictures not seen lately."""
        return [self._look(image, told) for image, told in zip(images, prompts, strict=True)]

    def _look(self, image: Picture, prompt: Prompt | None) -> Coarse:
        size = (image.shape[0], image.shape[1])
        told, note = _aim(image, prompt)
        check_places(told, size)
        features, place = self._cache.get(image, self._encode)
        decoded = [self._decode(features, place, size, one) for one in split_prompt(told)]
        alpha = np.maximum.reduce([mask for mask, _, _ in decoded])
        cell = max(1.0, max(size) / _MASK_SIDE)
        if max(peak for _, peak, _ in decoded) < max(self._spec.output.empty_below, 1e-6):
            return answer_nothing(size, cell, 0.0)
        score = min(one for _, _, one in decoded)
        return Coarse(alpha, False, {}, note, cell, score, prompted=True)

    def _encode(self, image: Picture) -> tuple[Features, Frame]:
        values, place = make_tensor(image, self._spec.input)
        feed = {self._input.name: values.astype(_DTYPES[self._input.type])}
        names = sorted(set(self._wiring.values()))
        return dict(zip(names, self._encoder.run(feed, names), strict=True)), place

    def _decode(
        self, features: Features, place: Frame, size: tuple[int, int], prompt: Prompt
    ) -> tuple[Mask, float, float]:
        """Return the alpha at the picture's size, the greatest share, and the decoder's score."""
        feeds = self._make_feeds(features, place, size, prompt)
        names = [self._masks, *([self._scores] if self._scores else [])]
        masks, *scores = self._decoder.run(feeds, names)
        logits = np.asarray(masks, np.float32).reshape(-1, *masks.shape[-2:])
        best = int(np.argmax(scores[0])) if scores else 0
        shares = activate(logits[best], "sigmoid")
        score = float(np.clip(np.ravel(scores[0])[best], 0, 1)) if scores else 1.0
        return fit_alpha(quantise(shares), self._show(place), size), float(shares.max()), score

    def _show(self, place: Frame) -> Frame:
        """Return what the logits cover: the raster, or the padded square where no size is asked."""
        if "orig_im_size" in (port.name for port in self._decoder.inputs):
            return place
        side = max(place.input)
        return Frame((side, side), place.content)

    def _make_feeds(
        self, features: Features, place: Frame, size: tuple[int, int], prompt: Prompt
    ) -> dict[str, Array]:
        coords, labels = place_points(prompt, place, size)
        ports = {port.name: port for port in self._decoder.inputs}
        values: dict[str, Array] = {
            "point_coords": coords[None],
            "point_labels": labels[None],
            "mask_input": np.zeros((1, 1, _MASK_SIDE, _MASK_SIDE)),
            "has_mask_input": np.zeros(1),
            "orig_im_size": np.asarray(place.input),
        }
        values |= {port: features[name] for port, name in self._wiring.items()}
        return {
            name: value.astype(_DTYPES[ports[name].type])
            for name, value in values.items()
            if name in ports
        }


def place_points(prompt: Prompt, place: Frame, size: tuple[int, int]) -> tuple[Float, Float]:
    """Return points in pixels of the raster, (n, 2) x and y, and their labels (n,)."""
    points = [(p.x, p.y, 1.0 if p.positive else 0.0) for p in prompt.points]
    for box in prompt.boxes:
        points += [(box.left, box.top, 2.0), (box.right, box.bottom, 3.0)]
    scale = np.array([place.content[1] / size[1], place.content[0] / size[0]])
    values = np.asarray(points, np.float64).reshape(-1, 3)
    coords, labels = values[:, :2] * scale, values[:, 2]
    if not prompt.boxes:
        coords, labels = np.vstack([coords, [[0.0, 0.0]]]), np.append(labels, -1.0)
    return coords.astype(np.float32), labels.astype(np.float32)


def split_prompt(prompt: Prompt) -> list[Prompt]:
    """Return one prompt per run: the decoder takes one box; each gets the points inside it."""
    no = tuple(p for p in prompt.points if not p.positive)
    left = [p for p in prompt.points if p.positive]
    asked = []
    for box in prompt.boxes:
        inside = [p for p in left if _holds(box, p)]
        left = [p for p in left if not _holds(box, p)]
        asked.append(replace(prompt, boxes=(box,), points=(*inside, *no)))
    rest = replace(prompt, boxes=(), points=(*left, *no))
    return [*asked, rest] if left or not asked else asked


def _holds(box: Box, point: Point) -> bool:
    return box.left <= point.x < box.right and box.top <= point.y < box.bottom


def turn_strokes(prompt: Prompt | None) -> Prompt | None:
    """Return a prompt whose strokes have become points: the ends of each and two between them."""
    if prompt is None or not prompt.strokes:
        return prompt
    points = list(prompt.points)
    for stroke in prompt.strokes:
        last = len(stroke.line) - 1
        some = sorted({0, last // 3, 2 * last // 3, last})
        points += [Point(float(x), float(y), stroke.positive) for x, y in stroke.line[some]]
    return replace(prompt, points=tuple(points), strokes=())


def _aim(image: Picture, prompt: Prompt | None) -> tuple[Prompt, str]:
    """Return where to look: as told; else the box of what contrast finds, else the middle."""
    prompt = turn_strokes(prompt)
    if prompt is not None and (prompt.boxes or any(p.positive for p in prompt.points)):
        return prompt, ""
    asked = prompt or Prompt()
    inside = find_subject(image, _GLANCE_SIDE).alpha >= 128
    if not inside.any():
        high, wide = image.shape[:2]
        middle = Point(wide // 2, high // 2)
        return replace(asked, points=(middle, *asked.points)), GUESSED.format("the middle")
    rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    box = Box(float(cols[0]), float(rows[0]), float(cols[-1] + 1), float(rows[-1] + 1))
    return replace(asked, boxes=(box,)), GUESSED.format("what stands out")


# -- what the graphs must be


def _find_picture(spec: Spec, encoder: Graph) -> Port:
    """Return the encoder's picture: (h, w, 3), or (1, 3, h, w), as the family says."""
    hwc = spec.input.layout == "hwc"
    rank, axis = (3, 2) if hwc else (4, 1)
    ports = encoder.inputs
    fits = len(ports) == 1 and len(ports[0].shape) == rank and ports[0].type in _DTYPES
    if fits and ports[0].shape[axis] in (3, None):
        return ports[0]
    wanted = "height x width x 3" if hwc else "1x3xheightxwidth"
    expected = f"an encoder with one input {wanted}"
    raise refuse(spec, expected, f"the encoder has {name_ports(ports)}")


def _take_size(spec: Spec, port: Port) -> Spec:
    """Return the manifest with its own size, or the one that the graph was exported at."""
    sides = port.shape[:2] if spec.input.layout == "hwc" else port.shape[2:]
    size = tuple(side or own for side, own in zip(sides, spec.input.size, strict=True))
    return replace(spec, input=replace(spec.input, size=(size[0], size[1])))


def _wire(spec: Spec, encoder: Graph, decoder: Graph) -> dict[str, str]:
    """Find which of the encoder's outputs each input of the decoder takes."""
    names = [port.name for port in decoder.inputs]
    wanted = [port for port in decoder.inputs if port.name not in PROMPTS]
    wires = {port.name: _find_source(port, encoder.outputs) for port in wanted}
    lost = [name for name, source in wires.items() if source is None]
    missing = [name for name in _NEEDED if name not in names]
    odd = [port.name for port in decoder.inputs if port.type not in _DTYPES]
    if missing or lost or odd or not wanted:
        raise refuse(
            spec,
            f"a decoder that takes {', '.join(_NEEDED)} and what the encoder gives "
            f"({name_ports(encoder.outputs)})",
            f"the decoder has the inputs {name_ports(decoder.inputs)}",
        )
    return {name: source for name, source in wires.items() if source is not None}


def _find_source(port: Port, outputs: Sequence[Port]) -> str | None:
    """Find the output of the same name; exporters differ, so else the only one of that shape."""
    if port.name in (output.name for output in outputs):
        return port.name
    alike = [output.name for output in outputs if _match(output.shape, port.shape)]
    return alike[0] if len(alike) == 1 else None


def _match(a: Sequence[int | None], b: Sequence[int | None]) -> bool:
    return len(a) == len(b) and all(
        m is None or n is None or m == n for m, n in zip(a, b, strict=True)
    )


def _find_answers(spec: Spec, decoder: Graph) -> tuple[str, str]:
    """Return the names of the logits and, where there is one, of the score of each mask."""
    ports = {port.name: port for port in decoder.outputs}
    maps = [name for name, port in ports.items() if len(port.shape) == 4]
    if not maps:
        raise refuse(
            spec,
            "a decoder with an output of masks, 1 x masks x height x width",
            f"the decoder has {name_ports(decoder.outputs)}",
        )
    return ("masks" if "masks" in maps else maps[0]), (
        "iou_predictions" if "iou_predictions" in ports else ""
    )
