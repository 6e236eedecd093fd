"""A server whose disk is full mattes as well: nothing that it writes is needed for an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import frisket
from serving import noisy_disc
from trials.kit import Trial, posix

pytestmark = posix

PICTURE = noisy_disc(320, 240)


def test_a_full_disk_costs_nobody_a_matte(tmp_path: Path) -> None:
    with Trial(tmp_path / "sound") as trial, trial.channel() as channel:
        digest = trial.matte(channel, PICTURE).digest
    options = ("--access-log", str(tmp_path / "calls.log"))
    with Trial(tmp_path / "full", *options, no_room=True) as trial, trial.channel() as channel:
        for _ in range(2):
            assert trial.matte(channel, PICTURE).digest == digest
        assert not trial.capabilities().sessions
    written = [path for path in (tmp_path / "full").rglob("*") if path.is_file()]
    assert not sum(path.stat().st_size for path in written)
    assert not (tmp_path / "calls.log").stat().st_size


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="has no folder that takes no file")
def test_a_local_server_that_cannot_announce_itself_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRISKET_HOME", "/proc/self/home")
    done = frisket("serve", "--local")
    assert done.returncode == 7
    assert len(done.stderr.strip().splitlines()[-1:]) == 1 and "Traceback" not in done.stderr
    assert "/proc/self/home" in done.stderr
