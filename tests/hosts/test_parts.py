"""What the plug-ins share, tested without a host: runs anywhere, in `make test`."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.client.errors import (
    Cancelled,
    NoServer,
    ProtocolError,
    TransportError,
)
from frisket.hosts import link, pixels, planes, settings, shallow
from frisket.hosts.enlarge import Enlarged
from frisket.hosts.pace import Pace
from frisket.hosts.sparse import SparseAlpha
from frisket.hosts.strokes import find_hints
from frisket.protocol.grid import Grid, TileRect
from frisket.protocol.reasons import Reason


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 6), st.data())
def test_enlarged_rectangles_agree_with_the_whole(
    width: int, height: int, factor: int, data: st.DataObject
) -> None:
    full = (
        data.draw(st.integers(width, width * factor)),
        data.draw(st.integers(height, height * factor)),
    )
    plane = np.random.default_rng(width).integers(0, 3, (height, width), np.uint8) * 127
    enlarged = Enlarged(plane.tobytes(), (width, height), full)
    xs = (2 * np.arange(full[0]) + 1) * width // (2 * full[0])
    ys = (2 * np.arange(full[1]) + 1) * height // (2 * full[1])
    whole = plane[np.ix_(ys, xs)]
    x, y = data.draw(st.integers(0, full[0] - 1)), data.draw(st.integers(0, full[1] - 1))
    w, h = data.draw(st.integers(1, full[0] - x)), data.draw(st.integers(1, full[1] - y))
    part = whole[y : y + h, x : x + w]
    rect = TileRect(x, y, w, h)
    assert enlarged.read(rect) == part.tobytes()
    values = np.unique(part)
    assert enlarged.find_constant(rect) == (int(values[0]) if len(values) == 1 else None)


@given(st.integers(1, 60), st.integers(1, 50), st.integers(1, 7), st.data())
def test_sparse_alpha_reads_like_a_whole_plane(
    width: int, height: int, step: int, data: st.DataObject
) -> None:
    grid = Grid(width, height, 16)
    plane = np.zeros((height, width), np.uint8)
    sparse = SparseAlpha(lambda: None, lambda share, text: None)
    for tile in data.draw(st.lists(st.integers(0, grid.count - 1), max_size=8)):
        rect = grid.rect(tile)
        part = plane[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width]
        if data.draw(st.booleans()):
            opaque = data.draw(st.booleans())
            part[:] = 255 * opaque
            sparse.fill(rect, opaque)
        else:
            part[:] = np.random.default_rng(tile).integers(0, 256, part.shape, np.uint8)
            sparse.paint(rect, part.tobytes(), True)
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    wanted = plane[y::step, x::step]
    found = sparse.read(x, y, wanted.shape[1], wanted.shape[0], step)
    assert found == wanted.tobytes()


@given(st.binary(max_size=60), st.integers(0, 2**32))
def test_raise_to_is_the_greater(plane: bytes, seed: int) -> None:
    other = np.random.default_rng(seed).integers(0, 256, len(plane), np.uint8)
    wanted = np.maximum(np.frombuffer(plane, np.uint8), other).tobytes()
    assert planes.raise_to(plane, other.tobytes()) == wanted


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 12), st.integers(0, 2**32))
def test_erode_leaves_the_rim_out(width: int, height: int, reach: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = np.kron(rng.integers(0, 2, (6, 6), np.uint8) * 255, np.ones((5, 5), np.uint8))
    mask = np.ascontiguousarray(mask[:height, :width])
    found = np.frombuffer(planes.erode(mask.tobytes(), width, height, reach), np.uint8)
    kept = found.reshape(height, width) > 0
    assert (mask[kept] == 255).all()
    for y, x in zip(*np.nonzero(kept), strict=True):
        assert (mask[y, max(0, x - reach) : x + reach + 1] == 255).all()
        assert (mask[max(0, y - reach) : y + reach + 1, x] == 255).all()


@given(st.binary(max_size=200))
def test_multiply(alpha: bytes) -> None:
    full, none = b"\xff" * len(alpha), bytes(len(alpha))
    assert planes.multiply(alpha, full) == alpha
    assert planes.multiply(alpha, none) == none
    half = planes.multiply(alpha, b"\x80" * len(alpha))
    assert all(abs(h - a * 128 / 255) <= 0.5 for h, a in zip(half, alpha, strict=True))


def test_multiply_in_16_bits() -> None:
    alpha = struct.pack("<3H", 65535, 1000, 7)
    assert planes.multiply16(alpha, b"\xff\x80\x00") == struct.pack("<3H", 65535, 502, 0)


@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 2**32))
def test_trimap_never_contradicts_the_mask(width: int, height: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = np.kron(rng.integers(0, 2, (7, 7), np.uint8) * 255, np.ones((8, 8), np.uint8))
    mask = mask[:height, :width]
    trimap = np.frombuffer(planes.draw_trimap(mask.tobytes(), width, height), np.uint8)
    trimap = trimap.reshape(height, width)
    assert set(np.unique(trimap)) <= {0, 128, 255}
    known = trimap != 128
    assert (trimap[known] == mask[known]).all()


def test_trimap_keeps_thin_structures() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 30] = 255
    trimap = np.frombuffer(planes.draw_trimap(mask.tobytes(), 64, 64), np.uint8).reshape(64, 64)
    assert (trimap[:, 30] == 128).all()
    assert (trimap[:, 0] == 0).all()


def test_bounds_and_crop() -> None:
    mask = np.zeros((9, 11), np.uint8)
    mask[2:5, 3:8] = 1
    assert planes.find_bounds(mask.tobytes(), 11, 9) == (3, 2, 5, 3)
    assert planes.find_bounds(bytes(99), 11, 9) is None
    rect = TileRect(-2, -3, 11, 9)
    part = planes.intersect(rect, 6, 4)
    assert part == TileRect(0, 0, 6, 4)
    assert planes.crop(mask.tobytes(), rect, part) == mask[3:7, 2:8].tobytes()
    assert planes.intersect(TileRect(9, 0, 5, 5), 9, 9) is None


@pytest.mark.parametrize("kind", list(shallow.SAMPLE_BYTES))
def test_samples_of_any_depth_in_8_bits(kind: str) -> None:
    values = np.arange(256, dtype=np.uint8)
    name = {"half": "f2", "float": "f4", "double": "f8"}.get(kind)
    size = shallow.SAMPLE_BYTES[kind]
    deep = (values / 255).astype(name) if name else np.repeat(values, size)
    assert shallow.shorten(deep.tobytes(), kind) == values.tobytes()


def test_samples_beyond_the_scale() -> None:
    odd = np.array([np.nan, -1, 2, np.inf, -np.inf], np.float32)
    assert shallow.shorten(odd.tobytes(), "float") == bytes((0, 0, 255, 255, 0))
    assert shallow.bend(bytes((0, 55, 255))) == bytes((0, 128, 255))


class TestPixels:
    @given(st.integers(0, 50), st.booleans(), st.integers(0, 2**32))
    def test_orders_come_back(self, count: int, deep: bool, seed: int) -> None:
        kind = np.uint16 if deep else np.uint8
        rng = np.random.default_rng(seed)
        bgra = rng.integers(0, np.iinfo(kind).max, (count, 4), kind, endpoint=True)
        rgb = pixels.to_rgb(bgra.tobytes(), deep)
        assert rgb == bgra[:, 2::-1].tobytes()
        opaque = np.frombuffer(pixels.to_bgra(rgb, deep), kind).reshape(count, 4)
        assert (opaque[:, :3] == bgra[:, :3]).all()
        assert (opaque[:, 3] == np.iinfo(kind).max).all()

    def test_alpha_comes_last(self) -> None:
        assert pixels.to_rgba(bytes((1, 2, 3, 4))) == bytes((3, 2, 1, 4))

    @given(st.integers(1, 60), st.integers(2, 20), st.integers(1, 2), st.integers(0, 2**32))
    def test_only_what_was_cleaned_is_replaced(
        self, count: int, size: int, alpha: int, seed: int
    ) -> None:
        rng = np.random.default_rng(seed)
        native, fresh = rng.integers(0, 256, (2, count, size + alpha), np.uint8)
        sent = rng.integers(0, 2, (count, 3), np.uint8)
        cleaned = np.where(rng.random((count, 1)) < 0.5, sent, sent + 1).astype(np.uint8)
        where = pixels.find_differences(sent.tobytes(), cleaned.tobytes(), 3)
        changed = (sent != cleaned).any(axis=1)
        assert (np.frombuffer(where, np.uint8) == changed * 255).all()
        found = pixels.replace_where(native.tobytes(), fresh.tobytes(), where, alpha)
        wanted = np.where(changed[:, None], fresh, native)
        wanted[:, size:] = native[:, size:]
        assert found == wanted.tobytes()


def test_strokes_become_scribbles() -> None:
    rgba = np.zeros((20, 30, 4), np.uint8)
    rgba[5:8, 4:10] = (0, 255, 0, 255)
    rgba[12, 20:25] = (255, 0, 0, 255)
    strokes = find_hints(rgba.tobytes(), 30, 20, (3000, 2000)).strokes
    positive = [stroke for stroke in strokes if stroke.positive]
    assert (len(positive), len(strokes)) == (3, 4)
    assert positive[0].points == ((450, 550), (950, 550))
    assert positive[0].radius_px == 50


def test_many_strokes_stay_within_the_limit() -> None:
    rng = np.random.default_rng(1)
    rgba = rng.choice(np.array([0, 255], np.uint8), (200, 256, 4))
    rgba[..., 3] = 255
    assert 0 < len(find_hints(rgba.tobytes(), 256, 200, (6000, 4000)).strokes) <= 1024


def test_pace_follows_the_cost() -> None:
    now = [0.0]

    def action() -> None:
        now[0] += 1.0

    pace = Pace(action, least=0.2, share=0.2, clock=lambda: now[0])
    assert pace.ask()
    now[0] += 3.9
    assert not pace.ask()
    now[0] += 0.2
    assert pace.ask()
    pace.force()
    assert now[0] == pytest.approx(6.1)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            TransportError("UNAUTHENTICATED", Reason.BAD_TOKEN, "The token is wrong.", False),
            "settings",
        ),
        (TransportError("UNAVAILABLE", "", "It is gone", True), "It is gone. Try again"),
        (NoServer("It did not start."), "frisket serve"),
        (ProtocolError("Odd."), "same version"),
        (Cancelled(""), "Cancelled."),
        (MemoryError(), "not enough memory"),
        (ValueError("x"), "trouble report"),
    ],
)
def test_errors_say_what_to_do(error: Exception, words: str) -> None:
    text = link.explain(error)
    assert words in text
    assert text.endswith(".")


def test_settings_come_back_and_stay_private(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path / "home"))
    (tmp_path / "install.json").write_text('{"command": ["frisket", "serve"]}')
    assert settings.load(tmp_path) == settings.Settings(command=("frisket", "serve"))
    chosen = settings.Settings(True, "host:1", False, "", "secret", ("other",))
    settings.save(chosen)
    assert settings.settings_file().stat().st_mode & 0o077 == 0
    assert settings.load(tmp_path).target == "host:1"
    assert settings.load(tmp_path).command == ("frisket", "serve")
    settings.settings_file().write_text("not json")
    assert not settings.load(tmp_path).remote


@pytest.mark.parametrize("value", [None, 5, 1.5, "text", True, ["a", 1], [None], {"a": "b"}])
def test_settings_of_a_wrong_type_are_left_out(value, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Whatever stands in the files, every field has its type, and the others their values."""
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "install.json").write_text('{"command": ["frisket", "serve"]}')
    plain = settings.Settings(command=("frisket", "serve"))
    for name, default in vars(settings.Settings()).items():
        settings.settings_file().write_text(json.dumps({name: value, "unknown": value}))
        chosen = value if type(value) is type(default) else getattr(plain, name)
        assert settings.load(tmp_path) == replace(plain, **{name: chosen})
    settings.settings_file().write_text('{"command": ["other"], "target": "host:1", "tls": 0}')
    assert settings.load(tmp_path) == settings.Settings(target="host:1", command=("other",))
    settings.settings_file().unlink()
    (tmp_path / "install.json").write_text(json.dumps({"command": value, "home": value}))
    assert settings.load(tmp_path) == settings.Settings()


def test_a_file_of_nothing_but_brackets_is_no_settings(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "deep.json").write_text("[" * 100_000)
    assert settings.read_json(tmp_path / "deep.json") == {}
