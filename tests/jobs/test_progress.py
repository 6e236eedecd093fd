"""What progress reports: stages in order, each running forward to its end."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest
import tifffile
from serving import noisy_disc

from frisket.finish.options import read_finish
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


GENERATOR = """
import json, shutil, sys
shutil.copy(json.loads(sys.stdin.readline())["subject"], "background.png")
print('{"step": 4, "steps": 7}')
print("{}")
"""


def test_a_background_that_is_generated_tells_its_steps(
    connection: Connection, pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copy.py").write_text(GENERATOR)
    command = json.dumps([sys.executable, str(tmp_path / "copy.py")])
    (tmp_path / "generators.toml").write_text(f"[mine]\ncommand = {command}\n")
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path))
    said: list[tuple[str, int, int]] = []
    options = CutOptions(model="fake", finish=read_finish({"background": "generate: itself"}))
    cut(
        pictures[0], tmp_path / "out.png", options, connection=connection,
        progress=lambda *report: said.append(report),
    )  # fmt: skip
    stages = [stage for stage, _, _ in said]
    assert list(dict.fromkeys(stages))[-2:] == ["writing", "generating"]
    assert ("generating", 4, 7) in said and stages[-1] == "writing"


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
