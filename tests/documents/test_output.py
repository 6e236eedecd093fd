"""Written whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from frisket.documents import OutputError
from frisket.documents.io.output import atomic_output


def environment() -> dict[str, str]:
    """For a child that finds what this process finds."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    with atomic_output(target) as out:
        out.write(b"one")
        assert not target.exists()
    assert target.read_bytes() == b"one"
    assert entries(tmp_path) == ["out.bin"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_whatever_interrupts_leaves_the_old_file_and_no_debris(
    tmp_path: Path, error: type[BaseException]
) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    with pytest.raises(error), atomic_output(target) as out:
        out.write(b"new")
        raise error
    assert target.read_bytes() == b"old"
    assert entries(tmp_path) == ["out.bin"]


def test_a_full_disk_is_told_before_anything_is_written(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    with pytest.raises(OutputError, match="not enough disk space"), atomic_output(target, 1 << 60):
        pass
    assert entries(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_disk_that_fills_up_is_one_sentence(tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with (
            pytest.raises(OutputError, match="the disk is full"),
            atomic_output(tmp_path / "out.bin") as out,
        ):
            os.dup2(full, out.descriptor)
            out.write(b"x" * 100_000)
    finally:
        os.close(full)
    assert entries(tmp_path) == []


def test_folders_and_missing_folders_are_refused(tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "missing" / "out.bin"):
        with pytest.raises(OutputError), atomic_output(target):
            pass


def test_permissions_of_what_is_replaced_are_kept(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    target.chmod(0o640)
    with atomic_output(target) as out:
        out.write(b"new")
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_link_is_followed_not_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "real.bin", tmp_path / "link.bin"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with atomic_output(link) as out:
        out.write(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ there")
def test_a_killed_run_leaves_nothing_after_the_next_one(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    script = f"""
        import time
        from frisket.documents.io.output import atomic_output
        with atomic_output({str(target)!r}) as out:
            out.write(b"half")
            print("ready", flush=True)
            time.sleep(60)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, env=environment()
    )
    assert child.stdout is not None
    child.stdout.readline()
    with atomic_output(tmp_path / "other.bin") as out:  # a run that is alive is left alone
        out.write(b"x")
    assert len(entries(tmp_path)) == 3
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert target.read_bytes() == b"old"
    next_run = script.replace("half", "new").replace("time.sleep(60)", "pass")
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(next_run)], env=environment(), timeout=60, check=True
    )
    assert entries(tmp_path) == ["other.bin", "out.bin"]
    assert target.read_bytes() == b"new"


def test_a_folder_is_listed_once_for_all_outputs_of_a_run(tmp_path: Path) -> None:
    script = f"""
        import sys
        from frisket.documents.io.output import atomic_output
        listed = []
        sys.addaudithook(lambda event, told: listed.append(event) if event in
                         ("os.scandir", "os.listdir") else None)
        for number in range(20):
            with atomic_output({str(tmp_path)!r} + f"/{{number}}.bin") as out:
                out.write(b"x")
        print(len(listed))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, env=environment(), timeout=60, check=True,
    )  # fmt: skip
    assert int(done.stdout) == 1 and len(entries(tmp_path)) == 20


def test_an_interrupt_at_any_moment_leaves_nothing_half_written(tmp_path: Path) -> None:
    """Ctrl-C comes after any one call, from the file's making to its renaming."""
    target = tmp_path / "out.bin"
    for moment in range(10_000):
        left = moment

        def interrupt(frame: object, event: str, _: object) -> None:
            nonlocal left
            left -= event == "c_return"
            if left < 0:
                raise KeyboardInterrupt

        sys.setprofile(interrupt)
        try:
            with atomic_output(target) as out:
                out.write(b"whole")
        except KeyboardInterrupt:
            pass
        finally:
            sys.setprofile(None)
        assert entries(tmp_path) in ([], ["out.bin"]), f"after call {moment}"
        target.unlink(missing_ok=True)
        if left >= 0:
            break
    assert moment > 20


LEAVING = """
import sys, threading, time
from frisket.documents.io.output import atomic_output

def write(path, begin, written):
    begin.wait()
    with atomic_output(path) as out:
        out.write(b"half")
        written.set()
        time.sleep(60)

def end(path, begin, ended):
    with atomic_output(path) as out:
        out.write(b"whole")
        ended.set()
        begin.wait()
        time.sleep(0.02 * int(sys.argv[2]))

events = [threading.Event() for _ in range(3)]
now = threading.Event()
now.set()

def start(what, name, *signals):
    path = f"{sys.argv[1]}/{name}"
    threading.Thread(target=what, args=(path, *signals), daemon=True).start()

for number in range(4):
    start(write, f"late{number}", events[0], now)
    start(end, f"end{number}", events[0], now)
start(write, "early", now, events[1])
events[1].wait()
events[0].set()
"""


@pytest.mark.parametrize("delay", [0, 1, 5])
def test_a_program_that_ends_leaves_nothing_half_written_by_its_threads(
    tmp_path: Path, delay: int
) -> None:
    """Neither what they were writing nor what they begin until the very end."""
    subprocess.run([sys.executable, "-c", LEAVING, tmp_path, str(delay)], check=True, timeout=60)
    assert [name for name in entries(tmp_path) if name.startswith(".")] == []
    for path in tmp_path.iterdir():
        assert path.read_bytes() == b"whole"


@pytest.mark.parametrize("letter", ["a", "é", "語", "😀"])
def test_a_name_as_long_as_the_system_takes_is_written(tmp_path: Path, letter: str) -> None:
    count = (os.pathconf(tmp_path, "PC_NAME_MAX") - 5) // len(letter.encode())
    target = tmp_path / f"{letter * count}.webp"
    with atomic_output(target) as out:
        out.write(b"whole")
    assert target.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [target]
