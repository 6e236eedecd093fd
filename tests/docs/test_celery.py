"""The example of a Celery task, with a real worker and a broker in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image
from serving import noisy_disc

from frisket.client.errors import NoServer

pytest.importorskip("celery", reason="needs Celery")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def tasks(local_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setenv("BROKER", "memory://")
    monkeypatch.setenv("BACKOFF_S", "0.1")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import celery_task
    from celery.contrib.testing.worker import start_worker

    celery_task.app.conf.update(result_backend="cache+memory://", worker_hijack_root_logger=False)
    with start_worker(celery_task.app, perform_ping_check=False, pool="solo"):
        yield celery_task


def test_a_picture_is_cut_by_a_worker_and_again_after_trouble(
    tasks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = tmp_path / "in.png", tmp_path / "out.png"
    Image.fromarray(noisy_disc(320, 240)).save(source)
    real, troubles = tasks.cut, [NoServer("no server answers"), NoServer("no server answers")]

    def cut(*given: object) -> object:
        if troubles:
            raise troubles.pop()
        return real(*given)

    monkeypatch.setattr(tasks, "cut", cut)
    assert tasks.cut_picture.delay(str(source), str(output), "fake").get(timeout=60) > 0
    assert not troubles
    assert Image.open(output).mode == "RGBA"


def test_a_picture_that_cannot_be_read_is_not_tried_again(
    tasks: ModuleType, tmp_path: Path
) -> None:
    source = tmp_path / "in.png"
    source.write_bytes(b"no picture")
    waiting = tasks.cut_picture.delay(str(source), str(tmp_path / "out.png"), "fake")
    with pytest.raises(Exception, match=r"in\.png"):
        waiting.get(timeout=60)
    assert not (tmp_path / "out.png").exists()
