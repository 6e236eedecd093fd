"""What every host has to do: checks for its `Reader` and `Painter`. Standard library only.

Subclass `HostConformance`, say how a layer is opened, and run every method that
`list_checks` names; pytest does it by itself. Nothing here needs a network or pytest.

    class TestMyHost(HostConformance):
        def open(self, picture, make="mask"):
            return MyStage(picture, make)
"""

from __future__ import annotations

import random
from collections.abc import Callable

from frisket.client.errors import Cancelled
from frisket.client.events import Outcome
from frisket.client.options import Change, Edge
from frisket.hosts.job import Job
from frisket.hosts.memory import MemoryPainter, MemoryReader, convert
from frisket.hosts.planes import crop
from frisket.hosts.request import CutRequest
from frisket.hosts.scripted import COARSE, GreenServer, invert, pick_green
from frisket.hosts.staging import (
    HEIGHT,
    TILE,
    WIDTH,
    Picture,
    Stage,
    Witness,
    check_same,
    draw,
    draw_noise,
    drop_alpha,
)
from frisket.protocol.formats import PROXY_FORMATS, TILE_FORMATS, PixelFormat, pixel_format
from frisket.protocol.grid import Grid, TileRect, proxy_size


class HostConformance:
    """The checks. Each raises AssertionError and says what was wrong.

    Attributes:
        formats: what layers of the host may be; the first is the usual one.
        tolerance: by how many steps of 8 bits the host's own colour conversion may be off
            where a layer is not RGB with 8 bits.
        makes_layers: the host offers a new layer, whose colours can be cleaned.
    """

    formats: tuple[PixelFormat, ...] = (PixelFormat.RGB8,)
    tolerance: int = 0
    makes_layers: bool = True

    def open(self, picture: Picture, make: str = "mask") -> Stage:
        """Return a stage with a fresh layer that holds a picture.

        Args:
            picture: what the layer holds.
            make: a key of `frisket.hosts.request.RESULTS`: mask or layer.
        """
        raise NotImplementedError

    # ----------------------------------------------------------------- reader

    def test_sizes_and_formats(self) -> None:
        """The layer is described as it is."""
        for form in self.formats:
            stage = self.open(draw(form=form))
            spec = stage.reader.spec
            assert (spec.width, spec.height) == (WIDTH, HEIGHT), spec
            assert spec.tile_format in TILE_FORMATS, spec
            assert spec.proxy_format in PROXY_FORMATS, spec
            assert stage.depth in (8, 16), stage.depth
            stage.close()

    def test_proxy_of_a_small_layer_is_the_layer(self) -> None:
        """Below the limit nothing is reduced."""
        for form in self.formats:
            picture = draw(form=form)
            stage = self.open(picture)
            spec = stage.reader.spec
            assert (spec.proxy_width, spec.proxy_height) == (WIDTH, HEIGHT), spec
            found = drop_alpha(stage.reader.proxy(), spec.proxy_format)
            self._check_close(found, convert(picture.pixels, form, PixelFormat.RGB8), 8, form)
            stage.close()

    def test_proxy_of_a_large_layer(self) -> None:
        """Above the limit it has the protocol's size, and what is plain stays plain."""
        row = b"\0" * (3 * 1000) + b"\xff" * (3 * 2000)
        self._check_proxy(Picture(3000, 5, PixelFormat.RGB8, row * 5))

    def test_proxy_of_a_tall_layer(self) -> None:
        """The same where the height is limited, and the width is rounded up."""
        rows = b"\0" * (3 * 5 * 1000) + b"\xff" * (3 * 5 * 2000)
        self._check_proxy(Picture(5, 3000, PixelFormat.RGB8, rows))

    def test_tiles_reach_the_borders(self) -> None:
        """Every tile holds its own pixels, also a narrow one at the border."""
        for width, height in ((1, 1), (TILE + 1, TILE - 1), (WIDTH, HEIGHT)):
            picture = draw_noise(width, height)
            stage = self.open(picture)
            self._check_tiles(stage, picture)
            stage.close()

    def test_tiles_of_every_format(self) -> None:
        """Grey, RGB and 16-bit layers are read as what they show."""
        for form in self.formats:
            picture = draw(form=form)
            stage = self.open(picture)
            self._check_tiles(stage, picture)
            stage.close()

    # ---------------------------------------------------------------- painter

    def test_constant_tiles(self) -> None:
        """Filled tiles are opaque or transparent, also where they were something else."""
        stage = self.open(draw())
        grid = Grid(WIDTH, HEIGHT, TILE)
        wanted = MemoryPainter(WIDTH, HEIGHT, stage.depth)
        for painter in (stage.painter, wanted):
            for tile_id in range(grid.count):
                rect = grid.rect(tile_id)
                painter.paint(rect, bytes([COARSE]) * (rect.width * rect.height), True)
            for tile_id in range(grid.count):
                if tile_id % 3 < 2:
                    painter.fill(grid.rect(tile_id), tile_id % 3 == 0)
            painter.refresh()
        stage.finish()
        check_same(stage.alpha(), bytes(wanted.alpha))
        stage.close()

    def test_sharp_tiles_replace_coarse_ones(self) -> None:
        """Sharp alpha is kept to the last bit, to every border, in any order."""
        stage = self.open(draw())
        grid = Grid(WIDTH, HEIGHT, TILE)
        plane = draw_noise(WIDTH, HEIGHT, pixel_format(1, stage.depth))
        order = list(range(grid.count))
        random.Random(7).shuffle(order)
        whole = plane.whole
        stage.painter.paint(whole, bytes([COARSE]) * (WIDTH * HEIGHT), True)
        stage.painter.refresh()
        for tile_id in order:
            rect = grid.rect(tile_id)
            stage.painter.paint(rect, crop(plane.pixels, whole, rect, stage.depth // 8), False)
            stage.painter.refresh()
        stage.finish()
        check_same(stage.alpha(), plane.pixels)
        stage.close()

    def test_a_layer_is_not_harmed(self) -> None:
        """A cutout leaves the layer's own pixels alone, whatever it makes."""
        for make in ("mask", "layer") if self.makes_layers else ("mask",):
            stage = self.open(draw(), make)
            before = stage.pixels()
            self._run(stage, GreenServer(), CutRequest(make=make, decontaminate=True))
            assert stage.pixels() == before, f"the original changed with '{make}'"
            stage.close()

    def test_cleaned_colours(self) -> None:
        """A new layer gets cleaned colours where tiles were sharpened, and its alpha too."""
        if not self.makes_layers:
            return
        stage = self.open(draw(), "layer")
        before, spec = stage.pixels(), stage.reader.spec
        alpha = self._foresee(stage)
        self._run(stage, GreenServer(), CutRequest(make="layer", decontaminate=True))
        wanted = MemoryPainter(WIDTH, HEIGHT, 8, before, spec.tile_format.pixel_bytes)
        grid = Grid(WIDTH, HEIGHT, TILE)
        for tile_id in range(grid.count):
            rect = grid.rect(tile_id)
            if rect.x >= 2 * TILE:
                part = crop(
                    before, TileRect(0, 0, WIDTH, HEIGHT), rect, spec.tile_format.pixel_bytes
                )
                wanted.recolour(rect, invert(part))
        check_same(stage.colours(), bytes(wanted.colours))
        check_same(stage.alpha(), alpha)
        stage.close()

    # -------------------------------------------------------------------- job

    def test_a_job_is_exact(self) -> None:
        """Whatever the layer is, the host shows the alpha that the server has sent."""
        for form in self.formats:
            stage = self.open(draw(form=form))
            wanted = self._foresee(stage)
            self._run(stage, GreenServer())
            check_same(stage.alpha(), wanted)
            stage.close()

    def test_a_small_layer_travels_once(self) -> None:
        """Where the proxy is the layer, its pixels are those of the tiles, and none is sent."""
        for form in self.formats:
            stage = self.open(draw(form=form))
            spec, wanted = stage.reader.spec, self._foresee(stage)
            assert spec.proxy_is_layer == (spec.tile_format.depth == 8), spec
            server = GreenServer(cuts_proxies=True)
            self._run(stage, server)
            assert bool(server.asked) != spec.proxy_is_layer, server.asked
            self._check_close(stage.alpha(), wanted, stage.depth, form)
            stage.close()

    def test_progress_only_grows(self) -> None:
        """It begins at nothing, ends at all, and never goes back, even when a stream is lost."""
        for server in (GreenServer(), GreenServer(breaks_after=2)):
            stage = self.open(draw())
            witness = self._run(stage, server)
            assert witness.shares == sorted(witness.shares), witness.shares
            assert (witness.shares[0], witness.shares[-1]) == (0.0, 1.0), witness.shares
            assert "refresh" in witness.calls[: witness.calls.index("sharp")], "coarse is not shown"
            stage.close()

    def test_a_lost_connection(self) -> None:
        """The rest arrives by another stream; what is sharp stays sharp and is not sent again."""
        stage = self.open(draw())
        wanted = self._foresee(stage)
        server = GreenServer(breaks_after=2)
        witness = self._run(stage, server)
        assert server.streams == 2, server.streams
        assert witness.calls.count("sharp") == server.tiles, "a tile was asked for again"
        assert not witness.coarse_after_sharp, witness.coarse_after_sharp
        check_same(stage.alpha(), wanted)
        stage.close()

    def test_cancelled_at_any_event(self) -> None:
        """Whenever it is cancelled, the layer is whole, and can be cut out once more."""
        for events in range(60):
            stage = self.open(draw())
            before, wanted = stage.pixels(), self._foresee(stage)
            cancelled = self._cancel(stage, events)
            assert stage.pixels() == before, f"the layer changed, cancelled at {events}"
            self._check_mixture(stage, wanted, events)
            again = stage.reopen()
            self._run(again, GreenServer())
            check_same(again.alpha(), wanted)
            again.close()
            if not cancelled:
                assert events > 6, "the job was over too soon"
                return
        raise AssertionError("the job has no end")

    def test_a_change_while_it_is_open(self) -> None:
        """What follows a shifted edge, and the way back, is as exact as the first result."""
        stage = self.open(draw())
        wanted = self._foresee(stage)
        seen: list[bytes] = []
        edges = [Edge(shift_px=3.0), Edge()]

        def follow(outcome: Outcome) -> Change | None:
            stage.finish()
            seen.append(stage.alpha())
            return Change(edge=edges.pop(0)) if edges else None

        self._run(stage, GreenServer(), follow=follow)
        for found, alpha in zip(seen, (wanted, invert(wanted), wanted), strict=True):
            check_same(found, alpha)
        stage.close()

    # ---------------------------------------------------------------- helpers

    def _run(
        self,
        stage: Stage,
        server: GreenServer,
        request: CutRequest | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        follow: Callable[[Outcome], Change | None] = lambda outcome: None,
    ) -> Witness:
        witness = Witness(stage.painter)
        options = (request or CutRequest()).options(stage.depth == 16)
        job = Job(
            stage.reader,
            witness,
            server.connect,
            options,
            "conformance",
            cancelled=cancelled,
            next_change=follow,
            tile_size=TILE,
        )
        job.run()
        stage.finish()
        return witness

    def _cancel(self, stage: Stage, events: int) -> bool:
        """Run a job and cancel it after some events; tell whether it came to that."""
        left = [events]

        def cancelled() -> bool:
            left[0] -= 1
            return left[0] < 0

        try:
            self._run(stage, GreenServer(), cancelled=cancelled)
        except Cancelled:
            return True
        return False

    def _foresee(self, stage: Stage) -> bytes:
        """Return the alpha that a job will make of a stage's layer."""
        spec = stage.reader.spec
        rows = stage.reader.read_tile(TileRect(0, 0, spec.width, spec.height))
        return pick_green(rows, spec.tile_format, stage.depth)

    def _check_proxy(self, picture: Picture) -> None:
        """Check the proxy of a picture whose longer side is black for a third, then white."""
        stage = self.open(picture)
        spec = stage.reader.spec
        size = (spec.proxy_width, spec.proxy_height)
        assert size == proxy_size(picture.width, picture.height), size
        found = drop_alpha(stage.reader.proxy(), spec.proxy_format)
        assert len(found) == size[0] * size[1] * 3, len(found)
        edge = max(size) // 3
        for line in _list_lines(found, *size):
            assert not any(line[: edge - 4]), "black is not black in the proxy"
            assert min(line[edge + 4 :]) == 255, "white is not white in the proxy"
        stage.close()

    def _check_tiles(self, stage: Stage, picture: Picture) -> None:
        form = stage.reader.spec.tile_format
        wanted = MemoryReader(
            convert(picture.pixels, picture.form, form), picture.width, picture.height, form
        )
        grid = Grid(picture.width, picture.height, TILE)
        for rect in (*(grid.rect(tile_id) for tile_id in range(grid.count)), picture.whole):
            found = stage.reader.read_tile(rect)
            self._check_close(found, wanted.read_tile(rect), form.depth, picture.form)

    def _check_close(self, found: bytes, wanted: bytes, depth: int, form: PixelFormat) -> None:
        """Check samples against what the host's own colour conversion may make of a layer."""
        assert len(found) == len(wanted), (len(found), len(wanted))
        slack = 0 if form is PixelFormat.RGB8 else self.tolerance * (257 if depth == 16 else 1)
        pairs = zip(_read_samples(found, depth), _read_samples(wanted, depth), strict=True)
        worst = max(abs(a - b) for a, b in pairs)
        assert worst <= slack, (form.name, worst)

    def _check_mixture(self, stage: Stage, wanted: bytes, events: int) -> None:
        """Check that every sample shows nothing, the coarse alpha, or the sharp one."""
        size = stage.depth // 8
        found, coarse = stage.alpha(), bytes([COARSE]) * size
        assert len(found) == len(wanted), (len(found), len(wanted))
        for start in range(0, len(found), size):
            sample = found[start : start + size]
            known = (bytes(size), coarse, wanted[start : start + size])
            assert sample in known, (events, start, sample)


def _read_samples(rows: bytes, depth: int) -> memoryview[int]:
    return memoryview(rows).cast("H") if depth == 16 else memoryview(rows).cast("B")


def _list_lines(rgb: bytes, width: int, height: int) -> list[bytes]:
    """Return each channel's lines along the longer side of RGB rows."""
    planes = [rgb[channel::3] for channel in range(3)]
    if width < height:
        return [plane[x::width] for plane in planes for x in range(width)]
    return [plane[y * width : (y + 1) * width] for plane in planes for y in range(height)]


def list_checks() -> list[str]:
    """Return the names of the checks."""
    return [name for name in vars(HostConformance) if name.startswith("test_")]
