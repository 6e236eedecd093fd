"""A batch on the machines of a Ray cluster: bytes, losses, interrupts, what two are worth."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command import FRISKET
from lengths import pick
from PIL import Image
from ports import refuse
from trials.kit import posix, say, whole_only
from trials.pictures import draw

from frisket.cluster.ray_engine import STORE_BYTES

# Read while Ray is imported: on a busy machine a simulated one takes long to register.
os.environ.setdefault("RAY_raylet_start_wait_time_s", "180")
pytest.importorskip("ray", reason="needs the extra ray")
pytestmark = [posix, pytest.mark.timeout(600)]

PICTURES = pick(8, 40)
LONG = 90


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "in", PICTURES)


def write_pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        Image.fromarray(draw(0.3, number)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """The homes of frisket of two machines; the command has the first one's."""
    found = [tmp_path / "home-0", tmp_path / "home-1"]
    monkeypatch.setenv("FRISKET_HOME", str(found[0]))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    monkeypatch.delenv("FRISKET_TOKEN", raising=False)
    yield found
    for home in found:
        stop = [*map(str, FRISKET), "server", "stop", "--wait", "5"]
        subprocess.run(stop, env={**os.environ, "FRISKET_HOME": str(home)}, check=False)


class Command:
    """A `frisket batch --events` that runs, as in a terminal of its own."""

    def __init__(self, pictures: Path, out: Path, *options: str) -> None:
        words = ("batch", pictures, "-o", out, "--as", "matte", "--allow-empty", "--no-thumbnails")
        command = [str(part) for part in (*FRISKET, *words, "--no-sandbox", "--events", *options)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.out = out
        self.process = subprocess.Popen(command, start_new_session=True, **pipes)  # type: ignore[call-overload]

    def wait_for(self, results: int) -> None:
        while self.process.poll() is None and len(read_all(self.out)) < results:
            time.sleep(0.02)

    def interrupt(self) -> None:
        """Send what Ctrl-C sends: everything that was started from the terminal gets it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self, status: int = 0) -> list[dict[str, Any]]:
        """Return the events, after the end; nobody but frisket has said a word."""
        out, err = self.process.communicate(timeout=500)
        assert self.process.returncode == status, err
        assert [line for line in err.splitlines() if not line.startswith("frisket: ")] == []
        assert not list(self.out.glob(".frisket-*")), "nothing half-written is left"
        return [json.loads(line) for line in out.splitlines()]


def read_all(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.png")}


@contextlib.contextmanager
def machine(home: Path, core: int | None = None) -> Iterator[None]:
    """Give what is started in the block, a simulated machine, a home and one core."""
    cores, before = os.sched_getaffinity(0), os.environ["FRISKET_HOME"]
    os.environ["FRISKET_HOME"] = str(home)
    try:
        if core is not None:
            os.sched_setaffinity(0, {sorted(cores)[core]})
        yield
    finally:
        os.sched_setaffinity(0, cores)
        os.environ["FRISKET_HOME"] = before


@contextlib.contextmanager
def cluster(homes: list[Path], cores: bool = False, **second: int) -> Iterator[Any]:
    """Run a simulated cluster with a machine for each home; the block may remove `second`."""
    from ray.cluster_utils import Cluster

    facts = {"num_cpus": 1, "object_store_memory": STORE_BYTES}
    with machine(homes[0], 0 if cores else None):
        made = Cluster(initialize_head=True, head_node_args={**facts, "include_dashboard": False})
    try:
        for number, home in enumerate(homes[1:], 1):
            with machine(home, number if cores else None):
                made.second = made.add_node(**facts, **second)
        yield made
    finally:
        made.shutdown()


def test_the_object_store_is_the_smallest_that_ray_takes() -> None:
    from ray._private.ray_constants import OBJECT_STORE_MINIMUM_MEMORY_BYTES

    assert STORE_BYTES == OBJECT_STORE_MINIMUM_MEMORY_BYTES


def test_a_cluster_gives_the_same_bytes_and_a_lost_machine_loses_nothing(
    tmp_path: Path, pictures: Path, homes: list[Path]
) -> None:
    Command(pictures, tmp_path / "here").end()
    # The machine that is left has room for one worker of the two, and it must do everything.
    with cluster(homes) as two:
        options = ("--engine", "ray", "--address", two.address, "--jobs", "2")
        command = Command(pictures, tmp_path / "there", *options)
        command.wait_for(PICTURES // 4)
        two.remove_node(two.second, allow_graceful=False)
        told = command.end()
    assert read_all(tmp_path / "there") == read_all(tmp_path / "here")
    assert told[-1]["written"] == PICTURES
    written = [one["output"] for one in told if one["event"] == "artifact_written"]
    assert len(set(written)) == len(written) == PICTURES, "nothing is made twice"
    retried = sum(one["event"] == "failed" for one in told)
    say("a batch on two machines, one lost half-way", pictures=PICTURES, retried=retried)


def test_when_ray_ends_in_the_middle_a_sentence_says_so_and_what_is_done_is_kept(
    tmp_path: Path, pictures: Path, homes: list[Path]
) -> None:
    out = tmp_path / "out"
    with cluster(homes[:1]) as made:
        options = ("--engine", "ray", "--address", made.address, "--jobs", "1")
        command = Command(pictures, out, *options)
        command.wait_for(2)
        made.shutdown()
        text, err = command.process.communicate(timeout=120)
    assert command.process.returncode == 7, err
    assert err.splitlines()[-1].startswith("frisket: Ray ended on this machine")
    assert "Traceback" not in err
    done = read_all(out)
    assert 2 <= len(done) < PICTURES
    told = [json.loads(line) for line in text.splitlines()]
    assert sum(one["event"] == "artifact_written" for one in told) <= len(done)
    assert Command(pictures, out).end()[-1]["written"] == PICTURES - len(done)
    assert read_all(out).items() >= done.items()


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_reaches_all_and_the_same_command_goes_on(
    tmp_path: Path, pictures: Path, homes: list[Path], times: int
) -> None:
    out, options = tmp_path / "out", ("--engine", "ray", "--jobs", "1")
    command = Command(pictures, out, *options)
    command.wait_for(2)
    for _ in range(times):
        command.interrupt()
    told = command.end(130)[-1]
    assert told["written"] + told["waiting"] == PICTURES
    assert len(read_all(out)) == told["written"] < PICTURES
    assert Command(pictures, out, *options).end()[-1]["written"] == told["waiting"]
    assert len(read_all(out)) == PICTURES


@contextlib.contextmanager
def keep_silent() -> Iterator[str]:
    """Take connections, and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("listen", [refuse, keep_silent])
def test_an_address_that_does_not_answer_is_one_sentence(
    tmp_path: Path,
    pictures: Path,
    homes: list[Path],
    listen: Callable[[], contextlib.AbstractContextManager[str]],
) -> None:
    with listen() as dead:
        command = Command(pictures, tmp_path / "out", "--engine", "ray", "--address", dead)
        out, err = command.process.communicate(timeout=60)
    assert (command.process.returncode, out) == (7, "")
    assert f"No Ray cluster answers at {dead}" in err
    assert err.count("\n") == 1


def test_a_worker_without_a_gpu_of_its_own_hides_none_from_its_server(
    tmp_path: Path, pictures: Path, homes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    from frisket.cluster.station import RemoteStation

    class Probe(RemoteStation):
        def see(self) -> str:
            return os.environ.get("CUDA_VISIBLE_DEVICES", "all")

    # What Ray does by itself in some of its releases.
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "1")
    with cluster(homes[:1]) as one:
        ray.init(address=one.address, log_to_driver=False, logging_level="ERROR")
        try:
            probe = ray.remote(Probe).options(num_cpus=1, num_gpus=0).remote(tmp_path)
            assert ray.get(probe.see.remote()) == "all"
        finally:
            ray.shutdown()


@whole_only
def test_what_a_second_machine_is_worth(tmp_path: Path, homes: list[Path]) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two cores")
    pictures, ratios = write_pictures(tmp_path / "in", LONG), []
    for turn in range(3):
        rates = []
        for machines in (1, 2):
            with cluster(homes[:machines], cores=True) as made:
                options = ("--engine", "ray", "--address", made.address, "--jobs", f"{machines}")
                with machine(homes[0], 0 if machines == 1 else None):
                    command = Command(pictures, tmp_path / f"{turn}-{machines}", *options)
                rates.append(measure_rate(command.end()))
        ratios.append(rates[1] / rates[0] / 2)
        figures = {"of_linear": ratios[-1], "one": rates[0], "two": rates[1]}
        say("two machines against one", **figures, load=os.getloadavg()[0])
    say("two machines of one core each", of_linear=sorted(ratios)[1])


def measure_rate(told: list[dict[str, Any]]) -> float:
    """Return the results a second of the second half: in the first one servers start."""
    times = [one["time"] for one in told if one["event"] == "artifact_written"][LONG // 2 :]
    return (len(times) - 1) / (times[-1] - times[0])
