"""Between calls and beside them: one connection is kept, and an event loop never waits."""

from __future__ import annotations

import asyncio
import doctest
import re
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frisket import BadOption, acut, amatte, aremove, matte, remove
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.kept import KeptConnections
from frisket.protocol.methods import HEALTH

from .conftest import HEIGHT, WIDTH


@pytest.mark.parametrize("name", ["remove", "many", "aio"])
def test_the_examples_in_the_docstrings_run(name: str, portrait: Path) -> None:
    module = import_module(f"frisket.jobs.{name}")
    globs = {"np": np, "Image": Image, "Path": Path, "asyncio": asyncio}
    done = doctest.testmod(module, globs=globs, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert done.attempted >= 2
    assert done.failed == 0


def test_one_connection_is_lent_again_and_again() -> None:
    kept = KeptConnections()
    with kept.borrow(ServerChoice()) as first:
        pass
    with kept.borrow(ServerChoice()) as second, kept.borrow(ServerChoice()) as beside:
        assert second is first
        assert beside is not first, "two jobs at a time never share one"
    with kept.borrow(ServerChoice("elsewhere:1")) as other:
        assert other not in (first, beside)
    kept.close()
    with kept.borrow(ServerChoice()) as fresh:
        assert fresh not in (first, beside)


def begin_and_wait(connection: Connection) -> None:
    """Let a connection be looked for, and wait until that has ended."""
    connection.begin()
    for thread in threading.enumerate():
        if thread.name == "frisket-connect":
            thread.join()


def test_a_server_that_runs_is_found_beside_other_work(pixels: np.ndarray) -> None:
    remove(pixels)
    with Connection(ServerChoice()) as connection:
        begin_and_wait(connection)
        assert connection.open().unary(HEALTH, b"", 10) == b"\x08\x01"


def test_no_server_is_started_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path / "home"))
    with Connection(ServerChoice()) as connection:
        begin_and_wait(connection)
    assert not list(tmp_path.glob("home/run/server*"))


def test_a_failed_call_does_not_spoil_the_next(pixels: np.ndarray) -> None:
    with pytest.raises(Exception, match="nobody"):
        remove(pixels, model="nobody")
    assert remove(pixels).shape == (HEIGHT, WIDTH, 4)


def test_many_threads_at_once(pixels: np.ndarray) -> None:
    right = matte(pixels)
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(matte(pixels))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 6
    assert all(np.array_equal(one, right) for one in found)


def test_python_ends_at_once_after_a_call(portrait: Path) -> None:
    code = "from frisket import remove; print(remove('portrait.png').mode)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "RGBA\n", "")


def test_the_loop_goes_on_while_it_works(pixels: np.ndarray, portrait: Path) -> None:
    async def measure() -> tuple[int, list[object]]:
        ticks, running = 0, True

        async def tick() -> None:
            nonlocal ticks
            while running:
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.create_task(tick())
        jobs = (aremove(pixels), amatte(portrait), acut(portrait, "cut.tif", kind="matte"))
        done = await asyncio.gather(*jobs)
        running = False
        await ticking
        return ticks, list(done)

    ticks, [array, image, result] = asyncio.run(measure())
    assert np.array_equal(array, remove(pixels))  # type: ignore[arg-type]
    assert isinstance(image, Image.Image)
    assert result.output == Path("cut.tif")  # type: ignore[attr-defined]
    assert ticks > 20, "a loop that waits for three calls turns a few times"


def test_what_is_wrong_arrives(pixels: np.ndarray) -> None:
    with pytest.raises(BadOption, match="ultra"):
        asyncio.run(aremove(pixels, quality="ultra"))


def test_a_cancelled_task_stops_its_work(pixels: np.ndarray, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    Image.fromarray(np.tile(pixels, (12, 12, 1))).save(large)

    async def begin_and_stop() -> None:
        task = asyncio.create_task(acut(large, tmp_path / "out.png", quality="high"))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(begin_and_stop())
    assert [path.name for path in tmp_path.iterdir()] == ["large.png"], "nothing half-written"


TYPES = """
import numpy as np, numpy.typing as npt
from pathlib import Path
from PIL import Image
from frisket import acut, amatte, aremove, cut, matte, remove

async def use(data: bytes, image: Image.Image, a8: npt.NDArray[np.uint8],
              a16: npt.NDArray[np.uint16], path: Path) -> None:
    one: bytes = remove(data)
    two: Image.Image = remove(image, quality="high", boxes=[(1, 2, 3, 4)])
    three: npt.NDArray[np.uint8] = remove(a8, points=[(1, 2), (3, 4, False)])
    four: npt.NDArray[np.uint16] = remove(a16)
    five: Image.Image = remove(path, layers="Portrait")
    six: Image.Image = remove("a.png")
    seven: bytes = matte(bytearray(data), depth=16)
    eight: Image.Image = await aremove(path)
    nine: npt.NDArray[np.uint8] = await aremove(a8)
    ten: bytes = await amatte(data)
    eleven: float = cut(path, "out.tif", kind="matte", depth=16).seconds
    twelve: float = (await acut("a.psd", "b.psd")).seconds
"""
WRONG = """
from frisket import remove
one: str = remove(b"")
two = remove(b"", qualty="high")
three = remove(b"", quality=3)
four = remove(17)
"""


@pytest.mark.parametrize(("text", "wrong"), [(TYPES, set()), (WRONG, {3, 4, 5, 6})])
def test_type_checkers_know_what_comes_back(text: str, wrong: set[int], tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "use.py").write_text(text)
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(root / "pyproject.toml"),
         "--no-error-summary", str(tmp_path / "use.py")],
        capture_output=True, text=True, cwd=root, timeout=200,
    )  # fmt: skip
    found = re.findall(r"use\.py:(\d+): error:", done.stdout)
    assert set(map(int, found)) == wrong, done.stdout + done.stderr
