"""Scenes with exact alpha: a subject with hair, fur, lace or a soft edge before something else.

Images are S×S×3 uint8 RGB, alpha S×S uint8. All chance comes from one generator.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from augment import change_colour, damage
from compose import choose_background, cut_subject, relight
from data import Image, Pair
from numpy.random import Generator

from band.shapes import (
    Plane,
    draw_body,
    draw_growth,
    draw_strands,
    draw_waves,
    find_roots,
    grow,
    pierce,
)

SIDE = 512
#: Chances of kinds of edge; a scene has each independently of the others.
HAIR, FUR, LACE, LOOSE, DEFOCUS, MOTION = 0.5, 0.3, 0.08, 0.1, 0.35, 0.12
#: Chance of a photograph's own subject; what remains is a smooth shape filled with a photograph.
PHOTOGRAPHED = 0.6
_MOST_STRANDS = 900


@dataclass(frozen=True)
class Scene:
    """One scene: image S×S×3 and alpha S×S, uint8."""

    image: Image
    alpha: Image


def draw_scene(rng: Generator, front: Pair, behind: Pair, side: int = SIDE) -> Scene | None:
    """Draw a scene from two photographs; None where they do not make one."""
    back = choose_background(rng, behind)
    subject = place_subject(rng, front, side)
    if back is None or subject is None:
        return None
    back = np.asarray(cv2.resize(back, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    if rng.random() < 0.35:
        back = np.asarray(cv2.GaussianBlur(back, (0, 0), rng.uniform(1, 8)), np.uint8)
    body, colours = subject
    alpha, colours = draw_edge(rng, body, colours)
    alpha = soften_edge(rng, alpha)
    return Scene(*expose(rng, mix(rng, relight(rng, colours, back), back, alpha), alpha))


def place_subject(rng: Generator, pair: Pair, side: int) -> tuple[Image, Image] | None:
    """Return a body (2S, 2S), 0 or 255, and colours (S, S, 3) that go on beyond it."""
    if rng.random() >= PHOTOGRAPHED:
        filled = cv2.resize(pair.image, (side, side), interpolation=cv2.INTER_AREA)
        return draw_body(rng, 2 * side), np.asarray(filled, np.uint8)
    cut = cut_subject(pair)
    if cut is None:
        return None
    image, mask = cut
    high, wide = mask.shape
    scale = rng.uniform(0.5, 1.15) * side / max(high, wide)
    free = side - np.array([wide, high]) * scale
    shift = free * rng.uniform(0, 1, 2)
    if rng.random() < 0.4:
        shift[1] = max(free[1], shift[1])  # cut off below, as a portrait is
    turn = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    colours = cv2.warpAffine(image, turn, (side, side), flags=cv2.INTER_LINEAR)
    large = cv2.warpAffine(mask, 2 * turn, (2 * side, 2 * side), flags=cv2.INTER_CUBIC)
    large = cv2.GaussianBlur(large, (0, 0), max(2.0, 1.5 * scale))
    body = np.where(large > 140, 255, 0).astype(np.uint8)
    return body, spread_colours(np.asarray(colours, np.uint8), body)


def spread_colours(colours: Image, body: Image) -> Image:
    """Carry the colours well inside a body outwards, so that its edge has its own alone."""
    small = cv2.resize(body, colours.shape[1::-1], interpolation=cv2.INTER_AREA)
    inner = cv2.erode(small, np.ones((5, 5), np.uint8)) == 255
    out, have = np.where(inner[..., None], colours, 0).astype(np.float32), inner.astype(np.float32)
    for reach in (2, 5, 12, 30, 90):
        window = (2 * reach + 1, 2 * reach + 1)
        total, count = cv2.blur(out, window), cv2.blur(have, window)
        fill = (have == 0) & (count > 1e-3)
        out[fill] = total[fill] / count[fill][:, None]
        have[fill] = 1
    return out.clip(0, 255).astype(np.uint8)


def draw_edge(rng: Generator, body: Image, colours: Image) -> tuple[Image, Image]:
    """Return alpha (2S, 2S) of a body with what grows on it, and the colours with theirs."""
    alpha, colours = body.copy(), colours.copy()
    for fur, chance in ((False, HAIR), (True, FUR)):
        if rng.random() < chance:
            how = draw_growth(rng, fur)
            roots = find_roots(rng, body, _MOST_STRANDS, how.density)
            paths = grow(rng, roots, how, body.shape[0])
            alpha = draw_strands(rng, alpha, colours, paths, how.width)
    if rng.random() < LOOSE:
        how, somewhere = draw_growth(rng, fur=False), draw_body(rng, body.shape[0])
        roots = find_roots(rng, somewhere, 60, how.density)
        paths = grow(rng, roots, how, body.shape[0])
        alpha = draw_strands(rng, alpha, colours, paths, how.width)
    return pierce(rng, alpha) if rng.random() < LACE else alpha, colours


def soften_edge(rng: Generator, alpha: Image) -> Plane:
    """Return alpha (S, S), 0..1, at the scene's side, here and there out of focus or in motion."""
    side = alpha.shape[0] // 2
    soft = cv2.resize(alpha, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    if rng.random() < DEFOCUS:
        where = ((draw_waves(rng, side, 3) - 0.4) * 4).clip(0, 1) if rng.random() < 0.6 else 1.0
        soft += (cv2.GaussianBlur(soft, (0, 0), rng.uniform(0.8, 8)) - soft) * where
    if rng.random() < MOTION:
        where = ((draw_waves(rng, side, 3) - 0.3) * 4).clip(0, 1)
        soft += (cv2.filter2D(soft, -1, draw_smear(rng)) - soft) * where
    return np.asarray(soft.clip(0, 1), np.float32)


def draw_smear(rng: Generator) -> Plane:
    """Draw the kernel of a straight motion."""
    size, turn = int(rng.integers(5, 24)), rng.uniform(0, np.pi)
    line, centre = np.zeros((size, size), np.float32), size / 2
    x, y = centre * np.cos(turn), centre * np.sin(turn)
    ends = [(round(centre + s * x), round(centre + s * y)) for s in (-1, 1)]
    cv2.line(line, *ends, 1.0, 1, cv2.LINE_AA)
    return np.asarray(line / max(float(line.sum()), 1e-6), np.float32)


def mix(rng: Generator, front: Plane, back: Image, alpha: Plane) -> Plane:
    """Mix colours by alpha, half of the time in linear light: S×S×3, 0..255."""
    gamma = 2.2 if rng.random() < 0.5 else 1.0
    share = alpha[..., None]
    light = share * (front / 255) ** gamma + (1 - share) * (back / np.float32(255)) ** gamma
    return np.asarray(255 * light.clip(0, 1) ** (1 / gamma), np.float32)


def expose(rng: Generator, mixed: Plane, alpha: Plane) -> tuple[Image, Image]:
    """Return image and alpha as a camera leaves them: unsharp both, then colour, noise, blocks."""
    if rng.random() < 0.6:
        blur = rng.uniform(0.35, 1.1)
        mixed, alpha = (cv2.GaussianBlur(plane, (0, 0), blur) for plane in (mixed, alpha))
    image = change_colour(rng, mixed.clip(0, 255).astype(np.uint8))
    return damage(rng, image), np.rint(alpha * 255).astype(np.uint8)
