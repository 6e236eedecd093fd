"""What progress reports: stages in order, each running forward to its end."""

from __future__ import annotations

import threading
from pathlib import Path

import tifffile
from serving import noisy_disc

from frisket.jobs.connection import Connection
from frisket.jobs.many import cut
from frisket.jobs.task import CutOptions


def test_stages_come_in_order_and_end(
    connection: Connection, pictures: list[Path], tmp_path: Path
) -> None:
    said: list[tuple[str, int, int]] = []
    options = CutOptions("matte", model="fake")
    cut(
        pictures[0], tmp_path / "out.png", options, connection=connection,
        progress=lambda *report: said.append(report),
    )  # fmt: skip
    stages = list(dict.fromkeys(stage for stage, _, _ in said))
    expected = ["reading", "running fake", "coarse", "tiles", "writing"]
    assert [stage for stage in stages if stage != "server"] == expected
    for stage in expected:
        reports = [(done, total) for name, done, total in said if name == stage]
        counts = [done for done, _ in reports]
        assert counts == sorted(counts)
        assert len({total for _, total in reports}) == 1
        if stage != "running fake":
            assert reports[-1][0] == reports[-1][1], stage
    assert ("reading", 0, 500 * 400) in said


def test_a_large_layer_is_read_in_bands(connection: Connection, tmp_path: Path) -> None:
    said: list[int] = []
    source = tmp_path / "large.tif"
    tifffile.imwrite(source, noisy_disc(3000, 2400), photometric="rgb", tile=(256, 256))

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "reading":
            said.append(done)
            assert threading.current_thread() is threading.main_thread()

    options = CutOptions("matte", model="fake")
    cut(source, tmp_path / "out.png", options, connection=connection, progress=progress)
    assert len(said) > 5
    assert said == sorted(said) and said[-1] == 3000 * 2400
