"""The model `key`: subjects before screens of one colour."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from frisket.models import BadPicture, Model, Registry, UnknownModel

SCREENS = {"green": (40, 170, 70), "blue": (40, 70, 190)}
SIZE = (300, 400)


def draw_screen(colour: tuple[int, int, int], seed: int = 1) -> np.ndarray:
    """Return a screen of uneven light with noise."""
    height, width = SIZE
    y, x = np.mgrid[:height, :width].astype(np.float32)
    light = 1.05 - 0.7 * ((x / width - 0.4) ** 2 + (y / height - 0.6) ** 2)
    noise = np.random.default_rng(seed).normal(0, 3, (height, width, 3))
    return np.clip(np.array(colour) * light[..., None] + noise, 0, 255).astype(np.uint8)


def draw_hair(seed: int = 0) -> np.ndarray:
    """Return the alpha of a head whose strands are thin and half transparent."""
    alpha, rng = np.zeros(SIZE, np.uint8), np.random.default_rng(seed)
    cv2.ellipse(alpha, (200, 150), (70, 90), 0, 0, 360, 255, -1, cv2.LINE_AA)
    for angle in rng.uniform(0, 2 * np.pi, 220):
        way = np.linspace(0.9, rng.uniform(1.1, 1.5), 12)
        turn = angle + rng.normal(0, 0.3) * (way - 0.9)
        line = np.stack([200 + 70 * way * np.cos(turn), 150 + 90 * way * np.sin(turn)], axis=1)
        drawn = [np.rint(line * 16).astype(np.int32)]
        cv2.polylines(alpha, drawn, False, int(rng.integers(90, 256)), 1, cv2.LINE_AA, 4)
    return alpha


def mix(alpha: np.ndarray, screen: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    share = alpha[..., None] / 255
    grain = np.random.default_rng(5).normal(0, 9, (*SIZE, 1))
    subject = np.clip(np.array(colour) + grain, 0, 255)
    return np.asarray(np.rint(share * subject + (1 - share) * screen), np.uint8)


def differ(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Return the sum of absolute differences, in thousands of pixels."""
    return float(np.abs(alpha.astype(float) - truth).sum() / 255e3)


def open_key(name: str = "key") -> Model:
    return Registry().open(name, "cpu", 1)


@pytest.mark.parametrize("hair", [(150, 90, 40), (60, 45, 35), (190, 170, 120)])
@pytest.mark.parametrize("screen", SCREENS)
def test_hair_before_a_screen(screen: str, hair: tuple[int, int, int]) -> None:
    truth = draw_hair()
    picture = mix(truth, draw_screen(SCREENS[screen]), hair)
    [found] = open_key().matte([picture])
    partly = np.where(truth % 255, 255, 0)
    assert differ(found.alpha, truth) < 0.08 * differ(partly, np.zeros(SIZE))
    assert np.array_equal(found.alpha, open_key(f"key-{screen}").matte([picture])[0].alpha)


def test_it_halves_the_error_of_a_learned_model(u2netp: Registry) -> None:
    truth = draw_hair(3)
    picture = mix(truth, draw_screen(SCREENS["green"]), (60, 45, 35))
    [found], [learned] = (m.matte([picture]) for m in (open_key(), u2netp.open("u2netp", "cpu", 1)))
    assert differ(found.alpha, truth) <= 0.5 * differ(learned.alpha, truth)


def test_a_colour_of_ones_own() -> None:
    truth = draw_hair()
    picture = mix(truth, draw_screen((200, 60, 160)), (60, 45, 35))
    [found] = open_key("key-c83ca0").matte([picture])
    assert differ(found.alpha, truth) < 1
    with pytest.raises(UnknownModel):
        Registry().open("key-c83ca")


def test_a_shadow_on_the_screen_is_no_subject() -> None:
    truth = draw_hair()
    screen = draw_screen(SCREENS["green"])
    screen[220:, 40:120] = screen[220:, 40:120] * 0.75
    [found] = open_key().matte([mix(truth, screen, (190, 170, 120))])
    assert found.alpha[230:, 45:115].mean() < 13


@pytest.mark.parametrize(
    ("name", "border", "said"),
    [
        ("key", "halves", "not of one colour all around"),
        ("key", "grey", "is grey, so there is no coloured screen"),
        ("key-green", "blue", "is not green, so there is no screen"),
        ("key-blue", "halves", "is not blue all around"),
        ("key-ff0000", "blue", "is not #ff0000"),
    ],
)
def test_a_border_of_another_colour_is_refused(name: str, border: str, said: str) -> None:
    screen = draw_screen(SCREENS["blue"] if border != "grey" else (128, 128, 128))
    if border == "halves":
        screen[:, :230] = (220, 190, 40)
    with pytest.raises(BadPicture, match=said):
        open_key(name).matte([mix(draw_hair(), screen, (60, 45, 35))])


def test_an_empty_screen_has_no_subject() -> None:
    [found] = open_key().matte([draw_screen(SCREENS["green"])])
    assert found.empty and not found.alpha.any()
