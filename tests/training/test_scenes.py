"""The scenes that training is shown: busy backgrounds, exact masks, no photograph of a test set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

RECIPE = Path(__file__).resolve().parents[2] / "models" / "training"
H, W = 120, 160


@pytest.fixture(autouse=True)
def recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(RECIPE))


def photograph(seed: int) -> np.ndarray:
    """Coarse noise, enlarged: like nothing else, and the same for the same seed."""
    noise = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(noise).resize((W, H), Image.Resampling.BICUBIC))


def make_pair(seed: int, covered: float = 0.3):  # type: ignore[no-untyped-def]
    from data import Pair

    mask = np.zeros((H, W), np.uint8)
    mask[20:100, 60 : 60 + int(W * covered)] = 255
    return Pair("discs", str(seed), photograph(seed), mask, None)


def test_most_photographs_have_room_for_another_subject() -> None:
    from compose import find_empty_part

    rng = np.random.default_rng(1)
    found = [find_empty_part(rng, make_pair(1)) for _ in range(20)]
    parts = [part for part in found if part is not None]
    assert len(parts) > 15 and all(part.shape == (H, W, 3) for part in parts)


def test_a_background_holds_nothing_of_the_subject_before() -> None:
    from compose import find_empty_part
    from data import Pair

    rng, pair = np.random.default_rng(2), make_pair(2)
    marked = pair.image.copy()
    marked[pair.mask > 0] = (255, 0, 255)
    marked[pair.mask == 0] = (0, 90, 0)
    found = (find_empty_part(rng, Pair("discs", "2", marked, pair.mask, None)) for _ in range(9))
    parts = [part for part in found if part is not None]
    assert parts and all(part[..., 0].mean() < 2 for part in parts)


def test_no_background_is_made_where_the_subject_fills_the_picture() -> None:
    from compose import find_empty_part
    from data import Pair

    full = Pair("discs", "3", photograph(3), np.full((H, W), 255, np.uint8), None)
    assert find_empty_part(np.random.default_rng(3), full) is None


def test_scenes_follow_from_the_seed_and_their_masks_show_what_was_pasted() -> None:
    from compose import compose_scene

    front, behind, kinds = make_pair(4), make_pair(5), set()
    for seed in range(30):
        one, again = (compose_scene(np.random.default_rng(seed), front, behind) for _ in range(2))
        assert one is not None and again is not None
        np.testing.assert_array_equal(one[0], again[0])
        assert one[0].shape == (H, W, 3) and one[1].shape == (H, W)
        kinds.add(bool(one[1].any()))
    assert kinds == {True, False}, "some pictures have no subject at all"


@pytest.mark.parametrize("seed", range(8))
def test_cloth_is_busy_all_over(seed: int) -> None:
    from clutter import draw_cloth, scatter

    rng = np.random.default_rng(seed)
    cloth = scatter(rng, draw_cloth(rng, photograph(seed), H, W), photograph(seed + 1))
    assert cloth.shape == (H, W, 3) and cloth.dtype == np.uint8
    quarters = [cloth[y : y + H // 2, x : x + W // 2] for y in (0, H // 2) for x in (0, W // 2)]
    assert min(float(q.std()) for q in quarters) > 2


def test_a_photograph_is_known_again_smaller_mirrored_and_recompressed(tmp_path: Path) -> None:
    from data import read_rgb
    from duplicates import find_duplicates, make_print

    known = [make_print(str(seed), photograph(seed)) for seed in range(5)]
    Image.fromarray(photograph(3)[:, ::-1]).resize((100, 75)).save(tmp_path / "a.jpg", quality=60)
    Image.fromarray(photograph(9)).save(tmp_path / "b.jpg")
    photos = ((f"set/{p.stem}", read_rgb(p)) for p in sorted(tmp_path.glob("*.jpg")))
    assert list(find_duplicates(known, photos)) == ["set/a  # 3"]
