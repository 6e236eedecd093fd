"""What progress reports: stages in order, each running forward to its end."""

from __future__ import annotations

from pathlib import Path

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
