"""The load test itself: what it sends, what it counts, and that it tells a bad server."""

from __future__ import annotations

import json
import os
import pickle
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from command import frisket
from hypothesis import given
from hypothesis import strategies as st
from serving import TOKEN, start_server, stop_server
from waiting import wait_until

from frisket.client.capabilities import ask_capabilities
from frisket.jobs.grpc_transport import GrpcTransport
from frisket.loadtest.crowd import deal, run_groups
from frisket.loadtest.record import MASK, MODEL, TILE, Record, Until
from frisket.loadtest.report import count_bins, percentile, summarise, write_svg, write_text
from frisket.loadtest.scene import make_scene
from frisket.loadtest.trial import Findings, LoadTest, Plan
from frisket.loadtest.victim import run_victim
from frisket.protocol.grid import Grid, TileRect


def test_a_scene_is_the_same_however_it_is_read() -> None:
    scene = make_scene(0.5, 3)
    whole = np.frombuffer(
        scene.read_tile(TileRect(0, 0, scene.width, scene.height)), np.uint8
    ).reshape(scene.height, scene.width, 3)
    grid = Grid(scene.width, scene.height, 200)
    for number in range(grid.count):
        x, y, width, height = rect = grid.rect(number)
        part = np.frombuffer(scene.read_tile(rect), np.uint8).reshape(height, width, 3)
        np.testing.assert_array_equal(part, whole[y : y + height, x : x + width])
    subject, ground = whole[scene.height // 2, scene.width // 2], whole[2, 2]
    assert subject[0] > 180 and ground[0] < 80


def test_a_scene_of_900_megapixels_has_a_proxy_like_that_of_a_small_one() -> None:
    large, small = make_scene(900, 1), make_scene(4, 1)
    assert abs(large.megapixels - 900) < 1
    proxies = []
    for scene in (large, small):
        spec = scene.spec()
        shape = (spec.proxy_height, spec.proxy_width, 3)
        proxies.append(np.frombuffer(scene.read_proxy(), np.uint8).reshape(shape))
    means = [proxy.reshape(-1, 3).mean(axis=0) for proxy in proxies]
    np.testing.assert_allclose(means[0], means[1], atol=1)


@given(st.lists(st.floats(0, 1e6), max_size=50), st.floats(0, 100))
def test_a_percentile_is_one_of_the_values(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in (values or [0])
    assert sum(value <= found for value in values) >= len(values) * share / 100
    assert sum(count_bins(values)) == len(values)


def filled(mask: list[float], tile: list[float], job_tiles: int) -> Record:
    record = Record(job_tiles=job_tiles)
    for kind, values in ((MASK, mask), (TILE, tile), (MODEL, [0.5])):
        for value in values:
            record.wait(kind, value)
    return record


def test_ratios_are_against_the_same_server_at_rest() -> None:
    found = Findings(
        idle=filled([1.0, 1.0, 9.0], [0.1], 0),
        alone=filled([], [], 100),
        together=filled([2.5], [0.2, 0.4], 60),
        alone_s=10,
        together_s=30,
    )
    ratios = summarise(Plan(), found)["ratios"]
    assert ratios == {
        "first_mask_p99_to_twice_idle_and_a_run": 1.0,
        "first_mask_p50_to_idle_p50": 2.5,
        "first_mask_p99_to_idle_p99": 0.278,
        "tile_p99_to_idle_p50": 4.0,
        "tile_p99_to_idle_p99": 4.0,
        "job_share_of_its_tiles_alone": 0.2,
    }
    assert summarise(Plan(), Findings())["ratios"]["tile_p99_to_idle_p50"] is None
    assert "job share of its tiles alone: 0.2" in write_text(summarise(Plan(), found), found)
    assert ET.fromstring(write_svg(found)).tag.endswith("svg")


def test_bytes_that_change_are_noticed() -> None:
    record = Record()
    for digest in ("a", "a", "b"):
        record.compare("scene", digest)
    assert record.differing == 1


@given(st.lists(st.lists(st.sampled_from("ab"), max_size=4), max_size=4))
def test_records_of_several_processes_are_joined_to_one(kinds: list[list[str]]) -> None:
    joined, alone = Record(), Record()
    for some in kinds:
        part = Record(job_tiles=1)
        for number, kind in enumerate(some):
            for record in (part, alone):
                record.wait(kind, number)
                record.disturb(kind)
        joined.join(pickle.loads(pickle.dumps(part)))
    assert (joined.seconds, joined.chaos) == (alone.seconds, alone.chaos)
    assert joined.job_tiles == len(kinds)


def test_bytes_that_differ_between_processes_are_noticed() -> None:
    one, other = Record(), Record()
    one.compare("scene", "a")
    other.compare("scene", "b")
    other.compare("other scene", "c")
    one.join(other)
    assert one.differing == 1


@dataclass
class Counter:
    """Counts once, and is away, or takes its process along."""

    record: Record
    until: Until
    crashes: bool = False

    def work(self) -> None:
        """Count."""
        if self.crashes:
            os._exit(3)
        self.record.disturb("counted")


def test_everybody_works_and_a_process_that_crashes_is_told() -> None:
    record = Record()
    members = [Counter, partial(Counter, crashes=True), Counter]
    assert run_groups(deal(members, yields=True), 0.2, record) >= 0.2
    assert record.chaos["counted"] == 2
    assert record.failures == ["load: a process of it ended early"]


@given(st.integers(0, 60))
def test_a_crowd_is_dealt_to_few_processes(count: int) -> None:
    groups = deal([Counter] * count)
    assert sum(len(group.makes) for group in groups) == count
    assert len(groups) == min(count, 16)


def test_a_load_on_a_real_server(tmp_path: Path) -> None:
    server = start_server(tmp_path / "home")
    plot = tmp_path / "waits.svg"
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    address = ("--server", server.address.target, "--token-file", token)
    load = ("--artists", 1, "--jobs", 1, "--seconds", 6, "--chaos", "--json", "--plot", plot)
    try:
        done = frisket("server", "loadtest", *address, *load)
    finally:
        stop_server(server)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["idle"]["first_mask_s"]["count"] >= 1
    assert found["job_tiles_per_s"]["alone"] > 0
    assert (found["failures"], found["differing"], found["sessions_left_open"]) == ([], 0, 0)
    assert sum(found["chaos"].values()) > 0
    assert ET.parse(plot).getroot() is not None


def test_a_client_that_is_killed_is_a_process_and_leaves_no_session(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    transport = server.connect()

    def count_sessions() -> int:
        return ask_capabilities(transport, 20).sessions

    try:
        with run_victim(partial(GrpcTransport, server.address), 2.0) as process:
            wait_until(lambda: count_sessions() == 1, "the client has a session")
            assert process.poll() is None
        assert process.returncode != 0, "it did not end by itself"
        wait_until(lambda: count_sessions() == 0, "its session is gone")
    finally:
        transport.close()
        stop_server(server)


def test_a_server_that_is_lost_half_way_is_a_finding(tmp_path: Path) -> None:
    server = start_server(tmp_path)

    def lose(text: str) -> None:
        if "0 artist(s)" in text:
            stop_server(server)

    plan = Plan(artists=0, jobs=0, seconds=0.2, least_s=2.0)
    found = LoadTest(plan, server.connect, server.address.target, lose).run()
    numbers = summarise(plan, found)
    assert numbers["idle"]["first_mask_s"]["count"] >= 1
    assert len(numbers["failures"]) == 1 and numbers["failures"][0].startswith("server: ")


def test_a_plot_that_cannot_be_written_is_refused_before_the_test(tmp_path: Path) -> None:
    done = frisket("server", "loadtest", "--seconds", 60, "--plot", tmp_path / "no" / "waits.svg")
    assert done.returncode not in (0, 1)
    assert "waits.svg" in done.stderr and "one artist alone" not in done.stderr


@pytest.mark.parametrize("wrong", [("--artists", -1), ("--seconds", "nan"), ("--jobs", "x")])
def test_a_load_that_cannot_be_is_refused(wrong: tuple[object, object]) -> None:
    done = frisket("server", "loadtest", *wrong)
    assert done.returncode == 2
    assert str(wrong[1]) in done.stderr
