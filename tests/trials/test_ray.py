"""A batch on the machines of a Ray cluster; one of them is lost half-way."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import FRISKET
from lengths import pick
from PIL import Image
from ports import refuse
from trials.kit import posix, say
from trials.pictures import draw

# Read while Ray is imported: on a busy machine a simulated one takes long to register.
os.environ.setdefault("RAY_raylet_start_wait_time_s", "180")
pytest.importorskip("ray", reason="needs the extra ray")
pytestmark = [posix, pytest.mark.timeout(600)]

PICTURES = pick(4, 40)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(PICTURES):
        Image.fromarray(draw(0.3, number)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The variables of the command; the machines of the cluster have the same home."""
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    yield dict(os.environ)
    subprocess.run([*map(str, FRISKET), "server", "stop", "--wait", "5"], check=False)


def batch(pictures: Path, out: Path, environment: dict[str, str], *options: str) -> list[str]:
    command = ("batch", pictures, "-o", out, "--as", "matte", "--allow-empty", "--no-thumbnails")
    return [str(part) for part in (*FRISKET, *command, "--no-sandbox", *options)]


def read_all(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.png")}


def test_a_cluster_gives_the_same_bytes_and_a_lost_machine_loses_nothing(
    tmp_path: Path, pictures: Path, environment: dict[str, str]
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    subprocess.run(batch(pictures, here, environment), env=environment, check=True)
    cluster = start_cluster()
    try:
        second = cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
        options = ("--engine", "ray", "--address", cluster.address, "--jobs", "2")
        run = subprocess.Popen(batch(pictures, there, environment, *options), env=environment)
        while run.poll() is None and len(read_all(there)) < PICTURES // 2:
            time.sleep(0.05)
        cluster.remove_node(second, allow_graceful=False)
        assert run.wait(500) == 0
    finally:
        cluster.shutdown()
    assert read_all(there) == read_all(here)
    assert len(read_all(there)) == PICTURES
    assert not list(there.glob(".frisket-*")), "nothing half-written is left"
    say("a batch on two machines, one lost half-way", pictures=PICTURES)


def start_cluster() -> Any:
    from ray.cluster_utils import Cluster

    facts = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    return Cluster(initialize_head=True, head_node_args=facts)


def test_an_address_that_does_not_answer_is_one_sentence(
    tmp_path: Path, pictures: Path, environment: dict[str, str]
) -> None:
    with refuse() as dead:
        command = batch(pictures, tmp_path / "out", environment, "--engine", "ray")
        done = subprocess.run(
            [*command, "--address", dead], env=environment, capture_output=True, text=True
        )
    assert done.returncode == 7
    assert f"No Ray cluster answers at {dead}" in done.stderr
    assert done.stderr.count("\n") == 1
